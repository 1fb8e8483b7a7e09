//! The command line: definitions, help, dispatch. Nothing is decided here.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{CommandFactory, Parser, Subcommand};
use clap_complete::{ArgValueCandidates, ArgValueCompleter};

use crate::commands::choose::Use;
use crate::commands::credentials::Format;
use crate::commands::exec::Giving;
use crate::commands::login::Login;
use crate::commands::subject::{self, Asking};
use crate::commands::{
    agent, allow, choose, complete, completions, credentials, direnv, edit, exec, explain, hook, lend, login,
    logout, man, prompt, refresh, renew, serve, session, status, trust,
};
use crate::env::Env;
use crate::message::{Exit, Failure, printable};
use crate::process::Unprotected;
use crate::world::{self, World};

mod console;
mod doctor;
mod help;
mod history;
mod init;
mod key;
mod saml;
mod sso;
mod whose;

use console::Console;
use doctor::Doctor;
use init::Init;
use key::Key;
use saml::Saml;
use sso::Sso;
use whose::{OfPortal, Whose};

/// The right AWS credentials in your shell, by directory.
#[derive(Debug, Parser)]
#[command(
    name = "awsenv",
    version = env!("AWSENV_BUILT_VERSION"),
    arg_required_else_help = true,
    before_help = help::START,
    after_help = help::OVERVIEW,
    help_template = help::TEMPLATE
)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Print the text that a shell evals at its start
    #[command(after_help = help::HOOK)]
    Hook {
        /// The shell; or direnv, for its function `use awsenv`
        #[arg(value_parser = PossibleValuesParser::new(hook::possible_values()))]
        shell: Option<String>,
    },
    /// Write a first .awsenv here, and allow it
    #[command(after_help = help::INIT)]
    Init(Init),
    /// Open the .awsenv in your editor, and allow what you saved
    #[command(after_help = help::EDIT)]
    Edit {
        /// The file or its directory; without it the nearest one upward
        path: Option<PathBuf>,
    },
    /// Let the .awsenv count, as it is now
    #[command(after_help = help::ALLOW)]
    Allow {
        /// The file or its directory; without it the nearest one upward
        path: Option<PathBuf>,
    },
    /// Never let the .awsenv count, whatever it will contain
    #[command(after_help = help::DENY)]
    Deny {
        /// The file or its directory; without it the nearest one upward
        path: Option<PathBuf>,
    },
    /// What you have allowed and denied
    #[command(after_help = help::TRUST)]
    Trust {
        #[command(subcommand)]
        command: Trust,
    },
    /// What is loaded here, from where, until when, and why not
    #[command(after_help = help::STATUS)]
    Status {
        /// For scripts; the schema is in docs/json.md
        #[arg(long)]
        json: bool,
    },
    /// How credentials would be got, without network
    #[command(after_help = help::EXPLAIN)]
    Explain {
        #[command(flatten)]
        whose: Whose,
        /// For scripts; the schema is in docs/json.md
        #[arg(long)]
        json: bool,
    },
    /// Look for what is wrong here, and say how to put it right
    #[command(after_help = help::DOCTOR)]
    Doctor(Doctor),
    /// Choose a stage or a profile for this shell
    #[command(after_help = help::USE)]
    Use {
        /// A stage, or a profile; `-` goes back
        #[arg(add = ArgValueCandidates::new(complete::choices))]
        name: Option<String>,
        /// Do not ask about a protected stage
        #[arg(long, short)]
        yes: bool,
        /// The hook asks, and reads the answer
        #[arg(long, hide = true)]
        hook: bool,
    },
    /// Run one command with the credentials; without a command, a shell
    #[command(after_help = help::EXEC)]
    Exec {
        #[command(flatten)]
        whose: Whose,
        /// Ask AWS anew if the kept session is good for less than this
        #[arg(long, value_name = "DURATION")]
        min_ttl: Option<String>,
        /// The MFA code, as AWSENV_MFA_CODE
        #[arg(long, value_name = "CODE")]
        mfa_code: Option<String>,
        /// Give the command no keys, but a place to ask for them
        #[arg(long)]
        endpoint: bool,
        /// The command and its arguments
        #[arg(last = true, value_name = "CMD", add = ArgValueCompleter::new(complete::command))]
        command: Vec<OsString>,
    },
    /// Print the credentials, quoted for whoever reads
    #[command(after_help = help::CREDENTIALS)]
    Credentials {
        #[command(flatten)]
        whose: Whose,
        /// Who reads
        #[arg(long, value_enum, default_value = "env")]
        format: Format,
    },
    /// Exchange a SAML assertion for a role, and print the credentials
    #[command(after_help = help::ASSUME_SAML)]
    AssumeSaml(Saml),
    /// Sign in: in a browser, by an MFA code, or a key's password
    #[command(after_help = help::LOGIN)]
    Login {
        #[command(flatten)]
        portal: OfPortal,
        /// End what is kept first, then sign in anew
        #[arg(long)]
        fresh: bool,
        /// By any browser, with a code that is typed there, or a text that it shows
        #[arg(long)]
        device_code: bool,
        /// Show the address, and open no browser
        #[arg(long)]
        no_browser: bool,
        /// The MFA code, as AWSENV_MFA_CODE
        #[arg(long, value_name = "CODE")]
        mfa_code: Option<String>,
    },
    /// Sign out, and forget what came from that sign-in
    #[command(after_help = help::LOGOUT)]
    Logout {
        #[command(flatten)]
        portal: OfPortal,
        /// Of every one that this user is signed in to
        #[arg(long, conflicts_with_all = ["name", "sso_session"])]
        all: bool,
    },
    /// Renew the session now, asking for an MFA code if need be
    #[command(after_help = help::REFRESH)]
    Refresh {
        #[command(flatten)]
        whose: Whose,
        /// The MFA code, as AWSENV_MFA_CODE
        #[arg(long, value_name = "CODE")]
        mfa_code: Option<String>,
    },
    /// Renew a session without a person (started by a prompt)
    #[command(hide = true)]
    Renew {
        #[arg(hide = true)]
        session: String,
        #[arg(hide = true)]
        pwd: PathBuf,
    },
    /// Lend credentials to one process and what it starts (started by exec)
    #[command(hide = true)]
    Serve {
        #[arg(hide = true)]
        process: i32,
        #[arg(hide = true)]
        session: String,
        #[command(flatten)]
        whose: Whose,
        #[arg(long, hide = true)]
        apart: bool,
    },
    /// Give a session to an AWS client (by a profile that awsenv has written)
    #[command(hide = true)]
    Lend {
        #[arg(hide = true)]
        session: String,
    },
    /// Print what direnv's function evaluates (`hook direnv`)
    #[command(hide = true)]
    Direnv(Whose),
    History(history::History),
    /// Cached sessions
    #[command(after_help = help::SESSION)]
    Session {
        #[command(subcommand)]
        command: Session,
    },
    /// What a sign-in gives, and profiles for it
    #[command(after_help = help::SSO)]
    Sso {
        #[command(subcommand)]
        command: Sso,
    },
    /// Open the web console, signed in
    Console(Console),
    /// Long-lived keys in the keychain
    #[command(after_help = help::KEY)]
    Key {
        #[command(subcommand)]
        command: Key,
    },
    /// What lends sessions to programs (`deliver = "endpoint"`)
    #[command(after_help = help::AGENT)]
    Agent {
        #[command(subcommand)]
        command: Agent,
    },
    /// Print what a prompt shows of this shell's credentials
    #[command(after_help = help::PROMPT)]
    Prompt {
        /// Who reads
        #[arg(long, value_enum, default_value = "plain")]
        format: prompt::Format,
    },
    /// Print completions for a shell
    #[command(after_help = help::COMPLETIONS)]
    Completions {
        /// The shell
        shell: completions::Shell,
    },
    /// Print the manual page
    #[command(after_help = help::MAN)]
    Man {
        /// A command: its own page; a command of a command after a dash: `sso-roles`
        command: Option<String>,
    },
}

#[derive(Debug, Subcommand)]
enum Trust {
    /// Every decision made so far
    #[command(after_help = help::TRUST_LIST)]
    List {
        /// For scripts; the schema is in docs/json.md
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Subcommand)]
enum Session {
    /// What is kept, until when
    #[command(after_help = help::SESSION_LIST)]
    List {
        /// For scripts; the schema is in docs/json.md
        #[arg(long)]
        json: bool,
    },
    /// Forget all: the next prompt or command asks AWS anew
    #[command(after_help = help::SESSION_CLEAR)]
    Clear,
}

#[derive(Debug, Subcommand)]
enum Agent {
    /// What it lends, to how many shells
    #[command(after_help = help::AGENT_STATUS)]
    Status {
        /// For scripts; the schema is in docs/json.md
        #[arg(long)]
        json: bool,
    },
    /// End it: programs that ask it get nothing any more
    #[command(after_help = help::AGENT_STOP)]
    Stop,
    /// Be it (started by a prompt)
    #[command(hide = true)]
    Run,
}

/// clap repeats what was typed as it was typed, or pasted.
fn say_of_usage(error: &clap::Error, arguments: &[OsString]) {
    let steers = |argument: &OsString| printable(&argument.to_string_lossy()) != argument.to_string_lossy();
    if arguments.iter().any(steers) {
        error.render().to_string().lines().for_each(|line| world::say(&printable(line)));
    } else {
        let _ = error.print();
    }
}

/// Parses and runs a command; returns the exit status. clap's own errors, `--help` and `--version` are printed here.
pub fn run(program: &OsStr, arguments: &[OsString], env: Env, before: &Unprotected) -> anyhow::Result<u8> {
    // The prompt's door did not know it for a hook's question, and no person has to know of it.
    if arguments.first().is_some_and(|first| first == "export") {
        return Err(Failure::new("export is called by the shell's hook")
            .hint("eval \"$(awsenv hook bash)\", or `awsenv credentials` to print them")
            .exit(Exit::Usage)
            .into());
    }
    if let Some(shell) = env.text(complete::ASKED) {
        return complete::run(shell, &mut Cli::command(), arguments).map(|()| 0);
    }
    let cli = match Cli::try_parse_from(
        [OsStr::new("awsenv")].into_iter().chain(arguments.iter().map(OsString::as_os_str)),
    ) {
        Ok(cli) => cli,
        Err(error) => {
            if error.use_stderr() {
                say_of_usage(&error, arguments);
                return Ok(Exit::Usage as u8);
            }
            return world::written(error.print()).map(|()| 0);
        }
    };
    // These need no world, and must work on a machine that has none yet.
    match &cli.command {
        Command::Completions { shell } => {
            return completions::run(*shell).map(|()| 0);
        }
        Command::Man { command } => {
            return man::run(Cli::command(), command.as_deref()).map(|()| 0);
        }
        Command::Prompt { format } => return prompt::run(*format, &env).map(|()| 0),
        _ => {}
    }
    let world = match &cli.command {
        Command::Hook { .. } => World::of_hook(env)?,
        Command::Doctor(_) => World::of_doctor(env)?,
        Command::Exec { .. } => match World::of(env) {
            Ok(world) => world,
            Err(error) => return Ok(exec::failed(&error)),
        },
        _ => World::of(env)?,
    };
    match cli.command {
        Command::Hook { shell } => hook::run(shell.as_deref(), program, &world),
        Command::Init(init) => init.run(&world),
        Command::Edit { path } => edit::run(path.as_deref(), &world),
        Command::Allow { path } => allow::allow(path.as_deref(), &world),
        Command::Deny { path } => allow::deny(path.as_deref(), &world),
        Command::Trust { command: Trust::List { json } } => trust::list(json, &world),
        Command::Status { json } => status::run(json, &world),
        Command::Doctor(doctor) => return doctor.run(&world),
        Command::Explain { whose, json } => explain::run(&whose.asking()?, json, &world),
        Command::Use { name, yes, hook } => {
            choose::run(&Use { name: name.as_deref(), yes, by_hook: hook }, &world)
        }
        Command::Exec { whose, min_ttl, mfa_code, endpoint, command } => {
            let min_ttl = min_ttl.as_deref().map(subject::duration).transpose()?;
            let asking = Asking { mfa_code: mfa_code.as_deref(), ..whose.asking()? };
            return Ok(exec::run(&asking, Giving { min_ttl, endpoint }, &command, &world, before));
        }
        Command::Login { portal, fresh, device_code, no_browser, mfa_code } => {
            let asking = Asking {
                profile: portal.name.as_deref(),
                mfa_code: mfa_code.as_deref(),
                ..Asking::default()
            };
            let session = portal.sso_session.as_deref();
            login::run(&Login { asking, session, fresh, device_code, no_browser }, &world)
        }
        Command::Logout { all: true, .. } => logout::all(&world),
        Command::Logout { portal, .. } => {
            let asking = Asking { profile: portal.name.as_deref(), ..Asking::default() };
            logout::run(&asking, portal.sso_session.as_deref(), &world)
        }
        Command::Refresh { whose, mfa_code } => {
            refresh::run(&Asking { mfa_code: mfa_code.as_deref(), ..whose.asking()? }, &world)
        }
        Command::Renew { session, pwd } => renew::run(&session, &pwd, &world),
        Command::Serve { process, session, whose, apart } => {
            serve::run(process, &session, &whose.asking()?, apart, world)
        }
        Command::Lend { session } => lend::run(&session, world),
        Command::History(history) => history.run(&world),
        Command::Session { command: Session::List { json } } => session::list(json, &world),
        Command::Session { command: Session::Clear } => session::clear(&world),
        Command::Agent { command: Agent::Status { json } } => agent::status(json, &world),
        Command::Agent { command: Agent::Stop } => agent::stop(&world),
        Command::Agent { command: Agent::Run } => agent::run::run(world),
        Command::Sso { command } => command.run(&world),
        Command::Console(console) => console.run(&world),
        Command::Key { command } => command.run(&world),
        Command::AssumeSaml(saml) => saml.run(&world),
        Command::Credentials { whose, format } => credentials::run(&whose.asking()?, format, &world),
        Command::Direnv(whose) => direnv::run(&whose.asking()?, &world),
        Command::Completions { .. } | Command::Man { .. } | Command::Prompt { .. } => {
            unreachable!("answered above")
        }
    }
    .map(|()| 0)
}
