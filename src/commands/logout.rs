//! `awsenv logout`: ends a sign-in, here and at the portal, and forgets the sessions that stand on it.

use super::agent;
use super::allow::tell_shells;
use super::login::{named, private_key};
use super::subject::{Asking, logins, person_means, subject, tokens};
use crate::key_index::KeyIndex;
use crate::limits;
use crate::message::{Failure, printable};
use crate::places::{login_cache, relative_login_cache};
use crate::profile::chain::{Portal, RolesAnywhere, Source, Sso, as_written};
use crate::profile::config::ConfigFiles;
use crate::provider::Means;
use crate::provider::sso::sign_out;
use crate::session::login::{self, Logins};
use crate::session::sign_in;
use crate::session::sso::{self, Token, Tokens};
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
                    of_certificate(&source, world)?;
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
    let (tokens, id) = (tokens(world), sso::id(&portal));
    let was_there = tokens.has(&id);
    let ended =
        with_sessions(&id, world, || end(&id, &tokens, Some(&portal), &person_means(&settings, world)));
    let roles = roles(&portal, world).into_iter().chain(own);
    let files: Vec<_> = roles.map(|role| sso::role_file(&role, &world.places.home)).collect();
    let removed = sso::remove_all(&files);
    tell_shells(world);
    ended.and(removed)?;
    say_ended(portal.label(), was_there);
    Ok(())
}

/// Forgets a console session. AWS is told nothing: the keys that it gave last are good until their end.
fn of_console(session_arn: &str, world: &World) -> anyhow::Result<()> {
    let (logins, id) = (logins(world), login::id(session_arn));
    let was_there = logins.has(&id);
    let ended = with_sessions(&id, world, || forget(&id, &logins));
    tell_shells(world);
    ended?;
    say_ended(session_arn, was_there);
    Ok(())
}

/// Ends a sign-in, and the sessions that it gave, and what the agent gives of them. These first: a lock that is not to
/// be had, or a file that cannot be removed, keeps none of them.
fn with_sessions(id: &str, world: &World, end: impl FnOnce() -> anyhow::Result<()>) -> anyhow::Result<()> {
    let store = SessionStore::new(&world.places);
    let forget = || store.forget_those(|session| session.sign_in.as_deref() == Some(id));
    agent::revoke(Some(id), world);
    let forgotten = forget();
    let ended = end();
    // Also what was on its way meanwhile.
    forgotten.and(ended).and(forget())
}

fn say_ended(label: &str, was_there: bool) {
    let label = printable(label);
    world::say(&match was_there {
        true => format!("awsenv: signed out of {label}"),
        false => format!("awsenv: {label} was not signed in"),
    });
}

/// Forgets what a certificate's key has signed for. Who may read the key without a password gets a new session.
fn of_certificate(source: &RolesAnywhere, world: &World) -> anyhow::Result<()> {
    with_sessions(&sign_in::of_certificate(source), world, || Ok(()))?;
    tell_shells(world);
    Ok(())
}

/// Ends every sign-in of this user.
pub fn all(world: &World) -> anyhow::Result<()> {
    let (tokens, logins) = (tokens(world), logins(world));
    let (all, of_console) = (tokens.all(), logins.all());
    let means = person_means(&[], world);
    // One that cannot be ended keeps none of the others.
    let of_portals = all.iter().map(|id| end(id, &tokens, None, &means));
    let ended: Vec<_> = of_portals.chain(of_console.iter().map(|id| forget(id, &logins))).collect();
    agent::revoke(None, world);
    SessionStore::new(&world.places)
        .forget_those(|session| session.sign_in.as_deref().is_some_and(sign_in::is_a_persons))?;
    sso::remove_all(&sso::all_role_files(&world.places.home))?;
    tell_shells(world);
    ended.into_iter().collect::<anyhow::Result<()>>()?;
    if login_cache(&world.original, &world.places.home).is_none() {
        return Err(relative_login_cache().into());
    }
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

/// Ends a sign-in at its portal, and here. `portal`: where it is known.
fn end(id: &str, tokens: &Tokens<'_>, portal: Option<&Portal>, means: &Means<'_>) -> anyhow::Result<()> {
    let _lock = tokens.lock(id)?;
    // A token goes to the portal of its own region and nowhere else, and that becomes part of a host's name.
    for token in tokens.each(id) {
        let region = token.region.as_deref().or(portal.map(|portal| portal.region.as_str()));
        if let Some(region) = region.filter(|region| limits::region(region).is_ok()) {
            say_if_kept_at_portal(region, &token, means);
        }
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
