//! Two scratch homes that give a shell the same variables: ours by a pin, direnv's by an `.envrc`.

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

pub(crate) type Env = BTreeMap<OsString, OsString>;

/// What both tools export; AWS's own sample keys.
const VARIABLES: [(&str, &str); 5] = [
    ("AWSENV_PROFILE", "acme"),
    ("AWS_ACCESS_KEY_ID", KEY_ID),
    ("AWS_SECRET_ACCESS_KEY", SECRET),
    ("AWS_REGION", "eu-central-1"),
    ("AWS_DEFAULT_REGION", "eu-central-1"),
];
pub(crate) const KEY_ID: &str = "AKIAIOSFODNN7EXAMPLE";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
/// As many as people have.
const PROFILES: [&str; 8] = ["acme", "acme-prod", "audit", "data", "ops", "sandbox", "tools", "web"];
/// The shell that says it asks: the state belongs to a process id.
pub(crate) const PID: &str = "4242";
pub(crate) const BASH_VERSION: &str = "5.2.15(1)-release";

/// Who runs this.
fn user() -> String {
    let output = Command::new("id").arg("-un").output().expect("id starts");
    String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
}

/// A home with one pinned directory, and the program that minds it.
pub(crate) struct Home {
    dir: PathBuf,
    pub(crate) program: PathBuf,
    /// In memory, as systemd makes it.
    runtime: TempDir,
    /// Where AWS is, if it is anywhere.
    endpoint: Option<String>,
}

impl Home {
    /// Pins with `awsenv init`.
    pub(crate) fn ours(dir: PathBuf, program: PathBuf) -> Self {
        let home = Self::of(dir, program);
        let aws = home.dir.join(".aws");
        fs::create_dir_all(&aws).expect("scratch");
        let section = |name: &str| format!("[profile {name}]\nregion = eu-central-1\noutput = json\n");
        fs::write(aws.join("config"), PROFILES.map(section).concat()).expect("scratch");
        let section = |name: &str| {
            format!("[{name}]\naws_access_key_id = {KEY_ID}\naws_secret_access_key = {SECRET}\n")
        };
        fs::write(aws.join("credentials"), PROFILES.map(section).concat()).expect("scratch");
        home.tell(&home.program, &["init", "acme"]);
        for file in [".aws/config", ".aws/credentials", "work/acme/.awsenv"] {
            home.age(file);
        }
        home
    }

    /// A role, and its session in the store. AWS itself is gone by then. So many other profiles stand behind the
    /// role's, of seven lines each.
    pub(crate) fn with_session(dir: PathBuf, program: PathBuf, others: usize) -> Self {
        const USER: &str = "arn:aws:iam::111122223333:user/me";
        const ROLE: &str = "arn:aws:iam::111122223333:role/Acme";
        let mut home = Self::of(dir, program);
        let aws = home.dir.join(".aws");
        fs::create_dir_all(&aws).expect("scratch");
        let config =
            format!("[profile acme]\nregion = eu-central-1\nrole_arn = {ROLE}\nsource_profile = base\n");
        let other = |n: usize| {
            format!(
                "\n[profile team-{n:04}]\nregion = eu-central-1\noutput = json\nsource_profile = acme\n\
                 role_arn = arn:aws:iam::{n:012}:role/Team\nduration_seconds = 3600\n"
            )
        };
        fs::write(aws.join("config"), config + &(0..others).map(other).collect::<String>()).expect("scratch");
        let keys = format!("[base]\naws_access_key_id = {KEY_ID}\naws_secret_access_key = {SECRET}\n");
        fs::write(aws.join("credentials"), keys).expect("scratch");
        let scenario =
            Scenario::default().user(User::new(USER, KEY_ID, SECRET)).role(Role::new(ROLE, &[USER]));
        let sandbox = Sandbox::start(scenario);
        home.endpoint = Some(sandbox.url().to_owned());
        home.tell(&home.program, &["init", "acme"]);
        home.tell(&home.program, &["refresh"]);
        for file in [".aws/config", ".aws/credentials", "work/acme/.awsenv"] {
            home.age(file);
        }
        home
    }

    /// The next prompt reads the AWS files.
    pub(crate) fn forget_index(&self) {
        fs::remove_dir_all(self.dir.join("state/awsenv/index")).expect("there is an index");
    }

    /// The same variables by an allowed `.envrc`.
    pub(crate) fn direnv(dir: PathBuf) -> Self {
        let home = Self::of(dir, "direnv".into());
        let exports = VARIABLES.map(|(name, value)| format!("export {name}='{value}'\n")).concat();
        fs::write(home.dir.join("work/acme/.envrc"), exports).expect("scratch");
        home.age("work/acme/.envrc");
        home.tell(&home.program, &["allow", "."]);
        home
    }

    fn of(dir: PathBuf, program: PathBuf) -> Self {
        for below in ["work/acme/a/b/c", "plain/a/b/c"] {
            fs::create_dir_all(dir.join(below)).expect("scratch");
        }
        let memory = Path::new("/dev/shm");
        let runtime = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
        Self { dir, program, runtime: runtime.expect("scratch"), endpoint: None }
    }

    /// Three levels below the pin.
    pub(crate) fn pinned(&self) -> PathBuf {
        self.dir.join("work/acme/a/b/c")
    }

    /// As deep, and nothing is pinned.
    pub(crate) fn plain(&self) -> PathBuf {
        self.dir.join("plain/a/b/c")
    }

    /// What a login leaves in the environment, more or less.
    pub(crate) fn env(&self) -> Env {
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

    /// `PROGRAM export bash …` as the hook calls it from `dir`.
    pub(crate) fn export(&self, program: &Path, dir: &Path, env: &Env) -> Command {
        let mut command = Command::new(program);
        command.args(["export", "bash"]);
        if self.program != Path::new("direnv") {
            command.args([OsStr::new(PID), BASH_VERSION.as_ref(), dir.as_ref()]);
        }
        command.current_dir(dir).env_clear().envs(env).env("PWD", dir);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command
    }

    /// The environment of a shell that has evaluated the answer for `dir`.
    pub(crate) fn loaded(&self, dir: &Path) -> Env {
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

    /// A file of this content.
    pub(crate) fn file(&self, name: &str, content: &[u8]) -> PathBuf {
        let path = self.dir.join(name);
        fs::write(&path, content).expect("scratch");
        path
    }

    /// A script that stands in for a program.
    pub(crate) fn script(&self, name: &str, text: &str) -> PathBuf {
        let path = self.file(name, format!("#!/bin/sh\n{text}\n").as_bytes());
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("scratch");
        path
    }

    /// An hour old: a file of this very moment could change again unseen, so guards on it are false.
    fn age(&self, name: &str) {
        let hour_ago = SystemTime::now() - Duration::from_secs(3600);
        fs::File::open(self.dir.join(name)).and_then(|file| file.set_modified(hour_ago)).expect("scratch");
    }

    fn tell(&self, program: &Path, arguments: &[&str]) {
        let pin = self.dir.join("work/acme");
        let status = Command::new(program)
            .args(arguments)
            .current_dir(&pin)
            .env_clear()
            .envs(self.env())
            .env("PWD", &pin)
            .stderr(Stdio::null())
            .status();
        assert!(status.is_ok_and(|status| status.success()), "{} {arguments:?}", program.display());
    }
}
