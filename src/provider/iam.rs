//! The calls of AWS IAM (API version 2010-05-08) that rotate one's own keys. No user is named in them: IAM takes the
//! one who signs.

use aws_sdk_iam::Client;
use aws_sdk_iam::config::Builder;
use aws_sdk_iam::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_iam::types::StatusType;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_types::DateTime;
use aws_smithy_types::retry::RetryConfig;
use tokio::runtime::Runtime;

use super::error::explain;
use super::patience::{pauses, until_known};
use super::runtime;
use crate::aws::Aws;
use crate::clock::Timestamp;
use crate::credentials::Credentials;
use crate::keychain::Keys;
use crate::message::Failure;
use crate::secret::Secret;

/// IAM, for one signer.
#[derive(Debug)]
pub struct Iam {
    runtime: Runtime,
    client: Client,
    /// The key that stays: a list without it is not to be believed.
    own: String,
}

/// One of the at most two access keys of a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessKey {
    /// `AKIA…`
    pub id: String,
    /// Whether AWS honours it.
    pub is_active: bool,
    /// Since when there is one.
    pub created: Timestamp,
}

/// Why there is no new key.
#[derive(Debug)]
pub struct NotCreated {
    /// In AWS's words.
    pub why: Failure,
    /// Nobody knows: there may be one, whose secret nobody has.
    pub is_in_doubt: bool,
}

impl Iam {
    /// Signs with these credentials: the key `own` itself, or a session of its user with the mark of MFA; IAM refuses
    /// other sessions.
    pub fn new(own: &str, signer: &Credentials, region: &str, aws: &Aws<'_>) -> anyhow::Result<Self> {
        Ok(Self { runtime: runtime()?, client: aws.iam(region, signer)?, own: own.to_owned() })
    }

    /// ListAccessKeys.
    pub fn access_keys(&self) -> anyhow::Result<Vec<AccessKey>> {
        let lacks_own = || Failure::new(format!("the answer to ListAccessKeys lacks {}", self.own));
        Ok(self.listed()?.ok_or_else(lacks_own)?)
    }

    /// `None`: a list without our own key.
    fn listed(&self) -> anyhow::Result<Option<Vec<AccessKey>>> {
        let call = self.client.list_access_keys();
        let answer = self.runtime.block_on(until_known(async || call.clone().send().await));
        let answer = answer.map_err(|error| explained("ListAccessKeys", error))?;
        let key = |key: &aws_sdk_iam::types::AccessKeyMetadata| {
            Some(AccessKey {
                id: key.access_key_id.clone()?,
                is_active: key.status == Some(StatusType::Active),
                created: instant(key.create_date.as_ref()?)?,
            })
        };
        let keys: Option<Vec<_>> = answer.access_key_metadata.iter().map(key).collect();
        let keys =
            keys.ok_or_else(|| Failure::new("the answer to ListAccessKeys lacks a key's id or date"))?;
        Ok(Some(keys).filter(|keys| keys.iter().any(|key| key.id == self.own)))
    }

    /// GetAccessKeyLastUsed: when, and for which service; `None`: never.
    pub fn last_used(&self, id: &str) -> anyhow::Result<Option<(Timestamp, String)>> {
        let call = self.client.get_access_key_last_used().access_key_id(id);
        let answer =
            self.runtime.block_on(call.send()).map_err(|error| explained("GetAccessKeyLastUsed", error))?;
        let used = answer.access_key_last_used;
        Ok(used.and_then(|used| Some((instant(used.last_used_date.as_ref()?)?, used.service_name))))
    }

    /// CreateAccessKey. Sent once: a second try would make a second key, whose secret alone would come back.
    pub fn create(&self) -> Result<Keys, NotCreated> {
        let once = Builder::new().retry_config(RetryConfig::disabled());
        let call = self.client.create_access_key().customize().config_override(once);
        let answer = self.runtime.block_on(call.send()).map_err(|error| {
            let is_in_doubt = may_have_happened(&error);
            NotCreated { why: explained("CreateAccessKey", error), is_in_doubt }
        })?;
        let no_key = |why: String| NotCreated {
            why: Failure::new(format!("the answer to CreateAccessKey: {why}")),
            is_in_doubt: true,
        };
        let created = answer.access_key.ok_or_else(|| no_key("it lacks the key".into()))?;
        let secret = Secret::new(created.secret_access_key);
        Keys::new(&created.access_key_id, secret).map_err(no_key)
    }

    /// UpdateAccessKey: AWS honours the key no more, and could again. A key that is gone is fine.
    pub fn deactivate(&self, id: &str) -> anyhow::Result<()> {
        let call = self.client.update_access_key().access_key_id(id).status(StatusType::Inactive);
        let is_done = |key: &AccessKey| key.id != id || !key.is_active;
        self.until_all("UpdateAccessKey", is_done, async || call.clone().send().await)
    }

    /// DeleteAccessKey. A key that is gone is fine.
    pub fn delete(&self, id: &str) -> anyhow::Result<()> {
        let call = self.client.delete_access_key().access_key_id(id);
        self.until_all("DeleteAccessKey", |key| key.id != id, async || call.clone().send().await)
    }

    /// Calls until AWS lists the keys so. There is nothing to read in the answers to these calls, so that any page
    /// of any proxy would pass for one.
    fn until_all<T, E>(
        &self,
        name: &str,
        is_done: impl Fn(&AccessKey) -> bool,
        call: impl AsyncFn() -> Result<T, SdkError<E, HttpResponse>>,
    ) -> anyhow::Result<()>
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        for pause in pauses() {
            match self.runtime.block_on(until_known(&call)) {
                Err(error) if code(&error) != Some("NoSuchEntity") => {
                    return Err(explained(name, error).into());
                }
                _ if self.listed()?.is_some_and(|keys| keys.iter().all(&is_done)) => return Ok(()),
                _ => self.runtime.block_on(async { tokio::time::sleep(pause).await }),
            }
        }
        Err(Failure::new(format!("{name}: it was called, and AWS lists the key as before")).into())
    }
}

/// Whether a call that failed may have had its effect all the same.
fn may_have_happened<E>(error: &SdkError<E, HttpResponse>) -> bool {
    match error {
        SdkError::ServiceError(context) => !context.raw().status().is_client_error(),
        SdkError::ConstructionFailure(_) => false,
        _ => true,
    }
}

/// As [`explain`] does, with a hint that is about IAM.
fn explained<E>(call: &str, error: SdkError<E, HttpResponse>) -> Failure
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let is_denied =
        matches!(&error, SdkError::ServiceError(context) if context.err().code() == Some("AccessDenied"));
    let failure = explain(call, error);
    match is_denied {
        true => failure.hint(format!(
            "your policies must allow iam:{call} on your own user; if they ask for MFA, the keys need their device: \
             `awsenv key add NAME --replace --mfa-serial ARN`"
        )),
        false => failure,
    }
}

/// AWS's code of a refusal.
fn code<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> Option<&str> {
    error.as_service_error()?.code()
}

fn instant(date: &DateTime) -> Option<Timestamp> {
    Timestamp::from_second(date.secs()).ok()
}
