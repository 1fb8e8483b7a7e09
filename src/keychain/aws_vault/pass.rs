//! aws-vault's `pass` backend: an entry of the password store for each item, read by `pass` itself, which asks for
//! whatever it takes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;
use zeroize::Zeroizing;

use crate::env::Env;
use crate::keychain::Texts;
use crate::message::{Exit, Failure};
use crate::process;

/// Below this prefix of a store, empty for all of it.
pub(super) struct Store<'a> {
    pub(super) dir: PathBuf,
    pub(super) prefix: &'a str,
    pub(super) command: &'a str,
    pub(super) original: &'a Env,
}

impl Store<'_> {
    /// Shows the entries that are wanted. `names` are those somebody gave: without a prefix there have to be some, or
    /// every password would be opened.
    pub(super) fn items(&self, names: &[String], wanted: impl Fn(&str) -> bool) -> anyhow::Result<Texts> {
        if self.prefix.is_empty() && names.is_empty() {
            return Err(Failure::new(
                "without AWS_VAULT_PASS_PREFIX any password of the store could be aws-vault's",
            )
            .hint("name the keys you mean, or set it as aws-vault has it")
            .exit(Exit::Usage)
            .into());
        }
        let root = self.dir.join(self.prefix);
        let mut entries = Vec::new();
        entries_below(&root, "", &mut entries).with_context(|| format!("cannot read {}", root.display()))?;
        entries.retain(|name| wanted(name));
        entries.into_iter().map(|name| Ok((name.clone(), self.show(&name)?))).collect()
    }

    fn show(&self, name: &str) -> anyhow::Result<Zeroizing<Vec<u8>>> {
        let entry = Path::new(self.prefix).join(name);
        let mut env = self.original.clone();
        env.set("PASSWORD_STORE_DIR", &self.dir);
        let (status, text) = process::printed(Command::new(self.command).arg("show").arg(&entry), &env)
            .with_context(|| format!("cannot run {}", self.command))?;
        if status.success() {
            return Ok(text);
        }
        let what = format!("{} show {}: {status}", self.command, entry.display());
        Err(Failure::new(what).hint("its own words stand above").into())
    }
}

/// The names of all `.gpg` files below, with the folders they are in.
fn entries_below(dir: &Path, prefix: &str, entries: &mut Vec<String>) -> std::io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let name = format!("{prefix}{}", entry.file_name().display());
        if entry.file_type()?.is_dir() {
            entries_below(&entry.path(), &format!("{name}/"), entries)?;
        } else if let Some(name) = name.strip_suffix(".gpg") {
            entries.push(name.to_owned());
        }
    }
    Ok(())
}
