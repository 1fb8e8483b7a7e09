//! What the prompt shows: by the shell's own function and by `awsenv prompt`, which have to agree.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::time::Duration;

use awsenv_sandbox::{Account, Fault, Portal};

use crate::cloud::{self, renewals_end, sandbox};
use crate::portal;
use crate::shell::{Kind, Shell};
use crate::world::{World, installed};

fn kinds() -> impl Iterator<Item = Kind> {
    Kind::ALL.into_iter().filter(|kind| installed(kind.name()))
}

/// What `awsenv_prompt` prints in a shell that has just evaluated its last answer.
fn drawn(world: &World, kind: Kind, shell: &Shell<'_>) -> String {
    let hook = world.run(["hook", kind.name()]).any_stdout().success().raw;
    let script = match kind {
        Kind::Fish => "echo \"$HOOK\" | source; echo \"$ANSWER\" | source; __awsenv_ok; awsenv_prompt",
        _ => "eval \"$HOOK\"; eval \"$ANSWER\"; awsenv_prompt; awsenv_prompt v; printf '|%s' \"$v\"",
    };
    let mut command = world.command(kind.name());
    command.args(kind.plain()).arg("-c").arg(script).envs(shell.env.iter());
    command.current_dir(&shell.pwd).env("PWD", &shell.pwd);
    command.env("HOOK", OsStr::from_bytes(&hook)).env("ANSWER", OsStr::from_bytes(&shell.text));
    let output = command.output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    let text = String::from_utf8(output.stdout).unwrap();
    match text.split_once('|') {
        Some((printed, variable)) => {
            assert_eq!(printed, variable, "printed, and put into a variable");
            printed.to_owned()
        }
        None => text,
    }
}

/// Both ways show this.
#[track_caller]
fn shows(world: &World, kind: Kind, shell: &Shell<'_>, expected: &str) {
    assert_eq!(drawn(world, kind, shell), expected, "{kind:?}");
    world.run(["prompt"]).environment(&shell.env).stdout(expected).success();
    // The long way, by the parser.
    world.run(["prompt", "--format", "plain", "--"]).environment(&shell.env).stdout(expected).success();
}

#[test]
fn keys_without_an_end_are_a_name() {
    for kind in kinds() {
        let world = World::with_pin().env("LANG", "C.UTF-8").env("TERM", "dumb");
        let mut shell = world.shell(kind);
        shell.prompt();
        shows(&world, kind, &shell, "");
        shell.cd("acme");
        shows(&world, kind, &shell, "dev");
        shell.cd("");
        shows(&world, kind, &shell, "");
    }
}

#[test]
fn a_session_is_shown_with_the_time_that_is_left() {
    for kind in kinds() {
        let sandbox = sandbox();
        let world = cloud::pinned(&sandbox, "profile = \"one\"\n").env("TERM", "dumb");
        let mut shell = world.shell(kind);
        let gate = sandbox.gate("AssumeRole");
        shell.arrive("acme");
        shows(&world, kind, &shell, "one …");
        gate.open();
        renewals_end(&world);
        shell.wait();
        cloud::age(&world, Duration::from_secs(30));
        shell.ask();
        shows(&world, kind, &shell, "one 59m");

        // Within the margin: the next one is on its way.
        let gate = sandbox.gate("AssumeRole");
        cloud::age(&world, Duration::from_secs(52 * 60));
        shell.ask();
        shows(&world, kind, &shell, "one 7m↻");
        gate.open();
        renewals_end(&world);
        cloud::age(&world, Duration::from_secs(30));
        shell.prompt();
        shows(&world, kind, &shell, "one 59m");

        // Where the guard ends sooner than the session.
        let deep = format!("acme{}", "/d".repeat(60));
        world.write(&format!("{deep}/x"), "");
        shell.cd(&deep);
        shows(&world, kind, &shell, "one 59m");
    }
}

#[test]
fn who_is_needed_is_told_with_the_command() {
    for kind in kinds() {
        let sandbox = sandbox();
        let world = cloud::pinned(&sandbox, "profile = \"careful\"\n").env("TERM", "dumb");
        let mut shell = world.shell(kind);
        shell.cd("acme");
        shows(&world, kind, &shell, "careful: awsenv refresh");
        let json =
            world.run(["prompt", "--format=json"]).environment(&shell.env).any_stdout().success().json();
        assert_eq!(
            json,
            serde_json::json!({
                "state": "person", "profile": "careful", "account": null, "account_name": null, "expiration": null,
                "seconds_left": null, "protected": false, "run": "awsenv refresh",
                "text": "careful: awsenv refresh",
            })
        );
    }
}

#[test]
fn what_failed_and_what_nobody_allowed_is_told() {
    for kind in kinds() {
        let sandbox = sandbox();
        let world = cloud::pinned(&sandbox, "profile = \"one\"\n").env("TERM", "dumb");
        sandbox.fault("AssumeRole", 9, Fault::error(403, "AccessDenied"));
        let mut shell = world.shell(kind);
        shell.cd("acme");
        shows(&world, kind, &shell, "one: awsenv status");
        world.write("acme/.awsenv", "profile = \"one\" # another\n");
        shell.prompt();
        shows(&world, kind, &shell, ".awsenv not allowed");
        world.write("new/.awsenv", "profile = \"one\"\n");
        shell.cd("new");
        shows(&world, kind, &shell, ".awsenv not allowed");
        world.write("new/.awsenv", "profile = \"nobody\"\n");
        world.allow("new");
        shell.prompt();
        shows(&world, kind, &shell, "nobody: awsenv status");
    }
}

#[test]
fn an_account_is_called_as_its_portal_calls_it() {
    for kind in kinds() {
        let account = |id: &str, name: &str| Account {
            id: id.into(),
            name: name.into(),
            email: String::new(),
            roles: vec!["Developer".into()],
        };
        let accounts = vec![account(portal::ACCOUNT, "Acme Dev"), account("222222222222", "Ac\x1b[me")];
        let sandbox = portal::sandbox_with(Portal { accounts, ..Portal::default() });
        let world = portal::signed_in(&sandbox, 8 * 3600).env("TERM", "dumb");
        for profile in ["dev", "deploy"] {
            world.write(&format!("{profile}/.awsenv"), &format!("profile = \"{profile}\"\n"));
            world.allow(profile);
        }
        // Keys only claim an account.
        world.write(
            ".aws/credentials",
            "[mine]\naws_access_key_id = AKIAME\naws_secret_access_key = s\naws_account_id = 111122223333\n",
        );
        world.write("mine/.awsenv", "profile = \"mine\"\n");
        world.allow("mine");
        let mut shell = world.shell(kind);
        shell.cd("dev");
        cloud::age(&world, Duration::from_secs(30));
        shell.prompt();
        shows(&world, kind, &shell, "dev 59m");
        world.run(["sso", "accounts", "--sso-session", "corp"]).any_stdout().success();
        assert!(!shell.guard(), "open shells see it");
        shell.prompt();
        shows(&world, kind, &shell, "dev (Acme Dev) 59m");
        let json = |command: &[&str]| {
            let run = command
                .iter()
                .fold(world.run([]).at("dev").environment(&shell.env), |run, word| run.arg(*word));
            run.any_stdout().success().json()["account_name"].clone()
        };
        assert_eq!(json(&["prompt", "--format", "json"]), "Acme Dev");
        assert_eq!(json(&["status", "--json"]), "Acme Dev");
        let card = world.run(["status"]).at("dev").environment(&shell.env).any_stdout().success().stdout;
        assert!(card.contains("  account  111122223333 (Acme Dev)\n"), "{card}");
        shell.cd("mine");
        shows(&world, kind, &shell, "mine");
        // Another account, whose name nobody may have.
        shell.cd("deploy");
        cloud::age(&world, Duration::from_secs(30));
        shell.prompt();
        shows(&world, kind, &shell, "deploy 59m");
    }
}

#[test]
fn credentials_set_by_hand_are_not_ours_to_show() {
    for kind in kinds() {
        let world = World::with_pin().env("TERM", "dumb");
        let mut shell = world.shell(kind);
        shell.cd("acme");
        shell.env.set("AWS_ACCESS_KEY_ID", "AKIAMINE");
        shell.prompt();
        shows(&world, kind, &shell, "");
    }
}

#[test]
fn colours_are_those_of_each_shell_and_go_with_no_color() {
    for kind in kinds() {
        let world = World::with_pin().env("TERM", "xterm").env("LANG", "C.UTF-8");
        let mut shell = world.shell(kind);
        shell.cd("acme");
        let expected = match kind {
            Kind::Bash => "\x01\x1b[32m\x02dev\x01\x1b[39m\x02",
            Kind::Zsh => "%{\x1b[32m%}dev%{\x1b[39m%}",
            Kind::Fish => "\x1b[32mdev\x1b[39m",
        };
        assert_eq!(drawn(&world, kind, &shell), expected);
        let format = if kind == Kind::Fish { "ansi" } else { kind.name() };
        let prompt = || world.run(["prompt", "--format", format]).environment(&shell.env);
        prompt().stdout(expected).success();
        prompt().env("NO_COLOR", "1").stdout("dev").success();
        let world = world.settings("colours = false\n");
        let mut shell = world.shell(kind);
        shell.cd("acme");
        assert_eq!(drawn(&world, kind, &shell), "dev");
        world.run(["prompt", "--format", "ansi"]).environment(&shell.env).stdout("dev").success();
    }
}

#[test]
fn a_shell_of_exec_shows_whose_it_is_however_it_is_called() {
    for kind in kinds() {
        let world = World::new().env("TERM", "dumb");
        let mut shell = world.shell(kind);
        shell.env.set("AWSENV_DISABLE", "1");
        shell.env.set("AWSENV_PROFILE", "a%F{red}$(touch pwned)`touch pwned`\\u\x1b[31m\n!");
        shell.prompt();
        let shown = "a%F?red???touch pwned??touch pwned??u??31m??";
        let doubled = shown.replace('%', "%%");
        assert_eq!(drawn(&world, kind, &shell), if kind == Kind::Zsh { &doubled } else { shown });
        world.run(["prompt"]).environment(&shell.env).stdout(shown).success();
        assert!(!world.at("pwned").exists());
    }
}

#[test]
fn a_shell_of_exec_shows_that_its_stage_is_protected() {
    let world = World::with_profiles()
        .file("acme/.awsenv", "profile = \"dev\"\n[stage.live]\nprofile = \"prod\"\nprotected = true\n")
        .allowed("acme")
        .env("TERM", "xterm")
        .env("SHELL", "/usr/bin/env");
    for (arguments, expected) in [
        (["exec", "--stage", "live"].as_slice(), "\x1b[31mprod*\x1b[39m"),
        (&["exec"], "\x1b[32mdev\x1b[39m"),
    ] {
        let run = arguments.iter().fold(world.run([]).at("acme"), |run, word| run.arg(*word));
        let env = run.any_stdout().success().variables();
        world.run(["prompt", "--format", "ansi"]).environment(&env).stdout(expected).success();
    }
    // What is asked for inside is somebody else.
    let inside = world.run(["exec", "dev"]).env("AWSENV_PROFILE", "prod").env("AWSENV_PROTECTED", "true");
    assert_eq!(inside.any_stdout().success().variables().text("AWSENV_PROTECTED"), None);
}

#[test]
fn nothing_is_believed_of_a_state_that_is_not_ours() {
    let world = World::new();
    for state in
        ["", "1:on::{}", "1:on::{\"p\":1,\"u\":12345678,\"n\":\"00\",\"g\":{\"s\":\"fresh\",\"n\":\"x\"}}"]
    {
        world.run(["prompt"]).env("AWSENV_STATE", state).stdout("").success();
    }
    world.run(["prompt", "--format", "loud"]).any_stderr().exits(2);
}
