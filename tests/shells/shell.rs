//! The shells that are asked, and how each says the same thing.

use std::path::PathBuf;

use awsenv::env::Env;
pub(crate) use awsenv::prompt::shell::Shell as Kind;

use crate::words::{self, Words};

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

/// The one that these tests run in.
pub(crate) fn installed(kind: Kind) -> Shell {
    let missing = || panic!("{} is not installed: tests/run brings it", kind.name());
    Shell { kind, program: words::of(kind).program().unwrap_or_else(missing) }
}

/// A program in the PATH of whoever runs the tests.
pub(crate) fn find(name: &str) -> Option<PathBuf> {
    let env = Env::of_this_process();
    std::env::split_paths(env.get("PATH")?).map(|dir| dir.join(name)).find(|path| path.is_file())
}

impl Shell {
    /// One of three texts: bash's, zsh's, fish's.
    pub(crate) fn says<'a>(&self, bash: &'a str, zsh: &'a str, fish: &'a str) -> &'a str {
        match self.kind {
            Kind::Bash => bash,
            Kind::Zsh => zsh,
            Kind::Fish => fish,
            kind => panic!("this is not said in {}", kind.name()),
        }
    }

    /// One of two texts: that of bash and zsh, and fish's.
    pub(crate) fn posix_or_fish<'a>(&self, posix: &'a str, fish: &'a str) -> &'a str {
        self.says(posix, posix, fish)
    }

    /// Exports a variable; `value` stands between single quotes.
    pub(crate) fn export(&self, name: &str, value: &str) -> String {
        assert!(!value.contains(['\'', '\\']), "hand hostile values over in the environment");
        self.words().export(name, value)
    }

    /// Takes a variable away.
    pub(crate) fn unset(&self, name: &str) -> String {
        self.words().unset(name)
    }

    /// It can tell without the program whether anything has changed.
    pub(crate) fn has_guard(&self) -> bool {
        self.kind.dialect().has_guard((u32::MAX, 0))
    }

    /// What a person types in it.
    pub(crate) fn words(&self) -> &'static dyn Words {
        words::of(self.kind)
    }
}
