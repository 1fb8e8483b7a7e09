//! `awsenv/config.toml` in the user's config directory: how awsenv behaves for one person, everywhere.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Result;

use crate::limits::{self, Reason};
use crate::toml_walk::{Document, Item, Table};

pub mod console;

use console::Console;

/// One person's settings, or the defaults.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// How long a prompt waits for credentials at most.
    pub wait: Duration,
    /// Renew when less than this is left; who renews knows the usual margin.
    pub margin: Option<Duration>,
    /// How long a session GetSessionToken makes of long-lived keys.
    pub session_duration: Duration,
    /// Files below these directories need no `allow`; their `[env]` still does.
    pub trusted: Vec<PathBuf>,
    /// Where sign-ins rest.
    pub sso_cache: SsoCache,
    /// A variable set for prompts that know only another tool.
    pub label: Option<Label>,
    /// Where MFA codes come from.
    pub mfa: MfaFrom,
    /// Where long-lived keys rest.
    pub keychain: Keychain,
    /// The port that the browser's answer comes to; any free one if none.
    pub callback_port: Option<u16>,
    /// The command that opens a browser; the platform's if none.
    pub browser: Option<String>,
    /// Profiles whose `credential_process` must not run in the background.
    pub background: Vec<String>,
    /// Colours in what people read.
    pub colours: Colours,
    /// The bash hook wraps `cd`, `pushd` and `popd`.
    pub wrap_cd: bool,
    /// The bash hook sets a DEBUG trap, to look before each command too.
    pub debug_trap: bool,
    /// How long the agent stays when nobody is left who could ask it.
    pub agent_idle: Duration,
    /// A command that prints the passphrase of the encrypted file.
    pub passphrase_command: Option<String>,
    /// What is exported where is noted.
    pub history: bool,
    /// How the web console is opened.
    pub console: Console,
    /// The file holds a mistake and these are the defaults: nobody knows what it would have trusted.
    pub broken: bool,
}

/// Where sign-ins rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SsoCache {
    /// In `~/.aws/sso/cache`, shared with the AWS CLI.
    Cli,
    /// Sealed, as sessions are.
    Sealed,
}

/// Another tool whose variable we set for prompts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Label {
    /// `AWS_VAULT`.
    AwsVault,
}

/// Where MFA codes come from, if no command of the profile's prints them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MfaFrom {
    /// The person types them.
    Terminal,
    /// A YubiKey, by `ykman oath accounts code --single SERIAL`.
    Ykman,
}

/// Where long-lived keys rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keychain {
    /// The system's, or the encrypted file where there is none.
    Auto,
    /// The system's or an error.
    Os,
    /// The encrypted file.
    File,
}

/// Colours in what people read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colours {
    /// On a terminal, unless `NO_COLOR` says no.
    Auto,
    /// Everywhere.
    Always,
    /// Nowhere.
    Never,
}

const KNOWN: [&str; 18] = [
    "wait",
    "margin",
    "session_duration",
    "trusted",
    "sso_cache",
    "label",
    "mfa",
    "keychain",
    "callback_port",
    "browser",
    "background",
    "colours",
    "wrap_cd",
    "debug_trap",
    "agent_idle",
    "passphrase_command",
    "history",
    "console",
];
const SSO_CACHE: [(&str, SsoCache); 2] = [("cli", SsoCache::Cli), ("sealed", SsoCache::Sealed)];
const LABEL: [(&str, Label); 1] = [("aws-vault", Label::AwsVault)];
const MFA: [(&str, MfaFrom); 2] = [("terminal", MfaFrom::Terminal), ("ykman", MfaFrom::Ykman)];
const KEYCHAIN: [(&str, Keychain); 3] =
    [("auto", Keychain::Auto), ("os", Keychain::Os), ("file", Keychain::File)];

/// Longer than this, and a prompt looks broken.
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// Longer than a day, and it is one that never ends.
const LONGEST_IDLE: Duration = Duration::from_secs(24 * 3600);
/// A chained role's session lasts an hour: with a margin of as much it would be renewed at once, for ever.
const LARGEST_MARGIN: Duration = Duration::from_secs(1800);

impl Keychain {
    /// As the settings and AWSENV_KEYCHAIN spell it.
    pub fn named(word: &str) -> Option<Self> {
        KEYCHAIN.iter().find(|(known, _)| *known == word).map(|(_, keychain)| *keychain)
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            wait: Duration::from_millis(1500),
            margin: None,
            session_duration: limits::KEY_SESSION,
            trusted: Vec::new(),
            sso_cache: SsoCache::Cli,
            label: None,
            mfa: MfaFrom::Terminal,
            keychain: Keychain::Auto,
            callback_port: None,
            browser: None,
            background: Vec::new(),
            colours: Colours::Auto,
            wrap_cd: true,
            debug_trap: false,
            agent_idle: Duration::from_secs(600),
            passphrase_command: None,
            history: true,
            console: Console::default(),
            broken: false,
        }
    }
}

impl Settings {
    /// Reads the file's text. The path is only for messages; `home` is what `~/` means.
    pub fn parse(text: &str, path: &Path, home: &Path) -> Result<Settings> {
        let document = Document::parse(text, path)?;
        let top = document.top(&KNOWN)?;
        let usual = Settings::default();
        Ok(Settings {
            wait: top.duration("wait", |asked| at_most(asked, LONGEST_WAIT))?.unwrap_or(usual.wait),
            margin: top.duration("margin", |asked| at_most(asked, LARGEST_MARGIN))?,
            session_duration: top
                .duration("session_duration", |asked| limits::duration(asked, limits::SESSION_DURATION))?
                .unwrap_or(usual.session_duration),
            trusted: trusted(&top, home)?,
            sso_cache: top.choice("sso_cache", &SSO_CACHE)?.unwrap_or(usual.sso_cache),
            label: top.choice("label", &LABEL)?,
            mfa: top.choice("mfa", &MFA)?.unwrap_or(usual.mfa),
            keychain: top.choice("keychain", &KEYCHAIN)?.unwrap_or(usual.keychain),
            callback_port: top.item("callback_port").map(|item| port(&item)).transpose()?,
            browser: top.checked("browser", command)?,
            background: background(&top)?,
            colours: top.item("colours").map(|item| colours(&item)).transpose()?.unwrap_or(usual.colours),
            wrap_cd: top.flag("wrap_cd")?.unwrap_or(usual.wrap_cd),
            debug_trap: top.flag("debug_trap")?.unwrap_or(usual.debug_trap),
            agent_idle: top
                .duration("agent_idle", |asked| at_most(asked, LONGEST_IDLE))?
                .unwrap_or(usual.agent_idle),
            passphrase_command: top.checked("passphrase_command", command)?,
            history: top.flag("history")?.unwrap_or(usual.history),
            console: top.item("console").map(|item| console::read(&item)).transpose()?.unwrap_or_default(),
            broken: false,
        })
    }

    /// Whether a path lies in a trusted directory, both as they really are: links on the way followed, no `..`,
    /// whole components. What can't be resolved is not trusted.
    pub fn trusts(&self, path: &Path) -> bool {
        if self.trusted.is_empty() {
            return false;
        }
        let Ok(path) = path.canonicalize() else { return false };
        self.trusted
            .iter()
            .any(|trusted| trusted.canonicalize().is_ok_and(|trusted| path.starts_with(trusted)))
    }
}

fn trusted(top: &Table<'_>, home: &Path) -> Result<Vec<PathBuf>> {
    let Some(item) = top.item("trusted") else { return Ok(Vec::new()) };
    let absolute = |item: Item<'_>| {
        let path = item.path(home)?;
        if path.is_absolute() { Ok(path) } else { Err(item.failure("begin it with / or ~/").into()) }
    };
    item.list()?.map(absolute).collect()
}

fn background(top: &Table<'_>) -> Result<Vec<String>> {
    Ok(top.item("background").map(|item| item.texts(limits::profile_name)).transpose()?.unwrap_or_default())
}

fn port(item: &Item<'_>) -> Result<u16> {
    let port = u16::try_from(item.integer()?).ok().filter(|port| *port != 0);
    port.ok_or_else(|| item.failure("a port is 1 to 65535").into())
}

fn colours(item: &Item<'_>) -> Result<Colours> {
    match (item.flag(), item.text()) {
        (Ok(true), _) => Ok(Colours::Always),
        (Ok(false), _) => Ok(Colours::Never),
        (_, Ok("auto")) => Ok(Colours::Auto),
        _ => Err(item.failure("expected true, false or \"auto\"").into()),
    }
}

fn command(text: &str) -> Result<(), Reason> {
    if text.trim().is_empty() { Err("a command is expected".into()) } else { Ok(()) }
}

fn at_most(asked: Duration, most: Duration) -> Result<(), Reason> {
    if asked <= most { Ok(()) } else { Err(format!("at most {}", crate::clock::human(most))) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::Failure;

    fn parse(text: &str) -> Result<Settings> {
        Settings::parse(text, Path::new("config.toml"), Path::new("/home/me"))
    }

    fn complaint(text: &str) -> String {
        let error = parse(text).unwrap_err();
        match error.downcast_ref::<Failure>().and_then(|failure| failure.hint.as_deref()) {
            Some(hint) => format!("{error:#}\n{hint}"),
            None => format!("{error:#}"),
        }
    }

    const ALL: &str = r#"
wait = "500ms"
margin = "5m"
session_duration = "36h"
trusted = ["~/src", "/srv/acme"]
sso_cache = "sealed"
label = "aws-vault"
mfa = "ykman"
keychain = "file"
callback_port = 8400
browser = "firefox --private-window"
background = ["acme-dev"]
colours = false
wrap_cd = false
debug_trap = true
agent_idle = "1h"
passphrase_command = "pass show awsenv"
history = false

[console]
open = "container"
extension = "granted"
duration = "8h"
policy_arns = ["arn:aws:iam::aws:policy/ReadOnlyAccess"]

[console.accounts.111122223333]
name = "acme prod"
colour = "red"
browser_profile = "Profile 1"
"#;

    #[test]
    fn an_empty_file_is_the_defaults() {
        assert_eq!(parse("").unwrap(), Settings::default());
        assert_eq!(Settings::default().wait, Duration::from_millis(1500));
        assert!(Settings::default().wrap_cd);
    }

    #[test]
    fn every_setting_can_be_said() {
        let settings = Settings {
            broken: false,
            wait: Duration::from_millis(500),
            margin: Some(Duration::from_secs(300)),
            session_duration: Duration::from_secs(36 * 3600),
            trusted: vec!["/home/me/src".into(), "/srv/acme".into()],
            sso_cache: SsoCache::Sealed,
            label: Some(Label::AwsVault),
            mfa: MfaFrom::Ykman,
            keychain: Keychain::File,
            callback_port: Some(8400),
            browser: Some("firefox --private-window".into()),
            background: vec!["acme-dev".into()],
            colours: Colours::Never,
            wrap_cd: false,
            debug_trap: true,
            agent_idle: Duration::from_secs(3600),
            passphrase_command: Some("pass show awsenv".into()),
            history: false,
            console: Console {
                open: console::Open::Container,
                extension: console::Extension::Granted,
                duration: Some(Duration::from_secs(8 * 3600)),
                policy_arns: vec!["arn:aws:iam::aws:policy/ReadOnlyAccess".into()],
                accounts: [(
                    "111122223333".into(),
                    console::Account {
                        name: Some("acme prod".into()),
                        colour: Some(console::Colour::Red),
                        browser_profile: Some("Profile 1".into()),
                    },
                )]
                .into(),
            },
        };
        assert_eq!(parse(ALL).unwrap(), settings);
    }

    #[test]
    fn the_other_words_are_read_too() {
        for (text, wait) in [("0", 0), ("0s", 0), ("1.5s", 1500), ("30s", 30_000)] {
            assert_eq!(parse(&format!("wait = '{text}'")).unwrap().wait, Duration::from_millis(wait));
        }
        assert_eq!(parse("sso_cache = 'cli'").unwrap().sso_cache, SsoCache::Cli);
        assert_eq!(parse("keychain = 'auto'").unwrap().keychain, Keychain::Auto);
        assert_eq!(parse("keychain = 'os'").unwrap().keychain, Keychain::Os);
        assert_eq!(parse("colours = true").unwrap().colours, Colours::Always);
        assert_eq!(parse("colours = 'auto'").unwrap().colours, Colours::Auto);
        assert_eq!(
            parse("trusted = ['~', '~//src']").unwrap().trusted,
            [PathBuf::from("/home/me"), PathBuf::from("/home/me/src")]
        );
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        for (text, expected) in [
            ("wait =", "config.toml:1: string values must be quoted, expected literal string"),
            ("wiat = '1s'", "config.toml:1: wiat: unknown key\ndid you mean `wait`?"),
            (
                "wait = 2",
                "config.toml:1: wait: expected text like \"1h\", found an integer\nfor seconds write \"2s\"",
            ),
            ("wait = 1.5", "config.toml:1: wait: expected text like \"1h\", found a number"),
            (
                "wait = 99999999999999999999",
                "config.toml:1: wait: expected text like \"1h\", found an integer",
            ),
            ("wait = '1.5'", "config.toml:1: wait: write a duration like 1h, 1h30m or 90s"),
            ("wait = '31s'", "config.toml:1: wait: at most 30s"),
            ("margin = '31m'", "config.toml:1: margin: at most 30m"),
            ("trusted = '~/src'", "config.toml:1: trusted: expected a list, found text"),
            ("trusted = {}", "config.toml:1: trusted: expected a list, found a table"),
            ("trusted = [\n'~/src',\n'src']", "config.toml:3: trusted: begin it with / or ~/"),
            (
                "trusted = ['~you/src']",
                "config.toml:1: trusted: only your own home can be written with ~, as ~/",
            ),
            ("trusted = ['']", "config.toml:1: trusted: a path is expected"),
            (
                "trusted = ['/a', 1]",
                "config.toml:1: trusted: expected text, found an integer\nwrite it in quotes: \"1\"",
            ),
            ("sso_cache = 'seeled'", "config.toml:1: sso_cache: unknown word seeled\ndid you mean `sealed`?"),
            ("label = 'vault'", "config.toml:1: label: unknown word vault\nknown words: aws-vault"),
            (
                "keychain = 'gnome'",
                "config.toml:1: keychain: unknown word gnome\nknown words: auto, os, file",
            ),
            ("callback_port = 0", "config.toml:1: callback_port: a port is 1 to 65535"),
            ("callback_port = 65536", "config.toml:1: callback_port: a port is 1 to 65535"),
            ("callback_port = -1", "config.toml:1: callback_port: a port is 1 to 65535"),
            ("callback_port = 99999999999999999999", "config.toml:1: callback_port: the number is too large"),
            ("callback_port = '8400'", "config.toml:1: callback_port: expected an integer, found text"),
            ("browser = ' '", "config.toml:1: browser: a command is expected"),
            ("browser = \"a\\u001b\"", "config.toml:1: browser: control character \\u{1b} in the text"),
            ("background = true", "config.toml:1: background: expected a list, found true or false"),
            (
                "background = ['a b']",
                "config.toml:1: background: a name is letters, digits or any of _-/.%@:+",
            ),
            ("colours = 'blue'", "config.toml:1: colours: expected true, false or \"auto\""),
            ("colours = 1", "config.toml:1: colours: expected true, false or \"auto\""),
            ("wrap_cd = 'no'", "config.toml:1: wrap_cd: expected true or false, found text"),
            ("passphrase_command = ''", "config.toml:1: passphrase_command: a command is expected"),
            ("console = true", "config.toml:1: console: expected a table, found true or false"),
            ("[console]\nopne = 'tab'", "config.toml:2: console.opne: unknown key\ndid you mean `open`?"),
            (
                "[console]\nopen = 'window'",
                "config.toml:2: console.open: unknown word window\nknown words: tab, container, browser-profile",
            ),
            ("[console]\nduration = '13h'", "config.toml:2: console.duration: AWS allows 15m to 12h00m"),
            (
                "[console.accounts.1]",
                "config.toml:1: console.accounts.1: an account is twelve digits, in quotes",
            ),
            (
                "[console.accounts]\n111122223333 = { name = 'a' }\n222222222222 = { name = 'a' }",
                "config.toml:3: console.accounts.222222222222: the name is that of 111122223333 too",
            ),
            (
                "[console.accounts]\n111122223333 = { name = 'Prod' }\n222222222222 = { name = 'prod' }",
                "config.toml:3: console.accounts.222222222222: the name is that of 111122223333 too",
            ),
            (
                "[console.accounts]\n111122223333 = { name = 'acme 222222222222' }",
                "config.toml:2: console.accounts.111122223333: the name holds another account's id, 222222222222",
            ),
            (
                "[console.accounts]\n111122223333 = { browser_profile = 'Work' }\n\
                 222222222222 = { browser_profile = 'work' }",
                "config.toml:3: console.accounts.222222222222: the browser_profile is that of 111122223333 too",
            ),
            (
                "[console.accounts.111122223333]\ncolour = 'rde'",
                "config.toml:2: console.accounts.111122223333.colour: unknown word rde\ndid you mean `red`?",
            ),
            (
                "[console.accounts.111122223333]\nbrowser_profile = '../x'",
                "config.toml:2: console.accounts.111122223333.browser_profile: the name of a browser's profile \
                 directory, like \"Profile 1\"",
            ),
            ("[wait]", "config.toml:1: wait: expected text like \"1h\", found a table"),
        ] {
            assert_eq!(complaint(text), expected, "of {text}");
        }
    }

    #[test]
    fn no_damage_to_a_file_is_a_panic() {
        for end in 0..ALL.len() {
            let _ = parse(&ALL[..end]);
            for nasty in ["", "\0", "\n", "\"", "[", "=", "7", "~", "\u{9b}"] {
                let _ = parse(&format!("{}{nasty}{}", &ALL[..end], &ALL[end + 1..]));
            }
        }
    }

    #[test]
    fn trust_goes_by_whole_components_of_real_paths() {
        let root = tempfile::tempdir().unwrap();
        for directory in ["src/acme", "src-evil"] {
            std::fs::create_dir_all(root.path().join(directory)).unwrap();
        }
        let settings = Settings { trusted: vec![root.path().join("src")], ..Settings::default() };
        let trusts = |path: &str| settings.trusts(&root.path().join(path));
        assert!(trusts("src"));
        assert!(trusts("src/acme"));
        assert!(!trusts("src-evil"));
        assert!(!trusts("src/../src-evil"));
        assert!(!trusts("src/missing"));
        assert!(!trusts(""));
        assert!(!Settings::default().trusts(root.path()));
    }

    #[cfg(unix)]
    #[test]
    fn a_link_is_trusted_for_where_it_leads() {
        let root = tempfile::tempdir().unwrap();
        for directory in ["src", "evil"] {
            std::fs::create_dir(root.path().join(directory)).unwrap();
        }
        let link = |to: &str, from: &str| {
            std::os::unix::fs::symlink(root.path().join(to), root.path().join(from)).unwrap();
        };
        link("evil", "src/out");
        link("src", "link");
        let settings = Settings { trusted: vec![root.path().join("link")], ..Settings::default() };
        assert!(settings.trusts(&root.path().join("src")));
        assert!(!settings.trusts(&root.path().join("src/out")));
    }
}
