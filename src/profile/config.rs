//! `~/.aws/config` and `~/.aws/credentials`: values by the SDK's own parser, places by the locator.
//! What cannot be read is an error here, where the SDKs shrug: half a config is how one ends up in the wrong
//! account.

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

use super::locator::{Clash, Locator, Section, Setting, Spot};
use super::profile::{Profile, SsoSession};
use crate::env::Env;
use crate::files;
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
        let (config, credentials) = (text(&self.config)?, text(&self.credentials)?);
        SharedConfig::parse(config.expose(), credentials.expose(), self)
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
#[derive(Clone)]
pub struct SharedConfig {
    files: ConfigFiles,
    sections: EnvConfigSections,
    locator: Locator,
}

impl SharedConfig {
    /// Parses the texts of both files; `files` says what to call them.
    pub fn parse(config: &str, credentials: &str, files: &ConfigFiles) -> anyhow::Result<Self> {
        let sections = sections(config, credentials).map_err(|error| {
            let in_config = sections(config, "").err().map(|error| (&files.config, error));
            let (path, error) = in_config.unwrap_or((&files.credentials, error));
            let (line, reason) = line_and_reason(&error.to_string());
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
        let setting =
            Setting { section: Section::new(kind, name), key: key.to_ascii_lowercase(), nested: None };
        self.locator.setting(&setting).map(|spot| self.files.place(spot))
    }

    /// The first header of a section.
    pub fn header(&self, kind: &str, name: &str) -> Option<Place<'_>> {
        self.locator.header(&Section::new(kind, name)).map(|spot| self.files.place(spot))
    }

    /// The settings of `[services NAME]`: service, key, value and place, sorted; `None` without that section.
    pub fn services(&self, name: &str) -> Option<Vec<ServiceSetting<'_>>> {
        let section = Section::new("services", name);
        self.locator.header(&section)?;
        let settings = self.locator.settings_of(&section).filter_map(|(setting, spot)| {
            let nested = setting.nested.as_deref()?;
            let key = PropertiesKey::builder()
                .section_key("services")
                .section_name(name)
                .property_name(&setting.key)
                .sub_property_name(nested)
                .build()
                .ok()?;
            let value = self.sections.other_sections().get(&key)?;
            Some(ServiceSetting {
                service: setting.key.clone(),
                key: nested.to_owned(),
                value,
                place: self.files.place(spot),
            })
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
pub(super) mod tests {
    use std::fs;

    use super::*;
    use std::collections::BTreeSet;

    /// `c` and `k`: short names that make whole messages easy to read.
    pub(in crate::profile) fn files() -> ConfigFiles {
        ConfigFiles { config: "c".into(), credentials: "k".into() }
    }

    pub(in crate::profile) fn parse(config: &str, credentials: &str) -> SharedConfig {
        SharedConfig::parse(config, credentials, &files()).unwrap()
    }

    fn refusal(config: &str, credentials: &str) -> String {
        crate::message::render(&SharedConfig::parse(config, credentials, &files()).unwrap_err()).0
    }

    #[test]
    fn the_files_are_where_the_sdks_look() {
        let home = Path::new("/home/me");
        let locate = |config: &str| {
            let env: Env = [("AWS_CONFIG_FILE", config)].into_iter().collect();
            ConfigFiles::locate(&env, home).config
        };
        for (variable, expected) in [
            ("", "/home/me/.aws/config"),
            ("/etc/aws", "/etc/aws"),
            ("~/x/config", "/home/me/x/config"),
            ("~", "/home/me"),
            ("~you/config", "~you/config"),
            ("a/~/b", "a/~/b"),
        ] {
            assert_eq!(locate(variable), Path::new(expected), "{variable}");
        }
        let env = [("AWS_SHARED_CREDENTIALS_FILE", "~/k")].into_iter().collect();
        assert_eq!(
            ConfigFiles::locate(&env, home),
            ConfigFiles { config: "/home/me/.aws/config".into(), credentials: "/home/me/k".into() }
        );
    }

    #[test]
    fn a_missing_file_is_an_empty_one_and_an_unreadable_one_is_an_error() {
        let home = tempfile::tempdir().unwrap();
        let files = ConfigFiles { config: home.path().join("c"), credentials: home.path().join("k") };
        assert!(files.read().unwrap().profiles().is_empty());

        fs::write(&files.config, b"[profile a]\nregion = \xff\n").unwrap();
        let error = files.read().unwrap_err();
        assert_eq!(format!("{error:#}"), format!("{}:2: not UTF-8", files.config.display()));

        fs::remove_file(&files.config).unwrap();
        fs::create_dir(&files.config).unwrap();
        let error = files.read().unwrap_err();
        assert!(format!("{error:#}").starts_with(&format!("cannot read {}: ", files.config.display())));
    }

    #[test]
    fn the_sdk_words_its_errors_as_we_take_them_apart() {
        let error = sections("[default\nk=v", "").unwrap_err();
        assert_eq!(error.to_string(), "error parsing  on line 1:\n  Profile definition must end with ']'");
    }

    #[test]
    fn a_broken_line_is_named() {
        for (config, credentials, expected) in [
            ("[default", "", "c:1: profile definition must end with ']'"),
            ("[default]\n\nregion : x", "", "c:3: expected an '=' sign defining a property"),
            ("[default]\n= x", "", "c:2: property did not have a name"),
            ("region = x", "", "c:1: expected a profile definition"),
            (" region = x", "", "c:1: expected a profile definition"),
            ("[default]\n x", "", "c:2: expected a property definition, found continuation"),
            ("[default]\ns3 =\n x", "", "c:3: expected an '=' sign defining a sub-property"),
            ("[default]\ns3 =\n = x", "", "c:3: sub-property did not have a name"),
            (
                "[default]\nregion = x\n[default]\n y",
                "",
                "c:4: expected a property definition, found continuation",
            ),
            ("[default]", "[a]\nx", "k:2: expected an '=' sign defining a property"),
            ("[default", "[a]\nx", "c:1: profile definition must end with ']'"),
        ] {
            assert_eq!(refusal(config, credentials), format!("awsenv: {expected}\n"), "{config:?}");
        }
    }

    #[test]
    fn two_spellings_of_a_header_with_two_values_are_refused() {
        assert_eq!(
            refusal("[profile a]\nregion = x\n[profile  a]\nregion = y\n", ""),
            "awsenv: c:4: region has another value than on line 2, below the same header spelled differently\n\
             awsenv: hint: spell the header the same way twice, or write it once: AWS clients take either value\n"
        );
    }

    /// Each text is a trap of the format; the SDK's parser accepts all of them.
    const TRICKY: &[(&str, &str)] = &[
        ("", ""),
        ("[profile foo]", ""),
        ("[profile some-thing:long/the_one%only.foo@bar+]\na = 1\n[profile foo!bar]\nb = 2", ""),
        ("[profile \tfoo \t]\na = 1", ""),
        ("[profile\tfoo]\na = 1", ""),
        ("[profile foo]\r\na = value\r\nb = 2\r\n", ""),
        ("[profile foo]\na = val=ue", ""),
        ("[profile foo]\na = \u{1f602}\u{a0}", ""),
        ("[profile foo]\na \t=  \tvalue \t\nb =", ""),
        ("\t \n[profile foo]\n\t\n \na = value\n\t \n[profile bar]\n \t", ""),
        ("# Comment\n[profile foo] ; Comment = x\na = value # Comment = with\n;b = 1\n", ""),
        ("[profile foo]; adjacent\na = v; x\nb#c = v# x\n[profile bar]# adjacent\nd = 1", ""),
        ("[profile foo]\na = value\n -continued = x\n \t # not a comment\nb = 1", ""),
        ("[profile foo]\na = x\n[profile foo]\nb = y\na = z", ""),
        ("[profile foo]\nName = x\n[profile foo]\nname = y", ""),
        ("[profile default]\na = 1\n[default]\nb = 2\n[profile default]\nc = 3", "[default]\nd = 4"),
        ("[default]\na = 1\n[ default ]\nb = 2", "[default]\na = 4"),
        ("[profile in valid]\na = 1\n[profile foo]\nin valid = 2\nb = 3", "[in valid 2]\nc = 1"),
        (
            "[foo]\na = 1\n[profilefoo]\nb = 1\n[profile]\nc = 1",
            "[profile foo]\nd = 1\n[sso-session x]\ne = 1",
        ),
        ("[   profile foo    ]\na = 1", "[   foo    ]\nb = 2\n[bar]\na = 1\n[]\nx = 1"),
        ("[profile foo]\ns3 =\n a = 1\n\n \t \n in valid = 2\n c =\nt = 1", ""),
        (
            "[sso-session foo]\na = 1\n[profile bar]\nb = 1\n[sso-sesion foo]\nc = 1",
            "[sso-sessionfoo]\nd = 1",
        ),
        ("[services s]\nsts =\n  endpoint_url = a\n  x=y # z\ns3 = k = v\nnone = 1\nin valid =\n a = b", ""),
        ("[services s]\nsts =\n  a = 1\n[services  s]\nsts =\n  b = 2\n[profile s]\nsts =\n  a = 1", ""),
        (
            "[profile  foo]\na = 1\n[profile foo]\nb = 2\n[services s]\na = =x\n b\n = c\n[ profile foo]\na = 1",
            "",
        ),
        ("[services s]\nsts =\n  a = 1\n  a = 2\nsts =\n  b = 3", ""),
        (
            "[profile foo]\n\u{a0}a = 1\nB\u{a0} = 1\nc = 2\u{a0}# x\nd\u{a0}=\u{a0}1\n[profile \u{a0}nb\u{a0}]\nx = 1",
            "",
        ),
    ];

    #[test]
    fn the_locator_finds_what_the_parser_finds_and_nothing_else() {
        for (config, credentials) in TRICKY {
            agree(&parse(config, credentials), config, credentials);
        }
    }

    /// A fixed sequence (Numerical Recipes' constants), so that a failure comes again.
    #[test]
    fn they_agree_on_mangled_texts_too() {
        let mut state = 1_u32;
        let mut random = |below: usize| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as usize % below
        };
        let (mut accepted, tricky) =
            (0, TRICKY.iter().flat_map(|(config, credentials)| [config, credentials]));
        let lines: Vec<&str> = tricky.flat_map(|text| text.split('\n')).collect();
        for _ in 0..5000 {
            let mut text = String::from("[default]");
            for _ in 0..random(9) {
                text.push('\n');
                text.push_str(lines[random(lines.len())]);
            }
            let mut text: Vec<char> = text.chars().collect();
            let place = random(text.len());
            text[place] = ['[', ']', '=', '#', ' ', '\t', '\n', '\r', '\0', 'é', '\u{a0}'][random(11)];
            let text: String = text.into_iter().collect();
            for (config, credentials) in [(text.as_str(), ""), ("", text.as_str())] {
                if let Ok(parsed) = SharedConfig::parse(config, credentials, &files()) {
                    agree(&parsed, config, credentials);
                    accepted += 1;
                }
            }
        }
        assert!(accepted > 1000, "{accepted} texts are too few to say much");
    }

    fn agree(parsed: &SharedConfig, config: &str, credentials: &str) {
        let mut found = [0, 0];
        let sections: BTreeSet<_> = parsed.locator.headers().collect();
        for (setting, spot) in sections.into_iter().flat_map(|section| parsed.locator.settings_of(section)) {
            let text = if spot.file == File::Config { config } else { credentials };
            let line = text.lines().nth(spot.line - 1).unwrap().to_ascii_lowercase();
            let key = setting.nested.as_ref().unwrap_or(&setting.key).to_ascii_lowercase();
            let value = value(&parsed.sections, setting).unwrap_or_else(|| panic!("{setting:?} in {text:?}"));
            let first = value.split('\n').next().unwrap_or_default().to_ascii_lowercase();
            assert!(line.contains(&key) && line.contains(&first), "{setting:?} {line:?}");
            found[usize::from(setting.nested.is_some())] += 1;
        }
        // The SDK offers no way to list the properties; its Debug does.
        let all = format!("{:?}", parsed.sections);
        let expected = ["Property {", "PropertiesKey {"].map(|name| all.matches(name).count());
        assert_eq!(found, expected, "{config:?} {credentials:?}");
    }

    fn value<'a>(sections: &'a EnvConfigSections, setting: &Setting) -> Option<&'a str> {
        let Setting { section: Section { kind, name }, key, nested } = setting;
        match (kind.as_str(), nested) {
            ("profile", None) => sections.get_profile(name)?.get(key),
            ("sso-session", None) => sections.sso_session(name)?.get(key),
            (_, Some(nested)) => {
                let section = PropertiesKey::builder().section_key(kind).section_name(name);
                let key = section.property_name(key).sub_property_name(nested).build().unwrap();
                sections.other_sections().get(&key).map(String::as_str)
            }
            _ => None,
        }
    }

    #[test]
    fn a_setting_says_which_file_won() {
        let config = parse("[profile a]\nregion = x\noutput = json", "[a]\nregion = y");
        assert_eq!(config.place("profile", "a", "region").unwrap().to_string(), "k:2");
        assert_eq!(config.place("profile", "a", "output").unwrap().to_string(), "c:3");
        assert_eq!(config.header("profile", "a").unwrap().to_string(), "c:1");
        assert_eq!(config.place("profile", "a", "nothing"), None);
    }

    #[test]
    fn a_config_prints_no_secret() {
        let config = parse("", "[a]\naws_secret_access_key = hunter2");
        assert_eq!(
            format!("{config:?}"),
            "SharedConfig { files: ConfigFiles { config: \"c\", credentials: \"k\" }, .. }"
        );
    }
}
