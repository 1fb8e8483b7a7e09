//! `awsenv key rotate`: new keys in the place of old ones, so that at each moment the keychain holds keys that AWS
//! honours. The new key waits beside the old one until AWS answers to it; then the list of keys is changed, which is
//! the one step that decides; only then the old key goes. Whatever cuts this off, the next `rotate` goes on there.

use std::time::Duration;

use anyhow::Context;

use crate::clock;
use crate::commands::allow::tell_shells;
use crate::commands::subject::{Asking, Subject, of_keys, person, person_keychain};
use crate::credentials::Credentials;
use crate::files::{self, Lock};
use crate::key_index::{KeyEntry, KeyIndex};
use crate::keychain::{self, Keychain, Keys};
use crate::message::{self, Failure, printable, render};
use crate::provider::iam::{AccessKey, Iam, NotCreated};
use crate::provider::identity::{Identity, identity, identity_of_new};
use crate::session::store::SessionStore;
use crate::world::{self, World};

/// What the command line says.
#[derive(Debug)]
pub struct Rotate<'a> {
    /// Which keys.
    pub name: &'a str,
    /// Not if AWS created them later than so long ago.
    pub if_older_than: Option<Duration>,
    /// The old key stays at AWS, inactive.
    pub keep_old: bool,
}

/// What all steps need.
struct Rotation<'a> {
    name: &'a str,
    world: &'a World,
    keychain: Keychain<'a>,
    subject: &'a Subject,
    /// As the list has them when the command starts.
    entry: KeyEntry,
    /// A session with the mark of MFA, where the keys go with a device: one code is enough for all steps.
    session: Option<Credentials>,
}

/// Rotates them, or goes on with a rotation that was cut off.
pub fn run(rotate: &Rotate<'_>, world: &World) -> anyhow::Result<()> {
    let name = rotate.name;
    let _lock = lock(world)?;
    let entry = super::find(&KeyIndex::load(&world.places)?, name)?.clone();
    let subject = of_keys(name, world)?;
    let id = entry.access_key_id.clone();
    let keychain = person_keychain(world);
    let current = keychain.read(name, &id)?;
    let device =
        subject.resolved.chain.session_token.as_ref().and_then(|session| session.mfa_serial.as_ref());
    let session = device
        .map(|_| subject.credentials(None, world, &mut person(&Asking::default(), world)))
        .transpose()?
        .map(|(session, _)| session);
    let rotation = Rotation { name, world, keychain, subject: &subject, entry, session };
    if let Some(old) = rotation.entry.replaces.clone() {
        say(&format!("{id} has taken the place of {old} already; what is left is done now"));
        return rotation.settle(&as_keys(&current)?).and_then(|()| rotation.retire(&current, &old, rotate));
    }
    rotation.replace(&current, rotate).with_context(|| format!("{name} was not rotated"))?.map_or(
        Ok(()),
        |new| {
            rotation.settle(&new)?;
            rotation.retire(&new.into(), &id, rotate)
        },
    )
}

/// Two at once would each see the other's new key as one too many.
fn lock(world: &World) -> anyhow::Result<Lock> {
    let path = world.places.data.join("keys").join("rotate.lock");
    let lock = files::private_dir(&world.places.data)
        .and_then(|()| files::private_dir(&world.places.data.join("keys")))
        .and_then(|()| files::try_lock(&path))
        .with_context(|| format!("cannot lock {}", path.display()))?;
    Ok(lock.ok_or_else(|| Failure::new("keys are being rotated already").hint("wait until that has ended"))?)
}

impl Rotation<'_> {
    /// Up to the step that decides. `None`: the keys are young enough.
    fn replace(&self, current: &Credentials, rotate: &Rotate<'_>) -> anyhow::Result<Option<Keys>> {
        let (name, id, rests) = (self.name, &self.entry.access_key_id, self.entry.rests);
        let aws = self.subject.aws(self.world);
        let who = identity(current, self.region(), &aws)?;
        let iam = self.iam(current)?;
        let keys = iam.access_keys()?;
        let others: Vec<_> = keys.iter().filter(|key| key.id != *id).collect();
        let cut_off = self.keychain.next(name, rests)?;
        let cut_off = cut_off.into_iter().find(|next| others.iter().any(|key| key.id == next.access_key_id));
        let next = match cut_off {
            Some(next) => {
                say(&format!(
                    "{} is there from a rotation that was cut off, which goes on now",
                    next.access_key_id
                ));
                next
            }
            None => {
                if self.is_young(&keys, rotate.if_older_than) {
                    return Ok(None);
                }
                if let Some(other) = others.first() {
                    return Err(self.too_many(other, &iam));
                }
                self.create(&iam, &keys)?
            }
        };
        let proven = self.prove(&next, &who).and_then(|()| self.decide(&next, &who));
        match proven {
            Ok(()) => Ok(Some(next)),
            Err(why) => Err(self.roll_back(&next.access_key_id, &why, &iam)),
        }
    }

    /// IAM takes long-lived keys as they are, and of sessions only those with the mark of MFA.
    fn iam(&self, keys: &Credentials) -> anyhow::Result<Iam> {
        let signer = self.session.as_ref().unwrap_or(keys);
        Iam::new(&keys.access_key_id, signer, self.region(), &self.subject.aws(self.world))
    }

    fn region(&self) -> &str {
        self.subject.resolved.region.as_deref().unwrap_or(crate::aws::fallback_region(None))
    }

    fn is_young(&self, keys: &[AccessKey], if_older_than: Option<Duration>) -> bool {
        let id = &self.entry.access_key_id;
        let Some(key) = keys.iter().find(|key| key.id == *id) else { return false };
        let age = age(key);
        let is_young = if_older_than.is_some_and(|least| age <= least);
        if is_young {
            say(&format!("{}: {id} is {} old, and stays", self.name, clock::human(age)));
        }
        is_young
    }

    fn too_many(&self, other: &AccessKey, iam: &Iam) -> anyhow::Error {
        let used = match iam.last_used(&other.id) {
            Ok(Some((when, service))) => format!("last used {} ago for {service}", since(when)),
            Ok(None) => "never used".to_owned(),
            Err(_) => "AWS does not say when it was used".to_owned(),
        };
        let state = if other.is_active { "active" } else { "inactive" };
        let (id, other_id) = (&self.entry.access_key_id, &other.id);
        Failure::new(format!(
            "AWS allows two access keys, and beside {id} there is {other_id} ({state}, {} old, {used})",
            clock::human(age(other))
        ))
        .hint(format!("if nobody needs {other_id}: {}", self.delete_by_hand(other_id)))
        .into()
    }

    fn delete_by_hand(&self, id: &str) -> String {
        let bare = if self.session.is_some() { "" } else { " --no-session" };
        format!("`awsenv exec {}{bare} -- aws iam delete-access-key --access-key-id {id}`", self.name)
    }

    /// A new key, at AWS and beside the old one in the keychain.
    fn create(&self, iam: &Iam, before: &[AccessKey]) -> anyhow::Result<Keys> {
        let new = match iam.create() {
            Ok(new) => new,
            Err(NotCreated { why, is_in_doubt: false }) => return Err(self.failed("", &why.into(), None)),
            Err(NotCreated { why, is_in_doubt: true }) => return Err(self.create_in_doubt(iam, before, why)),
        };
        let id = &new.access_key_id;
        if let Err(why) = self.keychain.write_next(self.name, &new, self.entry.rests) {
            return Err(match iam.delete(id) {
                Ok(()) => self.failed("", &why, None),
                Err(_) => {
                    let there = format!("{id} is at AWS too, and its secret is lost");
                    self.failed(&there, &why, Some(self.delete_by_hand(id)))
                }
            });
        }
        say(&format!("created {id} beside {}; waiting until AWS answers to it", self.entry.access_key_id));
        Ok(new)
    }

    /// What was not there before has a secret that nobody knows.
    fn create_in_doubt(&self, iam: &Iam, before: &[AccessKey], why: Failure) -> anyhow::Error {
        let why = why.into();
        let unknown = |key: &AccessKey| before.iter().all(|known| known.id != key.id);
        let Ok(keys) = iam.access_keys() else {
            let hint = format!("`awsenv key rotate {}` finds out", self.name);
            return self.failed("whether there is a second key is not known", &why, Some(hint));
        };
        match keys.into_iter().find(unknown) {
            None => self.failed("", &why, None),
            Some(lost) if iam.delete(&lost.id).is_ok() => self.failed("", &why, None),
            Some(lost) => {
                let there = format!("{} is at AWS too, and its secret is lost", lost.id);
                self.failed(&there, &why, Some(self.delete_by_hand(&lost.id)))
            }
        }
    }

    /// AWS answers to the new key, and means the same user.
    fn prove(&self, new: &Keys, who: &Identity) -> anyhow::Result<()> {
        let found = identity_of_new(&new.clone().into(), self.region(), &self.subject.aws(self.world))
            .with_context(|| new.access_key_id.clone())?;
        if found != *who {
            let what = format!("{} is of {}, not of {}", new.access_key_id, found.arn, who.arn);
            return Err(Failure::new(what).into());
        }
        Ok(())
    }

    /// From here on, the new keys are those of the name.
    fn decide(&self, new: &Keys, who: &Identity) -> anyhow::Result<()> {
        let entry = KeyEntry {
            access_key_id: new.access_key_id.clone(),
            account: Some(who.account.clone()),
            added: clock::rfc3339(clock::now()),
            replaces: Some(self.entry.access_key_id.clone()),
            ..self.entry.clone()
        };
        KeyIndex::put(&self.world.places, self.name, entry)
    }

    /// AWS first: as long as the new key is there, its secret is kept.
    fn roll_back(&self, id: &str, why: &anyhow::Error, iam: &Iam) -> anyhow::Error {
        let undone = iam.delete(id).and_then(|()| self.keychain.remove_next(self.name, self.entry.rests));
        match undone {
            Ok(()) => self.failed("", why, None),
            Err(_) => {
                let hint = format!("`awsenv key rotate {}` goes on with it", self.name);
                self.failed(&format!("{id} is kept beside it"), why, Some(hint))
            }
        }
    }

    /// A failure after which the old keys are those of the name.
    fn failed(&self, also: &str, why: &anyhow::Error, hint: Option<String>) -> anyhow::Error {
        let also = if also.is_empty() { String::new() } else { format!("; {also}") };
        let own = message::hint(why).map(str::to_owned);
        let what = format!("{} works as before{also}: {why:#}", self.entry.access_key_id);
        let failure = Failure::new(what).exit(render(why).1);
        match hint.or(own) {
            Some(hint) => failure.hint(hint).into(),
            None => failure.into(),
        }
    }

    /// The new keys to where the old ones were; nobody goes on with what was got by the old ones.
    fn settle(&self, new: &Keys) -> anyhow::Result<()> {
        let places = &self.world.places;
        tell_shells(self.world);
        self.keychain.write(self.name, new, self.entry.rests).map_err(|why| {
            let what =
                format!("{} is {} now, and AWS honours the old key as well", self.name, new.access_key_id);
            self.unfinished(&what, &why)
        })?;
        let old = self.entry.replaces.as_ref().unwrap_or(&self.entry.access_key_id);
        keychain::forget_use(places, old);
        SessionStore::new(places).forget(old)
    }

    /// The old key goes, signed away by the new one (or by the MFA session, which outlives the key it came from).
    fn retire(&self, new: &Credentials, old: &str, rotate: &Rotate<'_>) -> anyhow::Result<()> {
        let id = &new.access_key_id;
        let left = |state: &str| format!("{} is {id} now, and AWS may still have {old}{state}", self.name);
        let iam = self.iam(new)?;
        iam.deactivate(old).map_err(|why| self.unfinished(&left(""), &why))?;
        if !rotate.keep_old {
            iam.delete(old).map_err(|why| self.unfinished(&left(", inactive"), &why))?;
        }
        let index = KeyIndex::load(&self.world.places)?;
        let entry = super::find(&index, self.name)?;
        KeyIndex::put(&self.world.places, self.name, KeyEntry { replaces: None, ..entry.clone() })?;
        let end = if rotate.keep_old { "inactive" } else { "deleted" };
        say(&format!("{} is {id} now; {old} is {end}", self.name));
        Ok(())
    }

    fn unfinished(&self, what: &str, why: &anyhow::Error) -> anyhow::Error {
        let failure = Failure::new(format!("{what}: {why:#}")).exit(render(why).1);
        failure.hint(format!("`awsenv key rotate {}` finishes it", self.name)).into()
    }
}

fn as_keys(credentials: &Credentials) -> anyhow::Result<Keys> {
    let keys = Keys::new(&credentials.access_key_id, credentials.secret_access_key.clone());
    keys.map_err(|reason| Failure::new(reason).into())
}

fn age(key: &AccessKey) -> Duration {
    clock::now().duration_since(key.created).try_into().unwrap_or_default()
}

fn since(then: clock::Timestamp) -> String {
    clock::human(clock::now().duration_since(then).try_into().unwrap_or_default())
}

fn say(text: &str) {
    world::say(&printable(&format!("awsenv: {text}")));
}
