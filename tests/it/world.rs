//! A scratch machine for one test: a home, the user's directories, an environment with nothing else in it.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

use awsenv::env::Env;
use awsenv::volatile;
use awsenv_sandbox::{Sandbox, Scenario, User};
use tempfile::TempDir;

use crate::run::Run;
use crate::shell::{Kind, Shell};

/// Two profiles with keys, and what later versions or nobody can use.
pub(crate) const CONFIG: &str = "\
[profile dev]
region = eu-west-1
aws_access_key_id = AKIADEV
aws_secret_access_key = dev/secret
aws_account_id = 111122223333

[profile prod]
region = us-east-1
aws_access_key_id = AKIAPROD
aws_secret_access_key = prod/secret
aws_account_id = 999988887777
";

/// The home and everything in it go when the test ends.
pub(crate) struct World {
    root: TempDir,
    runtime: TempDir,
    env: Env,
    /// It answers as long as the world lasts.
    aws: Option<Sandbox>,
}

impl World {
    /// An empty home.
    pub(crate) fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        // On tmpfs, as systemd makes it: the key that seals what rests on disk needs that.
        let memory = Path::new("/dev/shm");
        let runtime = if memory.is_dir() {
            tempfile::tempdir_in(memory).unwrap()
        } else {
            tempfile::tempdir().unwrap()
        };
        let mut world = Self { root, runtime, env: Env::default(), aws: None };
        let home = world.home();
        fs::create_dir_all(home.join(".aws")).unwrap();
        for (name, path) in [
            ("HOME", home.clone()),
            ("XDG_CONFIG_HOME", home.join(".config")),
            ("XDG_DATA_HOME", home.join(".local/share")),
            ("XDG_STATE_HOME", home.join(".local/state")),
            ("XDG_RUNTIME_DIR", world.runtime()),
            ("TMPDIR", home.join(".aws")),
        ] {
            world.env.set(name, path);
        }
        world.env.set("PATH", Env::of_this_process().get("PATH").unwrap());
        world.env.set("LC_ALL", "C.UTF-8");
        // Whatever a story does, nothing of it reaches the real AWS.
        world.env.set("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:1");
        world.env.set("AWS_MAX_ATTEMPTS", "1");
        world
    }

    /// A home with the profiles of [`CONFIG`].
    pub(crate) fn with_profiles() -> Self {
        Self::new().config(CONFIG)
    }

    /// [`World::with_profiles`], and `acme/.awsenv` allowed there, which pins `dev`.
    pub(crate) fn with_pin() -> Self {
        Self::with_profiles().file("acme/.awsenv", "profile = \"dev\"\n").allowed("acme")
    }

    /// Writes `~/.aws/config`.
    pub(crate) fn config(self, text: &str) -> Self {
        self.file(".aws/config", text)
    }

    /// Writes the user's settings.
    pub(crate) fn settings(self, text: &str) -> Self {
        self.file(".config/awsenv/config.toml", text)
    }

    /// Writes a file below home.
    pub(crate) fn file(self, path: &str, text: &str) -> Self {
        self.write(path, text);
        self
    }

    /// Runs `awsenv allow` on a file or directory below home.
    pub(crate) fn allowed(self, path: &str) -> Self {
        self.allow(path);
        self
    }

    /// With an AWS that knows the keys of [`CONFIG`] and of the documentation.
    pub(crate) fn with_aws(mut self) -> Self {
        let users = [
            User::new("arn:aws:iam::111122223333:user/dev", "AKIADEV", "dev/secret"),
            User::new("arn:aws:iam::999988887777:user/prod", "AKIAPROD", "prod/secret"),
            User::new("arn:aws:iam::111122223333:user/bare", "AKIABARE", "s"),
            User::new(
                "arn:aws:iam::111122223333:user/me",
                "AKIAIOSFODNN7EXAMPLE",
                "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            ),
        ];
        let sandbox = Sandbox::start(users.into_iter().fold(Scenario::default(), Scenario::user));
        self.env.set("AWS_ENDPOINT_URL_STS", sandbox.url());
        self.aws = Some(sandbox);
        self
    }

    /// Sets a variable of the user's.
    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.env.set(name, value.as_ref());
        self
    }

    /// Takes a variable of the user's away.
    pub(crate) fn without(mut self, name: &str) -> Self {
        self.env.unset(name);
        self
    }

    /// The variables of the user's.
    pub(crate) fn variables(&self) -> &Env {
        &self.env
    }

    /// Writes a file below home, a minute old: an edit of this very instant makes every guard false.
    pub(crate) fn write(&self, path: &str, text: &str) -> PathBuf {
        let path = self.at(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        age(&path);
        path
    }

    /// Writes a program below home.
    pub(crate) fn program(&self, path: &str, text: &str) -> PathBuf {
        let path = self.at(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        awsenv_parts::script::write(&path, text);
        age(&path);
        path
    }

    /// Reads a file below home.
    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.at(path)).unwrap()
    }

    /// Runs `awsenv allow` on a file or directory below home.
    pub(crate) fn allow(&self, path: &str) {
        self.run(["allow"]).arg(self.at(path)).any_stderr().success();
    }

    /// As after a reboot: the encrypted file's passphrase has to be given again.
    pub(crate) fn forget_the_passphrase(&self) {
        let Ok(file) = fs::read(self.at(".local/share/awsenv/keys/sealed")) else { return };
        let header = String::from_utf8_lossy(file.split(|byte| *byte == b'\n').next().unwrap()).into_owned();
        let Some((_, salt)) = header.split_once("salt=") else { return };
        let name = volatile::Name { keyring: &format!("awsenv:keys:{salt}"), file: &format!("keys.{salt}") };
        volatile::forget(&crate::cloud::places(self), name);
    }

    /// The home.
    pub(crate) fn home(&self) -> PathBuf {
        self.root.path().canonicalize().unwrap().join("home")
    }

    /// `$XDG_RUNTIME_DIR`.
    pub(crate) fn runtime(&self) -> PathBuf {
        self.runtime.path().canonicalize().unwrap()
    }

    /// A path below home.
    pub(crate) fn at(&self, path: &str) -> PathBuf {
        if path.is_empty() { self.home() } else { self.home().join(path) }
    }

    /// The program with these arguments, at home.
    pub(crate) fn run<const N: usize>(&self, arguments: [&str; N]) -> Run<'_> {
        Run::new(self, &arguments)
    }

    /// A shell with our hook, that is at home.
    pub(crate) fn shell(&self, kind: Kind) -> Shell<'_> {
        Shell::new(self, kind)
    }

    /// Any program in this world's environment, at home.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.env_clear().envs(self.env.iter()).current_dir(self.home());
        command
    }

    /// Text with this world's paths as `$HOME` and `$RUN`.
    pub(crate) fn shown(&self, text: &str) -> String {
        text.replace(self.home().to_str().unwrap(), "$HOME").replace(self.runtime().to_str().unwrap(), "$RUN")
    }
}

/// The kernel's keyring is everybody's: nothing of a test stays there.
impl Drop for World {
    fn drop(&mut self) {
        self.forget_the_passphrase();
    }
}

/// Sets a file's modification time.
pub(crate) fn date(path: &Path, time: SystemTime) {
    fs::File::open(path).unwrap().set_modified(time).unwrap();
}

/// Makes a file a minute older.
fn age(path: &Path) {
    let modified = fs::metadata(path).unwrap().modified().unwrap();
    date(path, modified - Duration::from_secs(60));
}

/// A program that only some machines have. Where the tests count, it has to be there.
pub(crate) fn installed(program: &str) -> bool {
    let env = Env::of_this_process();
    let found = std::env::split_paths(env.get("PATH").unwrap()).any(|dir| dir.join(program).is_file());
    let has_to_be = env.get("CI").is_some() && (cfg!(target_os = "linux") || program != "strace");
    assert!(found || !has_to_be, "{program} is not installed");
    found
}
