//! Each attempt of a call, for the log: what was asked of whom, and what came back. Never a header, a parameter
//! or a body.

use aws_sdk_sts::config::interceptors::{
    BeforeTransmitInterceptorContextRef, FinalizerInterceptorContextRef,
};
use aws_sdk_sts::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::orchestrator::Metadata;
use aws_smithy_runtime_api::client::retries::RequestAttempts;
use aws_smithy_types::config_bag::{Storable, StoreReplace};

use crate::clock::{self, Timestamp};

/// Watches the calls of one client.
#[derive(Debug)]
pub(super) struct Attempts {
    /// The region the client signs for.
    region: String,
}

impl Attempts {
    pub(super) fn to(region: &str) -> Self {
        Self { region: region.to_owned() }
    }
}

/// An attempt under way.
#[derive(Debug)]
struct Sent {
    what: String,
    at: Timestamp,
}

impl Storable for Sent {
    type Storer = StoreReplace<Self>;
}

impl Intercept for Attempts {
    fn name(&self) -> &'static str {
        "awsenv's log"
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let call = config.load::<Metadata>().map_or("a call", Metadata::name);
        let attempt = config.load::<RequestAttempts>().map_or(1, RequestAttempts::attempts);
        let host = host(context.request().uri());
        let what = format!("{call} in {} at {host}, attempt {attempt}", self.region);
        log::debug!("{what}: sent");
        config.interceptor_state().store_put(Sent { what, at: clock::now() });
        Ok(())
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        // Absent where the attempt failed before it was sent.
        let Some(Sent { what, at }) = config.load::<Sent>() else { return Ok(()) };
        let took = clock::now().duration_since(*at).as_millis();
        match context.response() {
            Some(response) => {
                let request = response.headers().get("x-amzn-requestid").unwrap_or("none");
                log::info!("{what}: HTTP {}, request id {request}, {took} ms", response.status());
                if let Some(date) = response.headers().get("date") {
                    super::skew::note(date);
                }
            }
            None => log::warn!("{what}: no answer, {took} ms"),
        }
        config.interceptor_state().unset::<Sent>();
        Ok(())
    }
}

/// Of a URL, without what else may stand in it (a user and a password). A password may hold a `/` that nobody has
/// escaped, so the last `@` counts, wherever it stands before the query.
pub fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    let rest = rest.rsplit('@').next().unwrap_or_default();
    rest.split('/').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_named_without_what_stands_round_it() {
        for (url, expected) in [
            ("https://sts.eu-west-1.amazonaws.com/", "sts.eu-west-1.amazonaws.com"),
            ("http://127.0.0.1:4566", "127.0.0.1:4566"),
            ("http://me:p@ss@[::1]:80/path?x=a@b", "[::1]:80"),
            ("https://me:p/a@ss@localhost:1/path", "localhost:1"),
            ("me:p@localhost", "localhost"),
        ] {
            assert_eq!(host(url), expected);
        }
    }
}
