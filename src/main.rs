//! Two doors: the prompt's (`export`), which must be quick, and the command line's for all else.

use std::process::ExitCode;

use awsenv::env::Env;
use awsenv::{cli, commands, process, world};

fn main() -> ExitCode {
    let before = process::protect();
    let env = Env::of_this_process();
    let mut arguments = std::env::args_os();
    let program = arguments.next().unwrap_or_default();
    let arguments: Vec<_> = arguments.collect();
    // No parser, no help, nothing between the shell and its answer.
    if let [first, rest @ ..] = arguments.as_slice()
        && first == "export"
        && let Some(code) = commands::export::run(rest, &env)
    {
        return code;
    }
    match cli::run(&program, &arguments, env, &before) {
        Ok(code) => code,
        Err(error) => {
            let (text, exit) = awsenv::message::render(&error);
            world::say(text.trim_end());
            ExitCode::from(exit as u8)
        }
    }
}
