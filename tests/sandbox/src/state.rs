//! What the sandbox knows: its people, what it has issued, the codes already used.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::SignedDuration;

use crate::answer::Refusal;
use crate::call::Log;
use crate::clock::Clock;
use crate::fault::Faults;
use crate::identity;
use crate::principal::Principal;
use crate::scenario::{Device, Role, Scenario};

/// Shared by all connections.
#[derive(Debug, Default)]
pub(crate) struct State {
    scenario: Scenario,
    issued: Mutex<BTreeMap<String, Principal>>,
    used_codes: Mutex<BTreeSet<(String, String)>>,
    pub(crate) clock: Clock,
    pub(crate) log: Log,
    pub(crate) faults: Faults,
}

impl State {
    pub(crate) fn new(scenario: Scenario) -> Self {
        Self { scenario, ..Self::default() }
    }

    /// Who has this access key id.
    pub(crate) fn principal(&self, access_key_id: &str) -> Option<Principal> {
        let user = self.scenario.users.iter().find(|user| user.access_key_id == access_key_id);
        let long_lived = user.map(|user| Principal {
            access_key_id: user.access_key_id.clone(),
            secret: user.secret_access_key.clone(),
            token: None,
            expiration: None,
            arn: user.arn.clone(),
            session_name: None,
            mfa: false,
            source_identity: None,
            transitive_tags: BTreeMap::new(),
            denied: user.denied,
        });
        long_lived.or_else(|| lock(&self.issued).get(access_key_id).cloned())
    }

    /// The role with this ARN.
    pub(crate) fn role(&self, arn: &str) -> Option<&Role> {
        self.scenario.roles.iter().find(|role| role.arn == arn)
    }

    /// The MFA device of a user.
    pub(crate) fn device(&self, user_arn: &str) -> Option<&Device> {
        self.scenario.users.iter().find(|user| user.arn == user_arn)?.mfa.as_ref()
    }

    /// New keys for what `like` says.
    pub(crate) fn issue(&self, like: Principal, seconds: u32) -> Principal {
        let life = SignedDuration::from_secs(seconds.into());
        let principal = Principal {
            access_key_id: identity::access_key_id(),
            secret: identity::secret(),
            token: Some(identity::token()),
            expiration: Some(self.clock.now().checked_add(life).expect("within twelve hours or so")),
            ..like
        };
        lock(&self.issued).insert(principal.access_key_id.clone(), principal.clone());
        principal
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
