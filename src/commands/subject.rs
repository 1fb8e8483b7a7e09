//! Whose credentials a command is about: a profile that was named, else the directory's pin, else the one
//! that every AWS client would take.

use std::ffi::OsStr;
use std::time::Duration;

use super::allow::tell_shells;
use crate::aws::Aws;
use crate::clock;
use crate::credentials::{Credentials, Expiry};
use crate::key_index::KeyIndex;
use crate::keychain::Keychain;
use crate::message::{Exit, Failure, printable};
use crate::profile::chain::{self, SessionToken, Source};
use crate::profile::config::ConfigFiles;
use crate::profile::endpoints::Endpoints;
use crate::prompt::allowlist::Allowlist;
use crate::prompt::choice::Chosen;
use crate::prompt::directory::{Directory, Verdict, not_allowed};
use crate::prompt::env_file::{Pin, PinSource};
use crate::prompt::plan;
use crate::prompt::resolve::{Resolved, check_account, resolve, users_region};
use crate::prompt::variables::is_identity;
use crate::prompt::way;
use crate::provider::process::check_no_circle;
use crate::provider::renew::{self, Obtained, Order};
use crate::provider::sso::SIGN_IN;
use crate::provider::{Means, Mfa};
use crate::session::login::Logins;
use crate::session::session_key::SessionKey;
use crate::session::sso::Tokens;
use crate::session::store::Session;
use crate::world::{self, World};

/// What the command line says of it.
#[derive(Debug, Default)]
pub struct Asking<'a> {
    /// A profile by name.
    pub profile: Option<&'a str>,
    /// A stage of the directory's file.
    pub stage: Option<&'a str>,
    /// The last hop's session length.
    pub duration: Option<Duration>,
    /// A region that wins over all others.
    pub region: Option<&'a str>,
    /// No GetSessionToken.
    pub no_session: bool,
    /// An MFA code.
    pub mfa_code: Option<&'a str>,
}

impl Asking<'_> {
    /// A stage that is named wins over what was chosen for this shell.
    pub(super) fn chosen<'a>(&'a self, world: &'a World) -> Chosen<'a> {
        self.stage.map_or(world.choice.as_ref().into(), Chosen::Stage)
    }
}

/// The answer: how the credentials are got, and what the directory adds.
#[derive(Debug)]
pub struct Subject {
    /// The chain, the region, the settings.
    pub resolved: Resolved,
    /// The directory's pin, where that decided.
    pub pin: Option<Pin>,
}

/// Decides it.
pub fn subject(asking: &Asking<'_>, world: &World) -> anyhow::Result<Subject> {
    if let Some(profile) = asking.profile {
        if asking.stage.is_some() {
            return Err(Failure::new("a stage belongs to the directory's .awsenv, not to a profile")
                .exit(Exit::Usage)
                .into());
        }
        log::info!("profile {profile}: named on the command line");
        return named(profile, asking, world);
    }
    subject_at(&world.pwd(), asking, world)
}

/// What a directory pins, and nobody else.
pub(super) fn pinned_at(pwd: &OsStr, world: &World) -> anyhow::Result<Option<Subject>> {
    let allowlist = Allowlist::new(&world.places, &world.settings);
    match Directory::find(pwd, &allowlist, &world.places, Asking::default().chosen(world)).verdict {
        Verdict::Refused(_, error, _) => Err(error),
        Verdict::Pinned(pinned) if pinned.pin.source.is_some() => {
            from_pin(pinned.pin, &Asking::default(), world).map(Some)
        }
        Verdict::Pinned(_) | Verdict::Nothing => Ok(None),
    }
}

/// What the directory we are in pins, and nobody else; a file that looks as if it did is an error.
pub(super) fn pinned(asking: &Asking<'_>, world: &World) -> anyhow::Result<Option<Subject>> {
    let allowlist = Allowlist::new(&world.places, &world.settings);
    let found = Directory::find(&world.pwd(), &allowlist, &world.places, asking.chosen(world));
    match (found.verdict, found.complaint) {
        (Verdict::Refused(_, error, _), _) => Err(error),
        (Verdict::Pinned(pinned), _) if pinned.pin.source.is_some() => {
            from_pin(pinned.pin, asking, world).map(Some)
        }
        (_, Some(complaint)) => Err(not_allowed(&complaint.path, &world.places).into()),
        (_, None) => Ok(None),
    }
}

/// Decides it for a directory.
fn subject_at(pwd: &OsStr, asking: &Asking<'_>, world: &World) -> anyhow::Result<Subject> {
    let allowlist = Allowlist::new(&world.places, &world.settings);
    let directory = Directory::find(pwd, &allowlist, &world.places, asking.chosen(world));
    match directory.verdict {
        Verdict::Refused(_, error, _) => Err(error),
        Verdict::Pinned(pinned) if pinned.pin.source.is_none() && directory.complaint.is_some() => {
            // It inherits from a file that may say whose credentials these are.
            let path = directory.complaint.map(|complaint| complaint.path).unwrap_or_default();
            Err(not_allowed(&path, &world.places).into())
        }
        Verdict::Pinned(mut pinned) => {
            // Plain variables and a region go with whoever the user is.
            if pinned.pin.source.is_none() {
                pinned.pin.source = Some(PinSource::Profile(users_own(world)?));
            }
            from_pin(pinned.pin, asking, world)
        }
        Verdict::Nothing => match directory.complaint {
            Some(complaint) => Err(not_allowed(&complaint.path, &world.places).into()),
            None if asking.stage.is_some() => {
                Err(Failure::new("no .awsenv here, so no stage").exit(Exit::Usage).into())
            }
            None => named(&users_own(world)?, asking, world),
        },
    }
}

/// As every AWS client reads the environment: AWS_PROFILE, else `default`. But where the environment already
/// says who one is by other means, `default` would be somebody else.
fn users_own(world: &World) -> anyhow::Result<String> {
    if let Some(profile) = world.original.text("AWS_PROFILE") {
        log::info!("profile {profile}: named by AWS_PROFILE");
        return Ok(profile.to_owned());
    }
    let set = world.original.iter().filter(|(_, value)| !value.is_empty());
    match set.filter_map(|(name, _)| name.to_str()).find(|name| is_identity(name)) {
        None => {
            log::info!("profile default: nothing names another");
            Ok("default".to_owned())
        }
        Some(name) => Err(Failure::new(format!(
            "no profile: no .awsenv names one here, and {name} already says who you are"
        ))
        .hint("name one: --profile NAME")
        .exit(Exit::Usage)
        .into()),
    }
}

/// Whether neither the directory nor AWS_PROFILE has a say in it.
pub(super) fn names_nobody(world: &World) -> bool {
    let allowlist = Allowlist::new(&world.places, &world.settings);
    let directory = Directory::find(&world.pwd(), &allowlist, &world.places, world.choice.as_ref().into());
    let is_free = match directory.verdict {
        Verdict::Nothing => directory.complaint.is_none(),
        Verdict::Pinned(pinned) => pinned.pin.source.is_none() && directory.complaint.is_none(),
        Verdict::Refused(..) => false,
    };
    is_free && world.original.text("AWS_PROFILE").is_none()
}

fn from_pin(mut pin: Pin, asking: &Asking<'_>, world: &World) -> anyhow::Result<Subject> {
    pin.duration = asking.duration.or(pin.duration);
    pin.region = asking.region.map(str::to_owned).or(pin.region);
    let resolved = resolved(&pin, asking, world)?;
    Ok(Subject { resolved, pin: Some(pin) })
}

/// As the SDKs do for a profile that is named: the environment's region before the profile's.
fn named(profile: &str, asking: &Asking<'_>, world: &World) -> anyhow::Result<Subject> {
    let pin = Pin {
        source: Some(PinSource::Profile(profile.to_owned())),
        region: asking.region.map(str::to_owned).or_else(|| users_region(&world.original)),
        duration: asking.duration,
        ..Pin::default()
    };
    let resolved = resolved(&pin, asking, world)?;
    Ok(Subject { resolved, pin: None })
}

/// Keys of the keychain by their name, without the roles that a profile of that name puts on top.
pub(super) fn of_keys(name: &str, world: &World) -> anyhow::Result<Subject> {
    let mut subject = named(name, &Asking::default(), world)?;
    let chain = &mut subject.resolved.chain;
    if let Some(first) = chain.roles.first_mut() {
        // What settling has given to the first role belongs to the keys.
        let (mfa_serial, mfa_process) = (first.mfa_serial.take(), first.mfa_process.take());
        chain.session_token = chain.session_token.take().or(Some(SessionToken {
            mfa_serial,
            mfa_process,
            ..SessionToken::default()
        }));
        chain.roles.clear();
    }
    match &chain.source {
        Source::Keychain { name: own, .. } if own == name => Ok(subject),
        _ => Err(Failure::new(format!("profile {name} does not begin with the keys {name} of the keychain"))
            .hint(format!("rename one of them; `awsenv explain {name}` says what the profile begins with"))
            .into()),
    }
}

fn resolved(pin: &Pin, asking: &Asking<'_>, world: &World) -> anyhow::Result<Resolved> {
    let files = ConfigFiles::locate(&world.original, &world.places.home);
    let session = (!asking.no_session).then_some(world.settings.session_duration);
    resolve(pin, &files, &KeyIndex::load(&world.places)?, &world.original, session)
}

impl Subject {
    /// The credentials, and their account where it is known: at hand, from the store, or from AWS.
    pub fn credentials(
        &self,
        min_ttl: Option<Duration>,
        world: &World,
        mfa: &mut Mfa,
    ) -> anyhow::Result<(Credentials, Option<String>)> {
        let resolved = &self.resolved;
        if resolved.is_at_hand() && self.asks_for_no_account() {
            let credentials = plan::at_hand(resolved, clock::now())?.clone();
            self.check_left(min_ttl, &credentials)?;
            let account = chain::known_account(&resolved.chain).or_else(|| credentials.account.clone());
            return Ok((credentials, account));
        }
        self.check_before_the_call(world)?;
        let session = resolved.session_key(&world.original);
        let order = self.order(&session);
        let obtained =
            renew::obtain(&order, min_ttl, &self.means(world, mfa), mfa).map_err(|e| self.named(e))?;
        if obtained.is_new {
            tell_shells(world);
        }
        warn(&obtained);
        let account = self.check(&obtained.session)?.or(obtained.session.claimed_account);
        self.check_left(min_ttl, &obtained.session.credentials)?;
        Ok((obtained.session.credentials, account))
    }

    /// Keys in a file have the end that they have; of others, AWS has just been asked.
    fn check_left(&self, min_ttl: Option<Duration>, credentials: &Credentials) -> anyhow::Result<()> {
        let Some(least) = min_ttl else { return Ok(()) };
        let name = &self.resolved.name;
        let Some(Expiry(end)) = credentials.expiry else {
            if credentials.session_token.is_some() {
                let name = printable(name);
                world::say(&format!(
                    "awsenv: {name}: nothing says when these keys end, and awsenv cannot renew them"
                ));
            }
            return Ok(());
        };
        let left = Duration::try_from(end.duration_since(clock::now())).unwrap_or_default();
        if left > least {
            return Ok(());
        }
        let (left, least) = (clock::human(left), clock::human(least));
        Err(match self.resolved.is_at_hand() {
            true => Failure::new(format!("{name}: the keys end in {left}, and awsenv cannot renew them"))
                .hint("put fresh ones where these came from")
                .exit(Exit::PersonNeeded),
            false => Failure::new(format!("{name}: AWS gave a session of less than {least}"))
                .hint("ask for less, or raise the role's maximum session duration"),
        }
        .into())
    }

    /// Asks AWS, whatever the store holds. The caller holds the session's lock.
    pub fn fetch(&self, session: &SessionKey, world: &World, mfa: &mut Mfa) -> anyhow::Result<Obtained> {
        self.check_before_the_call(world)?;
        renew::fetch(&self.order(session), &self.means(world, mfa), mfa)
    }

    /// What is kept, with what is still to be found out about it. The caller holds the session's lock.
    pub fn complete(&self, session: &SessionKey, world: &World, mfa: &mut Mfa) -> anyhow::Result<Obtained> {
        self.check_before_the_call(world)?;
        renew::complete(&self.order(session), None, &self.means(world, mfa), mfa)
    }

    /// The same with a certificate's files as they are now.
    pub fn restamped(&self) -> Self {
        Self { resolved: self.resolved.restamped(), pin: self.pin.clone() }
    }

    /// Asks AWS, or takes what somebody else is getting just now.
    pub fn refresh(&self, session: &SessionKey, world: &World, mfa: &mut Mfa) -> anyhow::Result<Obtained> {
        self.check_before_the_call(world)?;
        renew::refresh(&self.order(session), &self.means(world, mfa), mfa).map_err(|e| self.named(e))
    }

    /// What to run for a profile that is not the directory's own has to name it.
    fn named(&self, mut error: anyhow::Error) -> anyhow::Error {
        if let Some(failure) = error.downcast_mut::<Failure>()
            && self.pin.is_none()
            && let Some(hint) = &mut failure.hint
            && hint == SIGN_IN
        {
            *hint = format!("run `awsenv login {}`", self.resolved.name);
        }
        error
    }

    /// The account of a session, if it is the one the `.awsenv` asks for.
    pub fn check(&self, session: &Session) -> anyhow::Result<Option<String>> {
        let account = self.account_of_the_chain().or_else(|| session.credentials.account.clone());
        check_account(&self.resolved.name, self.asked_account(), account.as_deref())?;
        Ok(account)
    }

    /// All that refuses its credentials and is known without a call. `kept`: the session in the store.
    pub(super) fn check_at_rest(&self, kept: Option<&Session>, world: &World) -> anyhow::Result<()> {
        if let Some(pin) = &self.pin {
            let files = ConfigFiles::locate(&world.original, &world.places.home);
            way::check(pin, &files, &world.original, &world.places)?;
        }
        if self.resolved.is_at_hand() {
            plan::at_hand(&self.resolved, clock::now())?;
        }
        self.check_before_the_call(world)?;
        kept.map_or(Ok(()), |session| self.check(session).map(drop))
    }

    /// No code of a person's and no call is spent on a chain that cannot be walked, or ends in the wrong account.
    fn check_before_the_call(&self, world: &World) -> anyhow::Result<()> {
        check_no_circle(&self.resolved.chain, &world.original)?;
        match self.account_of_the_chain() {
            Some(account) => check_account(&self.resolved.name, self.asked_account(), Some(&account)),
            None => Ok(()),
        }
    }

    /// Where the chain itself says it.
    fn account_of_the_chain(&self) -> Option<String> {
        chain::sure_account(&self.resolved.chain)
    }

    fn asked_account(&self) -> Option<&str> {
        self.pin.as_ref().and_then(|pin| pin.account.as_deref())
    }

    /// Whether any account will do.
    pub fn asks_for_no_account(&self) -> bool {
        self.pin.as_ref().is_none_or(|pin| pin.account.is_none())
    }

    fn order<'a>(&'a self, session: &'a SessionKey) -> Order<'a> {
        let chain = &self.resolved.chain;
        let ask_for_account = match chain.source {
            Source::Keys { .. } | Source::Environment(_) | Source::Keychain { account: None, .. } => true,
            // They may be of something that is like AWS, and has no STS.
            Source::Process { .. } | Source::Ec2Metadata(_) | Source::Container(_) => {
                !self.asks_for_no_account()
            }
            _ => false,
        };
        let region = self.resolved.region.as_deref();
        Order { chain, hops: chain.hops().len(), region, session, ask_for_account }
    }

    fn means<'a>(&'a self, world: &'a World, mfa: &Mfa) -> Means<'a> {
        let means = person_means(&self.resolved.settings, world);
        match mfa.has_person() {
            true => means,
            false => Means {
                keychain: Keychain::of_nobody(&world.places, &world.original, &world.settings),
                ..means
            },
        }
    }

    /// How AWS is reached.
    pub fn aws<'a>(&'a self, world: &'a World) -> Aws<'a> {
        person_means(&self.resolved.settings, world).aws
    }
}

/// Where a command's MFA codes come from. A renewal in the background is nobody, though it types commands.
pub(super) fn person(asking: &Asking<'_>, world: &World) -> Mfa {
    if Mfa::is_unattended(&world.original) {
        return Mfa::nobody();
    }
    Mfa::of_person(asking.mfa_code, world.settings.mfa, &world.original, world::say)
}

/// What a command that a person typed takes along; `settings` are the profile's.
pub(super) fn person_means<'a>(settings: &'a [(String, String)], world: &'a World) -> Means<'a> {
    Means {
        places: &world.places,
        aws: Aws::new(Endpoints::new(&world.original, settings), &world.places.home),
        keychain: person_keychain(world),
        tokens: tokens(world),
        logins: logins(world),
        original: &world.original,
        not_in_background: &world.settings.background,
    }
}

/// Where the tokens of a sign-in are.
pub(super) fn tokens(world: &World) -> Tokens<'_> {
    Tokens::new(&world.places, world.settings.sso_cache)
}

/// The same of `aws login`.
pub(super) fn logins(world: &World) -> Logins<'_> {
    Logins::new(&world.places, world.settings.sso_cache, &world.original)
}

/// The keychains, for a command that a person typed.
pub(super) fn person_keychain(world: &World) -> Keychain<'_> {
    let of = if Mfa::is_unattended(&world.original) { Keychain::of_nobody } else { Keychain::of_person };
    of(&world.places, &world.original, &world.settings)
}

/// A store that cannot be written and a clock that is wrong are worth a word, and no reason to withhold credentials.
pub(super) fn warn(obtained: &Obtained) {
    if let Some(error) = &obtained.not_kept {
        world::say(&printable(&format!("awsenv: the session is not kept, each command asks AWS: {error:#}")));
    }
    if let Some((what, hint)) = obtained.session.wrong_clock().filter(|_| obtained.is_new) {
        world::say(&printable(&format!("awsenv: {what}; {hint}")));
    }
}

/// Parses a duration of the command line, with the key in the message.
pub fn duration(text: &str) -> anyhow::Result<Duration> {
    crate::duration::parse(text)
        .map_err(|reason| Failure::new(format!("{text}: {reason}")).exit(Exit::Usage).into())
}
