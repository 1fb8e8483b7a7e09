//! `awsenv session list` and `clear`: what the store holds.

use serde::Serialize;

use super::allow::tell_shells;
use crate::clock;
use crate::message::printable;
use crate::session::store::SessionStore;
use crate::session::sweep;
use crate::world::{self, World};

/// The documented schema of `--json` (docs/json.md).
#[derive(Serialize)]
struct Line {
    name: String,
    account: Option<String>,
    access_key_id: String,
    issued: String,
    expiration: Option<String>,
    expired: bool,
}

/// Lists the sessions.
pub fn list(json: bool, world: &World) -> anyhow::Result<()> {
    let now = clock::now();
    let lines: Vec<_> = SessionStore::new(&world.places)
        .list()
        .into_iter()
        .map(|(_, session)| Line {
            name: session.name,
            account: session.credentials.account,
            access_key_id: session.credentials.access_key_id,
            issued: clock::rfc3339(session.issued),
            expired: session.credentials.expiry.is_some_and(|expiry| !expiry.is_after(now)),
            expiration: session.credentials.expiry.map(|expiry| clock::rfc3339(expiry.0)),
        })
        .collect();
    if json {
        return world::out(format!("{}\n", serde_json::to_string_pretty(&lines)?).as_bytes());
    }
    let text: String = lines
        .iter()
        .map(|line| {
            let until = match (&line.expiration, line.expired) {
                (None, _) => "no end".to_owned(),
                (Some(until), true) => format!("ended {until}"),
                (Some(until), false) => format!("until {until}"),
            };
            let account = line.account.as_deref().unwrap_or("-");
            format!("{}  {account}  {}  {until}\n", printable(&line.name), printable(&line.access_key_id))
        })
        .collect();
    world::out(text.as_bytes())
}

/// Forgets them all: the next prompt or command fetches anew.
pub fn clear(world: &World) -> anyhow::Result<()> {
    let count = sweep::forget_all(&world.places)?;
    tell_shells(world);
    world::say(&format!("awsenv: forgot {count} session{}", if count == 1 { "" } else { "s" }));
    Ok(())
}
