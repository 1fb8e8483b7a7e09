//! Two doors: the prompt's (`export`, and `prompt` for themes), which must be quick, and the command line's for all else.
#![cfg_attr(all(target_os = "linux", target_env = "gnu"), no_main)]

use awsenv::env::Env;
use awsenv::{cli, commands, logging, process, world};

#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod start;

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
fn main() -> std::process::ExitCode {
    start(|_| ()).into()
}

/// Returns the exit status. What `prepare` does to a command is done once this process becomes it.
fn start(prepare: fn(&mut std::process::Command)) -> u8 {
    let before = process::protect(prepare);
    let env = Env::of_this_process();
    logging::start(&env);
    let mut arguments = std::env::args_os();
    let program = arguments.next().unwrap_or_default();
    let arguments: Vec<_> = arguments.collect();
    // No parser, no help, nothing between the shell and its answer.
    if let [first, rest @ ..] = arguments.as_slice()
        && first == "export"
        && let Some(status) = commands::export::run(rest, &env)
    {
        return status;
    }
    let answer = match arguments.as_slice() {
        [first, rest @ ..] if first == "prompt" => commands::prompt::plainly_asked(rest),
        _ => None,
    };
    let done = match answer {
        Some(format) => commands::prompt::run(format, &env).map(|()| 0),
        None => cli::run(&program, &arguments, env, &before),
    };
    let status = done.unwrap_or_else(|error| {
        let (text, exit) = awsenv::message::render(&error);
        world::say(text.trim_end());
        exit as u8
    });
    process::end();
    status
}
