//! A renewal that failed, and what it costs: nothing, while what is kept is good.

use crate::message::{Exit, exit};

/// Why there is nothing new.
#[derive(Debug)]
pub(in crate::provider) struct Unrenewed<T> {
    /// What serves yet.
    kept: Option<T>,
    error: anyhow::Error,
    is_refused: bool,
}

impl<T> Unrenewed<T> {
    /// It could not be tried, or AWS was not reached.
    pub(in crate::provider) fn failed(kept: Option<T>, error: anyhow::Error) -> Self {
        Self { kept, error, is_refused: false }
    }

    /// AWS has answered, and said no.
    pub(in crate::provider) fn refused(kept: Option<T>, error: anyhow::Error) -> Self {
        Self { kept, error, is_refused: true }
    }

    /// What was kept, as long as it is good.
    pub(in crate::provider) fn or_kept(self) -> anyhow::Result<Option<T>> {
        self.kept.map_or(Err(self.error), |kept| Ok(Some(kept)))
    }

    /// The same for somebody who signs in: what AWS refuses to renew, a new sign-in takes the place of.
    pub(in crate::provider) fn for_person(self) -> anyhow::Result<Option<T>> {
        if self.is_refused || exit(&self.error) == Exit::PersonNeeded {
            log::warn!("not renewed: {:#}", self.error);
            return Ok(None);
        }
        self.or_kept()
    }
}

impl<T> From<anyhow::Error> for Unrenewed<T> {
    fn from(error: anyhow::Error) -> Self {
        Self::failed(None, error)
    }
}
