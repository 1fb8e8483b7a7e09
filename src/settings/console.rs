//! `[console]`: how the web console is opened.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Result;

use crate::limits::{self, Reason};
use crate::toml_walk::{Item, Table};

/// The table, or the defaults.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Console {
    /// In what.
    pub open: Open,
    /// What opens a container in Firefox.
    pub extension: Extension,
    /// How long the console's session lasts, where AWS lets one say so.
    pub duration: Option<Duration>,
    /// What bounds the session of a user's keys; none: nothing but the user's own policies.
    pub policy_arns: Vec<String>,
    /// By the account's id.
    pub accounts: BTreeMap<String, Account>,
}

/// What keeps one account apart from another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Open {
    /// Nothing.
    #[default]
    Tab,
    /// A Firefox container.
    Container,
    /// A profile of a browser of Chromium's family.
    BrowserProfile,
}

/// An extension of Firefox that opens addresses in containers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Extension {
    /// "Open external links in a container".
    #[default]
    OpenUrlInContainer,
    /// Granted's.
    Granted,
}

/// One account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// What the container is called.
    pub name: Option<String>,
    /// Its colour.
    pub colour: Option<Colour>,
    /// The directory of the browser's profile.
    pub browser_profile: Option<String>,
}

/// The name that means the profile which awsenv keeps for an account.
pub const AUTO: &str = "auto";

impl Account {
    /// Whether a profile of this name is the account's: a directory, on disks that know no capitals too.
    pub fn has_browser_profile(&self, name: &str) -> bool {
        let own = self.browser_profile.as_deref().filter(|own| *own != AUTO);
        own.is_some_and(|own| own.to_lowercase() == name.to_lowercase())
    }
}

/// A colour that Firefox has for containers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "they are colours")]
pub enum Colour {
    Blue,
    Turquoise,
    Green,
    Yellow,
    Orange,
    Red,
    Pink,
    Purple,
}

impl Colour {
    /// All of them, as Firefox and the settings spell them, and as a screen shows them.
    pub const ALL: [(&'static str, Self, [u8; 3]); 8] = [
        ("blue", Self::Blue, [55, 173, 255]),
        ("turquoise", Self::Turquoise, [0, 199, 154]),
        ("green", Self::Green, [81, 205, 0]),
        ("yellow", Self::Yellow, [255, 203, 0]),
        ("orange", Self::Orange, [255, 159, 0]),
        ("red", Self::Red, [255, 97, 61]),
        ("pink", Self::Pink, [255, 75, 218]),
        ("purple", Self::Purple, [175, 81, 245]),
    ];

    /// As Firefox spells it.
    pub fn name(self) -> &'static str {
        Self::ALL[self as usize].0
    }

    /// Red, green, blue.
    pub fn rgb(self) -> [u8; 3] {
        Self::ALL[self as usize].2
    }
}

const KNOWN: [&str; 5] = ["open", "extension", "duration", "policy_arns", "accounts"];
const OF_ACCOUNT: [&str; 3] = ["name", "colour", "browser_profile"];
const OPEN: [(&str, Open); 3] =
    [("tab", Open::Tab), ("container", Open::Container), ("browser-profile", Open::BrowserProfile)];
const EXTENSION: [(&str, Extension); 2] =
    [("open-url-in-container", Extension::OpenUrlInContainer), ("granted", Extension::Granted)];

/// As many as AWS takes with GetFederationToken.
pub const MOST_POLICIES: usize = 10;

pub(super) fn read(item: &Item<'_>) -> Result<Console> {
    let table = item.table(&KNOWN)?;
    Ok(Console {
        open: table.choice("open", &OPEN)?.unwrap_or_default(),
        extension: table.choice("extension", &EXTENSION)?.unwrap_or_default(),
        duration: table.duration("duration", |asked| limits::duration(asked, limits::ROLE_DURATION))?,
        policy_arns: table.item("policy_arns").map(|item| policies(&item)).transpose()?.unwrap_or_default(),
        accounts: table.item("accounts").map(|item| accounts(&item)).transpose()?.unwrap_or_default(),
    })
}

fn policies(item: &Item<'_>) -> Result<Vec<String>> {
    let arns = item.texts(|text| limits::arn(text, "iam", "policy/"))?;
    item.ok(if arns.len() <= MOST_POLICIES { Ok(()) } else { Err(format!("at most {MOST_POLICIES}")) })?;
    Ok(arns)
}

fn accounts(item: &Item<'_>) -> Result<BTreeMap<String, Account>> {
    let mut accounts = BTreeMap::<_, Account>::new();
    for item in item.names()?.items() {
        item.ok(limits::account(item.key))?;
        let account = account(&item.table(&OF_ACCOUNT)?)?;
        item.ok(account.name.as_deref().map_or(Ok(()), |name| is_nobody_elses(name, item.key)))?;
        // A container of one name is one container.
        let name = |account: &Account| account.name.as_deref().map(str::to_lowercase);
        let twin = accounts.iter().find(|(_, other)| account.name.is_some() && name(other) == name(&account));
        item.ok(twin.map_or(Ok(()), |(id, _)| Err(format!("the name is that of {id} too"))))?;
        let own = account.browser_profile.as_deref();
        let twin = own.and_then(|own| accounts.iter().find(|(_, other)| other.has_browser_profile(own)));
        item.ok(twin.map_or(Ok(()), |(id, _)| Err(format!("the browser_profile is that of {id} too"))))?;
        accounts.insert(item.key.to_owned(), account);
    }
    Ok(accounts)
}

fn account(table: &Table<'_>) -> Result<Account> {
    let colours = Colour::ALL.map(|(name, colour, _)| (name, colour));
    Ok(Account {
        name: table.checked("name", one_to_fifty)?,
        colour: table.choice("colour", &colours)?,
        browser_profile: table.checked("browser_profile", browser_profile)?,
    })
}

/// A container without a name of its own is called by its account's id, alone or behind the portal's name for it.
fn is_nobody_elses(name: &str, account: &str) -> Result<(), Reason> {
    let mut numbers = name.split(|c: char| !c.is_ascii_digit());
    match numbers.find(|number| number.len() == account.len() && *number != account) {
        Some(other) => Err(format!("the name holds another account's id, {other}")),
        None => Ok(()),
    }
}

fn one_to_fifty(text: &str) -> Result<(), Reason> {
    if (1..=50).contains(&text.chars().count()) { Ok(()) } else { Err("1 to 50 characters".into()) }
}

/// It is one directory of the browser's own.
pub fn browser_profile(text: &str) -> Result<(), Reason> {
    let is_plain = !text.is_empty()
        && !text.starts_with(['.', '-'])
        && text.chars().all(|c| c.is_alphanumeric() || " _.-".contains(c));
    match is_plain {
        true => Ok(()),
        false => Err("the name of a browser's profile directory, like \"Profile 1\"".into()),
    }
}
