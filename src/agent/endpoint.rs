//! One port, one token, one set of credentials: what the AWS SDKs read from `AWS_CONTAINER_CREDENTIALS_FULL_URI`
//! (SDKs and Tools Reference Guide, "Container credential provider").

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use serde::Serialize;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

use super::life::Life;
use crate::clock::{self, Timestamp};
use crate::credentials::Credentials;
use crate::files;
use crate::loopback::{self, Request};
use crate::message::{self, Exit, Failure, render};
use crate::secret::Secret;

const PATH: &str = "/credentials";
/// So many are answered at once; others wait in the kernel.
const AT_ONCE: usize = 32;
const PAUSE: Duration = Duration::from_millis(100);

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

/// Where the credentials come from. It may take as long as a call to AWS.
pub type Lend = dyn Fn() -> anyhow::Result<Lent> + Send + Sync;

/// A port that is bound, and what opens it.
#[derive(Debug)]
pub struct Endpoint {
    listener: TcpListener,
    port: Port,
}

#[derive(Clone, Debug)]
struct Port {
    /// `127.0.0.1:PORT`, the one host that is answered: a page whose name leads here (DNS rebinding) sends its own.
    host: String,
    token: Secret,
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
    /// On a port that is free, with a token that nobody has had.
    pub async fn open() -> anyhow::Result<Self> {
        let (listener, port) = loopback::bind(None).await.context("cannot listen on 127.0.0.1")?;
        let host = format!("127.0.0.1:{port}");
        Ok(Self { listener, port: Port { host, token: Secret::new(files::random_hex(32)) } })
    }

    /// `AWS_CONTAINER_CREDENTIALS_FULL_URI`.
    pub fn uri(&self) -> String {
        format!("http://{}{PATH}", self.port.host)
    }

    /// `AWS_CONTAINER_AUTHORIZATION_TOKEN`.
    pub fn token(&self) -> &Secret {
        &self.port.token
    }

    /// Answers as long as this process lives.
    pub async fn serve(self, lend: Arc<Lend>, life: Life) {
        let Self { listener, port } = self;
        let answering = tokio::spawn(async move {
            let turns = Arc::new(Semaphore::new(AT_ONCE));
            while let Ok(turn) = turns.clone().acquire_owned().await {
                let Ok((stream, _)) = listener.accept().await else {
                    // Out of descriptors, perhaps: in a moment there may be some.
                    tokio::time::sleep(PAUSE).await;
                    continue;
                };
                let (lend, port) = (lend.clone(), port.clone());
                tokio::spawn(async move {
                    port.answer(stream, lend).await;
                    drop(turn);
                });
            }
        });
        let _ = tokio::task::spawn_blocking(|| life.wait()).await;
        answering.abort();
    }
}

impl Port {
    async fn answer(&self, mut stream: TcpStream, lend: Arc<Lend>) {
        let Some(request) = loopback::request(&mut stream).await else { return };
        if let Err((status, why)) = self.check(&request) {
            log::info!("endpoint: a request is refused: {why}");
            return send(stream, status, &Refusal { code: "AccessDenied", message: why }).await;
        }
        match tokio::task::spawn_blocking(move || lend()).await {
            Ok(Ok(lent)) => {
                log::info!("endpoint: gives out {}", lent.credentials.access_key_id);
                send(stream, "200 OK", &Answer::of(&lent)).await;
            }
            Ok(Err(error)) => refuse(stream, &error).await,
            Err(_) => refuse(stream, &Failure::new("awsenv failed").into()).await,
        }
    }

    /// No header lets a page of a browser read any of it, so all that such a page could do is ask in vain.
    fn check(&self, request: &Request) -> Result<(), (&'static str, &'static str)> {
        if request.host.as_deref() != Some(&self.host) {
            return Err(("403 Forbidden", "another host is meant"));
        }
        if request.authorization.as_ref() != Some(&self.token) {
            return Err(("403 Forbidden", "the authorization token is not the one of this endpoint"));
        }
        if request.method != "GET" {
            return Err(("405 Method Not Allowed", "only GET is answered"));
        }
        match request.target.expose() {
            PATH => Ok(()),
            _ => Err(("404 Not Found", "there is nothing else here")),
        }
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

    fn port() -> Port {
        Port { host: "127.0.0.1:4242".into(), token: Secret::new("t".repeat(64)) }
    }

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
        let token = "t".repeat(64);
        let (host, own) = (Some("127.0.0.1:4242"), Some(token.as_str()));
        assert_eq!(port().check(&request("GET", PATH, host, own)), Ok(()));
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
            assert!(port().check(&refused).is_err_and(|(got, _)| got.starts_with(status)), "{refused:?}");
        }
    }
}
