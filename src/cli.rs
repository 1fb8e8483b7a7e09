//! The command line: definitions, help, dispatch. Nothing is decided here.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use clap::{CommandFactory, Parser, Subcommand, ValueEnum};
use clap_complete::{ArgValueCandidates, ArgValueCompleter};

use crate::commands::choose::Use;
use crate::commands::credentials::Format;
use crate::commands::exec::Giving;
use crate::commands::init::Init;
use crate::commands::login::Login;
use crate::commands::subject::{self, Asking};
use crate::commands::{
    agent, allow, choose, complete, completions, credentials, edit, exec, explain, hook, init, lend, login,
    logout, man, prompt, refresh, renew, serve, session, status, trust,
};
use crate::env::Env;
use crate::message::{Exit, Failure};
use crate::process::Unprotected;
use crate::prompt::shell::Shell;
use crate::world::World;

mod console;
mod doctor;
mod history;
mod key;
mod saml;
mod sso;
mod whose;

use console::Console;
use doctor::Doctor;
use key::Key;
use saml::Saml;
use sso::Sso;
use whose::{OfPortal, Whose};

/// The right AWS credentials in your shell, by directory.
#[derive(Debug, Parser)]
#[command(
    name = "awsenv",
    version,
    arg_required_else_help = true,
    after_help = "\
Start here:
  eval \"$(awsenv hook bash)\"        at the end of ~/.bashrc (zsh: ~/.zshrc)
  awsenv hook fish | source         in ~/.config/fish/config.fish
  cd project && awsenv init my-profile

Environment:
  AWSENV_LOG=info                   say on stderr what is done, and why: error, warn, info, debug or trace
  AWSENV_MFA_CODE=123456            the code, for one command
  AWSENV_DISABLE=1                  the hook does nothing in this shell

Exit codes: 0 done, 1 failed, 2 usage, 3 a person is needed (sign in, MFA), 4 not allowed."
)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Print the text that a shell evals at its start
    #[command(after_help = "Examples:\n  eval \"$(awsenv hook zsh)\"\n  awsenv hook fish | source")]
    Hook {
        /// bash, zsh or fish
        shell: HookShell,
    },
    /// Write a first .awsenv here, and allow it
    #[command(
        after_help = "Examples:\n  awsenv init acme-dev\n  awsenv init acme-dev --account 111122223333 --region eu-west-1"
    )]
    Init {
        /// The profile of ~/.aws/config to pin
        #[arg(add = ArgValueCandidates::new(complete::profiles))]
        profile: Option<String>,
        /// Refuse credentials of any other account
        #[arg(long, add = ArgValueCandidates::new(complete::accounts))]
        account: Option<String>,
        /// A region that wins over the profile's
        #[arg(long)]
        region: Option<String>,
    },
    /// Open the .awsenv in your editor, and allow what you saved
    #[command(after_help = "Examples:\n  awsenv edit\n  VISUAL='code --wait' awsenv edit")]
    Edit {
        /// The file or its directory; without it the nearest one upward
        path: Option<PathBuf>,
    },
    /// Let the .awsenv count, as it is now
    #[command(after_help = "Examples:\n  awsenv allow\n  awsenv allow ~/work/acme")]
    Allow {
        /// The file or its directory; without it the nearest one upward
        path: Option<PathBuf>,
    },
    /// Never let the .awsenv count, whatever it will contain
    Deny {
        /// The file or its directory; without it the nearest one upward
        path: Option<PathBuf>,
    },
    /// What you have allowed and denied
    Trust {
        #[command(subcommand)]
        command: Trust,
    },
    /// What is loaded here, from where, until when, and why not
    Status {
        /// For scripts; the schema is in docs/json.md
        #[arg(long)]
        json: bool,
    },
    /// How credentials would be got, without network
    #[command(after_help = "Examples:\n  awsenv explain\n  awsenv explain acme-prod --json")]
    Explain {
        #[command(flatten)]
        whose: Whose,
        /// For scripts; the schema is in docs/json.md
        #[arg(long)]
        json: bool,
    },
    /// Look for what is wrong on this machine, and say how to put it right
    #[command(after_help = "\
Examples:
  awsenv doctor
  awsenv doctor config permissions
  awsenv doctor --offline --json

Nothing is changed, and no secret is shown. AWS is asked nothing but whether it is there, for a few seconds.

Exit codes: 0 nothing is broken (there may be warnings), 1 something is.")]
    Doctor(Doctor),
    /// Choose a stage or a profile for this shell, until you leave the directory
    #[command(after_help = "\
Examples:
  awsenv use prod                   a [stage.prod] of the .awsenv that counts here, else a profile
  awsenv use                        pick one from a list
  awsenv use -                      back to what the directory says

A stage with `protected = true` asks first. No other shell changes; shells started from this one begin with it.")]
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
    #[command(after_help = "\
Examples:
  awsenv exec -- terraform plan
  awsenv exec acme-prod -- aws s3 ls
  awsenv exec --stage prod -- ./deploy

Exit codes: the command's own; 2, 3 and 4 as everywhere; 125 awsenv failed, 126 cannot be run, 127 not found.")]
    Exec {
        #[command(flatten)]
        whose: Whose,
        /// Ask AWS anew if the kept session is good for less than this
        #[arg(long, value_name = "DURATION")]
        min_ttl: Option<String>,
        /// The MFA code, as AWSENV_MFA_CODE
        #[arg(long, value_name = "CODE")]
        mfa_code: Option<String>,
        /// Give the command no keys, but a place to ask for them: a client that does so never ends up with old ones
        #[arg(long)]
        endpoint: bool,
        /// The command and its arguments
        #[arg(last = true, value_name = "CMD", add = ArgValueCompleter::new(complete::command))]
        command: Vec<OsString>,
    },
    /// Print the credentials, quoted for whoever reads
    #[command(after_help = "\
Examples:
  credential_process = awsenv credentials acme-dev --format process
  awsenv credentials --format fish | source")]
    Credentials {
        #[command(flatten)]
        whose: Whose,
        /// Who reads
        #[arg(long, value_enum, default_value = "env")]
        format: Format,
    },
    /// Exchange a SAML assertion for a role, and print the credentials
    AssumeSaml(Saml),
    /// Sign in, by a browser, an MFA code or a private key's password; nothing is done where that is good still
    #[command(after_help = "\
Examples:
  awsenv login
  awsenv login --sso-session corp
  awsenv login acme-dev --device-code

Over SSH, in a container, in CI and where there is no browser, a code is shown to type on any device; for a profile
of `aws login`, the device shows a text to paste here.
BROWSER or the setting `browser` names the browser.")]
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
    /// Sign out of one access portal or console session, or forget a certificate's password, and what came from it
    #[command(
        after_help = "Examples:\n  awsenv logout\n  awsenv logout --sso-session corp\n  awsenv logout --all"
    )]
    Logout {
        #[command(flatten)]
        portal: OfPortal,
        /// Of every one that this user is signed in to
        #[arg(long, conflicts_with_all = ["name", "sso_session"])]
        all: bool,
    },
    /// Renew the session now, asking for an MFA code if there has to be one
    #[command(after_help = "Examples:\n  awsenv refresh\n  awsenv refresh acme-admin")]
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
    History(history::History),
    /// Cached sessions
    Session {
        #[command(subcommand)]
        command: Session,
    },
    /// What a sign-in gives, and profiles for it
    Sso {
        #[command(subcommand)]
        command: Sso,
    },
    /// Open the web console, signed in
    Console(Console),
    /// Long-lived keys in the keychain
    Key {
        #[command(subcommand)]
        command: Key,
    },
    /// What lends sessions to programs where the .awsenv says `deliver = "endpoint"`
    #[command(after_help = "\
Examples:
  awsenv agent status
  awsenv agent stop

The first directory that wants it starts it; it ends by itself.")]
    Agent {
        #[command(subcommand)]
        command: Agent,
    },
    /// Print whose credentials this shell has, and how long still, for prompts that run a program
    #[command(after_help = "\
Examples:
  awsenv prompt
  awsenv prompt --format json

In bash, zsh and fish the hook's function `awsenv_prompt` says the same, and starts no program.")]
    Prompt {
        /// Who reads
        #[arg(long, value_enum, default_value = "plain")]
        format: prompt::Format,
    },
    /// Print completions for a shell
    #[command(
        after_help = "Examples:\n  awsenv completions zsh > ~/.zfunc/_awsenv\n  awsenv completions fish > ~/.config/fish/completions/awsenv.fish"
    )]
    Completions {
        /// The shell
        shell: completions::Shell,
    },
    /// Print the manual page
    #[command(after_help = "Example:\n  awsenv man | man -l -")]
    Man,
}

#[derive(Debug, Subcommand)]
enum Trust {
    /// Every decision made so far
    List {
        /// For scripts; the schema is in docs/json.md
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Subcommand)]
enum Session {
    /// What is kept, until when
    List {
        /// For scripts; the schema is in docs/json.md
        #[arg(long)]
        json: bool,
    },
    /// Forget all: the next prompt or command asks AWS anew
    Clear,
}

#[derive(Debug, Subcommand)]
enum Agent {
    /// What it lends, to how many shells
    Status {
        /// For scripts; the schema is in docs/json.md
        #[arg(long)]
        json: bool,
    },
    /// End it: programs that ask it get nothing any more
    Stop,
    /// Be it (started by a prompt)
    #[command(hide = true)]
    Run,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum HookShell {
    Bash,
    Zsh,
    Fish,
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
            let _ = error.print();
            return Ok(if error.use_stderr() { Exit::Usage as u8 } else { 0 });
        }
    };
    // These need no world, and must work on a machine that has none yet.
    match &cli.command {
        Command::Completions { shell } => {
            return completions::run(*shell).map(|()| 0);
        }
        Command::Man => return man::run(Cli::command()).map(|()| 0),
        Command::Prompt { format } => return prompt::run(*format, &env).map(|()| 0),
        _ => {}
    }
    let world = match &cli.command {
        Command::Hook { .. } => World::of_hook(env)?,
        Command::Doctor(_) => World::of_doctor(env)?,
        _ => World::of(env)?,
    };
    match cli.command {
        Command::Hook { shell } => {
            let shell = match shell {
                HookShell::Bash => Shell::Bash,
                HookShell::Zsh => Shell::Zsh,
                HookShell::Fish => Shell::Fish,
            };
            hook::run(shell, program, &world)
        }
        Command::Init { profile, account, region } => {
            let init =
                Init { profile: profile.as_deref(), account: account.as_deref(), region: region.as_deref() };
            init::run(&init, &world)
        }
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
        Command::Completions { .. } | Command::Man | Command::Prompt { .. } => {
            unreachable!("answered above")
        }
    }
    .map(|()| 0)
}
