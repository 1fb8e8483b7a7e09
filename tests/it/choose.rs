//! use: a stage or a profile for one shell, in its own state. (What a person types is tested on a pty.)

use awsenv::env::Env;

use crate::cloud::{self, identity, sandbox};
use crate::run::Run;
use crate::shell::{Kind, Shell};
use crate::terminal::Terminal;
use crate::world::World;

const FILE: &str = "\
profile = \"dev\"
account = \"111122223333\"
region = \"eu-west-1\"

[[role]]
arn = \"arn:aws:iam::111122223333:role/Base\"

[env]
WORKSPACE = \"dev\"

[stage.bare]
profile = \"bare\"

[stage.prod]
profile = \"prod\"
region = \"us-east-1\"
protected = true

[stage.prod.env]
WORKSPACE = \"prod\"
";

/// `acme` pins a role on top of `dev`, and has a stage for each of the other profiles.
fn world() -> World {
    let config = format!(
        "{}\n[profile bare]\naws_access_key_id = AKIABARE\naws_secret_access_key = s\n",
        crate::world::CONFIG
    );
    World::new().config(&config).file("acme/.awsenv", FILE).file("acme/sub/x", "").allowed("acme")
}

fn asked<'w>(world: &'w World, shell: &Shell<'_>, arguments: &[&str]) -> Run<'w> {
    let run = world.run(["use", "--hook"]).environment(&shell.env).env("PWD", &shell.pwd);
    let run = arguments.iter().fold(run, |run, argument| run.arg(*argument));
    run.in_directory(&shell.pwd)
}

/// As the hook's function does it: the state that comes back is the shell's next one.
#[track_caller]
pub(crate) fn choose(world: &World, shell: &mut Shell<'_>, arguments: &[&str], said: &str) {
    let output = asked(world, shell, arguments).any_stdout().stderr(said).success();
    shell.env.set("AWSENV_STATE", &output.stdout);
    shell.prompt();
}

fn has(shell: &Shell<'_>, key: Option<&str>, region: Option<&str>, workspace: Option<&str>) {
    let found = (shell.get("AWS_ACCESS_KEY_ID"), shell.get("AWS_REGION"), shell.get("WORKSPACE"));
    assert_eq!(found, (key, region, workspace), "{:?}", shell.aws());
}

#[test]
fn a_stage_replaces_the_source_with_its_roles_and_account_and_goes_on_leaving() {
    for kind in Kind::ALL {
        let world = world();
        let mut shell = world.shell(kind);
        shell.prompt();
        let before = shell.env.clone();
        shell.arrive("acme");
        // What it ends with makes every guard false.
        cloud::renewals_end(&world);
        choose(
            &world,
            &mut shell,
            &["bare"],
            "awsenv: stage bare (bare) in this shell, as long as ~/acme/.awsenv counts\n",
        );
        has(&shell, Some("AKIABARE"), Some("eu-west-1"), Some("dev"));
        shell.cd("acme/sub");
        has(&shell, Some("AKIABARE"), Some("eu-west-1"), Some("dev"));
        assert!(shell.guard());
        choose(
            &world,
            &mut shell,
            &["prod", "--yes"],
            "awsenv: stage prod (prod) in this shell, as long as ~/acme/.awsenv counts\n",
        );
        has(&shell, Some("AKIAPROD"), Some("us-east-1"), Some("prod"));
        world.run(["prompt"]).environment(&shell.env).stdout("prod*").success();
        shell.cd("");
        assert_eq!(shell.env, before);
        shell.arrive("acme");
        assert_eq!(shell.get("AWS_ACCESS_KEY_ID"), None, "the directory's own pin takes a call");
        assert!(shell.get("AWS_PROFILE").unwrap().starts_with("dev: "), "{:?}", shell.aws());
    }
}

#[test]
fn back_is_what_the_directory_says() {
    let world = world().file("plain/.awsenv", "profile = \"dev\"\n[stage.prod]\nprofile = \"prod\"\n");
    world.allow("plain");
    let mut shell = world.shell(Kind::Bash);
    shell.cd("plain");
    let before = shell.env.clone();
    asked(&world, &shell, &["-"]).stderr("awsenv: nothing was chosen in this shell\n").exits(1);
    choose(
        &world,
        &mut shell,
        &["prod"],
        "awsenv: stage prod (prod) in this shell, as long as ~/plain/.awsenv counts\n",
    );
    has(&shell, Some("AKIAPROD"), Some("us-east-1"), None);
    choose(&world, &mut shell, &["-"], "awsenv: stage prod no more\n");
    assert_eq!(shell.env.get("AWS_ACCESS_KEY_ID"), before.get("AWS_ACCESS_KEY_ID"));
    assert_eq!(
        shell.aws(),
        [
            ("AWSENV_ACCOUNT", "111122223333"),
            ("AWSENV_PROFILE", "dev"),
            ("AWS_ACCESS_KEY_ID", "AKIADEV"),
            ("AWS_DEFAULT_REGION", "eu-west-1"),
            ("AWS_REGION", "eu-west-1"),
            ("AWS_SECRET_ACCESS_KEY", "dev/secret"),
        ]
    );
}

#[test]
fn a_profile_takes_nothing_of_the_directory_along_and_ends_where_a_file_begins() {
    for kind in Kind::ALL {
        let world = world().file("plain/.awsenv", "profile = \"dev\"\n").allowed("plain");
        let mut shell = world.shell(kind);
        shell.arrive("acme");
        let said = "awsenv: profile bare in this shell, as long as ~/acme/.awsenv counts\n";
        // A stage of that name comes first; this one has another.
        world.write("acme/.awsenv", &FILE.replace("stage.bare", "stage.raw"));
        world.allow("acme");
        choose(&world, &mut shell, &["bare"], said);
        has(&shell, Some("AKIABARE"), None, None);
        // Where there is no file it is the shell's own, until there is one.
        shell.cd("");
        assert_eq!(shell.aws(), []);
        let said = "awsenv: profile bare in this shell, as long as no .awsenv counts\n";
        choose(&world, &mut shell, &["bare"], said);
        has(&shell, Some("AKIABARE"), None, None);
        shell.cd("acme/sub").cd("");
        assert_eq!(shell.aws(), []);
        choose(&world, &mut shell, &["bare"], said);
        shell.cd("plain");
        has(&shell, Some("AKIADEV"), Some("eu-west-1"), None);
        shell.cd("");
        assert_eq!((shell.aws(), shell.get("AWSENV_STATE")), (vec![], None));
    }
}

#[test]
fn a_session_is_fetched_and_renewed_for_what_was_chosen() {
    for kind in Kind::ALL {
        let sandbox = sandbox();
        let text = "profile = \"one\"\n[stage.deep]\nprofile = \"two\"\n";
        let world = cloud::pinned(&sandbox, text);
        let mut shell = world.shell(kind);
        let is = |shell: &Shell<'_>, role: &str| {
            let arn = identity(&sandbox, &shell.env);
            assert!(arn.as_ref().is_some_and(|arn| arn.contains(role)), "{arn:?}: {:?}", shell.aws());
        };
        shell.cd("acme");
        is(&shell, ":assumed-role/One/");
        let said = |what: &str| format!("awsenv: {what} in this shell, as long as ~/acme/.awsenv counts\n");
        choose(&world, &mut shell, &["deep"], &said("stage deep (two)"));
        is(&shell, ":assumed-role/Two/");
        let before = shell.get("AWS_ACCESS_KEY_ID").unwrap().to_owned();
        cloud::age(&world, std::time::Duration::from_secs(50 * 60));
        shell.prompt();
        cloud::renewals_end(&world);
        shell.prompt();
        is(&shell, ":assumed-role/Two/");
        assert_ne!(shell.get("AWS_ACCESS_KEY_ID"), Some(before.as_str()));
        choose(&world, &mut shell, &["three"], &said("profile three"));
        is(&shell, ":assumed-role/Three/");
        choose(&world, &mut shell, &["-"], "awsenv: profile three no more\n");
        is(&shell, ":assumed-role/One/");
        shell.prompt();
        is(&shell, ":assumed-role/One/");
    }
}

#[test]
fn what_is_set_by_hand_stays_the_users_under_a_choice_without_a_file_too() {
    let world = world();
    let mut shell = world.shell(Kind::Bash);
    shell.prompt();
    let said = "awsenv: profile bare in this shell, as long as no .awsenv counts\n";
    choose(&world, &mut shell, &["bare"], said);
    shell.env.set("AWS_ACCESS_KEY_ID", "AKIAMINE");
    shell.env.set("AWS_SECRET_ACCESS_KEY", "mine");
    shell.prompt();
    has(&shell, Some("AKIAMINE"), None, None);
    assert_eq!(shell.notice, "awsenv: AWS_ACCESS_KEY_ID was set by hand, standing back until you leave\n");
    asked(&world, &shell, &["dev"])
        .stderr(
            "awsenv: credentials were set by hand in this shell, and awsenv stands back\n\
             awsenv: hint: leave the directory first, or open another shell\n",
        )
        .exits(1);
}

#[test]
fn commands_in_the_shell_mean_what_was_chosen() {
    let world = world();
    let mut shell = world.shell(Kind::Bash);
    shell.arrive("acme");
    let said = "awsenv: stage bare (bare) in this shell, as long as ~/acme/.awsenv counts\n";
    choose(&world, &mut shell, &["bare"], said);
    let run = |arguments: [&str; 2]| world.run(arguments).at("acme").environment(&shell.env);
    let explained = run(["explain", "--json"]).any_stdout().success().json();
    assert_eq!(explained["profile"], "bare");
    let status = run(["status", "--json"]).any_stdout().success().json();
    assert_eq!(
        (&status["chosen"], &status["name"], &status["loaded"]),
        (&"stage bare".into(), &"bare".into(), &true.into())
    );
    let variables: Env = run(["exec", "--"]).arg("env").any_stdout().success().variables();
    assert_eq!(variables.text("AWS_ACCESS_KEY_ID"), Some("AKIABARE"));
    assert_eq!(variables.get("AWSENV_STATE"), None);
    // What is named on the command line wins.
    let explained = run(["explain", "--json"]).arg("--stage").arg("prod").any_stdout().success().json();
    assert_eq!(explained["profile"], "prod");
    // Elsewhere it means nothing.
    let status = world.run(["status", "--json"]).environment(&shell.env).any_stdout().success().json();
    assert_eq!((&status["chosen"], &status["state"]), (&serde_json::Value::Null, &"none".into()));
}

#[test]
fn a_protected_stage_asks_by_whatever_name() {
    let world = world();
    let mut shell = world.shell(Kind::Bash);
    shell.arrive("acme");
    // No terminal, nobody to ask.
    asked(&world, &shell, &["prod"])
        .stderr("awsenv: cannot ask: there is no terminal\nawsenv: hint: `--yes` says it beforehand\n")
        .exits(3);
    world.write("acme/.awsenv", &FILE.replace("stage.prod", "stage.live"));
    world.allow("acme");
    asked(&world, &shell, &["prod"]).any_stderr().exits(3);
    let at_acme = |answer: &str| {
        let mut terminal = Terminal::start_in(&world, "acme", &["use", "--hook", "live"]);
        terminal.answer("stage live (prod) is protected; use it? [y/N]", answer);
        terminal.end()
    };
    let (screen, status) = at_acme("n");
    assert!(screen.contains("awsenv: nothing is changed\n") && status == 1, "{screen}");
    let (screen, status) = at_acme("y");
    assert!(screen.contains("stage live (prod) in this shell") && status == 0, "{screen}");
}

#[test]
fn one_is_picked_from_a_list_that_remembers() {
    let world = world().env("TERM", "xterm");
    let mut terminal = Terminal::start_in(&world, "acme", &["use", "--hook"]);
    terminal.wait_for("profile prod");
    terminal.type_at("", "profbare\r");
    let (screen, status) = terminal.end();
    assert!(screen.contains("awsenv: profile bare in this shell"), "{screen}");
    assert!(screen.contains("stage prod    999988887777 StaticKeys prod"), "{screen}");
    assert_eq!(status, 0);
    // It is the first one now.
    let mut terminal = Terminal::start_in(&world, "acme", &["use", "--hook"]);
    terminal.wait_for("profile prod");
    terminal.type_at("", "\r");
    let (screen, _) = terminal.end();
    assert!(screen.contains("awsenv: profile bare in this shell"), "{screen}");
    // Escape changes nothing.
    let mut terminal = Terminal::start_in(&world, "acme", &["use", "--hook"]);
    terminal.wait_for("profile prod");
    terminal.type_at("", "\x1b");
    let (screen, status) = terminal.end();
    assert!(screen.contains("awsenv: nothing is changed") && status == 1, "{screen}");
}

#[test]
fn it_says_where_it_cannot_be() {
    let world = world();
    let mut shell = world.shell(Kind::Bash);
    shell.arrive("acme");
    world
        .run(["use", "prod"])
        .at("acme")
        .stderr(
            "awsenv: use changes the shell that it is typed in, and there is no hook between\n\
             awsenv: hint: put the hook into that shell (`awsenv hook --help`); for one command: `awsenv exec --stage \
             NAME`\n",
        )
        .exits(2);
    asked(&world, &shell, &["prdo"])
        .stderr("awsenv: no stage here and no profile is called prdo\nawsenv: hint: did you mean `prod`?\n")
        .exits(1);
    asked(&world, &shell, &[])
        .stderr(
            "awsenv: there is no terminal to pick one at\n\
             awsenv: hint: name a stage or a profile: `awsenv use NAME`\n",
        )
        .exits(2);
    // A file that has changed is looked at first.
    world.write("acme/.awsenv", &format!("{FILE}\n# more\n"));
    asked(&world, &shell, &["bare"]).any_stderr().exits(4);
    shell.env.set("AWSENV_DISABLE", "1");
    asked(&world, &shell, &["bare"]).any_stderr().exits(1);
}

#[test]
fn a_chosen_stage_that_is_gone_leaves_no_credentials() {
    let world = world();
    let mut shell = world.shell(Kind::Bash);
    shell.arrive("acme");
    let said = "awsenv: stage bare (bare) in this shell, as long as ~/acme/.awsenv counts\n";
    choose(&world, &mut shell, &["bare"], said);
    world.write("acme/.awsenv", &FILE.replace("stage.bare", "stage.raw"));
    shell.prompt();
    has(&shell, None, None, None);
    world.allow("acme");
    shell.prompt();
    has(&shell, None, None, None);
    assert!(shell.notice.contains("no stage bare among prod, raw"), "{}", shell.notice);
    choose(&world, &mut shell, &["-"], "awsenv: stage bare no more\n");
    assert!(shell.get("AWS_PROFILE").unwrap().starts_with("dev: "), "{:?}", shell.aws());
}

#[test]
fn a_stage_that_became_protected_is_asked_about_before_it_counts() {
    let world = world();
    let mut shell = world.shell(Kind::Bash);
    shell.arrive("acme");
    let said = "awsenv: stage bare (bare) in this shell, as long as ~/acme/.awsenv counts\n";
    choose(&world, &mut shell, &["bare"], said);
    world.write("acme/.awsenv", &FILE.replace("profile = \"bare\"", "profile = \"bare\"\nprotected = true"));
    world.allow("acme");
    shell.prompt();
    assert_eq!(shell.get("AWS_ACCESS_KEY_ID"), None, "{:?}", shell.aws());
    assert_eq!(shell.get("AWS_PROFILE"), Some("stage bare is protected now: run awsenv use bare"));
    assert_eq!(shell.notice, "awsenv: ~/acme/.awsenv: stage bare is protected now: run `awsenv use bare`\n");
    choose(&world, &mut shell, &["bare", "--yes"], said);
    has(&shell, Some("AKIABARE"), Some("eu-west-1"), Some("dev"));
}

/// By another name it is the same thing, and no file further up has a say in it.
#[test]
fn a_profile_whose_stage_became_protected_is_asked_about_before_it_counts() {
    for inherit in ["", "inherit = true\n"] {
        let world = world().file(".awsenv", "[env]\nOUTER = \"1\"\n").allowed("");
        let mut shell = world.shell(Kind::Bash);
        shell.arrive("acme");
        let said = "awsenv: profile bare in this shell, as long as ~/acme/.awsenv counts\n";
        let file = format!("{inherit}profile = \"dev\"\n");
        world.write("acme/.awsenv", &file);
        world.allow("acme");
        shell.prompt();
        choose(&world, &mut shell, &["bare"], said);
        has(&shell, Some("AKIABARE"), None, None);
        world.write("acme/.awsenv", &(file + "[stage.live]\nprofile = \"bare\"\nprotected = true\n"));
        world.allow("acme");
        shell.prompt();
        assert_eq!(shell.get("AWS_ACCESS_KEY_ID"), None, "{:?}", shell.aws());
        assert_eq!(shell.get("AWS_PROFILE"), Some("profile bare is protected now: run awsenv use bare"));
        asked(&world, &shell, &["bare"]).any_stderr().exits(3);
        choose(&world, &mut shell, &["bare", "--yes"], said);
        assert_eq!(shell.get("AWS_ACCESS_KEY_ID"), Some("AKIABARE"));
    }
}

#[test]
fn where_a_file_is_not_allowed_no_profile_passes_for_its_stage() {
    let world = world().file("fresh/.awsenv", "[stage.prod]\nprofile = \"prod\"\nprotected = true\n");
    let mut shell = world.shell(Kind::Bash);
    shell.arrive("fresh");
    asked(&world, &shell, &["prod"])
        .stderr(
            "awsenv: ~/fresh/.awsenv is not allowed\n\
             awsenv: hint: look at it, then run `awsenv allow`\n",
        )
        .exits(4);
    world.run(["deny"]).arg("fresh").any_stderr().success();
    shell.prompt();
    let said = "awsenv: profile prod in this shell, as long as no .awsenv counts\n";
    choose(&world, &mut shell, &["prod"], said);
    has(&shell, Some("AKIAPROD"), Some("us-east-1"), None);
}

#[test]
fn a_choice_outlives_a_mistake_in_the_settings() {
    let (trusted, settings) = ("trusted = [\"~/free\"]\n", ".config/awsenv/config.toml");
    let world = world()
        .file("free/.awsenv", "profile = \"dev\"\n[stage.bare]\nprofile = \"bare\"\n")
        .settings(trusted);
    let mut shell = world.shell(Kind::Bash);
    shell.cd("free");
    let said = "awsenv: stage bare (bare) in this shell, as long as ~/free/.awsenv counts\n";
    choose(&world, &mut shell, &["bare"], said);
    has(&shell, Some("AKIABARE"), None, None);
    world.write(settings, "trusted = 1\n");
    shell.prompt();
    has(&shell, None, None, None);
    world.write(settings, trusted);
    shell.prompt();
    has(&shell, Some("AKIABARE"), None, None);
}

#[test]
fn one_goes_back_under_a_file_that_has_changed_too() {
    let world = world();
    let mut shell = world.shell(Kind::Bash);
    shell.arrive("acme");
    let said = "awsenv: profile bare in this shell, as long as ~/acme/.awsenv counts\n";
    world.write("acme/.awsenv", &FILE.replace("stage.bare", "stage.raw"));
    world.allow("acme");
    choose(&world, &mut shell, &["bare"], said);
    world.write("acme/.awsenv", &format!("{FILE}\n# more\n"));
    choose(&world, &mut shell, &["-"], "awsenv: profile bare no more\n");
    has(&shell, None, None, None);
}

#[test]
fn only_what_is_named_is_looked_into() {
    let world = world();
    let mut shell = world.shell(Kind::Bash);
    shell.prompt();
    let run = asked(&world, &shell, &["bare"]).env("AWSENV_LOG", "debug").any_stdout().any_stderr().success();
    assert!(!run.stderr.contains("prod, step"), "{}", run.stderr);
}
