//! A browser gets there without the token on its command line, and each account in its own place.

use awsenv_sandbox::Sandbox;
use rustix::process::Signal;

use super::{federated, landed};
use crate::cloud::{self, within_deadline};
use crate::portal::{self, Login, opened, visit, visit_for};
use crate::run::{code, signal};
use crate::terminal::Terminal;
use crate::world::World;

/// A world whose browser tells the test what it opens.
fn with_browser(sandbox: &Sandbox) -> World {
    let world = federated(portal::world(sandbox), sandbox);
    world.config(cloud::CONFIG)
}

#[test]
fn a_browser_is_sent_on_once_and_its_command_line_holds_no_token() {
    let sandbox = cloud::sandbox();
    let world = with_browser(&sandbox);
    let run = world.run(["console", "one", "--service", "s3"]);
    let console = Login::of(&mut run.command());
    let address = opened(&world);
    let host = address.strip_prefix("http://127.0.0.1:").unwrap();
    let (_, path) = host.split_once('/').unwrap();
    assert!(path.len() == 32 && path.bytes().all(|byte| byte.is_ascii_hexdigit()), "{address}");
    for other in [format!("{address}0"), address.replace(path, ""), address.replace(path, "favicon.ico")] {
        assert!(visit(&other).0.starts_with("HTTP/1.1 404 "), "{other}");
    }
    assert!(visit_for("image", &address).0.starts_with("HTTP/1.1 404 "), "a page has asked for it");
    let (head, page) = visit(&address);
    assert!(head.starts_with("HTTP/1.1 303 ") && page.is_empty(), "{head}");
    assert!(
        head.contains("Referrer-Policy: no-referrer") && head.contains("Cache-Control: no-store"),
        "{head}"
    );
    let location = head.lines().find_map(|line| line.strip_prefix("Location: ")).unwrap();
    assert!(location.contains("eu-west-1.console.aws.amazon.com%2Fs3%2Fhome"), "{location}");
    assert!(landed(location, &sandbox).contains("assumed-role/One/"));
    let (said, status) = console.end(&world);
    assert_eq!(status, 0, "{said}");
    assert_eq!(
        said,
        format!(
            "awsenv: the console of one (111122223333) opens in the browser; if none opens, go to\n  {address}\n"
        )
    );
    let port = host.split('/').next().unwrap().parse::<u16>().unwrap();
    assert!(std::net::TcpStream::connect(("127.0.0.1", port)).is_err(), "nobody listens any more");
}

/// What the browser is given by these settings and arguments.
fn given(settings: &str, pin: &str, arguments: &[&str]) -> String {
    let sandbox = cloud::sandbox();
    let world = with_browser(&sandbox).file("acme/.awsenv", pin).allowed("acme");
    let script = world.program("all", "#!/bin/sh\nprintf '%s ' \"$@\" >\"$HOME/opened\"\n");
    let world = world.settings(&format!("browser = \"{} --new %s --end\"\n{settings}", script.display()));
    let run = arguments.iter().fold(world.run(["console"]).at("acme"), |run, argument| run.arg(*argument));
    let console = Login::of(&mut run.command());
    let given = opened(&world);
    let at = given
        .find("127.0.0.1%3A")
        .map(|at| (at + 12, "%2F"))
        .or(given.find("127.0.0.1:").map(|at| (at + 10, "/")));
    let (at, slash) = at.unwrap();
    let rest = given[at..].split([' ', '&']).next().unwrap().to_owned();
    let (port, path) = rest.split_once(slash).unwrap();
    visit(&format!("http://127.0.0.1:{port}/{path}"));
    assert_eq!(console.end(&world).1, 0);
    world.shown(&given.replace(&rest, "…"))
}

#[test]
fn accounts_are_kept_apart_by_containers_and_profiles() {
    let one = "profile = \"one\"\n";
    let address = "http%3A%2F%2F127.0.0.1%3A…";
    assert_eq!(given("", one, &[]), "--new http://127.0.0.1:… --end");
    let colour = "purple";
    let usual =
        format!("--new ext+container:name=111122223333&url={address}&color={colour}&icon=fingerprint --end");
    assert_eq!(given("", one, &["--container"]), usual);
    assert_eq!(given("[console]\nopen = \"container\"\n", one, &[]), usual);
    assert_eq!(
        given(
            "[console]\nextension = \"granted\"\n[console.accounts.111122223333]\nname = \"acme & co\"\n\
             colour = \"pink\"\n",
            one,
            &["--container"]
        ),
        format!(
            "--new ext+granted-containers:name=acme%20%26%20co&url={address}&color=pink&icon=fingerprint --end"
        )
    );
    let protected = "profile = \"base\"\n[stage.prod]\nprofile = \"one\"\nprotected = true\n";
    let red = given("", protected, &["--container", "--stage", "prod"]);
    assert!(red.contains("&color=red&"), "{red}");
    assert_eq!(
        given("", one, &["--browser-profile", "Profile 1"]),
        "--new --profile-directory=Profile 1 http://127.0.0.1:… --end"
    );
    let of_account = "[console]\nopen = \"browser-profile\"\n[console.accounts.111122223333]\n\
                      browser_profile = \"Work\"\n";
    assert_eq!(given(of_account, one, &[]), "--new --profile-directory=Work http://127.0.0.1:… --end");
    let own = "--new --user-data-dir=$HOME/.local/share/awsenv/browser/111122223333 \
               --install-autogenerated-theme=175,81,245 --no-first-run --no-default-browser-check \
               http://127.0.0.1:… --end";
    assert_eq!(given("", one, &["--browser-profile", "auto"]), own);
    assert_eq!(given("[console]\nopen = \"browser-profile\"\n", one, &[]), own);
    // Every account may have its own.
    let automatic =
        of_account.replace("Work", "auto") + "[console.accounts.444455556666]\nbrowser_profile = \"auto\"\n";
    assert_eq!(given(&automatic, one, &[]), own);
}

#[test]
fn no_account_is_opened_in_anothers_browser_profile() {
    let sandbox = cloud::sandbox();
    let world = with_browser(&sandbox)
        .settings("browser = \"chromium\"\n[console.accounts.444455556666]\nbrowser_profile = \"Work\"\n");
    world
        .run(["console", "one", "--browser-profile", "Work"])
        .stderr(
            "awsenv: --browser-profile Work: that is the profile of 444455556666\n\
             awsenv: hint: `--browser-profile auto` is the account's own; the settings name the others\n",
        )
        .exits(2);
}

#[test]
fn a_browser_that_opens_nothing_is_not_waited_for() {
    let sandbox = cloud::sandbox();
    let world = with_browser(&sandbox);
    let hint = "awsenv: hint: `awsenv console --print` prints the address, for any browser; the setting `browser` \
                names another\n";
    let ended = |browser: &str| {
        world.write(".config/awsenv/config.toml", &format!("browser = {browser:?}\n"));
        world.shown(&world.run(["console", "one"]).any_stderr().exits(1).stderr)
    };
    assert_eq!(
        ended("/nowhere/firefox"),
        format!(
            "awsenv: cannot start the browser /nowhere/firefox: No such file or directory (os error 2)\n{hint}"
        )
    );
    let told = ended("sh -c 'exit 3'");
    let why = format!("\nawsenv: the browser sh has ended with exit status: 3\n{hint}");
    assert!(
        told.starts_with("awsenv: the console of one (111122223333) opens") && told.ends_with(&why),
        "{told}"
    );
}

#[test]
fn on_a_terminal_the_address_outlives_a_browser_that_fails() {
    let sandbox = cloud::sandbox();
    let world = with_browser(&sandbox).settings("browser = \"sh -c 'exit 3'\"\n");
    let mut terminal = Terminal::of_width(&world, "", &["console", "one"], 200);
    terminal.wait_for("; the address above is still good");
    assert!(terminal.screen().contains("the browser sh has ended with exit status: 3"));
    let screen = terminal.screen();
    let address = screen.lines().find_map(|line| line.trim().strip_prefix("http://")).unwrap();
    let (head, _) = visit(&format!("http://{address}"));
    assert!(head.starts_with("HTTP/1.1 303 "), "{head}");
    let (screen, status) = terminal.end();
    assert_eq!(status, 0, "{screen}");
}

#[test]
fn a_browser_of_the_other_family_opens_nothing() {
    let sandbox = cloud::sandbox();
    let world = with_browser(&sandbox).settings("browser = \"/opt/firefox\"\n");
    world
        .run(["console", "one", "--browser-profile", "auto"])
        .stderr(
            "awsenv: --browser-profile: the browser `/opt/firefox` names no Chromium\n\
             awsenv: hint: the setting `browser` has to be the command of a Chromium, or of a script that starts one\n",
        )
        .exits(1);
    let world = world.settings("browser = \"x-www-browser\"\n[console]\nopen = \"container\"\n");
    let run = world.run(["console", "one"]);
    assert!(run.any_stderr().exits(1).stderr.contains("the browser `x-www-browser` names no Firefox"));
}

#[test]
fn no_shell_cuts_an_address_short() {
    let sandbox = cloud::sandbox();
    let world = with_browser(&sandbox).settings("browser = \"sh -c 'firefox %s'\"\n");
    world
        .run(["console", "one", "--container"])
        .stderr(
            "awsenv: cannot give the address to the browser: a shell would read its `&` in `firefox %s`\n\
             awsenv: hint: put quotes round %s for that shell, or leave the shell out of the browser's command\n",
        )
        .exits(1);
}

#[test]
fn ctrl_c_ends_the_waiting_for_a_browser() {
    let sandbox = cloud::sandbox();
    let world = with_browser(&sandbox);
    let mut child = world.run(["console", "one"]).start();
    opened(&world);
    signal(child.id(), Signal::INT);
    let status = within_deadline("it goes on", move || child.wait().unwrap());
    assert_eq!(code(status), 130);
}
