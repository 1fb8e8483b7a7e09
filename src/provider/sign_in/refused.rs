//! Why there is no token, in the words of RFC 6749 and RFC 8628, and of the service behind `aws login`.

use aws_sdk_ssooidc::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use serde::Deserialize;

use super::super::error::explain;
use crate::message::{Exit, Failure, shown};

/// Why there is no token.
#[derive(Debug)]
pub(in crate::provider) enum Refused {
    /// The service says no, in a word of the RFCs.
    Rfc { code: String, description: String },
    /// It says no, in other words.
    Unworded(anyhow::Error),
    /// It could not be asked, or what came is no answer of its.
    Other(anyhow::Error),
}

/// What RFC 6749, 4.1.2.1, lets come back instead of a code.
pub(in crate::provider) fn by_browser(error: &str, description: &str) -> Failure {
    let failure = Failure::new(match (error, description) {
        ("access_denied", _) => "the sign-in was refused in the browser".to_owned(),
        (error, "") => format!("the sign-in failed: {error}"),
        (error, description) => format!("the sign-in failed: {error}: {description}"),
    });
    failure.hint("run `awsenv login` again, with --fresh if it comes to the same").exit(Exit::PersonNeeded)
}

impl Refused {
    /// Whether the service has answered.
    pub(in crate::provider) fn is_answer(&self) -> bool {
        !matches!(self, Self::Other(_))
    }

    /// As a failure of the call.
    pub(in crate::provider) fn failure(self, call: &str) -> anyhow::Error {
        match self {
            Self::Rfc { code, description } => Failure::new(format!("{call}: {code}: {description}")).into(),
            Self::Unworded(error) | Self::Other(error) => error,
        }
    }
}

/// RFC 6749, 5.2.
#[derive(Deserialize)]
struct Body {
    error: String,
    error_description: Option<String>,
    /// What the service behind `aws login` has in its place.
    message: Option<String>,
}

/// A failed call, in the service's own words where it has some.
pub(in crate::provider) fn refused<E>(call: &str, error: SdkError<E, HttpResponse>) -> Refused
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let of_the_service = matches!(error, SdkError::ServiceError(_));
    let body = error.raw_response().filter(|_| of_the_service).and_then(|response| response.body().bytes());
    match body.and_then(|bytes| serde_json::from_slice::<Body>(bytes).ok()) {
        Some(Body { error, error_description, message }) => {
            let description =
                error_description.filter(|text| !text.is_empty()).or(message).unwrap_or_default();
            Refused::Rfc { code: shown(&error), description: shown(&description) }
        }
        None => {
            let is_answer = of_the_service && error.code().is_some();
            let failure = explain(call, error).into();
            if is_answer { Refused::Unworded(failure) } else { Refused::Other(failure) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_that_is_null_is_none() {
        for text in [
            r#"{"error": "x", "message": null}"#,
            r#"{"error": "x", "error_description": null, "message": "y"}"#,
            r#"{"error": "x"}"#,
        ] {
            assert_eq!(serde_json::from_str::<Body>(text).unwrap().error, "x", "{text}");
        }
    }
}
