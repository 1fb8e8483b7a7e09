//! Who may ask, and for what: each token opens one lender, for as long as it is not revoked.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sha2::{Digest, Sha256};
use tokio::sync::{AcquireError, Semaphore, SemaphorePermit};

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
    granted: Granted<L>,
}

/// What a token opens. Whoever asks for the same waits for whoever asks now.
#[derive(Debug)]
pub struct Granted<L> {
    /// Where the credentials come from.
    pub lender: Arc<L>,
    turn: Arc<Semaphore>,
}

impl<L> Clone for Granted<L> {
    fn clone(&self) -> Self {
        Self { lender: self.lender.clone(), turn: self.turn.clone() }
    }
}

impl<L> Granted<L> {
    /// One's turn to ask.
    pub async fn turn(&self) -> Result<SemaphorePermit<'_>, AcquireError> {
        self.turn.acquire().await
    }

    /// How many have this in hand.
    pub fn waiting(&self) -> usize {
        Arc::strong_count(&self.turn)
    }
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
        let mut all = self.all();
        let known = all.iter().find(|grant| Arc::ptr_eq(&grant.granted.lender, &lender));
        let granted = known.map_or_else(
            || Granted { lender, turn: Arc::new(Semaphore::new(1)) },
            |grant| grant.granted.clone(),
        );
        all.push(Grant { digest: digest(&token), granted });
        token
    }

    /// What a token opens.
    pub fn find(&self, token: &Secret) -> Option<Granted<L>> {
        let digest = digest(token);
        self.all().iter().find(|grant| grant.digest == digest).map(|grant| grant.granted.clone())
    }

    /// Takes these back. Nothing that asks with their tokens is answered any more.
    pub fn revoke(&self, which: impl Fn(&L) -> bool) {
        self.all().retain(|grant| !which(&grant.granted.lender));
    }

    /// Each lender once.
    pub fn lenders(&self) -> Vec<Arc<L>> {
        let mut lenders: Vec<Arc<L>> = Vec::new();
        for grant in self.all().iter() {
            let lender = &grant.granted.lender;
            if !lenders.iter().any(|known| Arc::ptr_eq(known, lender)) {
                lenders.push(lender.clone());
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
        let again = grants.add(grants.find(&one).unwrap().lender);
        assert_eq!(grants.lenders(), [Arc::new(1), Arc::new(2)]);
        assert!(one != two && one != again);
        assert_eq!(
            [&one, &two, &again].map(|token| grants.find(token).map(|own| *own.lender)),
            [Some(1), Some(2), Some(1)]
        );
        for token in ["", &one.expose()[1..], &format!("{} ", one.expose())] {
            assert!(grants.find(&Secret::new(token)).is_none());
        }
        grants.revoke(|own| *own == 1);
        assert_eq!(
            [&one, &two, &again].map(|token| grants.find(token).map(|own| *own.lender)),
            [None, Some(2), None]
        );
    }
}
