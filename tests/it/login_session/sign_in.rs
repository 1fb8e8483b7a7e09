//! The sign-in itself: by a browser that comes back, or by what its page shows in the end.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

use awsenv_sandbox::{Consent, Sandbox};
use rustix::process::Signal;

use super::{MINUTE, cached, end};
use crate::cloud::{exec, operations, sessions};
use crate::console::{ME, OF_ME, kept, sandbox, signed_in, world};
use crate::portal::{self, Login, confirm, nothing_is_opened, opened, sent_to, visit};
use crate::run::signal;
use crate::terminal::Terminal;

#[test]
fn a_browser_signs_in_and_comes_back() {
    let sandbox = sandbox();
    let world = world(&sandbox);
    let login = Login::start(&world, ["me"]);
    let address = opened(&world);
    assert!(!address.contains("code_verifier"), "{address}");
    let (head, page) = visit(&sent_to(&address));
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n") && page.contains("<h1>Signed in</h1>"), "{head}");
    let (said, status) = login.end(&world);
    assert_eq!(
        (said, status),
        (
            format!(
                "awsenv: sign in to AWS as {ME} in the browser; if none opens, go to\n  {address}\nawsenv: {ME} is signed in\n"
            ),
            0
        )
    );
    let session = kept(&world);
    assert!(session["dpopKey"].as_str().unwrap().starts_with("-----BEGIN EC PRIVATE KEY-----\n"));
    for (name, value) in [
        ("clientId", "arn:aws:signin:::devtools/same-device"),
        ("tokenType", "aws_sigv4"),
        ("signInRegion", "eu-west-1"),
    ] {
        assert_eq!(session[name], value);
    }
    assert_eq!(session["accessToken"]["accountId"], "111122223333");
    let mode = fs::metadata(world.at(OF_ME)).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    exec(&world, "me");
    assert_eq!(operations(&sandbox), ["Authorize", "CreateOAuth2Token", "GetCallerIdentity"]);
    let told = format!("awsenv: {ME} is signed in already\n");
    world.run(["login", "me"]).stderr(told.clone()).success();
    end(&world);
    world.run(["login", "deploy"]).stderr(told).success();
    assert_ne!(kept(&world)["refreshToken"], session["refreshToken"], "no person was needed");
    portal::sign_in(&world, ["me", "--fresh"]);
    assert_ne!(kept(&world)["dpopKey"], session["dpopKey"]);
    assert_eq!(sessions(&world).len(), 0, "what stood on the old one");
}

#[test]
fn whoever_else_signs_in_is_not_this_profile() {
    let sandbox = sandbox();
    let world = world(&sandbox);
    let sign_in = || {
        let login = Login::start(&world, ["me"]);
        let (head, page) = confirm(&world);
        assert!(head.starts_with("HTTP/1.1 400 ") && page.contains("<h1>Not signed in</h1>"), "{head}");
        let (said, status) = login.end(&world);
        assert_eq!((status, cached(&world)), (3, 0), "{said}");
        said
    };
    sandbox.signs_in_as("arn:aws:iam::999988887777:user/you");
    let said = sign_in();
    assert!(
        said.ends_with(&format!(
            "awsenv: the browser signed in as arn:aws:iam::999988887777:user/you, and the profile is of {ME}\n\
             awsenv: hint: choose that session in the browser; `aws login --profile NAME` puts another into the profile\n"
        )),
        "{said}"
    );
    for (consent, reason) in [
        (Consent::Tampered, "its state is another one"),
        (Consent::Denied, "the sign-in was refused in the browser"),
    ] {
        sandbox.consent(consent);
        let said = sign_in();
        assert!(said.contains(reason), "{said}");
    }
    assert_eq!(operations(&sandbox).iter().filter(|call| *call == "CreateOAuth2Token").count(), 1);
}

#[test]
fn ctrl_c_at_a_fresh_sign_in_leaves_nothing_of_the_old_one() {
    let sandbox = sandbox();
    let world = signed_in(&sandbox, 15 * MINUTE);
    exec(&world, "deploy");
    let login = Login::start(&world, ["me", "--fresh"]);
    opened(&world);
    signal(login.id(), Signal::INT);
    assert_eq!(login.end(&world).1, 130);
    assert_eq!((cached(&world), sessions(&world).len()), (0, 0));
}

#[test]
fn ctrl_c_at_the_browser_leaves_nothing() {
    let sandbox = sandbox();
    let world = world(&sandbox);
    let login = Login::start(&world, ["me"]);
    opened(&world);
    signal(login.id(), Signal::INT);
    assert_eq!(login.end(&world).1, 130);
    assert_eq!((cached(&world), sandbox.calls().len()), (0, 0));
}

/// The address on the screen, and what the page shows in the end.
fn shown_at_the_end(sandbox: &Sandbox, terminal: &mut Terminal) -> String {
    terminal.wait_for("What the page shows in the end: ");
    let screen = terminal.screen();
    let address = screen.split_whitespace().find(|word| word.contains("/v1/authorize?")).unwrap();
    let (head, page) = visit(&address.replace("\r\n", ""));
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    assert!(address.contains("devtools%2Fcross-device"), "{address}");
    assert!(!sandbox.sign_in_secrets().is_empty());
    page
}

#[test]
fn over_ssh_the_person_brings_back_what_the_page_shows() {
    let sandbox = sandbox();
    let world = world(&sandbox).env("SSH_CONNECTION", "1");
    let mut terminal = Terminal::of_size(&world, &["login", "me"], 24, 2000);
    let shown = shown_at_the_end(&sandbox, &mut terminal);
    let (first, rest) = shown.split_at(20);
    terminal.type_now(&format!(" {first}  {rest}\r"));
    let (screen, status) = terminal.end();
    assert_eq!(status, 0, "{screen}");
    assert!(screen.starts_with(&format!("awsenv: this is an SSH session: sign in on any device\nawsenv: sign in to AWS as {ME} at\n  http://")), "{screen}");
    assert!(
        screen.ends_with(&format!("in the end: \n\u{1b}[Kawsenv: {ME} is signed in\n")),
        "not shown: {screen}"
    );
    assert_eq!(kept(&world)["clientId"], "arn:aws:signin:::devtools/cross-device");
    exec(&world, "me");
    end(&world);
    exec(&world, "me");
    assert!(nothing_is_opened(&world));
}

#[test]
fn what_is_not_what_the_page_shows_signs_nobody_in() {
    let sandbox = sandbox();
    let world = world(&sandbox).env("SSH_CONNECTION", "1");
    for (typed, reason, status) in [
        ("no base64!", "awsenv: that is not what the page shows at the end of a sign-in\n", 3),
        ("c3RhdGU9bWUmY29kZT1h", "awsenv: the browser's answer is not to our question", 3),
        ("", "awsenv: that is not what the page shows at the end of a sign-in\n", 3),
    ] {
        let mut terminal = Terminal::of_size(&world, &["login", "me", "--device-code"], 24, 2000);
        terminal.answer("What the page shows in the end: ", typed);
        let (screen, got) = terminal.end();
        assert!(screen.contains(reason) && got == status, "{screen}");
    }
    let mut terminal = Terminal::of_size(&world, &["login", "me"], 24, 2000);
    terminal.type_at("What the page shows in the end: ", "\x03");
    let (screen, status) = terminal.end();
    assert_eq!(status, 3, "{screen}");
    let mut command = world.command("setsid");
    command.args(["--wait", crate::run::PROGRAM, "login", "me"]).stdin(Stdio::null());
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        said.ends_with(
            "awsenv: nobody can bring back what the page shows: there is no terminal\n\
             awsenv: hint: run it on a terminal: what the page shows has to be brought back there\n"
        ),
        "{said}"
    );
    assert_eq!((cached(&world), sandbox.calls().len()), (0, 0));
}

#[test]
fn a_sealed_session_is_not_in_the_aws_clis_directory() {
    let sandbox = sandbox();
    let world = world(&sandbox);
    let settings = world.read(".config/awsenv/config.toml");
    let world = world.settings(&format!("{settings}sso_cache = \"sealed\"\n"));
    portal::sign_in(&world, ["me"]);
    exec(&world, "me");
    assert_eq!(cached(&world), 0);
    let secrets = sandbox.sign_in_secrets();
    for path in crate::files::below(&world.home()).iter().filter(|path| path.is_file()) {
        let text = String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned();
        let told = secrets.iter().any(|secret| text.contains(secret)) || text.contains("PRIVATE KEY");
        assert!(!told, "{}", path.display());
    }
    world.run(["logout", "me"]).stderr(format!("awsenv: signed out of {ME}\n")).success();
}
