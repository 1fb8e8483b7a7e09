//! A chain as a card: where it begins at the top, an arrow for each call, and who one is at the end.

use std::path::Path;
use std::time::Duration;

use super::Explanation;
use crate::clock;
use crate::commands::drawing::{Canvas, Ink, Line, Sheet, TIGHT};
use crate::places::tilde;
use crate::profile::chain::{Call, Step};
use crate::prompt::segment::Colour;
use crate::world::World;

const LABEL: usize = 10;

pub(super) fn card(explanation: &Explanation, canvas: Canvas, world: &World) -> String {
    let mut sheet = canvas.sheet(LABEL);
    let colour = if explanation.protected { Colour::Red } else { Colour::Green };
    chain(explanation, canvas, colour, &mut sheet, world);
    sheet.gap();
    sheet.field("region", canvas.text(Ink::Plain, explanation.region.as_deref().unwrap_or("none")), None);
    kept(explanation, canvas, &mut sheet);
    sheet.gap();
    for note in &explanation.notes {
        sheet.story("note", Ink::Plain, note);
    }
    if !explanation.shadowed_by.is_empty() {
        let names = explanation.shadowed_by.join(", ");
        let text = format!("{names}: set in your environment, put aside while this is loaded");
        sheet.story("shadowed", Ink::Of(Colour::Yellow), &text);
    }
    let name = explanation.account_name.as_ref().map(|name| canvas.text(Ink::Strong, &format!("  {name}")));
    let account = explanation.account.as_deref().unwrap_or("account not known without a call");
    let aside = canvas.text(Ink::Plain, account).and(name.unwrap_or_default());
    let mark = if explanation.protected { "*" } else { "" };
    let title = canvas.text(Ink::StrongOf(colour), &format!("{}{mark}", explanation.profile));
    sheet.card(Some(colour), &title, &aside)
}

fn chain(explanation: &Explanation, canvas: Canvas, colour: Colour, sheet: &mut Sheet, world: &World) {
    let place =
        |step: &Step| step.decided_by.as_ref().map(|place| tilde(Path::new(place), &world.places.home));
    let last = explanation.steps.len().saturating_sub(1);
    let end = |index| if index == last { Some(colour) } else { None };
    for (index, step) in explanation.steps.iter().enumerate() {
        let ends_in = whom(step, explanation, canvas);
        if index == 0 {
            let beginning = explanation.path.first().map(String::as_str).unwrap_or_default();
            let call = ends_in.is_none().then(|| canvas.text(Ink::Faint, &format!("  {}", step.call)));
            let name = canvas.text(Ink::Strong, beginning).and(call.unwrap_or_default());
            let is_end = end(index).filter(|_| ends_in.is_none());
            sheet.row(
                node(canvas, is_end),
                name,
                ends_in.is_none().then(|| place(step)).flatten().as_deref(),
            );
        }
        let Some(whom) = ends_in else { continue };
        let down = canvas.text(Ink::Faint, canvas.sign("│", "|")).and(Line::space(2));
        sheet.beside(down, Ink::Plain, &call(step, canvas));
        sheet.row(canvas.text(Ink::Faint, canvas.sign("▼", "v")), Line::default(), None);
        sheet.row(node(canvas, end(index)), whom, place(step).as_deref());
    }
}

fn node(canvas: Canvas, end: Option<Colour>) -> Line {
    let sign = match end {
        Some(colour) => canvas.text(Ink::StrongOf(colour), canvas.sign("◆", "*")),
        None => canvas.text(Ink::Faint, canvas.sign("◇", "o")),
    };
    sign.and(Line::space(2))
}

/// Who one is after the step, if that is another than before.
fn whom(step: &Step, explanation: &Explanation, canvas: Canvas) -> Option<Line> {
    let text = |text: &str| canvas.text(Ink::Plain, text);
    if let Some(arn) = &step.role_arn {
        let at = arn.rfind('/').map_or(0, |at| at + 1);
        return Some(canvas.text(Ink::Faint, &arn[..at]).and(canvas.text(Ink::Strong, &arn[at..])));
    }
    match step.call {
        Call::GetSessionToken if step.mfa_serial.is_some() => Some(text("the same, with MFA")),
        Call::GetSessionToken => Some(text("the same, for a while")),
        Call::GetRoleCredentials => {
            let role = explanation.path.get(1).map(String::as_str).unwrap_or_default();
            let account = explanation.source_account.as_deref().map(|account| text(&format!("  {account}")));
            Some(canvas.text(Ink::Strong, role).and(account.unwrap_or_default()))
        }
        _ => None,
    }
}

/// The call, and what goes into it.
fn call(step: &Step, canvas: Canvas) -> String {
    let between = canvas.sign(" · ", ", ");
    let tags = step.tags.iter().map(|(name, value)| format!("tag {name}={value}"));
    let details = [
        Some(step.call.to_string()),
        step.duration_seconds.map(|seconds| clock::human(Duration::from_secs(seconds))),
        step.region.clone(),
        step.mfa_serial.as_ref().map(|serial| format!("MFA {serial}")),
        step.external_id.as_ref().map(|id| format!("external id {id}")),
        step.session_name.as_ref().map(|name| format!("session name {name}")),
        step.source_identity.as_ref().map(|identity| format!("source identity {identity}")),
    ];
    let whole = |detail: String| detail.replace(' ', &TIGHT.to_string());
    details.into_iter().flatten().chain(tags).map(whole).collect::<Vec<_>>().join(between)
}

fn kept(explanation: &Explanation, canvas: Canvas, sheet: &mut Sheet) {
    let cached = &explanation.cached;
    let Some(session) = &cached.session else {
        return sheet.field("kept", canvas.text(Ink::Faint, "no session"), None);
    };
    let instant = |text: &Option<String>| text.as_deref().and_then(clock::parse);
    let time = match instant(&cached.expiration) {
        Some(end) => canvas.time(instant(&cached.issued), end, clock::now()),
        None => canvas.text(Ink::Plain, "without an end"),
    };
    sheet.field("kept", time, Some(session));
}
