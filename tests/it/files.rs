//! What awsenv leaves on disk: private, whole or not at all, and never a secret in clear.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use crate::run::{PROGRAM, code};
use crate::shell::Kind;
use crate::world::{World, installed};

/// Everything below a directory, itself too.
pub(crate) fn below(path: &Path) -> Vec<PathBuf> {
    let mut all = vec![path.to_owned()];
    let mut next = 0;
    while let Some(path) = all.get(next).cloned() {
        next += 1;
        if path.is_dir() {
            all.extend(fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
        }
    }
    all
}

/// A world where awsenv has written all it ever writes: decisions, originals set aside, token and references.
fn written() -> World {
    let world = World::with_profiles()
        .file("acme/.awsenv", "profile = \"dev\"\n")
        .file("other/.awsenv", "profile = \"dev\"\n")
        .env("AWS_SECRET_ACCESS_KEY", "planted")
        .env("AWS_ACCESS_KEY_ID", "AKIAMINE");
    let script =
        "umask 000; \"$0\" allow acme && \"$0\" deny other && \"$0\" export bash 1 5.2 \"$HOME/acme\"";
    let status = world.command("sh").args(["-c", script, PROGRAM]).output().unwrap().status;
    assert!(status.success());
    world
}

#[test]
fn everything_is_private_whatever_the_umask() {
    let world = written();
    let data = world.at(".local/share/awsenv");
    let runtime = world.runtime().join("awsenv");
    let state = world.at(".local/state/awsenv");
    for root in [&data, &runtime, &state] {
        let all = below(root);
        assert!(all.len() > 2, "{}", root.display());
        for path in all {
            let wanted = if path.is_dir() { 0o700 } else { 0o600 };
            let mode = fs::metadata(&path).unwrap().permissions().mode() & 0o7777;
            assert_eq!(format!("{mode:o}"), format!("{wanted:o}"), "{}", path.display());
        }
    }
}

#[test]
fn no_secret_lies_on_disk() {
    let world = written();
    for path in [world.at(".local"), world.runtime()]
        .iter()
        .flat_map(|root| below(root))
        .filter(|path| path.is_file())
    {
        let bytes = fs::read(&path).unwrap();
        for secret in [&b"planted"[..], b"dev/secret"] {
            assert!(!bytes.windows(secret.len()).any(|window| window == secret), "{}", path.display());
        }
    }
}

/// The calls that change a file. (strace counts each by itself.)
const CALLS: [&str; 10] = [
    "openat",
    "write",
    "fdatasync",
    "rename",
    "renameat",
    "renameat2",
    "unlink",
    "unlinkat",
    "mkdir",
    "rmdir",
];

/// Runs `awsenv ARGUMENTS` and kills it (SIGKILL) in place of the `nth` such call. Whether it came to that.
pub(crate) fn killed(world: &World, arguments: &[&str], input: Stdio, call: &str, nth: usize) -> bool {
    let status = world
        .command("strace")
        .stdin(input)
        .args(["-f", "-qq", "-o", "/dev/null", "-e", &format!("trace={call}")])
        .args(["-e", &format!("inject={call}:error=EINTR:signal=SIGKILL:when={nth}")])
        .arg(PROGRAM)
        .args(arguments)
        .output()
        .unwrap()
        .status;
    assert!(matches!(code(status), 0 | 137), "{arguments:?}, killed at {call} {nth}: {status}");
    code(status) == 137
}

/// Does something for each moment at which a command may be killed. `kill` says whether it came to that.
pub(crate) fn at_each_moment(mut kill: impl FnMut(&str, usize) -> bool) {
    let mut moments = 0;
    for call in CALLS {
        moments += (1..).take_while(|nth| kill(call, *nth)).count();
    }
    assert!(moments > 10, "it was killed {moments} times");
}

/// Killed at any moment, a command leaves one of two outcomes, and works afterwards.
fn never_half(command: &str, prepare: impl Fn(&World), outcomes: [(&str, i32); 2]) {
    if !installed("strace") {
        return;
    }
    at_each_moment(|call, nth| {
        let world = World::with_profiles().file("acme/.awsenv", "profile = \"dev\"\n");
        prepare(&world);
        let again = killed(&world, &[command, "acme"], Stdio::null(), call, nth);
        let listed = world.run(["trust", "list"]).any_stdout().success().stdout;
        let run = world.run(["exec", "--", "true"]).at("acme").command().output().unwrap();
        let outcome = (listed.as_str(), code(run.status));
        assert!(outcomes.contains(&outcome), "{command}, killed at {call} {nth}: {outcome:?}");
        world.run([command, "acme"]).any_stderr().success();
        let listed = world.run(["trust", "list"]).any_stdout().success().stdout;
        assert_eq!(listed, outcomes[1].0, "{command} after it was killed at {call} {nth}");
        again
    });
}

#[test]
fn an_allow_that_is_killed_is_an_allow_or_none() {
    never_half("allow", |_| (), [("", 4), ("allowed  ~/acme/.awsenv\n", 0)]);
}

#[test]
fn a_yes_after_a_no_that_is_killed_is_one_of_them() {
    let deny = |world: &World| drop(world.run(["deny", "acme"]).any_stderr().success());
    never_half("allow", deny, [("denied   ~/acme/.awsenv\n", 125), ("allowed  ~/acme/.awsenv\n", 0)]);
}

#[test]
fn a_no_after_a_yes_that_is_killed_is_one_of_them() {
    let allow = |world: &World| world.allow("acme");
    never_half("deny", allow, [("allowed  ~/acme/.awsenv\n", 0), ("denied   ~/acme/.awsenv\n", 125)]);
}

#[test]
fn an_answer_that_is_killed_leaves_a_shell_that_can_ask_again() {
    if !installed("strace") {
        return;
    }
    at_each_moment(|call, nth| {
        let world = World::with_pin().env("AWS_SECRET_ACCESS_KEY", "planted");
        let pwd = world.at("acme").display().to_string();
        let again = killed(&world, &["export", "bash", "1", "5.2", &pwd], Stdio::null(), call, nth);
        let mut shell = world.shell(Kind::Bash);
        shell.cd("acme");
        assert!(shell.guard(), "killed at {call} {nth}");
        shell.cd("");
        assert_eq!(shell.get("AWS_SECRET_ACCESS_KEY"), Some("planted"), "killed at {call} {nth}");
        again
    });
}
