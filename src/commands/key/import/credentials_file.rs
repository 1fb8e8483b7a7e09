//! The keys of `~/.aws/credentials`, and the file without them.

use std::path::PathBuf;

use anyhow::Context;

use super::Offer;
use crate::files;
use crate::keychain::Keys;
use crate::message::Failure;
use crate::places::tilde;
use crate::profile::Profile;
use crate::profile::config::{ConfigFiles, File, SharedConfig};
use crate::profile::edit;
use crate::profile::locator::Section;
use crate::secret::Secret;
use crate::world::World;

const ID: &str = "aws_access_key_id";
const SECRET: &str = "aws_secret_access_key";

/// The file as it was read.
pub(super) struct CredentialsFile {
    path: PathBuf,
    home: PathBuf,
    text: Secret,
    /// With `~/.aws/config`, as every AWS client reads the two.
    pub(super) config: SharedConfig,
}

impl CredentialsFile {
    pub(super) fn read(world: &World) -> anyhow::Result<Self> {
        let files = ConfigFiles::locate(&world.original, &world.places.home);
        let text = files.text(File::Credentials)?;
        let config = SharedConfig::parse(files.text(File::Config)?, text.clone(), &files)?;
        Ok(Self { path: files.credentials, home: world.places.home.clone(), text, config })
    }

    pub(super) fn shown(&self) -> String {
        tilde(&self.path, &self.home)
    }

    /// Every profile with something of keys in this file.
    pub(super) fn offers(&self) -> Vec<Offer> {
        self.config.profiles().into_iter().filter_map(|name| self.offer(name)).collect()
    }

    fn offer(&self, name: &str) -> Option<Offer> {
        let section = section(name);
        let line = [ID, SECRET].iter().find_map(|key| {
            edit::settings(self.text.expose(), File::Credentials, section, key).first().map(|(line, _)| *line)
        })?;
        let keys = self.config.profile(name).map_err(|error| format!("{error:#}"));
        let keys = keys.and_then(|profile| self.keys(&profile, section));
        Some(Offer { name: name.to_owned(), place: format!("{}:{line}", self.shown()), keys })
    }

    fn keys(&self, profile: &Profile<'_>, section: Section<'_>) -> Result<Keys, String> {
        let is_set = |key: &str| profile.get(key).is_some_and(|value| !value.is_empty());
        if ["aws_session_token", "aws_security_token"].into_iter().any(is_set) {
            return Err("of a session, which ends".to_owned());
        }
        for key in [ID, SECRET] {
            let settings = edit::settings(self.text.expose(), File::Credentials, section, key);
            match &settings[..] {
                [] => return Err(format!("there is no {key} beside it")),
                // All of them would go, and only one of them be kept.
                [(_, first), rest @ ..] => {
                    if let Some((line, _)) = rest.iter().find(|(_, other)| other != first) {
                        return Err(format!("line {line} has another {key}"));
                    }
                }
            }
        }
        let value = |key| profile.get(key).unwrap_or_default();
        Keys::new(value(ID), Secret::new(value(SECRET)))
    }

    /// Takes the keys of these profiles out of the file.
    pub(super) fn remove(&self, names: &[&str]) -> anyhow::Result<()> {
        let rest = names.iter().fold(self.text.clone(), |text, name| {
            Secret::new(edit::without(text.expose(), File::Credentials, section(name), &[ID, SECRET]))
        });
        files::rewrite(&self.path, self.text.expose().as_bytes(), rest.expose().as_bytes()).map_err(|error| {
            Failure::new(format!("cannot write {}: {error}", self.shown()))
                .hint("the keys are in the keychain now, and in the file too; run it again to take them out")
                .into()
        })
    }

    /// Leaves a copy beside the file.
    pub(super) fn back_up(&self) -> anyhow::Result<()> {
        files::write_new(&self.backup(), self.text.expose().as_bytes())
            .with_context(|| format!("cannot write {}", self.shown_backup()))
            .map(drop)
    }

    pub(super) fn shown_backup(&self) -> String {
        tilde(&self.backup(), &self.home)
    }

    fn backup(&self) -> PathBuf {
        self.path.with_added_extension("bak")
    }
}

fn section(name: &str) -> Section<'_> {
    Section { kind: "profile", name }
}
