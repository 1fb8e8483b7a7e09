//! Credentials for a program: by who has them already, and by who asks AWS (our own, on loopback); what `exec` adds to
//! a command; and what Tab takes.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use awsenv_bench::{Comparison, Row, time};

use crate::Rounds;
use crate::stage::Stage;

/// Microseconds until names are completed, of two thousand.
const COMPLETED: f64 = 50_000.0;

/// The role of a profile by boto3, which keeps no session of its own: with a word behind it, in the AWS CLI's cache.
const BOTO3: &str = "
import os, sys, boto3, botocore.credentials, botocore.session
core = botocore.session.Session(profile='acme')
if sys.argv[1:]:
    provider = core.get_component('credential_provider').get_provider('assume-role')
    provider.cache = botocore.credentials.JSONFileCache(os.path.expanduser('~/.aws/cli/cache'))
print(boto3.Session(botocore_session=core).get_credentials().get_frozen_credentials().access_key)
";
const AWSUME: &str = "from awsume.awsumepy.main import main; main()";

pub(crate) fn rows(stage: &Stage, rounds: Rounds) -> Vec<Row> {
    let mut rows = kept(stage, rounds.clients);
    rows.extend(exec(stage, rounds.export));
    rows.extend(anew(stage, rounds.clients));
    rows.extend(completion(stage, rounds.export));
    rows
}

/// The session is there.
fn kept(stage: &Stage, rounds: usize) -> Vec<Row> {
    let mut clients = Clients::of(stage, true);
    Comparison::of("credentials, kept", || time(&mut clients.ours))
        .against_peer("AWS CLI, kept", clients.cli.as_mut().map(|command| || time(command)))
        .against_peer("boto3, kept by the AWS CLI", clients.boto3.as_mut().map(|command| || time(command)))
        // Without MFA it keeps nothing.
        .against_peer("awsume, which asks AWS", clients.awsume.as_mut().map(|command| || time(command)))
        .of_processes()
        .take(rounds)
}

/// AWS is asked for the role.
fn anew(stage: &Stage, rounds: usize) -> Vec<Row> {
    let mut clients = Clients::of(stage, false);
    let asking = |command: &mut Command| {
        stage.aws.forget_sessions();
        time(command)
    };
    Comparison::of("credentials, AssumeRole", || asking(&mut clients.ours))
        .against_peer("AWS CLI", clients.cli.as_mut().map(|command| || asking(command)))
        .against_peer("boto3", clients.boto3.as_mut().map(|command| || asking(command)))
        .against_peer("awsume", clients.awsume.as_mut().map(|command| || asking(command)))
        .of_processes()
        .take(rounds)
}

/// What stands before a command that does nothing.
fn exec(stage: &Stage, rounds: usize) -> Vec<Row> {
    let home = &stage.session;
    let command =
        |program: &Path, arguments: &[&str]| home.command(program, arguments, &home.pinned(), &home.env());
    let mut ours = command(&home.program, &["exec", "acme", "--", "true"]);
    let mut alone = command(Path::new("true"), &[]);
    Comparison::of("exec -- true, kept", || time(&mut ours))
        .against("true", || time(&mut alone))
        .of_processes()
        .take(rounds)
}

/// Tab after `awsenv exec --profile team-`.
fn completion(stage: &Stage, rounds: usize) -> Vec<Row> {
    let home = &stage.names;
    let words = ["--", "awsenv", "exec", "--profile", "team-"];
    let mut tab = home.command(&stage.awsenv(), &words, &home.plain(), &home.env());
    tab.env("AWSENV_COMPLETE", "bash").env("_CLAP_IFS", "\n").env("_CLAP_COMPLETE_INDEX", "3");
    tab.env("_CLAP_COMPLETE_COMP_TYPE", "9").env("_CLAP_COMPLETE_SPACE", "true");
    let completed = said(&mut tab).lines().count();
    assert!(completed == 1999, "{completed} names were completed");
    Comparison::of("Tab, 2,000 profiles", || time(&mut tab))
        .against("50 ms, which is promised", || COMPLETED)
        .within(1.0)
        .take(rounds)
}

/// What prints the credentials of one profile.
struct Clients {
    ours: Command,
    cli: Option<Command>,
    boto3: Option<Command>,
    awsume: Option<Command>,
}

impl Clients {
    /// Each of them has been asked once.
    fn of(stage: &Stage, kept: bool) -> Self {
        let home = &stage.aws;
        let command = |program: &Path, arguments: &[&str]| {
            let mut command = home.command(program, arguments, &home.plain(), &home.env());
            let printed = said(&mut command);
            // Keys of a session.
            assert!(printed.contains("ASIA"), "no credentials: {command:?}: {printed}");
            command
        };
        let peer =
            |program: &Option<PathBuf>, arguments: &[&str]| Some(command(program.as_deref()?, arguments));
        let boto3: &[&str] = if kept { &["-c", BOTO3, "kept"] } else { &["-c", BOTO3] };
        Self {
            ours: command(&home.program, &["credentials", "acme", "--format", "process"]),
            cli: peer(
                &stage.cli,
                &["configure", "export-credentials", "--profile", "acme", "--format", "process"],
            ),
            boto3: peer(&stage.python, boto3),
            awsume: peer(&stage.python, &["-c", AWSUME, "acme"]),
        }
    }
}

/// What a command prints, of those whose output nobody reads else.
fn said(command: &mut Command) -> String {
    let output = command.stdout(Stdio::piped()).output().expect("the program starts").stdout;
    command.stdout(Stdio::null());
    String::from_utf8_lossy(&output).into_owned()
}
