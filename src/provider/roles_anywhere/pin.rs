//! The PIN of a token: what the user's files say, else what the keychain has, else what a person types, and then the
//! keychain has it. A wrong one costs a try, of which a token has few: each is given once.

use std::path::Path;

use anyhow::Context;
use cryptoki::error::{Error, RvError};

use super::module::{fault, in_time, said};
use super::password::Opener;
use super::token::Token;
use crate::files::{self, Stamp};
use crate::message::{Exit, Failure, printable, shown_path};
use crate::profile::chain::{PKCS11, Pkcs11Uri};
use crate::provider::sso::SIGN_IN;
use crate::secret::Secret;
use crate::session::refused_pin;
use crate::terminal;

/// A PIN that nobody has to type, and where it is from.
struct Known {
    pin: Secret,
    from: String,
    /// Of its file.
    stamp: Option<Stamp>,
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
        let name = uri.token();
        if let Some((_, pin)) = self.pins.iter().find(|(of, _)| *of == name) {
            let pin = pin.clone();
            let (token, is_right) = given(token, uri, Some(pin.clone()))?;
            return if is_right { Ok((token, Some(pin))) } else { Err(wrong(uri).into()) };
        }
        let places = self.means.places;
        let turn = refused_pin::turn(places, &name).context("cannot note which PINs a token has refused")?;
        let _turn = turn.ok_or_else(|| fault(uri, "somebody else is giving the token its PIN"))?;
        let (token, pin) = match self.known(uri)? {
            Some(known) => {
                let stamp = known.stamp;
                let (token, is_right) = self.try_known(token, uri, &known)?;
                match is_right {
                    true => (token, known.pin),
                    // Only what a person has typed once can have become wrong; what stands in a file, they have to mend.
                    false if uri.pin.is_none() && stamp.is_none() && self.mfa.has_person() => {
                        self.ask_pin(token, uri)?
                    }
                    false => {
                        return Err(fault(uri, &format!("the PIN {} is not the token's", known.from))
                            .hint(match known.stamp.is_some() || uri.pin.is_some() {
                                true => "mend it, then run `awsenv login`: until then the token is not asked again",
                                false => SIGN_IN,
                            })
                            .exit(Exit::PersonNeeded)
                            .into());
                    }
                }
            }
            None => self.ask_pin(token, uri)?,
        };
        self.pins.push((name, pin.clone()));
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

    fn known(&mut self, uri: &Pkcs11Uri) -> anyhow::Result<Option<Known>> {
        if let Some(pin) = &uri.pin {
            let from = "in your AWS config".to_owned();
            return Ok(Some(Known { pin: pin.clone(), from, stamp: None }));
        }
        if let Some(path) = &uri.pin_source {
            return from_file(path).map(Some);
        }
        let name = uri.token();
        if name == PKCS11 {
            return Ok(None);
        }
        let kept = match self.means.keychain.password(Path::new(&name)) {
            Err(error) if !self.mfa.has_person() => return Err(error),
            kept => kept.ok().flatten(),
        };
        Ok(kept.map(|pin| Known { pin, from: "in the keychain".to_owned(), stamp: None }))
    }

    /// Unless the token has refused it before, or would lock itself.
    fn try_known(&mut self, token: Token, uri: &Pkcs11Uri, known: &Known) -> anyhow::Result<(Token, bool)> {
        let (places, name) = (self.means.places, uri.token());
        if refused_pin::is_noted(places, &name, known.stamp) {
            return Ok((token, false));
        }
        if token.info().user_pin_final_try() && !self.mfa.has_person() {
            return Err(needs_person(uri, "the token takes one more wrong PIN, and is locked then").into());
        }
        refused_pin::note(places, &name, known.stamp)
            .context("cannot note which PINs a token has refused")?;
        let (token, is_right) = given(token, uri, Some(known.pin.clone()))?;
        if is_right {
            refused_pin::forget(places, &name);
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
                refused_pin::forget(self.means.places, &uri.token());
                self.keep_pin(uri, &pin);
                Ok((token, pin))
            }
            (_, false) => Err(wrong(uri).into()),
        }
    }

    /// Where it cannot be kept, this command has it all the same.
    fn keep_pin(&self, uri: &Pkcs11Uri, pin: &Secret) {
        let name = uri.token();
        let said = if name == PKCS11 {
            "awsenv: the PIN is not kept, and asked for again: the URI does not say which token (token=LABEL)"
                .to_owned()
        } else {
            match self.means.keychain.keep_password(Path::new(&name), pin) {
                Ok(place) => format!("awsenv: the PIN of {name} is kept in {place}"),
                Err(error) => {
                    format!("awsenv: the PIN of {name} is not kept, and asked for again: {error:#}")
                }
            }
        };
        self.mfa.say(&printable(&said));
    }
}

fn from_file(path: &Path) -> anyhow::Result<Known> {
    let shown = shown_path(path);
    let read = files::read_limited(path, 4096).with_context(|| format!("cannot read {shown}"))?;
    let (bytes, metadata) = read.ok_or_else(|| Failure::new(format!("{shown} is not there")))?;
    let bytes = zeroize::Zeroizing::new(bytes);
    let text = std::str::from_utf8(&bytes).map_err(|_| Failure::new(format!("{shown}: no PIN is in it")))?;
    let pin = text.lines().next().filter(|pin| !pin.is_empty());
    let pin = pin.ok_or_else(|| Failure::new(format!("{shown}: no PIN is in it")))?;
    Ok(Known { pin: Secret::new(pin), from: format!("in {shown}"), stamp: Some(Stamp::of(&metadata)) })
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
