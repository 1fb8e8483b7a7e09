//! Whether a service is reached at all, and what is in the way: the proxy and the certificates are those of every
//! other call.

use std::error::Error;
use std::time::Duration;

use aws_smithy_http_client::Connector;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext};
use aws_smithy_runtime_api::client::http::HttpConnector;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use tokio::time::timeout;

use super::{Aws, proxy};

/// Somebody answered.
#[derive(Debug)]
pub struct Reached {
    /// HTTP's.
    pub status: u16,
    /// The answer's date.
    pub date: Option<String>,
}

/// Nobody did.
#[derive(Debug, PartialEq, Eq)]
pub enum Unreached {
    /// DNS knows no such host.
    Name,
    /// No connection, and why.
    Connection(String),
    /// TLS: the certificate is none that is trusted, or there is no TLS.
    Tls(String),
    /// The proxy wants to know who one is (407).
    ProxyAuthorization,
    /// The proxy refuses, and in what words.
    Proxy(String),
    /// Nothing came in time.
    TooLate,
    /// Something else.
    Other(String),
}

impl Aws<'_> {
    /// The variable whose proxy calls to this address take; none: they go without one.
    pub fn proxy_for(&self, url: &str) -> Option<&'static str> {
        proxy::taken(self.endpoints.original(), url)
    }

    /// The file of certificates that stands in for the system's, and what names it: the variable, or the profile's
    /// key.
    pub fn ca_bundle(&self) -> Option<(&'static str, &str)> {
        const VARIABLE: &str = "AWS_CA_BUNDLE";
        let name = if self.endpoints.original().text(VARIABLE).is_some() { VARIABLE } else { "ca_bundle" };
        Some((name, self.endpoints.value(VARIABLE)?))
    }

    /// Asks for nothing, within this time. An answer is an answer, whatever it says.
    pub async fn reach(&self, url: &str, time: Duration) -> anyhow::Result<Result<Reached, Unreached>> {
        let mut request = HttpRequest::new(SdkBody::empty());
        request.set_uri(format!("{}/", url.trim_end_matches('/')))?;
        let tls = TlsContext::builder().with_trust_store(self.trust(Some(url))?).build()?;
        let mut connector =
            Connector::builder().tls_provider(Provider::Rustls(CryptoMode::Ring)).tls_context(tls);
        connector.set_proxy_config(Some(proxy::proxy(self.endpoints.original(), Some(url))?));
        let connector = connector.build();
        let answered = timeout(time, connector.call(request)).await;
        let reached = match answered {
            Err(_) => Err(Unreached::TooLate),
            Ok(Err(error)) if error.is_timeout() => Err(Unreached::TooLate),
            Ok(Err(error)) => Err(in_the_way(&error)),
            Ok(Ok(answer)) => Ok(Reached {
                status: answer.status().as_u16(),
                date: answer.headers().get("date").map(str::to_owned),
            }),
        };
        log::debug!("reach: {:?}", reached.as_ref().map(|reached| reached.status));
        Ok(reached)
    }
}

/// What the client says, in its own words only: its kinds of errors are private.
fn in_the_way(error: &(dyn Error + 'static)) -> Unreached {
    let mut causes = Vec::new();
    let mut next = Some(error);
    while let Some(cause) = next {
        causes.push(cause);
        next = cause.source();
    }
    let said: Vec<_> = causes.iter().map(|cause| cause.to_string()).collect();
    let says = |text: &str| said.iter().find(|said| said.contains(text));
    let last = said.last().cloned().unwrap_or_default();
    if says("proxy authorization required").is_some() {
        return Unreached::ProxyAuthorization;
    }
    if says("dns error").is_some() {
        return Unreached::Name;
    }
    if let Some(tls) = ["certificate", "fatal alert", "corrupt message"].into_iter().find_map(says) {
        return Unreached::Tls(tls.clone());
    }
    let io = causes.iter().rev().find_map(|cause| cause.downcast_ref::<std::io::Error>());
    match says("tunnel error") {
        Some(tunnel) if io.is_none() => Unreached::Proxy(tunnel.replace("tunnel error: ", "")),
        _ => io.map_or(Unreached::Other(last), |io| Unreached::Connection(io.to_string())),
    }
}
