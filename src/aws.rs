//! The only maker of AWS clients: region, endpoints, retries, timeouts fit for a prompt, proxy, CA bundle.

use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use aws_sdk_sts::config::{
    BehaviorVersion, Region, SharedCredentialsProvider, StalledStreamProtectionConfig,
};
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_http_client::{Builder, Connector};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::SdkConfig;

use crate::credentials::Credentials;
use crate::limits;
use crate::message::{Failure, shown};
use crate::places::expand_home;
use crate::profile::endpoints::Endpoints;

mod address;
mod attempts;
mod door;
mod federation;
mod near;
mod once;
mod proxy;
mod reach;
pub mod roles_anywhere;
mod skew;
mod trust;

pub use address::Service;
use attempts::Attempts;
pub use attempts::host;
pub use door::Post;
pub use near::{Answer, Unanswered};
pub use once::{innermost, is_of_connecting};
pub use reach::{Reached, Unreached};
pub use skew::{seconds_ahead, wrong_clock};

/// Makes clients that reach AWS as the user's environment and the profile say.
#[derive(Clone, Copy, Debug)]
pub struct Aws<'a> {
    endpoints: Endpoints<'a>,
    home: &'a Path,
}

impl<'a> Aws<'a> {
    /// Reads nothing yet.
    pub fn new(endpoints: Endpoints<'a>, home: &'a Path) -> Self {
        Self { endpoints, home }
    }

    /// What steers the calls of STS: part of a session's key.
    pub fn fingerprint(&self) -> Vec<(&'static str, String)> {
        self.endpoints.fingerprint()
    }

    /// An STS client that signs with these credentials (`None`: unsigned calls only).
    pub fn sts(
        &self,
        region: &str,
        credentials: Option<&Credentials>,
    ) -> anyhow::Result<aws_sdk_sts::Client> {
        let config = self.config("STS", region, credentials)?;
        let config = aws_sdk_sts::config::Builder::from(&config);
        Ok(aws_sdk_sts::Client::from_conf(config.interceptor(Attempts::to(region)).build()))
    }

    /// An IAM client that signs with these credentials. IAM has one endpoint a partition, which the region leads to.
    pub fn iam(&self, region: &str, credentials: &Credentials) -> anyhow::Result<aws_sdk_iam::Client> {
        let config = self.config("IAM", region, Some(credentials))?;
        let config = aws_sdk_iam::config::Builder::from(&config);
        Ok(aws_sdk_iam::Client::from_conf(config.interceptor(Attempts::to(region)).build()))
    }

    fn config(
        &self,
        service: &str,
        region: &str,
        credentials: Option<&Credentials>,
    ) -> anyhow::Result<SdkConfig> {
        check(region)?;
        let endpoint = self.endpoints.url(service);
        let mut config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(region.to_owned()))
            .http_client(self.http(endpoint)?)
            .retry_config(RetryConfig::standard().with_max_attempts(self.attempts(3)))
            .timeout_config(timeouts());
        match endpoint {
            Some(url) => config = config.endpoint_url(url),
            None => {
                config = config
                    .use_fips(self.endpoints.flag("AWS_USE_FIPS_ENDPOINT")?)
                    .use_dual_stack(self.endpoints.flag("AWS_USE_DUALSTACK_ENDPOINT")?);
            }
        }
        if let Some(credentials) = credentials {
            config =
                config.credentials_provider(SharedCredentialsProvider::new(sdk_credentials(credentials)));
        }
        Ok(config.build())
    }

    /// A client of the access portal; a token goes along with each call.
    pub fn sso(&self, region: &str) -> anyhow::Result<aws_sdk_sso::Client> {
        let config = aws_sdk_sso::config::Builder::from(&self.config("SSO", region, None)?);
        Ok(aws_sdk_sso::Client::from_conf(config.interceptor(Attempts::to(region)).build()))
    }

    /// A client of the access portal for as many calls as somebody has accounts: told to slow down, it waits, with
    /// jitter, and asks again more often than for a single call.
    pub fn sso_of_many_calls(&self, region: &str) -> anyhow::Result<aws_sdk_sso::Client> {
        let config = aws_sdk_sso::config::Builder::from(&self.config("SSO", region, None)?)
            .retry_config(
                RetryConfig::standard()
                    .with_max_attempts(self.attempts(10))
                    .with_initial_backoff(Duration::from_millis(250))
                    .with_max_backoff(Duration::from_secs(5)),
            )
            .timeout_config(timeouts().to_builder().operation_timeout(Duration::from_secs(90)).build());
        Ok(aws_sdk_sso::Client::from_conf(config.interceptor(Attempts::to(region)).build()))
    }

    /// A client of the service that signs in (SSO OIDC).
    pub fn oidc(&self, region: &str) -> anyhow::Result<aws_sdk_ssooidc::Client> {
        let config = aws_sdk_ssooidc::config::Builder::from(&self.config("SSO_OIDC", region, None)?);
        Ok(aws_sdk_ssooidc::Client::from_conf(config.interceptor(Attempts::to(region)).build()))
    }

    /// The same for a grant that is taken once.
    pub fn oidc_once(&self, region: &str) -> anyhow::Result<aws_sdk_ssooidc::Client> {
        let config = aws_sdk_ssooidc::config::Builder::from(&self.config_once("SSO_OIDC", region)?)
            .retry_classifier(once::Unsent);
        Ok(aws_sdk_ssooidc::Client::from_conf(config.interceptor(Attempts::to(region)).build()))
    }

    fn config_once(&self, service: &str, region: &str) -> anyhow::Result<SdkConfig> {
        let config = self.config(service, region, None)?.into_builder();
        let config = config.timeout_config(once::patient());
        Ok(config.stalled_stream_protection(StalledStreamProtectionConfig::disabled()).build())
    }

    /// A client of the service behind `aws login`. Its one call is sent what is taken once.
    pub fn signin(&self, region: &str) -> anyhow::Result<aws_sdk_signin::Client> {
        let config = aws_sdk_signin::config::Builder::from(&self.config_once("SIGNIN", region)?)
            .retry_classifier(once::Unsent);
        Ok(aws_sdk_signin::Client::from_conf(config.interceptor(Attempts::to(region)).build()))
    }

    fn attempts(&self, usual: u32) -> u32 {
        self.endpoints
            .value("AWS_MAX_ATTEMPTS")
            .and_then(|text| text.parse().ok())
            .filter(|attempts| *attempts > 0)
            .unwrap_or(usual)
    }

    fn http(&self, endpoint: Option<&str>) -> anyhow::Result<SharedHttpClient> {
        let trust = self.trust(endpoint)?;
        let tls = TlsContext::builder().with_trust_store(trust).build().context("cannot set up TLS")?;
        let proxy = proxy::proxy(self.endpoints.original(), endpoint)?;
        Ok(Builder::new().build_with_connector_fn(move |settings, runtime| {
            let mut connector = Connector::builder()
                .tls_provider(Provider::Rustls(CryptoMode::Ring))
                .tls_context(tls.clone())
                .proxy_config(proxy.clone());
            connector.set_connector_settings(settings.cloned());
            connector.set_sleep_impl(runtime.and_then(|runtime| runtime.sleep_impl()));
            connector.build()
        }))
    }

    /// `AWS_CA_BUNDLE` in place of the system's roots: the SDK does not read it itself. Over plain http
    /// nothing is loaded at all; the system's roots cost more than the call.
    fn trust(&self, endpoint: Option<&str>) -> anyhow::Result<TrustStore> {
        if endpoint.is_some_and(|url| url.starts_with("http://")) {
            return Ok(TrustStore::empty());
        }
        match self.ca_bundle() {
            None => {
                trust::check_the_systems(self.endpoints.original())?;
                Ok(TrustStore::default())
            }
            Some((name, path)) => {
                let pem = trust::bundle(name, &expand_home(path, self.home))?;
                Ok(TrustStore::empty().with_pem_certificate(pem))
            }
        }
    }
}

/// It becomes part of a host's name. Files and command lines are checked where they are read; variables are not.
fn check(region: &str) -> Result<(), Failure> {
    limits::region(region).map_err(|reason| {
        Failure::new(format!("cannot call AWS in region {}: {reason}", shown(region)))
            .hint("look at AWS_REGION and AWS_DEFAULT_REGION")
    })
}

/// The region for a call where nobody named one: the partition's first.
pub fn fallback_region(role_arn: Option<&str>) -> &'static str {
    match role_arn.and_then(|arn| arn.split(':').nth(1)) {
        Some("aws-cn") => "cn-north-1",
        Some("aws-us-gov") => "us-gov-west-1",
        Some("aws-eusc") => "eusc-de-east-1",
        Some("aws-iso") => "us-iso-east-1",
        Some("aws-iso-b") => "us-isob-east-1",
        Some("aws-iso-e") => "eu-isoe-west-1",
        Some("aws-iso-f") => "us-isof-south-1",
        _ => "us-east-1",
    }
}

/// A person waits: a dead host is known soon, a slow answer is not cut off at once.
fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(3))
        .operation_attempt_timeout(Duration::from_secs(10))
        .operation_timeout(Duration::from_secs(25))
        .build()
}

fn sdk_credentials(credentials: &Credentials) -> aws_credential_types::Credentials {
    aws_credential_types::Credentials::new(
        &credentials.access_key_id,
        credentials.secret_access_key.expose(),
        credentials.session_token.as_ref().map(|token| token.expose().to_owned()),
        None,
        "awsenv",
    )
}
