//! Keys that AWS lets somebody sign in to the console with: a role's session, or one that GetFederationToken makes of a
//! user's keys. AWS takes no others (IAM User Guide, "Enable custom identity broker access to the AWS console").

use std::time::Duration;

use super::Console;
use super::partition::calls_in;
use crate::commands::subject::{Asking, Subject, person, subject};
use crate::credentials::Credentials;
use crate::message::{Exit, Failure, printable};
use crate::profile::chain::{RoleChain, Source};
use crate::provider::federation;
use crate::provider::identity::identity;
use crate::world::{self, World};

/// The keys, and what AWS lets one ask for with them.
pub(super) struct Keys {
    pub(super) credentials: Credentials,
    pub(super) account: Option<String>,
    /// What to ask for as the length of the console's session.
    pub(super) duration: Option<Duration>,
}

/// How long a session of a user's keys is where nobody says so. The AWS CLI's roles last as long.
const USUAL: Duration = Duration::from_secs(3600);

/// Kept keys that end sooner are not used.
const LEAST: Duration = Duration::from_secs(600);

/// What somebody's keys are, as far as the chain says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// A role's session that AWS gives more time in the console, if one asks.
    Role,
    /// A role's session whose keys were asked for with a session's: AWS gives it no more time than the keys have.
    ChainedRole,
    /// A user's, or whatever somebody else has put there.
    Unknown,
    /// A session that a machine or `aws login` has got somewhere: nobody knows how.
    Given,
}

/// The subject for the console: as for `exec`, but of a user's keys without roles the keys themselves. (AWS takes no
/// session of GetSessionToken here, nor makes one for the console of it.)
pub(super) fn of_console(console: &Console<'_>, world: &World) -> anyhow::Result<Subject> {
    let found = subject(&console.asking, world)?;
    let chain = &found.resolved.chain;
    let Some(session) = chain.session_token.as_ref().filter(|_| chain.roles.is_empty()) else {
        return Ok(found);
    };
    if session.mfa_serial.is_some() {
        world::say(&printable(&format!(
            "awsenv: {}: a user's session for the console carries no mark of MFA; what needs one is refused there",
            found.resolved.name
        )));
    }
    subject(&Asking { no_session: true, ..console.asking }, world)
}

/// What the chain says before anybody is asked.
pub(super) fn check(console: &Console<'_>, subject: &Subject) -> anyhow::Result<()> {
    let chain = &subject.resolved.chain;
    if kind(chain) != Kind::Unknown && !console.policy_arns.is_empty() {
        return Err(of_roles_own_policies().into());
    }
    if let Source::Login { session_arn } = &chain.source
        && chain.roles.is_empty()
        && !is_role(session_arn)
    {
        return Err(no_users_session(&subject.resolved.name).into());
    }
    Ok(())
}

/// Gets them.
pub(super) fn keys(console: &Console<'_>, subject: &Subject, world: &World) -> anyhow::Result<Keys> {
    let chain = &subject.resolved.chain;
    let kind = kind(chain);
    // The console ends with the keys, if nobody asks for more; of these AWS gives none that end sooner.
    let least = (!chain.roles.is_empty() || matches!(chain.source, Source::Sso(_))).then_some(LEAST);
    let (credentials, account) = subject.credentials(least, world, &mut person(&console.asking, world))?;
    if kind == Kind::Unknown {
        return of_unknown(console, subject, credentials, account, world);
    }
    let asked = match kind {
        Kind::Role => console.duration.or(world.settings.console.duration),
        // The setting is for all, and must not be in the way of one.
        Kind::Given => console.duration,
        Kind::ChainedRole | Kind::Unknown => {
            if console.duration.is_some() {
                world::say(&printable(&left_out(subject)));
            }
            None
        }
    };
    Ok(Keys { credentials, account, duration: asked })
}

fn left_out(subject: &Subject) -> String {
    let resolved = &subject.resolved;
    // Without GetSessionToken in between, a single role on a user's keys is none.
    let way_out = if resolved.chain.roles.len() == 1 && resolved.chain.session_token.is_some() {
        "; not so with --no-session"
    } else {
        ""
    };
    format!(
        "awsenv: {}: --duration is left out: AWS ends the console's session of a chained role with its keys{way_out}",
        resolved.name
    )
}

/// Only AWS knows whose they are.
fn of_unknown(
    console: &Console<'_>,
    subject: &Subject,
    credentials: Credentials,
    account: Option<String>,
    world: &World,
) -> anyhow::Result<Keys> {
    let resolved = &subject.resolved;
    let aws = subject.aws(world);
    let region = calls_in(resolved.region.as_deref(), None);
    let whose = identity(&credentials, region, &aws)?;
    let account = account.or(Some(whose.account));
    if credentials.session_token.is_some() {
        if !is_role(&whose.arn) && !whose.arn.contains(":federated-user/") {
            return Err(no_users_session(&resolved.name).into());
        }
        if !console.policy_arns.is_empty() {
            return Err(of_roles_own_policies().into());
        }
        return Ok(Keys { credentials, account, duration: console.duration });
    }
    let settings = &world.settings.console;
    let policies = if console.policy_arns.is_empty() { &settings.policy_arns } else { console.policy_arns };
    let duration = console.duration.or(settings.duration).unwrap_or(USUAL);
    let user = whose.arn.rsplit([':', '/']).next().unwrap_or_default();
    let credentials = federation::of_user(&credentials, user, policies, duration, region, &aws)?;
    // It ends with these keys, which were asked for with that length.
    Ok(Keys { credentials, account, duration: None })
}

fn kind(chain: &RoleChain) -> Kind {
    let of_long_lived = match &chain.source {
        Source::Keys { credentials, .. } | Source::Environment(credentials) => {
            credentials.session_token.is_none()
        }
        Source::Keychain { .. } => true,
        _ => false,
    };
    match (chain.roles.len(), &chain.source) {
        (0, Source::Login { .. } | Source::Ec2Metadata(_) | Source::Container(_)) => Kind::Given,
        (
            0,
            Source::Keys { .. } | Source::Environment(_) | Source::Keychain { .. } | Source::Process { .. },
        ) => Kind::Unknown,
        (0, _) => Kind::Role,
        (1, _) if of_long_lived && chain.session_token.is_none() => Kind::Role,
        _ => Kind::ChainedRole,
    }
}

/// Whose these are, as far as the AWS files say: an ARN names the partition.
pub(super) fn arn(chain: &RoleChain) -> Option<&str> {
    match &chain.source {
        _ if !chain.roles.is_empty() => chain.roles.last().map(|role| role.arn.as_str()),
        Source::WebIdentity { role, .. } => Some(&role.arn),
        Source::RolesAnywhere(source) => Some(&source.role_arn),
        Source::Login { session_arn } => Some(session_arn),
        _ => None,
    }
}

fn is_role(arn: &str) -> bool {
    arn.contains(":assumed-role/")
}

fn no_users_session(name: &str) -> Failure {
    Failure::new(format!("{name}: AWS signs nobody in to the console with a session of a user's own"))
        .hint("a role on top of it can, or the user's long-lived keys; a browser can sign in as the user itself")
        .exit(Exit::Failed)
}

fn of_roles_own_policies() -> Failure {
    Failure::new("--policy-arn is for a user's long-lived keys; a role's session has its policies already")
        .hint("`policy_arns` in [[role]] bounds a role's session")
        .exit(Exit::Usage)
}
