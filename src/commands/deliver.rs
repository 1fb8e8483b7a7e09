//! How programs get a directory's session without its keys in the environment. `deliver = "endpoint"`: the agent lends
//! it. `deliver = "profile"`: by a profile in the block of `~/.aws/config` that awsenv owns for that; it is written
//! once, and nothing else of the file changes.

use std::path::Path;
use std::time::Duration;

use anyhow::Context;

use super::agent;
use super::subject::Subject;
use crate::files;
use crate::message::Failure;
use crate::places::tilde;
use crate::process::this_program;
use crate::profile::config::{ConfigFiles, File, SharedConfig};
use crate::profile::delivered::{Delivered, SETTING, session_of};
use crate::profile::owned::{Block, NewProfile, Owned, Unclear};
use crate::prompt::env_file::Deliver;
use crate::session::lease::Lease;
use crate::session::session_key::SessionKey;
use crate::world::World;

/// Another renewal writes for so long at most.
const PATIENCE: Duration = Duration::from_secs(10);

/// Makes the way by which programs get the session, if the directory asks for one.
pub(super) fn deliver(
    subject: &Subject,
    session: &SessionKey,
    directory: &Path,
    world: &World,
) -> anyhow::Result<()> {
    let Some(pin) = &subject.pin else { return Ok(()) };
    match pin.deliver {
        None | Some(Deliver::Env) => return Ok(()),
        Some(Deliver::Endpoint) => return agent::grant(subject, session, directory, world),
        Some(Deliver::Profile) => {}
    }
    let lasting = subject.resolved.lasting_key(&world.original);
    let lease = Lease {
        directory: directory.to_owned(),
        account: pin.account.clone(),
        session: Some(session.clone()),
        files: subject.resolved.files(),
    };
    lease.save(&world.places, &lasting).context("cannot keep what the profile stands for")?;
    let files = ConfigFiles::locate(&world.original, &world.places.home);
    let path = tilde(&files.config, &world.places.home);
    write(subject, &lasting, &files, world).with_context(|| format!("cannot write a profile to {path}"))
}

fn write(subject: &Subject, lasting: &SessionKey, files: &ConfigFiles, world: &World) -> anyhow::Result<()> {
    let program = this_program().context("cannot find awsenv itself")?;
    let delivered = Delivered::of(&subject.resolved.name, lasting.name(), &program).map_err(Failure::new)?;
    let _lock = files::lock_within(&world.places.state.join("deliver.lock"), PATIENCE)?;
    let (text, credentials) = (files.text(File::Config)?, files.text(File::Credentials)?);
    let config = SharedConfig::parse(text.clone(), credentials.clone(), files)?;
    if delivered.is_in(&config) {
        return Ok(());
    }
    let owned = Owned::find(text.expose(), Block::Sessions)
        .map_err(|Unclear { line, reason }| Failure::new(format!("line {line}: {reason}")))?;
    let is_over = |name: &&str| {
        let session = session_of(&config, name).and_then(SessionKey::named);
        *name == delivered.name
            || session.is_none_or(|session| Lease::load(&world.places, &session).is_none())
    };
    let gone: Vec<_> = owned.profiles().into_iter().filter(is_over).collect();
    let new =
        NewProfile { name: delivered.name.clone(), settings: vec![(SETTING, delivered.process.clone())] };
    let after = owned.edit(&gone, &[new]).text();
    // As it will be read.
    if !delivered.is_in(&SharedConfig::parse(after.clone(), credentials, files)?) {
        return Err(Failure::new(format!("profile {} stands elsewhere, too", delivered.name))
            .hint("remove it there by hand")
            .into());
    }
    if !files.config.exists() {
        if let Some(directory) = files.config.parent() {
            files::make_dir(directory, 0o777)?;
        }
        files::write_new(&files.config, b"")?;
    }
    files::edit(&files.config, text.expose().as_bytes(), after.expose().as_bytes())?;
    Ok(())
}
