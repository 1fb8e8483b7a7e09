//! `awsenv prompt`: the prompt's segment, for prompts that run a program. The hook has decided everything before
//! the prompt is drawn; this only reads what it left in the environment, and has a quick door in `main.rs`.

use std::ffi::OsString;

use clap::ValueEnum as _;
use serde::Serialize;

use crate::clock::{self, Timestamp};
use crate::env::Env;
use crate::files;
use crate::places::Places;
use crate::prompt;
use crate::prompt::memory::Memory;
use crate::prompt::segment::{Look, Reader, Segment, Standing};
use crate::prompt::shell::Shell;
use crate::settings::Settings;
use crate::world;

/// Who reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// Text alone: themes have colours of their own.
    Plain,
    /// With the colours of a terminal.
    Ansi,
    /// For `PS1` of bash.
    Bash,
    /// For `PROMPT` of zsh.
    Zsh,
    /// For scripts; the schema is in docs/json.md.
    Json,
}

/// The documented schema of `--format json` (docs/json.md).
#[derive(Default, Serialize)]
struct Document {
    /// `fresh`, `renewing`, `person`, `failed`, `not_allowed`; `null` where there is nothing to show.
    state: Option<Standing>,
    profile: Option<String>,
    account: Option<String>,
    account_name: Option<String>,
    expiration: Option<String>,
    seconds_left: Option<i64>,
    protected: bool,
    /// What a person has to run.
    run: Option<String>,
    text: String,
}

/// What follows `prompt` on the command line, if it takes no parser to read.
pub fn plainly_asked(arguments: &[OsString]) -> Option<Format> {
    let words: Option<Vec<_>> = arguments.iter().map(|argument| argument.to_str()).collect();
    match words?[..] {
        [] => Some(Format::Plain),
        ["--format", format] => Format::from_str(format, false).ok(),
        [option] => Format::from_str(option.strip_prefix("--format=")?, false).ok(),
        _ => None,
    }
}

/// Prints it, without a line break; nothing where there is nothing to say.
pub fn run(format: Format, env: &Env) -> anyhow::Result<()> {
    let now = clock::now();
    let segment = segment(env);
    let text = match format {
        Format::Json => serde_json::to_string(&document(segment.as_ref(), env, now))? + "\n",
        Format::Plain => drawn(segment.as_ref(), Reader::Plain, env, now),
        Format::Ansi => drawn(segment.as_ref(), Reader::Terminal, env, now),
        Format::Bash => drawn(segment.as_ref(), Reader::Prompt(Shell::Bash), env, now),
        Format::Zsh => drawn(segment.as_ref(), Reader::Prompt(Shell::Zsh), env, now),
    };
    world::out(text.as_bytes())
}

/// As the hook left it; else what the variables say.
fn segment(env: &Env) -> Option<Segment> {
    match Memory::read(env, files::uid()) {
        Some(memory) if env.text("AWSENV_DISABLE").is_none() => memory.segment.filter(|_| !memory.lost),
        _ => Segment::of_variables(env),
    }
}

fn drawn(segment: Option<&Segment>, reader: Reader, env: &Env, now: Timestamp) -> String {
    let Some(segment) = segment else { return String::new() };
    // What is wrong with the settings is said by the hook.
    let settings = || prompt::settings(&Places::of(env)?).ok();
    let settings = if reader == Reader::Plain { None } else { settings() };
    segment.text(Look::of(reader, env, settings.unwrap_or_else(Settings::default).colours), now)
}

fn document(segment: Option<&Segment>, env: &Env, now: Timestamp) -> Document {
    let Some(segment) = segment else { return Document::default() };
    let until = segment.until.and_then(|until| Timestamp::from_second(until).ok());
    let has_credentials = env.text("AWSENV_PROFILE").is_some();
    Document {
        state: Some(segment.standing),
        profile: Some(segment.name.clone()).filter(|_| segment.standing != Standing::NotAllowed),
        account: env.text("AWSENV_ACCOUNT").filter(|_| has_credentials).map(str::to_owned),
        account_name: segment.account_name.clone(),
        expiration: until.map(clock::rfc3339),
        seconds_left: segment.until.map(|until| until.saturating_sub(now.as_second()).max(0)),
        protected: segment.protected,
        run: segment.run.clone(),
        text: drawn(Some(segment), Reader::Plain, env, now),
    }
}
