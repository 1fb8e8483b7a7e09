//! Other tools that set the same variables: their shells, and their files beside or above the directory.

use std::path::Path;

use super::{Check, Finding, rc_files, variables};
use crate::places::tilde;
use crate::world::World;

const CHECK: Check = Check::Peers;

/// What shows that a shell is another tool's.
const SHELLS: [(&str, &str); 5] = [
    (variables::LABEL, "aws-vault"),
    ("AWSUME_PROFILE", "awsume"),
    ("AWS_SSO_PROFILE", "aws-sso-cli"),
    ("AWS_OKTA_PROFILE", "aws-okta"),
    ("SAML2AWS_PROFILE", "saml2aws"),
];

/// What such a file may set that awsenv sets too.
const SHARED: [&str; 7] = [
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
];

pub(super) fn check(world: &World) -> Vec<Finding> {
    let mut found = Vec::new();
    for (name, tool) in SHELLS {
        // With `label`, awsenv says it too.
        if name == variables::LABEL && variables::given_by_exec(world) == world.original.text(name) {
            continue;
        }
        if let Some(value) = world.original.text(name) {
            let seen = format!(
                "this is a shell of {tool} ({name}={value}): its credentials are in it until it ends"
            );
            found.push(Finding::warning(CHECK, seen, "exit it, and open another"));
        }
    }
    if world.original.text("GRANTED_ALIAS_CONFIGURED").is_some() {
        let seen = "granted's `assume` sets the same variables: where it was used, awsenv stands back";
        found.push(Finding::note(CHECK, seen));
    }
    let direnv = world.original.text("DIRENV_DIR").is_some().then_some(("direnv", &[".envrc"][..]));
    let mise = world.original.text("MISE_SHELL").is_some();
    let mise = mise.then_some(("mise", &["mise.toml", ".mise.toml", "mise.local.toml"][..]));
    let pwd = world.pwd();
    for (tool, names) in direnv.into_iter().chain(mise) {
        for dir in Path::new(&pwd).ancestors() {
            found.extend(names.iter().flat_map(|name| lines(tool, &dir.join(name), world)));
        }
    }
    if found.is_empty() {
        found.push(Finding::ok(CHECK, "no other tool sets the same variables here"));
    }
    found
}

/// The lines of one file that set what awsenv sets.
fn lines(tool: &str, path: &Path, world: &World) -> Vec<Finding> {
    let Some(text) = rc_files::read(path) else { return Vec::new() };
    let shown = tilde(path, &world.places.home);
    let set = |line: &str| {
        let line = line.replace(" =", "=");
        SHARED.into_iter().find(|name| variables::sets(&line, name))
    };
    let found = text.lines().enumerate().filter_map(|(at, line)| {
        let seen = format!("{shown}:{} sets {} by {tool}, as awsenv does", at + 1, set(line)?);
        Some(Finding::warning(CHECK, seen, "take that line out, and let a .awsenv say it"))
    });
    found.collect()
}
