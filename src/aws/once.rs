//! Calls that use up what they send: one is made again only if nothing of it has left.

use std::time::Duration;

use aws_sdk_sts::config::interceptors::InterceptorContext;
use aws_sdk_sts::config::retry::{ClassifyRetry, RetryAction};
use aws_smithy_types::timeout::TimeoutConfig;

use super::timeouts;

/// Makes again what has not left, and nothing else: an answer that was lost was an answer.
#[derive(Debug)]
pub(super) struct Unsent;

impl ClassifyRetry for Unsent {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        match context.output_or_error() {
            Some(Err(error)) if error.as_connector_error().is_some_and(|error| is_of_connecting(error)) => {
                RetryAction::transient_error()
            }
            Some(Err(_)) => RetryAction::RetryForbidden,
            _ => RetryAction::NoActionIndicated,
        }
    }

    fn name(&self) -> &'static str {
        "what has not left"
    }
}

/// An attempt that is cut off has used it up: it is waited for as long as the whole call.
pub(super) fn patient() -> TimeoutConfig {
    timeouts().to_builder().operation_attempt_timeout(Duration::from_secs(25)).build()
}

/// What is at the bottom of an error, in its own words.
pub fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    std::iter::successors(Some(error), |error| error.source()).last().unwrap_or(error).to_string()
}

/// The SDK itself does not tell (`ConnectionStatus` is private), so its HTTP client is asked.
pub fn is_of_connecting(error: &(dyn std::error::Error + 'static)) -> bool {
    std::iter::successors(Some(error), |error| error.source())
        .filter_map(|error| error.downcast_ref::<hyper_util::client::legacy::Error>())
        .any(|error| error.is_connect())
}
