//! init where other tools have been: what they say is shown, and written only if a person agrees.

use crate::terminal::Terminal;
use crate::world::World;

/// `acme/.envrc` names a profile.
fn home(envrc: &str) -> World {
    World::with_profiles().file("acme/.envrc", envrc)
}

const SHOWN: &str = "\
awsenv: what other tools say of this directory:
  .envrc:1: dev
awsenv: ~/acme/.awsenv would be:
  # Which AWS credentials belong to this directory (awsenv). No secrets: commit it.
  profile = \"dev\"                 # a profile of ~/.aws/config
  # account = \"111122223333\"      # refuse credentials of any other account
  # region = \"eu-west-1\"          # wins over the profile's
";

#[test]
fn with_nobody_to_ask_nothing_is_written() {
    let world = home("export AWS_PROFILE=dev\n");
    let hint = "\
awsenv: nothing is written: there is no terminal
awsenv: hint: `awsenv init --yes` writes this, `awsenv init dev` the profile alone
";
    world.run(["init"]).at("acme").stderr(format!("{SHOWN}{hint}")).exits(3);
    assert!(!world.at("acme/.awsenv").exists());
}

#[test]
fn yes_writes_what_was_shown() {
    let world = home("aws-vault exec dev -- bash\n");
    let done = "\
awsenv: wrote and allowed ~/acme/.awsenv
awsenv: coming from aws-vault? docs/migrate/aws-vault.md
";
    world.run(["init", "--yes"]).at("acme").stderr(format!("{SHOWN}{done}")).success();
    let env = world.run(["exec", "--", "env"]).at("acme").any_stdout().success().variables();
    assert_eq!(env.text("AWS_ACCESS_KEY_ID"), Some("AKIADEV"));
}

#[test]
fn a_person_may_say_no() {
    for (answer, code) in [("n", 1), ("y", 0)] {
        let world = home("export AWS_PROFILE=dev\n");
        let mut terminal = Terminal::start_in(&world, "acme", &["init"]);
        terminal.answer("write and allow ~/acme/.awsenv? [y/N]", answer);
        let (screen, status) = terminal.end();
        assert_eq!(status, code, "{screen}");
        assert_eq!(world.at("acme/.awsenv").exists(), code == 0, "{screen}");
    }
}

#[test]
fn of_several_profiles_a_person_names_one() {
    let world = home("export AWS_PROFILE=dev\n").env("AWS_VAULT", "prod");
    let named = "\
awsenv: what other tools say of this directory:
  .envrc:1: dev
  AWS_VAULT in your environment: prod
awsenv: nothing is written: there is no terminal
awsenv: hint: `awsenv init dev`, or another of them
";
    world.run(["init"]).at("acme").stderr(named).exits(3);
    world.run(["init", "--yes"]).at("acme").stderr(named).exits(3);
    let mut terminal = Terminal::start_in(&world, "acme", &["init"]);
    terminal.answer("which of these? (dev, prod)", "prod");
    terminal.answer("write and allow ~/acme/.awsenv? [y/N]", "y");
    let (screen, status) = terminal.end();
    assert_eq!(status, 0, "{screen}");
    assert!(world.read("acme/.awsenv").contains("profile = \"prod\""), "{screen}");
}

#[test]
fn two_profiles_on_a_line_are_two() {
    let world = home("AWS_PROFILE=dev make x AWS_PROFILE=prod\n");
    let named = "\
awsenv: what other tools say of this directory:
  .envrc:1: dev
  .envrc:1: prod
awsenv: nothing is written: there is no terminal
awsenv: hint: `awsenv init dev`, or another of them
";
    world.run(["init", "--yes"]).at("acme").stderr(named).exits(3);
    assert!(!world.at("acme/.awsenv").exists());
}

#[test]
fn yes_takes_no_profile_that_the_config_does_not_hold() {
    let world = home("export AWS_PROFILE=dve\n");
    let error = "\
awsenv: what other tools say of this directory:
  .envrc:1: dve
awsenv: nothing is written: your AWS config has no profile dve; did you mean dev?
awsenv: hint: `awsenv init dve` writes it all the same
";
    world.run(["init", "--yes"]).at("acme").stderr(error).exits(1);
    assert!(!world.at("acme/.awsenv").exists());
}

#[test]
fn the_account_is_the_one_that_the_profile_names() {
    let config = "[profile team]\nrole_arn = arn:aws:iam::444455556666:role/Team\nsource_profile = me\n";
    let world = World::new().config(config).file("acme/Makefile", "export AWS_PROFILE ?= team\n");
    world.run(["init", "--yes"]).at("acme").any_stderr().success();
    assert!(world.read("acme/.awsenv").contains("\naccount = \"444455556666\""));
}

#[test]
fn aws_sso_clis_usual_instance_is_the_one_that_its_settings_name() {
    let yaml = "\
SSOConfig:
    Default:
        SSORegion: us-east-1
        StartUrl: https://acme.awsapps.com/start
    Other: # since May
        SSORegion: eu-central-1 # Frankfurt
        StartUrl: https://other.awsapps.com/start # corp
DefaultSSO: Other
";
    for (option, url) in [("", "other"), ("-S Default ", "acme"), ("--sso=Default ", "acme")] {
        let process = format!("aws-sso {option}process --arn arn:aws:iam::111122223333:role/Developer");
        let config = format!("[profile dev]\ncredential_process = {process}\n");
        let world = World::new().config(&config).file(".aws-sso/config.yaml", yaml);
        let world = world.file("acme/.env", "AWS_PROFILE=dev\n");
        world.run(["init", "--yes"]).at("acme").any_stderr().success();
        let text = world.read("acme/.awsenv");
        assert!(text.contains(&format!("start_url = \"https://{url}.awsapps.com/start\"\n")), "{text}");
    }
}

const GRANTED: &str = "\
[profile dev]
granted_sso_start_url = https://acme.awsapps.com/start
granted_sso_region = us-east-1
granted_sso_account_id = 111122223333
granted_sso_role_name = Developer
credential_process = granted credential-process --profile dev
";

#[test]
fn a_profile_that_only_granted_or_aws_sso_cli_understands_becomes_a_sign_in() {
    let portal = "\
[sso]
start_url = \"https://acme.awsapps.com/start\"
region = \"us-east-1\"
account = \"111122223333\"
role = \"Developer\"
";
    let aws_sso = "\
[profile dev]
credential_process = /usr/bin/aws-sso -u open -S \"Default\" process --arn arn:aws:iam::111122223333:role/Developer
";
    let yaml = "\
SSOConfig:
    Default:
        SSORegion: us-east-1
        StartUrl: https://acme.awsapps.com/start
DefaultSSO: Default
";
    for (config, peer) in [(GRANTED, "granted"), (aws_sso, "aws-sso-cli")] {
        let at_home = if peer == "granted" { ".granted/config" } else { ".config/aws-sso/config.yaml" };
        let world = World::new().config(config).file(at_home, yaml).file("acme/.env", "AWS_PROFILE=dev\n");
        let said = world.run(["init", "--yes"]).at("acme").any_stderr().success().stderr;
        assert!(world.read("acme/.awsenv").ends_with(portal), "{}", world.read("acme/.awsenv"));
        assert!(said.contains(&format!("docs/migrate/{peer}.md")), "{said}");
    }
}

#[test]
fn another_account_than_that_of_the_sign_in_is_a_slip() {
    let world = World::new().config(GRANTED).file("acme/.envrc", "assume dev\n");
    let error = "\
awsenv: what other tools say of this directory:
  .envrc:1: dev
awsenv: nothing is written: dev signs in to account 111122223333, and --account is 999988887777
awsenv: hint: leave out --account, or look at the profile in your AWS config
";
    world.run(["init", "--yes", "--account", "999988887777"]).at("acme").stderr(error).exits(2);
    assert!(!world.at("acme/.awsenv").exists());
    world.run(["init", "--yes", "--account", "111122223333"]).at("acme").any_stderr().success();
    assert!(world.read("acme/.awsenv").contains("account = \"111122223333\""));
}

#[test]
fn a_profile_with_a_source_of_its_own_is_no_sign_in_of_a_peer() {
    for own in [
        "role_arn = arn:aws:iam::444455556666:role/Team\nsource_profile = me",
        "sso_session = acme\nsso_account_id = 111122223333\nsso_role_name = Other",
        "aws_access_key_id = AKIAX\naws_secret_access_key = x",
    ] {
        let world = World::new().config(&format!("{GRANTED}{own}\n")).file("acme/.envrc", "assume dev\n");
        world.run(["init", "--yes"]).at("acme").any_stderr().success();
        let text = world.read("acme/.awsenv");
        assert!(text.contains("\nprofile = \"dev\"") && !text.contains("[sso]"), "{text}");
    }
}

#[test]
fn a_tool_that_names_no_profile_is_a_word_and_no_question() {
    let world = World::new().file(".awsvault/keys/x", "").file("acme/x", "");
    let said = "\
awsenv: wrote and allowed ~/acme/.awsenv
awsenv: coming from aws-vault? docs/migrate/aws-vault.md
";
    world.run(["init"]).at("acme").stderr(said).success();
    assert!(world.read("acme/.awsenv").lines().all(|line| line.starts_with('#')));
}

#[test]
fn what_is_there_is_not_written_over_and_nothing_is_asked() {
    let world = World::with_pin().env("AWS_PROFILE", "prod");
    let error = "awsenv: cannot write ~/acme/.awsenv: File exists (os error 17)\nawsenv: hint: `awsenv edit` opens it\n";
    world.run(["init", "--yes"]).at("acme").stderr(error).exits(1);
}

#[test]
fn text_from_a_file_does_not_steer_the_terminal() {
    let world = home("export AWS_PROFILE=\u{1b}]0;x\u{7}dev\n").env("AWS_VAULT", "de\u{1b}v");
    world.run(["init"]).at("acme").stderr("awsenv: wrote and allowed ~/acme/.awsenv\n").success();
}
