//! The house as ARCHITECTURE.md draws it: who may import whom, what the prompt must not know, how long a
//! file may be. Read from the sources themselves.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Who may import whom, beside the base. A room that is not here may import nothing of the house.
const ALLOWED: [(&str, &[&str]); 11] = [
    // Two doors: the command line, and the prompt's (`commands/export.rs`).
    ("main", &["cli", "commands", "world"]),
    ("cli", &["commands", "prompt", "world"]),
    // All below, too: what `explain` draws, what `session` lists, and the client a person's command needs.
    ("commands", &["prompt", "profile", "provider", "agent", "keychain", "session", "aws", "world"]),
    // What a command is given, so no part of the base. It asks `prompt` for the settings and for who one is without us.
    ("world", &["prompt"]),
    ("agent", &[]),
    ("provider", &["session", "profile", "keychain", "aws"]),
    ("prompt", &["session", "profile"]),
    ("session", &["profile"]),
    ("profile", &[]),
    ("keychain", &[]),
    // Endpoints are settings of a profile.
    ("aws", &["profile"]),
];

/// What every room may import; it imports no room.
const BASE: [&str; 18] = [
    "clock",
    "credentials",
    "duration",
    "env",
    "files",
    "key_index",
    "limits",
    "logging",
    "loopback",
    "message",
    "places",
    "process",
    "seal",
    "secret",
    "settings",
    "terminal",
    "toml_walk",
    "volatile",
];

/// The prompt starts no runtime and speaks to nobody.
const NEVER_IN_THE_PROMPT: [&str; 6] = ["tokio", "aws_sdk", "aws_config", "aws_smithy", "hyper", "dbus"];

/// What the compiler does not check stands here, and nowhere else.
const UNCHECKED: &str = "src/start.rs";

/// The longest file, tests aside.
const LONGEST: usize = 450;

/// A source file of the house.
struct Source {
    /// Below `src`.
    path: PathBuf,
    text: String,
}

impl Source {
    /// `prompt`, `cli`: the first part of the module's path.
    fn room(&self) -> String {
        let first = self.path.components().next().unwrap();
        Path::new(first.as_os_str()).file_stem().unwrap().to_str().unwrap().to_owned()
    }

    /// How deep the file's module lies: `super::` so many times is the crate.
    fn depth(&self) -> usize {
        let is_mod = self.path.file_name().unwrap() == "mod.rs";
        self.path.components().count() - usize::from(is_mod)
    }

    /// Lines of code; a comment imports nothing.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//"))
    }

    /// Lines before the tests, which stand last.
    fn length(&self) -> usize {
        let code = self.text.lines().take_while(|line| !opens_tests(line));
        code.filter(|line| *line != "#[cfg(test)]").count()
    }

    /// Every part of the house that the file names, with the line.
    fn imports(&self) -> BTreeSet<(String, usize)> {
        let mut found = BTreeSet::new();
        let mut depth = self.depth();
        for (line, code) in self.code() {
            if opens_tests(code) {
                depth += 1;
            }
            let to_the_crate = "super::".repeat(depth);
            for way in ["crate::", "awsenv::", &to_the_crate] {
                for (at, _) in code.match_indices(way) {
                    // `super::super::x` holds `super::x` too, and `my_crate::x` is somebody else's.
                    let before = code[..at].chars().next_back();
                    if before.is_none_or(|c| !c.is_alphanumeric() && !matches!(c, '_' | ':')) {
                        let rest = self.from(line, &code[at + way.len()..]);
                        found.extend(first_names(&rest).into_iter().map(|name| (name, line + 1)));
                    }
                }
            }
        }
        found
    }

    /// The rest of a statement, which may go on over lines.
    fn from(&self, line: usize, rest: &str) -> String {
        let mut statement = rest.to_owned();
        for next in self.text.lines().skip(line + 1) {
            if !statement.starts_with('{') || statement.matches('{').count() <= statement.matches('}').count()
            {
                break;
            }
            statement.push_str(next);
        }
        statement
    }
}

/// Lines that the compiler does not check, and whether the comment above says why that is sound.
fn unchecked(source: &Source) -> Vec<(usize, bool)> {
    let lines: Vec<_> = source.text.lines().collect();
    let is_explained = |line: usize| {
        let above = lines[..line].iter().rev().take_while(|line| line.trim_start().starts_with("//"));
        above.into_iter().any(|line| line.trim_start().starts_with("// SAFETY: "))
    };
    // Not `unsafe_code`, the lint, nor `'unsafe-inline'`, a browser's.
    let opens = |(_, rest): (_, &str)| rest.starts_with([' ', '(']);
    let found = source.code().filter(|(_, code)| {
        code.match_indices("unsafe").any(|(at, word)| opens(code.split_at(at + word.len())))
    });
    found.map(|(line, _)| (line, is_explained(line))).collect()
}

/// `mod tests {`, whatever its visibility.
fn opens_tests(line: &str) -> bool {
    line.ends_with("mod tests {") && !line.starts_with(' ')
}

/// `a::b` → a; `{a, b::{c, d}}` → a, b.
fn first_names(path: &str) -> Vec<String> {
    let name = |text: &str| -> String {
        text.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
    };
    let Some(group) = path.strip_prefix('{') else { return vec![name(path)] };
    let mut depth = 0;
    let mut names = vec![name(group)];
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => names.push(name(&group[at + 1..])),
            _ => {}
        }
    }
    names.retain(|name| !name.is_empty() && name != "self");
    names
}

/// What is wrong with a file, one line each.
fn faults(source: &Source) -> Vec<String> {
    let room = source.room();
    let may = ALLOWED.iter().find(|(name, _)| *name == room).map_or(&[][..], |(_, may)| may);
    let path = source.path.display();
    let mut faults: Vec<_> = source
        .imports()
        .into_iter()
        .filter(|(to, _)| *to != room && !BASE.contains(&to.as_str()) && !may.contains(&to.as_str()))
        .map(|(to, line)| format!("{path}:{line}: {room} must not import {to}"))
        .collect();
    if room == "prompt" {
        let named = |name: &'static str| {
            source.code().filter(move |(_, code)| code.contains(name)).map(move |(line, _)| (line, name))
        };
        let named = NEVER_IN_THE_PROMPT.into_iter().flat_map(named);
        faults.extend(named.map(|(line, name)| format!("{path}:{}: prompt must not know {name}", line + 1)));
    }
    if !is_test(source) && source.length() > LONGEST {
        faults.push(format!("{path}: {} lines, more than {LONGEST}", source.length()));
    }
    faults
}

fn is_test(source: &Source) -> bool {
    source.path.file_name().unwrap() == "tests.rs"
}

fn src() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// Every source below `src`, and the folders.
fn sources() -> (Vec<Source>, Vec<PathBuf>) {
    sources_below(&src())
}

fn sources_below(root: &Path) -> (Vec<Source>, Vec<PathBuf>) {
    let (mut sources, mut folders) = (Vec::new(), vec![root.to_owned()]);
    let mut next = 0;
    while let Some(folder) = folders.get(next).cloned() {
        next += 1;
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                sources.push(Source { path: path.strip_prefix(root).unwrap().to_owned(), text });
            }
        }
    }
    (sources, folders.split_off(1))
}

fn made_up(path: &str, text: &str) -> Source {
    Source { path: path.into(), text: text.to_owned() }
}

#[test]
fn imports_go_one_way_and_files_fit_in_one_sitting() {
    let (sources, _) = sources();
    assert!(sources.len() > 40, "they were read");
    let faults: Vec<_> =
        sources.iter().filter(|source| source.path != Path::new("lib.rs")).flat_map(faults).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_part_of_the_house_has_its_place_in_the_table() {
    let lib = made_up("lib.rs", &fs::read_to_string(src().join("lib.rs")).unwrap());
    let parts = lib.code().filter_map(|(_, line)| line.strip_prefix("pub mod ")?.strip_suffix(';'));
    let homeless: Vec<_> =
        parts.filter(|part| !BASE.contains(part) && !ALLOWED.iter().any(|(room, _)| room == part)).collect();
    assert_eq!(homeless, [""; 0]);
}

#[test]
fn every_folder_says_what_it_is_for() {
    let (_, folders) = sources();
    for folder in folders {
        let heads = [folder.join("mod.rs"), folder.with_extension("rs")];
        let head = heads.iter().find_map(|path| fs::read_to_string(path).ok());
        let head =
            head.unwrap_or_else(|| panic!("{}: neither mod.rs nor a file of its name", folder.display()));
        assert!(head.starts_with("//! "), "{}: no line of what it is for", folder.display());
    }
}

#[test]
fn what_the_compiler_does_not_check_stands_in_one_file_and_says_why() {
    let house = Path::new(env!("CARGO_MANIFEST_DIR"));
    let rooms = ["src", "tests", "benches", "examples", "fuzz/targets"];
    let all = rooms.into_iter().flat_map(|room| {
        let (sources, _) = sources_below(&house.join(room));
        assert!(!sources.is_empty(), "{room} was read");
        sources.into_iter().map(move |source| (Path::new(room).join(&source.path), source))
    });
    let build = made_up("build.rs", &fs::read_to_string(house.join("build.rs")).unwrap());
    let mut places = 0;
    for (path, source) in all.chain([("build.rs".into(), build)]) {
        for (line, is_explained) in unchecked(&source) {
            let place = format!("{}:{}", path.display(), line + 1);
            assert!(
                path == Path::new(UNCHECKED),
                "{place}: not checked by the compiler, and not in {UNCHECKED}"
            );
            assert!(is_explained, "{place}: no comment above begins with `SAFETY: `");
            places += 1;
        }
    }
    assert!(places > 0, "{UNCHECKED} was read");
}

#[test]
fn unchecked_code_is_found_however_it_is_written() {
    // In two parts, or these lines would be found themselves.
    let text = |text: &str| made_up("x.rs", &text.replace('!', "unsafe"));
    for (code, expected) in [
        ("! { f() }\n", vec![(0, false)]),
        ("// SAFETY: it is.\n! { f() }\n", vec![(1, true)]),
        ("// SAFETY: it is.\n// All of it.\n#[!(no_mangle)]\n", vec![(2, true)]),
        ("// SAFETY: of another.\nlet x = 1;\nlet y = ! { f() };\n", vec![(2, false)]),
        ("    pub ! fn f() {}\n", vec![(0, false)]),
        ("// ! { f() }\n#![deny(!_code)]\n\"'!-inline'\"\n", vec![]),
    ] {
        assert_eq!(unchecked(&text(code)), expected, "{code}");
    }
}

#[test]
fn a_forbidden_import_is_found_however_it_is_written() {
    let provider = "prompt must not import provider";
    for (path, text, expected) in [
        ("prompt/plan.rs", "use crate::provider::mfa;\n", vec![format!("prompt/plan.rs:1: {provider}")]),
        (
            "prompt/plan.rs",
            "fn f() { crate::provider::run() }\n",
            vec![format!("prompt/plan.rs:1: {provider}")],
        ),
        ("prompt/plan.rs", "use super::super::provider;\n", vec![format!("prompt/plan.rs:1: {provider}")]),
        ("prompt/mod.rs", "use super::provider;\n", vec![format!("prompt/mod.rs:1: {provider}")]),
        ("prompt/env_file/read.rs", "use super::super::provider;\n", vec![]),
        ("prompt/plan.rs", "mod tests {\n    use super::super::provider;\n", vec![]),
        (
            "prompt/plan.rs",
            "\nuse crate::{\n    env::{Env, x},\n    provider::mfa,\n    agent,\n};\n",
            vec![
                "prompt/plan.rs:2: prompt must not import agent".into(),
                format!("prompt/plan.rs:2: {provider}"),
            ],
        ),
        ("prompt/plan.rs", "// crate::provider is never imported.\nuse my_crate::provider;\n", vec![]),
        ("prompt/shell/mod.rs", "use crate::env::Env;\nuse super::wanted::Wanted;\n", vec![]),
        (
            "profile/chain.rs",
            "use crate::session::key;\n",
            vec!["profile/chain.rs:1: profile must not import session".into()],
        ),
        ("clock.rs", "use crate::prompt::guard;\n", vec!["clock.rs:1: clock must not import prompt".into()]),
        (
            "main.rs",
            "use awsenv::{cli, provider};\n",
            vec!["main.rs:1: main must not import provider".into()],
        ),
        ("prompt/mod.rs", "use tokio::fs;\n", vec!["prompt/mod.rs:1: prompt must not know tokio".into()]),
        (
            "prompt/mod.rs",
            "fn f(_: aws_sdk_sts::Client) {}\n",
            vec!["prompt/mod.rs:1: prompt must not know aws_sdk".into()],
        ),
    ] {
        assert_eq!(faults(&made_up(path, text)), expected, "{path}: {text}");
    }
}

#[test]
fn a_file_that_does_not_fit_is_found_and_its_tests_do_not_count() {
    let long = "x\n".repeat(LONGEST);
    assert_eq!(
        faults(&made_up("env.rs", &format!("{long}\n#[cfg(test)]\nmod tests {{\n{long}"))),
        ["env.rs: 451 lines, more than 450"]
    );
    assert_eq!(faults(&made_up("env.rs", &format!("{long}#[cfg(test)]\nmod tests {{\n{long}"))), [""; 0]);
    assert_eq!(
        faults(&made_up("env.rs", &format!("#[cfg(test)]\nmod tests;\n{long}"))),
        ["env.rs: 451 lines, more than 450"]
    );
    assert_eq!(faults(&made_up("prompt/tests.rs", &long.repeat(2))), [""; 0]);
}
