//! Calls that no SDK has. They go the way of all others: retries, timeouts, proxy, certificates, log.

use aws_runtime::retries::classifiers::AwsErrorCodeClassifier;
use aws_sdk_sts::error::SdkError;
use aws_smithy_runtime::client::orchestrator::operation::Operation;
use aws_smithy_runtime::client::retries::classifiers::{HttpStatusCodeClassifier, TransientErrorClassifier};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse, OrchestratorError};
use aws_smithy_runtime_api::http::Request;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::error::ErrorMetadata;
use aws_smithy_types::retry::RetryConfig;

use super::attempts::Attempts;
use super::timeouts;
use crate::secret::Secret;

/// A service, and where it is reached.
pub(super) struct Door {
    pub(super) service: &'static str,
    pub(super) url: String,
    pub(super) region: String,
    pub(super) attempts: u32,
    pub(super) http: SharedHttpClient,
}

/// What is sent.
#[derive(Debug)]
pub struct Post {
    /// What AWS calls it.
    pub call: &'static str,
    /// Below the endpoint, with the query if there is one.
    pub target: String,
    /// All but those that every request has.
    pub headers: Vec<(&'static str, String)>,
    /// It may hold keys.
    pub body: Secret,
}

/// What an answer comes to.
pub(super) type Read = fn(&HttpResponse) -> Result<Vec<u8>, OrchestratorError<ErrorMetadata>>;

/// The answer's body, or why there is none.
pub(super) type Posted = Result<Vec<u8>, SdkError<ErrorMetadata, HttpResponse>>;

impl Door {
    pub(super) async fn post(&self, post: Post, read: Read) -> Posted {
        let operation = Operation::builder()
            .service_name(self.service)
            .operation_name(post.call)
            .behavior_version(BehaviorVersion::latest())
            .http_client(self.http.clone())
            .endpoint_url(&self.url)
            .no_auth()
            .standard_retry(&RetryConfig::standard().with_max_attempts(self.attempts))
            .retry_classifier(HttpStatusCodeClassifier::default())
            .retry_classifier(TransientErrorClassifier::<ErrorMetadata>::new())
            .retry_classifier(AwsErrorCodeClassifier::<ErrorMetadata>::new())
            .timeout_config(timeouts())
            .interceptor(Attempts::to(&self.region))
            .serializer(|post: Post| request(&post))
            .deserializer(read)
            .build();
        operation.invoke(post).await
    }
}

fn request(post: &Post) -> Result<HttpRequest, BoxError> {
    let mut request = Request::new(SdkBody::from(post.body.expose()));
    request.set_method("POST")?;
    request.headers_mut().try_insert("user-agent", concat!("awsenv/", env!("CARGO_PKG_VERSION")))?;
    request.set_uri(post.target.clone())?;
    for (name, value) in &post.headers {
        request.headers_mut().try_insert(*name, value.clone())?;
    }
    Ok(request)
}
