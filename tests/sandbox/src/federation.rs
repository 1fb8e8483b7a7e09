//! The console's federation endpoint: keys for a token, a token for a browser's session, and the page that it lands on.
//! Whose keys sign in is what AWS says (IAM User Guide, "Enable custom identity broker access to the AWS console").

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use hyper::Method;
use hyper::http::request::Parts;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::answer::{Answer, json_answer};
use crate::identity;
use crate::state::State;
use crate::sts::Parameters;

/// So long a token is taken.
const LIFE: SignedDuration = SignedDuration::from_mins(15);

/// Where a browser lands: AWS's consoles are elsewhere.
pub(crate) const LANDING: &str = "/landing";

/// Tokens that were given out, and who has signed in.
#[derive(Debug, Default)]
pub(crate) struct Tokens {
    tokens: Mutex<BTreeMap<String, (String, Timestamp)>>,
    signed_in: Mutex<BTreeMap<String, (String, String)>>,
}

/// Answers `getSigninToken`, `login`, and the page behind.
pub(crate) fn answer(operation: &str, parameters: &Parameters, parts: &Parts, state: &State) -> Answer {
    let answer = match operation {
        "getSigninToken" => signin_token(parameters, parts, state),
        "ConsoleLogin" => login(parameters, state),
        "ConsoleLanding" => landing(parts, state),
        _ => Err("unknown Action"),
    };
    answer.unwrap_or_else(|why| Answer { status: 400, ..page(why) })
}

/// As it is known in the log.
pub(crate) fn operation(path: &str, action: &str) -> String {
    match (path, action) {
        (LANDING, _) => "ConsoleLanding",
        (_, "login") => "ConsoleLogin",
        (_, action) => action,
    }
    .to_owned()
}

fn signin_token(parameters: &Parameters, parts: &Parts, state: &State) -> Result<Answer, &'static str> {
    // Of what we send ourselves: addresses are written into logs.
    if parts.method != Method::POST || parts.uri.query().is_some() {
        return Err("Keys in an address");
    }
    let session: Value = serde_json::from_str(parameters.get("Session").map_or("", String::as_str))
        .map_err(|_| "Invalid Session parameter")?;
    let members = session.as_object().ok_or("Invalid Session parameter")?;
    let member = |name: &str| members.get(name).and_then(Value::as_str).unwrap_or_default();
    if members.len() != 3 {
        return Err("Invalid Session parameter");
    }
    let (id, secret, token) = (member("sessionId"), member("sessionKey"), member("sessionToken"));
    let principal = state.principal(id).ok_or("invalid credentials")?;
    if token.is_empty() || state.verify(id, secret, Some(token)).is_none() {
        return Err("invalid credentials");
    }
    let is_federated = principal.is_federated();
    if principal.session_name.is_none() && !is_federated {
        return Err("a user's own session cannot sign in");
    }
    if let Some(duration) = parameters.get("SessionDuration") {
        if !duration.parse().is_ok_and(|seconds: u32| (900..=43_200).contains(&seconds)) {
            return Err("SessionDuration out of range");
        }
        if is_federated || principal.chained {
            return Err("SessionDuration not allowed for these credentials");
        }
    }
    let token = identity::token();
    let end = state.clock.now().checked_add(LIFE).expect("tests stay near today");
    lock(&state.federation.tokens).insert(token.clone(), (principal.shown(), end));
    Ok(Answer { issued: Some(id.to_owned()), ..json_answer(200, &json!({"SigninToken": token})) })
}

fn login(parameters: &Parameters, state: &State) -> Result<Answer, &'static str> {
    let text = |name: &str| parameters.get(name).map_or("", String::as_str);
    // Once: whoever comes second has found it somewhere.
    let found = lock(&state.federation.tokens).remove(text("SigninToken"));
    let (whose, end) = found.ok_or("Invalid or expired SigninToken")?;
    if end <= state.clock.now() {
        return Err("Invalid or expired SigninToken");
    }
    let destination = text("Destination");
    let host = destination.strip_prefix("https://").and_then(|rest| rest.split(['/', '?', '#']).next());
    if !host.is_some_and(is_aws) {
        return Err("Bad Destination");
    }
    let session = identity::request_id();
    lock(&state.federation.signed_in).insert(session.clone(), (whose, destination.to_owned()));
    Ok(Answer { location: Some(format!("{LANDING}?{session}")), ..json_answer(302, &Value::Null) })
}

fn is_aws(host: &str) -> bool {
    [
        "console.aws.amazon.com",
        "console.amazonaws.cn",
        "console.amazonaws-us-gov.com",
        "console.amazonaws-eusc.eu",
        "console.c2shome.ic.gov",
        "console.sc2shome.sgov.gov",
        "console.csphome.adc-e.uk",
        "console.csphome.hci.ic.gov",
    ]
    .iter()
    .any(|console| host == *console || host.ends_with(&format!(".{console}")))
}

fn landing(parts: &Parts, state: &State) -> Result<Answer, &'static str> {
    let session = parts.uri.query().unwrap_or_default();
    let signed_in = lock(&state.federation.signed_in);
    let (whose, destination) = signed_in.get(session).ok_or("Nobody is signed in")?;
    let account = crate::principal::account(whose);
    let title =
        format!("Account {account}</h1><p>{whose}</p><p>{}</p><h1>", destination.replace('&', "&amp;"));
    Ok(page(&title))
}

fn page(text: &str) -> Answer {
    Answer {
        content_type: "text/html",
        body: format!("<html><head><title>AWS</title></head><body><h1>{text}</h1></body></html>"),
        ..json_answer(200, &Value::Null)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Tokens {
    /// Those that nobody has used.
    pub(crate) fn unused(&self) -> Vec<String> {
        lock(&self.tokens).keys().cloned().collect()
    }
}
