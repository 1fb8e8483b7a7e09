//! doctor: each check finds its fault, names the fix, and is quiet where all is well.

use crate::run::Run;
use crate::shell::Kind;
use crate::world::World;

mod files;
mod hook;
#[cfg(target_os = "linux")]
mod keychain;
mod network;
mod outside;

/// Whether nothing is broken, and what is told of one check, without the sum.
#[track_caller]
fn told(run: Run<'_>) -> String {
    let output = run.any_stdout().success();
    assert!(output.stdout.contains("nothing is broken"), "{}", output.stdout);
    without_sum(&output.stdout)
}

/// The same where something is broken.
#[track_caller]
fn broken(run: Run<'_>) -> String {
    let output = run.any_stdout().exits(1);
    assert!(output.stdout.contains(" broken"), "{}", output.stdout);
    without_sum(&output.stdout)
}

fn without_sum(text: &str) -> String {
    text.lines().rev().skip(1).collect::<Vec<_>>().into_iter().rev().map(|line| format!("{line}\n")).collect()
}

#[test]
fn a_home_where_all_is_well_has_nothing_broken() {
    let world = World::new().with_aws();
    let output = world.run(["doctor"]).any_stdout().success();
    assert!(output.stdout.contains("✓ network     STS in us-east-1 is reached"), "{}", output.stdout);
    assert!(output.stdout.ends_with("nothing is broken; 2 warnings\n"), "{}", output.stdout);
    let ascii = world.run(["doctor", "--offline"]).env("LC_ALL", "C").any_stdout().success().stdout;
    assert!(ascii.is_ascii() && ascii.contains("\n- network     not asked: --offline\n"), "{ascii}");
}

#[test]
fn what_is_told_to_scripts_is_the_same() {
    let world = World::new().settings("wait = 1\n");
    let json = world.run(["doctor", "--json", "settings", "store"]).any_stdout().exits(1).json();
    assert_eq!(json["healthy"], false);
    assert_eq!(json["findings"][0]["result"], "broken");
    assert_eq!(json["findings"][1]["check"], "store");
}

#[test]
fn the_agent_that_runs_is_told() {
    let world = World::with_profiles()
        .with_aws()
        .file("acme/.awsenv", "profile = \"dev\"\ndeliver = \"endpoint\"\n")
        .allowed("acme");
    assert!(told(world.run(["doctor", "agent"])).starts_with("✓ agent       none runs"));
    let mut shell = world.shell(Kind::Bash);
    shell.pid = std::process::id();
    shell.cd("acme");
    let text = told(world.run(["doctor", "agent"]));
    world.run(["agent", "stop"]).any_stderr().success();
    assert!(text.contains(" runs, of this version"), "{text}");
}

#[test]
fn where_the_key_is_that_seals_sessions_is_told() {
    let world = World::new();
    let text = told(world.run(["doctor", "store"]));
    assert!(text.starts_with("✓ store       sessions are sealed with a key in"), "{text}");
}

#[test]
fn the_keychain_is_named_and_so_is_one_that_is_locked() {
    let world = World::new();
    let text = told(world.run(["doctor", "keychain"]));
    assert!(text.contains("the encrypted file ~/.local/share/awsenv/keys/sealed"), "{text}");
    assert!(
        broken(world.run(["doctor", "keychain"]).env("AWSENV_KEYCHAIN", "os"))
            .contains("AWSENV_KEYCHAIN=file")
    );
}
