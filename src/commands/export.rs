//! `awsenv export SHELL PID VERSION PWD [new|wait]`: what the hook evals.
//!
//! `new`: the hook was just loaded, so what an rc file has set is no change by hand, even if the process is
//! an old one (`exec bash`).
//!
//! Phase 1 answers from files, in milliseconds, and starts a renewal where a session is missing. Only then
//! does the hook call phase 2, the one slow thing a prompt ever does: it waits, at most `wait` long.

use std::ffi::OsString;
use std::time::Duration;

use super::renew;
use crate::clock;
use crate::env::Env;
use crate::places::Places;
use crate::prompt::plan::Need;
use crate::prompt::shell::Shell;
use crate::prompt::{self, Answer, Question};
use crate::session::history;
use crate::session::store::{SILENT, SessionStore};
use crate::settings::Settings;
use crate::world;

/// Answers the hook; `None` if this is not how a hook asks, and a person should be told.
pub fn run(arguments: &[OsString], env: &Env) -> Option<u8> {
    let [shell, pid, version, pwd, phase @ ..] = arguments else { return None };
    let shell = Shell::named(shell.to_str()?)?;
    let pid = pid.to_str()?.parse().ok()?;
    let version = version.to_str()?;
    let (is_new, waits) = match phase {
        [] => (false, false),
        [phase] if phase == "new" => (true, false),
        [phase] if phase == "wait" => (false, true),
        _ => return None,
    };
    let Some(places) = Places::of(env) else {
        world::say("awsenv: no home directory; set HOME");
        return Some(1);
    };
    let (settings, mistake) = match prompt::settings(&places) {
        Ok(settings) => (settings, None),
        Err(error) => (Settings { broken: true, history: false, ..Settings::default() }, Some(error)),
    };
    let (places, settings) = (&places, &settings);
    let question =
        |now| Question { shell, pid, is_new, version, pwd, env, places, settings, now, no_renewal: None };
    let asked = question(clock::now());
    let mut answer = prompt::answer(&asked, mistake.as_ref());
    if answer.needs_session.is_none() {
        print(&asked, &answer, false)
    }
    let begin = clock::uptime();
    // Twice, where there is time left: another directory's renewal makes no way to programs here.
    for _ in 0..2 {
        let Some(need) = &answer.needs_session else { break };
        // In phase 2 one runs already, nearly always; unless it was killed, or the files have changed meanwhile.
        if let Err(error) = renew::start(need, pwd, env, places) {
            let asked = Question { no_renewal: Some(&error), ..asked };
            print(&asked, &prompt::answer(&asked, mistake.as_ref()), false)
        }
        if !waits {
            print(&asked, &answer, !need.old_serves && !settings.wait.is_zero())
        }
        wait_for(need, begin, settings.wait, places);
        answer = prompt::answer(&question(clock::now()), mistake.as_ref());
        if clock::uptime() >= begin + settings.wait {
            break;
        }
    }
    if let Some(need) = &answer.needs_session {
        world::say(&format!("awsenv: {} is still on its way", crate::message::printable(&need.name)));
    }
    print(&asked, &answer, false)
}

/// Prints, and is done: taking apart what the kernel takes back anyway would cost the prompt some 2 %. Every
/// `Secret` has been dropped, and wiped, by now.
#[expect(clippy::exit, reason = "the prompt waits for nothing after its answer")]
fn print(question: &Question<'_>, answer: &Answer, pending: bool) -> ! {
    let shell = question.shell;
    if let Some(notice) = &answer.notice {
        world::say(notice);
    }
    let mark = if pending { shell.pending() } else { b"" };
    let printed = world::out(&shell.answer(&[&answer.statements, mark].concat(), &answer.guard));
    // Nobody knows whether broken settings would have said yes.
    if let Some(change) = answer.change.as_ref().filter(|_| question.settings.history && printed.is_ok())
        && let Err(error) = history::append(question.places, change)
    {
        log::warn!("not noted in the history: {error}");
    }
    std::process::exit(i32::from(printed.is_err()))
}

/// Waits until nobody holds the session's lock, or until so long after it began: then whoever renewed it is done.
fn wait_for(need: &Need, begin: Duration, wait: Duration, places: &Places) {
    let is_done = |after: Duration| {
        let left = (begin + after).saturating_sub(clock::uptime());
        SessionStore::new(places).wait_until_free(&need.session, left)
    };
    let is_silent = clock::uptime() < begin + SILENT;
    if !is_done(wait.min(SILENT)) && wait > SILENT {
        if is_silent {
            world::say(&format!("awsenv: fetching {} …", crate::message::printable(&need.name)));
        }
        is_done(wait);
    }
    log::debug!("{}: waited for the renewal, at most {wait:?}", need.name);
}
