//! Other tools that set the same variables: their shells, and their files beside or above the directory.

use std::path::{Path, PathBuf};

use super::shell_report::{self, ShellReport};
use super::{Check, Finding, rc_files, variables};
use crate::places::tilde;
use crate::prompt::variables::is_ours_to_touch;
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

pub(super) fn check(report: Option<&ShellReport>, world: &World) -> Vec<Finding> {
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
    let pwd = world.pwd();
    let is_here = |name| world.original.text(name).is_some();
    if let Some(dir) = world.original.text("DIRENV_DIR") {
        let has_hook = report.is_some() || shell_report::has_run(world);
        found.extend(loaded_by_direnv(direnvs_own(dir, Path::new(&pwd))).iter().flat_map(|(path, text)| {
            let mut found = lines("direnv", path, text, world);
            found.extend(asked_twice(path, text, world).filter(|_| has_hook));
            found
        }));
    }
    if is_here("MISE_SHELL") {
        let files = ["mise.toml", ".mise.toml", "mise.local.toml"];
        let paths = Path::new(&pwd).ancestors().flat_map(|dir| files.map(|name| dir.join(name)));
        let texts = paths.filter_map(|path| Some((rc_files::read(&path)?, path)));
        found.extend(texts.flat_map(|(text, path)| lines("mise", &path, &text, world)));
    }
    if found.is_empty() {
        found.push(Finding::ok(CHECK, "no other tool sets the same variables here"));
    }
    found
}

/// Where the file lies that is loaded: `-` stands before the path.
fn direnvs_own<'a>(dir: &'a str, pwd: &'a Path) -> &'a Path {
    let own = Path::new(dir.strip_prefix('-').unwrap_or(dir));
    if own.is_absolute() { own } else { pwd }
}

/// The nearest `.envrc`, and the ones above for as long as each asks for the next. What one that cannot be read asks for
/// is not known.
fn loaded_by_direnv(dir: &Path) -> Vec<(PathBuf, String)> {
    let mut loaded = Vec::new();
    for path in dir.ancestors().map(|dir| dir.join(".envrc")) {
        let text = match rc_files::text(&path) {
            Ok(Some(text)) => text,
            Ok(None) => continue,
            Err(_) => break,
        };
        let goes_on = text.lines().any(|line| line.trim_start().starts_with("source_up"));
        loaded.push((path, text));
        if !goes_on {
            break;
        }
    }
    loaded
}

/// The lines of one file that set what awsenv sets.
fn lines(tool: &str, path: &Path, text: &str, world: &World) -> Vec<Finding> {
    let shown = tilde(path, &world.places.home);
    let found = text.lines().enumerate().filter_map(|(at, line)| {
        let line = line.replace(" =", "=");
        let name =
            variables::set_by(&line).filter(|name| name.starts_with("AWS") && is_ours_to_touch(name))?;
        let seen = format!("{shown}:{} sets {name} by {tool}, as awsenv does", at + 1);
        Some(Finding::warning(CHECK, seen, "take that line out, and let a .awsenv say it"))
    });
    found.collect()
}

/// Each would take the other's keys for ones that were set by hand.
fn asked_twice(path: &Path, text: &str, world: &World) -> Option<Finding> {
    let asks = |line: &str| line.split_whitespace().take(2).eq(["use", "awsenv"]);
    let at = text.lines().position(asks)?;
    let seen = format!(
        "{}:{} has `use awsenv`, and this shell has awsenv's hook",
        tilde(path, &world.places.home),
        at + 1
    );
    Some(Finding::warning(CHECK, seen, "take out that line, or the hook: one of them is enough"))
}
