//! `key rotate`: whatever fails, and whenever it is cut off, the keychain holds keys that AWS honours, and the same
//! command goes on.

use std::process::Stdio;

use awsenv::env::Env;
use awsenv_sandbox::{Fault, Sandbox, Scenario, User};
use rustix::process::Signal;

use crate::cloud::{self, DEADLINE, ME, MFA, identity, operations, sandbox, within_deadline};
use crate::files::{below, killed};
use crate::keys::add;
use crate::run::{code, signal};
use crate::shell::Kind;
use crate::world::{World, installed};

/// Those of a rotation without a fault.
const STEPS: [&str; 8] = [
    "GetCallerIdentity",
    "ListAccessKeys",
    "CreateAccessKey",
    "GetCallerIdentity",
    "UpdateAccessKey",
    "ListAccessKeys",
    "DeleteAccessKey",
    "ListAccessKeys",
];

/// A home with the keys `ci` of [`ME`].
fn world(sandbox: &Sandbox) -> World {
    let world = cloud::world(sandbox)
        .env("AWS_ENDPOINT_URL_IAM", sandbox.url())
        .settings("passphrase_command = \"echo correct horse\"\n")
        .config("");
    add(&world, "ci");
    world
}

/// The keys themselves, as the keychain has them.
#[track_caller]
fn held(world: &World) -> Env {
    world.run(["exec", "ci", "--no-session", "--", "env"]).any_stdout().success().variables()
}

/// The keychain has keys that AWS honours: their id.
#[track_caller]
fn working(sandbox: &Sandbox, world: &World) -> String {
    let held = held(world);
    assert_eq!(identity(sandbox, &held).as_deref(), Some(ME), "{:?}", sandbox.access_keys(ME));
    held.text("AWS_ACCESS_KEY_ID").unwrap().to_owned()
}

/// The access key that is not this one.
fn other(sandbox: &Sandbox, id: &str) -> Option<(String, bool)> {
    sandbox.access_keys(ME).into_iter().find(|(other, _)| other != id)
}

/// Rotates until it is done, deleting by hand what the hint says is to be deleted by hand; then there is one key.
#[track_caller]
fn ends_well(sandbox: &Sandbox, world: &World, what: &str) {
    let output = world.run(["key", "rotate", "ci"]).command().output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    if !output.status.success() {
        let id = working(sandbox, world);
        let (lost, is_active) = other(sandbox, &id).unwrap_or_else(|| panic!("{what}: {told}"));
        assert!(is_active && told.contains(&format!("{lost} (active, ")), "{what}: {told}");
        assert!(told.contains(&format!("aws iam delete-access-key --access-key-id {lost}`\n")), "{told}");
        sandbox.delete_access_key(&lost);
        world.run(["key", "rotate", "ci"]).any_stderr().success();
    }
    let id = working(sandbox, world);
    assert_eq!(sandbox.access_keys(ME), [(id, true)], "{what}: {told}");
}

#[test]
fn new_keys_take_the_place_of_the_old() {
    let sandbox = sandbox();
    let world = world(&sandbox);
    let before = operations(&sandbox).len();
    let told = world.run(["key", "rotate", "ci"]).any_stderr().success().stderr;
    let new = working(&sandbox, &world);
    assert_eq!(
        told,
        format!(
            "awsenv: created {new} beside AKIAME; waiting until AWS answers to it\n\
             awsenv: ci is {new} now; AKIAME is deleted\n"
        )
    );
    assert_eq!(operations(&sandbox)[before..], STEPS);
    assert_eq!(sandbox.access_keys(ME), [(new.clone(), true)]);
    let signers: Vec<_> = sandbox.calls()[before..].iter().map(|call| call.signer.clone().unwrap()).collect();
    let (old, by) = ("AKIAME", new.as_str());
    assert_eq!(signers, [old, old, old, by, by, by, by, by]);
    let listed = world.run(["key", "list", "--json"]).any_stdout().success().json();
    assert_eq!(
        (&listed[0]["access_key_id"], &listed[0]["replaces"]),
        (&new.into(), &serde_json::Value::Null)
    );
    assert_eq!(listed[0]["account"], "111122223333");
    ends_well(&sandbox, &world, "again");
}

#[test]
fn the_new_secret_is_in_no_file_and_in_no_log() {
    let sandbox = sandbox();
    let world = world(&sandbox);
    let log = world.run(["key", "rotate", "ci"]).env("AWSENV_LOG", "trace").any_stderr().success().stderr;
    assert!(log.contains("CreateAccessKey in ") && log.contains("HTTP 200"), "{log}");
    let held = held(&world);
    let secret = held.text("AWS_SECRET_ACCESS_KEY").unwrap();
    assert!(!log.contains(secret) && secret.len() == 40);
    for path in below(&world.home()).iter().filter(|path| path.is_file()) {
        let bytes = std::fs::read(path).unwrap();
        let found = bytes.windows(secret.len()).any(|part| part == secret.as_bytes());
        assert!(!found, "{}", path.display());
    }
}

#[test]
fn open_shells_change_to_the_new_keys() {
    let sandbox = sandbox();
    let world = world(&sandbox)
        .file("acme/.awsenv", "[keys]\nname = \"ci\"\n")
        .file("bare/.awsenv", "[keys]\nname = \"ci\"\nsession = false\n")
        .allowed("acme")
        .allowed("bare");
    let mut shells = Vec::new();
    for directory in ["acme", "bare"] {
        world.run(["refresh"]).at(directory).any_stderr().success();
        let mut shell = world.shell(Kind::Bash);
        shell.cd(directory);
        let before = shell.get("AWS_ACCESS_KEY_ID").unwrap().to_owned();
        shells.push((shell, before));
    }
    world.run(["key", "rotate", "ci"]).any_stderr().success();
    for (mut shell, before) in shells {
        assert!(!shell.guard());
        shell.ask();
        cloud::renewals_end(&world);
        shell.wait();
        assert_eq!(identity(&sandbox, &shell.env).as_deref(), Some(ME), "{:?}", shell.aws());
        assert_ne!(shell.get("AWS_ACCESS_KEY_ID"), Some(before.as_str()), "no session of the old keys");
    }
}

#[test]
fn keys_that_are_young_enough_stay() {
    let sandbox = sandbox();
    let world = world(&sandbox);
    world
        .run(["key", "rotate", "ci", "--if-older-than", "101d"])
        .stderr("awsenv: ci: AKIAME is 100d0h old, and stays\n")
        .success();
    assert_eq!(working(&sandbox, &world), "AKIAME");
    world.run(["key", "rotate", "ci", "--if-older-than", "90d"]).any_stderr().success();
    let new = working(&sandbox, &world);
    world.run(["key", "rotate", "ci", "--if-older-than", "90d"]).any_stderr().success();
    assert_eq!(working(&sandbox, &world), new);
    world
        .run(["key", "rotate", "ci", "--if-older-than", "soon"])
        .stderr("awsenv: soon: write a duration like 1h, 1h30m or 90s\n")
        .exits(2);
}

#[test]
fn the_old_key_may_stay_inactive_and_is_in_the_way_of_the_next() {
    let sandbox = sandbox();
    let world = world(&sandbox);
    world.run(["key", "rotate", "ci", "--keep-old"]).any_stderr().success();
    let new = working(&sandbox, &world);
    assert_eq!(sandbox.access_keys(ME), [("AKIAME".into(), false), (new.clone(), true)]);
    let before = operations(&sandbox).len();
    let told = world.run(["key", "rotate", "ci"]).any_stderr().exits(1).stderr;
    let start = format!(
        "awsenv: ci was not rotated: AWS allows two access keys, and beside {new} there is AKIAME (inactive, 100d0h old, \
         last used "
    );
    let end = "s ago for sts)\n\
               awsenv: hint: if nobody needs AKIAME: `awsenv exec ci --no-session -- aws iam delete-access-key \
               --access-key-id AKIAME`\n";
    assert!(told.starts_with(&start) && told.ends_with(end), "{told}");
    let made = ["GetCallerIdentity", "ListAccessKeys", "GetAccessKeyLastUsed"];
    assert_eq!(operations(&sandbox)[before..], made, "refused before anything was created");
}

#[test]
fn a_key_that_iam_has_created_and_others_do_not_know_yet_is_waited_for() {
    let sandbox = sandbox();
    let world = world(&sandbox);
    let before = operations(&sandbox).len();
    sandbox.delay_new_keys(3);
    world.run(["key", "rotate", "ci"]).any_stderr().success();
    let asked = operations(&sandbox)[before..].iter().filter(|call| *call == "GetCallerIdentity").count();
    assert_eq!(asked, 1 + 3 + 1);
    assert_eq!(sandbox.access_keys(ME), [(working(&sandbox, &world), true)]);
}

/// A user to whose keys a device belongs, and whose policy denies IAM without it.
#[test]
fn one_code_is_enough_where_a_policy_asks_for_mfa() {
    let user = User { careful: true, ..User::new(ME, "AKIAME", "me/secret").mfa(MFA, &["111111"]) };
    let sandbox = Sandbox::start(Scenario::default().user(user));
    let world = world(&sandbox);
    let told = world.run(["key", "rotate", "ci"]).any_stderr().exits(1).stderr;
    assert!(told.starts_with("awsenv: ci was not rotated: ListAccessKeys: AccessDenied: "), "{told}");
    assert!(told.contains("hint: your policies must allow iam:ListAccessKeys on your own user"), "{told}");
    let json = crate::keys::JSON;
    let with_device = ["key", "add", "ci", "--stdin", "--replace", "--mfa-serial", MFA];
    world.run(with_device).stdin(json).any_stderr().success();
    let rotate = || world.run(["key", "rotate", "ci"]).any_stderr();
    let told = rotate().exits(3).stderr;
    assert!(told.contains(&format!("the MFA device {MFA} wants a code, and there is no terminal")), "{told}");
    rotate().env("AWSENV_MFA_CODE", "111111").success();
    assert_eq!(sandbox.access_keys(ME), [(working(&sandbox, &world), true)]);
    let codes = sandbox.calls().iter().filter(|call| call.operation == "GetSessionToken").count();
    assert_eq!(codes, 1);
}

#[test]
fn whatever_fails_at_whatever_step_the_keychain_has_keys_that_work() {
    let faults = || {
        [
            Fault::error(500, "ServiceFailure"),
            Fault::error(403, "AccessDenied"),
            Fault::Reset,
            Fault::Html(200),
            Fault::Html(503),
            Fault::Malformed,
            Fault::error(500, "ServiceFailure").late(),
            Fault::Reset.late(),
        ]
    };
    std::thread::scope(|scope| {
        for step in 0..STEPS.len() {
            scope.spawn(move || {
                for fault in faults() {
                    // Once, and as often as it is tried.
                    for times in [1, 3] {
                        at_a_step(step, fault.clone(), times);
                    }
                }
            });
        }
    });
}

fn at_a_step(step: usize, fault: Fault, times: usize) {
    let what = format!("{times} × {fault:?} at step {step}, {}", STEPS[step]);
    let sandbox = sandbox();
    let world = world(&sandbox);
    let earlier = STEPS[..step].iter().filter(|earlier| **earlier == STEPS[step]).count();
    sandbox.fault(STEPS[step], earlier, Fault::None);
    sandbox.fault(STEPS[step], times, fault);
    let output = world.run(["key", "rotate", "ci"]).command().output().unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    let id = working(&sandbox, &world);
    if output.status.success() {
        assert!(id != "AKIAME" && other(&sandbox, &id).is_none(), "{what}: {told}");
    } else if id == "AKIAME" {
        assert!(told.contains("awsenv: ci was not rotated: "), "{what}: {told}");
        assert_eq!(other(&sandbox, &id), None, "{what}: rolled back: {told}");
    } else {
        assert!(told.contains(&format!("ci is {id} now, and AWS may still have AKIAME")), "{what}: {told}");
        assert!(told.ends_with("hint: `awsenv key rotate ci` finishes it\n"), "{what}: {told}");
    }
    sandbox.forget_faults();
    ends_well(&sandbox, &world, &what);
}

#[test]
fn without_a_way_to_aws_the_new_key_is_kept_until_there_is_one() {
    let sandbox = sandbox();
    let world = world(&sandbox);
    sandbox.fault("GetCallerIdentity", 1, Fault::None);
    sandbox.fault("GetCallerIdentity", 3, Fault::Reset);
    sandbox.fault("DeleteAccessKey", 3, Fault::Reset);
    let told = world.run(["key", "rotate", "ci"]).any_stderr().exits(1).stderr;
    assert_eq!(working(&sandbox, &world), "AKIAME");
    let (new, _) = other(&sandbox, "AKIAME").unwrap();
    assert!(
        told.contains(&format!(
            "awsenv: ci was not rotated: AKIAME works as before; {new} is kept beside it: {new}: GetCallerIdentity: "
        )),
        "{told}"
    );
    assert!(told.ends_with("awsenv: hint: `awsenv key rotate ci` goes on with it\n"), "{told}");
    world
        .run(["key", "rotate", "ci"])
        .stderr(format!(
            "awsenv: {new} is there from a rotation that was cut off, which goes on now\n\
             awsenv: ci is {new} now; AKIAME is deleted\n"
        ))
        .success();
    assert_eq!((working(&sandbox, &world), sandbox.access_keys(ME).len()), (new, 1));
}

#[test]
fn a_new_key_that_cannot_be_stored_is_deleted_again() {
    let sandbox = sandbox();
    let world = world(&sandbox);
    let gate = sandbox.gate("CreateAccessKey");
    let mut rotate = world.run(["key", "rotate", "ci"]).start();
    gate.wait_for(1, DEADLINE);
    // Somebody damages the file meanwhile.
    let file = world.at(".local/share/awsenv/keys/sealed");
    let good = std::fs::read(&file).unwrap();
    awsenv::files::write_private(&file, b"damaged").unwrap();
    gate.open();
    assert_eq!(code(within_deadline("it runs", move || rotate.wait().unwrap())), 1);
    assert_eq!(sandbox.access_keys(ME), [("AKIAME".into(), true)]);
    awsenv::files::write_private(&file, &good).unwrap();
    ends_well(&sandbox, &world, "after that");
}

/// Ctrl-C while it waits for the answer to each of its calls.
#[test]
fn an_interrupt_at_any_step_is_made_good_by_the_next_rotation() {
    for (step, call) in STEPS.iter().enumerate() {
        let sandbox = sandbox();
        let world = world(&sandbox);
        let before = step.checked_sub(1).map(|before| sandbox.gate(STEPS[before]));
        let mut rotate = world.run(["key", "rotate", "ci"]).start();
        if let Some(before) = &before {
            before.wait_for(1, DEADLINE);
        }
        // Closed only now: the first step is called a second time later.
        let gate = sandbox.gate(call);
        if let Some(before) = &before {
            before.open();
        }
        gate.wait_for(1, DEADLINE);
        signal(rotate.id(), Signal::INT);
        assert_eq!(code(within_deadline("it runs", move || rotate.wait().unwrap())), 130);
        gate.open();
        working(&sandbox, &world);
        ends_well(&sandbox, &world, call);
    }
}

/// Killed in place of each call that changes a file or is about to reach AWS.
#[test]
fn a_kill_at_any_moment_is_made_good_by_the_next_rotation() {
    if !installed("strace") {
        return;
    }
    let sandbox = sandbox();
    let world = world(&sandbox);
    let mut moments = 0;
    for call in ["write", "sendto", "recvfrom", "fdatasync", "fsync", "rename", "unlink"] {
        for nth in 1.. {
            let was_killed = killed(&world, &["key", "rotate", "ci"], Stdio::null(), call, nth);
            working(&sandbox, &world);
            ends_well(&sandbox, &world, &format!("killed at {call} {nth}"));
            if !was_killed {
                break;
            }
            moments += 1;
        }
    }
    assert!(moments > 20, "it was killed {moments} times");
}

#[test]
fn two_at_once_are_one_too_many() {
    let sandbox = sandbox();
    let world = world(&sandbox);
    let gate = sandbox.gate("CreateAccessKey");
    let mut first = world.run(["key", "rotate", "ci"]).start();
    gate.wait_for(1, DEADLINE);
    world
        .run(["key", "rotate", "ci"])
        .stderr("awsenv: keys are being rotated already\nawsenv: hint: wait until that has ended\n")
        .exits(1);
    gate.open();
    assert!(within_deadline("it runs", move || first.wait().unwrap()).success());
    assert_eq!(sandbox.access_keys(ME), [(working(&sandbox, &world), true)]);
}

#[test]
fn nothing_is_imported_into_an_unfinished_rotation() {
    let sandbox = sandbox();
    let world = world(&sandbox);
    sandbox.fault("DeleteAccessKey", 3, Fault::Reset);
    world.run(["key", "rotate", "ci"]).any_stderr().exits(1);
    let held = held(&world);
    let new = held.text("AWS_ACCESS_KEY_ID").unwrap();
    for (id, secret) in [("AKIAME", "me/secret"), (new, held.text("AWS_SECRET_ACCESS_KEY").unwrap())] {
        let text = format!("[ci]\naws_access_key_id = {id}\naws_secret_access_key = {secret}\n");
        world.write(".aws/credentials", &text);
        for import in [&["key", "import", "ci"][..], &["key", "import", "ci", "--force"]] {
            let run = import.iter().fold(world.run([]), |run, argument| run.arg(argument));
            run.stderr(format!(
                "awsenv: ci was not imported: {new} is taking the place of AKIAME, which is not finished\n\
                 awsenv: hint: `awsenv key rotate ci` finishes it\n"
            ))
            .exits(1);
        }
        assert_eq!(world.read(".aws/credentials"), text);
    }
    std::fs::remove_file(world.at(".aws/credentials")).unwrap();
    ends_well(&sandbox, &world, "after that");
}
