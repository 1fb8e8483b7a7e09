//! An assertion of a corporate sign-in, exchanged for a role: AssumeRoleWithSAML.

use super::{runtime, sts};
use crate::aws::{Aws, fallback_region};
use crate::credentials::Credentials;
use crate::profile::chain::Role;
use crate::secret::Secret;

/// The role's session.
pub fn credentials(
    role: &Role,
    principal_arn: &str,
    assertion: &Secret,
    region: Option<&str>,
    aws: &Aws<'_>,
) -> anyhow::Result<Credentials> {
    let region = region.unwrap_or(fallback_region(Some(&role.arn)));
    runtime()?.block_on(sts::assume_role_with_saml(role, principal_arn, assertion, region, aws))
}
