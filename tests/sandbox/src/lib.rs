//! An AWS of our own on 127.0.0.1, for awsenv's tests and its tour. What AWS refuses, it refuses, in AWS's
//! words: signatures, trust policies, MFA codes, lengths and ends of sessions are really checked.
//!
//! ```
//! use awsenv_sandbox::{Sandbox, Scenario, User};
//! let user = User::new("arn:aws:iam::111122223333:user/me", "AKIAME", "secret");
//! let sandbox = Sandbox::start(Scenario::default().user(user));
//! assert!(sandbox.url().starts_with("http://127.0.0.1:"));
//! assert_eq!(sandbox.verify("AKIAME", "secret", None).as_deref(), Some("arn:aws:iam::111122223333:user/me"));
//! ```

mod answer;
mod call;
mod clock;
mod console;
mod fault;
mod federated;
mod federation;
mod iam;
mod identity;
mod machine;
mod oidc;
mod portal;
mod principal;
mod roles_anywhere;
mod scenario;
mod server;
mod sigv4;
mod sso;
mod state;
mod sts;

use std::sync::{Arc, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::oneshot;

pub use call::Call;
pub use clock::Clock;
pub use console::KeyForm;
pub use fault::{Fault, Gate};
pub use scenario::{
    Account, Anchor, AnywhereProfile, Console, Device, Machine, Portal, Role, Scenario, User,
};
pub use sso::Consent;

use state::State;

/// A running AWS. It ends when this is dropped.
#[derive(Debug)]
pub struct Sandbox {
    state: Arc<State>,
    url: String,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Sandbox {
    /// Starts it on a free port of loopback, in a thread of its own.
    pub fn start(scenario: Scenario) -> Self {
        let state = Arc::new(State::new(scenario));
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
        let url = format!("http://{}", listener.local_addr().expect("it is bound"));
        let (stop, stopped) = oneshot::channel();
        let serving = state.clone();
        let thread = std::thread::Builder::new()
            .name("sandbox".into())
            .spawn(move || server::serve(listener, &serving, stopped))
            .expect("a thread can be started");
        Self { state, url, stop: Some(stop), thread: Some(thread) }
    }

    /// The endpoint of every service.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Every call so far that was answered (or cut off), in that order.
    pub fn calls(&self) -> Vec<Call> {
        self.state.log.calls()
    }

    /// How many calls of an operation were under way at the same time, at most.
    pub fn most_at_once(&self, operation: &str) -> usize {
        self.state.log.most_at_once(operation)
    }

    /// Waits until the log holds `count` calls of an operation.
    ///
    /// # Panics
    /// If that takes longer than `deadline`.
    pub fn wait_for(&self, operation: &str, count: usize, deadline: Duration) {
        self.state.log.wait_for(operation, count, deadline);
    }

    /// Each call goes to this file too, as a line of JSON.
    pub fn log_to(&self, file: std::fs::File) {
        self.state.log.write_to(file);
    }

    /// The next `times` calls of this operation (`*`: of any) meet this fault.
    pub fn fault(&self, operation: &str, times: usize, fault: Fault) {
        self.state.faults.add(operation, times, fault);
    }

    /// No call meets a fault any more.
    pub fn forget_faults(&self) {
        self.state.faults.forget();
    }

    /// Calls of this operation wait until the gate is opened, or dropped.
    #[must_use]
    pub fn gate(&self, operation: &str) -> Gate {
        self.state.faults.gate(operation)
    }

    /// What time it is here.
    pub fn clock(&self) -> &Clock {
        &self.state.clock
    }

    /// What nobody else may learn of a session that was issued: its secret access key and its token.
    pub fn secrets(&self, access_key_id: &str) -> Vec<String> {
        let principal = self.state.principal(access_key_id);
        principal
            .into_iter()
            .flat_map(|principal| [Some(principal.secret), principal.token])
            .flatten()
            .collect()
    }

    /// From now on, a key that IAM creates is unknown to the first calls that it signs: to so many.
    pub fn delay_new_keys(&self, calls: usize) {
        self.state.delay_new_keys(calls);
    }

    /// The access keys of a user, and whether each is active.
    pub fn access_keys(&self, user_arn: &str) -> Vec<(String, bool)> {
        let keys = self.state.keys();
        keys.iter().filter(|key| key.user == user_arn).map(|key| (key.id.clone(), key.is_active)).collect()
    }

    /// As if somebody deleted it in the console.
    pub fn delete_access_key(&self, id: &str) {
        self.state.keys().retain(|key| key.id != id);
    }

    /// What the person at the browser does from now on.
    pub fn consent(&self, consent: Consent) {
        *self.state.sign_ins.consent.lock().unwrap_or_else(PoisonError::into_inner) = consent;
    }

    /// A sign-in that ends in so many seconds, as the AWS CLI would have kept it.
    ///
    /// # Panics
    /// If the scenario has no portal.
    pub fn signed_in(&self, seconds: i64) -> serde_json::Value {
        let portal = self.state.portal().expect("the scenario has a portal");
        self.state.sign_ins.known().document(portal, seconds, &self.state.clock)
    }

    /// A session of `aws login` whose keys end in so many seconds, as the AWS CLI would have kept it.
    ///
    /// # Panics
    /// If the scenario has no console.
    pub fn console_session(&self, seconds: i64, form: KeyForm) -> serde_json::Value {
        console::document(seconds, form, &self.state)
    }

    /// Whether a refresh token of such a session is good still.
    pub fn renews(&self, refresh_token: &str) -> bool {
        self.state.console.known().refresh_tokens.contains_key(refresh_token)
    }

    /// From now on, this is who signs in to the console.
    pub fn signs_in_as(&self, arn: &str) {
        self.state.console.known().person = Some(arn.to_owned());
    }

    /// From now on, whoever has signed in to the console is given this one's keys.
    pub fn mix_up_with(&self, arn: &str) {
        self.state.console.known().mixed_up = Some(arn.to_owned());
    }

    /// Ends every sign-in at AWS: what has been given out is worth nothing any more.
    pub fn revoke(&self) {
        let mut known = self.state.sign_ins.known();
        known.tokens.clear();
        known.refresh_tokens.clear();
        self.state.console.known().refresh_tokens.clear();
    }

    /// Whether the portal takes an access token.
    pub fn takes(&self, access_token: &str) -> bool {
        let known = self.state.sign_ins.known();
        known.tokens.get(access_token).is_some_and(|end| self.state.clock.now() < *end)
    }

    /// What nobody else may learn of all sign-ins: tokens, codes, verifiers, clients' secrets.
    pub fn sign_in_secrets(&self) -> Vec<String> {
        self.state.sign_ins.known().secrets.iter().cloned().collect()
    }

    /// Tokens for the console that no browser has used.
    pub fn signin_tokens(&self) -> Vec<String> {
        self.state.federation.unused()
    }

    /// As if AWS honoured this session no more, before its end.
    pub fn revoke_session(&self, access_key_id: &str) {
        self.state.revoke(access_key_id);
    }

    /// Whose keys these are, if they are whole and good now.
    pub fn verify(&self, access_key_id: &str, secret: &str, token: Option<&str>) -> Option<String> {
        self.state.verify(access_key_id, secret, token)
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.state.faults.open_all();
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
