//! What other processes of the same user can learn of a running awsenv, and what it hands on.

use std::fs;
use std::io::Read;
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt, chown};
use std::process::{Command, Stdio};

use crate::search::Search;
use crate::world::{FILE_KEY, World};

/// Whoever may do anything can read everything: the test then becomes this user, who may not.
const NOBODY: u32 = 65534;

#[test]
fn nobody_else_reads_a_running_awsenv_and_it_leaves_no_core() {
    let world = World::new();
    let program = world.path("awsenv");
    fs::copy(&world.program, &program).unwrap();
    for dir in ["", "home", "home/.aws", "run"] {
        fs::set_permissions(world.path(dir), fs::Permissions::from_mode(0o755)).unwrap();
    }
    // It has read its keys, signed a call with them, and waits for an answer that never comes.
    let aws = TcpListener::bind("127.0.0.1:0").unwrap();
    let config = world.path("home/.aws/waiting");
    fs::write(
        &config,
        "[profile waiting]\nrole_arn = arn:aws:iam::111122223333:role/R\nsource_profile = acme\n",
    )
    .unwrap();
    let keys = world.path("home/.aws/credentials");
    let _ = chown(&keys, Some(NOBODY), None);
    let mut awsenv = as_user("sh")
        .args(["-c", "ulimit -Sc 2048; exec \"$0\" credentials waiting"])
        .arg(&program)
        .current_dir(world.path("elsewhere"))
        .env_clear()
        .envs(world.env())
        .env("AWS_CONFIG_FILE", &config)
        .env("AWS_ENDPOINT_URL_STS", format!("http://{}", aws.local_addr().unwrap()))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    aws.set_nonblocking(true).unwrap();
    let call = loop {
        match aws.accept() {
            Ok((call, _)) => break call,
            Err(_) => assert!(awsenv.try_wait().unwrap().is_none(), "awsenv ended without a call"),
        }
    };
    let proc = format!("/proc/{}", awsenv.id());
    for secret in ["environ", "mem", "maps", "auxv"] {
        let read = as_user("head").args(["-c1"]).arg(format!("{proc}/{secret}")).output().unwrap();
        assert!(!read.status.success(), "{secret} can be read: {read:?}");
    }
    let limits = fs::read_to_string(format!("{proc}/limits")).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().nth(4), Some("0"), "{core}");
    awsenv.kill().unwrap();
    awsenv.wait().unwrap();
    drop(call);
}

/// The check above, on a process that does not protect itself: it must be readable, or nothing was tested.
#[test]
fn an_unprotected_process_is_seen() {
    let mut open = as_user("cat").stdin(Stdio::piped()).env("PLANTED", FILE_KEY).spawn().unwrap();
    // `cat` is itself only once exec is done.
    let environ = (0..10_000).find_map(|_| {
        let read = as_user("cat").arg(format!("/proc/{}/environ", open.id())).output().unwrap();
        Search::of(&[FILE_KEY]).find(&read.stdout).map(str::to_owned)
    });
    drop(open.stdin.take());
    open.wait().unwrap();
    assert!(environ.is_some());
}

#[test]
fn a_command_gets_its_own_limits_back() {
    let world = World::new();
    let mut child = Command::new("sh")
        .args([
            "-c",
            "ulimit -Sc 1000 && exec \"$0\" exec acme -- sh -c 'ulimit -Sc; cat /proc/self/environ'",
        ])
        .arg(&world.program)
        .env_clear()
        .envs(world.env())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut text = Vec::new();
    child.stdout.take().unwrap().read_to_end(&mut text).unwrap();
    assert!(child.wait().unwrap().success());
    assert_eq!(text.split(|byte| *byte == b'\n').next(), Some(&b"1000"[..]));
    assert!(Search::of(&[FILE_KEY]).find(&text).is_some(), "the command has the keys");
    assert!(Search::of(&[crate::world::CODE]).find(&text).is_none(), "an MFA code was handed on");
}

/// A command as an ordinary user, also where the tests run as root.
fn as_user(program: &str) -> Command {
    if !rustix::process::geteuid().is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args([format!("--reuid={NOBODY}"), format!("--regid={NOBODY}"), "--clear-groups".into()]);
    command.arg("--").arg(program);
    command
}
