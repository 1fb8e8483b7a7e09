//! What all ways to sign in have in common: what a person is told, the port that a browser comes back to, and answers
//! that must not be lost.

use std::future::pending;
use std::pin::pin;
use std::time::Duration;

use tokio::time::timeout;

use crate::clock::{self, Timestamp};
use crate::process::Whole;
use crate::secret::Secret;
use crate::session::sso::{Flow, Found};

pub(super) mod callback;
pub(super) mod pkce;
pub(super) mod refused;
pub(super) mod renewal;

pub(crate) use pkce::encoded;

/// Another program writes its file in the open, and some time after AWS has answered it.
const LOOKS: u32 = 10;
const PAUSE: Duration = Duration::from_millis(200);

/// So long a Ctrl-C waits for an answer.
const HELD_UP: Duration = Duration::from_secs(5);

/// How a person wants it.
#[derive(Clone, Copy, Debug)]
pub struct How {
    /// By a browser of this machine, or any.
    pub flow: Flow,
    /// Where the browser comes back to; any free port if none.
    pub callback_port: Option<u16>,
    /// Not with what is kept: the old sign-in is ended first.
    pub fresh: bool,
}

/// What a person is told on the way, and asked.
pub trait Guide {
    /// Somebody else of this user signs in, and this waits for it.
    fn another_signs_in(&self);
    /// The old sign-in is gone, and what it gave has to go with it, whatever becomes of the new one.
    fn old_one_ended(&self) -> anyhow::Result<()>;
    /// What to open.
    fn invite(&self, invitation: &Invitation<'_>);
    /// What the page shows in the end, where the browser cannot come back with it.
    fn ask_for_answer(&self) -> anyhow::Result<Secret>;
    /// It is still waited for, so long at most.
    fn waits(&self, left: Duration);
    /// It is no longer waited for.
    fn ends(&self);
}

/// What to open, and what to type there.
#[derive(Debug)]
pub struct Invitation<'a> {
    /// The address.
    pub address: &'a str,
    /// What is asked for there.
    pub user_code: Option<&'a str>,
    /// The address with the code in it.
    pub whole_address: Option<&'a str>,
}

/// What came of it.
#[derive(Debug)]
pub enum Outcome<T> {
    /// Somebody was signed in already.
    Already(T),
    /// A new sign-in.
    New(T),
}

/// Until when a person is waited for.
pub(super) struct Patience<'a> {
    guide: &'a dyn Guide,
    until: Timestamp,
}

impl<'a> Patience<'a> {
    pub(super) fn of(span: Duration, guide: &'a dyn Guide) -> Self {
        let now = clock::now();
        Self { guide, until: now.checked_add(span).unwrap_or(now) }
    }

    /// Says how long it still waits; `false`: no longer.
    pub(super) fn lasts(&self) -> bool {
        let left = self.until.duration_since(clock::now());
        if left.is_positive() {
            self.guide.waits(left.unsigned_abs());
        }
        left.is_positive()
    }
}

/// AWS takes a refresh token once: cut off between its answer and the file, the sign-in would be lost. So signals wait
/// until both are there, and so does the end of a process that has other threads, but not for an answer that does not
/// come.
pub(super) async fn uninterrupted<T>(call: impl Future<Output = T>) -> (T, Option<Whole>) {
    // The process is gone in a moment.
    let Some(whole) = Whole::begin() else { return pending().await };
    let mut call = pin!(call);
    match timeout(HELD_UP, &mut call).await {
        Ok(answer) => (answer, Some(whole)),
        Err(_) => {
            drop(whole);
            (call.await, Whole::begin())
        }
    }
}

/// What another program puts in its place, if it does so within two seconds.
pub(super) async fn awaited<T>(look: impl Fn() -> Option<T>) -> Option<T> {
    for _ in 0..LOOKS {
        if let Some(found) = look() {
            return Some(found);
        }
        tokio::time::sleep(PAUSE).await;
    }
    None
}

/// What is kept. What cannot be read may be on its way to the disk.
pub(super) async fn read<T>(load: impl Fn() -> Found<T>) -> Option<T> {
    for _ in 0..LOOKS {
        match load() {
            Found::Kept(kept) => return Some(*kept),
            Found::Absent => return None,
            Found::Unreadable => tokio::time::sleep(PAUSE / 10).await,
        }
    }
    None
}
