//! login: by a browser that comes back, by a code on another device; one at a time, and nothing is left behind.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

use awsenv_sandbox::{Consent, Fault, Portal};
use rustix::process::Signal;

use crate::cloud::{self, DEADLINE, exec, identity, operations, renewals_end, sessions};
use crate::portal::{
    INLINE, Login, OF_CORP, cached, confirm, host_and_target, keep, nothing_is_opened, opened, sandbox,
    sandbox_with, sent_to, sign_in, signed_in, token, visit, visit_for, world,
};
use crate::run::{PROGRAM, signal};
use crate::shell::Kind;
use crate::terminal::Terminal;
use crate::world::World;

const HOUR: i64 = 3600;

/// What is said, with what differs from run to run blotted out.
fn told(said: &str) -> String {
    let word = |word: &str| match word {
        word if word.starts_with("http://127.0.0.1:") => {
            word.split('?').next().map(|_| "ADDRESS".to_owned()).unwrap()
        }
        word if word.ends_with('Z') && word.len() == 20 => "TIME".to_owned(),
        word if word.ends_with("m,") => "SPAN,".to_owned(),
        word => word.to_owned(),
    };
    said.lines().map(|line| line.split(' ').map(word).collect::<Vec<_>>().join(" ") + "\n").collect()
}

#[test]
fn a_browser_signs_in_and_comes_back() {
    let sandbox = sandbox();
    let world = world(&sandbox);
    let login = Login::start(&world, ["dev"]);
    let address = opened(&world);
    let secrets_of_the_flow = ["code_verifier", "client_secret", "clientSecret"];
    assert!(secrets_of_the_flow.iter().all(|name| !address.contains(name)), "{address}");
    let (head, page) = visit(&sent_to(&address));
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    assert!(head.contains("Content-Security-Policy: default-src 'none'"), "{head}");
    assert!(
        head.contains("Cache-Control: no-store") && head.contains("Referrer-Policy: no-referrer"),
        "{head}"
    );
    assert!(page.contains("<h1>Signed in</h1>"), "{page}");
    assert!(!page.contains("http") && !page.contains("<script"), "nothing from elsewhere: {page}");
    let (said, status) = login.end(&world);
    assert_eq!(status, 0, "{said}");
    assert_eq!(
        told(&said),
        "awsenv: sign in to corp in the browser; if none opens, go to\n  ADDRESS\nawsenv: corp is signed in for SPAN, until TIME\n"
    );
    let kept = token(&world, OF_CORP);
    assert!(sandbox.takes(kept["accessToken"].as_str().unwrap()) && kept["refreshToken"].is_string());
    for name in cached(&world) {
        let mode = std::fs::metadata(world.at(".aws/sso/cache").join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    exec(&world, "dev");
    assert_eq!(operations(&sandbox), ["RegisterClient", "Authorize", "CreateToken", "GetRoleCredentials"]);
}

#[test]
fn a_good_sign_in_is_left_alone_and_a_fresh_one_ends_it_first() {
    let sandbox = sandbox();
    let world = signed_in(&sandbox, 8 * HOUR);
    let before = token(&world, OF_CORP);
    for _ in 0..2 {
        let run = world.run(["login", "--sso-session", "corp"]).any_stderr().success();
        assert_eq!(told(&run.stderr), "awsenv: corp is signed in already for SPAN, until TIME\n");
    }
    assert_eq!(sandbox.calls(), []);
    sign_in(&world, ["dev", "--fresh"]);
    assert!(!sandbox.takes(before["accessToken"].as_str().unwrap()));
    assert_eq!(operations(&sandbox), ["Logout", "RegisterClient", "Authorize", "CreateToken"]);
    // One that can be renewed needs no person, and a registration serves more than once.
    let mut ended = token(&world, OF_CORP);
    ended["expiresAt"] = cloud::long_ago().into();
    keep(&world, OF_CORP, &ended);
    world.run(["login", "dev"]).any_stderr().success();
    world.run(["logout", "dev"]).any_stderr().success();
    sign_in(&world, ["dev"]);
    assert_eq!(operations(&sandbox).iter().filter(|call| *call == "RegisterClient").count(), 1);
}

#[test]
fn what_stood_on_the_old_sign_in_goes_even_if_there_is_no_new_one() {
    let sandbox = sandbox();
    let world = signed_in(&sandbox, 8 * HOUR);
    exec(&world, "dev");
    sandbox.consent(Consent::Denied);
    let login = Login::start(&world, ["dev", "--fresh"]);
    confirm(&world);
    assert_eq!(login.end(&world).1, 3);
    assert_eq!((world.at(OF_CORP).exists(), sessions(&world).len()), (false, 0));
}

#[test]
fn an_answer_that_is_not_to_our_question_signs_nobody_in() {
    let sandbox = sandbox();
    let world = world(&sandbox);
    for (consent, reason) in [
        (
            Consent::Tampered,
            "awsenv: the browser's answer is not to our question: its state is another one\n",
        ),
        (Consent::Denied, "awsenv: the sign-in was refused in the browser\n"),
    ] {
        sandbox.consent(consent);
        let login = Login::start(&world, ["dev"]);
        let back = sent_to(&opened(&world));
        let port = host_and_target(&back).0.to_owned();
        let (head, page) = visit(&format!("http://{port}/favicon.ico"));
        assert!(head.starts_with("HTTP/1.1 404 ") && page.contains("Nothing here"), "{head}");
        let (head, page) = visit(&back);
        assert!(head.starts_with("HTTP/1.1 400 ") && page.contains("<h1>Not signed in</h1>"), "{head}");
        let (said, status) = login.end(&world);
        assert!(said.contains(reason) && status == 3, "{said}");
        assert!(TcpStream::connect(&port).is_err(), "nobody listens any more");
    }
    assert!(!world.at(OF_CORP).exists());
    assert!(!operations(&sandbox).contains(&"CreateToken".to_owned()));
}

/// Any page that is open in the browser can ask at every port of this machine.
#[test]
fn a_web_page_cannot_end_the_sign_in() {
    let sandbox = sandbox();
    let world = world(&sandbox);
    let login = Login::start(&world, ["dev"]);
    let back = sent_to(&opened(&world));
    let (host, _) = host_and_target(&back);
    for what in ["image", "iframe", "empty"] {
        let (head, _) = visit_for(what, &format!("http://{host}/oauth/callback?state=x&code=y"));
        assert!(head.starts_with("HTTP/1.1 404 "), "{head}");
    }
    visit(&back);
    let (said, status) = login.end(&world);
    assert_eq!(status, 0, "{said}");
}

/// Comes back to `login`, behind others that hold their connections and say nothing.
fn comes_back_behind(silent: usize, login: Login, world: &World, leave: impl FnOnce(Vec<TcpStream>)) {
    let back = sent_to(&opened(world));
    let (host, target) = host_and_target(&back);
    let silent: Vec<_> = (0..silent).map(|_| TcpStream::connect(host).unwrap()).collect();
    let mut browser = TcpStream::connect(host).unwrap();
    leave(silent);
    write!(browser, "GET /{target} HTTP/1.1\r\n\r\n").unwrap();
    let mut answer = String::new();
    browser.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    let (said, status) = login.end(world);
    assert_eq!(status, 0, "{said}");
}

#[test]
fn connections_that_say_nothing_do_not_keep_the_browser_out() {
    let sandbox = sandbox();
    let world = world(&sandbox);
    let mut stay = Vec::new();
    comes_back_behind(200, Login::start(&world, ["dev"]), &world, |silent| stay = silent);
    // Out of descriptors is out for a while.
    let mut few = world.command("sh");
    few.args(["-c", "ulimit -n 24; exec \"$0\" login dev --fresh", PROGRAM]);
    few.stdout(Stdio::piped()).stderr(Stdio::piped());
    comes_back_behind(40, Login::of(&mut few), &world, drop);
}

#[test]
fn a_port_that_is_taken_is_said_before_a_browser_opens() {
    let sandbox = sandbox();
    let world = world(&sandbox);
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let settings = world.read(".config/awsenv/config.toml");
    let world = world.settings(&format!("{settings}callback_port = {port}\n"));
    let run = world.run(["login", "dev"]).any_stderr().exits(1);
    assert!(
        run.stderr.starts_with(&format!("awsenv: cannot listen on port {port} of 127.0.0.1: ")),
        "{}",
        run.stderr
    );
    assert_eq!(sandbox.calls(), []);
    assert!(nothing_is_opened(&world));
    drop(taken);
    let login = Login::start(&world, ["dev"]);
    let back = sent_to(&opened(&world));
    assert!(back.starts_with(&format!("http://127.0.0.1:{port}/oauth/callback?")), "{back}");
    visit(&back);
    assert_eq!(login.end(&world).1, 0);
}

#[test]
fn a_second_login_waits_for_the_first_and_opens_no_browser() {
    let sandbox = sandbox();
    let world = world(&sandbox);
    let first = Login::start(&world, ["dev"]);
    let address = opened(&world);
    let others: Vec<_> = (0..3).map(|_| Login::start(&world, ["dev"]).line()).collect();
    for (_, line) in &others {
        assert_eq!(line, "awsenv: another `awsenv login` signs in to corp, waiting for it");
    }
    visit(&sent_to(&address));
    assert_eq!(first.end(&world).1, 0);
    for (other, _) in others {
        let (said, status) = other.end(&world);
        assert_eq!(
            (told(&said).as_str(), status),
            ("awsenv: corp is signed in already for SPAN, until TIME\n", 0)
        );
    }
    assert!(nothing_is_opened(&world));
    assert_eq!(operations(&sandbox), ["RegisterClient", "Authorize", "CreateToken"]);
}

#[test]
fn ctrl_c_leaves_nothing_behind() {
    let sandbox = sandbox();
    let world = world(&sandbox);
    let login = Login::start(&world, ["dev"]);
    let back = sent_to(&opened(&world));
    let registration = cached(&world);
    assert_eq!(registration.len(), 1, "{registration:?}");
    signal(login.id(), Signal::INT);
    assert_eq!(login.end(&world).1, 130);
    assert_eq!(cached(&world), registration, "no token, and nothing half-written");
    let (host, _) = host_and_target(&back);
    assert!(TcpStream::connect(host).is_err(), "nobody listens any more");
    sign_in(&world, ["dev"]);
}

/// As a person sees it.
#[test]
fn a_code_is_confirmed_on_another_device() {
    let sandbox = sandbox();
    sandbox.consent(Consent::Pending);
    let world = world(&sandbox);
    let mut terminal = Terminal::of_size(&world, &["login", "dev", "--device-code", "--no-browser"], 40, 80);
    terminal.wait_for("and confirm the code");
    terminal.wait_for(" left");
    sandbox.wait_for("CreateToken", 1, DEADLINE);
    sandbox.consent(Consent::Given);
    let (screen, status) = terminal.end();
    assert_eq!(status, 0, "{screen}");
    let plain: Vec<_> = screen.split("\x1b[0m\n").collect();
    let (code, text) = plain.split_at(plain.len() - 1);
    assert!((17..22).contains(&code.len()), "a QR code: {screen}");
    assert!(code.iter().all(|line| line.chars().filter(|c| "█▀▄ ".contains(*c)).count() < 80));
    let lines: Vec<_> = text[0].lines().collect();
    assert_eq!(lines[0], "awsenv: sign in to corp at");
    assert_eq!(lines[1], format!("  {}/device", sandbox.url()));
    assert_eq!(lines[2], "and confirm the code");
    assert!(lines[3].len() == 11 && lines[3].as_bytes()[6] == b'-', "{lines:?}");
    assert!(lines[4].starts_with("awsenv: waiting for you, 9:59 left\x1b[K"), "{lines:?}");
    assert!(lines[4].contains("\x1b[Kawsenv: corp is signed in for "), "{lines:?}");
    assert!(text[0].split("\x1b[K").flat_map(str::lines).all(|line| line.chars().count() <= 80), "{screen}");
    exec(&world, "dev");
    assert!(token(&world, OF_CORP)["refreshToken"].is_string(), "it can be renewed");
}

#[test]
fn the_service_is_asked_as_slowly_as_it_wants() {
    let sandbox = sandbox_with(Portal { interval: 1, ..Portal::default() });
    let world = world(&sandbox);
    sandbox.fault("CreateToken", 1, Fault::error(400, "AuthorizationPendingException"));
    sandbox.fault("CreateToken", 1, Fault::error(400, "SlowDownException"));
    let before = awsenv::clock::now();
    world.run(["login", "dev", "--device-code", "--no-browser"]).any_stderr().success();
    let took = awsenv::clock::now().duration_since(before).as_secs();
    assert!(took >= 1 + 1 + 6, "{took} s: five more after slow_down");
    assert_eq!(operations(&sandbox)[2..], ["CreateToken"; 3]);
}

#[test]
fn a_code_that_is_refused_or_too_old_says_so() {
    for (consent, device_seconds, told) in [
        (Consent::Denied, 600, "awsenv: the sign-in was refused in the browser\n"),
        (Consent::Pending, 1, "awsenv: nobody confirmed the code in time\n"),
    ] {
        let sandbox = sandbox_with(Portal { device_seconds, ..Portal::default() });
        sandbox.consent(consent);
        let world = world(&sandbox);
        let run = world.run(["login", "dev", "--device-code", "--no-browser"]).any_stderr().exits(3);
        assert!(run.stderr.contains(told), "{}", run.stderr);
        assert!(!world.at(OF_CORP).exists());
    }
}

#[test]
fn over_ssh_a_code_is_shown_and_no_browser_opens() {
    let sandbox = sandbox();
    for (name, why) in [("SSH_TTY", "this is an SSH session"), ("CI", "this machine is not yours")] {
        let world = world(&sandbox).env(name, "1");
        let run = world.run(["login", "dev"]).any_stderr().success();
        assert!(run.stderr.starts_with(&format!("awsenv: {why}: sign in on any device\n")), "{}", run.stderr);
        assert!(run.stderr.contains("and confirm the code\n"), "{}", run.stderr);
        assert!(nothing_is_opened(&world));
    }
}

#[test]
fn a_registration_that_aws_has_forgotten_is_made_anew() {
    let sandbox = sandbox();
    let world = world(&sandbox);
    world.run(["login", "dev", "--device-code"]).any_stderr().success();
    world.run(["logout", "dev"]).any_stderr().success();
    sandbox.fault("StartDeviceAuthorization", 1, Fault::error(401, "InvalidClientException"));
    world.run(["login", "dev", "--device-code"]).any_stderr().success();
    let registrations = operations(&sandbox).into_iter().filter(|call| call == "RegisterClient").count();
    assert_eq!(registrations, 2);
}

#[test]
fn whatever_aws_refuses_to_renew_a_person_signs_in_anew() {
    let sandbox = sandbox();
    let world = signed_in(&sandbox, -60);
    let before = token(&world, OF_CORP);
    sandbox.fault("CreateToken", 1, Fault::error(400, "InvalidRequestException"));
    sign_in(&world, ["dev"]);
    assert_ne!(token(&world, OF_CORP)["accessToken"], before["accessToken"]);
    // No answer is no refusal, and is not asked for again.
    keep(&world, OF_CORP, &sandbox.signed_in(-60));
    let calls = operations(&sandbox).len();
    sandbox.fault("CreateToken", 1, Fault::Reset);
    let run = world.run(["login", "dev"]).any_stderr().exits(1);
    assert!(!run.stderr.contains("in the browser"), "{}", run.stderr);
    assert!(operations(&sandbox).len() <= calls + 1, "{:?}", operations(&sandbox));
}

#[test]
fn ctrl_c_at_a_fresh_sign_in_leaves_nothing_of_the_old_one() {
    let sandbox = sandbox();
    let world = signed_in(&sandbox, 8 * HOUR);
    exec(&world, "deploy");
    let login = Login::start(&world, ["dev", "--fresh"]);
    opened(&world);
    signal(login.id(), Signal::INT);
    assert_eq!(login.end(&world).1, 130);
    assert_eq!((world.at(OF_CORP).exists(), sessions(&world).len()), (false, 0));
}

/// A clone, on a machine that has nothing: allow, login, and every open shell has the credentials.
#[test]
fn a_clone_needs_nothing_but_allow_and_login() {
    for kind in Kind::ALL {
        let sandbox = sandbox();
        let world = world(&sandbox).config("").file("acme/.awsenv", INLINE).allowed("acme");
        let mut shell = world.shell(kind);
        shell.arrive("acme").wait();
        assert_eq!(shell.notice, "awsenv: Developer@111122223333 needs a sign-in: run `awsenv login`\n");
        assert_eq!(shell.get("AWS_PROFILE"), Some("Developer@111122223333: run awsenv login"));
        assert!(shell.guard() && nothing_is_opened(&world));
        let login = std::thread::scope(|scope| {
            let done = scope.spawn(|| world.run(["login"]).at("acme").any_stderr().success().stderr);
            confirm(&world);
            done.join().unwrap()
        });
        assert!(login.contains("awsenv: https://acme.awsapps.com/start is signed in for "), "{login}");
        assert!(!shell.guard(), "the token tells every shell");
        shell.ask();
        renewals_end(&world);
        shell.wait();
        assert!(identity(&sandbox, &shell.env).is_some(), "{:?}", shell.aws());
    }
}

#[test]
fn login_asks_for_the_code_of_an_mfa_device_and_keeps_the_session() {
    let sandbox = cloud::sandbox();
    let world = cloud::world(&sandbox);
    let run = world.run(["login", "careful", "--mfa-code", "111111"]).any_stderr().success();
    assert!(run.stderr.starts_with("awsenv: careful is good for "), "{}", run.stderr);
    let calls = operations(&sandbox);
    world.run(["login", "careful"]).any_stderr().success();
    assert_eq!(operations(&sandbox), calls, "kept");
    world.run(["login", "base"]).stderr("awsenv: base: StaticKeys base takes no sign-in\n").success();
}

#[test]
fn what_cannot_be_signed_in_to_is_an_error() {
    let world = World::new().config(crate::portal::CONFIG);
    world
        .run(["login", "--sso-session", "crop"])
        .stderr(
            "awsenv: there is no [sso-session crop] in $HOME/.aws/config\nawsenv: hint: did you mean `corp`?\n",
        )
        .exits(1);
    world.run(["login", "dev", "--sso-session", "corp"]).any_stderr().exits(2);
    let run = world.run(["login", "dev", "--device-code"]).any_stderr().exits(1);
    assert!(run.stderr.contains("RegisterClient: AWS cannot be reached"), "{}", run.stderr);
}
