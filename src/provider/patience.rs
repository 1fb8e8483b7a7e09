//! What one part of AWS has created, another knows only after a while ("eventual consistency", IAM User Guide).

use std::time::Duration;

use aws_sdk_sts::error::{ProvideErrorMetadata, SdkError};

/// Calls again while AWS does not know the access key that signs, a minute at most.
pub(super) async fn until_known<T, E, R>(
    call: impl AsyncFn() -> Result<T, SdkError<E, R>>,
) -> Result<T, SdkError<E, R>>
where
    E: ProvideErrorMetadata,
{
    for pause in pauses() {
        match call().await {
            Err(SdkError::ServiceError(context)) if context.err().code() == Some("InvalidClientTokenId") => {
                tokio::time::sleep(pause).await;
            }
            answer => return answer,
        }
    }
    call().await
}

/// From a quarter of a second to eight.
pub(super) fn pauses() -> impl Iterator<Item = Duration> {
    (0..11).map(|tried| Duration::from_millis((250 << tried).min(8000)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_waits_for_a_minute() {
        let all: Duration = pauses().sum();
        assert!((55..=65).contains(&all.as_secs()), "{all:?}");
    }
}
