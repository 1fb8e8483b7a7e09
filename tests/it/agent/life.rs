//! An agent begins with whoever needs it first, and ends; the next one follows it.

use std::fs;
use std::time::Duration;

use awsenv::clock;
use awsenv_sandbox::Portal;
use serde_json::json;

use super::{Agents, URI, door, in_acme, status, world};
use crate::cloud::{self, operations, sandbox, until};
use crate::door::Door;
use crate::portal;
use crate::shell::Kind;
use crate::world::World;

#[test]
fn an_agent_that_was_killed_is_followed_by_another_with_other_tokens() {
    let sandbox = sandbox();
    let world = world(&sandbox);
    let mut shell = in_acme(&world);
    let old = door(&shell);
    signal(&world, "-KILL");
    until("it lives", || status(&world)["running"] == json!(false));
    // Nobody could tell the shell; it looks for itself within a minute, or in a new directory.
    shell.cd("");
    shell.cd("acme");
    let new = door(&shell);
    assert_ne!(new.token, old.token, "whoever has the old port may have the old token");
    new.key();
    assert_eq!(Door { host: new.host, token: old.token }.ask().0, 403);
}

#[track_caller]
fn signal(world: &World, signal: &str) {
    let pid = status(world)["pid"].to_string();
    assert!(std::process::Command::new("kill").args([signal, &pid]).status().unwrap().success());
}

/// As systemd takes a runtime directory away at the last logout.
#[test]
fn an_agent_whose_directory_has_gone_leaves_the_next_one_alone() {
    let sandbox = sandbox();
    let world = world(&sandbox);
    let mut shell = in_acme(&world);
    let (old, first) = (door(&shell), status(&world)["pid"].to_string());
    fs::remove_dir_all(world.runtime().join("awsenv")).unwrap();
    shell.prompt();
    let new = door(&shell);
    assert_ne!(new, old);
    // It may have seen by itself that it is not the one any more.
    let _ = std::process::Command::new("kill").arg(&first).output().unwrap();
    until("it lives", || !fs::exists(format!("/proc/{first}")).unwrap());
    new.key();
    assert_eq!(status(&world)["running"], json!(true));
    shell.prompt();
    assert_eq!(door(&shell), new);
}

#[test]
fn one_that_cannot_be_started_takes_nothing_from_directories_that_need_none() {
    let sandbox = sandbox();
    let world = world(&sandbox);
    world.write("beta/.awsenv", "profile = \"one\"\n");
    world.allow("beta");
    let agent = cloud::places(&world).agent();
    fs::create_dir_all(agent.parent().unwrap()).unwrap();
    fs::write(&agent, "").unwrap();
    let (mut shell, mut other) = (world.shell(Kind::Bash), world.shell(Kind::Bash));
    shell.cd("acme");
    assert_eq!(shell.get(URI), None);
    other.cd("beta");
    assert!(other.get("AWS_ACCESS_KEY_ID").is_some(), "{}", other.notice);
    // As soon as it can be, after a pause.
    fs::remove_file(&agent).unwrap();
    fs::remove_dir_all(cloud::places(&world).state.join("failures")).unwrap();
    other.cd("acme");
    door(&other).key();
}

#[test]
fn shells_that_come_while_it_ends_get_the_next_one() {
    let sandbox = sandbox();
    let world = world(&sandbox);
    let world: &World = &world;
    std::thread::scope(|scope| {
        let coming: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    for _ in 0..10 {
                        let mut shell = in_acme(world);
                        // It may end again before the prompt is there; what is no failure is not paused for.
                        while shell.get(URI).is_none() {
                            assert!(shell.notice.ends_with("is still on its way\n"), "{}", shell.notice);
                            shell.prompt();
                        }
                    }
                })
            })
            .collect();
        for _ in 0..10 {
            world.run(["agent", "stop"]).any_stderr().success();
        }
        coming.into_iter().for_each(|coming| coming.join().unwrap());
    });
}

#[test]
fn one_that_hangs_can_be_ended() {
    let sandbox = sandbox();
    let world = world(&sandbox);
    let mut shell = in_acme(&world);
    let old = door(&shell);
    signal(&world, "-STOP");
    world.run(["agent", "stop"]).any_stderr().success();
    assert_eq!(status(&world)["running"], json!(false));
    shell.prompt();
    assert_ne!(door(&shell).token, old.token);
}

#[test]
fn stopped_or_terminated_it_tells_the_shells() {
    let sandbox = sandbox();
    let world = world(&sandbox);
    let mut shell = world.shell(Kind::Zsh);
    shell.cd("acme");
    for by_signal in [false, true] {
        let old = door(&shell);
        shell.settle();
        if by_signal {
            signal(&world, "-TERM");
            until("no shell is told", || !shell.guard());
        } else {
            world
                .run(["agent", "stop"])
                .stderr("awsenv: the agent has ended; a prompt that needs it starts the next one\n")
                .success();
            until("no shell is told", || !shell.guard());
            world.run(["agent", "stop"]).stderr("awsenv: no agent runs\n").success();
        }
        world
            .run(["agent", "status"])
            .stdout("no agent runs; the first directory with deliver = \"endpoint\" starts one\n")
            .success();
        shell.prompt();
        assert_ne!(door(&shell).token, old.token);
    }
    assert_eq!(operations(&sandbox), ["AssumeRole"], "the session outlives the agent");
}

#[test]
fn it_ends_by_itself_when_nobody_is_left() {
    let sandbox = portal::sandbox_with(Portal { role_seconds: 10, ..Portal::default() });
    let world = Agents(
        portal::signed_in(&sandbox, 3600)
            .file(".config/awsenv/config.toml", "agent_idle = \"5s\"\n")
            .file("acme/.awsenv", "profile = \"dev\"\ndeliver = \"endpoint\"\n")
            .allowed("acme"),
    );
    let mut living = std::process::Command::new("sleep").arg("600").spawn().unwrap();
    let mut shell = world.shell(Kind::Bash);
    shell.pid = living.id();
    shell.cd("acme");
    let end = clock::parse(door(&shell).ask().1["Expiration"].as_str().unwrap()).unwrap();
    until("it has not ended", || clock::now() > end.checked_add(Duration::from_secs(7)).unwrap());
    assert_eq!(status(&world)["running"], json!(true), "a shell has it still");
    living.kill().unwrap();
    living.wait().unwrap();
    until("nobody needs it, and it lives", || status(&world)["running"] == json!(false));
    let grants = cloud::places(&world).agent().join("grants");
    until("a grant is left", || fs::read_dir(&grants).unwrap().next().is_none());
}

#[test]
fn a_hundred_directories_that_come_at_once_start_one_agent() {
    let sandbox = sandbox();
    let world = world(&sandbox);
    cloud::exec(&world, "one");
    let world = &world;
    let doors: Vec<_> = std::thread::scope(|scope| {
        let coming: Vec<_> = (0..100).map(|_| scope.spawn(|| door(&in_acme(world)))).collect();
        coming.into_iter().map(|coming| coming.join().unwrap()).collect()
    });
    assert!(doors.iter().all(|door| *door == doors[0]));
    assert_eq!(operations(&sandbox), ["AssumeRole"]);
}

#[test]
fn where_it_cannot_be_started_there_are_no_credentials_and_it_is_said() {
    let sandbox = sandbox();
    let world = world(&sandbox);
    let agent = cloud::places(&world).agent();
    fs::create_dir_all(agent.parent().unwrap()).unwrap();
    fs::write(&agent, "").unwrap();
    let shell = in_acme(&world);
    assert_eq!((shell.get(URI), shell.get("AWS_ACCESS_KEY_ID")), (None, None));
    assert_eq!(shell.get("AWS_PROFILE"), Some("one: could not be renewed, awsenv tries again"));
    let told = "awsenv: cannot start the agent: cannot use $RUN/awsenv/agent: ";
    assert!(world.shown(&shell.notice).starts_with(told), "{}", shell.notice);
}
