//! A profile (or an `.awsenv`) → how its credentials are got: pure, no I/O; errors name the path.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sha2::{Digest, Sha256};

use crate::credentials::Credentials;
use crate::env::Env;
use crate::files::{self, Stamp};
use crate::limits;
use crate::secret::Secret;

mod metadata;
mod pkcs11_uri;
mod resolve;
mod settle;
mod signing_helper;
mod sources;
mod steps;

pub use metadata::{Container, ContainerToken, Instance};
pub use pkcs11_uri::{Pkcs11Uri, SCHEME as PKCS11};
pub use resolve::{as_written, resolve, source_keys};
pub use settle::settle;
pub use sources::portal;
pub use steps::{Call, Step, path, steps};

/// How credentials are got: from one source, then each role assumed on top, in order.
#[derive(Clone, Debug)]
pub struct RoleChain {
    /// What people call it: the profile; `role@account` for `[sso]`; the key's or the role's name.
    pub name: String,
    /// Where the first credentials come from.
    pub source: Source,
    /// Who decided on the source.
    pub origin: Origin,
    /// GetSessionToken between the source's long-lived keys and the first role, so that one MFA code serves
    /// every role behind the same device.
    pub session_token: Option<SessionToken>,
    /// Assumed one on top of the other.
    pub roles: Vec<Role>,
    /// The region of the profile that was asked for, until files and environment have had their say.
    pub region: Option<String>,
    /// The region of the profile that holds the source. GetSessionToken is called there, whoever asks, so that
    /// profiles of different regions share one session.
    pub source_region: Option<String>,
    /// What was decided and may surprise: a duration capped, a key shadowed. One line each.
    pub notes: Vec<String>,
}

/// One call on the way, after the source.
#[derive(Clone, Copy, Debug)]
pub enum Hop<'a> {
    /// GetSessionToken.
    Session(&'a SessionToken),
    /// AssumeRole.
    Role(&'a Role),
}

impl RoleChain {
    /// The calls of STS, in the order in which they are made.
    pub fn hops(&self) -> Vec<Hop<'_>> {
        let session = self.session_token.iter().map(Hop::Session);
        session.chain(self.roles.iter().map(Hop::Role)).collect()
    }
}

impl Hop<'_> {
    /// The MFA device that the call presents.
    pub fn mfa_serial(&self) -> Option<&str> {
        match self {
            Self::Session(session) => session.mfa_serial.as_deref(),
            Self::Role(role) => role.mfa_serial.as_deref(),
        }
    }

    /// The command that prints a code of it.
    pub fn mfa_process(&self) -> Option<&Secret> {
        match self {
            Self::Session(session) => session.mfa_process.as_ref(),
            Self::Role(role) => role.mfa_process.as_ref(),
        }
    }
}

/// Who decided on a step: for `explain` and for errors.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// The profile; none for an `.awsenv`'s own source.
    pub profile: Option<String>,
    /// `PATH:LINE` of the setting.
    pub decided_by: Option<String>,
}

/// What is wanted of a chain beyond what the files say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The session length of the last hop, instead of the files'.
    pub duration: Option<Duration>,
    /// The session length of GetSessionToken, if it may be called (`--no-session`: it may not).
    pub session: Option<Duration>,
}

impl Default for Asked {
    fn default() -> Self {
        Self { duration: None, session: Some(limits::KEY_SESSION) }
    }
}

/// Where a chain's first credentials come from.
#[derive(Clone, Debug)]
pub enum Source {
    /// Long-lived or temporary keys written in the AWS files, under this profile.
    Keys {
        /// The profile that holds them.
        profile: String,
        /// The keys.
        credentials: Credentials,
    },
    /// Keys in the user's own environment (`credential_source = Environment`).
    Environment(Credentials),
    /// Long-lived keys in the OS keychain under this name.
    Keychain {
        /// The key's name.
        name: String,
        /// Which keys: others under the same name are not these.
        access_key_id: String,
        /// Their account, as AWS said when they were added.
        account: Option<String>,
    },
    /// IAM Identity Center.
    Sso(Sso),
    /// `credential_process`: the words are split by who runs it, and never shown.
    Process {
        /// The profile it stands in.
        profile: String,
        /// The command line as written.
        command: Secret,
        /// `aws_account_id`, where the profile says it.
        account: Option<String>,
        /// Where it is run.
        surroundings: Surroundings,
    },
    /// AssumeRoleWithWebIdentity; the role is part of the source.
    WebIdentity {
        /// Where the token comes from.
        token: WebIdentityToken,
        /// The role it is exchanged for.
        role: Box<Role>,
    },
    /// IMDSv2.
    Ec2Metadata(Instance),
    /// The container credentials endpoint.
    Container(Container),
    /// `aws login`'s session.
    Login {
        /// `login_session`: the identity's ARN.
        session_arn: String,
    },
    /// IAM Roles Anywhere.
    RolesAnywhere(RolesAnywhere),
}

/// A role in an account, by way of an IAM Identity Center sign-in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sso {
    /// Where one signs in.
    pub portal: Portal,
    /// Twelve digits.
    pub account: String,
    /// The permission set's role name.
    pub role: String,
}

/// An access portal of IAM Identity Center: one sign-in serves all its accounts and roles.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Portal {
    /// The name of the `[sso-session]`; none for legacy profiles, and for an inline `[sso]` of which the config has
    /// none.
    pub session: Option<String>,
    /// Its address.
    pub start_url: String,
    /// Where the sign-in and the portal live.
    pub region: String,
    /// Scopes to register with, as written; none: the usual one.
    pub scopes: Vec<String>,
    /// Whether its token is renewed: no AWS client does that for a legacy profile.
    pub refreshes: bool,
}

impl Portal {
    /// What people call it.
    pub fn label(&self) -> &str {
        self.session.as_deref().unwrap_or(&self.start_url)
    }
}

/// Where a web identity token comes from.
#[derive(Clone, Debug)]
pub enum WebIdentityToken {
    /// Read again at each renewal.
    File(PathBuf),
    /// aws-vault's `web_identity_token_process`, and where it is run.
    Process(Secret, Surroundings),
}

/// A digest of what steers AWS clients in the user's environment: in other surroundings, the same program may print
/// somebody else's credentials.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Surroundings(String);

impl Surroundings {
    /// Of a program that is started in this environment.
    pub fn of(original: &Env) -> Self {
        // They change how something is shown, or nothing.
        const NOISE: [&[u8]; 4] =
            [b"AWS_PAGER", b"AWS_DEFAULT_OUTPUT", b"AWS_CLI_AUTO_PROMPT", b"AWS_EXECUTION_ENV"];
        let mut sha = Sha256::new();
        for (name, value) in original.iter() {
            let (name, value) = (name.as_encoded_bytes(), value.as_encoded_bytes());
            if name == b"HOME" || name.starts_with(b"AWS_") && !NOISE.contains(&name) {
                for field in [name, value] {
                    sha.update((field.len() as u64).to_le_bytes());
                    sha.update(field);
                }
            }
        }
        Self(files::hex(&sha.finalize()))
    }

    /// The digest.
    pub fn digest(&self) -> &str {
        &self.0
    }
}

/// An X.509 certificate exchanged for a role.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RolesAnywhere {
    /// The trust anchor; its region is the call's.
    pub trust_anchor_arn: String,
    /// The Roles Anywhere profile.
    pub profile_arn: String,
    /// The role.
    pub role_arn: String,
    /// PEM, possibly with its chain, or PKCS#12; or on a token.
    pub certificate: Held,
    /// PEM or PKCS#12, or on a token; it may be where the certificate is.
    pub private_key: Held,
    /// PEM: the CA certificates between the certificate and the trust anchor.
    pub intermediates: Option<PathBuf>,
    /// How the session is called in CloudTrail, where the Roles Anywhere profile lets one say so.
    pub session_name: Option<String>,
    /// The asked-for session length.
    pub duration: Option<Duration>,
    /// What opens the key, where the user's own files say it (`--pkcs8-password`).
    pub password: Option<Secret>,
    /// Where AWS is reached instead (`--endpoint`).
    pub endpoint: Option<String>,
    /// Who says which library speaks to a token.
    pub said_by: SaidBy,
    /// Where the fingerprint of a certificate on a token is noted: a prompt asks no token.
    pub noted: Option<PathBuf>,
    /// The files as they were when this was resolved. They stand for what is in them: a prompt reads no certificate.
    pub stamps: Vec<Option<Stamp>>,
}

impl RolesAnywhere {
    /// All files that are read at each renewal.
    pub fn files(&self) -> impl Iterator<Item = &Path> {
        let held = [&self.certificate, &self.private_key].into_iter().filter_map(Held::file);
        held.chain(self.noted.as_deref()).chain(self.intermediates.as_deref())
    }

    /// Where the call is made: the trust anchor's region.
    pub fn region(&self) -> &str {
        self.trust_anchor_arn.split(':').nth(3).unwrap_or_default()
    }
}

/// Where a certificate or its private key is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Held {
    /// In a file.
    File(PathBuf),
    /// On a PKCS#11 token.
    Token(Box<Pkcs11Uri>),
}

impl Held {
    /// Its file, if it is in one.
    pub fn file(&self) -> Option<&Path> {
        match self {
            Self::File(path) => Some(path),
            Self::Token(_) => None,
        }
    }

    /// Its URI, if it is on a token.
    pub fn token(&self) -> Option<&Pkcs11Uri> {
        match self {
            Self::File(_) => None,
            Self::Token(uri) => Some(uri),
        }
    }

    /// As part of a name: two that are not the same place differ in it.
    pub fn identity(&self) -> Cow<'_, str> {
        match self {
            Self::File(path) => path.to_string_lossy(),
            Self::Token(uri) => uri.identity().into(),
        }
    }
}

impl Default for Held {
    fn default() -> Self {
        Self::File(PathBuf::new())
    }
}

impl<P: AsRef<Path>> From<P> for Held {
    fn from(path: P) -> Self {
        Self::File(path.as_ref().to_owned())
    }
}

/// Whose file names a certificate: a library that is loaded is code that runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SaidBy {
    /// A directory's, which others may have written: libraries of the system alone.
    #[default]
    Directory,
    /// The user's own AWS files.
    User,
}

/// GetSessionToken.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SessionToken {
    /// The MFA device to present, if any.
    pub mfa_serial: Option<String>,
    /// A command that prints the code (aws-vault's `mfa_process`); it may hold a seed, so it does not print.
    pub mfa_process: Option<Secret>,
    /// The asked-for length.
    pub duration: Option<Duration>,
    /// Whose device it is.
    pub origin: Origin,
}

/// AssumeRole, with everything that may go into the call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Role {
    /// The profile that says so; none for a `[[role]]`.
    pub profile: Option<String>,
    /// The role.
    pub arn: String,
    /// Agreed with the role's owner.
    pub external_id: Option<String>,
    /// How the session is called in CloudTrail; who calls makes one from user and host if none.
    pub session_name: Option<String>,
    /// The asked-for length, already capped where AWS caps it.
    pub duration: Option<Duration>,
    /// The MFA device AssumeRole itself must present; none when a [`SessionToken`] in front carries it.
    pub mfa_serial: Option<String>,
    /// A command that prints the code (aws-vault's `mfa_process`); it may hold a seed, so it does not print.
    pub mfa_process: Option<Secret>,
    /// `PATH:LINE` of `mfa_serial`.
    pub mfa_decided_by: Option<String>,
    /// Kept through the whole chain.
    pub source_identity: Option<String>,
    /// Session tags.
    pub tags: BTreeMap<String, String>,
    /// Those of the tags that live on in further hops.
    pub transitive_tags: Vec<String>,
    /// An inline session policy, JSON.
    pub policy: Option<String>,
    /// Managed session policies.
    pub policy_arns: Vec<String>,
    /// `PATH:LINE` of `role_arn`.
    pub decided_by: Option<String>,
}

impl Role {
    /// What people call it: the last part of its ARN.
    pub fn name(&self) -> &str {
        self.arn.rsplit('/').next().unwrap_or_default()
    }
}

/// The role that the credentials are of which the chain ends in, by name; none where they are a user's.
pub fn role_name(chain: &RoleChain) -> Option<&str> {
    match (chain.roles.last(), &chain.source) {
        (Some(role), _) => Some(role.name()),
        (None, Source::Sso(sso)) => Some(&sso.role),
        (None, Source::WebIdentity { role, .. }) => Some(role.name()),
        (None, Source::RolesAnywhere(source)) => source.role_arn.rsplit('/').next(),
        (None, _) => None,
    }
}

/// The account of the credentials that the chain ends in, where that is known without a call.
pub fn known_account(chain: &RoleChain) -> Option<String> {
    if let Some(role) = chain.roles.last() {
        return account_of(&role.arn);
    }
    match &chain.source {
        Source::Keys { credentials, .. } | Source::Environment(credentials) => credentials.account.clone(),
        Source::Sso(sso) => Some(sso.account.clone()),
        Source::Process { account, .. } => account.clone(),
        Source::WebIdentity { role, .. } => account_of(&role.arn),
        Source::Login { session_arn } => account_of(session_arn),
        Source::RolesAnywhere(source) => account_of(&source.role_arn),
        Source::Keychain { account, .. } => account.clone(),
        Source::Ec2Metadata(_) | Source::Container(_) => None,
    }
}

/// The same, where nobody but AWS says it: keys in a file and a process only claim whose they are.
pub fn sure_account(chain: &RoleChain) -> Option<String> {
    let claims =
        matches!(chain.source, Source::Keys { .. } | Source::Environment(_) | Source::Process { .. });
    if claims && chain.roles.is_empty() { None } else { known_account(chain) }
}

/// The account that an ARN names.
pub fn account_of(arn: &str) -> Option<String> {
    let account = arn.split(':').nth(4)?;
    limits::account(account).is_ok().then(|| account.to_owned())
}
