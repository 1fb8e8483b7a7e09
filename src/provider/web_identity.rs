//! A token that somebody else signed (of Kubernetes, of a CI), exchanged for a role: AssumeRoleWithWebIdentity, which
//! nothing of ours signs.

use std::path::Path;
use std::process::Command;

use super::mfa::Mfa;
use super::process::{TOKEN_KEY, of_setting, output};
use super::{Means, runtime, sts};
use crate::aws::fallback_region;
use crate::credentials::Credentials;
use crate::files;
use crate::message::{Failure, shown_path};
use crate::profile::chain::{Role, RoleChain, WebIdentityToken};
use crate::secret::Secret;

/// AWS STS, WebIdentityToken.
const MOST: u64 = 20_000;

/// The role's session.
pub(super) fn credentials(
    token: &WebIdentityToken,
    role: &Role,
    chain: &RoleChain,
    means: &Means<'_>,
    mfa: &mut Mfa,
) -> anyhow::Result<Credentials> {
    let (token, whose) = match token {
        WebIdentityToken::File(path) => {
            let shown = shown_path(path);
            let none = || Failure::new(format!("{shown} gives no web identity token"));
            (of_file(path)?.ok_or_else(none)?, shown)
        }
        WebIdentityToken::Process(command, _) => {
            // A line of shell, as for aws-vault.
            let mut shell = Command::new("/bin/sh");
            let printed = output(shell.arg("-c").arg(command.expose()), TOKEN_KEY, chain, means, mfa)?;
            let none = || of_setting(TOKEN_KEY, chain, "what it printed is no web identity token");
            (of_text(&printed).ok_or_else(none)?, TOKEN_KEY.to_owned())
        }
    };
    mfa.is_calling();
    let region = chain.region.as_deref().unwrap_or(fallback_region(Some(&role.arn)));
    runtime()?.block_on(sts::assume_role_with_web_identity(
        role,
        &token,
        &whose,
        region,
        &means.aws,
        means.original,
    ))
}

/// Read anew each time: whoever wrote it renews it.
fn of_file(path: &Path) -> anyhow::Result<Option<Secret>> {
    let shown = shown_path(path);
    if !path.is_absolute() {
        return Err(Failure::new(format!("web_identity_token_file: {shown} is no whole path"))
            .hint("begin it with /: what it means must not depend on where one is")
            .into());
    }
    match files::read_limited(path, MOST) {
        Ok(Some((text, _))) => Ok(of_text(&text)),
        Ok(None) => Err(Failure::new(format!("the web identity token {shown} is not there")).into()),
        Err(error) => {
            Err(anyhow::Error::new(error).context(format!("cannot read the web identity token {shown}")))
        }
    }
}

/// Without the line's end that an editor or `echo` leaves; what is too short for AWS is none.
fn of_text(text: &[u8]) -> Option<Secret> {
    let text = std::str::from_utf8(text).ok()?.trim();
    (text.len() >= 4 && text.bytes().all(|byte| byte.is_ascii_graphic())).then(|| Secret::new(text))
}
