//! `cargo run --example tour`: awsenv in one sitting, with an AWS of its own on loopback and a scratch home.
//! Your own `~/.aws` is neither read nor written, and nothing leaves this machine.
//!
//! On a terminal you get a shell to try things in. Elsewhere, or with `--script`, every step is done and
//! checked, and a step that does not hold is a failure.

mod script;
mod stage;
mod terminal;

use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail, ensure};
use awsenv::env::Env;

use stage::Stage;

const USAGE: &str = "usage: cargo run --example tour [-- --script]";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "tour: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> anyhow::Result<()> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let is_script = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => !(io::stdin().is_terminal() && io::stdout().is_terminal()),
        ["--script"] => true,
        ["--help"] => return say(USAGE),
        _ => bail!(USAGE),
    };
    let own = Env::of_this_process();
    let stage = Stage::set(&build()?, &own)?;
    if is_script { script::play(&stage) } else { try_it(&stage, &own) }
}

/// The program itself, as cargo builds it beside this example.
fn build() -> anyhow::Result<PathBuf> {
    let tour = std::env::current_exe().context("where is this example?")?;
    let profile = tour.ancestors().nth(2).context("an example lies in target/PROFILE/examples")?;
    // Together with the example, so that the crates they share are built once.
    let mut build = awsenv_parts::cargo();
    build.args(["build", "--example", "tour", "--bin", "awsenv"]);
    if profile.file_name().is_some_and(|name| name == "release") {
        build.arg("--release");
    }
    say("Building awsenv …")?;
    ensure!(build.status().context("cannot run cargo")?.success(), "cargo could not build awsenv");
    let program = profile.join("awsenv");
    ensure!(program.is_file(), "{} is not there", program.display());
    Ok(program)
}

/// A shell of the user's, in the scratch home.
fn try_it(stage: &Stage, own: &Env) -> anyhow::Result<()> {
    let shell = own.text("SHELL").and_then(|path| Path::new(path).file_name()?.to_str()).unwrap_or("bash");
    let shell = if ["bash", "zsh", "fish"].contains(&shell) { shell } else { "bash" };
    say(GUIDE)?;
    stage.shell(shell)?.status().with_context(|| format!("cannot run {shell}"))?;
    say(&format!("\nGone: {} and the sandbox.", stage.home().display()))
}

const GUIDE: &str = "
This is a scratch home with an AWS of its own on loopback; your ~/.aws is not touched. Try:

  cd acme                  its .awsenv pins a role, and is not allowed yet
  cat .awsenv              look at it …
  awsenv allow             … and let it count: a session is fetched
  env | grep ^AWS          who you are now
  awsenv status            from where, and until when
  awsenv explain           how, step by step
  awsenv session list      what is kept
  echo '# edit' >> .awsenv as a `git pull` would: no credentials until you allow it again
  cd ..                    everything is as it was

`exit` ends the tour and removes everything.
";

/// A line on stdout.
fn say(text: &str) -> anyhow::Result<()> {
    let mut stdout = io::stdout();
    writeln!(stdout, "{text}")?;
    Ok(stdout.flush()?)
}
