//! One port, and for each token one set of credentials: what the AWS SDKs read from
//! `AWS_CONTAINER_CREDENTIALS_FULL_URI` (SDKs and Tools Reference Guide, "Container credential provider").

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use serde::Serialize;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use zeroize::Zeroizing;

use super::grants::{Granted, Grants, Lend};
use crate::clock::{self, Timestamp};
use crate::credentials::Credentials;
use crate::loopback::{self, Request};
use crate::message::{self, Exit, Failure, render};
use crate::secret::Secret;

const PATH: &str = "/credentials";
/// So many are heard at once; others wait in the kernel.
const AT_ONCE: usize = 32;
const PAUSE: Duration = Duration::from_millis(100);
/// So many wait for one session at most, and for so long.
const MOST_WAITING: usize = 64;
const PATIENCE: Duration = Duration::from_secs(20);

/// What is lent, and until when it is not asked for again.
#[derive(Debug)]
pub struct Lent {
    /// The keys.
    pub credentials: Credentials,
    /// Their account, where it is known.
    pub account: Option<String>,
    /// Their end; of keys without one, when to ask whether they still are the ones.
    pub until: Timestamp,
}

/// A port that is bound.
#[derive(Debug)]
pub struct Endpoint {
    listener: TcpListener,
    /// `127.0.0.1:PORT`, the one host that is answered: a page whose name leads here (DNS rebinding) sends its own.
    host: String,
}

/// As SDKs want it: a token, if an empty one, and an end, even of keys that have neither.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Answer<'a> {
    access_key_id: &'a str,
    secret_access_key: &'a str,
    token: &'a str,
    expiration: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    account_id: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Refusal<'a> {
    code: &'a str,
    message: &'a str,
}

impl Endpoint {
    /// On this port if it is free, else on any that is.
    pub async fn open(port: Option<u16>) -> anyhow::Result<Self> {
        let bound = match port {
            Some(_) => loopback::bind(port).await.ok(),
            None => None,
        };
        let (listener, port) = match bound {
            Some(bound) => bound,
            None => loopback::bind(None).await.context("cannot listen on 127.0.0.1")?,
        };
        Ok(Self { listener, host: format!("127.0.0.1:{port}") })
    }

    /// Which it is.
    pub fn port(&self) -> &str {
        self.host.rsplit(':').next().unwrap_or_default()
    }

    /// `AWS_CONTAINER_CREDENTIALS_FULL_URI`. The token is `AWS_CONTAINER_AUTHORIZATION_TOKEN`.
    pub fn uri(&self) -> String {
        format!("http://{}{PATH}", self.host)
    }

    /// Answers for as long as it is polled.
    pub async fn serve<L: Lend>(self, grants: Arc<Grants<L>>) {
        let Self { listener, host } = self;
        let (turns, host) = (Arc::new(Semaphore::new(AT_ONCE)), Arc::new(host));
        while let Ok(turn) = turns.clone().acquire_owned().await {
            let Ok((stream, _)) = listener.accept().await else {
                // Out of descriptors, perhaps: in a moment there may be some.
                tokio::time::sleep(PAUSE).await;
                continue;
            };
            let (grants, host) = (grants.clone(), host.clone());
            tokio::spawn(async move { answer(stream, &host, &grants, turn).await });
        }
    }
}

async fn answer<L: Lend>(mut stream: TcpStream, host: &str, grants: &Grants<L>, turn: OwnedSemaphorePermit) {
    let Some(request) = loopback::request(&mut stream).await else { return };
    // A session that takes its time keeps nobody from another one.
    drop(turn);
    let granted = match check(&request, host, grants) {
        Ok(granted) => granted,
        Err((status, why)) => {
            log::info!("endpoint: a request is refused: {why}");
            return send(stream, status, &Refusal { code: "AccessDenied", message: why }).await;
        }
    };
    match lend(granted).await {
        Ok(lent) => {
            log::info!("endpoint: gives out {}", lent.credentials.access_key_id);
            send(stream, "200 OK", &Answer::of(&lent)).await;
        }
        Err(error) => refuse(stream, &error).await,
    }
}

/// One at a time asks for a session; who waits too long for that, or comes when too many do, may come again.
async fn lend<L: Lend>(granted: Granted<L>) -> anyhow::Result<Lent> {
    let busy = || Failure::new("many programs wait for this session");
    if granted.waiting() > MOST_WAITING {
        return Err(busy().into());
    }
    let Ok(Ok(_turn)) = timeout(PATIENCE, granted.turn()).await else { return Err(busy().into()) };
    let lender = granted.lender.clone();
    match tokio::task::spawn_blocking(move || lender.lend()).await {
        Ok(lent) => lent,
        Err(_) => Err(Failure::new("awsenv failed").into()),
    }
}

/// No header lets a page of a browser read any of it, so all that such a page could do is ask in vain.
fn check<L>(
    request: &Request,
    host: &str,
    grants: &Grants<L>,
) -> Result<Granted<L>, (&'static str, &'static str)> {
    if request.host.as_deref() != Some(host) {
        return Err(("403 Forbidden", "another host is meant"));
    }
    let Some(granted) = request.authorization.as_ref().and_then(|token| grants.find(token)) else {
        return Err((
            "403 Forbidden",
            "the authorization token is none of this endpoint, or has been revoked",
        ));
    };
    if request.method != "GET" {
        return Err(("405 Method Not Allowed", "only GET is answered"));
    }
    match request.target.expose() {
        PATH => Ok(granted),
        _ => Err(("404 Not Found", "there is nothing else here")),
    }
}

impl<'a> Answer<'a> {
    fn of(lent: &'a Lent) -> Self {
        let credentials = &lent.credentials;
        Self {
            access_key_id: &credentials.access_key_id,
            secret_access_key: credentials.secret_access_key.expose(),
            token: credentials.session_token.as_ref().map_or("", Secret::expose),
            expiration: clock::rfc3339(lent.until),
            account_id: lent.account.as_deref(),
        }
    }
}

/// SDKs ask again after a 5xx at once; where a person is needed, that would be in vain.
async fn refuse(stream: TcpStream, error: &anyhow::Error) {
    log::warn!("endpoint: no credentials: {error:#}");
    let (status, code) = match render(error).1 {
        Exit::PersonNeeded | Exit::NotAllowed => ("403 Forbidden", "PersonNeeded"),
        Exit::Failed | Exit::Usage => ("503 Service Unavailable", "NotRenewed"),
    };
    let hint = message::hint(error).map(|hint| format!(" ({hint})")).unwrap_or_default();
    send(stream, status, &Refusal { code, message: &format!("awsenv: {error:#}{hint}") }).await;
}

async fn send(stream: TcpStream, status: &str, body: &impl Serialize) {
    // As large as it gets: a buffer that moved would not be wiped.
    let mut bytes = Zeroizing::new(Vec::with_capacity(64 * 1024));
    if serde_json::to_writer(&mut *bytes, body).is_ok() {
        loopback::answer(stream, status, "Content-Type: application/json\r\n", &bytes).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOST: &str = "127.0.0.1:4242";

    fn request(method: &str, target: &str, host: Option<&str>, token: Option<&str>) -> Request {
        Request {
            method: method.into(),
            target: Secret::new(target),
            host: host.map(str::to_owned),
            authorization: token.map(Secret::new),
            destination: None,
        }
    }

    #[test]
    fn only_the_one_with_the_token_that_asks_for_this_very_port_is_answered() {
        let grants = Grants::default();
        let token = grants.add(Arc::new(()));
        let token = token.expose();
        let check = |request: &Request| check(request, HOST, &grants).map(drop);
        let (host, own) = (Some(HOST), Some(token));
        assert_eq!(check(&request("GET", PATH, host, own)), Ok(()));
        for (status, refused) in [
            ("403", request("GET", PATH, host, None)),
            ("403", request("GET", PATH, host, Some(""))),
            ("403", request("GET", PATH, host, Some(&token[1..]))),
            ("403", request("GET", PATH, host, Some(&format!("Bearer {token}")))),
            ("403", request("GET", PATH, None, own)),
            ("403", request("GET", PATH, Some("127.0.0.1"), own)),
            ("403", request("GET", PATH, Some("127.0.0.1:4243"), own)),
            ("403", request("GET", PATH, Some("localhost:4242"), own)),
            ("403", request("GET", PATH, Some("evil.example:4242"), own)),
            ("403", request("OPTIONS", PATH, host, None)),
            ("405", request("POST", PATH, host, own)),
            ("405", request("get", PATH, host, own)),
            ("404", request("GET", "/", host, own)),
            ("404", request("GET", "/credentials?", host, own)),
        ] {
            assert!(check(&refused).is_err_and(|(got, _)| got.starts_with(status)), "{refused:?}");
        }
    }
}
