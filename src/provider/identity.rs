//! GetCallerIdentity: whose credentials these are, where nothing else can say.

use super::error::explain;
use super::runtime;
use crate::aws::Aws;
use crate::credentials::Credentials;
use crate::message::Failure;

/// The account of these credentials, asked of AWS.
pub fn account(credentials: &Credentials, region: &str, aws: &Aws<'_>) -> anyhow::Result<String> {
    let client = aws.sts(region, Some(credentials))?;
    let answer = runtime()?
        .block_on(client.get_caller_identity().send())
        .map_err(|error| explain("GetCallerIdentity", error))?;
    answer.account.ok_or_else(|| Failure::new("the answer to GetCallerIdentity lacks its account").into())
}
