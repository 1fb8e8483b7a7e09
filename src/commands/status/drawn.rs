//! The status as a card, for whoever looks at a terminal.

use std::path::Path;

use super::{Status, why_not};
use crate::clock::{self, Timestamp};
use crate::commands::drawing::{Canvas, Ink, Line, Sheet};
use crate::keychain;
use crate::places::tilde;
use crate::prompt::segment::Colour;
use crate::world::World;

const LABEL: usize = 11;

pub(super) fn card(status: &Status, canvas: Canvas, world: &World) -> String {
    let now = clock::now();
    let mut sheet = canvas.sheet(LABEL);
    whose(status, canvas, &mut sheet, world);
    sheet.gap();
    times(status, canvas, &mut sheet, now);
    sheet.gap();
    files(status, canvas, &mut sheet, world);
    sheet.gap();
    trouble(status, &mut sheet, now, world);
    let colour = colour(status);
    let title = colour.map_or(Ink::Strong, Ink::StrongOf);
    let mark = if status.protected { "*" } else { "" };
    let title = canvas.text(title, &format!("{}{mark}", super::title(status)));
    sheet.card(colour, &title, &aside(status, canvas))
}

/// As the prompt's segment has it.
fn colour(status: &Status) -> Option<Colour> {
    Some(match (status.state, status.session) {
        ("none", _) => return None,
        ("not_allowed", _) => Colour::Blue,
        _ if status.protected => Colour::Red,
        ("refused", _) if status.hint.as_deref().is_some_and(|hint| hint.contains("awsenv allow")) => {
            Colour::Blue
        }
        ("refused", _) | (_, Some("failed" | "needs_person")) => Colour::Magenta,
        (_, Some("pending" | "absent")) => Colour::Yellow,
        _ if status.reason.is_some() && !status.loaded => Colour::Magenta,
        _ => Colour::Green,
    })
}

fn aside(status: &Status, canvas: Canvas) -> Line {
    let protected = status.protected.then(|| canvas.text(Ink::Of(Colour::Red), "protected"));
    let loaded = match (status.state, status.loaded) {
        ("pinned", true) => Some(canvas.text(Ink::Of(Colour::Green), "loaded")),
        ("pinned", false) => Some(canvas.text(Ink::Of(Colour::Magenta), "not loaded")),
        _ => None,
    };
    match (protected, loaded) {
        (Some(protected), Some(loaded)) => protected.and(canvas.text(Ink::Faint, " · ")).and(loaded),
        (one, other) => one.or(other).unwrap_or_default(),
    }
}

/// Whose credentials, and how they come.
fn whose(status: &Status, canvas: Canvas, sheet: &mut Sheet, world: &World) {
    let decided = &status.decided_by;
    let plain = |text: &str| canvas.text(Ink::Plain, text);
    let place =
        |place: &Option<String>| place.as_ref().map(|place| tilde(Path::new(place), &world.places.home));
    if let Some(account) = &status.account {
        let name = status.account_name.as_ref().map(|name| canvas.text(Ink::Strong, &format!("  {name}")));
        sheet.field(
            "account",
            plain(account).and(name.unwrap_or_default()),
            place(&decided.account).as_deref(),
        );
    }
    if let Some(region) = &status.region {
        sheet.field("region", plain(region), place(&decided.region).as_deref());
    }
    if !status.path.is_empty() {
        sheet.field(
            if status.path.len() > 1 { "chain" } else { "source" },
            path(&status.path, canvas),
            place(&decided.profile).as_deref(),
        );
    }
    if let Some(rests) = status.keychain {
        sheet.field("keys", plain(&format!("in {}", keychain::shown(rests, &world.places))), None);
    }
    let name = status.delivered_by.as_deref();
    let delivery = match status.delivery {
        Some("profile") => {
            Some(format!("a profile{}", name.map(|name| format!(", {name}")).unwrap_or_default()))
        }
        Some("endpoint") => {
            Some(format!("the agent{}", name.map(|uri| format!(" at {}", address(uri))).unwrap_or_default()))
        }
        Some(_) => Some("variables of this shell".to_owned()),
        None => None,
    };
    if let Some(delivery) = delivery.filter(|_| !status.path.is_empty()) {
        sheet.field("given by", plain(&delivery), place(&decided.delivery).as_deref());
    }
}

/// Without the path, which says nothing to a person.
fn address(uri: &str) -> &str {
    let bare = uri.split_once("://").map_or(uri, |(_, rest)| rest);
    bare.split('/').next().unwrap_or(bare)
}

/// Names with arrows in between; the last is who one is.
fn path(names: &[String], canvas: Canvas) -> Line {
    let arrow = || canvas.text(Ink::Faint, canvas.sign(" → ", " -> "));
    let last = names.len() - 1;
    let piece = |(index, name): (usize, &String)| {
        let ink = if index == last { Ink::Strong } else { Ink::Plain };
        let name = canvas.text(ink, name);
        if index == 0 { name } else { arrow().and(name) }
    };
    names.iter().enumerate().map(piece).fold(Line::default(), Line::and)
}

/// What ends, and when.
fn times(status: &Status, canvas: Canvas, sheet: &mut Sheet, now: Timestamp) {
    let spans = &status.spans;
    let in_shell = status.expiration.as_deref().and_then(clock::parse).map(|end| (None, end));
    if let Some((begin, end)) = spans.session.or(in_shell.filter(|_| status.loaded)) {
        sheet.field("session", canvas.time(begin, end, now), None);
    } else if status.loaded && status.delivery.is_some() {
        sheet.field("session", canvas.text(Ink::Plain, "keys without an end"), None);
    }
    let Some(portal) = &status.sign_in.portal else { return };
    let place =
        Some(portal.as_str()).filter(|portal| status.path.first().is_none_or(|first| first != portal));
    match spans.sign_in {
        None => sheet.field("sign-in", canvas.text(Ink::Of(Colour::Magenta), "not signed in"), place),
        Some((begin, end)) => {
            let renewed = if status.sign_in.renewable { ", renewed" } else { "" };
            let time = canvas.time(begin, end, now).and(canvas.text(Ink::Faint, renewed));
            sheet.field("sign-in", time, place);
        }
    }
    if let Some((begin, end)) = spans.registration {
        sheet.field("client", canvas.time(begin, end, now), None);
    }
}

/// The files that count, and the line that names the source.
fn files(status: &Status, canvas: Canvas, sheet: &mut Sheet, world: &World) {
    let home = &world.places.home;
    let source = status.decided_by.source.as_deref();
    if let Some(chosen) = &status.chosen {
        sheet.field(
            "chosen",
            canvas.text(Ink::Strong, chosen).and(canvas.text(Ink::Plain, ", for this shell")),
            Some("awsenv use"),
        );
    }
    for file in &status.files {
        let line = source.and_then(|source| source.strip_prefix(file.as_str())?.strip_prefix(':'));
        let line = line.map(|line| canvas.text(Ink::Faint, &format!(":{line}"))).unwrap_or_default();
        sheet.field("file", canvas.text(Ink::Plain, &tilde(Path::new(file), home)).and(line), None);
    }
}

/// Why there are no credentials, and what to do.
fn trouble(status: &Status, sheet: &mut Sheet, now: Timestamp, world: &World) {
    let why_not = why_not(status, world).filter(|_| status.state == "pinned");
    let (not_loaded, what_to_do) = why_not.unzip();
    let reason = status.reason.clone().or(not_loaded);
    // A line for the prompt has both in one.
    let parts = reason.as_deref().map(|reason| {
        reason.split_once("; ").filter(|_| status.state == "not_allowed").unwrap_or((reason, ""))
    });
    if let Some((why, _)) = parts {
        sheet.story("why", Ink::Plain, why);
    }
    let in_line = parts.map(|(_, what)| what.to_owned()).filter(|what| !what.is_empty());
    if let Some(hint) = status.hint.clone().or(what_to_do).or(in_line) {
        sheet.story("do", Ink::Strong, &hint);
    }
    if let Some(again) = status.again.as_deref().and_then(clock::parse) {
        sheet.story("again", Ink::Plain, &format!("not before {}", clock::hour(again, now)));
    }
}
