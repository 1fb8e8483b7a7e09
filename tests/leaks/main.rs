//! Secrets are planted, everything is run, and everything that comes out is searched for them: what is shown,
//! what is kept, what other processes could see. Faults are planted too, so that the search itself is tested.
#![allow(clippy::unwrap_used, reason = "a test")]

mod calls;
mod console;
mod processes;
mod roles_anywhere;
mod search;
mod shells;
mod sso;
mod tour;
mod web_console;
mod world;

use search::Evidence;
use tour::{PLANTED, everything};
use world::{SLIP, World};

fn assert_clean(evidence: &[Evidence]) {
    let leaks = everything().leaks(evidence);
    assert!(leaks.is_empty(), "secrets were found:\n{}", leaks.join("\n"));
}

#[test]
fn no_command_shows_keeps_or_passes_on_a_secret() {
    let world = World::new();
    let mut evidence = tour::commands(&world);
    evidence.extend(tour::mistakes(&world));
    evidence.extend(world.files(&PLANTED));
    assert!(evidence.len() > 500, "{}", evidence.len());
    assert_clean(&evidence);
}

#[test]
fn what_is_meant_to_hold_secrets_holds_no_others() {
    let world = World::new();
    let mut evidence = tour::commands(&world);
    let (beside, wrong) = tour::answers(&world);
    evidence.extend(beside);
    assert_eq!(wrong, [""; 0]);
    assert_clean(&evidence);
}

#[test]
fn keys_come_into_the_keychain_and_out_of_it_without_a_trace() {
    let world = World::new();
    let (mut evidence, keys) = tour::keys(&world);
    evidence.extend(world.files(&[&PLANTED[..], &tour::PLANTED_KEYS].concat()));
    assert_clean(&evidence);
    assert!(keys.contains(world::SLIP), "they were there: {keys}");
    let credentials = std::fs::read_to_string(world.path("home/.aws/credentials")).unwrap();
    assert!(credentials.contains("[other]\n[half]\n"), "others were moved");
    world.awsenv("elsewhere", &["key", "remove", "ci", "--yes"], &world.env());
}

#[test]
fn no_shell_traces_keeps_or_passes_on_a_secret() {
    let world = World::new();
    tour::commands(&world);
    let mut evidence = shells::sessions(&world);
    evidence.extend(world.files(&PLANTED));
    assert_clean(&evidence);
    assert!(
        world.path("state/awsenv/aside").read_dir().is_ok_and(|mut dir| dir.next().is_some()),
        "originals were set aside, sealed"
    );
}

/// Each way to leak, planted: the same tour must find it, in the place where it is.
#[test]
fn the_search_finds_what_is_planted() {
    const RUN: &str = "\"$AWSENV\" \"$@\"";
    let faults = [
        ("stderr", format!("echo {SLIP} >&2\n{RUN}")),
        ("stdout", format!("echo {SLIP}\n{RUN}")),
        ("argv", format!("/bin/true {SLIP}\n{RUN}")),
        (
            "file run/awsenv/kept",
            format!(
                "mkdir -p $XDG_RUNTIME_DIR/awsenv\necho {SLIP} | base64 >$XDG_RUNTIME_DIR/awsenv/kept\n{RUN}"
            ),
        ),
        (
            "file state/",
            format!(
                "mkdir -p $XDG_STATE_HOME\ntouch $XDG_STATE_HOME/$(printf %s {SLIP} | od -An -tx1 | tr -d ' \\n')\n{RUN}"
            ),
        ),
    ];
    for (place, script) in faults {
        let world = World::leaking(&script);
        let mut evidence = world.awsenv("elsewhere", &["status"], &world.env()).evidence();
        evidence.extend(world.files(&PLANTED));
        assert_found(&evidence, place);
    }
    let answers = [
        ("guard", format!("{RUN}\nprintf '%s\\n' '__awsenv_ok() {{ [ x = {SLIP} ]; }}'")),
        ("state", format!("{RUN} | sed 's,1:on:,1:on:{SLIP} ,'")),
    ];
    for (place, script) in answers {
        let world = World::leaking(&script);
        tour::commands(&world);
        assert_found(&tour::answers(&world).0, place);
    }
}

/// The hook is where a trace, a helper variable or an argument would come from.
#[test]
fn the_search_finds_what_a_shell_lets_slip() {
    let after_hook =
        |fault: &str| format!("\"$AWSENV\" \"$@\"\n[ \"$1\" != hook ] || printf '%s\\n' '{fault}'");
    for (fault, place) in [
        ("__awsenv_kept=$AWS_SECRET_ACCESS_KEY", "bash stdout"),
        ("__awsenv_moved() { __awsenv_check; set -x; eval \"v=$AWS_SECRET_ACCESS_KEY\"; }", "bash stderr"),
        ("__awsenv_moved() { __awsenv_check; /bin/true \"$AWS_SECRET_ACCESS_KEY\"; }", "bash argv"),
    ] {
        let world = World::leaking(&after_hook(fault));
        tour::commands(&world);
        assert_found(&shells::session(&world, &world.env(), "bash", "acme", shells::LOADED), place);
    }
}

fn assert_found(evidence: &[Evidence], place: &str) {
    let leaks = everything().leaks(evidence);
    assert!(leaks.iter().any(|leak| leak.contains(place)), "not found in {place}: {leaks:?}");
}
