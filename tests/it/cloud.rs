//! A world with an AWS: who exists there, what `~/.aws/config` says of them, and ways to wait without sleeping.

use std::path::PathBuf;
use std::sync::mpsc;
use std::time::Duration;

use awsenv::clock::{self, Timestamp};
use awsenv::credentials::Expiry;
use awsenv::env::Env;
use awsenv::places::Places;
use awsenv::session::failure::FailureRecord;
use awsenv::session::session_key::SessionKey;
use awsenv::session::store::{Session, SessionStore};
use awsenv_sandbox::{Role, Sandbox, Scenario, User};

use crate::world::World;

/// Longer than anything takes on a slow machine: whoever waits so long has found a bug.
pub(crate) const DEADLINE: Duration = Duration::from_secs(60);

pub(crate) const ME: &str = "arn:aws:iam::111122223333:user/me";
pub(crate) const MFA: &str = "arn:aws:iam::111122223333:mfa/me";
pub(crate) const ONE: &str = "arn:aws:iam::111122223333:role/One";
pub(crate) const TWO: &str = "arn:aws:iam::222222222222:role/Two";
pub(crate) const THREE: &str = "arn:aws:iam::333333333333:role/Three";
pub(crate) const CAREFUL: &str = "arn:aws:iam::111122223333:role/Careful";

/// A user with keys, and roles on top of each other.
pub(crate) const CONFIG: &str = "\
[profile base]
region = eu-west-1
aws_access_key_id = AKIAME
aws_secret_access_key = me/secret

[profile one]
region = eu-west-1
role_arn = arn:aws:iam::111122223333:role/One
source_profile = base

[profile two]
role_arn = arn:aws:iam::222222222222:role/Two
source_profile = one
region = eu-west-1

[profile three]
role_arn = arn:aws:iam::333333333333:role/Three
source_profile = two
region = eu-west-1

[profile careful]
role_arn = arn:aws:iam::111122223333:role/Careful
source_profile = base
region = eu-west-1
mfa_serial = arn:aws:iam::111122223333:mfa/me
";

/// What `careful` says while somebody else has its session's lock.
pub(crate) const WAITS: &str = "awsenv: careful: another awsenv is fetching it, or asking for a code; waiting for \
                                that (Ctrl-C ends the waiting)\n";

/// An AWS where [`CONFIG`] holds.
pub(crate) fn sandbox() -> Sandbox {
    let me = User::new(ME, "AKIAME", "me/secret").mfa(MFA, &["111111", "222222", "333333"]);
    let one = Role { max_session_duration: 43_200, ..Role::new(ONE, &[ME]) };
    let careful = Role { mfa: true, max_session_duration: 43_200, ..Role::new(CAREFUL, &[ME]) };
    let scenario = Scenario::default()
        .user(me)
        .user(User::new("arn:aws:iam::111122223333:user/you", "AKIAYOU", "you/secret"))
        .role(one)
        .role(Role::new(TWO, &[ONE, CAREFUL]))
        .role(Role::new(THREE, &[TWO]))
        .role(careful);
    Sandbox::start(scenario)
}

/// A home whose profiles are those of [`CONFIG`] and whose STS is the sandbox.
pub(crate) fn world(sandbox: &Sandbox) -> World {
    World::new()
        .config(CONFIG)
        .env("AWS_ENDPOINT_URL_STS", sandbox.url())
        .env("USER", "me")
        .without("AWS_MAX_ATTEMPTS")
}

/// [`world`], and `acme/.awsenv` allowed there, with this text.
pub(crate) fn pinned(sandbox: &Sandbox, text: &str) -> World {
    world(sandbox).file("acme/.awsenv", text).allowed("acme")
}

/// What a command of this profile's gets.
#[track_caller]
pub(crate) fn exec(world: &World, profile: &str) -> Env {
    world.run(["exec", profile, "--", "env"]).any_stdout().success().variables()
}

/// Whose keys an environment holds, in the sandbox's eyes.
pub(crate) fn identity(sandbox: &Sandbox, env: &Env) -> Option<String> {
    let text = |name| env.text(name);
    sandbox.verify(text("AWS_ACCESS_KEY_ID")?, text("AWS_SECRET_ACCESS_KEY")?, text("AWS_SESSION_TOKEN"))
}

/// The operations that were called, in order.
pub(crate) fn operations(sandbox: &Sandbox) -> Vec<String> {
    sandbox.calls().into_iter().map(|call| call.operation).collect()
}

/// Where the program keeps things in this world.
pub(crate) fn places(world: &World) -> Places {
    Places {
        home: world.home(),
        settings: world.at(".config/awsenv/config.toml"),
        data: world.at(".local/share/awsenv"),
        state: world.at(".local/state/awsenv"),
        runtime: world.runtime().join("awsenv"),
    }
}

/// Every session in the store, made so much older than it is: as if that time had gone by. (The sandbox still
/// knows them as they were issued.)
pub(crate) fn age(world: &World, by: Duration) {
    let places = places(world);
    let store = SessionStore::new(&places);
    let earlier = |instant: Timestamp| instant.checked_sub(by).unwrap();
    for (key, mut session) in sessions(world) {
        session.issued = earlier(session.issued);
        session.credentials.expiry = session.credentials.expiry.map(|expiry| Expiry(earlier(expiry.0)));
        store.save(&key, &session).unwrap();
    }
    // As whoever writes sessions does: open shells ask again.
    awsenv::prompt::runtime::Runtime::open(&places).unwrap().renew_token().unwrap();
}

/// Every session in the store.
pub(crate) fn sessions(world: &World) -> Vec<(SessionKey, Session)> {
    SessionStore::new(&places(world)).list()
}

/// As if nothing had ever been kept, nor failed.
pub(crate) fn forget_sessions(world: &World) {
    for kind in ["sessions", "failures"] {
        let directory = places(world).state.join(kind);
        for entry in std::fs::read_dir(directory).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.extension().is_none() {
                std::fs::remove_file(path).unwrap();
            }
        }
    }
}

/// Waits until no renewal runs: each holds its session's lock from before the prompt's answer to its end.
pub(crate) fn renewals_end(world: &World) {
    let locks = locks(world);
    within_deadline("a renewal holds its lock", move || {
        for lock in locks {
            drop(awsenv::files::lock(&lock).unwrap());
        }
    });
}

/// Whether somebody waits for a session's lock, as the kernel says.
#[cfg(target_os = "linux")]
pub(crate) fn is_waited_for(world: &World) -> bool {
    use std::os::unix::fs::MetadataExt;
    let inode = |path: PathBuf| format!(":{} ", path.metadata().unwrap().ino());
    let inodes: Vec<_> = locks(world).into_iter().map(inode).collect();
    let locks = std::fs::read_to_string("/proc/locks").unwrap();
    let mut waiting = locks.lines().filter(|line| line.contains("-> FLOCK"));
    waiting.any(|line| inodes.iter().any(|inode| line.contains(inode)))
}

fn locks(world: &World) -> Vec<PathBuf> {
    let directory = places(world).state.join("sessions");
    let Ok(entries) = std::fs::read_dir(directory) else { return Vec::new() };
    let files = entries.map(|entry| entry.unwrap().path());
    let name = |path: &PathBuf| path.file_name().unwrap().to_str().unwrap().to_owned();
    // Whoever asks a person holds another one.
    files
        .filter(|path| name(path).strip_suffix(".lock").is_some_and(|session| !session.contains('.')))
        .collect()
}

/// Waits until something is so; fails if it is not at the [`DEADLINE`].
#[track_caller]
pub(crate) fn until(what: &str, is_so: impl Fn() -> bool) {
    let give_up = clock::uptime() + DEADLINE;
    while !is_so() {
        assert!(clock::uptime() < give_up, "{what}");
        std::thread::yield_now();
    }
}

/// Runs what may block, and fails if it still does at the [`DEADLINE`].
pub(crate) fn within_deadline<T: Send + 'static>(what: &str, act: impl FnOnce() -> T + Send + 'static) -> T {
    let (done, is_done) = mpsc::channel();
    std::thread::spawn(move || done.send(act()));
    is_done.recv_timeout(DEADLINE).unwrap_or_else(|_| panic!("{what} after {DEADLINE:?}"))
}

/// The pause after each failure ends then (RFC 3339), instead of some seconds later; how often in a row each has failed.
/// A failure that is about to be kept is waited for.
#[track_caller]
pub(crate) fn pauses_end(world: &World, again: &str) -> Vec<u32> {
    let record = |entry: std::io::Result<std::fs::DirEntry>| {
        let path = entry.ok()?.path();
        let record: FailureRecord = serde_json::from_slice(&std::fs::read(&path).ok()?).ok()?;
        Some((path, record))
    };
    let directory = places(world).state.join("failures");
    let kept = || std::fs::read_dir(&directory).ok()?.map(record).collect::<Option<Vec<_>>>();
    until("no failure is kept", || kept().is_some_and(|kept| !kept.is_empty()));
    let end = |(path, mut record): (PathBuf, FailureRecord)| {
        record.again = again.to_owned();
        awsenv::files::write_private(&path, &serde_json::to_vec(&record).unwrap()).unwrap();
        record.attempts
    };
    kept().unwrap().into_iter().map(end).collect()
}

/// Later than any test ends.
pub(crate) fn in_an_hour() -> String {
    clock::rfc3339(clock::now().checked_add(Duration::from_secs(3600)).unwrap())
}

/// `2026-11-22T12:00:00Z`, some time ago.
pub(crate) fn long_ago() -> String {
    clock::rfc3339(clock::now().checked_sub(Duration::from_secs(10)).unwrap())
}
