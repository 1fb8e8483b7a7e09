//! What the sandbox knows: its people, what it has issued, the codes already used.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use jiff::{SignedDuration, Timestamp};

use crate::answer::Refusal;
use crate::call::Log;
use crate::clock::Clock;
use crate::console::Sessions;
use crate::fault::Faults;
use crate::federation::Tokens;
use crate::identity;
use crate::principal::Principal;
use crate::scenario::{Anchor, AnywhereProfile, Console, Device, Machine, Portal, Role, Scenario, User};
use crate::sso::SignIns;

/// Shared by all connections.
#[derive(Debug, Default)]
pub(crate) struct State {
    scenario: Scenario,
    keys: Mutex<Vec<LongLived>>,
    unknown_for: AtomicUsize,
    issued: Mutex<BTreeMap<String, Principal>>,
    used_codes: Mutex<BTreeSet<(String, String)>>,
    metadata_token: OnceLock<String>,
    pub(crate) sign_ins: SignIns,
    pub(crate) console: Sessions,
    pub(crate) federation: Tokens,
    pub(crate) clock: Clock,
    pub(crate) log: Log,
    pub(crate) faults: Faults,
}

/// An access key of a user's.
#[derive(Clone, Debug)]
pub(crate) struct LongLived {
    pub(crate) user: String,
    pub(crate) id: String,
    pub(crate) secret: String,
    pub(crate) is_active: bool,
    pub(crate) created: Timestamp,
    pub(crate) used: Option<Timestamp>,
    /// So many calls more it is unknown to: what IAM has created, others know later.
    unknown_for: usize,
}

/// How old the keys of the scenario are.
const OLD: SignedDuration = SignedDuration::from_hours(100 * 24);

impl State {
    pub(crate) fn new(scenario: Scenario) -> Self {
        let state = Self::default();
        let created = state.clock.now().checked_sub(OLD).expect("tests stay near today");
        let keys = scenario.users.iter().map(|user| LongLived {
            user: user.arn.clone(),
            id: user.access_key_id.clone(),
            secret: user.secret_access_key.clone(),
            is_active: true,
            created,
            used: None,
            unknown_for: 0,
        });
        Self { keys: Mutex::new(keys.collect()), scenario, ..state }
    }

    /// Who has this access key id, as long as it is honoured.
    pub(crate) fn principal(&self, access_key_id: &str) -> Option<Principal> {
        let key = self.keys().iter().find(|key| key.id == access_key_id && key.is_active).cloned();
        let long_lived = key.and_then(|key| {
            let user = self.user(&key.user)?;
            Some(Principal {
                access_key_id: key.id,
                secret: key.secret,
                token: None,
                expiration: None,
                arn: key.user,
                session_name: None,
                mfa: false,
                source_identity: None,
                transitive_tags: BTreeMap::new(),
                chained: false,
                denied: user.denied,
            })
        });
        long_lived.or_else(|| lock(&self.issued).get(access_key_id).cloned())
    }

    /// The same for a call that it has signed.
    pub(crate) fn signer(&self, access_key_id: &str) -> Option<Principal> {
        if let Some(key) = self.keys().iter_mut().find(|key| key.id == access_key_id) {
            if key.unknown_for > 0 {
                key.unknown_for -= 1;
                return None;
            }
            key.used = Some(self.clock.now());
        }
        self.principal(access_key_id)
    }

    pub(crate) fn user(&self, arn: &str) -> Option<&User> {
        self.scenario.users.iter().find(|user| user.arn == arn)
    }

    /// The access keys of all users.
    pub(crate) fn keys(&self) -> MutexGuard<'_, Vec<LongLived>> {
        lock(&self.keys)
    }

    /// Keys that are created from now on are unknown to so many calls that they sign.
    pub(crate) fn delay_new_keys(&self, calls: usize) {
        self.unknown_for.store(calls, Ordering::SeqCst);
    }

    /// A new key of this user's.
    pub(crate) fn new_key(&self, user: &str) -> LongLived {
        LongLived {
            user: user.to_owned(),
            id: identity::access_key_id("AKIA"),
            secret: identity::secret(),
            is_active: true,
            created: self.clock.now(),
            used: None,
            unknown_for: self.unknown_for.load(Ordering::SeqCst),
        }
    }

    /// IAM Identity Center.
    pub(crate) fn portal(&self) -> Option<&Portal> {
        self.scenario.portal.as_ref()
    }

    /// The trust anchor of IAM Roles Anywhere with this ARN.
    pub(crate) fn anchor(&self, arn: &str) -> Option<&Anchor> {
        self.scenario.anchors.iter().find(|anchor| anchor.arn == arn)
    }

    /// The profile of IAM Roles Anywhere with this ARN.
    pub(crate) fn anywhere_profile(&self, arn: &str) -> Option<&AnywhereProfile> {
        self.scenario.anywhere_profiles.iter().find(|profile| profile.arn == arn)
    }

    /// What clients run on.
    pub(crate) fn machine(&self) -> Option<&Machine> {
        self.scenario.machine.as_ref()
    }

    /// The token of the one session that the metadata service has with everybody.
    pub(crate) fn metadata_token(&self) -> &str {
        self.metadata_token.get_or_init(identity::token)
    }

    /// What is behind `aws login`.
    pub(crate) fn scenario_console(&self) -> Option<&Console> {
        self.scenario.console.as_ref()
    }

    /// The role with this ARN.
    pub(crate) fn role(&self, arn: &str) -> Option<&Role> {
        self.scenario.roles.iter().find(|role| role.arn == arn)
    }

    /// The MFA device of a user.
    pub(crate) fn device(&self, user_arn: &str) -> Option<&Device> {
        self.user(user_arn)?.mfa.as_ref()
    }

    /// New keys for what `like` says.
    pub(crate) fn issue(&self, like: Principal, seconds: u32) -> Principal {
        let life = SignedDuration::from_secs(self.scenario.life.unwrap_or(seconds).into());
        let principal = Principal {
            access_key_id: identity::access_key_id("ASIA"),
            secret: identity::secret(),
            token: Some(identity::token()),
            expiration: Some(self.clock.now().checked_add(life).expect("within twelve hours or so")),
            ..like
        };
        lock(&self.issued).insert(principal.access_key_id.clone(), principal.clone());
        principal
    }

    /// Forgets a session.
    pub(crate) fn revoke(&self, access_key_id: &str) {
        lock(&self.issued).remove(access_key_id);
    }

    /// Takes a code, once.
    pub(crate) fn present(&self, signer: &Principal, serial: &str, code: &str) -> Result<(), Refusal> {
        let owned = self
            .device(&signer.arn)
            .filter(|device| device.serial == serial && signer.session_name.is_none());
        let Some(device) = owned else {
            return Err(Refusal::denied(
                "MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA serial \
                 number is valid and associated with this user.",
            ));
        };
        let is_good = device.codes.iter().any(|good| good == code)
            && lock(&self.used_codes).insert((serial.to_owned(), code.to_owned()));
        is_good.then_some(()).ok_or_else(|| {
            Refusal::denied("MultiFactorAuthentication failed with invalid MFA one time pass code. ")
        })
    }

    pub(crate) fn verify(&self, access_key_id: &str, secret: &str, token: Option<&str>) -> Option<String> {
        let principal = self.principal(access_key_id)?;
        let is_whole = principal.secret == secret && principal.token.as_deref() == token;
        (is_whole && !principal.is_expired(self.clock.now())).then(|| principal.shown())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
