//! Every source that asks AWS, by three ways, while something is wrong with AWS or on the way to it: nobody gets a wrong
//! identity, no prompt waits for the network, and once it is over the right one comes. docs/faults.md is what is said.
//! `AWSENV_REGENERATE=1 cargo test --test it faults` writes it anew.

use std::fmt::Write as _;
use std::fs;
use std::time::Duration;

use awsenv::env::Env;
use awsenv_sandbox::{Fault, Sandbox};

use crate::cloud;
use crate::door::{self, Door};
use crate::mounts;
use crate::run::PROGRAM;
use crate::shell::{Kind, Shell};
use crate::sources::{Source, sources};
use crate::world::World;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/faults.md");
/// Who these are of asks nobody.
const ASKS_NOBODY: [&str; 4] =
    ["keys in a file", "keys in the environment", "`credential_process`", "`aws login`"];
/// Who these are of asks an address.
const ASKS_AN_ADDRESS: [&str; 2] = ["a container", "an EC2 instance"];
/// As long as this is, no fault that hangs is over.
const WAIT: &str = "wait = \"300ms\"\n";

/// What is wrong, and what it is called.
struct Trouble {
    name: &'static str,
    begin: fn(&Sandbox),
    /// Credentials may come all the same.
    is_bearable: bool,
    /// A call ends when who makes it gives up, after seconds; a prompt has to be there long before.
    is_endless: bool,
    /// AWS is looked up by a name that only a file of ours has.
    by_name: bool,
}

const fn hard(name: &'static str, begin: fn(&Sandbox)) -> Trouble {
    Trouble { name, begin, is_bearable: false, is_endless: false, by_name: false }
}

const fn endless(name: &'static str, begin: fn(&Sandbox)) -> Trouble {
    Trouble { is_endless: true, ..hard(name, begin) }
}

const fn soft(name: &'static str, begin: fn(&Sandbox)) -> Trouble {
    Trouble { is_bearable: true, ..hard(name, begin) }
}

fn always(sandbox: &Sandbox, fault: Fault) {
    sandbox.fault("*", usize::MAX, fault);
}

const TROUBLES: [Trouble; 14] = [
    soft("answers after a second", |aws| always(aws, Fault::Slow(Duration::from_secs(1)))),
    endless("never answers", |aws| always(aws, Fault::Hang)),
    Trouble { by_name: true, ..hard("is in no DNS", |aws| mounts::hide_name(&name(aws), true)) },
    hard("500", |aws| always(aws, Fault::error(500, "InternalFailure"))),
    hard("503", |aws| always(aws, Fault::error(503, "ServiceUnavailable"))),
    hard("throttles", |aws| always(aws, Fault::error(400, "Throttling"))),
    hard("resets the connection", |aws| always(aws, Fault::Reset)),
    hard("breaks off in the answer", |aws| always(aws, Fault::Truncated)),
    hard("half an answer", |aws| always(aws, Fault::Malformed)),
    hard("a proxy's page, 200", |aws| always(aws, Fault::Html(200))),
    hard("a proxy's page, 403", |aws| always(aws, Fault::Html(403))),
    hard("says that what signs has expired", |aws| always(aws, Fault::error(403, "ExpiredTokenException"))),
    soft("20 minutes ahead", |aws| aws.clock().set_offset(20 * 60)),
    soft("20 minutes behind", |aws| aws.clock().set_offset(-20 * 60)),
];

/// What a program got, and what a person was told.
struct Outcome {
    whose: Option<String>,
    said: String,
}

/// A way to credentials: made ready while all is well, then asked.
type Way = (&'static str, fn(&Source, &Trouble) -> Outcome);

const WAYS: [Way; 3] = [("the hook", by_hook), ("`exec`", by_exec), ("the agent", by_agent)];

fn enter<'w>(source: &'w Source, deliver: &str) -> Shell<'w> {
    source.world.write("acme/.awsenv", &format!("deliver = \"{deliver}\"\n{}", source.file));
    source.world.allow("acme");
    source.world.shell(Kind::Bash)
}

fn by_hook(source: &Source, trouble: &Trouble) -> Outcome {
    let mut shell = enter(source, "env");
    shell.env.set("AWS_SECURITY_TOKEN", "of somebody else");
    (trouble.begin)(&source.sandbox);
    shell.cd_impatiently("acme");
    if trouble.is_endless {
        // What the answer says was true when it was given.
        let is_pending = shell.get("AWS_PROFILE").is_some_and(|name| name.ends_with(": being renewed"));
        assert!(is_pending, "{}: the prompt waited for the call: {:?}", source.name, shell.aws());
    }
    let whose = cloud::identity(&source.sandbox, &shell.env);
    let closed = shell.env.text("AWS_PROFILE").is_some_and(|name| name.contains(": "))
        && shell.env.text("AWS_EC2_METADATA_DISABLED") == Some("true");
    assert!(whose.is_some() || closed, "{}: not closed: {:?}", source.name, shell.aws());
    assert_eq!(shell.env.text("AWS_SECURITY_TOKEN"), None);
    Outcome { whose, said: shell.notice.clone() }
}

fn by_exec(source: &Source, trouble: &Trouble) -> Outcome {
    enter(source, "env");
    (trouble.begin)(&source.sandbox);
    let mut command = source.world.command(PROGRAM);
    let output = command.args(["exec", "--", "env"]).current_dir(source.world.at("acme")).output().unwrap();
    let ran: Env =
        String::from_utf8_lossy(&output.stdout).lines().filter_map(|line| line.split_once('=')).collect();
    let said = source.world.shown(&String::from_utf8_lossy(&output.stderr));
    let code = output.status.code();
    if output.stdout.is_empty() {
        assert!(matches!(code, Some(3 | 125)), "{}: {code:?}: {said}", source.name);
    }
    Outcome { whose: cloud::identity(&source.sandbox, &ran), said }
}

/// With a session once, so that there is a way to the agent; then that session is gone.
fn by_agent(source: &Source, trouble: &Trouble) -> Outcome {
    let mut shell = enter(source, "endpoint");
    shell.cd("acme");
    let uri = shell.get("AWS_CONTAINER_CREDENTIALS_FULL_URI").unwrap_or_else(|| panic!("{}", shell.notice));
    let door = Door::new(uri, shell.get("AWS_CONTAINER_AUTHORIZATION_TOKEN").unwrap());
    cloud::renewals_end(&source.world);
    cloud::forget_sessions(&source.world);
    (trouble.begin)(&source.sandbox);
    let (status, answer) = door.ask();
    assert!((status == 200) == answer["AccessKeyId"].is_string(), "{answer}");
    let whose = door::identity(&source.sandbox, &answer);
    let said = if whose.is_some() {
        String::new()
    } else {
        format!("{status}: {}", answer["Message"].as_str().unwrap_or_default())
    };
    Outcome { whose, said }
}

/// What is said of it is the same from run to run: no port, no time.
fn told(said: &str) -> String {
    let line = said.lines().find(|line| !line.contains("fetching")).unwrap_or_default();
    let line = line.split_once("http://").map_or(line.to_owned(), |(before, after)| {
        let rest = after.trim_start_matches(|c: char| c.is_ascii_digit() || ".:".contains(c));
        format!("{before}http://…{rest}")
    });
    line.replace('|', "\\|")
}

/// One source by one way in one trouble, and what came of it.
fn meet(trouble: &Trouble, (way, ask): Way, source: &Source) -> Outcome {
    let what = format!("{}, {way}, AWS {}", source.name, trouble.name);
    let outcome = ask(source, trouble);
    let is_right = |whose: &str| whose.starts_with(source.whose);
    match &outcome.whose {
        Some(whose) => assert!(trouble.is_bearable && is_right(whose), "{what}: {whose}"),
        None => {
            assert!(outcome.said.contains("awsenv: ") || way == "the agent", "{what}: {:?}", outcome.said);
        }
    }
    let secrets = ["me/secret", "a.token", "refreshToken"];
    assert!(!secrets.iter().any(|secret| outcome.said.contains(secret)), "{what}: {}", outcome.said);
    source.sandbox.forget_faults();
    source.sandbox.clock().set_offset(0);
    if trouble.by_name {
        mounts::hide_name(&name(&source.sandbox), false);
    }
    // Nothing was lost on the way.
    let run = source.world.run(["exec", "--", "env"]).at("acme").any_stdout().any_stderr().success();
    let whose = cloud::identity(&source.sandbox, &run.variables());
    assert!(whose.as_deref().is_some_and(is_right), "{what}, and afterwards: {whose:?}");
    end_agent(&source.world);
    outcome
}

fn end_agent(world: &World) {
    let _ = world.command(PROGRAM).args(["agent", "stop"]).output();
}

fn asking_sources(trouble: &Trouble) -> Vec<Source> {
    sources()
        .into_iter()
        .filter(|source| !ASKS_NOBODY.contains(&source.name))
        .filter(|source| !(trouble.by_name && ASKS_AN_ADDRESS.contains(&source.name)))
        .map(|source| if trouble.by_name { called_by_name(source) } else { source })
        .inspect(|source| drop(source.world.write(".config/awsenv/config.toml", &settings(&source.world))))
        .collect()
}

/// As this machine calls a sandbox.
fn name(sandbox: &Sandbox) -> String {
    format!("aws-{}.test", sandbox.url().rsplit(':').next().unwrap())
}

/// The same source, whose AWS is known by a name.
fn called_by_name(source: Source) -> Source {
    let (url, name) = (source.sandbox.url(), name(&source.sandbox));
    mounts::add_name(&name);
    let by_name = url.replace("127.0.0.1", &name);
    let variables = source.world.variables().clone();
    let named = variables.iter().filter_map(|(variable, value)| {
        let value = value.to_str()?;
        value.contains(url).then(|| (variable.to_str().unwrap(), value.replace(url, &by_name)))
    });
    let world = named.fold(source.world, |world, (variable, value)| world.env(variable, value));
    Source { world, ..source }
}

/// Those that the source's world has, and a short wait.
fn settings(world: &World) -> String {
    let known = fs::read_to_string(world.at(".config/awsenv/config.toml")).unwrap_or_default();
    format!("{WAIT}{known}")
}

#[test]
fn whatever_is_wrong_with_aws_nobody_is_taken_for_somebody_else() {
    let own = "faults::whatever_is_wrong_with_aws_nobody_is_taken_for_somebody_else";
    let Some(own_mounts) = mounts::own(own) else { return };
    let rows = TROUBLES.map(|trouble| (own_mounts || !trouble.by_name).then(|| row(&trouble)));
    compare("AWS", "| AWS … | the hook | `exec` | the agent |\n|---|---|---|---|\n", &rows);
}

fn row(trouble: &Trouble) -> String {
    let mut row = format!("| {} |", trouble.name);
    // What hangs, hangs side by side.
    let cells = WAYS.map(|way| (way, asking_sources(trouble)));
    let outcomes: Vec<_> = std::thread::scope(|scope| {
        let asked = cells.iter().flat_map(|(way, sources)| sources.iter().map(|source| (*way, source)));
        let asked: Vec<_> = asked
            .map(|(way, source)| scope.spawn(move || (way, source, meet(trouble, way, source))))
            .collect();
        asked.into_iter().map(|one| one.join().unwrap()).collect()
    });
    for (way, _, outcome) in outcomes.iter().filter(|(_, source, _)| source.name == "a chain of roles") {
        let shown = match outcome {
            // How far a renewal comes while the prompt waits is not the same twice.
            _ if way.0 == "the hook" && trouble.is_bearable => "none, until they come".to_owned(),
            _ if way.0 == "the hook" => "none".to_owned(),
            Outcome { whose: Some(_), .. } => "credentials".to_owned(),
            Outcome { said, .. } => told(said),
        };
        let _ = write!(row, " {shown} |");
    }
    row.push('\n');
    row
}

/// The page has this table. A row that is not to be had on this machine stays as it is written.
pub(crate) fn compare(mark: &str, head: &str, rows: &[Option<String>]) {
    let page = fs::read_to_string(PAGE).unwrap();
    let mark = format!("<!-- {mark} -->\n");
    let (before, rest) = page.split_once(&mark).unwrap();
    let (written, after) = rest.split_once("<!-- end -->").unwrap();
    let (table, is_whole) = (
        head.to_owned() + &rows.iter().flatten().cloned().collect::<String>(),
        rows.iter().all(Option::is_some),
    );
    if Env::of_this_process().text("AWSENV_REGENERATE").is_some() {
        assert!(is_whole, "not all of it is to be had on this machine");
        fs::write(PAGE, format!("{before}{mark}{table}<!-- end -->{after}")).unwrap();
    } else if is_whole {
        assert_eq!(written, table);
    } else {
        rows.iter().flatten().for_each(|row| assert!(written.contains(row), "{row}"));
    }
}
