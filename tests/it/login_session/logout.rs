//! A logout leaves nothing of a console session.

use awsenv_sandbox::KeyForm;

use super::{MINUTE, TOLD, cached, failing};
use crate::cloud::{DEADLINE, exec, sessions, within_deadline};
use crate::console::{ME, OF_ME, keep, sandbox, signed_in};

#[test]
fn logout_forgets_the_session_and_what_stands_on_it() {
    let sandbox = sandbox();
    let world = signed_in(&sandbox, 15 * MINUTE);
    exec(&world, "deploy");
    assert_eq!(sessions(&world).len(), 2);
    world.run(["logout", "deploy"]).stderr(format!("awsenv: signed out of {ME}\n")).success();
    assert_eq!((cached(&world), sessions(&world).len()), (0, 0));
    world.run(["logout", "me"]).stderr(format!("awsenv: {ME} was not signed in\n")).success();
    assert_eq!(failing(&world), (TOLD.to_owned(), 3));
    keep(&world, &sandbox.console_session(15 * MINUTE, KeyForm::Sec1));
    exec(&world, "me");
    world
        .run(["logout", "--all"])
        .stderr("awsenv: signed out of 0 portals and 1 console session\n")
        .success();
    assert_eq!((cached(&world), sessions(&world).len()), (0, 0));
}

#[test]
fn no_trace_of_a_refresh_token_is_left() {
    let sandbox = sandbox();
    let world = signed_in(&sandbox, 15 * MINUTE);
    let whole = world.read(OF_ME);
    world.write(&format!("{OF_ME}.4711.0a0b0c0d"), &whole);
    world.run(["logout", "me"]).stderr(format!("awsenv: signed out of {ME}\n")).success();
    assert_eq!(cached(&world), 0);
    world.write(OF_ME, &whole[..whole.len() - 1]);
    let orphan = format!(".aws/login/cache/{}.json.4711.0a0b0c0d", "a".repeat(64));
    world.write(&orphan, &whole);
    world
        .run(["logout", "--all"])
        .stderr("awsenv: signed out of 0 portals and 2 console sessions\n")
        .success();
    assert_eq!(cached(&world), 0);
}

#[test]
fn what_was_on_its_way_at_the_logout_is_not_kept() {
    let sandbox = sandbox();
    let world = signed_in(&sandbox, 15 * MINUTE);
    let gate = sandbox.gate("GetCallerIdentity");
    let exec = world.run(["exec", "me", "--", "true"]).start();
    gate.wait_for(1, DEADLINE);
    world.run(["logout", "me"]).any_stderr().success();
    gate.open();
    within_deadline("exec goes on", move || exec.wait_with_output().unwrap());
    assert_eq!(sessions(&world).len(), 0);
}
