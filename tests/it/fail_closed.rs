//! When in doubt, no credentials: whatever fails, nobody else's identity takes the place of the one that was
//! asked for, and the reason is said.

use std::fs;

use crate::shell::Kind;
use crate::world::{CONFIG, World, installed};

/// In a shell that already holds other credentials, entering `acme` leaves none, and says why.
fn refused(world: &World, sentence: &str, told: &str) {
    for kind in Kind::ALL.into_iter().filter(|kind| installed(kind.name())) {
        let mut shell = world.shell(kind);
        shell.env.set("AWS_ACCESS_KEY_ID", "AKIAMINE");
        shell.env.set("AWS_SECRET_ACCESS_KEY", "mine");
        shell.env.set("AWS_SESSION_TOKEN", "mine");
        shell.env.set("AWS_WEB_IDENTITY_TOKEN_FILE", "/token");
        shell.prompt();
        let before = shell.env.clone();
        shell.cd("acme");
        assert_eq!(
            shell.aws(),
            [("AWS_EC2_METADATA_DISABLED", "true"), ("AWS_PROFILE", sentence)],
            "{kind:?}"
        );
        assert_eq!(shell.notice, format!("awsenv: {told}\n"));
        shell.prompt();
        assert_eq!(shell.notice, "", "once is enough");
        shell.cd("");
        assert_eq!(shell.env, before, "{kind:?}");
    }
}

/// `acme` pins this profile of this config: what exec says, and what the hook does.
fn profile_refused(config: &str, profile: &str, sentence: &str, what: &str, hint: Option<&str>) {
    let world = World::new()
        .config(config)
        .file("acme/.awsenv", &format!("profile = \"{profile}\"\n"))
        .allowed("acme");
    let hint_line = hint.map(|hint| format!("awsenv: hint: {hint}\n")).unwrap_or_default();
    world
        .run(["exec", "--", "echo", "ran"])
        .at("acme")
        .stderr(format!("awsenv: {what}\n{hint_line}"))
        .exits(125);
    world
        .run(["credentials", profile, "--format", "process"])
        .stderr(format!("awsenv: {what}\n{hint_line}"))
        .exits(1);
    let hint = hint.map(|hint| format!("; {hint}")).unwrap_or_default();
    refused(&world, &format!("{profile}: {sentence}"), &format!("{what}{hint}"));
}

#[test]
fn a_profile_that_is_not_there_is_nobody_else() {
    let config = format!("{CONFIG}[default]\naws_access_key_id = AKIADEFAULT\naws_secret_access_key = s\n");
    profile_refused(
        &config,
        "dve",
        "run awsenv status",
        "cannot use profile dve: there is no profile dve in $HOME/.aws/config or $HOME/.aws/credentials",
        Some("did you mean dev?"),
    );
}

#[test]
fn half_a_key_is_no_key() {
    profile_refused(
        "[profile half]\naws_access_key_id = AKIAHALF\n[default]\naws_secret_access_key = s\n",
        "half",
        "run awsenv status",
        "cannot use profile half: $HOME/.aws/config:2: profile half has aws_access_key_id, but no \
         aws_secret_access_key",
        None,
    );
}

#[test]
fn a_profile_with_nothing_in_it_takes_nothing_from_elsewhere() {
    let world = World::new()
        .config("[profile empty]\nregion = eu-west-1\n[default]\naws_access_key_id = AKIADEFAULT\naws_secret_access_key = s\n")
        .file("acme/.awsenv", "profile = \"empty\"\n")
        .allowed("acme")
        .env("AWS_ACCESS_KEY_ID", "AKIAMINE")
        .env("AWS_SECRET_ACCESS_KEY", "mine");
    let output = world.run(["exec", "--", "echo", "ran"]).at("acme").any_stderr().exits(125);
    assert!(output.stderr.starts_with("awsenv: cannot use profile empty: "), "{}", output.stderr);
    let mut shell = world.shell(Kind::Bash);
    shell.cd("acme");
    assert_eq!(
        (shell.get("AWS_ACCESS_KEY_ID"), shell.get("AWS_PROFILE")),
        (None, Some("empty: run awsenv status"))
    );
}

#[test]
fn a_role_that_cannot_be_assumed_is_not_left_out() {
    let config = format!(
        "{CONFIG}[profile role]\nrole_arn = arn:aws:iam::111122223333:role/R\nsource_profile = dev\n"
    );
    let what = "cannot assume arn:aws:iam::111122223333:role/R: AssumeRole: AWS cannot be reached: Connection refused \
                (os error 111)";
    let hint = Some("check the network, HTTPS_PROXY and AWS_CA_BUNDLE");
    profile_refused(&config, "role", "could not be renewed, awsenv tries again", what, hint);
}

#[test]
fn a_source_of_the_file_itself_is_named_too() {
    let source = "\
[roles_anywhere]
trust_anchor_arn = \"arn:aws:rolesanywhere:us-east-1:111122223333:trust-anchor/0\"
profile_arn = \"arn:aws:rolesanywhere:us-east-1:111122223333:profile/0\"
role_arn = \"arn:aws:iam::111122223333:role/Edge\"
certificate = \"edge.pem\"
private_key = \"edge.key\"
";
    let world = World::new().file("acme/.awsenv", source).allowed("acme");
    let told = "$HOME/acme/edge.pem is not there";
    refused(&world, "Edge: could not be renewed, awsenv tries again", told);
}

#[test]
fn keys_that_are_not_in_the_keychain_are_no_others() {
    let world = World::with_profiles().file("acme/.awsenv", "[keys]\nname = \"dev\"\n").allowed("acme");
    let told = "no keys named dev are in the keychain: run `awsenv key add dev`";
    refused(&world, "dev: run awsenv status", told);
}

#[test]
fn another_account_is_refused() {
    let world = World::with_profiles()
        .with_aws()
        .file("acme/.awsenv", "profile = \"dev\"\naccount = \"999988887777\"\n")
        .allowed("acme");
    let what = "dev is of account 111122223333, and the .awsenv asks for 999988887777";
    let hint = "mend `account` or the profile; no credentials until then";
    let told = format!("awsenv: {what}\nawsenv: hint: {hint}\n");
    world.run(["exec", "--", "echo", "ran"]).at("acme").stderr(told).exits(125);
    refused(&world, "dev: wrong account", &format!("{what}; {hint}"));
}

#[test]
fn another_account_is_refused_where_the_profile_already_says_it() {
    let sso = "[profile sso]\nsso_session = corp\nsso_account_id = 111122223333\nsso_role_name = Dev\n\
               [sso-session corp]\nsso_region = us-east-1\nsso_start_url = https://corp.awsapps.com/start\n";
    let world = World::new()
        .config(sso)
        .file("acme/.awsenv", "profile = \"sso\"\naccount = \"999988887777\"\n")
        .allowed("acme");
    let told = "sso is of account 111122223333, and the .awsenv asks for 999988887777; \
                mend `account` or the profile; no credentials until then";
    refused(&world, "sso: wrong account", told);
}

#[test]
fn an_account_that_nobody_can_tell_is_refused() {
    let world = World::new()
        .config("[profile bare]\naws_access_key_id = AKIABARE\naws_secret_access_key = s\n")
        .file("acme/.awsenv", "profile = \"bare\"\naccount = \"111122223333\"\n")
        .allowed("acme");
    refused(
        &world,
        "bare: could not be renewed, awsenv tries again",
        "GetCallerIdentity: AWS cannot be reached: Connection refused (os error 111); check the network, HTTPS_PROXY \
         and AWS_CA_BUNDLE",
    );
}

#[test]
fn an_aws_config_that_cannot_be_read_is_no_empty_one() {
    let world = World::with_pin()
        .file(".aws/credentials", "[dev]\naws_access_key_id = A\naws_secret_access_key = s\n");
    fs::remove_file(world.at(".aws/config")).unwrap();
    fs::create_dir(world.at(".aws/config")).unwrap();
    let output = world.run(["exec", "--", "echo", "ran"]).at("acme").any_stderr().exits(125);
    assert!(output.stderr.starts_with("awsenv: cannot read $HOME/.aws/config: "), "{}", output.stderr);
    let mut shell = world.shell(Kind::Bash);
    shell.cd("acme");
    assert_eq!(
        (shell.get("AWS_ACCESS_KEY_ID"), shell.get("AWS_PROFILE")),
        (None, Some("dev: run awsenv status"))
    );
}

#[test]
fn an_aws_config_with_a_mistake_is_no_empty_one() {
    let world = World::with_pin().config("[profile dev\naws_access_key_id = A\n");
    let output = world.run(["exec", "--", "echo", "ran"]).at("acme").any_stderr().exits(125);
    assert!(output.stderr.contains("$HOME/.aws/config"), "{}", output.stderr);
}

#[test]
fn a_changed_file_and_one_with_a_mistake_are_refused() {
    let world = World::with_pin();
    world.write("acme/.awsenv", "profile = \"prod\"\n");
    refused(
        &world,
        ".awsenv changed: look at it, then run awsenv allow",
        "~/acme/.awsenv has changed since it was allowed; look at it, then run `awsenv allow`",
    );
}

#[test]
fn an_allowed_file_that_only_a_newer_version_understands_is_refused() {
    // Allowed by one version, read by another: the prefix lets it through without a check of its content.
    let world = World::with_profiles()
        .settings("trusted = [\"~\"]\n")
        .file("acme/.awsenv", "profile = \"dev\"\nnewer = true\n");
    refused(
        &world,
        ".awsenv has a mistake: run awsenv status",
        "$HOME/acme/.awsenv:2: newer: unknown key; known keys: profile, region, account, duration, deliver, \
         inherit, env, stage, sso, keys, roles_anywhere, role",
    );
}

#[test]
fn the_sentence_goes_when_the_user_sets_credentials() {
    let world = World::with_profiles().file("acme/.awsenv", "profile = \"dve\"\n").allowed("acme");
    let mut shell = world.shell(Kind::Bash);
    shell.cd("acme");
    shell.env.set("AWS_ACCESS_KEY_ID", "AKIAMINE");
    shell.env.set("AWS_SECRET_ACCESS_KEY", "mine");
    shell.prompt();
    assert_eq!(shell.aws(), [("AWS_ACCESS_KEY_ID", "AKIAMINE"), ("AWS_SECRET_ACCESS_KEY", "mine")]);
}

#[test]
fn a_mended_profile_is_loaded_at_the_next_prompt() {
    let world = World::with_profiles().file("acme/.awsenv", "profile = \"new\"\n").allowed("acme");
    let mut shell = world.shell(Kind::Bash);
    shell.cd("acme");
    assert!(shell.guard());
    world.write(".aws/credentials", "[new]\naws_access_key_id = AKIANEW\naws_secret_access_key = s\n");
    assert!(!shell.guard());
    shell.prompt();
    assert_eq!((shell.get("AWS_ACCESS_KEY_ID"), shell.get("AWS_PROFILE")), (Some("AKIANEW"), None));
    assert_eq!(shell.get("AWS_EC2_METADATA_DISABLED"), None);
}

#[test]
fn what_a_newer_awsenv_has_loaded_goes_and_so_does_what_only_that_one_knows() {
    let world = World::with_pin();
    for kind in Kind::ALL.into_iter().filter(|kind| installed(kind.name())) {
        for (directory, key, told) in [("acme", Some("AKIADEV"), ""), ("", None, "; open a new shell\n")] {
            let mut shell = world.shell(kind);
            shell.cd("acme");
            let state = shell.get("AWSENV_STATE").unwrap().to_owned();
            shell.env.set("AWSENV_STATE", state.replacen("1:on:", "2:on:", 1).replace("\"p\":", "\"q\":"));
            let run = world.run(["exec", "prod", "--", "env"]).environment(&shell.env);
            let got = run.any_stdout().success().variables();
            assert_eq!(got.text("AWS_ACCESS_KEY_ID"), Some("AKIAPROD"));
            world
                .run(["use", "--hook", "prod"])
                .environment(&shell.env)
                .stderr(
                    "awsenv: a newer awsenv has set this shell's credentials\n\
                     awsenv: hint: open a new shell\n",
                )
                .exits(1);
            shell.cd(directory);
            assert_eq!(shell.get("AWS_ACCESS_KEY_ID"), key, "{kind:?}");
            assert!(shell.notice.starts_with("awsenv: a newer awsenv has set variables in this shell: "));
            assert!(shell.notice.ends_with(told), "{}", shell.notice);
            shell.cd("");
            assert_eq!((shell.aws(), shell.notice.as_str()), (vec![], ""), "{kind:?}: once is enough");
        }
    }
}
