//! `credential_process`: a program of the user's gives the keys. When it is run, what it is told, what of it is shown.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use awsenv::clock;
use awsenv_sandbox::Sandbox;
use serde_json::{Value, json};

use crate::cloud::{self, DEADLINE, ME, ONE, exec, identity, operations, renewals_end, sandbox};
use crate::run::PROGRAM;
use crate::shell::Kind;
use crate::terminal::Terminal;
use crate::world::World;

/// Where profile `p` has its keys from: `vend`, which leaves a line for each run and prints what `answer` holds.
pub(crate) const VEND: &str = "#!/bin/sh\necho \"$*\" >> \"$HOME/runs\"\ncat \"$HOME/answer\"\n";

/// [`cloud::world`] with profile `p`, a role `on` it, and another `too`.
pub(crate) fn world(sandbox: &Sandbox, vend: &str, answer: &Value) -> World {
    let world = cloud::world(sandbox);
    world.program("vend", vend);
    world.write("answer", &answer.to_string());
    let vend = world.at("vend").display().to_string();
    let config = format!(
        "[profile p]\nregion = eu-west-1\ncredential_process = {vend}\t--password 'hunter2 '\\ x\n\
         [profile on]\nrole_arn = {ONE}\nsource_profile = p\nregion = eu-west-1\n\
         [profile too]\nrole_arn = {ONE}\nrole_session_name = too\nsource_profile = p\nregion = eu-west-1\n"
    );
    world.write(".aws/config", &config);
    world.file("acme/.awsenv", "profile = \"p\"\n").allowed("acme")
}

/// The keys of [`ME`], without an end.
pub(crate) fn long_lived() -> Value {
    json!({"Version": 1, "AccessKeyId": "AKIAME", "SecretAccessKey": "me/secret"})
}

/// The same, good for so long.
fn for_minutes(minutes: u64) -> Value {
    let end = clock::now().checked_add(Duration::from_secs(minutes * 60)).unwrap();
    let mut answer = long_lived();
    answer["Expiration"] = json!(clock::rfc3339(end));
    answer
}

pub(crate) fn runs(world: &World) -> usize {
    fs::read_to_string(world.at("runs")).map_or(0, |text| text.lines().count())
}

#[test]
fn it_is_run_without_a_shell_at_home_and_once_as_long_as_its_keys_are_good() {
    let sandbox = sandbox();
    let vend =
        "#!/bin/sh\nprintf '%s|' \"$@\" >> \"$HOME/runs\"\npwd >> \"$HOME/runs\"\ncat \"$HOME/answer\"\n";
    let world = world(&sandbox, vend, &for_minutes(60));
    for _ in 0..2 {
        let env = world.run(["exec", "p", "--", "env"]).at("acme").any_stdout().success().variables();
        assert_eq!(identity(&sandbox, &env).as_deref(), Some(ME));
        assert!(env.text("AWS_CREDENTIAL_EXPIRATION").is_some());
    }
    assert_eq!(world.shown(&world.read("runs")), "--password|hunter2  x|$HOME\n");
    world.run(["refresh", "p"]).any_stderr().success();
    assert_eq!(runs(&world), 2);
    assert_eq!(operations(&sandbox), [""; 0]);
}

#[test]
fn it_sees_the_users_own_environment_and_no_code() {
    let sandbox = sandbox();
    let vend = "#!/bin/sh\nenv > \"$HOME/env\"\ncat \"$HOME/answer\"\n";
    let world = world(&sandbox, vend, &for_minutes(60))
        .env("AWSENV_MFA_CODE", "111111")
        .env("AWS_PROFILE", "mine")
        .env("AWS_ACCESS_KEY_ID", "AKIAMINE")
        .env("AWS_SECRET_ACCESS_KEY", "mine");
    let mut shell = world.shell(Kind::Bash);
    shell.cd("acme");
    assert_eq!((shell.get("AWS_ACCESS_KEY_ID"), shell.get("AWS_PROFILE")), (Some("AKIAME"), None));
    fs::remove_file(world.at("env")).unwrap();
    // From inside, where other keys are loaded.
    world.run(["refresh", "p"]).environment(&shell.env).any_stderr().success();
    let env = world.read("env");
    for line in
        ["AWS_PROFILE=mine", "AWS_ACCESS_KEY_ID=AKIAMINE", "AWS_SECRET_ACCESS_KEY=mine", "AWSENV_RUN_BY=p"]
    {
        assert!(env.lines().any(|own| own == line), "no {line} in {env}");
    }
    for name in ["AWSENV_MFA_CODE", "AWSENV_STATE", "AWSENV_PROFILE"] {
        assert!(!env.lines().any(|line| line.starts_with(&format!("{name}="))), "{name} in {env}");
    }
}

#[test]
fn in_other_surroundings_it_may_be_somebody_else() {
    let sandbox = sandbox();
    let vend = "#!/bin/sh\necho >> \"$HOME/runs\"\nsed \"s/AKIAME/AKIA$AWS_PROFILE/\" \"$HOME/answer\"\n";
    let world = world(&sandbox, vend, &for_minutes(60));
    for round in 1..=2 {
        for profile in ["ONE", "TWO"] {
            let exec = world.run(["exec", "p", "--", "env"]).env("AWS_PROFILE", profile);
            let env = exec.any_stdout().success().variables();
            assert_eq!(env.text("AWS_ACCESS_KEY_ID"), Some(format!("AKIA{profile}").as_str()));
            let mut shell = world.shell(Kind::Bash);
            shell.env.set("AWS_PROFILE", profile);
            shell.cd("acme");
            assert_eq!(shell.get("AWS_ACCESS_KEY_ID"), Some(format!("AKIA{profile}").as_str()));
        }
        assert_eq!(runs(&world), 2, "round {round}: each has a session of its own, and it is kept");
    }
}

#[test]
fn a_prompt_has_it_run_in_the_background_and_not_again_while_its_keys_are_good() {
    for answer in [for_minutes(60), long_lived()] {
        for kind in Kind::ALL {
            let sandbox = sandbox();
            let world = world(&sandbox, VEND, &answer);
            let mut shell = world.shell(kind);
            shell.cd("acme");
            assert_eq!(shell.notice, "");
            for _ in 0..3 {
                assert_eq!(identity(&sandbox, &shell.env).as_deref(), Some(ME), "{:?}", shell.aws());
                shell.cd("").cd("acme");
            }
            renewals_end(&world);
            assert_eq!(runs(&world), 1, "{answer}");
        }
    }
}

/// What libdbus or a token's module asks the renewal's own process for is the user's, not a directory's.
#[cfg(target_os = "linux")]
#[test]
fn a_renewal_has_no_variable_of_a_directory_in_its_own_environment() {
    let sandbox = sandbox();
    let vend = "#!/bin/sh\ntr '\\0' '\\n' < /proc/$PPID/environ > \"$HOME/seen\"\ncat \"$HOME/answer\"\n";
    let world = world(&sandbox, vend, &long_lived())
        .file("acme/.awsenv", "[env]\nMODULE_CONF = \"theirs\"\nNEW = \"theirs\"\n")
        .file("acme/in/.awsenv", "profile = \"p\"\n[env]\nMODULE_CONF = \"theirs\"\nNEW = \"theirs\"\n")
        .allowed("acme")
        .allowed("acme/in")
        .env("MODULE_CONF", "mine");
    let mut shell = world.shell(Kind::Bash);
    shell.cd("acme");
    assert_eq!(shell.env.text("MODULE_CONF"), Some("theirs"));
    shell.cd("acme/in");
    renewals_end(&world);
    let seen = fs::read_to_string(world.at("seen")).unwrap();
    assert!(seen.contains("\nMODULE_CONF=mine\n"), "{seen}");
    assert!(!seen.contains("theirs\n"), "{seen}");
}

#[test]
fn a_home_that_is_not_there_is_named() {
    let sandbox = sandbox();
    let world = world(&sandbox, VEND, &for_minutes(60));
    let lost = world.at("lost");
    let exec = world.run(["exec", "p", "--", "true"]).env("HOME", &lost);
    let exec = exec.env("AWS_CONFIG_FILE", world.at(".aws/config"));
    let exec = exec.env("XDG_DATA_HOME", world.at("d")).env("XDG_STATE_HOME", world.at("s"));
    let stderr = exec.any_stderr().exits(125).stderr;
    assert!(stderr.contains("it is run in your home, and $HOME/lost is not there\n"), "{stderr}");
}

#[test]
fn roles_on_it_share_what_it_has_given() {
    let sandbox = sandbox();
    let world = world(&sandbox, VEND, &for_minutes(60));
    for profile in ["on", "too", "p"] {
        let whose = identity(&sandbox, &exec(&world, profile)).unwrap();
        assert_eq!(whose.contains(":assumed-role/One/"), profile != "p", "{whose}");
    }
    assert_eq!(runs(&world), 1);
    assert_eq!(operations(&sandbox), ["AssumeRole", "AssumeRole"]);
    assert_eq!(sandbox.calls()[0].signer.as_deref(), Some("AKIAME"));
}

#[test]
fn a_role_lasts_as_long_as_what_it_prints_allows() {
    let sandbox = sandbox();
    let world = world(&sandbox, VEND, &for_minutes(60));
    let config = format!(
        "{}[profile long]\nrole_arn = {ONE}\nsource_profile = p\nduration_seconds = 7200\n\
         [profile given]\ncredential_process = {PROGRAM} credentials on --format process\n\
         [profile chained]\nrole_arn = {}\nsource_profile = given\nduration_seconds = 7200\n",
        world.read(".aws/config"),
        cloud::TWO,
    );
    world.write(".aws/config", &config);
    exec(&world, "long");
    exec(&world, "chained");
    let calls = sandbox.calls();
    let lengths: Vec<_> = calls.iter().map(|call| call.parameter("DurationSeconds")).collect();
    assert_eq!(lengths, [Some("7200"), None, Some("3600")]);
}

#[test]
fn what_the_settings_except_runs_for_a_person_alone() {
    let sandbox = sandbox();
    let world = world(&sandbox, VEND, &for_minutes(60)).settings("background = [\"p\"]\n");
    let mut shell = world.shell(Kind::Bash);
    shell.cd("acme");
    assert_eq!(shell.get("AWS_PROFILE"), Some("p: run awsenv refresh"));
    let told = "awsenv: $HOME/.aws/config:3: credential_process: the settings keep it from running in the background: \
                run `awsenv refresh`\n";
    assert_eq!(world.shown(&shell.notice), told);
    assert_eq!(runs(&world), 0);
    world.run(["refresh"]).at("acme").any_stderr().success();
    shell.prompt();
    assert_eq!(identity(&sandbox, &shell.env).as_deref(), Some(ME));
    assert_eq!(runs(&world), 1);
}

#[test]
fn what_it_says_reaches_a_person_and_cannot_steer_the_terminal() {
    let sandbox = sandbox();
    let vend = "#!/bin/sh\nprintf 'touch \\033[31myour key\\r\\n' >&2\ncat \"$HOME/answer\"\n";
    let world = world(&sandbox, vend, &for_minutes(60));
    world.run(["exec", "p", "--", "true"]).stderr("touch \\u{1b}[31myour key\n").success();
    world.run(["session", "clear"]).any_stderr().success();
    let mut shell = world.shell(Kind::Bash);
    shell.cd("acme");
    assert_eq!((shell.notice.as_str(), shell.get("AWS_ACCESS_KEY_ID")), ("", Some("AKIAME")));
}

#[test]
fn a_failure_names_the_line_and_nothing_of_the_command_or_its_output() {
    let sandbox = sandbox();
    let secret = "SecretAccessKey-hunter2";
    for (vend, reason) in [
        (format!("#!/bin/sh\necho {secret}\nexit 7\n"), "it ended with exit status: 7"),
        (format!("#!/bin/sh\necho {secret}\nkill -KILL $$\n"), "it ended with signal: 9 (SIGKILL)"),
        (format!("#!/bin/sh\necho '{{\"{secret}\"'\n"), "what it printed is no JSON object"),
        (format!("#!/bin/sh\necho '{{\"X\":\"{secret}\"}}'\n"), "what it printed has no Version"),
        (
            format!("#!/bin/sh\nwhile :; do echo {secret}; done\n"),
            "it printed more than credentials can be, and was ended",
        ),
        ("#!/nowhere\n".into(), "there is no such program"),
    ] {
        let world = world(&sandbox, &vend, &json!(null));
        let stderr =
            world.run(["exec", "p", "--", "true"]).env("AWSENV_LOG", "trace").any_stderr().exits(125).stderr;
        let told = format!("awsenv: $HOME/.aws/config:3: credential_process: {reason}\n");
        assert!(stderr.contains(&told), "{stderr}");
        let mut shell = world.shell(Kind::Bash);
        shell.cd("acme");
        let sentence = "p: could not be renewed, awsenv tries again";
        assert_eq!(shell.get("AWS_PROFILE"), Some(sentence), "{:?}", shell.aws());
        assert!(shell.notice.contains(reason), "{}", shell.notice);
        for text in [&stderr, &shell.notice] {
            assert!(!text.contains("hunter2") && !text.contains("--password"), "{text}");
        }
    }
    let world = world(&sandbox, VEND, &for_minutes(0));
    let stderr = world.run(["exec", "p", "--", "true"]).any_stderr().exits(125).stderr;
    assert!(stderr.ends_with("credential_process: what it printed has ended already\n"), "{stderr}");
}

#[test]
fn an_account_that_it_claims_is_shown_and_aws_is_asked_where_it_matters() {
    let sandbox = sandbox();
    let mut answer = for_minutes(60);
    answer["AccountId"] = json!("999988887777");
    let world = world(&sandbox, VEND, &answer);
    assert_eq!(exec(&world, "p").text("AWSENV_ACCOUNT"), Some("999988887777"));
    let mut shell = world.shell(Kind::Bash);
    shell.cd("acme");
    assert_eq!(shell.get("AWSENV_ACCOUNT"), Some("999988887777"));
    assert_eq!(operations(&sandbox), [""; 0]);
    // The kept session's account is a claim, too.
    let asks = |account: &str| {
        world.write("acme/.awsenv", &format!("profile = \"p\"\naccount = \"{account}\"\n"));
        world.allow("acme");
    };
    asks("999988887777");
    let told = world.run(["explain", "--json"]).at("acme").any_stdout().success().json();
    assert_eq!(told["reason"], "cannot tell whether p is of account 999988887777");
    shell.prompt();
    assert_eq!((shell.get("AWS_ACCESS_KEY_ID"), shell.get("AWS_PROFILE")), (None, Some("p: wrong account")));
    let told = "p is of account 111122223333, and the .awsenv asks for 999988887777";
    let stderr = world.run(["exec", "--", "true"]).at("acme").any_stderr().exits(125).stderr;
    assert!(stderr.contains(told), "{stderr}");
    assert_eq!(operations(&sandbox), ["GetCallerIdentity"]);
    asks("111122223333");
    shell.prompt();
    assert_eq!(shell.get("AWSENV_ACCOUNT"), Some("111122223333"));
    assert_eq!(operations(&sandbox), ["GetCallerIdentity"], "once for a session");
    assert_eq!(runs(&world), 1);
}

#[test]
fn awsenv_in_a_program_of_a_renewal_asks_nobody_either() {
    let sandbox = sandbox();
    let world = cloud::world(&sandbox);
    let config = format!(
        "{}mfa_process = echo >> {}; echo 222222\n\
         [profile outer]\ncredential_process = {PROGRAM} credentials careful --format process\n",
        cloud::CONFIG,
        world.at("codes").display(),
    );
    let world = world.config(&config).file("acme/.awsenv", "profile = \"outer\"\n").allowed("acme");
    let mut shell = world.shell(Kind::Bash);
    shell.cd("acme");
    renewals_end(&world);
    assert_eq!(shell.get("AWS_ACCESS_KEY_ID"), None);
    assert!(shell.notice.contains("credential_process: it ended with"), "{}", shell.notice);
    assert!(!world.at("codes").exists(), "a code was spent");
    // For a person it is as if that one had typed it.
    world.run(["refresh"]).at("acme").any_stderr().success();
    assert!(world.at("codes").exists());
}

#[test]
fn a_renewal_does_not_run_what_runs_for_a_person() {
    let sandbox = sandbox();
    let vend = "#!/bin/sh\necho >> \"$HOME/runs\"\necho > \"$HOME/began\"\nread x < \"$HOME/go\"\ncat \"$HOME/answer\"\n";
    let world = world(&sandbox, vend, &for_minutes(60));
    for pipe in ["began", "go"] {
        assert!(Command::new("mkfifo").arg(world.at(pipe)).status().unwrap().success());
    }
    let mut person = world.run(["exec", "p", "--", "true"]).command().spawn().unwrap();
    let began = world.at("began");
    cloud::within_deadline("it is not run", move || fs::read(began).unwrap());
    let mut shell = world.shell(Kind::Bash);
    shell.cd("acme");
    assert!(shell.notice.contains("another awsenv is running it for a person"), "{}", shell.notice);
    let go = world.at("go");
    cloud::within_deadline("it does not go on", move || fs::write(go, "x\n").unwrap());
    assert!(person.wait().unwrap().success());
    shell.prompt();
    assert_eq!((shell.get("AWS_ACCESS_KEY_ID"), runs(&world)), (Some("AKIAME"), 1));
}

#[test]
fn what_leads_back_to_itself_ends_with_the_way_there() {
    let sandbox = sandbox();
    let (one, circle) = (cloud::world(&sandbox), "credential_process: it has led to awsenv again");
    let config = format!(
        "[profile own]\ncredential_process = env AWS_PROFILE=own {PROGRAM} credentials --format process\n\
         [profile a]\ncredential_process = {PROGRAM} credentials b --format process\n\
         [profile b]\ncredential_process = {PROGRAM} credentials a --format process\n\
         [profile w]\nrole_arn = {ONE}\n\
         web_identity_token_process = {PROGRAM} credentials w --format process\n"
    );
    let world = one.config(&config);
    for (profile, line, way) in [("own", 2, "own → own"), ("a", 4, "a → b → a")] {
        let stderr = world.run(["exec", profile, "--", "true"]).any_stderr().exits(125).stderr;
        let told = format!("config:{line}: {circle}, which would run it again: {way}\n");
        assert!(stderr.contains(&told), "{stderr}");
        assert_eq!(stderr.matches(circle).count(), 1, "{stderr}");
    }
    let stderr = world.run(["exec", "w", "--", "true"]).any_stderr().exits(125).stderr;
    let told = "web_identity_token_process: it has led to awsenv again, which would run it again: w → w\n";
    assert_eq!(stderr.matches(told).count(), 1, "{stderr}");
}

/// A program that waits for ever, deaf to SIGTERM, and has started another; both write to `alive` while they live.
const ENDLESS: &str = "#!/bin/sh\nexec 3<> \"$HOME/alive\"\ntrap '' TERM\n\
                       sh -c 'trap \"\" TERM INT; read x <&3' &\necho \"waits for you\" >&2\nread x <&3\n";

/// Nobody has the pipe open any more: to open it for writing alone fails then.
#[track_caller]
pub(crate) fn nobody_is_alive(pipe: &Path) {
    use rustix::fs::{Mode, OFlags, open};
    let give_up = clock::now().checked_add(DEADLINE).unwrap();
    let flags = OFlags::WRONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    while open(pipe, flags, Mode::empty()).is_ok() {
        assert!(clock::now() < give_up, "it has outlived us");
    }
}

#[test]
fn ctrl_c_ends_it_and_all_that_it_has_started() {
    let sandbox = sandbox();
    for signal in ["-INT", "-TERM", "-HUP"] {
        let world = world(&sandbox, ENDLESS, &json!(null));
        assert!(Command::new("mkfifo").arg(world.at("alive")).status().unwrap().success());
        let mut awsenv =
            world.run(["exec", "p", "--", "true"]).command().stderr(Stdio::piped()).spawn().unwrap();
        let mut told = std::io::BufReader::new(awsenv.stderr.take().unwrap());
        let mut line = String::new();
        std::io::BufRead::read_line(&mut told, &mut line).unwrap();
        assert_eq!(line, "waits for you\n");
        assert!(Command::new("kill").args([signal, &awsenv.id().to_string()]).status().unwrap().success());
        let status = cloud::within_deadline("it goes on", move || awsenv.wait().unwrap());
        assert_eq!(
            crate::run::code(status),
            128 + if signal == "-INT" {
                2
            } else if signal == "-HUP" {
                1
            } else {
                15
            }
        );
        nobody_is_alive(&world.at("alive"));
    }
}

#[test]
fn at_a_terminal_it_may_ask_and_ctrl_c_ends_it_there_too() {
    let sandbox = sandbox();
    let asks = "#!/bin/sh\nprintf 'PIN: ' > /dev/tty\nread pin < /dev/tty\n[ \"$pin\" = 1234 ] && cat \"$HOME/answer\"\n";
    let world = world(&sandbox, asks, &for_minutes(60));
    let mut terminal = Terminal::start(&world, &["exec", "p", "--", "echo", "served"]);
    terminal.answer("PIN: ", "1234");
    let (screen, code) = terminal.end();
    assert_eq!(code, 0, "{screen}");
    assert!(screen.ends_with("served\n"), "{screen}");

    world.run(["session", "clear"]).any_stderr().success();
    assert!(Command::new("mkfifo").arg(world.at("alive")).status().unwrap().success());
    // The second one goes at once, and leaves another that is deaf.
    for vend in [ENDLESS, &ENDLESS.replacen("trap '' TERM\n", "", 1)] {
        world.program("vend", vend);
        let mut terminal = Terminal::start(&world, &["exec", "p", "--", "true"]);
        terminal.type_at("waits for you", "\u{3}");
        let (screen, code) = terminal.end();
        assert_eq!(code, 130, "{screen}");
        nobody_is_alive(&world.at("alive"));
    }
}

#[test]
fn ctrl_c_while_it_hides_what_is_typed_leaves_the_terminal_as_it_was() {
    let sandbox = sandbox();
    // By stderr, which awsenv shows: a Ctrl-C before it has the program in hand would end it at once.
    let hides = "#!/bin/sh\ntrap '' INT\nstty -echo < /dev/tty\nprintf 'PIN: ' >&2\nread pin < /dev/tty\n";
    let world = world(&sandbox, hides, &json!(null));
    let mut terminal = Terminal::start(&world, &["exec", "p", "--", "true"]);
    terminal.wait_for("PIN: ");
    assert!(!terminal.shows_what_is_typed());
    terminal.type_at("", "\u{3}");
    assert_eq!(terminal.ends(), 130);
    assert!(terminal.shows_what_is_typed());
}

#[test]
fn explain_and_status_name_it_and_none_of_its_words() {
    let sandbox = sandbox();
    let world = world(&sandbox, VEND, &for_minutes(60));
    let steps = world.run(["explain", "on", "--json"]).any_stdout().success().json()["steps"].clone();
    let calls: Vec<_> = steps.as_array().unwrap().iter().map(|step| step["call"].as_str().unwrap()).collect();
    assert_eq!(calls, ["CredentialProcess", "AssumeRole"]);
    let status = || world.run(["status", "--json"]).at("acme").any_stdout().success().json();
    assert_eq!(
        (&status()["steps"], &status()["session"]),
        (&json!(["CredentialProcess p"]), &json!("absent"))
    );
    exec(&world, "p");
    assert_eq!(status()["session"], json!("kept"));
    assert_eq!(runs(&world), 1);
}

#[test]
fn it_gives_what_awsenv_gives_on_as_a_process_itself() {
    let sandbox = sandbox();
    let mut answer = for_minutes(60);
    answer["AccountId"] = json!("111122223333");
    let world = world(&sandbox, VEND, &answer);
    let given = world.run(["credentials", "p", "--format", "process"]).any_stdout().success().json();
    assert_eq!(given, answer);
}
