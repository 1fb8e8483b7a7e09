//! `credential_process`: keys that do not end, or do not say when. What of them is kept, and for whom.

use std::time::Duration;

use serde_json::json;

use crate::cloud::{self, exec, operations, renewals_end, sandbox};
use crate::process::{VEND, long_lived, runs, world};
use crate::shell::Kind;

/// A prompt runs no program, so that shells share what it gave, for a while.
#[test]
fn keys_without_an_end_are_kept_for_shells_alone_and_not_for_long() {
    let session = json!({"Version": 1, "AccessKeyId": "AKIAME", "SecretAccessKey": "s", "SessionToken": "t"});
    for (answer, good, over) in [(long_lived(), 9 * 60, 12 * 60), (session, 10, 15)] {
        let sandbox = sandbox();
        let world = world(&sandbox, VEND, &answer);
        let mut shell = world.shell(Kind::Bash);
        let mut enter = |expected: usize| {
            shell.cd("acme").cd("");
            renewals_end(&world);
            assert_eq!(runs(&world), expected, "{answer}");
        };
        enter(1);
        cloud::age(&world, Duration::from_secs(good * 60));
        enter(1);
        cloud::age(&world, Duration::from_secs((over - good) * 60));
        enter(2);
    }
}

#[test]
fn keys_without_an_end_are_asked_for_by_each_command() {
    let sandbox = sandbox();
    let world = world(&sandbox, VEND, &long_lived());
    let mut shell = world.shell(Kind::Bash);
    shell.cd("acme");
    assert_eq!((runs(&world), shell.get("AWS_ACCESS_KEY_ID")), (1, Some("AKIAME")));
    let others = |id: &str| {
        let mut answer = long_lived();
        answer["AccessKeyId"] = json!(id);
        world.write("answer", &answer.to_string());
    };
    others("AKIATWO");
    assert_eq!(exec(&world, "p").text("AWS_ACCESS_KEY_ID"), Some("AKIATWO"));
    assert_eq!(shell.prompt().get("AWS_ACCESS_KEY_ID"), Some("AKIATWO"), "the shell has them too");
    others("AKIATHREE");
    let printed = world.run(["credentials", "p", "--format", "process"]).any_stdout().success().stdout;
    assert!(printed.contains("AKIATHREE"), "{printed}");
    // One that gives none any more has given none: what is kept is no answer.
    world.write("answer", "");
    let told = world.run(["exec", "p", "--", "true"]).any_stderr().exits(125).stderr;
    assert!(told.contains("what it printed is no JSON object"), "{told}");
    assert_eq!(runs(&world), 4);
}

/// The role's session is kept; what it is asked for with is not.
#[test]
fn keys_without_an_end_are_asked_for_by_each_call_for_a_role() {
    let sandbox = sandbox();
    let world = world(&sandbox, VEND, &long_lived());
    for profile in ["on", "too", "on"] {
        exec(&world, profile);
    }
    assert_eq!((runs(&world), operations(&sandbox)), (2, vec!["AssumeRole".to_owned(); 2]));
}

#[test]
fn keys_of_the_year_9999_are_kept() {
    let sandbox = sandbox();
    let mut answer = long_lived();
    answer["Expiration"] = json!("9999-12-31T23:59:59Z");
    let world = world(&sandbox, VEND, &answer);
    let mut shell = world.shell(Kind::Bash);
    shell.cd("acme");
    assert_eq!((shell.get("AWS_ACCESS_KEY_ID"), shell.notice.as_str()), (Some("AKIAME"), ""));
    exec(&world, "p");
    world.run(["credentials", "p", "--format", "process"]).any_stdout().success();
    renewals_end(&world);
    assert_eq!(runs(&world), 1);
}
