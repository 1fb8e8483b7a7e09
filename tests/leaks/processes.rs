//! What other processes of the same user can learn of a running awsenv, and what it hands on.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};

use rustix::process::{Pid, Resource, Signal, getrlimit, kill_process};

use crate::search::Search;
use crate::world::{FILE_KEY, World};

/// Whoever may do anything can read everything: the test then becomes this user, who may not.
const NOBODY: u32 = 65534;

/// Both ways: what others can read of it while it runs, and what it leaves when it is struck down.
#[test]
fn nobody_else_reads_a_running_awsenv_and_it_leaves_no_core() {
    let world = open_to_nobody();
    let program = world.path("awsenv");
    // By another process: what is open for writing cannot be run, and whoever is just being started has it open.
    assert!(Command::new("cp").args([&world.program, &program]).status().unwrap().success());
    // It has read its keys, signed a call with them, and waits for an answer that never comes.
    let aws = TcpListener::bind("127.0.0.1:0").unwrap();
    aws.set_nonblocking(true).unwrap();
    let config = world.path("home/.aws/waiting");
    fs::write(
        &config,
        "[profile waiting]\nrole_arn = arn:aws:iam::111122223333:role/R\nsource_profile = acme\n",
    )
    .unwrap();
    let _ = chown(world.path("home/.aws/credentials"), Some(NOBODY), None);
    let mut awsenv = with_cores("exec \"$0\" credentials waiting", &program)
        .current_dir(world.path("elsewhere"))
        .env_clear()
        .envs(world.env())
        .env("AWS_CONFIG_FILE", &config)
        .env("AWS_ENDPOINT_URL_STS", format!("http://{}", aws.local_addr().unwrap()))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
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
    // proc(5): so it is for a process that is not dumpable, which a handler in core_pattern does not get, either.
    assert_eq!(fs::metadata(format!("{proc}/environ")).unwrap().uid(), 0);
    let limits = fs::read_to_string(format!("{proc}/limits")).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().nth(4), Some("0"), "{core}");
    let ended = strike_down(&mut awsenv);
    assert!(!ended.core_dumped(), "{ended}");
    assert_eq!(cores(&world), [] as [Vec<u8>; 0]);
    drop(call);
}

/// The checks above, on a process that does not protect itself: it must be readable, or nothing was tested.
#[test]
fn an_unprotected_process_is_seen_and_leaves_a_core() {
    let world = open_to_nobody();
    let mut open = with_cores("exec \"$0\"", "cat".as_ref())
        .current_dir(world.path("elsewhere"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .env("PLANTED", FILE_KEY)
        .spawn()
        .unwrap();
    // `sh` is `cat` once it gives back what it gets.
    open.stdin.as_mut().unwrap().write_all(b"?").unwrap();
    open.stdout.as_mut().unwrap().read_exact(&mut [0]).unwrap();
    let holds_it = |bytes: &[u8]| Search::of(&[FILE_KEY]).find(bytes).is_some();
    let environ = as_user("cat").arg(format!("/proc/{}/environ", open.id())).output().unwrap();
    assert!(holds_it(&environ.stdout), "{environ:?}");
    let ended = strike_down(&mut open);
    // Where cores go elsewhere, or none may be had, the facts of the test above have to do.
    let pattern = fs::read_to_string("/proc/sys/kernel/core_pattern").unwrap();
    if !pattern.starts_with(['|', '/', '@']) && getrlimit(Resource::Core).maximum != Some(0) {
        assert!(ended.core_dumped(), "{ended}");
        assert!(cores(&world).iter().any(|core| holds_it(core)));
    }
}

/// A world that the ordinary user may enter, and `elsewhere` in it theirs, so that a core can be written there.
fn open_to_nobody() -> World {
    let world = World::new();
    for dir in ["", "home", "home/.aws", "run"] {
        fs::set_permissions(world.path(dir), fs::Permissions::from_mode(0o755)).unwrap();
    }
    let _ = chown(world.path("elsewhere"), Some(NOBODY), None);
    world
}

/// A script of sh as an ordinary user who wants cores of any size. `$0` is the program.
fn with_cores(script: &str, program: &Path) -> Command {
    let mut command = as_user("sh");
    command.args(["-c", &format!("ulimit -Sc \"$(ulimit -Hc)\"; {script}")]).arg(program);
    command
}

/// By a signal that asks for a core.
fn strike_down(child: &mut Child) -> ExitStatus {
    kill_process(Pid::from_child(child), Signal::ABORT).unwrap();
    let ended = child.wait().unwrap();
    assert_eq!(ended.signal(), Some(Signal::ABORT.as_raw()), "{ended}");
    ended
}

/// What the kernel wrote where these processes were.
fn cores(world: &World) -> Vec<Vec<u8>> {
    let files = fs::read_dir(world.path("elsewhere")).unwrap();
    files.map(|file| fs::read(file.unwrap().path()).unwrap()).collect()
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
        .stderr(Stdio::null())
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
