//! What an answer changes in a shell, as a line of the history: credentials that come, go, or are renewed.

use super::Question;
use super::choice::What;
use super::memory::{Memory, Trace};
use crate::env::Env;
use crate::session::history::{Event, Record};

/// The line, if anything changes. `after`: what follows, in which environment, and by which role.
pub(super) fn between(
    before: Option<&Memory>,
    after: (&Memory, &Env, Option<String>),
    question: &Question<'_>,
) -> Option<Record> {
    let (memory, target, role) = after;
    let (had, has) = (before.and_then(held), held(memory));
    let (event, env) = match (had, has) {
        (None, None) => return None,
        (Some(_), None) => (Event::Unload, question.env),
        (None, Some(_)) => (Event::Load, target),
        (Some(had), Some(has)) => {
            let is_same_file = before.is_some_and(|before| before.files == memory.files);
            match (had.whose == has.whose && is_same_file, had == has) {
                (true, true) => return None,
                (true, false) => (Event::Renew, target),
                (false, _) => (Event::Load, target),
            }
        }
    };
    let stage = memory.choice.as_ref().and_then(|choice| match &choice.what {
        What::Stage(name, _) => Some(name.clone()),
        What::Profile(..) => None,
    });
    Some(Record { role, stage: stage.filter(|_| event != Event::Unload), ..record(event, env, question) })
}

/// The line for a shell that awsenv leaves alone from now on.
pub(super) fn end(before: Option<&Memory>, question: &Question<'_>) -> Option<Record> {
    before.and_then(held).map(|_| record(Event::Unload, question.env, question))
}

/// What a shell holds, by the digests of its variables: the same nonce salts them from one answer to the next.
#[derive(PartialEq)]
struct Held<'a> {
    whose: [Option<&'a str>; 2],
    which: [Option<&'a str>; 2],
}

fn held(memory: &Memory) -> Option<Held<'_>> {
    let digest = |name: &str| match memory.traces.get(name)? {
        Trace::Set(digest, _) => Some(digest.as_str()),
        _ => None,
    };
    let profile = digest("AWSENV_PROFILE").filter(|_| !memory.lost)?;
    Some(Held {
        whose: [Some(profile), digest("AWSENV_ACCOUNT")],
        which: [digest("AWSENV_EXPIRATION"), digest("AWS_ACCESS_KEY_ID")],
    })
}

fn record(event: Event, env: &Env, question: &Question<'_>) -> Record {
    let text = |name| env.text(name).map(str::to_owned);
    Record {
        at: question.now.as_second(),
        event,
        by: question.shell.name().to_owned(),
        pid: question.pid,
        directory: question.pwd.to_string_lossy().into_owned(),
        profile: text("AWSENV_PROFILE"),
        stage: None,
        account: text("AWSENV_ACCOUNT"),
        role: None,
        expiration: env.text("AWSENV_EXPIRATION").and_then(|text| text.parse().ok()),
    }
}
