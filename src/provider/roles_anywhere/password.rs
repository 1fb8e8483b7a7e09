//! The password of an encrypted key: what the user's files say, else what the keychain has, else what a person types,
//! and then the keychain has it. A renewal asks nobody.

use super::super::{Means, Mfa};
use super::bundle::{Bundle, Opened, Trouble};
use crate::message::{Exit, Failure, printable, shown_path};
use crate::places::tilde;
use crate::provider::sso::SIGN_IN;
use crate::secret::Secret;
use crate::terminal;

/// A slip may be mended.
const TRIES: usize = 3;

/// Opens files, and remembers the password that it took.
pub(super) struct Opener<'a, 'm> {
    /// What the user's files say.
    pub(super) given: Option<&'a Secret>,
    pub(super) means: &'a Means<'a>,
    pub(super) mfa: &'m mut Mfa,
    /// What opened files, each once.
    pub(super) used: Vec<Secret>,
    /// What tokens took.
    pub(super) pins: Vec<Taken>,
    /// Whether somebody says to try again what the user's files say.
    #[cfg_attr(not(feature = "pkcs11"), expect(dead_code, reason = "only a token is asked so"))]
    pub(super) is_login: bool,
}

/// A PIN that a token took.
#[cfg_attr(not(feature = "pkcs11"), expect(dead_code, reason = "there is no token to take one"))]
pub(super) struct Taken {
    /// As the URI names the token.
    pub(super) asked: String,
    /// The token's own name.
    pub(super) token: String,
    pub(super) pin: Secret,
}

impl Opener<'_, '_> {
    pub(super) fn open(&mut self, bundle: &Bundle) -> anyhow::Result<Opened> {
        match bundle.open(None) {
            Ok(opened) => Ok(opened),
            Err(Trouble::Broken(failure)) => Err(failure.into()),
            Err(Trouble::Locked) => self.unlock(bundle),
        }
    }

    fn unlock(&mut self, bundle: &Bundle) -> anyhow::Result<Opened> {
        if let Some(given) = self.given {
            return self.tried(bundle, given)?.ok_or_else(|| {
                let what =
                    format!("{}: the password in your AWS config does not open it", shown_path(&bundle.path));
                Failure::new(what)
                    .hint("mend `--pkcs8-password`, or take it out: then `awsenv login` asks")
                    .into()
            });
        }
        // One password for a certificate and a key in two files is asked for once.
        for used in self.used.clone() {
            if let Some(opened) = self.tried(bundle, &used)? {
                return Ok(opened);
            }
        }
        let has_person = self.mfa.has_person();
        let kept = match self.means.keychain.password(&bundle.path) {
            Err(error) if !has_person => return Err(error),
            kept => kept.ok().flatten(),
        };
        if let Some(opened) = kept.as_ref().map(|kept| self.tried(bundle, kept)).transpose()?.flatten() {
            return Ok(opened);
        }
        if !has_person {
            let why = if kept.is_some() {
                "its password is not the one in the keychain"
            } else {
                "it is encrypted"
            };
            return Err(Failure::new(format!("{}: {why}", shown_path(&bundle.path)))
                .hint(SIGN_IN)
                .exit(Exit::PersonNeeded)
                .into());
        }
        self.ask(bundle)
    }

    /// `None`: it is not this password.
    fn tried(&mut self, bundle: &Bundle, password: &Secret) -> anyhow::Result<Option<Opened>> {
        match bundle.open(Some(password)) {
            Ok(opened) => {
                if !self.used.contains(password) {
                    self.used.push(password.clone());
                }
                Ok(Some(opened))
            }
            Err(Trouble::Locked) => Ok(None),
            Err(Trouble::Broken(failure)) => Err(failure.into()),
        }
    }

    fn ask(&mut self, bundle: &Bundle) -> anyhow::Result<Opened> {
        self.mfa.hush();
        let file = tilde(&bundle.path, &self.means.places.home);
        for tried in 1.. {
            let password = terminal::ask_hidden(&format!("Password of {file}: ")).map_err(|error| {
                let what = format!("cannot ask for the password of {}", shown_path(&bundle.path));
                terminal::unanswered(&what, &error, "run it in a terminal")
            })?;
            if let Some(opened) = self.tried(bundle, &password)? {
                self.keep(bundle, &password);
                return Ok(opened);
            }
            if tried == TRIES {
                break;
            }
            terminal::tell("That is not its password.")?;
        }
        Err(Failure::new(format!("{}: that is not its password", shown_path(&bundle.path)))
            .exit(Exit::PersonNeeded)
            .into())
    }

    /// Where it cannot be kept, this command has it all the same.
    fn keep(&self, bundle: &Bundle, password: &Secret) {
        let file = tilde(&bundle.path, &self.means.places.home);
        let said = match self.means.keychain.keep_password(&bundle.path, password) {
            Ok(place) => format!("awsenv: the password of {file} is kept in {place}"),
            Err(error) => {
                format!("awsenv: the password of {file} is not kept, and asked for again: {error:#}")
            }
        };
        self.mfa.say(&printable(&said));
    }
}
