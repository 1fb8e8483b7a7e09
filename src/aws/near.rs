//! One request to a service of this machine's or container's own, which gives it its credentials. No client of AWS's
//! does that in a way that keeps our rules.

use std::time::Duration;

use aws_smithy_http_client::Connector;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext};
use aws_smithy_runtime_api::client::http::HttpConnector;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use tokio::time::{Instant, timeout_at};
use zeroize::Zeroizing;

use super::once::innermost;
use super::{Aws, proxy};
use crate::secret::Secret;

/// More than any credentials.
const MOST: usize = 64 * 1024;

/// A whole answer.
#[derive(Debug)]
pub struct Answer {
    /// HTTP's.
    pub status: u16,
    /// As it came.
    pub body: Zeroizing<Vec<u8>>,
}

/// Why there is none.
#[derive(Debug, PartialEq, Eq)]
pub enum Unanswered {
    /// Nothing came in time.
    TooLate,
    /// Nobody is there, it broke off, or it is not who it should be; and why.
    Broken(String),
    /// It is longer than anything it could be.
    TooLong,
}

impl Aws<'_> {
    /// Asks once, within this time. Nothing is followed that leads elsewhere, and over plain http no proxy is asked:
    /// what comes are keys.
    pub async fn near(
        &self,
        method: &str,
        url: &str,
        headers: &[(&'static str, Secret)],
        time: Duration,
    ) -> anyhow::Result<Result<Answer, Unanswered>> {
        let mut request = HttpRequest::new(SdkBody::empty());
        request.set_method(method)?;
        request.set_uri(url)?;
        for (name, value) in headers {
            request.headers_mut().try_insert(*name, value.expose().to_owned())?;
        }
        let connector = self.connector_for(url)?;
        let deadline = Instant::now() + time;
        let exchange = async {
            let answer =
                connector.call(request).await.map_err(|error| Unanswered::Broken(innermost(&error)))?;
            let status = answer.status().as_u16();
            let mut body = Zeroizing::new(Vec::with_capacity(4096));
            let mut stream = ByteStream::new(answer.into_body());
            while let Some(chunk) = stream.next().await {
                body.extend_from_slice(&chunk.map_err(|error| Unanswered::Broken(innermost(&error)))?);
                if body.len() > MOST {
                    return Err(Unanswered::TooLong);
                }
            }
            Ok(Answer { status, body })
        };
        let answer = timeout_at(deadline, exchange).await.unwrap_or(Err(Unanswered::TooLate));
        log::debug!("{method} of a metadata service: {:?}", answer.as_ref().map(|answer| answer.status));
        Ok(answer)
    }

    fn connector_for(&self, url: &str) -> anyhow::Result<Connector> {
        let trust = self.trust(Some(url))?;
        let tls = TlsContext::builder().with_trust_store(trust).build()?;
        let mut connector =
            Connector::builder().tls_provider(Provider::Rustls(CryptoMode::Ring)).tls_context(tls);
        if url.starts_with("https://") {
            connector.set_proxy_config(Some(proxy::proxy(self.endpoints.original(), Some(url))?));
        }
        Ok(connector.build())
    }
}
