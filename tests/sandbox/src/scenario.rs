//! Who exists in the sandbox, and who may do what. Written in code, or as JSON for the binary.

use serde::Deserialize;

/// Everybody.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Scenario {
    /// IAM users with long-lived keys.
    pub users: Vec<User>,
    /// IAM roles.
    pub roles: Vec<Role>,
    /// IAM Identity Center.
    pub portal: Option<Portal>,
    /// IAM Roles Anywhere: the CAs that are believed.
    pub anchors: Vec<Anchor>,
    /// IAM Roles Anywhere: what its sessions may be.
    pub anywhere_profiles: Vec<AnywhereProfile>,
    /// The machine or container that clients run on.
    pub machine: Option<Machine>,
    /// The console, where `aws login` signs in.
    pub console: Option<Console>,
    /// Every session ends after so many seconds, whatever was asked for: no AWS gives shorter ones than 15 minutes.
    pub life: Option<u32>,
}

/// A trust anchor of IAM Roles Anywhere.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Anchor {
    /// `arn:aws:rolesanywhere:us-east-1:111122223333:trust-anchor/0`.
    pub arn: String,
    /// The CA's certificate, PEM.
    pub certificate: String,
}

/// A profile of IAM Roles Anywhere. A role's trust policy must name `rolesanywhere.amazonaws.com`, too.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnywhereProfile {
    /// `arn:aws:rolesanywhere:us-east-1:111122223333:profile/0`.
    pub arn: String,
    /// The ARNs of the roles that it gives.
    pub roles: Vec<String>,
    /// Who asks may name the session.
    #[serde(default)]
    pub accepts_session_name: bool,
}

/// A machine or container with a role: its metadata service, and its credentials endpoint at `/container`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Machine {
    /// The ARN of one of the roles.
    pub role: String,
    /// What the container has to say as `Authorization`.
    #[serde(default)]
    pub token: Option<String>,
}

/// The console, and the one person who signs in there.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Console {
    /// Of a user, a role's session or the account's root.
    pub person: String,
    /// The life of the keys: no AWS gives more than 15 minutes.
    pub seconds: u32,
}

impl Default for Console {
    fn default() -> Self {
        Self { person: "arn:aws:iam::111122223333:user/me".into(), seconds: 900 }
    }
}

/// An access portal of IAM Identity Center, and the one person who signs in there.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Portal {
    /// `https://acme.awsapps.com/start`.
    pub start_url: String,
    /// Its region.
    pub region: String,
    /// The person.
    pub user: String,
    /// What the person may use.
    pub accounts: Vec<Account>,
    /// The life of an access token.
    pub token_seconds: i64,
    /// The life of a role's credentials.
    pub role_seconds: u32,
    /// The life of a device code.
    pub device_seconds: i64,
    /// So many seconds have to lie between two questions for a device's token.
    pub interval: i64,
    /// So many items come with an answer at most.
    pub page: usize,
}

/// An account, as a portal lists it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// Twelve digits.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// Its owner's.
    #[serde(default)]
    pub email: String,
    /// The names of the roles (permission sets) that one may take there.
    pub roles: Vec<String>,
}

impl Default for Portal {
    fn default() -> Self {
        Self {
            start_url: "https://acme.awsapps.com/start".into(),
            region: "us-east-1".into(),
            user: "me@acme.example".into(),
            accounts: Vec::new(),
            token_seconds: 8 * 3600,
            role_seconds: 3600,
            device_seconds: 600,
            interval: 1,
            page: 100,
        }
    }
}

impl Portal {
    /// With a role in an account.
    #[must_use]
    pub fn role(mut self, account: &str, role: &str) -> Self {
        match self.accounts.iter_mut().find(|known| known.id == account) {
            Some(known) => known.roles.push(role.into()),
            None => self.accounts.push(Account {
                id: account.into(),
                name: format!("account-{account}"),
                email: String::new(),
                roles: vec![role.into()],
            }),
        }
        self
    }

    /// The role as IAM knows it.
    pub fn role_arn(&self, account: &str, role: &str) -> String {
        format!(
            "arn:aws:iam::{account}:role/aws-reserved/sso.amazonaws.com/AWSReservedSSO_{role}_0123456789abcdef"
        )
    }

    pub(crate) fn account(&self, id: &str) -> Option<&Account> {
        self.accounts.iter().find(|account| account.id == id)
    }
}

/// An IAM user with one long-lived key.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct User {
    /// `arn:aws:iam::111122223333:user/me`.
    pub arn: String,
    /// `AKIA…`.
    pub access_key_id: String,
    /// Its secret.
    pub secret_access_key: String,
    /// The MFA device.
    #[serde(default)]
    pub mfa: Option<Device>,
    /// Nothing may be assumed: as if a policy denied `sts:AssumeRole`.
    #[serde(default)]
    pub denied: bool,
    /// A policy denies all of IAM to who comes without MFA.
    #[serde(default)]
    pub careful: bool,
}

/// An MFA device: each of its codes works once.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Device {
    /// `arn:aws:iam::111122223333:mfa/me`.
    pub serial: String,
    /// Six digits each.
    pub codes: Vec<String>,
}

/// An IAM role.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Role {
    /// `arn:aws:iam::222222222222:role/Deploy`.
    pub arn: String,
    /// Its trust policy's principals: the ARN of a user, a role or a role's session, an account, or `*`.
    pub trusts: Vec<String>,
    /// `sts:ExternalId` must be this.
    #[serde(default)]
    pub external_id: Option<String>,
    /// `aws:MultiFactorAuthPresent` must be true.
    #[serde(default)]
    pub mfa: bool,
    /// The one web identity token that its trust policy takes.
    #[serde(default)]
    pub web_identity: Option<String>,
    /// The one SAML assertion that it takes.
    #[serde(default)]
    pub saml: Option<String>,
    /// `sts:SourceIdentity` must be this.
    #[serde(default)]
    pub source_identity: Option<String>,
    /// The trust policy does not allow `sts:TagSession`.
    #[serde(default)]
    pub no_tags: bool,
    /// `MaxSessionDuration`, in seconds.
    #[serde(default = "one_hour")]
    pub max_session_duration: u32,
    /// Its sessions may assume nothing: as if a policy denied `sts:AssumeRole`.
    #[serde(default)]
    pub denied: bool,
}

fn one_hour() -> u32 {
    3600
}

impl Scenario {
    /// With this user.
    #[must_use]
    pub fn user(mut self, user: User) -> Self {
        self.users.push(user);
        self
    }

    /// On this machine.
    #[must_use]
    pub fn machine(mut self, role: &str, token: Option<&str>) -> Self {
        self.machine = Some(Machine { role: role.into(), token: token.map(str::to_owned) });
        self
    }

    /// With this access portal.
    #[must_use]
    pub fn portal(mut self, portal: Portal) -> Self {
        self.portal = Some(portal);
        self
    }

    /// With this trust anchor of IAM Roles Anywhere.
    #[must_use]
    pub fn anchor(mut self, anchor: Anchor) -> Self {
        self.anchors.push(anchor);
        self
    }

    /// With this profile of IAM Roles Anywhere.
    #[must_use]
    pub fn anywhere_profile(mut self, profile: AnywhereProfile) -> Self {
        self.anywhere_profiles.push(profile);
        self
    }

    /// With this console.
    #[must_use]
    pub fn console(mut self, console: Console) -> Self {
        self.console = Some(console);
        self
    }

    /// With this role.
    #[must_use]
    pub fn role(mut self, role: Role) -> Self {
        self.roles.push(role);
        self
    }
}

impl User {
    /// Without an MFA device.
    pub fn new(arn: &str, access_key_id: &str, secret_access_key: &str) -> Self {
        Self {
            arn: arn.into(),
            access_key_id: access_key_id.into(),
            secret_access_key: secret_access_key.into(),
            mfa: None,
            denied: false,
            careful: false,
        }
    }

    /// With an MFA device.
    #[must_use]
    pub fn mfa(mut self, serial: &str, codes: &[&str]) -> Self {
        let codes = codes.iter().copied().map(str::to_owned).collect();
        self.mfa = Some(Device { serial: serial.into(), codes });
        self
    }
}

impl Role {
    /// Trusted by these, for one hour at most.
    pub fn new(arn: &str, trusts: &[&str]) -> Self {
        Self {
            arn: arn.into(),
            trusts: trusts.iter().copied().map(str::to_owned).collect(),
            external_id: None,
            mfa: false,
            web_identity: None,
            saml: None,
            source_identity: None,
            no_tags: false,
            max_session_duration: one_hour(),
            denied: false,
        }
    }
}
