//! The shells that are asked, and how each says the same thing.

use std::path::PathBuf;

use crate::words::{self, Words};

/// Those that stories are told in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "they are known by their names")]
pub enum Kind {
    Bash,
    Zsh,
    Fish,
    Xonsh,
    Nu,
    Elvish,
    Tcsh,
}

impl Kind {
    /// As `awsenv hook` is told.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bash => "bash",
            Self::Zsh => "zsh",
            Self::Fish => "fish",
            Self::Xonsh => "xonsh",
            Self::Nu => "nu",
            Self::Elvish => "elvish",
            Self::Tcsh => "tcsh",
        }
    }
}

/// A shell on this machine.
#[derive(Clone, Debug)]
pub struct Shell {
    /// What it understands.
    pub kind: Kind,
    /// Where it is.
    pub program: PathBuf,
}

/// The one that is installed, and those of `AWSENV_TEST_BASHES`.
pub fn bashes() -> Vec<Shell> {
    let further = std::env::var("AWSENV_TEST_BASHES").unwrap_or_default();
    let further = further.split(':').filter(|path| !path.is_empty()).map(PathBuf::from);
    let further = further.map(|program| Shell { kind: Kind::Bash, program });
    [installed(Kind::Bash)].into_iter().chain(further).collect()
}

/// The one that these tests run in.
pub fn installed(kind: Kind) -> Shell {
    let missing = || panic!("{} is not installed: tests/run brings it", kind.name());
    Shell { kind, program: words::of(kind).program().unwrap_or_else(missing) }
}

/// A program in the PATH of whoever runs the tests.
pub fn find(name: &str) -> Option<PathBuf> {
    std::env::split_paths(&std::env::var_os("PATH")?).map(|dir| dir.join(name)).find(|path| path.is_file())
}

impl Shell {
    /// One of three texts: bash's, zsh's, fish's.
    pub fn says<'a>(&self, bash: &'a str, zsh: &'a str, fish: &'a str) -> &'a str {
        match self.kind {
            Kind::Bash => bash,
            Kind::Zsh => zsh,
            Kind::Fish => fish,
            kind => panic!("this is not said in {}", kind.name()),
        }
    }

    /// One of two texts: that of bash and zsh, and fish's.
    pub fn posix_or_fish<'a>(&self, posix: &'a str, fish: &'a str) -> &'a str {
        self.says(posix, posix, fish)
    }

    /// Exports a variable; `value` stands between single quotes.
    pub fn export(&self, name: &str, value: &str) -> String {
        assert!(!value.contains(['\'', '\\']), "hand hostile values over in the environment");
        self.words().export(name, value)
    }

    /// Takes a variable away.
    pub fn unset(&self, name: &str) -> String {
        self.words().unset(name)
    }

    /// It can tell without the program whether anything has changed.
    pub fn has_guard(&self) -> bool {
        self.kind != Kind::Elvish
    }

    /// What a person types in it.
    pub fn words(&self) -> &'static dyn Words {
        words::of(self.kind)
    }
}
