//! `awsenv logout`: ends a sign-in, here and at the portal, and forgets the sessions that stand on it.

use super::agent;
use super::allow::tell_shells;
use super::login::{named, private_key};
use super::subject::{Asking, logins, person_means, subject, tokens};
use crate::key_index::KeyIndex;
use crate::limits;
use crate::message::{Failure, printable};
use crate::profile::chain::{Portal, Source, Sso, as_written};
use crate::profile::config::ConfigFiles;
use crate::provider::Means;
use crate::provider::sso::sign_out;
use crate::session::login::{self, Logins};
use crate::session::sso::{self, Found, Token, Tokens};
use crate::session::store::SessionStore;
use crate::world::{self, World};

/// Ends the sign-in of a profile, of the directory, or of an `[sso-session]`.
pub fn run(asking: &Asking<'_>, session: Option<&str>, world: &World) -> anyhow::Result<()> {
    let (portal, settings, own) = match session {
        Some(name) => (named(name, world)?, Vec::new(), None),
        None => {
            let resolved = subject(asking, world)?.resolved;
            match resolved.chain.source {
                Source::Sso(sso) => (sso.portal.clone(), resolved.settings, Some(sso)),
                Source::Login { session_arn } => return of_console(&session_arn, world),
                Source::RolesAnywhere(source) if private_key::forget(&source, world)? => {
                    let name = printable(&resolved.name);
                    world::say(&format!("awsenv: the password of {name}'s private key is forgotten"));
                    return Ok(());
                }
                _ => {
                    return Err(Failure::new(format!("{} has no sign-in to end", resolved.name))
                        .hint("`awsenv session clear` forgets sessions of other kinds")
                        .into());
                }
            }
        }
    };
    let tokens = tokens(world);
    let id = sso::id(&portal);
    let lock = tokens.lock(&id)?;
    let token = tokens.load(&portal).kept();
    if let Some(token) = &token {
        say_if_kept_at_portal(&portal.region, token, &person_means(&settings, world));
    }
    tokens.remove(&id)?;
    drop(lock);
    agent::revoke(Some(&id), world);
    SessionStore::new(&world.places).forget_those(|session| session.sign_in.as_ref() == Some(&id))?;
    let roles = roles(&portal, world).into_iter().chain(own);
    let files: Vec<_> = roles.map(|role| sso::role_file(&role, &world.places.home)).collect();
    sso::remove_all(&files)?;
    tell_shells(world);
    let label = printable(portal.label());
    world::say(&match token {
        Some(_) => format!("awsenv: signed out of {label}"),
        None => format!("awsenv: {label} was not signed in"),
    });
    Ok(())
}

/// Forgets a console session. AWS is told nothing: the keys that it gave last are good until their end.
fn of_console(session_arn: &str, world: &World) -> anyhow::Result<()> {
    let (logins, id) = (logins(world), login::id(session_arn));
    let lock = logins.lock(&id)?;
    let was_there = !matches!(logins.load(session_arn), Found::Absent);
    logins.remove(&id)?;
    drop(lock);
    agent::revoke(Some(&id), world);
    SessionStore::new(&world.places).forget_those(|session| session.sign_in.as_ref() == Some(&id))?;
    tell_shells(world);
    let session_arn = printable(session_arn);
    world::say(&match was_there {
        true => format!("awsenv: signed out of {session_arn}"),
        false => format!("awsenv: {session_arn} was not signed in"),
    });
    Ok(())
}

/// Ends every sign-in of this user.
pub fn all(world: &World) -> anyhow::Result<()> {
    let (tokens, logins) = (tokens(world), logins(world));
    let (all, of_console) = (tokens.all(), logins.all());
    // One that cannot be ended keeps none of the others.
    let of_portals = all.iter().map(|(id, token)| end(id, token, &tokens, world));
    let ended: Vec<_> = of_portals.chain(of_console.iter().map(|id| forget(id, &logins))).collect();
    agent::revoke(None, world);
    SessionStore::new(&world.places).forget_those(|session| session.sign_in.is_some())?;
    sso::remove_all(&sso::all_role_files(&world.places.home))?;
    tell_shells(world);
    ended.into_iter().collect::<anyhow::Result<()>>()?;
    let mut text = format!("awsenv: signed out of {}", counted(all.len(), "portal"));
    if !of_console.is_empty() {
        text.push_str(&format!(" and {}", counted(of_console.len(), "console session")));
    }
    world::say(&text);
    Ok(())
}

fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

fn forget(id: &str, logins: &Logins<'_>) -> anyhow::Result<()> {
    let _lock = logins.lock(id)?;
    logins.remove(id)
}

fn end(id: &str, token: &Token, tokens: &Tokens<'_>, world: &World) -> anyhow::Result<()> {
    let _lock = tokens.lock(id)?;
    // It becomes part of a host's name.
    if let Some(region) = token.region.as_deref().filter(|region| limits::region(region).is_ok()) {
        say_if_kept_at_portal(region, token, &person_means(&[], world));
    }
    tokens.remove(id)
}

/// The portal may be out of reach: here, the sign-in ends all the same.
fn say_if_kept_at_portal(region: &str, token: &Token, means: &Means<'_>) {
    if let Err(error) = sign_out(region, token, means) {
        world::say(&printable(&format!(
            "awsenv: the portal could not be told, the sign-in ends there by itself: {error:#}"
        )));
    }
}

/// The roles that profiles get from a portal: the AWS CLI keeps a file for each.
fn roles(portal: &Portal, world: &World) -> Vec<Sso> {
    let files = ConfigFiles::locate(&world.original, &world.places.home);
    let (Ok(config), Ok(keys)) = (files.read(), KeyIndex::load(&world.places)) else { return Vec::new() };
    let role = |profile: &&str| match as_written(&config, &keys, profile, &world.original).ok()?.source {
        Source::Sso(sso) if sso::id(&sso.portal) == sso::id(portal) => Some(sso),
        _ => None,
    };
    config.profiles().iter().filter_map(role).collect()
}
