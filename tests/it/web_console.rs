//! `awsenv console`: what AWS is asked for, by whose keys, and how a browser gets there.

use std::time::Duration;

use awsenv_sandbox::{Call, Console, Fault, Role, Sandbox, Scenario, User};
use rustix::process::Signal;

use crate::cloud::{self, ME, ONE, TWO, operations, within_deadline};
use crate::console;
use crate::portal::{self, Login, opened, visit, visit_for};
use crate::run::{Run, code, signal};
use crate::terminal::Terminal;
use crate::world::World;

/// With the sandbox as the console's sign-in.
fn federated(world: World, sandbox: &Sandbox) -> World {
    world.env("AWSENV_FEDERATION_URL", sandbox.url())
}

fn world(sandbox: &Sandbox) -> World {
    federated(cloud::world(sandbox), sandbox)
}

/// [`world`], with a browser that tells the test what it opens.
fn with_browser(sandbox: &Sandbox) -> World {
    let world = federated(portal::world(sandbox), sandbox);
    world.config(cloud::CONFIG)
}

/// What AWS was asked for, one line a call: what matters for the console.
fn asked(sandbox: &Sandbox) -> Vec<String> {
    let said = |call: &Call| {
        let parameters = ["Name", "PolicyArns.member.1.arn", "DurationSeconds", "SessionDuration"];
        let said = parameters.iter().filter_map(|name| Some(format!("{name}={}", call.parameter(name)?)));
        let all = call.parameter("Policy").map(|policy| format!("Policy={policy}"));
        [call.operation.clone()].into_iter().chain(said).chain(all).collect::<Vec<_>>().join(" ")
    };
    sandbox.calls().iter().map(said).collect()
}

/// Where a browser lands with an address: whose console.
#[track_caller]
pub(crate) fn landed(address: &str, sandbox: &Sandbox) -> String {
    let (head, page) = visit(address);
    let location = head.lines().find_map(|line| line.strip_prefix("location: "));
    let location = location.unwrap_or_else(|| panic!("nobody is signed in: {head}\n{page}"));
    let (_, page) = visit(&format!("{}{location}", sandbox.url()));
    let (_, rest) = page.split_once("<p>").unwrap();
    rest.split("</p>").next().unwrap().to_owned()
}

#[track_caller]
fn printed(run: Run<'_>) -> String {
    run.any_stdout().success().stdout.trim_end().to_owned()
}

const ALL: &str =
    r#"Policy={"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;

#[test]
fn a_role_signs_in_with_its_session() {
    let sandbox = cloud::sandbox();
    let world = world(&sandbox);
    let address = printed(world.run(["console", "one", "--print"]));
    let prefix = format!("{}/federation?Action=login&Issuer=awsenv&Destination=", sandbox.url());
    let home = "https%3A%2F%2Feu-west-1.console.aws.amazon.com%2Fconsole%2Fhome%3Fregion%3Deu-west-1";
    assert!(address.starts_with(&format!("{prefix}{home}&SigninToken=")), "{address}");
    assert_eq!(asked(&sandbox), ["AssumeRole", "getSigninToken"]);
    let whose = landed(&address, &sandbox);
    assert!(whose.starts_with("arn:aws:sts::111122223333:assumed-role/One/me@"), "{whose}");
    let (head, _) = visit(&address);
    assert!(head.starts_with("HTTP/1.1 400 "), "a token is taken once: {head}");
    // What is kept serves.
    printed(world.run(["console", "one", "--print", "--duration", "12h"]));
    assert_eq!(asked(&sandbox)[5..], ["getSigninToken SessionDuration=43200"]);
    // But not for so short that the console would be over at once.
    cloud::age(&world, Duration::from_secs(52 * 60));
    printed(world.run(["console", "one", "--print"]));
    assert_eq!(asked(&sandbox)[6..], ["AssumeRole", "getSigninToken"]);
}

#[test]
fn aws_is_asked_for_what_it_gives_to_each_kind_of_keys() {
    let chained = "AWS ends the console's session of a chained role with its keys";
    let mark = "a user's session for the console carries no mark of MFA; what needs one is refused there";
    let user = |more: &str| {
        vec![
            "GetCallerIdentity".to_owned(),
            format!("GetFederationToken Name=me {more}"),
            "getSigninToken".into(),
        ]
    };
    let calls = |calls: &[&str]| calls.iter().map(|call| (*call).to_owned()).collect::<Vec<_>>();
    let read_only = "arn:aws:iam::aws:policy/ReadOnlyAccess";
    for (arguments, expected, said, whose) in [
        ("one", calls(&["AssumeRole", "getSigninToken"]), String::new(), "assumed-role/One/"),
        (
            "one --duration 8h",
            calls(&["AssumeRole", "getSigninToken SessionDuration=28800"]),
            String::new(),
            "assumed-role/One/",
        ),
        ("two", calls(&["AssumeRole", "AssumeRole", "getSigninToken"]), String::new(), "assumed-role/Two/"),
        (
            "two --duration 8h",
            calls(&["AssumeRole", "AssumeRole", "getSigninToken"]),
            format!("awsenv: two: --duration is left out: {chained}\n"),
            "assumed-role/Two/",
        ),
        (
            "careful --duration 8h --mfa-code 111111",
            calls(&["GetSessionToken DurationSeconds=28800", "AssumeRole", "getSigninToken"]),
            format!("awsenv: careful: --duration is left out: {chained}; not so with --no-session\n"),
            "assumed-role/Careful/",
        ),
        (
            "careful --duration 8h --mfa-code 222222 --no-session",
            calls(&["AssumeRole", "getSigninToken SessionDuration=28800"]),
            String::new(),
            "assumed-role/Careful/",
        ),
        ("base", user(&format!("DurationSeconds=3600 {ALL}")), String::new(), "federated-user/me"),
        (
            "base --duration 12h",
            user(&format!("DurationSeconds=43200 {ALL}")),
            String::new(),
            "federated-user/me",
        ),
        (
            "base --policy-arn arn:aws:iam::aws:policy/ReadOnlyAccess",
            user(&format!("PolicyArns.member.1.arn={read_only} DurationSeconds=3600")),
            String::new(),
            "federated-user/me",
        ),
        (
            "device",
            user(&format!("DurationSeconds=3600 {ALL}")),
            format!("awsenv: device: {mark}\n"),
            "federated-user/me",
        ),
        ("printed", user(&format!("DurationSeconds=3600 {ALL}")), String::new(), "federated-user/me"),
    ] {
        let sandbox = cloud::sandbox();
        let world = world(&sandbox);
        let vend = world.program(
            "vend",
            "#!/bin/sh\necho '{\"Version\":1,\"AccessKeyId\":\"AKIAME\",\"SecretAccessKey\":\"me/secret\"}'\n",
        );
        let config = format!(
            "{}\n[profile device]\nregion = eu-west-1\nmfa_serial = {}\n[profile printed]\n\
             region = eu-west-1\ncredential_process = {}\n",
            cloud::CONFIG,
            cloud::MFA,
            vend.display()
        );
        let world = world
            .config(&config)
            .settings("passphrase_command = \"echo correct horse\"\n")
            .env("AWSENV_KEYCHAIN", "file");
        let keys = r#"{"AccessKeyId": "AKIAME", "SecretAccessKey": "me/secret"}"#;
        world.run(["key", "add", "device", "--stdin"]).stdin(keys).any_stderr().success();
        let before = sandbox.calls().len();
        let run = arguments.split(' ').fold(world.run(["console", "--print"]), Run::arg).stderr(said);
        let address = printed(run);
        assert_eq!(asked(&sandbox)[before..], expected, "{arguments}");
        assert!(landed(&address, &sandbox).contains(whose), "{arguments}");
    }
}

/// Keys with a token that others have put somewhere: AWS says whose.
#[test]
fn keys_of_unknown_origin_sign_in_as_whose_they_are() {
    let sandbox = cloud::sandbox();
    let world = world(&sandbox);
    world.run(["refresh", "careful", "--mfa-code", "111111"]).any_stderr().success();
    let sessions = cloud::sessions(&world);
    assert_eq!(sessions.len(), 2, "GetSessionToken's and the role's");
    for (_, session) in sessions {
        let keys = session.credentials;
        let token = keys.session_token.unwrap();
        let config = format!(
            "[profile pasted]\nregion = eu-west-1\naws_access_key_id = {}\naws_secret_access_key = {}\n\
             aws_session_token = {}\n",
            keys.access_key_id,
            keys.secret_access_key.expose(),
            token.expose()
        );
        let whose =
            sandbox.verify(&keys.access_key_id, keys.secret_access_key.expose(), Some(token.expose()));
        let other = self::world(&sandbox).config(&config);
        let run = other.run(["console", "pasted", "--print"]);
        match whose.unwrap().as_str() {
            ME => drop(run.stderr(users_own("pasted")).exits(1)),
            role => assert_eq!(landed(&printed(run), &sandbox), role),
        }
    }
}

fn users_own(profile: &str) -> String {
    format!(
        "awsenv: {profile}: AWS signs nobody in to the console with a session of a user's own\n\
         awsenv: hint: a role on top of it can, or the user's long-lived keys; a browser can sign in as the user itself\n"
    )
}

#[test]
fn a_console_session_signs_in_again_only_as_a_role() {
    let sandbox = console::sandbox();
    let world = federated(console::signed_in(&sandbox, 15 * 60), &sandbox);
    world.run(["console", "me", "--print"]).stderr(users_own("me")).exits(1);
    assert_eq!(operations(&sandbox), [""; 0], "nobody was asked");
    let address = printed(world.run(["console", "deploy", "--print"]));
    assert!(landed(&address, &sandbox).contains("assumed-role/Deploy/"));

    let person = "arn:aws:sts::111122223333:assumed-role/Admin/me".to_owned();
    let sandbox = console::sandbox_with(Console { person: person.clone(), ..Console::default() });
    let world = federated(console::world(&sandbox), &sandbox);
    let config = format!("[profile me]\nregion = eu-west-1\nlogin_session = {person}\n");
    let world = world.config(&config);
    portal::sign_in(&world, ["me"]);
    assert_eq!(landed(&printed(world.run(["console", "me", "--print"])), &sandbox), person);
}

#[test]
fn a_sign_in_that_is_over_says_what_to_run() {
    let sandbox = portal::sandbox();
    let world = federated(portal::world(&sandbox), &sandbox);
    world
        .run(["console", "dev", "--print"])
        .stderr("awsenv: dev needs a sign-in\nawsenv: hint: run `awsenv login dev`\n")
        .exits(3);
    portal::keep(&world, portal::OF_CORP, &sandbox.signed_in(3600));
    let address = printed(world.run(["console", "dev", "--print", "--duration", "8h"]));
    assert!(landed(&address, &sandbox).contains("AWSReservedSSO_Developer_"));
    assert_eq!(asked(&sandbox)[..2], ["GetRoleCredentials", "getSigninToken SessionDuration=28800"]);
}

#[test]
fn whose_console_was_opened_is_noted_and_no_address() {
    let sandbox = cloud::sandbox();
    let world = world(&sandbox);
    let address = printed(world.run(["console", "one", "--service", "s3", "--print"]));
    let noted = world.run(["history", "--json"]).any_stdout().success().stdout;
    let lines: serde_json::Value = serde_json::from_str(&noted).unwrap();
    let said = ["event", "by", "profile", "role"].map(|field| lines[0][field].as_str().unwrap_or_default());
    assert_eq!(said, ["console", "s3", "one", "One"], "{noted}");
    let (_, token) = address.split_once("SigninToken=").unwrap();
    assert!(!world.read(".local/state/awsenv/history").contains(token));
}

#[test]
fn a_directory_says_whose_console_and_the_account_is_watched() {
    let sandbox = cloud::sandbox();
    let pinned = "profile = \"base\"\naccount = \"999988887777\"\n[stage.one]\nprofile = \"one\"\n";
    let world = world(&sandbox).file("acme/.awsenv", pinned).allowed("acme");
    let run = || world.run(["console", "--print"]).at("acme");
    let refused = run().any_stderr().exits(1);
    assert!(refused.stderr.contains("111122223333"), "{}", refused.stderr);
    assert_eq!(operations(&sandbox), ["GetCallerIdentity"], "no session was made of them");
    let address = printed(run().arg("--stage").arg("one"));
    assert!(landed(&address, &sandbox).contains("assumed-role/One/"));
    world.write("acme/.awsenv", "profile = \"one\"\n");
    run().any_stderr().exits(4);
}

#[test]
fn what_the_command_line_says_is_checked_before_anybody_is_asked() {
    let sandbox = cloud::sandbox();
    let world = world(&sandbox);
    let page = "no page of the console";
    for (arguments, what, hint) in [
        (
            &["--service", "lamda"][..],
            "--service lamda: awsenv knows no such service",
            "did you mean `lambda`?",
        ),
        (
            &["--region", "eu west"],
            "--region eu west: a region is letters, digits and hyphens, like eu-west-1",
            "",
        ),
        (
            &["--region", "cn-north-1"],
            "cn-north-1 is no region of aws, where these keys are good",
            "name one: --region us-east-1",
        ),
        (&["--duration", "13h"], "--duration 13h00m: AWS allows 15m to 12h00m", ""),
        (
            &["--destination", "https://console.aws.amazon.com@evil.example/"],
            &format!("--destination https://console.aws.amazon.com@evil.example/: {page}"),
            "an address that begins with https:// and whose host is console.aws.amazon.com or ends in \
             .console.aws.amazon.com",
        ),
        (
            &["--policy-arn", "arn:aws:iam::aws:policy/ReadOnlyAccess"],
            "--policy-arn is for a user's long-lived keys; a role's session has its policies already",
            "`policy_arns` in [[role]] bounds a role's session",
        ),
    ] {
        let hint = if hint.is_empty() { String::new() } else { format!("awsenv: hint: {hint}\n") };
        let run = world.run(["console", "one", "--print"]).stderr(format!("awsenv: {what}\n{hint}"));
        arguments.iter().fold(run, |run, argument| run.arg(argument)).exits(2);
    }
    world
        .run(["console", "one", "--print"])
        .env("AWSENV_FEDERATION_URL", "http://evil.example")
        .any_stderr()
        .exits(2);
    assert_eq!(operations(&sandbox), [""; 0]);
    let address = "https://s3.console.aws.amazon.com/s3/buckets/acme?region=eu-west-1";
    let run = world.run(["console", "one", "--json", "--destination", address]);
    let told = run.any_stdout().success().json();
    assert_eq!((&told["destination"], &told["account"]), (&address.into(), &"111122223333".into()));
}

#[test]
fn what_goes_wrong_at_the_sign_in_is_told() {
    let sandbox = cloud::sandbox();
    let world = world(&sandbox).env("AWS_MAX_ATTEMPTS", "1");
    world.run(["exec", "one", "--", "true"]).success();
    let proxy = "is there a proxy in between? look at HTTPS_PROXY and AWSENV_FEDERATION_URL";
    let network = "check the network, HTTPS_PROXY and AWS_CA_BUNDLE";
    for (fault, what, hint, exit) in [
        (Fault::Html(200), "no answer that AWS would give (HTTP 200)", proxy, 1),
        (Fault::Html(302), "no answer that AWS would give (HTTP 302)", proxy, 1),
        (Fault::Html(403), "no answer that AWS would give (HTTP 403)", proxy, 1),
        (Fault::Malformed, "no answer that AWS would give (HTTP 200)", proxy, 1),
        (
            Fault::Html(400),
            "AWS signs nobody in with these keys (HTTP 400)",
            "it takes sessions of roles and of GetFederationToken; get new ones: `awsenv refresh`",
            3,
        ),
        (Fault::Html(503), "AWS has failed (HTTP 503)", "try again in a minute", 1),
        (Fault::Html(429), "AWS asks for fewer calls (HTTP 429)", "try again in a minute", 1),
    ] {
        sandbox.fault("getSigninToken", 1, fault);
        world
            .run(["console", "one", "--print"])
            .stderr(format!("awsenv: getSigninToken: {what}\nawsenv: hint: {hint}\n"))
            .exits(exit);
    }
    sandbox.fault("getSigninToken", 1, Fault::Missing("SigninToken".into()));
    let lacks = "awsenv: the answer to getSigninToken lacks its token\n";
    world.run(["console", "one", "--print"]).stderr(lacks).exits(1);
    sandbox.fault("getSigninToken", 1, Fault::Reset);
    let reset = world.run(["console", "one", "--print"]).any_stderr().exits(1).stderr;
    assert!(reset.starts_with("awsenv: getSigninToken: no answer came from AWS") && reset.contains(network));
    // Nobody answers.
    let gate = sandbox.gate("getSigninToken");
    world
        .run(["console", "one", "--print"])
        .stderr(format!(
            "awsenv: getSigninToken: no answer came from AWS: it took too long\nawsenv: hint: {network}\n"
        ))
        .exits(1);
    drop(gate);
    // One that has failed for a moment is asked again.
    sandbox.fault("getSigninToken", 1, Fault::Html(503));
    printed(world.run(["console", "one", "--print"]).env("AWS_MAX_ATTEMPTS", "2"));
}

#[test]
fn a_user_that_may_not_is_told_what_is_missing() {
    let denied = User { denied: true, ..User::new(ME, "AKIAME", "me/secret") };
    let sandbox = Sandbox::start(Scenario::default().user(denied).role(Role::new(ONE, &[TWO])));
    let stderr = world(&sandbox).run(["console", "base", "--print"]).any_stderr().exits(1).stderr;
    assert!(stderr.starts_with("awsenv: GetFederationToken: AccessDenied: User: "), "{stderr}");
    assert!(
        stderr.contains("the user's policies must allow sts:GetFederationToken; or use a role"),
        "{stderr}"
    );
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
    let address = terminal.screen().lines().find_map(|line| line.trim().strip_prefix("http://")).unwrap();
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
fn without_a_browser_the_address_is_printed_to_a_person_and_into_no_log() {
    let sandbox = cloud::sandbox();
    let world = world(&sandbox);
    // Where the tests run in a container, that is the reason.
    for (name, because) in
        [("SSH_CONNECTION", "this is an SSH session"), ("CI", "this machine is not yours"), ("X", "")]
    {
        let run = world.run(["console", "one"]).env(name, "1").env("PATH", "/nowhere");
        let told = run.any_stderr().exits(1);
        assert!(told.stderr.starts_with(&format!("awsenv: {because}")), "{}", told.stderr);
        assert!(
            told.stderr.ends_with("hint: `awsenv console --print` prints the address\n"),
            "{}",
            told.stderr
        );
    }
    assert_eq!(operations(&sandbox), [""; 0], "nobody was asked for what nobody reads");
    let world = world.env("SSH_CONNECTION", "1");
    let (screen, code) = Terminal::start(&world, &["console", "one"]).end();
    assert!(code == 0 && screen.contains("SigninToken="), "{screen}");
    assert!(screen.contains("open this on any device within 15 minutes; whoever has it is signed in, once"));
}

#[test]
fn the_terminals_clipboard_is_given_the_address() {
    let sandbox = cloud::sandbox();
    let world = world(&sandbox);
    world
        .run(["console", "one", "--copy"])
        .stderr(
            "awsenv: --copy: there is no terminal whose clipboard could take it\n\
             awsenv: hint: --print prints the address\n",
        )
        .exits(2);
    assert_eq!(operations(&sandbox), [""; 0]);
    for (world, begins) in
        [(&world, "\x1b]52;c;"), (&self::world(&sandbox).env("TMUX", "/t,1,0"), "\x1bPtmux;\x1b\x1b]52;c;")]
    {
        let (screen, status) = Terminal::start(world, &["console", "one", "--copy"]).end();
        assert_eq!(status, 0, "{screen}");
        let (_, rest) = screen.split_once(begins).unwrap_or_else(|| panic!("{screen:?}"));
        let text = rest.split('\x07').next().unwrap();
        let address = String::from_utf8(aws_smithy_types::base64::decode(text).unwrap()).unwrap();
        assert!(landed(&address, &sandbox).contains("assumed-role/One/"));
        assert!(!screen.contains(&address), "it is not shown");
    }
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

#[test]
fn the_settings_say_what_is_usual() {
    let sandbox = cloud::sandbox();
    let policy = "arn:aws:iam::aws:policy/ReadOnlyAccess";
    let world =
        world(&sandbox).settings(&format!("[console]\nduration = \"2h\"\npolicy_arns = [\"{policy}\"]\n"));
    for profile in ["base", "one", "two"] {
        printed(world.run(["console", profile, "--print"]));
    }
    assert_eq!(
        asked(&sandbox),
        [
            "GetCallerIdentity",
            &format!("GetFederationToken Name=me PolicyArns.member.1.arn={policy} DurationSeconds=7200"),
            "getSigninToken",
            "AssumeRole",
            "getSigninToken SessionDuration=7200",
            "AssumeRole",
            "getSigninToken",
        ]
    );
}
