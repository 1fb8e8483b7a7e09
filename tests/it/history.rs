//! history: what was exported where, as whom, until when.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use serde_json::{Value, json};

use crate::choose::choose;
use crate::cloud;
use crate::deliver;
use crate::shell::Kind;
use crate::terminal::Terminal;
use crate::world::World;

const FILE: &str = ".local/state/awsenv/history";

fn history<const N: usize>(world: &World, options: [&str; N]) -> Vec<Value> {
    let run = options.into_iter().fold(world.run(["history", "--json"]), |run, option| run.arg(option));
    serde_json::from_value(run.any_stdout().success().json()).unwrap()
}

/// One field of each line.
fn each(lines: &[Value], field: &str) -> Vec<String> {
    lines.iter().map(|line| line[field].as_str().unwrap_or("-").to_owned()).collect()
}

#[test]
fn each_shell_notes_what_it_loads_and_when_it_goes_and_nothing_at_an_unchanged_prompt() {
    for kind in Kind::ALL {
        let world = World::with_pin().file("prod/.awsenv", "profile = \"prod\"\n").allowed("prod");
        let mut shell = world.shell(kind);
        shell.cd("acme").prompt().prompt();
        shell.cd("acme/below").prompt();
        shell.cd("prod");
        shell.cd("").prompt();
        let lines = history(&world, []);
        assert_eq!(each(&lines, "event"), ["load", "load", "unload"]);
        assert_eq!(each(&lines, "profile"), ["dev", "prod", "prod"]);
        assert_eq!(each(&lines, "account"), ["111122223333", "999988887777", "999988887777"]);
        assert_eq!(each(&lines, "by"), [kind.name(); 3]);
        assert!(lines.iter().all(|line| line["pid"] == shell.pid && line["role"].is_null()));
        assert_eq!(each(&lines, "directory"), ["$HOME/acme", "$HOME/prod", "$HOME"]);
        let text = world.read(FILE);
        assert!(!text.contains("AKIA") && !text.contains("secret"), "{text}");
        assert_eq!(fs::metadata(world.at(FILE)).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[test]
fn a_session_is_noted_with_its_role_and_end_and_again_when_it_is_renewed() {
    let sandbox = cloud::sandbox();
    let world = cloud::pinned(&sandbox, "[stage.far]\nprofile = \"two\"\n[stage.near]\nprofile = \"one\"\n");
    let mut shell = world.shell(Kind::Bash);
    shell.cd("acme");
    choose(
        &world,
        &mut shell,
        &["far"],
        "awsenv: stage far (two) in this shell, as long as ~/acme/.awsenv counts\n",
    );
    let first = history(&world, []);
    assert_eq!(each(&first, "event"), ["load"]);
    assert_eq!(
        [&first[0]["profile"], &first[0]["stage"], &first[0]["account"], &first[0]["role"]],
        [&json!("two"), &json!("far"), &json!("222222222222"), &json!("Two")]
    );
    assert_eq!(first[0]["expiration"], shell.get("AWS_CREDENTIAL_EXPIRATION").unwrap());
    cloud::age(&world, Duration::from_secs(3300));
    shell.prompt();
    cloud::renewals_end(&world);
    shell.prompt();
    let events = each(&history(&world, []), "event");
    assert_eq!(events[0], "load");
    assert!(events.len() > 1 && events[1..].iter().all(|event| event == "renew"), "{events:?}");
}

#[test]
fn commands_note_what_they_give_and_never_their_arguments() {
    let sandbox = cloud::sandbox();
    let world = cloud::world(&sandbox);
    world.run(["exec", "one", "--", "true", "--password", "planted"]).success();
    world.run(["credentials", "base", "--format", "process"]).any_stdout().success();
    world.run(["exec", "nobody", "--", "true"]).any_stderr().exits(125);
    let lines = history(&world, []);
    assert_eq!(each(&lines, "event"), ["exec", "credentials"]);
    assert_eq!(each(&lines, "by"), ["true", "process"]);
    assert_eq!(each(&lines, "role"), ["One", "-"]);
    assert_eq!(lines[1]["pid"], std::process::id());
    let text = world.read(FILE);
    assert!(!text.contains("planted") && !text.contains("AKIA") && !text.contains("ASIA"), "{text}");
}

#[test]
fn a_program_that_never_ran_has_had_nothing() {
    let world = World::with_pin().file("plain", "").file("bin/tool", "#!/bin/sh\n");
    fs::set_permissions(world.at("bin/tool"), fs::Permissions::from_mode(0o755)).unwrap();
    world.run(["exec", "dev", "--", "/nonexistent/x"]).any_stderr().exits(127);
    world.run(["exec", "dev", "--", "nonexistent"]).any_stderr().exits(127);
    world.run(["exec", "dev", "--", "./plain"]).any_stderr().exits(126);
    world.run(["exec", "dev", "--", "./bin"]).any_stderr().exits(126);
    assert_eq!(history(&world, []), [json!(null); 0]);
    world.run(["exec", "dev", "--", "bin/tool"]).success();
    assert_eq!(each(&history(&world, []), "by"), ["tool"]);
}

#[test]
fn a_client_that_borrows_by_a_profile_is_noted() {
    let sandbox = cloud::sandbox();
    let world = cloud::pinned(&sandbox, deliver::FILE);
    let mut shell = world.shell(Kind::Bash);
    shell.cd("acme");
    deliver::lent(&world, &shell, &deliver::process(&world, &shell)).unwrap();
    let lines = history(&world, []);
    assert_eq!(each(&lines, "event"), ["load", "lend"]);
    assert_eq!(each(&lines, "directory"), ["$HOME/acme", "$HOME/acme"]);
    assert_eq!(each(&lines, "profile"), ["one", "one"]);
}

#[test]
fn the_setting_ends_it_and_a_mistake_in_the_settings_too() {
    for settings in ["history = false\n", "history = 7\n"] {
        let world = World::with_pin();
        world.write(".config/awsenv/config.toml", settings);
        world.shell(Kind::Bash).cd("acme");
        assert!(!world.at(FILE).exists(), "{settings}");
    }
    let world = World::with_pin().settings("history = false\n");
    world.run(["exec", "dev", "--", "true"]).success();
    world.run(["history"]).stderr("awsenv: nothing is noted: the settings say history = false\n").success();
}

#[test]
fn where_it_cannot_be_written_nothing_else_changes() {
    for fault in ["a directory", "a link to a full disk", "a state directory that is a file"] {
        let world = World::with_pin();
        let _ = fs::remove_dir_all(world.at(".local/state/awsenv"));
        fs::create_dir_all(world.at(".local/state")).unwrap();
        match fault {
            "a directory" => fs::create_dir_all(world.at(FILE)).unwrap(),
            "a state directory that is a file" => fs::write(world.at(".local/state/awsenv"), "").unwrap(),
            _ => {
                fs::create_dir_all(world.at(".local/state/awsenv")).unwrap();
                std::os::unix::fs::symlink("/dev/full", world.at(FILE)).unwrap();
            }
        }
        let mut shell = world.shell(Kind::Bash);
        shell.cd("acme");
        assert_eq!((shell.get("AWS_ACCESS_KEY_ID"), &*shell.notice), (Some("AKIADEV"), ""), "{fault}");
        shell.cd("");
        assert_eq!(shell.get("AWS_ACCESS_KEY_ID"), None, "{fault}");
        world.run(["exec", "dev", "--", "true"]).success();
    }
}

#[test]
fn what_one_asks_for_is_what_one_gets() {
    let world = World::with_pin().file("prod/.awsenv", "profile = \"prod\"\n").allowed("prod");
    let mut shell = world.shell(Kind::Bash);
    for directory in ["acme", "", "prod", "", "acme", "prod"] {
        shell.cd(directory);
    }
    let events = |lines: Vec<Value>| each(&lines, "event").join(" ");
    assert_eq!(events(history(&world, [])), "load unload load unload load load");
    assert_eq!(events(history(&world, ["--last", "2"])), "load load");
    assert_eq!(events(history(&world, ["--last", "0"])), "");
    assert_eq!(events(history(&world, ["--since", "1h"])), "load unload load unload load load");
    assert_eq!(events(history(&world, ["--profile", "prod"])), "load unload load");
    // A shell that has left is elsewhere; what it left is what was loaded here.
    let here = world.run(["history", "--json", "--here"]).at("acme").any_stdout().success().json();
    assert_eq!(each(here.as_array().unwrap(), "event"), ["load", "unload", "load"]);
    let old = world.read(FILE).replace("\"at\":", "\"at\":-");
    world.write(FILE, &old);
    assert_eq!(events(history(&world, ["--since", "1h"])), "");
    world.run(["history", "--since", "soon"]).any_stderr().exits(2);
    world.run(["history", "--last", "1", "--since", "1h"]).any_stderr().exits(2);
    world.run(["history", "clear"]).stderr("awsenv: the history is forgotten\n").success();
    assert!(!world.at(FILE).exists());
    world.run(["history"]).stderr("awsenv: nothing is noted\n").success();
}

#[test]
fn a_damaged_line_is_passed_over_and_said() {
    let world = World::with_pin();
    world.run(["exec", "dev", "--", "true"]).success();
    world.write(FILE, &format!("nonsense\n{}", world.read(FILE)));
    let said = "awsenv: ~/.local/state/awsenv/history: 1 damaged line is passed over\n";
    let line = world.run(["history"]).any_stdout().stderr(said).success().stdout;
    assert!(line.ends_with("dev  111122223333  -  $HOME\n") && line.contains("Z  exec  true "), "{line}");
}

#[test]
fn what_a_line_holds_steers_no_terminal() {
    let world =
        World::with_profiles().file("a\x1b[31m\n/.awsenv", "profile = \"dev\"\n").allowed("a\x1b[31m\n");
    world.shell(Kind::Bash).cd("a\x1b[31m\n");
    let plain = world.run(["history"]).any_stdout().success().stdout;
    assert!(plain.ends_with("$HOME/a\\u{1b}[31m\\n\n"), "{plain}");
    let (drawn, code) = Terminal::of_size(&world, &["history"], 24, 80).end();
    assert!(code == 0 && drawn.contains("~/a\\u{1b}[31m\\n") && !drawn.contains("\x1b[31m\n"), "{drawn}");
}
