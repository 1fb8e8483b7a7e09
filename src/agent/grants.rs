//! Who may ask, and for what: each token opens one lender, for as long as it is not revoked.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sha2::{Digest, Sha256};

use super::endpoint::Lent;
use crate::files;
use crate::secret::Secret;

/// Where credentials come from.
pub trait Lend: Send + Sync + 'static {
    /// It may take as long as a call to AWS.
    fn lend(self: Arc<Self>) -> anyhow::Result<Lent>;
}

/// The tokens that are good now. Of each, only its digest is kept: how long a comparison takes says nothing about
/// the token.
#[derive(Debug)]
pub struct Grants<L>(Mutex<Vec<Grant<L>>>);

#[derive(Debug)]
struct Grant<L> {
    digest: [u8; 32],
    lender: Arc<L>,
}

impl<L> Default for Grants<L> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<L> Grants<L> {
    /// A token that nobody has had.
    pub fn add(&self, lender: Arc<L>) -> Secret {
        let token = Secret::new(files::random_hex(32));
        self.all().push(Grant { digest: digest(&token), lender });
        token
    }

    /// What a token opens.
    pub fn find(&self, token: &Secret) -> Option<Arc<L>> {
        let digest = digest(token);
        self.all().iter().find(|grant| grant.digest == digest).map(|grant| grant.lender.clone())
    }

    /// Takes these back. Nothing that asks with their tokens is answered any more.
    pub fn revoke(&self, which: impl Fn(&L) -> bool) {
        self.all().retain(|grant| !which(&grant.lender));
    }

    /// Each lender once.
    pub fn lenders(&self) -> Vec<Arc<L>> {
        let mut lenders: Vec<Arc<L>> = Vec::new();
        for grant in self.all().iter() {
            if !lenders.iter().any(|known| Arc::ptr_eq(known, &grant.lender)) {
                lenders.push(grant.lender.clone());
            }
        }
        lenders
    }

    fn all(&self) -> MutexGuard<'_, Vec<Grant<L>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn digest(token: &Secret) -> [u8; 32] {
    Sha256::digest(token.expose().as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_opens_its_own_until_that_is_revoked() {
        let grants = Grants::default();
        let (one, two) = (grants.add(Arc::new(1)), grants.add(Arc::new(2)));
        let again = grants.add(grants.find(&one).unwrap());
        assert_eq!(grants.lenders(), [Arc::new(1), Arc::new(2)]);
        assert!(one != two && one != again);
        assert_eq!(
            [&one, &two, &again].map(|token| grants.find(token).map(|own| *own)),
            [Some(1), Some(2), Some(1)]
        );
        for token in ["", &one.expose()[1..], &format!("{} ", one.expose())] {
            assert_eq!(grants.find(&Secret::new(token)), None);
        }
        grants.revoke(|own| *own == 1);
        assert_eq!(
            [&one, &two, &again].map(|token| grants.find(token).map(|own| *own)),
            [None, Some(2), None]
        );
    }
}
