//! `--help` as a newcomer reads it: each command has examples, each example is understood, and all of it fits a
//! terminal of 80 columns. The manual pages are made of the same texts.

use std::process::Command as Process;

use awsenv::cli::Cli;
use awsenv::commands::man;
use clap::{Command, CommandFactory};

use crate::world::{World, installed};

const COLUMNS: usize = 80;

/// Every command that people see, by what they type.
fn commands() -> Vec<(String, Command)> {
    fn add(name: &str, command: &Command, found: &mut Vec<(String, Command)>) {
        found.push((name.to_owned(), command.clone()));
        for sub in command.get_subcommands().filter(|sub| !sub.is_hide_set() && sub.get_name() != "help") {
            add(&format!("{name} {}", sub.get_name()), sub, found);
        }
    }
    let mut command = Cli::command();
    command.build();
    let mut found = Vec::new();
    add("awsenv", &command, &mut found);
    found
}

fn below(command: &Command) -> String {
    let texts = [command.get_before_help(), command.get_after_help()];
    texts.into_iter().flatten().map(|text| format!("{text}\n\n")).collect()
}

/// The command lines of a help text, as they are typed.
fn examples(text: &str) -> Vec<String> {
    let examples = text.split("\n\n").filter(|paragraph| {
        ["Example:", "Examples:", "Start here:"].iter().any(|heading| paragraph.starts_with(heading))
    });
    let lines = examples.flat_map(|paragraph| {
        let whole = paragraph.replace("\\\n    ", "");
        whole.lines().skip(1).map(str::to_owned).collect::<Vec<_>>()
    });
    lines
        .map(|line| {
            let start = line.find("awsenv").unwrap_or_else(|| panic!("{line:?} is of another program"));
            let rest = &line[start..];
            // What the shell takes, and what is said of it.
            let ends = ["|", "<", ">", ")\"", "   "].map(|end| rest.find(end).unwrap_or(rest.len()));
            rest[..ends.into_iter().min().unwrap()].trim_end().to_owned()
        })
        .collect()
}

#[test]
fn each_command_has_an_example_and_each_example_is_understood() {
    for (name, command) in commands() {
        let examples = examples(&below(&command));
        assert!(!examples.is_empty(), "{name} --help shows no example");
        for example in examples {
            let words = shell_words::split(&example).unwrap();
            if let Err(error) = Cli::command().try_get_matches_from(&words) {
                panic!("{name} --help: {example}: {error}");
            }
        }
    }
}

#[test]
fn all_help_fits_a_terminal_of_80_columns() {
    let world = World::new().env("COLUMNS", COLUMNS.to_string());
    let mut long = Vec::new();
    for (name, command) in commands() {
        for line in below(&command).lines() {
            if line.chars().count() > COLUMNS {
                long.push(format!("{name}: {line}"));
            }
        }
        let width = |sub: &Command| sub.get_name().len();
        let column =
            4 + command.get_subcommands().filter(|sub| !sub.is_hide_set()).map(width).max().unwrap_or(0);
        for sub in command.get_subcommands().filter(|sub| !sub.is_hide_set() && sub.get_name() != "help") {
            let about = sub.get_about().unwrap_or_else(|| panic!("{name} {}", sub.get_name())).to_string();
            if column + about.chars().count() > COLUMNS {
                long.push(format!("{name} {}: {about}", sub.get_name()));
            }
        }
        let words = name.split(' ').skip(1);
        let run = words.fold(world.run([]), |run, word| run.arg(word)).arg("--help");
        for line in run.any_stdout().success().stdout.lines() {
            if line.chars().count() > COLUMNS {
                long.push(format!("{name}: {line}"));
            }
        }
    }
    assert!(long.is_empty(), "{long:#?}");
}

#[test]
fn who_types_nothing_is_told_where_to_start() {
    let said = World::new().run([]).any_stderr().exits(2).stderr;
    let (start, usage) = (said.find("Start here:").unwrap(), said.find("Usage:").unwrap());
    assert!(start < usage && said.contains("  awsenv doctor "), "{said}");
}

#[test]
fn each_command_has_a_page_and_the_first_has_all_that_a_page_has() {
    let pages = man::pages(Cli::command()).unwrap();
    let names: Vec<_> = commands().iter().map(|(name, _)| name.replace(' ', "-")).collect();
    assert_eq!(pages.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), names);
    let text = |name: &str| {
        let (_, page) = pages.iter().find(|(known, _)| known == name).unwrap();
        String::from_utf8(page.clone()).unwrap()
    };
    for section in ["EXAMPLES", "FILES", "ENVIRONMENT", "\"EXIT STATUS\"", "\"SEE ALSO\""] {
        assert!(text("awsenv").contains(&format!("\n.SH {section}\n")), "{section}");
    }
    assert!(text("awsenv-exec").contains("\n.SH \"EXIT STATUS\"\n"));
    let world = World::new();
    world.run(["man", "sso-roles"]).stdout(text("awsenv-sso-roles")).success();
    let said = world.run(["man", "nothing"]).any_stderr().exits(2).stderr;
    assert!(said.starts_with("awsenv: there is no page awsenv-nothing"), "{said}");
}

#[test]
fn man_reads_each_page_without_complaint() {
    if !installed("man") {
        return;
    }
    let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/man");
    for page in std::fs::read_dir(dir).unwrap() {
        let mut man = Process::new("man");
        man.args(["--warnings", "-l"]).arg(page.unwrap().path()).env("MANWIDTH", "80").env("MANPAGER", "cat");
        let output = man.output().unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stderr), "");
        assert!(output.status.success());
    }
}
