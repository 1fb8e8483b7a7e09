//! A scratch home: nothing of the developer's is seen, and nothing of it is left.

use std::cell::Cell;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;
use std::time::{Duration, SystemTime};

use crate::program;
use crate::script;
use crate::shell::{Kind, Shell};

/// The program under test: of whom cargo runs.
///
/// # Panics
/// Where somebody else has started this.
pub fn awsenv() -> &'static str {
    static AWSENV: LazyLock<String> =
        LazyLock::new(|| std::env::var("CARGO_BIN_EXE_awsenv").expect("cargo says where the program is"));
    &AWSENV
}

/// A home with two profiles, and everything a shell needs to start in it.
pub struct Home {
    dir: tempfile::TempDir,
    age: Cell<u64>,
}

impl Home {
    /// Nothing is pinned in it.
    #[expect(clippy::new_without_default, reason = "a directory of its own is no default")]
    pub fn new() -> Self {
        let home = Self {
            dir: tempfile::Builder::new().prefix("scratch-").tempdir_in("/tmp").unwrap(),
            age: Cell::new(0),
        };
        for dir in ["home/.aws", "home/.local/share/fish/generated_completions", "run", "rc", "envs"] {
            fs::create_dir_all(home.at(dir)).unwrap();
        }
        fs::set_permissions(home.at("run"), fs::Permissions::from_mode(0o700)).unwrap();
        home.write_credentials(&[
            ("alpha", "AKIAALPHA", "secret/of+alpha"),
            ("beta", "AKIABETA", "secret/of+beta"),
        ]);
        home.write(
            "home/.aws/config",
            "[profile alpha]\nregion = eu-west-1\n[profile beta]\nregion = us-east-2\n",
        );
        home.install(program::HONEST);
        home
    }

    /// A home where `alpha/` and `beta/` are pinned to the profiles of these names.
    pub fn with_projects() -> Self {
        let home = Self::new();
        home.pin("alpha", "profile = \"alpha\"\n");
        home.pin("beta", "profile = \"beta\"\n");
        home
    }

    /// A path in the scratch directory; the home itself is `home/`.
    pub fn at(&self, path: impl AsRef<Path>) -> PathBuf {
        self.dir.path().canonicalize().unwrap().join(path)
    }

    /// A path below the home.
    pub fn home(&self, path: impl AsRef<Path>) -> PathBuf {
        self.at("home").join(path)
    }

    /// Writes a file, dated long ago: an edit of a moment ago makes every prompt ask, by design.
    pub fn write(&self, path: impl AsRef<Path>, text: impl AsRef<[u8]>) {
        self.age.set(self.age.get() + 1);
        let path = self.at(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        date(&path, SystemTime::UNIX_EPOCH + Duration::new(1_000_000_000 + self.age.get(), 1));
    }

    /// Writes a file as an editor does, now.
    pub fn edit(&self, path: impl AsRef<Path>, text: impl AsRef<[u8]>) {
        fs::write(self.at(path), text).unwrap();
    }

    /// `~/.aws/credentials`: profile, key id, secret.
    pub fn write_credentials(&self, profiles: &[(&str, &str, &str)]) {
        self.write("home/.aws/credentials", credentials(profiles));
        fs::set_permissions(self.home(".aws/credentials"), fs::Permissions::from_mode(0o600)).unwrap();
    }

    /// Writes `.awsenv` into a directory below the home, and allows it.
    pub fn pin(&self, dir: impl AsRef<Path>, text: &str) {
        let dir = self.home(dir);
        self.write(dir.join(".awsenv"), text);
        self.awsenv([OsStr::new("allow"), dir.as_os_str()]);
    }

    /// Runs the program from outside any shell.
    pub fn awsenv<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) {
        let mut command = Command::new(awsenv());
        command.args(arguments).env_clear().envs(self.environment()).current_dir(self.at("home"));
        let output = command.output().unwrap();
        assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// All that a shell inherits.
    pub fn environment(&self) -> Vec<(&'static str, PathBuf)> {
        vec![
            ("HOME", self.at("home")),
            ("XDG_RUNTIME_DIR", self.at("run")),
            ("PATH", "/usr/bin:/bin:/usr/local/bin".into()),
            ("LANG", "C.UTF-8".into()),
            ("TERM", "dumb".into()),
            ("T", self.at("")),
        ]
    }

    /// Puts a script into the place of the program that the hook asks.
    pub fn install(&self, script: &str) {
        let (fresh, path) = (self.at("fresh"), self.program());
        let t = self.at("");
        let script =
            script.replace("@AWSENV@", awsenv()).replace("@T@", t.to_str().unwrap().trim_end_matches('/'));
        script::write(&fresh, &script);
        fs::rename(fresh, path).unwrap();
    }

    /// The FIFO that a slow program waits for.
    pub fn make_gate(&self) {
        let status = Command::new("mkfifo").arg(self.at("gate")).status();
        assert!(status.unwrap().success());
    }

    /// The program that the hook asks: a script that counts, and then is whatever a story needs.
    pub fn program(&self) -> PathBuf {
        self.at("awsenv")
    }

    /// How often the hook has asked the program.
    pub fn number_of_exports(&self) -> usize {
        fs::read_to_string(self.at("exports")).map_or(0, |text| text.lines().count())
    }

    /// Writes the script that starts a shell with an rc file that ends with the hook: `launch` itself, or
    /// another of that name for a second shell inside the first.
    pub fn launcher(&self, name: &str, shell: &Shell, rc: &Rc<'_>) -> PathBuf {
        let dir = self.at("rc").join(name);
        fs::create_dir_all(&dir).unwrap();
        let (file, hook) = (dir.join(shell.words().rc()), dir.join("hook"));
        fs::write(&hook, self.hook(shell, rc.sabotage)).unwrap();
        fs::write(&file, self.rc(shell, rc, &hook)).unwrap();
        if rc.login && shell.kind == Kind::Bash {
            fs::write(self.home(".bash_profile"), self.rc(shell, rc, &hook)).unwrap();
        }
        let script = dir.join("start");
        script::write(
            &script,
            &format!("#!/bin/sh\n{}\n", shell.words().command_line(&shell.program, &file, rc.login)),
        );
        script
    }

    /// `file` is where the hook's text is to be found.
    fn rc(&self, shell: &Shell, rc: &Rc<'_>, file: &Path) -> String {
        let words = shell.words();
        let hook = match rc.sabotage {
            [] => words.load(awsenv(), file),
            _ => words.load_file(file),
        };
        let (prompt, point) = (words.prompt(), words.ask(&self.program()));
        format!("{prompt}\n{}\n{hook}\n{point}\n{}\n", rc.before, rc.after)
    }

    /// Puts the hook's text into a file.
    pub fn write_hook(&self, shell: &Shell, file: &Path) {
        fs::write(file, self.hook(shell, &[])).unwrap();
    }

    /// The hook, with a fault in it or none.
    fn hook(&self, shell: &Shell, replacements: &[(&str, &str)]) -> String {
        let mut command = Command::new(awsenv());
        command.args(["hook", shell.kind.name()]).env_clear().envs(self.environment());
        let output = command.output().unwrap();
        let mut text = String::from_utf8(output.stdout).unwrap();
        for (from, to) in replacements {
            assert!(text.contains(from), "the hook of {} no longer says {from:?}", shell.kind.name());
            text = text.replace(from, to);
        }
        text
    }
}

/// What an rc file holds around the hook.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rc<'a> {
    /// Before it.
    pub before: &'a str,
    /// After it.
    pub after: &'a str,
    /// The hook's text with these replaced: a fault that a story must notice.
    pub sabotage: &'a [(&'a str, &'a str)],
    /// Started as tmux and terminals on macOS do.
    pub login: bool,
}

/// The text of `~/.aws/credentials`: profile, key id, secret.
pub fn credentials(profiles: &[(&str, &str, &str)]) -> String {
    let section = |(name, id, secret): &(&str, &str, &str)| {
        format!("[{name}]\naws_access_key_id = {id}\naws_secret_access_key = {secret}\n")
    };
    profiles.iter().map(section).collect()
}

/// Gives a file a date.
pub fn date(path: &Path, when: SystemTime) {
    fs::File::options().write(true).open(path).unwrap().set_modified(when).unwrap();
}
