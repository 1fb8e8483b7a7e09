//! What a command is given: the environment as it is and as it would be without us, the places, the settings.

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;

use crate::env::Env;
use crate::files;
use crate::message::{Failure, render};
use crate::places::Places;
use crate::prompt::choice::Choice;
use crate::prompt::memory::Memory;
use crate::settings::Settings;

/// Made once in `main`, handed on.
#[derive(Debug)]
pub struct World {
    /// The environment as it is.
    pub env: Env,
    /// With our own values undone: what every resolution sees.
    pub original: Env,
    /// What `use` has chosen for the shell that this was started in.
    pub choice: Option<Choice>,
    /// Where things are kept.
    pub places: Places,
    /// The user's settings.
    pub settings: Settings,
}

impl World {
    /// The world of this process. A mistake in the settings is an error.
    pub fn of(env: Env) -> anyhow::Result<Self> {
        Self::with(env, Err)
    }

    /// The same for the hook: a mistake in the settings is said, and must not cost every new shell its hook.
    pub fn of_hook(env: Env) -> anyhow::Result<Self> {
        Self::with(env, |error| {
            say(render(&error).0.trim_end());
            Ok(Settings { broken: true, history: false, ..Settings::default() })
        })
    }

    /// The same for who looks for mistakes, and tells of this one in its place.
    pub fn of_doctor(env: Env) -> anyhow::Result<Self> {
        Self::with(env, |_| Ok(Settings { broken: true, ..Settings::default() }))
    }

    fn with(
        env: Env,
        mistake: impl FnOnce(anyhow::Error) -> anyhow::Result<Settings>,
    ) -> anyhow::Result<Self> {
        let places = Places::of(&env).ok_or_else(|| Failure::new("no home directory").hint("set HOME"))?;
        let settings = crate::prompt::settings(&places).or_else(mistake)?;
        let mut original = crate::prompt::original(&env, &places);
        original.unset(crate::prompt::memory::STATE);
        let choice = Memory::read(&env, files::uid()).and_then(|memory| memory.choice);
        Ok(Self { env, original, choice, places, settings })
    }

    /// The directory as the shell calls it, links and all, if that is where we are; else as the kernel does.
    pub fn pwd(&self) -> OsString {
        let said = self.env.get("PWD").map(Path::new).filter(|path| path.is_absolute());
        let same = |path: &&Path| {
            use std::os::unix::fs::MetadataExt;
            let id =
                |path: &Path| std::fs::metadata(path).ok().map(|metadata| (metadata.dev(), metadata.ino()));
            id(path).is_some() && id(path) == id(Path::new("."))
        };
        match said.filter(same) {
            Some(path) => path.into(),
            None => here().into(),
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place that asks the kernel where we are")]
fn here() -> PathBuf {
    std::env::current_dir().unwrap_or_default()
}

/// Writes to stdout.
pub fn out(bytes: &[u8]) -> anyhow::Result<()> {
    let mut stdout = io::stdout().lock();
    written(stdout.write_all(bytes).and_then(|()| stdout.flush()))
}

/// What became of a write to stdout. A reader that went away (`| head`) is no failure.
pub fn written(result: io::Result<()>) -> anyhow::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result.context("cannot write to standard output"),
    }
}

/// Writes a line to stderr, for a person; nobody there is fine.
pub fn say(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}
