//! What a directory wants in the environment: a handful of variables over what was there.

use std::collections::BTreeMap;
use std::ffi::OsString;

use super::variables::is_cleared;
use crate::clock;
use crate::credentials::{Credentials, Expiry};
use crate::env::Env;
use crate::secret::Secret;

/// Where an endpoint is asked.
pub const ENDPOINT: &str = "AWS_CONTAINER_CREDENTIALS_FULL_URI";

/// Variables to set (`Some`) and to take away (`None`), over the original environment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted(pub BTreeMap<String, Option<OsString>>);

/// Credentials and all that goes with them.
#[derive(Debug)]
pub struct Provided<'a> {
    /// The display name.
    pub name: &'a str,
    /// How programs get them.
    pub delivery: Delivery<'a>,
    /// The account, where known.
    pub account: Option<&'a str>,
    /// The region that was decided on.
    pub region: Option<&'a str>,
    /// The profile's settings as variables; the user's own win, as in every SDK.
    pub settings: &'a [(String, String)],
    /// The setting `label = "aws-vault"`.
    pub aws_vault_label: bool,
}

/// How programs get credentials.
#[derive(Clone, Copy, Debug)]
pub enum Delivery<'a> {
    /// The keys themselves are in the environment.
    Keys(&'a Credentials),
    /// They are asked for, as often as a program likes.
    Endpoint {
        /// Where.
        uri: &'a str,
        /// With what.
        token: &'a Secret,
        /// The end of what is kept, for the prompt.
        expiry: Option<Expiry>,
    },
    /// By a profile, whose process gives them.
    Profile {
        /// Its name.
        name: &'a str,
        /// Their end, for the prompt.
        expiry: Option<Expiry>,
    },
}

impl Wanted {
    /// Credentials, or the way to them. Never keys and AWS_PROFILE together: SDKs disagree on which wins.
    pub fn provided(provided: &Provided<'_>, original: &Env) -> Self {
        let mut wanted = Self::without_identity(original);
        match provided.delivery {
            Delivery::Keys(credentials) => wanted.keys(credentials, original),
            Delivery::Endpoint { uri, token, expiry } => {
                wanted.expiration(expiry);
                wanted.set(ENDPOINT, uri);
                wanted.set("AWS_CONTAINER_AUTHORIZATION_TOKEN", token.expose());
                // Where an endpoint gives nothing, SDKs go on to the machine's own role.
                wanted.set("AWS_EC2_METADATA_DISABLED", "true");
            }
            Delivery::Profile { name, expiry } => {
                wanted.set("AWS_PROFILE", name);
                wanted.set("AWS_EC2_METADATA_DISABLED", "true");
                wanted.expiration(expiry);
            }
        }
        for (name, value) in provided.settings.iter().filter(|(name, _)| original.text(name).is_none()) {
            wanted.set(name, value);
        }
        wanted.region(provided.region);
        wanted.set("AWSENV_PROFILE", provided.name);
        if let Some(account) = provided.account {
            wanted.set("AWSENV_ACCOUNT", account);
        }
        if provided.aws_vault_label {
            wanted.set("AWS_VAULT", provided.name);
        }
        wanted
    }

    /// For the prompt of a shell that no hook of ours serves.
    pub fn protected(&mut self) {
        self.set("AWSENV_PROTECTED", "true");
    }

    /// For prompts, which compare numbers.
    fn expiration(&mut self, expiry: Option<Expiry>) {
        if let Some(Expiry(end)) = expiry {
            self.set("AWSENV_EXPIRATION", end.as_second().to_string());
        }
    }

    fn keys(&mut self, credentials: &Credentials, original: &Env) {
        self.set("AWS_ACCESS_KEY_ID", &credentials.access_key_id);
        self.set("AWS_SECRET_ACCESS_KEY", credentials.secret_access_key.expose());
        if let Some(token) = &credentials.session_token {
            self.set("AWS_SESSION_TOKEN", token.expose());
        }
        if let Some(expiry) = credentials.expiry {
            self.set("AWS_CREDENTIAL_EXPIRATION", clock::rfc3339(expiry.0));
        }
        self.expiration(credentials.expiry);
        // As it is, and thereby remembered: the hook sets it when no answer comes.
        if let Some(value) = original.get("AWS_EC2_METADATA_DISABLED") {
            self.set("AWS_EC2_METADATA_DISABLED", value);
        }
    }

    /// No identity at all: the sentence is the name of a profile that no config holds, so that no SDK picks
    /// another one, and most show it.
    pub fn fail_closed(sentence: &str, original: &Env) -> Self {
        let mut wanted = Self::without_identity(original);
        wanted.set("AWS_PROFILE", sentence);
        wanted.set("AWS_EC2_METADATA_DISABLED", "true");
        wanted
    }

    /// A region for SDKs and for boto3, which reads only the older name.
    pub fn region(&mut self, region: Option<&str>) {
        if let Some(region) = region {
            self.set("AWS_REGION", region);
            self.set("AWS_DEFAULT_REGION", region);
        }
    }

    /// The `[env]` table.
    pub fn plain(&mut self, variables: &BTreeMap<String, String>) {
        for (name, value) in variables {
            self.set(name, value);
        }
    }

    /// The environment with this over it.
    pub fn over(&self, original: Env) -> Env {
        let mut env = original;
        for (name, value) in &self.0 {
            match value {
                Some(value) => env.set(name, value),
                None => drop(env.unset(name)),
            }
        }
        env
    }

    /// Whether it decides who one is.
    pub fn decides_identity(&self) -> bool {
        ["AWS_ACCESS_KEY_ID", "AWS_PROFILE", ENDPOINT]
            .iter()
            .any(|name| matches!(self.0.get(*name), Some(Some(_))))
    }

    fn without_identity(original: &Env) -> Self {
        let names = original.iter().filter_map(|(name, _)| name.to_str()).filter(|name| is_cleared(name));
        Self(names.map(|name| (name.to_owned(), None)).collect())
    }

    fn set(&mut self, name: &str, value: impl Into<OsString>) {
        self.0.insert(name.to_owned(), Some(value.into()));
    }
}
