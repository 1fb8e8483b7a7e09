//! What an agent lends is renewed in time, for whoever asks and while nobody does.

use std::fs;

use awsenv_sandbox::Fault;
use serde_json::json;

use super::{Agents, FILE, door, in_acme, minutes, world};
use crate::cloud::{self, DEADLINE, ONE, operations, sandbox};
use crate::pki;
use crate::shell::Kind;
use crate::world::installed;

#[test]
fn a_program_goes_on_across_a_new_certificate_and_no_new_identity() {
    if !installed("openssl") {
        return;
    }
    let (world, sandbox) = pki::world();
    let world = Agents(world);
    let file = format!("deliver = \"endpoint\"\n{}", pki::pin("edge.pem", "edge.key"));
    world.write("acme/.awsenv", &file);
    world.allow("acme");
    let mut shell = in_acme(&world);
    let own = door(&shell);
    let first = own.ask().1["AccessKeyId"].clone();
    pki::leaf(&world, "edge", pki::P384, "between", pki::NOW);
    // The old session is good for long, and not this certificate's.
    let second = own.ask().1["AccessKeyId"].clone();
    assert!(second.is_string() && second != first, "{second}");
    let signers: Vec<_> = sandbox.calls().into_iter().map(|call| call.signer.unwrap()).collect();
    assert!(signers.len() == 2 && signers[0] != signers[1], "{signers:?}");
    shell.prompt();
    assert_eq!(door(&shell), own);
    assert_eq!(own.ask().1["AccessKeyId"], second);
    // The same files for something else.
    world.write("acme/.awsenv", &file.replace(":profile/0", ":profile/1"));
    world.allow("acme");
    pki::leaf(&world, "edge", pki::P256, "between", pki::NOW);
    let (status, answer) = own.ask();
    assert!(status != 200 && answer.to_string().contains("has changed"), "{status} {answer}");
    assert_eq!(operations(&sandbox).len(), 2);
}

#[test]
fn what_ends_soon_is_renewed_before_it_is_given_out() {
    let sandbox = sandbox();
    let world = world(&sandbox);
    let mut shell = in_acme(&world);
    let door = door(&shell);
    let first = door.key();
    // The agent sees by itself that it is older.
    let gate = sandbox.gate("AssumeRole");
    cloud::age(&world, minutes(50));
    assert_eq!(door.key(), first, "nobody waits");
    drop(gate);
    let second = door.key_after(&first);
    cloud::age(&world, minutes(56));
    let third = door.key();
    assert_ne!(third, second);
    cloud::age(&world, minutes(70));
    assert_ne!(door.key(), third);
    assert_eq!(operations(&sandbox), ["AssumeRole"; 4]);
    assert_eq!(super::door(shell.prompt()), door, "the shell's own way to it is the same");
}

/// No prompt comes, and no program asks either: it is the agent that sees to what is in use.
#[test]
fn what_a_program_uses_is_renewed_while_nobody_asks() {
    let sandbox = sandbox();
    let world = world(&sandbox);
    door(&in_acme(&world)).key();
    cloud::age(&world, minutes(50));
    sandbox.wait_for("AssumeRole", 2, DEADLINE);
    cloud::renewals_end(&world);
    assert_eq!(cloud::sessions(&world).len(), 1);
    assert_eq!(operations(&sandbox), ["AssumeRole"; 2]);
}

#[test]
fn a_failure_is_told_and_not_tried_again_at_once() {
    let sandbox = sandbox();
    let world = Agents(cloud::pinned(&sandbox, FILE).env("AWS_MAX_ATTEMPTS", "1"));
    let door = door(&in_acme(&world));
    door.key();
    sandbox.fault("AssumeRole", 1, Fault::error(400, "ValidationError"));
    cloud::age(&world, minutes(70));
    let (status, answer) = door.ask();
    let message = answer["Message"].as_str().unwrap();
    assert_eq!((status, &answer["Code"]), (503, &json!("NotRenewed")), "{message}");
    assert!(message.starts_with(&format!("awsenv: cannot assume {ONE}: ")), "{message}");
    cloud::pauses_end(&world, &cloud::in_an_hour());
    assert_eq!(door.ask(), (status, answer));
    assert_eq!(operations(&sandbox).len(), 2);
    cloud::exec(&world, "one");
    door.key();
}

#[test]
fn a_session_that_takes_its_time_keeps_nobody_from_another() {
    let sandbox = sandbox();
    let world = world(&sandbox);
    world.write("beta/.awsenv", "profile = \"base\"\ndeliver = \"endpoint\"\n");
    world.allow("beta");
    let (mut shell, mut other) = (world.shell(Kind::Bash), world.shell(Kind::Bash));
    shell.cd("acme");
    other.cd("beta");
    let (slow, quick) = (door(&shell), door(&other));
    quick.key();
    cloud::age(&world, minutes(70));
    let gate = sandbox.gate("AssumeRole");
    std::thread::scope(|scope| {
        let asking: Vec<_> = (0..40).map(|_| scope.spawn(|| slow.key())).collect();
        gate.wait_for(1, DEADLINE);
        quick.key();
        drop(gate);
        let keys: Vec<_> = asking.into_iter().map(|asking| asking.join().unwrap()).collect();
        assert!(keys.iter().all(|key| *key == keys[0]));
    });
    assert_eq!(operations(&sandbox).iter().filter(|call| *call == "AssumeRole").count(), 2);
}

/// The shells are told when there is something new, not each time a program asks.
#[test]
fn a_failure_that_pauses_is_left_in_peace_by_programs_that_ask() {
    let sandbox = sandbox();
    let world = Agents(cloud::pinned(&sandbox, FILE).env("AWS_MAX_ATTEMPTS", "1"));
    let door = door(&in_acme(&world));
    sandbox.fault("AssumeRole", 1, Fault::error(400, "ValidationError"));
    cloud::age(&world, minutes(50));
    let first = door.key();
    sandbox.wait_for("AssumeRole", 2, DEADLINE);
    cloud::renewals_end(&world);
    let token =
        || fs::read_dir(cloud::places(&world).runtime.join("g")).unwrap().next().unwrap().unwrap().path();
    let before = token();
    for _ in 0..10 {
        assert_eq!(door.key(), first);
    }
    cloud::renewals_end(&world);
    assert_eq!(token(), before);
}
