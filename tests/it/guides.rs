//! The guides of `docs/migrate`, as somebody who comes from another tool follows them: each one's files are written into
//! a scratch home, its lines are typed into a real bash, and what it shows has to come.
//!
//! A block of a guide says what it is in the comment before it: `<!-- file: PATH -->`, `<!-- run -->`, or
//! `<!-- not run: WHY -->`. In a block that is run, a line is typed if it begins with a prompt (`~/acme $ `); `…` stands
//! for whatever differs from time to time.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::mpsc;

use awsenv::env::Env;
use awsenv_sandbox::{Portal, Role, Sandbox, Scenario, User};

use crate::cloud::{DEADLINE, ME};
use crate::run::PROGRAM;
use crate::world::{World, installed};

/// Around the directory in a prompt (readline has a meaning for the first control characters).
const PROMPT: [char; 2] = ['\u{1d}', '\u{1e}'];

/// A block of a guide, with what its comment says and the line that it begins at.
struct Block {
    mark: String,
    line: usize,
    text: String,
}

/// A line to type, where, and what has to come.
struct Step {
    directory: String,
    command: String,
    shown: Vec<String>,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/migrate")
}

fn blocks(name: &str) -> Vec<Block> {
    let text = fs::read_to_string(folder().join(format!("{name}.md"))).unwrap();
    let (mut blocks, mut mark, mut open) = (Vec::new(), String::new(), None::<Block>);
    for (number, line) in text.lines().enumerate() {
        match open.take() {
            Some(block) if line == "```" => blocks.push(block),
            Some(block) => open = Some(Block { text: block.text + line + "\n", ..block }),
            None if line.starts_with("```") => {
                open = Some(Block { mark: std::mem::take(&mut mark), line: number + 1, text: String::new() });
            }
            None => {
                let comment = line.strip_prefix("<!-- ").and_then(|line| line.strip_suffix(" -->"));
                mark.extend(comment);
            }
        }
    }
    blocks
}

fn steps(name: &str, blocks: &[Block]) -> Vec<Step> {
    let mut steps = Vec::new();
    for Block { mark, line, text } in blocks {
        if mark.starts_with("file: ") || mark.starts_with("not run: ") {
            continue;
        }
        assert_eq!(
            mark, "run",
            "{name}.md:{line}: the comment before it says neither how it is run nor why not"
        );
        for line in text.lines() {
            match line.split_once(" $ ").filter(|(directory, _)| directory.starts_with('~')) {
                Some((directory, command)) => {
                    let (directory, command) = (directory.to_owned(), command.to_owned());
                    steps.push(Step { directory, command, shown: Vec::new() });
                }
                None => steps.last_mut().expect("a command comes first").shown.push(line.to_owned()),
            }
        }
    }
    steps
}

/// Where `tests/requirements.txt` is installed.
fn clients() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("target/python/bin")
}

/// Where the keys, the role and the sign-in of the guides are.
fn sandbox() -> Sandbox {
    let portal = Portal::default().role("111122223333", "Developer");
    let scenario = Scenario::default().user(User::new(ME, "AKIAME", "me/secret")).portal(portal);
    Sandbox::start(scenario.role(Role::new("arn:aws:iam::444455556666:role/Deploy", &[ME])))
}

fn home(name: &str, sandbox: &Sandbox, blocks: &[Block]) -> World {
    let path = Env::of_this_process().get("PATH").unwrap().to_owned();
    let first = [Path::new(PROGRAM).parent().unwrap().to_owned(), clients()];
    let path = std::env::join_paths(first.into_iter().chain(std::env::split_paths(&path)));
    let world = World::new()
        .env("PATH", path.unwrap())
        .env("AWS_ENDPOINT_URL_STS", sandbox.url())
        .env("AWS_ENDPOINT_URL_SSO", sandbox.url())
        .env("AWS_ENDPOINT_URL_SSO_OIDC", sandbox.url())
        .env("USER", "me")
        .env("AWSENV_KEYCHAIN", "file")
        .env("AWS_VAULT_FILE_PASSPHRASE", "correct horse")
        .without("AWS_MAX_ATTEMPTS");
    // A person at the browser, who agrees at once.
    let visit = "import sys, urllib.request; urllib.request.urlopen(sys.argv[1])";
    let browser = world
        .program("browser", &format!("#!/bin/sh\nexec python3 -c '{visit}' \"$1\" >\"$HOME/visit\" 2>&1\n"));
    world.write(
        ".config/awsenv/config.toml",
        &format!(
            "browser = \"{}\"\npassphrase_command = \"echo correct horse\"\nwait = \"30s\"\n",
            browser.display()
        ),
    );
    if name == "aws-vault" {
        let mut items = include_str!("aws_vault_files.txt").lines();
        world.write(".awsvault/keys/ci", items.find_map(|line| line.strip_prefix("ci ")).unwrap());
    }
    fs::create_dir_all(world.at("acme")).unwrap();
    for Block { mark, text, .. } in blocks {
        if let Some(path) = mark.strip_prefix("file: ~/") {
            world.write(path, text);
        }
    }
    let rc = fs::read_to_string(world.at(".bashrc")).unwrap_or_default();
    let [begin, end] = PROMPT;
    world.write(".bashrc", &format!("PS1='{begin}\\w{end}' PS2=\n{rc}"));
    world
}

/// Types them all, each at its prompt; each one's directory and what came of it.
fn typed(world: &World, steps: &[Step]) -> Vec<(String, String)> {
    let mut bash = world.command("sh");
    bash.args(["-c", "exec bash --noediting -i 2>&1"]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut bash = bash.spawn().unwrap();
    let (mut stdin, stdout) = (bash.stdin.take().unwrap(), bash.stdout.take().unwrap());
    let (send, prompts) = mpsc::channel();
    std::thread::spawn(move || {
        let ends = BufReader::new(stdout).split(u8::try_from(PROMPT[1]).unwrap());
        ends.map_while(Result::ok).all(|text| send.send(String::from_utf8(text).unwrap()).is_ok())
    });
    // What was said before it, and the directory that it shows.
    let prompt = || {
        let text = prompts.recv_timeout(DEADLINE).unwrap_or_else(|_| panic!("no prompt for {DEADLINE:?}"));
        let (said, directory) =
            text.split_once(PROMPT[0]).unwrap_or_else(|| panic!("bash has ended: {text}"));
        (plain(said, world), directory.to_owned())
    };
    let (_, mut directory) = prompt();
    let mut typed = Vec::new();
    for step in steps {
        // On a terminal it is interactive by itself; here it would repeat what is typed.
        let command = if step.command == "exec bash" { "exec bash --noediting -i" } else { &step.command };
        writeln!(stdin, "{command}").unwrap();
        let (said, next) = prompt();
        typed.push((std::mem::replace(&mut directory, next), said));
    }
    drop(stdin);
    bash.wait().unwrap();
    typed
}

/// Without colours, the scratch home's own path, and what bash says where there is no terminal.
fn plain(said: &str, world: &World) -> String {
    let said = said.replace("\u{1b}[m", "").replace(world.home().to_str().unwrap(), "~");
    // There is no terminal; and a slow machine says what it waits for.
    let not_shown = [
        "bash: cannot set terminal process group",
        "bash: no job control in this shell",
        "awsenv: fetching ",
    ];
    let kept = said.lines().filter(|line| !not_shown.iter().any(|start| line.starts_with(start)));
    kept.collect::<Vec<_>>().join("\n")
}

/// Whether a line is the one that is shown.
fn fits(shown: &str, line: &str) -> bool {
    let mut parts = shown.split('…');
    let Some(mut rest) = line.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let mut is_open = false;
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
        is_open = part.is_empty();
    }
    rest.is_empty() || is_open
}

#[track_caller]
fn holds(name: &str) {
    let is_there = |program: &str| clients().join(program).is_file() || installed(program);
    if !["aws", "awsume", "direnv"].into_iter().all(is_there) {
        return;
    }
    let blocks = blocks(name);
    let steps = steps(name, &blocks);
    let sandbox = sandbox();
    let world = home(name, &sandbox, &blocks);
    let typed = typed(&world, &steps);
    let mut wrong = String::new();
    for (at, step) in steps.iter().enumerate() {
        let (directory, said) = typed.get(at).cloned().unwrap_or_default();
        let said: Vec<_> = said.lines().collect();
        let fit = said.len() == step.shown.len()
            && step.shown.iter().zip(&said).all(|(shown, line)| fits(shown, line));
        if !fit || directory != step.directory {
            wrong += &format!("{} $ {}\n{}\n", directory, step.command, said.join("\n"));
        }
    }
    assert!(wrong.is_empty(), "docs/migrate/{name}.md shows something else than:\n{wrong}");
}

#[test]
fn every_guide_is_followed() {
    let followed: BTreeSet<_> = ["aws-sso-cli", "aws-vault", "awsume", "direnv", "granted", "plain-profiles"]
        .map(|name| format!("{name}.md"))
        .into();
    let there =
        fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert_eq!(there.filter(|name| name != "README.md").collect::<BTreeSet<_>>(), followed);
}

#[test]
fn from_aws_vault() {
    holds("aws-vault");
}

#[test]
fn from_granted() {
    holds("granted");
}

#[test]
fn from_aws_sso_cli() {
    holds("aws-sso-cli");
}

#[test]
fn from_awsume() {
    holds("awsume");
}

#[test]
fn from_plain_profiles() {
    holds("plain-profiles");
}

#[test]
fn from_direnv_and_with_it() {
    holds("direnv");
}

#[test]
fn a_line_fits_only_what_is_shown() {
    assert!(fits("until …Z", "until 2026Z") && fits("a…", "abc") && fits("a", "a") && fits("…c", "abc"));
    assert!(!fits("until …Z", "until 2026") && !fits("a", "ab") && !fits("…b", "abc"));
}
