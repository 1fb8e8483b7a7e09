//! The console's federation endpoint: its one call that is not a browser's. No SDK has it.

use aws_smithy_runtime_api::client::orchestrator::{HttpResponse, OrchestratorError};
use aws_smithy_types::error::ErrorMetadata;

use super::Aws;
use super::door::{Door, Post, Posted};

impl Aws<'_> {
    /// Posts to it. `origin`: scheme, host and port; `region`: for the log.
    pub async fn federation(&self, origin: &str, region: &str, post: Post) -> anyhow::Result<Posted> {
        let door = Door {
            service: "Federation",
            url: origin.to_owned(),
            region: region.to_owned(),
            attempts: self.attempts(3),
            http: self.http(Some(origin))?,
        };
        Ok(door.post(post, answer).await)
    }
}

/// A refusal is a page for people: its status is all that is heard of it.
fn answer(response: &HttpResponse) -> Result<Vec<u8>, OrchestratorError<ErrorMetadata>> {
    match response.status().is_success() {
        true => Ok(response.body().bytes().unwrap_or_default().to_vec()),
        false => Err(OrchestratorError::operation(ErrorMetadata::builder().build())),
    }
}
