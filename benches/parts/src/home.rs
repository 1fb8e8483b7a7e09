//! Scratch homes that give a shell the same variables: ours by a pin, the others' by their own files.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

use awsenv_sandbox::{Role, Sandbox, Scenario, User};
use tempfile::TempDir;

use crate::tool::Tool;

/// Variables of a process.
pub type Env = BTreeMap<OsString, OsString>;

/// AWS's own sample keys.
const KEY_ID: &str = "AKIAIOSFODNN7EXAMPLE";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
const USER: &str = "arn:aws:iam::111122223333:user/me";
const ROLE: &str = "arn:aws:iam::111122223333:role/Acme";
/// As many as people have.
const PROFILES: [&str; 8] = ["acme", "acme-prod", "audit", "data", "ops", "sandbox", "tools", "web"];
/// The shell that says it asks: the state belongs to a process id.
pub const PID: &str = "4242";
/// Its version.
pub const BASH_VERSION: &str = "5.2.15(1)-release";

/// How much else there is in a home with a role.
#[derive(Clone, Copy, Debug)]
pub struct Crowd {
    /// Profiles in `~/.aws/config`, of seven lines each.
    pub profiles: usize,
    /// Sessions in the store, of one profile each.
    pub sessions: usize,
}

/// A home with one pinned directory, and the program that minds it.
#[derive(Debug)]
pub struct Home {
    dir: PathBuf,
    /// Who minds it.
    pub tool: Tool,
    /// Where that is.
    pub program: PathBuf,
    /// In memory, as systemd makes it.
    runtime: TempDir,
    /// Where AWS is, or was.
    endpoint: Option<String>,
    /// As long as it is there.
    aws: Option<Sandbox>,
    /// Whose keys the pinned directory gives.
    pub key_id: String,
}

impl Home {
    /// Pins a profile whose keys stand in a file.
    ///
    /// # Panics
    /// This and all below, where a home cannot be made as they say.
    pub fn with_keys(dir: PathBuf, program: PathBuf) -> Self {
        let home = Self::of(dir, Tool::Awsenv, program);
        let section = |name: &str| format!("[profile {name}]\nregion = eu-central-1\noutput = json\n");
        home.write(".aws/config", &PROFILES.map(section).concat());
        home.write(".aws/credentials", &PROFILES.map(keys).concat());
        home.pin()
    }

    /// Pins a role, with its session in the store. AWS itself is gone by then.
    pub fn with_session(dir: PathBuf, program: PathBuf, crowd: Crowd) -> Self {
        Self { aws: None, ..Self::with_aws(dir, program, crowd) }
    }

    /// The same, and AWS is still there.
    pub fn with_aws(dir: PathBuf, program: PathBuf, crowd: Crowd) -> Self {
        let mut home = Self::of(dir, Tool::Awsenv, program);
        let kept = crowd.sessions - 1;
        let others = (crowd.profiles - 1).max(kept);
        // Those whose sessions are kept take on the same role under other names, which makes them other sessions.
        let other = |n: usize| {
            format!(
                "\n[profile team-{n:05}]\nregion = eu-central-1\noutput = json\nsource_profile = base\n\
                 role_arn = {ROLE}\nrole_session_name = team-{n:05}\n"
            )
        };
        home.write(
            ".aws/config",
            &format!(
                "[profile acme]\nregion = eu-central-1\nrole_arn = {ROLE}\nsource_profile = base\n{}",
                (0..others).map(other).collect::<String>()
            ),
        );
        home.write(".aws/credentials", &keys("base"));
        let scenario =
            Scenario::default().user(User::new(USER, KEY_ID, SECRET)).role(Role::new(ROLE, &[USER]));
        let sandbox = Sandbox::start(scenario);
        home.endpoint = Some(sandbox.url().to_owned());
        home.aws = Some(sandbox);
        let home = home.pin();
        home.tell(&["refresh"]);
        std::thread::scope(|threads| {
            for start in 0..4 {
                let fetch = |n| home.tell(&["refresh", &format!("team-{n:05}")]);
                threads.spawn(move || (start..kept).step_by(4).for_each(fetch));
            }
        });
        let key_id = home.loaded(&home.pinned()).remove(OsStr::new("AWS_ACCESS_KEY_ID"));
        Self { key_id: key_id.and_then(|id| id.into_string().ok()).unwrap_or_default(), ..home }
    }

    /// The same variables as a shell of `ours` gets below its pin, by a file that this tool allows.
    pub fn of_peer(dir: PathBuf, tool: Tool, program: &Path, ours: &Self) -> Self {
        let variables = ours.variables();
        let home = Self { key_id: ours.key_id.clone(), ..Self::of(dir, tool, program.to_owned()) };
        let (name, text) = tool.file(&variables);
        let file = format!("work/acme/{name}");
        home.write(&file, &text);
        home.age(&file);
        home.tell(tool.allow());
        home
    }

    fn of(dir: PathBuf, tool: Tool, program: PathBuf) -> Self {
        for below in ["work/acme/a/b/c", "plain/a/b/c"] {
            fs::create_dir_all(dir.join(below)).expect("scratch");
        }
        let memory = Path::new("/dev/shm");
        let runtime = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
        let runtime = runtime.expect("scratch");
        Self { dir, tool, program, runtime, endpoint: None, aws: None, key_id: KEY_ID.to_owned() }
    }

    fn pin(self) -> Self {
        self.tell(&["init", "acme"]);
        for file in [".aws/config", ".aws/credentials", "work/acme/.awsenv"] {
            self.age(file);
        }
        self
    }

    /// Three levels below the pin.
    pub fn pinned(&self) -> PathBuf {
        self.dir.join("work/acme/a/b/c")
    }

    /// So many levels below the pin.
    pub fn below_pin(&self, levels: usize) -> PathBuf {
        let dir = self.dir.join("work/acme").join(["d"].repeat(levels).join("/"));
        fs::create_dir_all(&dir).expect("scratch");
        dir
    }

    /// As deep, and nothing is pinned.
    pub fn plain(&self) -> PathBuf {
        self.dir.join("plain/a/b/c")
    }

    /// The next prompt reads the AWS files.
    pub fn forget_index(&self) {
        self.forget("state/awsenv/index");
    }

    /// Who wants credentials has to ask AWS for them: of awsenv's, the AWS CLI's and awsume's caches nothing is left.
    pub fn forget_sessions(&self) {
        for cache in ["state/awsenv/sessions", ".aws/cli/cache", ".awsume/cache", "cache/awsume"] {
            self.forget(cache);
        }
    }

    fn forget(&self, dir: &str) {
        match fs::remove_dir_all(self.dir.join(dir)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => panic!("{dir}: {error}"),
            _ => {}
        }
    }

    /// What a login leaves in the environment, more or less.
    pub fn env(&self) -> Env {
        let at = |name: &str| self.dir.join(name).into_os_string();
        let path = std::env::var_os("PATH").unwrap_or_default();
        let mut env: Env = [
            ("HOME", self.dir.clone().into_os_string()),
            ("PATH", path),
            ("LANG", "C.UTF-8".into()),
            // A session is named after the user; zsh and fish put in the real one.
            ("USER", user().into()),
            ("LOGNAME", user().into()),
            ("XDG_CONFIG_HOME", at("config")),
            ("XDG_DATA_HOME", at("data")),
            ("XDG_STATE_HOME", at("state")),
            ("XDG_CACHE_HOME", at("cache")),
            ("XDG_RUNTIME_DIR", self.runtime.path().into()),
        ]
        .map(|(name, value)| (name.into(), value))
        .into();
        env.extend(self.endpoint.iter().map(|url| ("AWS_ENDPOINT_URL_STS".into(), url.into())));
        env.extend((0..30).map(|n| (format!("USUAL_{n}").into(), "some value of a usual length".into())));
        env
    }

    /// A command in this home, whose output nobody reads.
    pub fn command(&self, program: &Path, arguments: &[&str], dir: &Path, env: &Env) -> Command {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(dir).env_clear().envs(env).env("PWD", dir);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command
    }

    /// What the hook of this home's tool calls from `dir`, of this `program`.
    pub fn export(&self, program: &Path, dir: &Path, env: &Env) -> Command {
        let arguments: &[&str] = match self.tool {
            Tool::Awsenv => &["export", "bash", PID, BASH_VERSION],
            Tool::Direnv => &["export", "bash"],
            Tool::Mise => &["hook-env", "--shell-pid", PID, "-s", "bash"],
        };
        let mut command = self.command(program, arguments, dir, env);
        if self.tool == Tool::Awsenv {
            command.arg(dir);
        }
        command
    }

    /// The environment of a shell that has evaluated the answer for `dir`.
    pub fn loaded(&self, dir: &Path) -> Env {
        let answer = self.export(&self.program, dir, &self.env()).stdout(Stdio::piped()).output();
        let answer = answer.expect("the program starts").stdout;
        let mut shell = Command::new("bash")
            .args(["--norc", "--noprofile", "-c", "eval \"$(cat)\"; env -0"])
            .current_dir(dir)
            .env_clear()
            .envs(self.env())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("bash starts");
        shell.stdin.take().expect("piped").write_all(&answer).expect("bash reads");
        let text = shell.wait_with_output().expect("bash ends").stdout;
        let pairs = text.split(|byte| *byte == 0).filter_map(|pair| {
            let at = pair.iter().position(|byte| *byte == b'=')?;
            let text = |bytes| OsStr::from_bytes(bytes).to_owned();
            Some((text(&pair[..at]), text(&pair[at + 1..])))
        });
        let env: Env = pairs.collect();
        assert!(env.contains_key(OsStr::new("AWS_ACCESS_KEY_ID")), "nothing was loaded");
        env
    }

    /// What the pinned directory gives, awsenv's own memory aside.
    fn variables(&self) -> Vec<(String, String)> {
        let before = self.env();
        let text = |text: OsString| text.into_string().expect("plain text");
        let given = self.loaded(&self.pinned()).into_iter().map(|(name, value)| (text(name), text(value)));
        given
            .filter(|(name, _)| name.starts_with("AWS") && name != "AWSENV_STATE")
            .filter(|(name, _)| !before.contains_key(OsStr::new(name)))
            .collect()
    }

    /// A file of this content.
    pub fn file(&self, name: &str, content: &[u8]) -> PathBuf {
        let path = self.dir.join(name);
        fs::write(&path, content).expect("scratch");
        path
    }

    /// A script that stands in for a program.
    pub fn script(&self, name: &str, text: &str) -> PathBuf {
        let path = self.file(name, format!("#!/bin/sh\n{text}\n").as_bytes());
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("scratch");
        path
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.dir.join(name);
        fs::create_dir_all(path.parent().expect("below the home")).expect("scratch");
        fs::write(path, text).expect("scratch");
    }

    /// An hour old: a file of this very moment could change again unseen, so guards on it are false.
    fn age(&self, name: &str) {
        let hour_ago = SystemTime::now() - Duration::from_secs(3600);
        fs::File::open(self.dir.join(name)).and_then(|file| file.set_modified(hour_ago)).expect("scratch");
    }

    fn tell(&self, arguments: &[&str]) {
        let status =
            self.command(&self.program, arguments, &self.dir.join("work/acme"), &self.env()).status();
        assert!(status.is_ok_and(|status| status.success()), "{} {arguments:?}", self.program.display());
    }
}

/// A section of `~/.aws/credentials`.
fn keys(name: &str) -> String {
    format!("[{name}]\naws_access_key_id = {KEY_ID}\naws_secret_access_key = {SECRET}\n")
}

/// Who runs this.
fn user() -> String {
    let output = Command::new("id").arg("-un").output().expect("id starts");
    String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
}
