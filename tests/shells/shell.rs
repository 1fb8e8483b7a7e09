//! The shells that are asked, and how each says the same thing.

use std::path::{Path, PathBuf};

use awsenv::env::Env;
pub(crate) use awsenv::prompt::shell::Shell as Kind;

/// A shell on this machine.
#[derive(Clone, Debug)]
pub(crate) struct Shell {
    pub(crate) kind: Kind,
    pub(crate) program: PathBuf,
}

pub(crate) fn bashes() -> Vec<Shell> {
    let further = Env::of_this_process().text("AWSENV_TEST_BASHES").unwrap_or_default().to_owned();
    let further = further.split(':').filter(|path| !path.is_empty()).map(PathBuf::from);
    let further = further.map(|program| Shell { kind: Kind::Bash, program });
    [installed(Kind::Bash)].into_iter().chain(further).collect()
}

pub(crate) fn zsh() -> Shell {
    installed(Kind::Zsh)
}

pub(crate) fn fish() -> Shell {
    installed(Kind::Fish)
}

fn installed(kind: Kind) -> Shell {
    let program =
        find(kind.name()).unwrap_or_else(|| panic!("{} is not installed: these tests need it", kind.name()));
    Shell { kind, program }
}

/// A program in the PATH of whoever runs the tests.
pub(crate) fn find(name: &str) -> Option<PathBuf> {
    let env = Env::of_this_process();
    std::env::split_paths(env.get("PATH")?).map(|dir| dir.join(name)).find(|path| path.is_file())
}

impl Shell {
    /// What `sh` runs to become this shell, with `rc` (in a directory of its own) as its only startup file.
    pub(crate) fn command_line(&self, rc: &Path, login: bool) -> String {
        let (program, shown) = (self.program.display(), rc.display());
        let login = if login { "-l" } else { "" };
        match self.kind {
            // A login bash reads no rcfile: its profile does.
            Kind::Bash if !login.is_empty() => format!("exec {program} -l -i"),
            Kind::Bash => format!("exec {program} --noprofile --rcfile {shown} -i"),
            Kind::Zsh => format!("ZDOTDIR={} exec {program} -d -i {login}", rc.parent().unwrap().display()),
            Kind::Fish => format!("exec {program} -i {login} -C 'source {shown}'"),
        }
    }

    /// One of three texts: bash's, zsh's, fish's.
    pub(crate) fn says<'a>(&self, bash: &'a str, zsh: &'a str, fish: &'a str) -> &'a str {
        match self.kind {
            Kind::Bash => bash,
            Kind::Zsh => zsh,
            Kind::Fish => fish,
        }
    }

    /// One of two texts: that of bash and zsh, and fish's.
    pub(crate) fn posix_or_fish<'a>(&self, posix: &'a str, fish: &'a str) -> &'a str {
        self.says(posix, posix, fish)
    }

    /// Exports a variable; `value` stands between single quotes.
    pub(crate) fn export(&self, name: &str, value: &str) -> String {
        assert!(!value.contains(['\'', '\\']), "hand hostile values over in the environment");
        match self.kind {
            Kind::Bash | Kind::Zsh => format!("export {name}='{value}'"),
            Kind::Fish => format!("set -gx {name} '{value}'"),
        }
    }

    /// Takes a variable away.
    pub(crate) fn unset(&self, name: &str) -> String {
        format!("{} {name}", self.posix_or_fish("unset", "set -e"))
    }
}
