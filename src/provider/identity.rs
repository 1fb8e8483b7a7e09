//! GetCallerIdentity: whose credentials these are, where nothing else can say.

use aws_sdk_sts::error::SdkError;
use aws_sdk_sts::operation::get_caller_identity::{GetCallerIdentityError, GetCallerIdentityOutput};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;

use super::error::explain;
use super::patience::until_known;
use super::{lacks, runtime};
use crate::aws::Aws;
use crate::credentials::Credentials;

/// Who signs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Twelve digits.
    pub account: String,
    /// Of the user or the role's session.
    pub arn: String,
}

/// Whose credentials these are, asked of AWS.
pub fn identity(credentials: &Credentials, region: &str, aws: &Aws<'_>) -> anyhow::Result<Identity> {
    let call = aws.sts(region, Some(credentials))?.get_caller_identity();
    named(runtime()?.block_on(call.send()))
}

/// The same of keys that were created a moment ago.
pub fn identity_of_new(credentials: &Credentials, region: &str, aws: &Aws<'_>) -> anyhow::Result<Identity> {
    let call = aws.sts(region, Some(credentials))?.get_caller_identity();
    named(runtime()?.block_on(until_known(async || call.clone().send().await)))
}

fn named(
    answer: Result<GetCallerIdentityOutput, SdkError<GetCallerIdentityError, HttpResponse>>,
) -> anyhow::Result<Identity> {
    let answer = answer.map_err(|error| explain("GetCallerIdentity", error))?;
    match (answer.account, answer.arn) {
        (Some(account), Some(arn)) => Ok(Identity { account, arn }),
        (None, _) => Err(lacks("GetCallerIdentity", "account").into()),
        (_, None) => Err(lacks("GetCallerIdentity", "ARN").into()),
    }
}
