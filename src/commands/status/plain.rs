//! The status for whoever reads lines: scripts, logs, pipes.

use std::path::Path;

use super::{SignIn, Status, why_not};
use crate::keychain;
use crate::message::printable;
use crate::places::tilde;
use crate::world::World;

pub(super) fn lines(status: &Status, world: &World) -> String {
    let mut rows: Vec<(&str, String)> = Vec::new();
    let decided = &status.decided_by;
    let by = |place: &Option<String>| {
        place
            .as_ref()
            .map(|place| format!(" ({})", tilde(Path::new(place), &world.places.home)))
            .unwrap_or_default()
    };
    rows.extend(status.chosen.clone().map(|chosen| ("chosen", format!("{chosen}, for this shell"))));
    let called = status.account_name.as_ref().map(|name| format!(" ({name})")).unwrap_or_default();
    rows.extend(
        status
            .account
            .as_ref()
            .map(|account| ("account", format!("{account}{called}{}", by(&decided.account)))),
    );
    rows.extend(status.region.as_ref().map(|region| ("region", format!("{region}{}", by(&decided.region)))));
    rows.extend(
        (!status.steps.is_empty())
            .then(|| ("by", format!("{}{}", status.steps.join(" → "), by(&decided.profile)))),
    );
    rows.extend(
        status.keychain.map(|rests| ("keys", format!("in {}", keychain::shown(rests, &world.places)))),
    );
    if let Some(word) = status.delivery.filter(|word| *word != "env") {
        let name = status.delivered_by.as_ref().map(|name| format!(" {name}")).unwrap_or_default();
        rows.push(("deliver", format!("{word}{name}{}", by(&decided.delivery))));
    }
    rows.extend(summary(&status.sign_in).map(|summary| ("sign-in", summary)));
    rows.extend(status.session_expiration.as_ref().map(|until| ("session", format!("until {until}"))));
    let mut hint = status.hint.clone();
    if status.state == "pinned" {
        let loaded = match (status.loaded, &status.expiration, why_not(status, world)) {
            (_, _, Some((why, what_to_do))) => {
                hint = hint.or(Some(what_to_do));
                format!("no: {why}")
            }
            (true, Some(until), None) => format!("yes, until {until}"),
            (true, None, None) => "yes".into(),
            (false, _, None) => "no".into(),
        };
        rows.push(("loaded", loaded));
    }
    for (index, file) in status.files.iter().enumerate() {
        let line = decided
            .source
            .as_deref()
            .and_then(|source| source.strip_prefix(file.as_str())?.strip_prefix(':'));
        let line = line.filter(|_| index == 0).map(|line| format!(":{line}")).unwrap_or_default();
        rows.push(("file", tilde(Path::new(file), &world.places.home) + &line));
    }
    rows.extend(status.reason.clone().map(|reason| ("why", reason)));
    rows.extend(hint.map(|hint| ("hint", hint)));
    rows.extend(status.again.clone().map(|again| ("again", format!("not before {again}"))));
    let mut text = printable(&super::title(status)) + "\n";
    for (name, value) in rows {
        text.push_str(&format!("  {name:<8} {}\n", printable(&value)));
    }
    text
}

fn summary(sign_in: &SignIn) -> Option<String> {
    let SignIn { portal, expiration, renewable, registration_expiration } = sign_in;
    let portal = portal.as_deref()?;
    Some(match (expiration, registration_expiration) {
        (None, _) => format!("{portal}, not signed in"),
        (Some(until), Some(registration)) if *renewable => {
            format!("{portal}, until {until}, then renewed; registered until {registration}")
        }
        (Some(until), None) if *renewable => format!("{portal}, until {until}, then renewed"),
        (Some(until), _) => format!("{portal}, until {until}, not renewed"),
    })
}
