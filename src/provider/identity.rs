//! GetCallerIdentity: whose credentials these are, where nothing else can say.

use super::error::explain;
use super::runtime;
use crate::aws::Aws;
use crate::credentials::Credentials;
use crate::message::Failure;

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
    let client = aws.sts(region, Some(credentials))?;
    let answer = runtime()?
        .block_on(client.get_caller_identity().send())
        .map_err(|error| explain("GetCallerIdentity", error))?;
    match (answer.account, answer.arn) {
        (Some(account), Some(arn)) => Ok(Identity { account, arn }),
        (None, _) => Err(Failure::new("the answer to GetCallerIdentity lacks its account").into()),
        (_, None) => Err(Failure::new("the answer to GetCallerIdentity lacks its ARN").into()),
    }
}
