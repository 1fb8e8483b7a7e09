//! Sessions that are kept: found again, never mixed up, whole or not there at all.

use std::fs;
use std::process::Child;
use std::time::Duration;

use awsenv::seal;
use zeroize::Zeroizing;

use crate::cloud::{self, CONFIG, TWO, WAITS, exec, identity, operations, sandbox};
use crate::portal::visit;
use crate::shell::Kind;
use crate::world::World;

/// The one file that holds a session.
fn the_file(world: &World) -> std::path::PathBuf {
    let [(key, _)] = &cloud::sessions(world)[..] else { panic!("there is one session") };
    cloud::places(world).state.join("sessions").join(key.name())
}

#[test]
fn a_session_is_kept_listed_renewed_and_forgotten() {
    let sandbox = sandbox();
    let world = cloud::world(&sandbox);
    let first = exec(&world, "one");
    assert_eq!(exec(&world, "one").text("AWS_ACCESS_KEY_ID"), first.text("AWS_ACCESS_KEY_ID"));
    assert_eq!(sandbox.calls().len(), 1);
    let key_id = first.text("AWS_ACCESS_KEY_ID").unwrap();
    let until = first.text("AWS_CREDENTIAL_EXPIRATION").unwrap();
    world.run(["session", "list"]).stdout(format!("one  111122223333  {key_id}  until {until}\n")).success();
    let json = world.run(["session", "list", "--json"]).any_stdout().success().json();
    assert_eq!(json[0]["access_key_id"], key_id);
    assert_eq!(json[0]["expired"], false);

    let told = world.run(["refresh", "one"]).any_stderr().success().stderr;
    // On a busy machine a line before it says that it takes long.
    let last = told.lines().last().unwrap_or_default();
    assert!(last.starts_with("awsenv: one is good for 59m, until "), "{told}");
    assert_ne!(exec(&world, "one").text("AWS_ACCESS_KEY_ID"), Some(key_id));
    assert_eq!(sandbox.calls().len(), 2);

    world.run(["session", "clear"]).stderr("awsenv: forgot 1 session\n").success();
    world.run(["session", "clear"]).stderr("awsenv: forgot 0 sessions\n").success();
    world.run(["session", "list"]).success();
    exec(&world, "one");
    assert_eq!(sandbox.calls().len(), 3);
}

#[test]
fn clearing_takes_the_session_out_of_a_shell_and_brings_a_new_one() {
    let sandbox = sandbox();
    let world = cloud::pinned(&sandbox, "profile = \"one\"\n");
    world.run(["refresh"]).at("acme").any_stderr().success();
    let mut shell = world.shell(Kind::Bash);
    shell.arrive("acme");
    let first = shell.get("AWS_ACCESS_KEY_ID").map(str::to_owned);
    assert!(first.is_some() && shell.guard());
    world.run(["session", "clear"]).any_stderr().success();
    assert!(!shell.guard());
    shell.ask().wait();
    assert!(shell.get("AWS_ACCESS_KEY_ID").is_some());
    assert_ne!(shell.get("AWS_ACCESS_KEY_ID").map(str::to_owned), first);
}

#[test]
fn what_cannot_be_read_is_as_good_as_nothing() {
    let sandbox = sandbox();
    let world = cloud::world(&sandbox);
    exec(&world, "one");
    let file = the_file(&world);
    let good = fs::read(&file).unwrap();
    let mut damaged = good.clone();
    *damaged.last_mut().unwrap() ^= 1;
    let mut newer = good.clone();
    newer[0] = 2;
    let purpose = format!("session:{}", file.file_name().unwrap().to_str().unwrap());
    let foreign = seal::seal(&Zeroizing::new([7; 32]), &purpose, b"{}");
    let flood = vec![1; 1 << 20];
    for (what, bytes) in [
        ("damaged", damaged),
        ("half", good[..good.len() / 2].to_vec()),
        ("empty", Vec::new()),
        ("newer", newer),
        ("foreign", foreign),
        ("flood", flood),
    ] {
        let before = sandbox.calls().len();
        fs::write(&file, bytes).unwrap();
        world.run(["session", "list"]).success();
        assert!(identity(&sandbox, &exec(&world, "one")).is_some(), "{what}");
        assert_eq!(sandbox.calls().len(), before + 1, "{what}");
        exec(&world, "one");
        assert_eq!(sandbox.calls().len(), before + 1, "{what}: the new one is kept");
    }
}

#[test]
fn credentials_come_where_no_session_can_be_kept_with_one_warning() {
    let sandbox = sandbox();
    let world = cloud::world(&sandbox).file(".local/state/awsenv", "not a directory");
    for _ in 0..2 {
        let output = world.run(["exec", "one", "--", "env"]).any_stdout().any_stderr().success();
        assert!(identity(&sandbox, &output.variables()).is_some());
        let told = "awsenv: the session is not kept, each command asks AWS: cannot write below ";
        assert!(output.stderr.starts_with(told), "{}", output.stderr);
        assert_eq!(output.stderr.lines().count(), 1, "{}", output.stderr);
    }
    assert_eq!(sandbox.calls().len(), 2);
}

#[test]
fn a_hundred_processes_that_lack_one_session_make_one_call() {
    let sandbox = sandbox();
    let world = cloud::world(&sandbox);
    let gate = sandbox.gate("AssumeRole");
    let start = || world.run(["exec", "one", "--", "env"]).start();
    let processes: Vec<Child> = (0..100).map(|_| start()).collect();
    gate.wait_for(1, cloud::DEADLINE);
    gate.open();
    let mut issued = Vec::new();
    for process in processes {
        let output = cloud::within_deadline("a process waits", || process.wait_with_output().unwrap());
        let told = String::from_utf8_lossy(&output.stderr);
        // So many take a while to start.
        assert!(told.is_empty() || told == WAITS.replace("careful", "one"), "{told}");
        assert!(output.status.success());
        let text = String::from_utf8(output.stdout).unwrap();
        let key = text.lines().find_map(|line| line.strip_prefix("AWS_ACCESS_KEY_ID="));
        issued.push(key.unwrap().to_owned());
    }
    issued.dedup();
    assert_eq!(issued, [sandbox.calls()[0].issued.clone().unwrap()]);
    assert_eq!(operations(&sandbox), ["AssumeRole"]);
}

/// Two hundred renewals, each killed a little later than the last: from before its first instruction to after
/// its last.
#[test]
fn a_kill_at_any_moment_leaves_a_whole_session_and_no_lock() {
    let sandbox = sandbox();
    let world = cloud::world(&sandbox);
    exec(&world, "one");
    // How long one takes here and now, so that the moments spread over all of it.
    let whole = (0..3).map(|_| {
        let elapsed = stopwatch();
        world.run(["refresh", "one"]).any_stderr().success();
        elapsed()
    });
    let whole = whole.min().unwrap();
    let (mut unasked, mut asked, mut kept) = (0, 0, 0);
    let mut last = None;
    let renewals = || operations(&sandbox).iter().filter(|operation| **operation == "AssumeRole").count();
    let mut moment = 0;
    // Where the machine has become slower meanwhile, the last moments come later.
    while moment < 200 || (kept == 0 && moment < 2_000) {
        let calls = renewals();
        let mut refresh = world.run(["refresh", "one"]).start();
        // The moment itself is what is tested, so there is nothing else to wait for.
        let elapsed = stopwatch();
        while elapsed() < whole * moment / 160 {
            std::thread::yield_now();
        }
        refresh.kill().unwrap();
        refresh.wait().unwrap();
        // What it had sent has been answered once AWS answers somebody else.
        visit(&format!("{}/", sandbox.url()));
        let [(_, session)] = &cloud::sessions(&world)[..] else {
            panic!("moment {moment}: no whole session")
        };
        let credentials = &session.credentials;
        let token = credentials.session_token.as_ref().map(|token| token.expose());
        let arn = sandbox.verify(&credentials.access_key_id, credentials.secret_access_key.expose(), token);
        assert!(arn.is_some(), "moment {moment}");
        cloud::renewals_end(&world);
        let id = Some(credentials.access_key_id.clone());
        match (renewals() == calls, id == last) {
            (true, _) => unasked += 1,
            (false, true) => asked += 1,
            (false, false) => kept += 1,
        }
        last = id;
        moment += 1;
    }
    assert!(
        unasked > 0 && kept > 0,
        "moments on both sides: {unasked} before, {asked} between, {kept} after"
    );
    let calls = sandbox.calls().len();
    let env = exec(&world, "one");
    assert!(identity(&sandbox, &env).is_some());
    assert_eq!(sandbox.calls().len(), calls, "the last whole session serves");
    world.run(["session", "clear"]).stderr("awsenv: forgot 1 session\n").success();
    let rest = fs::read_dir(cloud::places(&world).state.join("sessions")).unwrap();
    let rest: Vec<_> = rest.map(|entry| entry.unwrap().path()).collect();
    assert!(rest.is_empty(), "what was half written goes too, and the lock: {rest:?}");
}

/// Time since this call.
#[expect(clippy::disallowed_methods, reason = "the moment of a kill is measured in nothing but time")]
fn stopwatch() -> impl Fn() -> Duration {
    let start = std::time::Instant::now();
    move || start.elapsed()
}

#[test]
fn whatever_is_edited_the_old_session_is_not_found() {
    let sandbox = sandbox();
    let other = cloud::sandbox();
    let role = format!("[[role]]\narn = \"{TWO}\"\n");
    let base = format!("profile = \"one\"\n{role}");
    let world = cloud::pinned(&sandbox, &base);
    let run = |world: &World| {
        world.allow("acme");
        let env = world.run(["exec", "--", "env"]).at("acme").any_stdout().success().variables();
        env.text("AWS_ACCESS_KEY_ID").unwrap().to_owned()
    };
    let first = run(&world);
    let mut seen = vec![first.clone()];
    for edited in [
        format!("{base}external_id = \"acme\"\n"),
        format!("{base}duration = \"30m\"\n"),
        format!("{base}session_name = \"you\"\n"),
        format!("{base}source_identity = \"you\"\n"),
        format!("{base}tags = {{ team = \"a\" }}\n"),
        format!("{base}policy_arns = [\"arn:aws:iam::aws:policy/ReadOnlyAccess\"]\n"),
        format!("duration = \"45m\"\n{base}"),
        format!("region = \"us-west-2\"\n{base}"),
        "profile = \"one\"\n".to_owned(),
        format!("{base}[[role]]\narn = \"{}\"\n", cloud::THREE),
    ] {
        world.write("acme/.awsenv", &edited);
        let key = run(&world);
        assert!(!seen.contains(&key), "{edited}");
        seen.push(key);
    }
    world.write("acme/.awsenv", &base);
    assert_eq!(run(&world), first, "and back again it is");
    let world = world.config(&CONFIG.replace("AKIAME", "AKIAYOU").replace("me/secret", "you/secret"));
    world.run(["exec", "--", "true"]).at("acme").any_stderr().exits(125);
    let world = world.config(CONFIG).env("AWS_ENDPOINT_URL_STS", other.url());
    assert!(!seen.contains(&run(&world)));
    assert_eq!(operations(&other).len(), 2);
}

#[test]
fn a_shell_never_gets_the_session_of_an_account_that_is_no_longer_asked_for() {
    let sandbox = sandbox();
    let world = cloud::pinned(&sandbox, "profile = \"base\"\naccount = \"111122223333\"\n");
    world.run(["exec", "--", "true"]).at("acme").success();
    let mut shell = world.shell(Kind::Bash);
    shell.arrive("acme");
    assert_eq!(shell.get("AWS_ACCESS_KEY_ID"), Some("AKIAME"));
    world.write("acme/.awsenv", "profile = \"base\"\naccount = \"999999999999\"\n");
    world.allow("acme");
    shell.ask();
    assert_eq!(shell.get("AWS_ACCESS_KEY_ID"), None);
    assert_eq!(shell.get("AWS_PROFILE"), Some("base: wrong account"));
    let what = "awsenv: base is of account 111122223333, and the .awsenv asks for 999999999999";
    assert!(shell.notice.starts_with(what), "{}", shell.notice);
    assert_eq!(operations(&sandbox), ["GetCallerIdentity"]);
}

#[test]
fn a_session_that_ends_too_soon_for_min_ttl_is_fetched_anew() {
    let sandbox = sandbox();
    let world = cloud::world(&sandbox);
    exec(&world, "one");
    cloud::age(&world, Duration::from_secs(30 * 60));
    world.run(["exec", "one", "--min-ttl", "20m", "--", "true"]).success();
    assert_eq!(sandbox.calls().len(), 1);
    world.run(["exec", "one", "--min-ttl", "50m", "--", "true"]).success();
    assert_eq!(sandbox.calls().len(), 2);
}

#[test]
fn what_min_ttl_cannot_bring_about_is_said() {
    let sandbox = sandbox();
    let world = cloud::world(&sandbox)
        .config(&format!("{CONFIG}[profile given]\naws_access_key_id = ASIAGIVEN\naws_secret_access_key = s\naws_session_token = t\n"));
    world
        .run(["exec", "two", "--min-ttl", "90m", "--", "echo", "ran"])
        .stderr(
            "awsenv: two: AWS gave a session of less than 1h30m\n\
             awsenv: hint: ask for less, or raise the role's maximum session duration\n",
        )
        .exits(125);
    world
        .run(["exec", "given", "--min-ttl", "30m", "--", "echo", "ran"])
        .stdout("ran\n")
        .stderr("awsenv: given: nothing says when these keys end, and awsenv cannot renew them\n")
        .success();
    // Keys that have no end are good for as long as one likes.
    world.run(["exec", "base", "--min-ttl", "30m", "--", "echo", "ran"]).stdout("ran\n").success();
}
