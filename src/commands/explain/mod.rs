//! `awsenv explain`: how credentials would be got, without network.

use serde::Serialize;

use super::drawing::Canvas;
use super::standing::Standing;
use super::subject::{Asking, subject};
use crate::clock;
use crate::message::{self, printable};
use crate::profile::chain::{self, Source, Step};
use crate::prompt::variables::is_identity;
use crate::session::account_names;
use crate::session::store::Session;
use crate::world::{self, World};

mod drawn;

/// The documented schema of `--json` (docs/json.md).
#[derive(Serialize)]
struct Explanation {
    profile: String,
    region: Option<String>,
    account: Option<String>,
    steps: Vec<Step>,
    /// Variables of the user's that SDKs would take instead, were awsenv not here.
    shadowed_by: Vec<String>,
    cached: Cached,
    /// Why its credentials are refused, as far as that is known without a call, and what to do about it.
    reason: Option<String>,
    hint: Option<String>,
    /// What was decided and may surprise.
    #[serde(skip)]
    notes: Vec<String>,
    /// Where it begins and through which roles it goes, by name.
    #[serde(skip)]
    path: Vec<String>,
    #[serde(skip)]
    source_account: Option<String>,
    #[serde(skip)]
    account_name: Option<String>,
    #[serde(skip)]
    protected: bool,
}

/// The session that is kept for it.
#[derive(Default, Serialize)]
struct Cached {
    /// Its access key id, as `session list` shows it.
    session: Option<String>,
    issued: Option<String>,
    expiration: Option<String>,
}

impl Cached {
    fn of(session: Session) -> Self {
        Self {
            issued: Some(clock::rfc3339(session.issued)),
            expiration: session.credentials.expiry.map(|expiry| clock::rfc3339(expiry.0)),
            session: Some(session.credentials.access_key_id),
        }
    }
}

/// Explains a profile, or the directory's pin.
pub fn run(asking: &Asking<'_>, json: bool, world: &World) -> anyhow::Result<()> {
    let subject = subject(asking, world)?;
    let kept = match Standing::of(&subject.resolved, world, clock::now()) {
        Standing::Kept(session) => Some(session),
        _ => None,
    };
    let refusal = subject.check_at_rest(kept.as_deref(), world).err();
    let (reason, hint) = refusal.as_ref().map(|error| (format!("{error:#}"), message::hint(error))).unzip();
    let hint = hint.flatten().map(str::to_owned);
    let resolved = subject.resolved;
    let told = reason.iter().map(|reason| match &hint {
        Some(hint) => format!("{reason}; {hint}"),
        None => reason.clone(),
    });
    let shadowed_by = world.original.iter().filter_map(|(name, _)| name.to_str());
    let explanation = Explanation {
        profile: resolved.name,
        region: resolved.region,
        account: chain::known_account(&resolved.chain),
        steps: chain::steps(&resolved.chain),
        path: chain::path(&resolved.chain),
        source_account: match &resolved.chain.source {
            Source::Sso(sso) => Some(sso.account.clone()),
            _ => None,
        },
        account_name: chain::sure_account(&resolved.chain)
            .and_then(|account| account_names::name(&world.places, &account)),
        protected: subject.pin.is_some_and(|pin| pin.protected),
        notes: told.chain(resolved.chain.notes).collect(),
        shadowed_by: shadowed_by.filter(|name| is_identity(name)).map(str::to_owned).collect(),
        cached: kept.map(|session| Cached::of(*session)).unwrap_or_default(),
        reason,
        hint,
    };
    if json {
        return world::out(format!("{}\n", serde_json::to_string_pretty(&explanation)?).as_bytes());
    }
    let text = match Canvas::of_stdout(&world.env, world.settings.colours) {
        Some(canvas) => drawn::card(&explanation, canvas, world),
        None => plain(&explanation),
    };
    world::out(text.as_bytes())
}

fn plain(explanation: &Explanation) -> String {
    let known = |value: &Option<String>| value.clone().unwrap_or_else(|| "not known without a call".into());
    let mut text = format!(
        "{}\n  account {}\n  region  {}\n",
        explanation.profile,
        known(&explanation.account),
        explanation.region.as_deref().unwrap_or("none")
    );
    if let Some(session) = &explanation.cached.session {
        let until = explanation.cached.expiration.as_deref();
        text.push_str(&format!(
            "  kept    {session}, {}\n",
            until.map_or("no end".into(), |until| format!("until {until}"))
        ));
    }
    for (index, step) in explanation.steps.iter().enumerate() {
        text.push_str(&format!("  {}. {}", index + 1, step.call));
        let details = [
            step.role_arn.clone(),
            step.profile.as_ref().map(|profile| format!("profile {profile}")),
            step.duration_seconds.map(|seconds| clock::human(std::time::Duration::from_secs(seconds))),
            step.mfa_serial.as_ref().map(|serial| format!("MFA {serial}")),
            step.external_id.as_ref().map(|id| format!("external id {id}")),
            step.decided_by.as_ref().map(|place| format!("({place})")),
        ];
        for detail in details.into_iter().flatten() {
            text.push_str(&format!(" {detail}"));
        }
        text.push('\n');
    }
    for note in &explanation.notes {
        text.push_str(&format!("  note: {note}\n"));
    }
    if !explanation.shadowed_by.is_empty() {
        text.push_str(&format!(
            "  set in your environment, put aside while this is loaded: {}\n",
            explanation.shadowed_by.join(", ")
        ));
    }
    text.lines().map(|line| printable(line) + "\n").collect()
}
