//! Whatever is wrong with the machine itself, by four ways: nobody gets a wrong identity, nothing that was kept is lost,
//! nobody waits beyond a bound, what is amiss is said, and once it is over all is as it was. docs/faults.md is what is
//! said. `AWSENV_REGENERATE=1 cargo test --test it machine -- --test-threads 1` writes it anew.

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;

use awsenv::env::Env;
use awsenv::files;
use awsenv::session::store::Session;
use awsenv_sandbox::Sandbox;

use crate::cloud::{self, ME, ONE, places};
use crate::desktop::Desktop;
use crate::door::{self, Door};
use crate::faults;
use crate::files::below;
use crate::harm::{Ends, KEYCHAIN, TROUBLES, Trouble};
use crate::keyring;
use crate::keys::add;
use crate::mounts;
use crate::portal;
use crate::run::{PROGRAM, code};
use crate::shell::Kind;
use crate::world::World;

/// Longer than a call of the sandbox takes on a busy machine.
const WAIT: &str = "wait = \"20s\"\n";
const TWO: &str = "arn:aws:sts::222222222222:assumed-role/Two/";
/// Another portal's sign-in, which nobody asks about.
const OTHER: &str = r#"{"startUrl": "https://other.awsapps.com/start", "accessToken": "other"}"#;

/// A machine where something goes wrong.
pub(crate) struct Scene {
    mounted: Mounted,
    pub(crate) sandbox: Sandbox,
    pub(crate) world: World,
    /// What is asked with.
    pub(crate) env: Env,
    /// What somebody else does, who is to hang or die.
    pub(crate) same: &'static [&'static str],
    /// Whose credentials are asked for.
    whose: &'static str,
    /// The session that is missing.
    last: &'static str,
    /// Where the keys are, if they are in a keychain.
    pub(crate) desktop: Option<Desktop>,
    /// What a command says, as it says it.
    heard: Arc<Mutex<String>>,
}

/// What is to be taken away before the directory below it can go.
#[derive(Default)]
struct Mounted(Vec<PathBuf>);

impl Drop for Mounted {
    fn drop(&mut self) {
        self.0.iter().for_each(|path| mounts::unmount(path));
    }
}

/// What came of it: whose credentials arrived, if any did, and what was said.
struct Outcome {
    whose: Option<String>,
    said: String,
}

type Way = (&'static str, fn(&Scene) -> Outcome);

/// Chained to each other by nothing but the store.
const WAYS: [Way; 3] = [("the hook", by_hook), ("`exec`", by_exec), ("the agent", by_agent)];

const LOGIN: Way = ("`login`", by_login);

impl Scene {
    /// A chain of roles, of which the first is kept, and an agent that serves the second.
    fn of_roles(trouble: &Trouble) -> Self {
        let sandbox = cloud::sandbox();
        let world = cloud::world(&sandbox)
            .settings(if trouble.hangs { "wait = \"300ms\"\n" } else { WAIT })
            .file("acme/.awsenv", "profile = \"two\"\n")
            .allowed("acme")
            .file("agent/.awsenv", "profile = \"two\"\ndeliver = \"endpoint\"\n")
            .allowed("agent")
            .env("AWS_PROFILE", "base");
        world.run(["refresh"]).at("acme").any_stderr().success();
        Self { whose: TWO, last: "two", ..Self::of(sandbox, world, &["exec", "two", "--", "true"]) }
    }

    /// Keys in a Secret Service.
    fn of_keys() -> Self {
        let sandbox = cloud::sandbox();
        let world = cloud::world(&sandbox).settings(WAIT).env("AWS_PROFILE", "base");
        let desktop = Desktop::start(&world);
        let world = world
            .env("DBUS_SESSION_BUS_ADDRESS", &desktop.address)
            .file("acme/.awsenv", "[keys]\nname = \"ci\"\n")
            .allowed("acme")
            .file("agent/.awsenv", "deliver = \"endpoint\"\n[keys]\nname = \"ci\"\n")
            .allowed("agent");
        add(&world, "ci");
        let scene = Self::of(sandbox, world, &["login"]);
        Self { whose: ME, last: "ci", desktop: Some(desktop), ..scene }
    }

    /// A portal that one is signed in to, and will be anew.
    fn of_portal() -> Self {
        let sandbox = portal::sandbox();
        let world = portal::signed_in(&sandbox, 8 * 3600).file(".aws/sso/cache/other.json", OTHER);
        Self::of(sandbox, world, &["login", "dev", "--fresh", "--device-code", "--no-browser"])
    }

    fn of(sandbox: Sandbox, world: World, same: &'static [&'static str]) -> Self {
        let env = world.variables().clone();
        let (heard, mounted) = (Arc::default(), Mounted::default());
        Self { sandbox, world, env, same, whose: "", last: "", desktop: None, heard, mounted }
    }

    /// Has something mounted there, until the end.
    pub(crate) fn mount(&mut self, path: PathBuf, mount: impl FnOnce(&Path)) {
        mount(&path);
        self.mounted.0.push(path);
    }

    /// As if it had never been asked for.
    fn forget_last(&self) {
        let places = places(&self.world);
        let is_last = |session: &Session| session.name == self.last;
        for (key, _) in cloud::sessions(&self.world).iter().filter(|(_, session)| is_last(session)) {
            fs::remove_file(places.state.join("sessions").join(key.name())).unwrap();
        }
        let _ = fs::remove_dir_all(places.state.join("failures"));
    }

    /// A command of ours, with what is wrong with the environment.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        command.args(arguments).env_clear().envs(self.env.iter()).current_dir(self.world.at("acme"));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn run(&self, arguments: &[&str]) -> (Output, String) {
        let mut command = self.command(arguments);
        let mut child = command.spawn().unwrap();
        let (stderr, heard) = (child.stderr.take().unwrap(), self.heard.clone());
        lock(&heard).clear();
        let output = cloud::within_deadline("it goes on", move || {
            BufReader::new(stderr).lines().for_each(|line| *lock(&heard) += &(line.unwrap() + "\n"));
            child.wait_with_output().unwrap()
        });
        (output, self.world.shown(&lock(&self.heard)))
    }

    /// Whether somebody waits who is asked this way.
    fn is_waited_in(&self, way: &str) -> bool {
        match way {
            "`exec`" => lock(&self.heard).contains("waiting for that"),
            _ => cloud::is_waited_for(&self.world),
        }
    }

    fn whose(&self, env: &Env) -> Option<String> {
        cloud::identity(&self.sandbox, env)
    }

    fn is_right(&self, whose: Option<&str>) -> bool {
        whose.is_some_and(|whose| whose.starts_with(self.whose))
    }

    /// How often AWS was asked for the first role.
    fn calls_of_one(&self) -> usize {
        let calls = self.sandbox.calls();
        calls.iter().filter(|call| call.parameters.get("RoleArn").is_some_and(|role| role == ONE)).count()
    }

    /// What is ours.
    fn own(&self) -> Vec<PathBuf> {
        let places = places(&self.world);
        let dirs = [places.state, places.data, places.runtime];
        dirs.iter().filter(|dir| dir.is_dir()).flat_map(|dir| below(dir)).collect()
    }
}

fn lock(heard: &Mutex<String>) -> MutexGuard<'_, String> {
    heard.lock().unwrap()
}

/// It ends.
fn end(mut command: Command) -> Output {
    let child = command.spawn().unwrap();
    cloud::within_deadline("it goes on", move || child.wait_with_output().unwrap())
}

fn by_hook(scene: &Scene) -> Outcome {
    let mut shell = scene.world.shell(Kind::Bash);
    shell.env = scene.env.clone();
    shell.pwd = scene.world.at("acme");
    let mut said = String::new();
    for phase in [None, Some("wait")] {
        let mut question = shell.question().command();
        question.args(phase).stdin(Stdio::null());
        let output = end(question);
        said += &scene.world.shown(&String::from_utf8_lossy(&output.stderr));
        match code(output.status) {
            0 => shell.env = shell.evaluate(&output.stdout),
            // The hook itself then takes care that nothing is left.
            1 => return Outcome { whose: None, said },
            code => panic!("{code}: {said}"),
        }
        if !String::from_utf8_lossy(&output.stdout).contains("__awsenv_pending=1") {
            break;
        }
    }
    let whose = scene.whose(&shell.env);
    let profile = shell.env.text("AWS_PROFILE");
    if whose.is_none() && shell.env.text("AWSENV_STATE").is_some_and(|state| state.starts_with("1:on:")) {
        assert!(profile.is_some_and(|name| name.contains(": ")), "{profile:?}");
        assert_eq!(shell.env.text("AWS_EC2_METADATA_DISABLED"), Some("true"));
    } else {
        // Where nothing counts, the user is who the user was.
        assert_eq!(profile, if whose.is_some() { None } else { Some("base") });
    }
    shell.cd("");
    let original = (shell.env.text("AWS_PROFILE"), shell.env.text("AWS_ACCESS_KEY_ID"));
    assert_eq!(original, (Some("base"), None), "{}", shell.notice);
    Outcome { whose, said }
}

fn by_exec(scene: &Scene) -> Outcome {
    let (output, said) = scene.run(&["exec", "--", "env"]);
    let got: Env =
        String::from_utf8_lossy(&output.stdout).lines().filter_map(|line| line.split_once('=')).collect();
    let code = code(output.status);
    assert!(matches!((code, output.stdout.is_empty()), (0, false) | (3 | 4 | 125, true)), "{code}: {said}");
    Outcome { whose: scene.whose(&got), said }
}

fn by_agent(scene: &Scene) -> Outcome {
    let env = |name| scene.env.text(name).unwrap();
    let door = Door::new(env("DOOR"), env("DOOR_TOKEN"));
    // It may end while it is asked.
    let Some((status, answer)) = door.ask_if_there() else {
        return Outcome { whose: None, said: "no agent".to_owned() };
    };
    let whose = door::identity(&scene.sandbox, &answer);
    assert_eq!(status == 200, whose.is_some(), "{answer}");
    let said = match status {
        200 => String::new(),
        _ => format!("{status}: {}", answer["Message"].as_str().unwrap_or_default()),
    };
    Outcome { whose, said: scene.world.shown(&said) }
}

fn by_login(scene: &Scene) -> Outcome {
    let (output, said) = scene.run(scene.same);
    let code = code(output.status);
    assert!(matches!(code, 0 | 1 | 3), "{code}: {said}");
    Outcome { whose: (code == 0).then(|| scene.whose.to_owned()), said }
}

/// One way in one trouble, and what came of it; `None`: it is not to be had on this machine.
fn meet(trouble: &Trouble, (way, ask): Way, scene: &mut Scene) -> Option<Outcome> {
    let what = format!("{}, {way}", trouble.name);
    let env = scene.env.clone();
    let ends = (trouble.begin)(scene)?;
    let outcome = match ends {
        Ends::After(over) => {
            let outcome = ask(scene);
            over(scene);
            outcome
        }
        // The prompt is there by itself. Whoever else waits for somebody goes on once they do.
        Ends::Meanwhile(over) if way == "the hook" => {
            let outcome = ask(scene);
            over(scene);
            outcome
        }
        Ends::Meanwhile(over) => thread::scope(|threads| {
            let scene: &Scene = scene;
            let asking = threads.spawn(|| ask(scene));
            while !asking.is_finished() && !scene.is_waited_in(way) {
                thread::yield_now();
            }
            over(scene);
            asking.join().unwrap()
        }),
    };
    scene.env = env;
    let Outcome { whose, said } = &outcome;
    assert!(whose.is_none() || scene.is_right(whose.as_deref()), "{what}: {whose:?}");
    assert!(whose.is_some() || said.contains("awsenv: ") || trouble.ends_agent, "{what}: nothing is said");
    let never = ["panicked", "me/secret", "refreshToken"];
    assert!(!never.iter().any(|text| said.contains(text)), "{what}: {said}");
    Some(outcome)
}

/// Nothing was lost on the way, and nothing is half-written or open to others.
fn all_is_well(scene: &Scene, what: &str) {
    for path in scene.own() {
        let name = path.file_name().unwrap().to_string_lossy();
        let is_half = name.split('.').rev().nth(1).is_some_and(|pid| pid.parse::<u32>().is_ok());
        assert!(!is_half && !name.ends_with(".probe"), "{what}: {} was left behind", path.display());
        let metadata = path.metadata().unwrap();
        if metadata.is_file() || metadata.is_dir() {
            let mode = metadata.permissions().mode();
            assert_eq!(mode & 0o077, 0, "{what}: {} is {mode:o}", path.display());
        }
    }
}

/// By each of these ways, in a scene that has an agent.
fn ways(trouble: &Trouble, ways: &[Way], mut scene: Scene) -> Option<Vec<Outcome>> {
    (trouble.prepare)(&mut scene);
    let mut shell = scene.world.shell(Kind::Bash);
    shell.cd("agent");
    let door = shell.get("AWS_CONTAINER_CREDENTIALS_FULL_URI").unwrap_or_else(|| panic!("{}", shell.notice));
    scene.env.set("DOOR", door);
    scene.env.set("DOOR_TOKEN", shell.get("AWS_CONTAINER_AUTHORIZATION_TOKEN").unwrap());
    let met = ways.iter().map(|way| {
        scene.forget_last();
        meet(trouble, *way, &mut scene)
    });
    let outcomes: Option<Vec<_>> = met.collect();
    let what = trouble.name;
    let listed = scene.world.run(["trust", "list"]).any_stdout().success().stdout;
    assert_eq!(listed, "allowed  ~/acme/.awsenv\nallowed  ~/agent/.awsenv\n", "{what}");
    scene.forget_last();
    let calls = scene.calls_of_one();
    let got = scene.world.run(["exec", "--", "env"]).at("acme").any_stdout().success().variables();
    assert!(scene.is_right(scene.whose(&got).as_deref()), "{what}, and afterwards");
    assert!(
        trouble.loses_sessions || scene.calls_of_one() == calls,
        "{what}: the first role's session is lost"
    );
    let mut shell = scene.world.shell(Kind::Bash);
    shell.cd("acme");
    assert!(scene.is_right(scene.whose(&shell.env).as_deref()), "{what}: {}", shell.notice);
    let _ = scene.world.command(PROGRAM).args(["agent", "stop"]).output();
    all_is_well(&scene, what);
    outcomes
}

fn login(trouble: &Trouble) -> Option<Outcome> {
    let mut scene = Scene::of_portal();
    (trouble.prepare)(&mut scene);
    fs::create_dir_all(scene.world.at("acme")).unwrap();
    let before = scene.world.read(portal::OF_CORP);
    let outcome = meet(trouble, LOGIN, &mut scene)?;
    let what = format!("{}, login", trouble.name);
    if outcome.whose.is_none() {
        assert_eq!(scene.world.read(portal::OF_CORP), before, "{what}: the old sign-in is gone for nothing");
    }
    assert_eq!(scene.world.read(".aws/sso/cache/other.json"), OTHER, "{what}");
    let (output, said) = scene.run(scene.same);
    assert!(output.status.success(), "{what}, and afterwards: {said}");
    cloud::exec(&scene.world, "dev");
    let beside: Vec<_> =
        portal::cached(&scene.world).into_iter().filter(|name| !name.ends_with(".json")).collect();
    assert_eq!(beside, [""; 0], "{what}");
    all_is_well(&scene, &what);
    Some(outcome)
}

/// What is said of it is the same on each machine.
fn told(said: &str) -> String {
    let is_told = |line: &&str| line.starts_with("awsenv: ") || line.starts_with(['4', '5']);
    let is_news = |line: &&str| !line.contains("hint:") && !line.contains("fetching");
    let line = said.lines().filter(is_told).rfind(is_news).unwrap_or_default();
    let line = line.replace(&format!("awsenv-{}", files::uid()), "awsenv-UID");
    let words = line.split(' ').map(|word| match word.split_once("/.aws/") {
        Some((_, rest)) => format!("~/.aws/{rest}"),
        None => word.to_owned(),
    });
    words.collect::<Vec<_>>().join(" ").replace('|', "\\|")
}

/// A cell of the table.
fn cell(outcome: &Outcome, good: &str) -> String {
    let said = told(&outcome.said);
    match (&outcome.whose, said.as_str()) {
        (Some(_), "") => good.to_owned(),
        (Some(_), _) if good == "signed in" => good.to_owned(),
        (Some(_), said) => format!("{good}; {said}"),
        (None, said) => said.to_owned(),
    }
}

fn row(trouble: &Trouble) -> Option<String> {
    let outcomes = ways(trouble, &WAYS, Scene::of_roles(trouble))?;
    let mut row = format!("| {} |", trouble.name);
    for (outcome, (way, _)) in outcomes.iter().zip(WAYS) {
        let cell = match way {
            "the agent" if trouble.ends_agent => "credentials, until it ends".to_owned(),
            _ => cell(outcome, "credentials"),
        };
        let _ = write!(row, " {cell} |");
    }
    let signed_in = match trouble.of_roles_alone {
        true => "as ever".to_owned(),
        false => cell(&login(trouble)?, "signed in"),
    };
    let _ = writeln!(row, " {signed_in} |");
    Some(row)
}

#[test]
fn whatever_is_wrong_with_the_machine_nothing_is_lost_and_nobody_is_somebody_else() {
    let own = "machine::whatever_is_wrong_with_the_machine_nothing_is_lost_and_nobody_is_somebody_else";
    let Some(own_mounts) = mounts::own(own) else { return };
    let possible = |trouble: &Trouble| if own_mounts || !trouble.mounts { row(trouble) } else { None };
    faults::compare("machine", HEAD, &side_by_side(&TROUBLES, possible));
}

#[test]
fn whatever_is_wrong_with_the_keychain_its_keys_are_not_lost_and_nobody_is_somebody_else() {
    if !keyring::is_installed() {
        return;
    }
    let row = |trouble: &Trouble| {
        let [hook, exec, agent] = WAYS;
        let outcomes = ways(trouble, &[hook, exec, agent, LOGIN], Scene::of_keys())?;
        let cells: Vec<_> = outcomes.iter().map(|outcome| cell(outcome, "credentials")).collect();
        Some(format!("| {} | {} |\n", trouble.name, cells.join(" | ")))
    };
    faults::compare("keychain", HEAD, &side_by_side(&KEYCHAIN, row));
}

const HEAD: &str = "| what is wrong | the hook | `exec` | the agent | `login` |\n|---|---|---|---|---|\n";

/// The row of each, some at a time.
fn side_by_side(
    troubles: &[Trouble],
    row: impl Fn(&Trouble) -> Option<String> + Sync,
) -> Vec<Option<String>> {
    let mut rows = Vec::new();
    for some in troubles.chunks(5) {
        rows.extend(thread::scope(|scope| {
            let met: Vec<_> = some.iter().map(|trouble| scope.spawn(|| row(trouble))).collect();
            met.into_iter().map(thread::ScopedJoinHandle::join).collect::<Vec<_>>()
        }));
    }
    // What has come to an end is told by now, whatever became of the others.
    rows.into_iter().map(Result::unwrap).collect()
}
