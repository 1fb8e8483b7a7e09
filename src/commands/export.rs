//! `awsenv export SHELL PID VERSION PWD [wait]`: what the hook evals. The one slow call of the prompt will
//! stand here, where nobody can overlook it; so far everything is answered from files.

use std::ffi::{OsStr, OsString};
use std::process::ExitCode;

use crate::clock;
use crate::env::Env;
use crate::places::Places;
use crate::prompt::shell::Shell;
use crate::prompt::{self, Question};
use crate::settings::Settings;
use crate::world;

/// Answers the hook; `None` if this is not how a hook asks, and a person should be told.
pub fn run(arguments: &[OsString], env: &Env) -> Option<ExitCode> {
    let [shell, pid, version, pwd, phase @ ..] = arguments else { return None };
    let shell = Shell::named(shell.to_str()?)?;
    let pid = pid.to_str()?.parse().ok()?;
    let version = version.to_str()?;
    match phase {
        [] => Some(first(shell, pid, version, pwd, env)),
        // Phase 2 waits for what phase 1 started; nothing was.
        [phase] if phase == "wait" => Some(ExitCode::SUCCESS),
        _ => None,
    }
}

fn first(shell: Shell, pid: u32, version: &str, pwd: &OsStr, env: &Env) -> ExitCode {
    let Some(places) = Places::of(env) else {
        world::say("awsenv: no home directory; set HOME");
        return ExitCode::FAILURE;
    };
    let (settings, mistake) = match prompt::settings(&places) {
        Ok(settings) => (settings, None),
        Err(error) => (Settings::default(), Some(error)),
    };
    let question =
        Question { shell, pid, version, pwd, env, places: &places, settings: &settings, now: clock::now() };
    let answer = prompt::answer(&question, mistake.as_ref());
    if let Some(notice) = answer.notice {
        world::say(&notice);
    }
    match world::out(&answer.text) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}
