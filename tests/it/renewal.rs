//! Renewal in the background: what a prompt says and waits for, and the process that does it.

use std::fs;
use std::io::Read;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use awsenv::session::failure::FailureRecord;
use awsenv_sandbox::{Fault, Sandbox};

use crate::cloud::{self, DEADLINE, operations, renewals_end, sandbox};
use crate::shell::{Kind, Shell};
use crate::world::World;

fn world(sandbox: &Sandbox) -> World {
    cloud::pinned(sandbox, "profile = \"one\"\n")
}

#[track_caller]
fn is_closed(shell: &Shell<'_>, sentence: &str) {
    assert_eq!(shell.get("AWS_ACCESS_KEY_ID"), None);
    assert_eq!(shell.get("AWS_SECRET_ACCESS_KEY"), None);
    assert_eq!(shell.get("AWS_SESSION_TOKEN"), None);
    assert_eq!(shell.get("AWS_PROFILE"), Some(sentence));
    assert_eq!(shell.get("AWS_EC2_METADATA_DISABLED"), Some("true"));
}

#[track_caller]
fn is_loaded(sandbox: &Sandbox, shell: &Shell<'_>) {
    let arn = cloud::identity(sandbox, &shell.env);
    assert!(arn.is_some_and(|arn| arn.contains(":assumed-role/One/")), "{:?}", shell.aws());
    assert_eq!(shell.get("AWS_PROFILE"), None);
    assert_eq!(shell.get("AWS_EC2_METADATA_DISABLED"), None);
}

#[test]
fn a_missing_session_is_fetched_and_the_prompt_waits_for_it() {
    for kind in Kind::ALL {
        let sandbox = sandbox();
        let world = world(&sandbox);
        let gate = sandbox.gate("AssumeRole");
        let mut shell = world.shell(kind);
        shell.arrive("acme");
        is_closed(&shell, "one: being renewed");
        assert_eq!(shell.notice, "");
        gate.open();
        renewals_end(&world);
        shell.wait();
        is_loaded(&sandbox, &shell);
        assert_eq!(shell.notice, "");
        assert!(shell.guard());
        assert_eq!(operations(&sandbox), ["AssumeRole"]);
        shell.arrive("");
        assert_eq!(shell.aws(), []);
    }
}

#[test]
fn a_prompt_waits_no_longer_than_it_may_and_the_session_comes_later() {
    for kind in Kind::ALL {
        let sandbox = sandbox();
        let world = world(&sandbox).settings("wait = \"300ms\"\n");
        let gate = sandbox.gate("AssumeRole");
        let mut shell = world.shell(kind);
        shell.arrive("acme").wait_impatiently();
        is_closed(&shell, "one: being renewed");
        // Whoever was held up itself does not tell what it waits for.
        let told = shell.notice.strip_prefix("awsenv: fetching one …\n").unwrap_or(&shell.notice);
        assert_eq!(told, "awsenv: one is still on its way\n");
        assert!(shell.guard(), "nothing to ask before the token changes");
        gate.open();
        renewals_end(&world);
        assert!(!shell.guard(), "the token tells that it is there");
        shell.ask();
        is_loaded(&sandbox, &shell);
        assert_eq!(operations(&sandbox), ["AssumeRole"]);
    }
}

#[test]
fn with_no_wait_there_is_no_second_phase() {
    let sandbox = sandbox();
    let world = world(&sandbox).settings("wait = \"0s\"\n");
    let mut shell = world.shell(Kind::Bash);
    shell.arrive("acme");
    is_closed(&shell, "one: being renewed");
    assert!(!shell.answer().contains("__awsenv_pending"));
    renewals_end(&world);
    shell.ask();
    is_loaded(&sandbox, &shell);
}

#[test]
fn two_shells_share_one_renewal() {
    let sandbox = sandbox();
    let world = world(&sandbox);
    let gate = sandbox.gate("AssumeRole");
    let (mut one, mut two) = (world.shell(Kind::Bash), world.shell(Kind::Fish));
    one.arrive("acme");
    two.arrive("acme");
    gate.open();
    one.wait();
    two.wait();
    is_loaded(&sandbox, &one);
    is_loaded(&sandbox, &two);
    assert_eq!(operations(&sandbox), ["AssumeRole"]);
}

#[test]
fn a_failure_is_remembered_and_tried_again_after_a_pause() {
    let sandbox = sandbox();
    sandbox.fault("AssumeRole", 1, Fault::error(403, "AccessDenied"));
    let world = world(&sandbox);
    let mut shell = world.shell(Kind::Bash);
    shell.arrive("acme").wait();
    is_closed(&shell, "one: could not be renewed, awsenv tries again");
    let what = "awsenv: cannot assume arn:aws:iam::111122223333:role/One: AssumeRole: AccessDenied: ";
    assert!(shell.notice.starts_with(what), "{}", shell.notice);
    assert_eq!(shell.notice.lines().count(), 1);
    cloud::pauses_end(&world, &cloud::in_an_hour());
    shell.ask();
    assert_eq!(shell.notice, "", "said once");
    assert_eq!(operations(&sandbox), ["AssumeRole"], "no second call at the next prompt");
    assert!(shell.looks_again().is_some(), "the guard knows when to ask again: {}", shell.answer());
    end_the_pause(&world, 1);
    shell.ask().wait();
    is_loaded(&sandbox, &shell);
    assert_eq!(shell.notice, "");
    assert_eq!(operations(&sandbox), ["AssumeRole"; 2]);
}

/// The pause after so many failures in a row, as if it were over.
#[track_caller]
fn end_the_pause(world: &World, attempts: u32) {
    assert_eq!(cloud::pauses_end(world, &cloud::long_ago()), [attempts]);
}

#[test]
fn each_failure_in_a_row_makes_the_pause_longer() {
    let sandbox = sandbox();
    sandbox.fault("AssumeRole", 9, Fault::error(403, "AccessDenied"));
    let world = world(&sandbox);
    let mut shell = world.shell(Kind::Bash);
    shell.arrive("acme").wait();
    assert!(shell.notice.contains("AccessDenied"), "{}", shell.notice);
    for attempts in 1..4 {
        end_the_pause(&world, attempts);
        shell.ask().wait();
        assert_eq!(shell.notice, "", "it is said once, however often it is tried");
    }
    end_the_pause(&world, 4);
}

#[test]
fn what_needs_a_code_is_said_once_and_refresh_brings_it() {
    let sandbox = sandbox();
    let world = cloud::pinned(&sandbox, "profile = \"careful\"\n");
    // A code of the user's is for a command that a person types.
    let world = world.env("AWSENV_MFA_CODE", "111111");
    for kind in Kind::ALL {
        let mut shell = world.shell(kind);
        shell.arrive("acme");
        if kind == Kind::Bash {
            shell.wait();
        }
        is_closed(&shell, "careful: run awsenv refresh");
        let told = shell.notice.clone();
        assert!(told.contains(": run `awsenv refresh`\n"), "{told}");
        assert_eq!(told.lines().count(), 1);
        shell.ask();
        assert_eq!(shell.notice, "", "once");
    }
    assert_eq!(sandbox.calls(), [], "nobody was asked anything");
    let mut shell = world.shell(Kind::Bash);
    shell.arrive("acme");
    world.run(["refresh"]).at("acme").environment(&shell.env).any_stderr().success();
    assert!(!shell.guard());
    shell.ask();
    assert!(cloud::identity(&sandbox, &shell.env).unwrap().contains(":assumed-role/Careful/"));
}

#[test]
fn a_session_that_ends_soon_goes_on_serving_while_the_next_is_fetched() {
    let sandbox = sandbox();
    let world = world(&sandbox);
    world.run(["refresh"]).at("acme").any_stderr().success();
    let mut shell = world.shell(Kind::Bash);
    shell.arrive("acme");
    let first = shell.get("AWS_ACCESS_KEY_ID").unwrap().to_owned();
    cloud::age(&world, Duration::from_secs(55 * 60));
    assert!(!shell.guard());
    let gate = sandbox.gate("AssumeRole");
    shell.ask();
    assert_eq!(shell.get("AWS_ACCESS_KEY_ID"), Some(&*first), "nobody waits");
    assert!(!shell.answer().contains("__awsenv_pending"));
    assert_eq!(shell.notice, "");
    gate.wait_for(1, DEADLINE);
    shell.ask();
    assert_eq!(shell.get("AWS_ACCESS_KEY_ID"), Some(&*first), "and no second call");
    gate.open();
    renewals_end(&world);
    assert!(!shell.guard());
    shell.ask();
    is_loaded(&sandbox, &shell);
    assert_ne!(shell.get("AWS_ACCESS_KEY_ID"), Some(&*first));
    assert_eq!(operations(&sandbox), ["AssumeRole"; 2]);
}

#[test]
fn a_renewal_that_fails_leaves_the_old_session_serving_to_its_end() {
    let sandbox = sandbox();
    let world = world(&sandbox);
    world.run(["refresh"]).at("acme").any_stderr().success();
    cloud::age(&world, Duration::from_secs(55 * 60));
    sandbox.fault("AssumeRole", 1, Fault::error(403, "AccessDenied"));
    let mut shell = world.shell(Kind::Bash);
    shell.arrive("acme");
    renewals_end(&world);
    cloud::pauses_end(&world, &cloud::in_an_hour());
    shell.ask();
    assert!(shell.get("AWS_ACCESS_KEY_ID").is_some());
    assert_eq!(shell.notice, "");
    assert_eq!(operations(&sandbox), ["AssumeRole"; 2], "no second try before the pause is over");
    cloud::age(&world, Duration::from_secs(5 * 60));
    shell.ask();
    is_closed(&shell, "one: could not be renewed, awsenv tries again");
}

/// A minute before it ends nobody is given it any more. A guard that was true for longer would leave it in the shell.
#[test]
fn no_pause_outlasts_a_session() {
    let sandbox = sandbox();
    let world = world(&sandbox);
    world.run(["refresh"]).at("acme").any_stderr().success();
    let mut shell = world.shell(Kind::Bash);
    let last = || cloud::sessions(&world)[0].1.end().as_second() - 60;
    shell.arrive("acme");
    assert!(shell.looks_again().unwrap() < last() - 600, "it is renewed in time");
    sandbox.fault("AssumeRole", usize::MAX, Fault::error(403, "AccessDenied"));
    cloud::age(&world, Duration::from_secs(57 * 60));
    for attempts in 1..6 {
        shell.ask();
        renewals_end(&world);
        end_the_pause(&world, attempts);
    }
    shell.ask();
    renewals_end(&world);
    shell.ask();
    let (key, _) = cloud::sessions(&world).remove(0);
    let failure = FailureRecord::load(&cloud::places(&world), &key).unwrap();
    let pause = failure.pause_until(awsenv::clock::now()).unwrap();
    assert!(pause.as_second() > last(), "{pause} is before {}", last());
    assert!(shell.get("AWS_ACCESS_KEY_ID").is_some());
    assert_eq!(shell.looks_again(), Some(last()));
}

#[test]
fn an_ended_session_is_given_to_nobody() {
    for kind in Kind::ALL {
        let sandbox = sandbox();
        let world = world(&sandbox);
        world.run(["refresh"]).at("acme").any_stderr().success();
        let mut shell = world.shell(kind);
        shell.arrive("acme");
        is_loaded(&sandbox, &shell);
        let gate = sandbox.gate("AssumeRole");
        cloud::age(&world, Duration::from_secs(3600));
        shell.ask();
        is_closed(&shell, "one: being renewed");
        gate.open();
        shell.wait();
        is_loaded(&sandbox, &shell);
    }
}

/// Processes that run `awsenv renew` for this world.
fn renewing(world: &World) -> Vec<PathBuf> {
    let mine = world.at("acme").into_os_string().into_encoded_bytes();
    let is_ours = |process: &PathBuf| {
        let command = fs::read(process.join("cmdline")).unwrap_or_default();
        let words: Vec<_> = command.split(|byte| *byte == 0).collect();
        words.get(1) == Some(&&b"renew"[..]) && words.contains(&&mine[..])
    };
    fs::read_dir("/proc").unwrap().map(|entry| entry.unwrap().path()).filter(is_ours).collect()
}

#[test]
fn a_renewal_is_of_its_own_session_at_the_root_and_keeps_nothing_of_the_shells_open() {
    let sandbox = sandbox();
    let world = world(&sandbox);
    let gate = sandbox.gate("AssumeRole");
    let shell = {
        let mut shell = world.shell(Kind::Bash);
        shell.pwd = world.at("acme");
        shell
    };
    // The shell has a pipe open that its children inherit, as scripts do with `exec 9>…`.
    let (mut reader, writer) = std::io::pipe().unwrap();
    let command = shell.question().command();
    let arguments: Vec<_> = command.get_args().map(std::ffi::OsStr::to_owned).collect();
    let mut with_pipe = world.command("sh");
    with_pipe.args(["-c", "exec 9>&1 1>/dev/null; exec \"$0\" \"$@\"", crate::run::PROGRAM]).args(arguments);
    with_pipe.stdout(writer).current_dir(world.at("acme"));
    assert!(with_pipe.status().unwrap().success());
    drop(with_pipe);
    gate.wait_for(1, DEADLINE);

    let [process] = &renewing(&world)[..] else { panic!("{:?}", renewing(&world)) };
    let stat = fs::read_to_string(process.join("stat")).unwrap();
    let fields: Vec<_> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    let pid = process.file_name().unwrap().to_str().unwrap();
    assert_eq!((fields[2], fields[3]), (pid, pid), "process group and session");
    // Others may not look into it unless they are root.
    if let Ok(directory) = fs::read_link(process.join("cwd")) {
        assert_eq!(directory, PathBuf::from("/"));
    }
    cloud::within_deadline("the pipe is still open", move || reader.read_to_end(&mut Vec::new()).unwrap());
    assert_eq!(renewing(&world).len(), 1, "nor does it end for that");
    assert_eq!(operations(&sandbox), [""; 0], "it is still at the gate");
}

#[test]
fn a_renewal_that_is_killed_holds_nothing() {
    let sandbox = sandbox();
    let world = world(&sandbox);
    let gate = sandbox.gate("AssumeRole");
    let mut shell = world.shell(Kind::Bash);
    shell.arrive("acme");
    gate.wait_for(1, DEADLINE);
    let [process] = &renewing(&world)[..] else { panic!("{:?}", renewing(&world)) };
    let pid: i32 = process.file_name().unwrap().to_str().unwrap().parse().unwrap();
    let pid = rustix::process::Pid::from_raw(pid).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    renewals_end(&world);
    gate.open();
    // Nobody is left to change the token: the guard asks again after a while.
    assert!(shell.guard() && shell.answer().contains("EPOCHSECONDS <"), "{}", shell.answer());
    shell.ask().wait();
    is_loaded(&sandbox, &shell);
}

#[test]
fn a_renewal_that_comes_too_late_finds_the_session_and_asks_nobody() {
    let sandbox = sandbox();
    let world = world(&sandbox);
    world.run(["refresh"]).at("acme").any_stderr().success();
    let [(key, _)] = &cloud::sessions(&world)[..] else { panic!("there is one session") };
    let renew = || world.run(["renew", key.name()]).arg(world.at("acme")).success();
    renew();
    assert_eq!(operations(&sandbox), ["AssumeRole"]);
    cloud::age(&world, Duration::from_secs(55 * 60));
    renew();
    assert_eq!(operations(&sandbox), ["AssumeRole"; 2]);
}

#[test]
fn a_renewal_that_comes_right_after_a_failure_asks_nobody() {
    let sandbox = sandbox();
    sandbox.fault("AssumeRole", 1, Fault::error(403, "AccessDenied"));
    let world = world(&sandbox);
    let mut shell = world.shell(Kind::Bash);
    shell.arrive("acme").wait();
    let failures = fs::read_dir(cloud::places(&world).state.join("failures")).unwrap();
    let [session] = &failures.map(|entry| entry.unwrap().file_name()).collect::<Vec<_>>()[..] else {
        panic!("one session failed")
    };
    world.run(["renew", session.to_str().unwrap()]).arg(world.at("acme")).success();
    assert_eq!(operations(&sandbox), ["AssumeRole"]);
}

#[test]
fn thirty_shells_that_lack_one_session_make_one_call() {
    let sandbox = sandbox();
    let world = world(&sandbox);
    let ask = |phase: &'static [&'static str]| {
        let mut shell = world.shell(Kind::Bash);
        shell.pwd = world.at("acme");
        let mut command = shell.question().command();
        command.args(phase).stdin(Stdio::null()).spawn().unwrap()
    };
    let shells: Vec<_> = (0..30).flat_map(|_| [ask(&[]), ask(&["wait"])]).collect();
    for shell in shells {
        assert!(shell.wait_with_output().unwrap().status.success());
    }
    renewals_end(&world);
    assert_eq!(operations(&sandbox), ["AssumeRole"]);
}

#[test]
fn a_refresh_beside_a_renewal_takes_what_that_gets() {
    let sandbox = sandbox();
    let world = world(&sandbox);
    world.run(["refresh"]).at("acme").any_stderr().success();
    cloud::age(&world, Duration::from_secs(55 * 60));
    let gate = sandbox.gate("AssumeRole");
    let mut shell = world.shell(Kind::Bash);
    shell.arrive("acme");
    gate.wait_for(1, DEADLINE);
    let (mut refresh, line) = refresh_that_tells(&world);
    // It says that it waits, so it has seen the lock.
    assert_eq!(line, cloud::WAITS.replace("careful", "one"));
    gate.open();
    let status = cloud::within_deadline("refresh waits", move || refresh.wait().unwrap());
    assert!(status.success());
    renewals_end(&world);
    assert_eq!(operations(&sandbox), ["AssumeRole"; 2], "one call for both");
    world.run(["refresh"]).at("acme").any_stderr().success();
    assert_eq!(operations(&sandbox), ["AssumeRole"; 3], "with nobody beside it, it asks");
}

#[test]
fn a_refresh_that_takes_a_while_says_so() {
    let sandbox = sandbox();
    let world = world(&sandbox);
    let gate = sandbox.gate("AssumeRole");
    let (mut refresh, line) = refresh_that_tells(&world);
    assert_eq!(line, "awsenv: fetching one …\n");
    gate.open();
    let status = cloud::within_deadline("refresh waits", move || refresh.wait().unwrap());
    assert!(status.success());
}

/// `awsenv refresh`, under way, and the first line that it says.
fn refresh_that_tells(world: &World) -> (std::process::Child, String) {
    let mut refresh = world.run(["refresh"]).at("acme").command().spawn().unwrap();
    let mut told = std::io::BufReader::new(refresh.stderr.take().unwrap());
    let mut line = String::new();
    std::io::BufRead::read_line(&mut told, &mut line).unwrap();
    (refresh, line)
}

#[test]
fn with_broken_settings_no_renewal_starts_and_mending_them_is_enough() {
    let sandbox = sandbox();
    let world = world(&sandbox).settings("wiat = \"1s\"\n");
    for kind in Kind::ALL {
        let mut shell = world.shell(kind);
        shell.arrive("acme");
        is_closed(&shell, "one: the settings have a mistake, run awsenv status");
        assert_eq!(shell.notice, "awsenv: $HOME/.config/awsenv/config.toml:1: wiat: unknown key\n");
        assert!(shell.guard());
    }
    assert_eq!(sandbox.calls(), []);
    let mut shell = world.shell(Kind::Bash);
    shell.arrive("acme");
    world.write(".config/awsenv/config.toml", "wait = \"1s\"\n");
    assert!(!shell.guard());
    shell.ask().wait();
    is_loaded(&sandbox, &shell);
    // One that ends soon serves to its end.
    cloud::age(&world, Duration::from_secs(55 * 60));
    world.write(".config/awsenv/config.toml", "wiat = \"2s\"\n");
    let [(key, _)] = &cloud::sessions(&world)[..] else { panic!("there is one session") };
    let lock = cloud::places(&world).state.join("sessions").join(format!("{}.lock", key.name()));
    renewals_end(&world);
    fs::remove_file(&lock).unwrap();
    shell.ask();
    is_loaded(&sandbox, &shell);
    assert!(!lock.exists(), "no renewal has started");
}
