//! The scratch home, the people in the sandbox, and shells that know nothing else.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};
use awsenv::env::Env;
use awsenv_sandbox::{Role, Sandbox, Scenario, User};
use tempfile::TempDir;

const DEPLOY: &str = "arn:aws:iam::444455556666:role/Deploy";

const CONFIG: &str = "\
[profile acme-base]
region = eu-west-1
aws_access_key_id = AKIATOUREXAMPLE
aws_secret_access_key = tour/EXAMPLEKEY

[profile acme-dev]
region = eu-west-1
role_arn = arn:aws:iam::444455556666:role/Deploy
source_profile = acme-base
";

const PIN: &str = "profile = \"acme-dev\"\naccount = \"444455556666\"\nduration = \"15m\"\n";

/// It is cleared when this is dropped.
pub(crate) struct Stage {
    pub(crate) sandbox: Sandbox,
    scratch: TempDir,
    runtime: TempDir,
    program: PathBuf,
    /// What a terminal and a linker need of the user's own environment.
    kept: Env,
}

impl Stage {
    pub(crate) fn set(program: &Path, own: &Env) -> anyhow::Result<Self> {
        let me = "arn:aws:iam::111122223333:user/tourist";
        let user = User::new(me, "AKIATOUREXAMPLE", "tour/EXAMPLEKEY");
        let sandbox = Sandbox::start(Scenario::default().user(user).role(Role::new(DEPLOY, &[me])));
        // The key that seals sessions rests in memory only.
        let memory = Path::new("/dev/shm");
        let runtime = if memory.is_dir() { TempDir::new_in(memory) } else { TempDir::new() };
        let mut kept = Env::default();
        for name in ["PATH", "TERM", "COLORTERM", "LANG", "LC_ALL"] {
            if let Some(value) = own.get(name) {
                kept.set(name, value);
            }
        }
        let stage = Self {
            sandbox,
            scratch: TempDir::new().context("no scratch directory")?,
            runtime: runtime.context("no scratch directory in memory")?,
            program: program.to_owned(),
            kept,
        };
        stage.write(".aws/config", CONFIG)?;
        stage.write("acme/.awsenv", PIN)?;
        let program = stage.program.display();
        stage.write(".bashrc", &format!("PS1='\\w $ '\neval \"$('{program}' hook bash)\"\n"))?;
        stage.write(".zshrc", &format!("PS1='%~ %% '\neval \"$('{program}' hook zsh)\"\n"))?;
        stage.write(".config/fish/config.fish", &format!("'{program}' hook fish | source\n"))?;
        Ok(stage)
    }

    pub(crate) fn home(&self) -> PathBuf {
        self.scratch.path().join("home")
    }

    fn write(&self, path: &str, text: &str) -> anyhow::Result<()> {
        let path = self.home().join(path);
        fs::create_dir_all(path.parent().context("below home")?)?;
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
    }

    /// The variables of whoever is on stage.
    pub(crate) fn environment(&self) -> anyhow::Result<Env> {
        let home = self.home();
        let mut env = self.kept.clone();
        for (name, path) in [
            ("HOME", home.clone()),
            ("ZDOTDIR", home.clone()),
            ("XDG_CONFIG_HOME", home.join(".config")),
            ("XDG_DATA_HOME", home.join(".local/share")),
            ("XDG_STATE_HOME", home.join(".local/state")),
            ("XDG_RUNTIME_DIR", self.runtime.path().to_owned()),
        ] {
            env.set(name, path);
        }
        env.set("USER", "tourist");
        env.set("AWS_ENDPOINT_URL_STS", self.sandbox.url());
        let programs = [self.program.parent().context("it lies in a directory")?.to_owned()];
        let path = self.kept.get("PATH").map(|path| std::env::split_paths(path).collect::<Vec<_>>());
        let path = std::env::join_paths(programs.into_iter().chain(path.unwrap_or_default()));
        env.set("PATH", path.context("a directory in PATH has a colon in it")?);
        Ok(env)
    }

    /// A shell at home that a person types into.
    pub(crate) fn shell(&self, name: &str) -> anyhow::Result<Command> {
        let arguments = match name {
            "bash" => {
                vec!["--noprofile".into(), "--rcfile".into(), self.home().join(".bashrc").into_os_string()]
            }
            "zsh" => vec!["-d".into()],
            "fish" => Vec::new(),
            _ => bail!("{name} has no hook here"),
        };
        let mut command = Command::new(name);
        command
            .args(arguments)
            .arg("-i")
            .env_clear()
            .envs(self.environment()?.iter())
            .current_dir(self.home());
        Ok(command)
    }
}
