//! Who calls: a user, a user's GetSessionToken session, or a role's session.

use std::collections::BTreeMap;

use jiff::Timestamp;

/// Credentials that the sandbox knows, and whose they are.
#[derive(Clone, Debug)]
pub(crate) struct Principal {
    pub(crate) access_key_id: String,
    pub(crate) secret: String,
    pub(crate) token: Option<String>,
    pub(crate) expiration: Option<Timestamp>,
    /// Of the user, or of the role itself.
    pub(crate) arn: String,
    /// The name of the role's session.
    pub(crate) session_name: Option<String>,
    /// The session carries the mark of MFA.
    pub(crate) mfa: bool,
    pub(crate) source_identity: Option<String>,
    pub(crate) transitive_tags: BTreeMap<String, String>,
    /// A session's keys have asked for these.
    pub(crate) chained: bool,
    /// May assume nothing.
    pub(crate) denied: bool,
}

impl Principal {
    pub(crate) fn account(&self) -> &str {
        account(&self.arn)
    }

    /// As GetCallerIdentity shows it.
    pub(crate) fn shown(&self) -> String {
        match &self.session_name {
            None => self.arn.clone(),
            Some(session) => format!(
                "arn:{}:sts::{}:assumed-role/{}/{session}",
                part(&self.arn, 1),
                self.account(),
                name(&self.arn)
            ),
        }
    }

    /// `AIDA…`, or `AROA…:session`.
    pub(crate) fn user_id(&self) -> String {
        match &self.session_name {
            None => format!("AIDA{}", unique(&self.arn)),
            Some(session) => format!("AROA{}:{session}", unique(&self.arn)),
        }
    }

    pub(crate) fn is_temporary(&self) -> bool {
        self.token.is_some()
    }

    /// Whether GetFederationToken has made it.
    pub(crate) fn is_federated(&self) -> bool {
        self.arn.contains(":federated-user/")
    }

    pub(crate) fn is_expired(&self, now: Timestamp) -> bool {
        self.expiration.is_some_and(|expiration| expiration <= now)
    }

    /// Whether a trust policy that names this principal means us.
    pub(crate) fn is_meant_by(&self, principal: &str) -> bool {
        principal == "*"
            || principal == self.arn
            || principal == self.shown()
            || principal == self.account()
            || (principal.ends_with(":root") && account(principal) == self.account())
    }
}

/// The fifth part of an ARN.
pub(crate) fn account(arn: &str) -> &str {
    part(arn, 4)
}

/// The last part of a path.
pub(crate) fn name(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or_default()
}

fn part(arn: &str, at: usize) -> &str {
    arn.split(':').nth(at).unwrap_or_default()
}

/// Seventeen letters that are the same for the same ARN.
fn unique(arn: &str) -> String {
    use sha2::{Digest, Sha256};
    let letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    Sha256::digest(arn).iter().take(17).map(|byte| char::from(letters[usize::from(byte % 32)])).collect()
}
