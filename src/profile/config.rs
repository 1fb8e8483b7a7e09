//! `~/.aws/config` and `~/.aws/credentials`: values by the SDK's own parser, places by the locator.
//! What cannot be read is an error here, where the SDKs shrug: half a config is how one ends up in the wrong
//! account.

use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::task::{Context as TaskContext, Poll, Waker};

use anyhow::Context;
use aws_runtime::env_config::error::EnvConfigFileLoadError;
use aws_runtime::env_config::file::{EnvConfigFileKind, EnvConfigFiles};
use aws_runtime::env_config::parse::EnvConfigParseError;
use aws_runtime::env_config::property::PropertiesKey;
use aws_runtime::env_config::section::EnvConfigSections;
use aws_runtime::env_config::source;
use aws_types::os_shim_internal;

use super::locator::{self, Clash, Locator, Section, Spot};
use super::profile::{Profile, SsoSession};
use crate::env::Env;
use crate::files;
use crate::limits;
use crate::message::{Failure, nearest};
use crate::secret::Secret;

pub use super::locator::File;

/// Larger than any config that `sso populate` writes for thousands of accounts.
const LIMIT: u64 = 8 << 20;

/// Where the two files are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigFiles {
    /// `AWS_CONFIG_FILE` or `~/.aws/config`.
    pub config: PathBuf,
    /// `AWS_SHARED_CREDENTIALS_FILE` or `~/.aws/credentials`.
    pub credentials: PathBuf,
}

impl ConfigFiles {
    /// As the SDKs find them. A leading `~` is home; `~name` is not another's.
    pub fn locate(env: &Env, home: &Path) -> Self {
        let file = |name: &str, default: &str| match env.get(name) {
            Some(path) if !path.is_empty() => match Path::new(path).strip_prefix("~") {
                Ok(rest) => home.join(rest),
                Err(_) => PathBuf::from(path),
            },
            _ => home.join(".aws").join(default),
        };
        Self {
            config: file("AWS_CONFIG_FILE", "config"),
            credentials: file("AWS_SHARED_CREDENTIALS_FILE", "credentials"),
        }
    }

    /// Reads and parses both. A missing file is an empty one.
    pub fn read(&self) -> anyhow::Result<SharedConfig> {
        SharedConfig::parse(self.text(File::Config)?, self.text(File::Credentials)?, self)
    }

    /// The text of one of the two. A missing file is an empty one.
    pub fn text(&self, file: File) -> anyhow::Result<Secret> {
        text(self.path(file))
    }

    /// The names of the profiles, or of another kind of section, sorted, and nothing of what they say: a mistake in
    /// the files is for others to find.
    pub fn names(&self, kind: &str) -> Vec<String> {
        let mut names = BTreeSet::new();
        for file in [File::Config, File::Credentials] {
            let Ok(text) = self.text(file) else { continue };
            names.extend(locator::names(file, text.expose(), kind).into_iter().map(str::to_owned));
        }
        names.into_iter().collect()
    }

    /// The path of one of the two.
    pub fn path(&self, file: File) -> &Path {
        match file {
            File::Config => &self.config,
            File::Credentials => &self.credentials,
        }
    }

    fn place(&self, spot: Spot) -> Place<'_> {
        Place { file: spot.file, path: self.path(spot.file), line: spot.line }
    }
}

fn text(path: &Path) -> anyhow::Result<Secret> {
    // People switch a file off with /dev/null; any other device or pipe could keep a prompt waiting for ever.
    let bytes = match path == Path::new("/dev/null") {
        true => Vec::new(),
        false => files::read_limited(path, LIMIT)
            .with_context(|| format!("cannot read {}", path.display()))?
            .map(|(bytes, _)| bytes)
            .unwrap_or_default(),
    };
    String::from_utf8(bytes).map(Secret::new).map_err(|error| {
        let line =
            1 + error.as_bytes()[..error.utf8_error().valid_up_to()].iter().filter(|b| **b == b'\n').count();
        Failure::new(format!("{}:{line}: not UTF-8", path.display())).into()
    })
}

/// Where a setting stands: `PATH:LINE`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place<'a> {
    /// Which of the two files.
    pub file: File,
    /// Its path.
    pub path: &'a Path,
    /// The first is 1.
    pub line: usize,
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.path.display(), self.line)
    }
}

/// Both files, merged. It holds secrets as the SDK's parser keeps them, in memory that is not wiped.
pub struct SharedConfig {
    files: ConfigFiles,
    sections: EnvConfigSections,
    locator: Locator,
}

impl SharedConfig {
    /// Parses the texts of both files; `files` says what to call them.
    pub fn parse(config: Secret, credentials: Secret, files: &ConfigFiles) -> anyhow::Result<Self> {
        let sections = sections(config.expose(), credentials.expose()).map_err(|error| {
            let in_config = sections(config.expose(), "").err().map(|error| (&files.config, error));
            let (path, error) = in_config.unwrap_or((&files.credentials, error));
            let (line, reason) = line_and_reason(&error.to_string());
            // What an editor does not show is nothing that one could mend on that line.
            let text = if path == &files.config { config.expose() } else { credentials.expose() };
            if text.starts_with('\u{feff}') && line == 1 {
                return Failure::new(format!("{}: begins with a byte order mark", path.display()))
                    .hint("save it as UTF-8 without one");
            }
            Failure::new(format!("{}:{line}: {reason}", path.display()))
        })?;
        let locator =
            Locator::read(config, credentials).map_err(|Clash { key, spots: [first, second] }| {
                Failure::new(format!(
                    "{}: {key} has another value than on line {}, below the same header spelled differently",
                    files.place(second),
                    first.line
                ))
                .hint("spell the header the same way twice, or write it once: AWS clients take either value")
            })?;
        Ok(Self { files: files.clone(), sections, locator })
    }

    /// Where it was read from.
    pub fn files(&self) -> &ConfigFiles {
        &self.files
    }

    /// The names of all profiles, sorted.
    pub fn profiles(&self) -> Vec<&str> {
        let mut names: Vec<_> = self.sections.profiles().collect();
        names.sort_unstable();
        names
    }

    /// The profile with its `include_profile`s, or an error that says where we looked.
    pub fn profile(&self, name: &str) -> anyhow::Result<Profile<'_>> {
        Profile::find(self, name)
    }

    /// The names of all `[sso-session]`s, sorted.
    pub fn sso_sessions(&self) -> Vec<&str> {
        let mut names: Vec<_> = self.sections.sso_sessions().collect();
        names.sort_unstable();
        names
    }

    /// `[sso-session NAME]`
    pub fn sso_session(&self, name: &str) -> Option<SsoSession<'_>> {
        let name = self.sections.sso_sessions().find(|known| *known == name)?;
        Some(SsoSession::new(self, name))
    }

    /// The line of a profile's own key, and in which file it won.
    pub fn place(&self, kind: &str, name: &str, key: &str) -> Option<Place<'_>> {
        let spot = self.locator.setting(Section { kind, name }, &key.to_ascii_lowercase())?;
        Some(self.files.place(spot))
    }

    /// The first header of a section.
    pub fn header(&self, kind: &str, name: &str) -> Option<Place<'_>> {
        self.locator.header(Section { kind, name }).map(|spot| self.files.place(spot))
    }

    /// The settings of `[services NAME]`: service, key, value and place, sorted; `None` without that section.
    pub fn services(&self, name: &str) -> Option<Vec<ServiceSetting<'_>>> {
        let section = Section { kind: "services", name };
        self.locator.header(section)?;
        let settings = self.locator.settings(section).into_iter().filter_map(|(setting, spot)| {
            let nested = setting.nested?;
            let key = PropertiesKey::builder()
                .section_key("services")
                .section_name(name)
                .property_name(&setting.key)
                .sub_property_name(&nested)
                .build()
                .ok()?;
            let value = self.sections.other_sections().get(&key)?;
            Some(ServiceSetting { service: setting.key, key: nested, value, place: self.files.place(spot) })
        });
        Some(settings.collect())
    }

    pub(super) fn raw_profile(&self, name: &str) -> Option<&aws_runtime::env_config::section::Profile> {
        self.sections.get_profile(name)
    }

    pub(super) fn raw_sso_session(
        &self,
        name: &str,
    ) -> Option<&aws_runtime::env_config::section::SsoSession> {
        self.sections.sso_session(name)
    }

    /// What to say about a profile that is not there.
    pub(super) fn missing(&self, name: &str) -> Failure {
        if let Some(spot) = self.locator.passed_over(name) {
            let place = self.files.place(spot);
            return match limits::profile_name(name) {
                Ok(()) => Failure::new(format!("{place}: awsenv and most AWS SDKs take no name in quotes"))
                    .hint(format!("write [profile {name}]")),
                Err(reason) => Failure::new(format!(
                    "{place}: awsenv and most AWS SDKs take no profile by the name {name}"
                ))
                .hint(format!("rename it: {reason}")),
            };
        }
        let ConfigFiles { config, credentials } = &self.files;
        let failure = Failure::new(format!(
            "there is no profile {name} in {} or {}",
            config.display(),
            credentials.display()
        ));
        match nearest(name, self.profiles()) {
            Some(near) => failure.hint(format!("did you mean {near}?")),
            None => failure,
        }
    }
}

impl fmt::Debug for SharedConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedConfig").field("files", &self.files).finish_non_exhaustive()
    }
}

/// One nested setting of a `[services]` section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceSetting<'a> {
    /// `s3`, `elastic_beanstalk`.
    pub service: String,
    /// `endpoint_url`
    pub key: String,
    /// The value.
    pub value: &'a str,
    /// Its line.
    pub place: Place<'a>,
}

fn sections(config: &str, credentials: &str) -> Result<EnvConfigSections, EnvConfigParseError> {
    let files = EnvConfigFiles::builder()
        .with_contents(EnvConfigFileKind::Config, config)
        .with_contents(EnvConfigFileKind::Credentials, credentials)
        .build();
    EnvConfigSections::parse(load(&files).expect("texts in memory are not read, so reading cannot fail"))
}

/// The SDK's loader is async for the sake of files that it would read; with texts in hand it never waits.
fn load(files: &EnvConfigFiles) -> Result<source::Source, EnvConfigFileLoadError> {
    let (env, fs) = (os_shim_internal::Env::from_slice(&[]), os_shim_internal::Fs::from_slice(&[]));
    match pin!(source::load(&env, &fs, files)).poll(&mut TaskContext::from_waker(Waker::noop())) {
        Poll::Ready(loaded) => loaded,
        Poll::Pending => unreachable!("nothing is read, so there is nothing to wait for"),
    }
}

/// The SDK says `error parsing PATH on line N:\n  Reason`, with an empty path for texts in memory.
fn line_and_reason(error: &str) -> (usize, String) {
    let parts = error
        .strip_prefix("error parsing  on line ")
        .and_then(|rest| rest.split_once(":\n  "))
        .and_then(|(line, reason)| Some((line.parse().ok()?, reason)));
    let (line, reason) = parts.unwrap_or((1, error));
    let mut letters = reason.chars();
    let first = letters.next().map(|letter| letter.to_ascii_lowercase());
    (line, first.into_iter().chain(letters).collect())
}

#[cfg(test)]
pub(super) mod tests;
