//! Where long-lived keys rest: the system's keychain, or the encrypted file where there is none. Which of the two
//! is written down in the [`KeyIndex`] for each name, so that a keychain that cannot be reached is an error, and
//! never "no keys". Knows neither profiles nor the network; the prompt never comes here.

use zeroize::Zeroizing;

use crate::clock::{self, Timestamp};
use crate::credentials::Credentials;
use crate::env::Env;
use crate::files;
use crate::key_index::{KeyIndex, Rests};
use crate::message::{Exit, Failure};
use crate::places::Places;
use crate::settings::{self, Settings};

pub mod aws_vault;
mod file;
#[cfg(any(target_os = "macos", windows))]
#[path = "native.rs"]
mod os;
#[cfg(not(any(target_os = "linux", target_os = "macos", windows)))]
#[path = "none.rs"]
mod os;
#[cfg(target_os = "linux")]
#[path = "secret_service.rs"]
mod os;
mod passphrase;
mod password;
mod pin;
mod record;

pub use record::Keys;

use file::KeyFile;

/// The keychains of this user, for one command.
#[derive(Clone, Copy, Debug)]
pub struct Keychain<'a> {
    places: &'a Places,
    original: &'a Env,
    settings: &'a Settings,
    asks: Asks,
}

/// Whether somebody can be asked for a passphrase, or be shown the keychain's own dialog.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asks {
    Person,
    Nobody,
}

/// What rests somewhere, by name.
type Texts = Vec<(String, Zeroizing<Vec<u8>>)>;

/// Where keys came to rest, and why there.
#[derive(Debug)]
pub struct Kept {
    /// The keychain.
    pub rests: Rests,
    /// Why it is not the system's, where nobody asked for the file.
    pub instead: Option<String>,
}

impl<'a> Keychain<'a> {
    /// For a command that a person typed.
    pub fn of_person(places: &'a Places, original: &'a Env, settings: &'a Settings) -> Self {
        Self { places, original, settings, asks: Asks::Person }
    }

    /// For a renewal: what needs a person is an error.
    pub fn of_nobody(places: &'a Places, original: &'a Env, settings: &'a Settings) -> Self {
        Self { asks: Asks::Nobody, ..Self::of_person(places, original, settings) }
    }

    /// The keys of this name, which must be these: somebody may have changed them behind our back.
    pub fn read(&self, name: &str, access_key_id: &str) -> anyhow::Result<Credentials> {
        let index = KeyIndex::load(self.places)?;
        let entry = index.find(name).ok_or_else(|| gone(name, "awsenv's list"))?;
        self.check_choice(name, entry.rests)?;
        let place = shown(entry.rests, self.places);
        // Beside them, if a rotation was cut off: the list says which of the two count.
        let mut found = self.find(name, Some(access_key_id), entry.rests)?;
        let mut others = Vec::new();
        let is_wanted = |keys: &Keys| keys.access_key_id == access_key_id;
        if !found.iter().any(is_wanted) {
            others = std::mem::replace(&mut found, self.find(&next(name), Some(access_key_id), entry.rests)?);
        }
        let Some(keys) = found.into_iter().find(is_wanted) else {
            let Some(other) = others.first() else { return Err(gone(name, &place).into()) };
            let id = &other.access_key_id;
            return Err(Failure::new(format!(
                "{place} has other keys under {name}: {id}, not {access_key_id}"
            ))
            .hint(format!("if they are yours, run `awsenv key add {name} --replace`"))
            .into());
        };
        touch(self.places, access_key_id);
        Ok(Credentials { account: entry.account.clone(), ..keys.into() })
    }

    /// The keys that rest there under this name: those with this id, if they are found, else all. The system's
    /// keychain may have more than one pair.
    pub fn find(&self, name: &str, id: Option<&str>, rests: Rests) -> anyhow::Result<Vec<Keys>> {
        match rests {
            Rests::Os => os::read(name, id, self.original, self.asks),
            Rests::File => Ok(self.file().read(name)?.into_iter().collect()),
        }
    }

    /// The keychains that are there, and that the settings allow.
    pub fn all(&self) -> anyhow::Result<Vec<Rests>> {
        let choice = self.choice()?;
        let mut all = Vec::new();
        if choice != settings::Keychain::File && os::why_not(self.original)?.is_none() {
            all.push(Rests::Os);
        }
        if choice != settings::Keychain::Os && file::path(self.places).exists() {
            all.push(Rests::File);
        }
        Ok(all)
    }

    /// Where keys added now would rest. An error: the settings ask for a keychain that is not there, or it hangs.
    pub fn destination(&self) -> anyhow::Result<Kept> {
        let file = |instead| Kept { rests: Rests::File, instead };
        match self.choice()? {
            settings::Keychain::File => Ok(file(None)),
            settings::Keychain::Os => match os::why_not(self.original)? {
                Some(why) => Err(Failure::new(format!("cannot use {}: {why}", os::NAME))
                    .hint(format!("{}, or set AWSENV_KEYCHAIN=file", os::REMEDY))
                    .into()),
                None => Ok(Kept { rests: Rests::Os, instead: None }),
            },
            settings::Keychain::Auto => Ok(match os::why_not(self.original)? {
                Some(why) => file(Some(why)),
                None => Kept { rests: Rests::Os, instead: None },
            }),
        }
    }

    /// Whether the system's is locked, as far as it says so without a dialog.
    pub fn is_locked(&self) -> Option<bool> {
        os::is_locked(self.original)
    }

    /// Puts keys there, in the place of what has the name. Nothing is to follow them.
    pub fn write(&self, name: &str, keys: &Keys, rests: Rests) -> anyhow::Result<()> {
        match rests {
            Rests::Os => {
                os::write(name, keys, self.original, self.asks)?;
                os::remove(&next(name), self.original, self.asks)
            }
            Rests::File => self.file().put_instead(name, keys, &next(name)),
        }
    }

    /// Removes the keys of this name. What is gone already is fine.
    pub fn remove(&self, name: &str, rests: Rests) -> anyhow::Result<()> {
        match rests {
            Rests::Os => {
                os::remove(name, self.original, self.asks)?;
                os::remove(&next(name), self.original, self.asks)
            }
            Rests::File => self.file().remove(&[name, &next(name)]),
        }
    }

    /// The keys that are to follow those of this name, once they are proven: `key rotate` was cut off.
    pub fn next(&self, name: &str, rests: Rests) -> anyhow::Result<Vec<Keys>> {
        self.find(&next(name), None, rests)
    }

    /// Puts keys beside those of this name, which they are to follow.
    pub fn write_next(&self, name: &str, keys: &Keys, rests: Rests) -> anyhow::Result<()> {
        match rests {
            Rests::Os => os::write(&next(name), keys, self.original, self.asks),
            Rests::File => self.file().put(&next(name), keys),
        }
    }

    /// Nothing is to follow.
    pub fn remove_next(&self, name: &str, rests: Rests) -> anyhow::Result<()> {
        match rests {
            Rests::Os => os::remove(&next(name), self.original, self.asks),
            Rests::File => self.file().remove(&[&next(name)]),
        }
    }

    fn file(&self) -> KeyFile<'a> {
        KeyFile::new(self.places, self.original, self.settings.passphrase_command.as_deref(), self.asks)
    }

    /// Whoever says which keychain to use wants no other.
    fn check_choice(&self, name: &str, rests: Rests) -> anyhow::Result<()> {
        let refused = match (self.choice()?, rests) {
            (settings::Keychain::File, Rests::Os) => "file",
            (settings::Keychain::Os, Rests::File) => "os",
            _ => return Ok(()),
        };
        let place = shown(rests, self.places);
        Err(Failure::new(format!("{name} rests in {place}, and only keychain = \"{refused}\" is allowed"))
            .hint("look at AWSENV_KEYCHAIN and at `keychain` in the settings")
            .into())
    }

    fn choice(&self) -> anyhow::Result<settings::Keychain> {
        match self.original.text("AWSENV_KEYCHAIN") {
            None => Ok(self.settings.keychain),
            Some(word) => settings::Keychain::named(word).ok_or_else(|| {
                Failure::new(format!("AWSENV_KEYCHAIN={word}: expected auto, os or file"))
                    .exit(Exit::Usage)
                    .into()
            }),
        }
    }
}

/// A keychain, for people.
pub fn shown(rests: Rests, places: &Places) -> String {
    match rests {
        Rests::Os => os::NAME.to_owned(),
        Rests::File => {
            format!("the encrypted file {}", crate::places::tilde(&file::path(places), &places.home))
        }
    }
}

/// When these keys were last read by us.
pub fn last_used(places: &Places, access_key_id: &str) -> Option<Timestamp> {
    std::fs::metadata(used(places, access_key_id)).ok()?.modified().ok()?.try_into().ok()
}

/// Forgets when.
pub fn forget_use(places: &Places, access_key_id: &str) {
    let _ = files::remove(&used(places, access_key_id));
}

/// The time is the file's own, not an entry of the index: a change there makes every prompt resolve anew.
fn touch(places: &Places, access_key_id: &str) {
    let path = used(places, access_key_id);
    let _ = files::private_dir(&places.state)
        .and_then(|()| files::private_dir(&places.state.join("used")))
        .and_then(|()| files::touch(&path))
        .and_then(|file| file.set_modified(clock::now().into()));
}

/// An access key id is letters and digits: `record.rs` and `key_index.rs` have checked it.
fn used(places: &Places, access_key_id: &str) -> std::path::PathBuf {
    places.state.join("used").join(access_key_id)
}

/// The item beside the one of this name. No name has a space in it.
fn next(name: &str) -> String {
    format!("{name} (next)")
}

fn gone(name: &str, place: &str) -> Failure {
    Failure::new(format!("{place} has no keys named {name} any more"))
        .hint(format!("run `awsenv key add {name} --replace`, or `awsenv key remove {name}`"))
        .exit(Exit::PersonNeeded)
}
