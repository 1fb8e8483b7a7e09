//! `awsenv direnv`: what `use awsenv` evaluates in an `.envrc` (`shell/direnv.sh`): the environment that `exec` gives,
//! as statements, and what direnv has to watch for them to stay true. Nobody is asked for anything: direnv runs at a
//! prompt.

use std::path::{Path, PathBuf};

use super::exec;
use super::history::{self, Given};
use super::subject::{Asking, Subject, pinned, subject};
use crate::credentials::Credentials;
use crate::message::{Failure, render};
use crate::process;
use crate::profile::config::ConfigFiles;
use crate::prompt::allowlist::Allowlist;
use crate::prompt::directory::{Directory, NAME};
use crate::prompt::env_diff::EnvDiff;
use crate::prompt::memory::STATE;
use crate::prompt::runtime::Runtime;
use crate::prompt::shell::Shell;
use crate::prompt::wanted::{Delivery, Wanted};
use crate::provider::Mfa;
use crate::session::history::Event;
use crate::world::{self, World};

/// Stands in for a profile where there are no credentials. A failing `.envrc` would bring back the user's own ones, so
/// it does not fail.
const SENTENCE: &str = "awsenv has no credentials here: direnv reload says why";

/// What the shell gets, and whose it is.
struct Found {
    subject: Subject,
    credentials: Credentials,
    account: Option<String>,
}

/// Prints the statements. That there are no credentials is said, and among them.
pub fn run(asking: &Asking<'_>, world: &World) -> anyhow::Result<()> {
    let (found, token) = settled(asking, world);
    let wanted = match &found {
        Ok(found) => {
            let delivery = Delivery::Keys(&found.credentials);
            exec::wanted(delivery, found.account.as_deref(), &found.subject, world)
        }
        Err(error) => {
            world::say(render(error).0.trim_end());
            Wanted::fail_closed(SENTENCE, &world.original)
        }
    };
    let mut diff = EnvDiff::between(&world.env, &wanted.over(world.original.clone()));
    // What a hook in this shell remembers is the hook's.
    diff.unset.remove(STATE);
    let mut text = diff.statements(Shell::Bash, "");
    for path in watched(asking, world).into_iter().chain(token) {
        text.extend([b"watch_file ", Shell::Bash.quote(path).as_slice(), b"\n"].concat());
    }
    text.extend(b"__awsenv_answered=yes\n");
    world::out(&text)?;
    if let Ok(found) = &found {
        note(found, asking, world);
    }
    Ok(())
}

/// Once for each load of an `.envrc`. The parent is the bash that evaluates it; whose shell it is for, direnv knows.
fn note(found: &Found, asking: &Asking<'_>, world: &World) {
    let given = Given {
        event: Event::Direnv,
        by: "direnv",
        pid: process::parent(),
        account: found.account.as_deref(),
        expiry: found.credentials.expiry,
    };
    history::note(&given, &found.subject, asking, world);
}

/// With the token from before it: whatever happens after that is seen. If it was we who told the shells, once more.
fn settled(asking: &Asking<'_>, world: &World) -> (anyhow::Result<Found>, Option<PathBuf>) {
    let token = || Runtime::open(&world.places).and_then(|runtime| runtime.token()).ok();
    let before = token();
    let found = found(asking, world);
    if found.is_err() || token() == before {
        return (found, before);
    }
    let before = token();
    (self::found(asking, world), before)
}

fn found(asking: &Asking<'_>, world: &World) -> anyhow::Result<Found> {
    let subject = whose(asking, world)?;
    let (credentials, account) = subject.credentials(None, world, &mut Mfa::nobody())?;
    Ok(Found { subject, credentials, account })
}

/// A profile that is named, else the directory's; never one that merely happens to be the user's.
fn whose(asking: &Asking<'_>, world: &World) -> anyhow::Result<Subject> {
    if asking.profile.is_some() {
        return subject(asking, world);
    }
    pinned(asking, world)?.ok_or_else(|| {
        Failure::new("no .awsenv says whose credentials belong here")
            .hint("`use awsenv PROFILE` in the .envrc, or `awsenv init PROFILE`")
            .into()
    })
}

fn watched(asking: &Asking<'_>, world: &World) -> Vec<PathBuf> {
    let files = ConfigFiles::locate(&world.original, &world.places.home);
    let mut watched = vec![files.config, files.credentials, world.places.settings.clone()];
    if asking.profile.is_none() {
        let allowlist = Allowlist::new(&world.places, &world.settings);
        let found = Directory::find(&world.pwd(), &allowlist, &world.places, asking.chosen(world));
        watched.push(Path::new(&world.pwd()).join(NAME));
        watched.extend(found.watched.into_iter().map(|file| file.path));
    }
    watched.dedup();
    watched
}
