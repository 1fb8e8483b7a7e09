//! The PIN of a token: what the user's files say, else what the keychain has, else what a person types, and then the
//! keychain has it. A wrong one costs a try, of which a token has few: each is given once.

use std::path::Path;

use anyhow::Context;
use cryptoki::error::{Error, RvError};

use super::module::{fault, in_time, said};
use super::password::{Opener, Taken};
use super::token::Token;
use crate::files;
use crate::message::{Exit, Failure, printable, shown_path};
use crate::profile::chain::Pkcs11Uri;
use crate::provider::sso::SIGN_IN;
use crate::secret::Secret;
use crate::session::refused_pin::{self, Noted};
use crate::terminal;

const CANNOT_NOTE: &str = "cannot note which PINs a token has refused";

/// A PIN that nobody has to type, and where it is from.
struct Known {
    pin: Secret,
    from: String,
    /// By the keychain, for this very token.
    is_kept: bool,
}

impl Opener<'_, '_> {
    /// Logs in, where the token wants that; with the PIN that it took.
    pub(super) fn log_in(
        &mut self,
        token: Token,
        uri: &Pkcs11Uri,
    ) -> anyhow::Result<(Token, Option<Secret>)> {
        if !token.wants_pin() {
            return Ok((token, None));
        }
        if token.info().user_pin_locked() {
            return Err(locked(uri).into());
        }
        if token.info().protected_authentication_path() {
            return self.log_in_at_reader(token, uri);
        }
        let name = token.name();
        if let Some(taken) = self.pins.iter().find(|taken| taken.token == name) {
            let pin = taken.pin.clone();
            let (token, is_right) = given(token, uri, Some(pin.clone()))?;
            if !is_right {
                return Err(wrong(uri).into());
            }
            self.pins.push(Taken { asked: uri.token(), token: name, pin: pin.clone() });
            return Ok((token, Some(pin)));
        }
        let turn = refused_pin::turn(self.means.places, &name).context(CANNOT_NOTE)?;
        let _turn = turn.ok_or_else(|| fault(uri, "somebody else is giving the token its PIN"))?;
        // Whoever had the turn before may have spent a try.
        let token = asked_again(token, uri)?;
        let (token, pin) = match self.known(uri, &token)? {
            Some(known) if !token.info().user_pin_final_try() => {
                match self.try_known(token, uri, &known)? {
                    (token, true) => (token, known.pin),
                    // Only what a person has typed once can have become wrong; what stands in a file, they have to mend.
                    (token, false) if known.is_kept && self.mfa.has_person() => {
                        self.ask_pin(asked_again(token, uri)?, uri)?
                    }
                    (_, false) => {
                        return Err(fault(uri, &format!("the PIN {} is not the token's", known.from))
                            .hint(match known.is_kept {
                                true => SIGN_IN,
                                false => {
                                    "mend it, then run `awsenv login`: until then the token is not asked again"
                                }
                            })
                            .exit(Exit::PersonNeeded)
                            .into());
                    }
                }
            }
            Some(_) if !self.mfa.has_person() => {
                return Err(
                    needs_person(uri, "the token takes one more wrong PIN, and is locked then").into()
                );
            }
            _ => self.ask_pin(token, uri)?,
        };
        self.pins.push(Taken { asked: uri.token(), token: name, pin: pin.clone() });
        Ok((token, Some(pin)))
    }

    /// The PIN is typed at the reader, and never seen here.
    fn log_in_at_reader(&mut self, token: Token, uri: &Pkcs11Uri) -> anyhow::Result<(Token, Option<Secret>)> {
        if !self.mfa.has_person() {
            return Err(needs_person(uri, "its PIN is typed at the reader").into());
        }
        self.mfa.hush();
        self.mfa.say(&printable(&format!("awsenv: {uri}: type the PIN at the reader")));
        match given(token, uri, None)? {
            (token, true) => Ok((token, None)),
            (_, false) => Err(wrong(uri).into()),
        }
    }

    fn known(&mut self, uri: &Pkcs11Uri, token: &Token) -> anyhow::Result<Option<Known>> {
        if let Some(pin) = &uri.pin {
            let from = "in your AWS config".to_owned();
            return Ok(Some(Known { pin: pin.clone(), from, is_kept: false }));
        }
        if let Some(path) = &uri.pin_source {
            return from_file(path).map(Some);
        }
        if !token.is_one_of_a_kind() {
            return Ok(None);
        }
        let kept = match self.means.keychain.pin(&token.name()) {
            Err(error) if !self.mfa.has_person() => return Err(error),
            kept => kept.ok().flatten(),
        };
        Ok(kept.map(|pin| Known { pin, from: "in the keychain".to_owned(), is_kept: true }))
    }

    /// Unless the token has refused it before. A kept one that it refuses is kept no more.
    fn try_known(&mut self, token: Token, uri: &Pkcs11Uri, known: &Known) -> anyhow::Result<(Token, bool)> {
        let (places, keychain, name) = (self.means.places, &self.means.keychain, token.name());
        let may_be_given = match refused_pin::noted(places, &name, &known.pin).context(CANNOT_NOTE)? {
            Noted::No => true,
            // Somebody says that what stands in their files is right now. Nobody says it of what is kept.
            Noted::Refused => self.is_login && !known.is_kept,
            // What was refused is not in the keychain any more.
            Noted::Unknown => self.is_login || known.is_kept,
        };
        if !may_be_given {
            return Ok((token, false));
        }
        refused_pin::note(places, &name, &known.pin).context(CANNOT_NOTE)?;
        let (token, is_right) = given(token, uri, Some(known.pin.clone()))?;
        if is_right {
            // Else it is given no more, which a person can mend.
            let _ = refused_pin::forget(places, &name, &known.pin, self.is_login);
        }
        if known.is_kept {
            // Where that fails, the PIN is still noted; and `logout` by these words would leave it.
            let _ = match is_right {
                true => keychain.note_found(&uri.token(), &name),
                false => keychain.remove_pin(&name).map(drop),
            };
        }
        Ok((token, is_right))
    }

    fn ask_pin(&mut self, token: Token, uri: &Pkcs11Uri) -> anyhow::Result<(Token, Secret)> {
        if !self.mfa.has_person() {
            return Err(needs_person(uri, "its PIN is needed").into());
        }
        self.mfa.hush();
        let label = printable(token.info().label());
        if token.info().user_pin_final_try() {
            self.mfa.say(&format!("awsenv: the token {label} takes one more wrong PIN, and is locked then"));
        }
        let pin = terminal::ask_hidden(&format!("PIN of the token {label}: ")).map_err(|error| {
            let what = fault(uri, "cannot ask for its PIN").what;
            terminal::unanswered(&what, &error, "run it in a terminal")
        })?;
        match given(token, uri, Some(pin.clone()))? {
            (token, true) => {
                let _ = refused_pin::forget(self.means.places, &token.name(), &pin, true);
                // What stands in a file is mended there.
                if uri.pin.is_none() && uri.pin_source.is_none() {
                    self.keep_pin(uri, &token, &pin);
                }
                Ok((token, pin))
            }
            (_, false) => Err(wrong(uri).into()),
        }
    }

    /// Where it cannot be kept, this command has it all the same.
    fn keep_pin(&self, uri: &Pkcs11Uri, token: &Token, pin: &Secret) {
        let label = token.info().label();
        let said = if token.is_one_of_a_kind() {
            match self.means.keychain.keep_pin(&uri.token(), &token.name(), pin) {
                Ok(place) => format!("awsenv: the PIN of the token {label} is kept in {place}"),
                Err(error) => {
                    format!(
                        "awsenv: the PIN of the token {label} is not kept, and asked for again: {error:#}"
                    )
                }
            }
        } else {
            format!(
                "awsenv: the PIN of the token {label} is not kept, and asked for again: the token has no serial number"
            )
        };
        self.mfa.say(&printable(&said));
    }
}

fn from_file(path: &Path) -> anyhow::Result<Known> {
    let shown = shown_path(path);
    let read = files::read_limited(path, 4096).with_context(|| format!("cannot read {shown}"))?;
    let (bytes, _) = read.ok_or_else(|| Failure::new(format!("{shown} is not there")))?;
    let bytes = zeroize::Zeroizing::new(bytes);
    let text = std::str::from_utf8(&bytes).map_err(|_| Failure::new(format!("{shown}: no PIN is in it")))?;
    let pin = text.lines().next().filter(|pin| !pin.is_empty());
    let pin = pin.ok_or_else(|| Failure::new(format!("{shown}: no PIN is in it")))?;
    Ok(Known { pin: Secret::new(pin), from: format!("in {shown}"), is_kept: false })
}

fn asked_again(token: Token, uri: &Pkcs11Uri) -> anyhow::Result<Token> {
    let token = in_time(uri, move |uri| token.asked_again(uri))?;
    match token.info().user_pin_locked() {
        true => Err(locked(uri).into()),
        false => Ok(token),
    }
}

fn given(token: Token, uri: &Pkcs11Uri, pin: Option<Secret>) -> anyhow::Result<(Token, bool)> {
    in_time(uri, move |uri| match token.takes(pin.as_ref()) {
        Ok(is_right) => Ok((token, is_right)),
        Err(Error::Pkcs11(RvError::PinLocked, _)) => Err(locked(uri).into()),
        Err(error) => Err(said(uri, &error).into()),
    })
}

fn needs_person(uri: &Pkcs11Uri, why: &str) -> Failure {
    fault(uri, why).hint(SIGN_IN).exit(Exit::PersonNeeded)
}

fn wrong(uri: &Pkcs11Uri) -> Failure {
    fault(uri, "that is not its PIN").hint("a few wrong ones lock the token").exit(Exit::PersonNeeded)
}

fn locked(uri: &Pkcs11Uri) -> Failure {
    fault(uri, "the token is locked: too many wrong PINs")
        .hint("its maker's tool unlocks it, by a PUK or the security officer's PIN")
        .exit(Exit::PersonNeeded)
}
