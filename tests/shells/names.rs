//! Directories with names that a careless hook would run, split or lose.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::OsStrExt;

use crate::home::Home;
use crate::program;
use crate::pty::Terminal;
use crate::shell::{Kind, Shell, installed};

every_shell! {
    odd_names_load_and_run_nothing odd_names_without_an_answer a_name_that_is_not_text
    a_name_that_is_run_would_be_noticed
}

const NAMES: [&str; 19] = [
    "a space",
    "it's",
    "say \"hi\"",
    "new\nline",
    "$(touch pwned)",
    "`touch pwned`",
    ";touch pwned;",
    "*?[a]",
    "back\\slash",
    "trailing ",
    " leading",
    "é",
    "漢字",
    "🦀",
    "-rf",
    "~",
    "#not a comment",
    "!! $HOME %s {a,b}",
    "x y[$(>pwned)]=1",
];

/// Then the hook looks for the file by itself.
fn odd_names_without_an_answer(shell: &Shell) {
    let home = Home::new();
    for (at, name) in NAMES.iter().enumerate() {
        let dir = home.home(name);
        home.write(dir.join(".awsenv"), "profile = \"alpha\"\n");
        home.install(program::HONEST);
        let mut terminal = Terminal::start_knowing(shell, &home, &[("ODD", dir.as_os_str())]);
        home.install(program::SILENT);
        let said = terminal.run(&shell.words().go_to("ODD"));
        let told = "awsenv: no answer, so the .awsenv here does not count";
        assert_eq!(said.matches(told).count(), 1, "{at}: {name:?}: {said}");
        assert!(!said.contains("not a valid identifier"), "{name:?}: {said}");
        assert!(!dir.join("pwned").exists() && !home.home("pwned").exists(), "{name:?} was run");
    }
}

fn odd_names_load_and_run_nothing(shell: &Shell) {
    let home = Home::new();
    let dirs: Vec<_> = NAMES.iter().map(|name| home.home(name)).collect();
    let variables: Vec<_> = (0..NAMES.len()).map(|at| format!("ODD{at}")).collect();
    dirs.iter().for_each(|dir| home.pin(dir, "profile = \"alpha\"\n"));
    let env: Vec<_> =
        variables.iter().zip(&dirs).map(|(name, dir)| (name.as_str(), dir.as_os_str())).collect();
    let mut terminal = Terminal::start_knowing(shell, &home, &env);
    for (name, dir) in NAMES.iter().zip(&dirs) {
        let at = NAMES.iter().position(|other| other == name).unwrap();
        let said = terminal.run(&shell.words().go_to(&format!("ODD{at}")));
        assert!(!said.contains("awsenv:"), "{name:?}: {said}");
        terminal.has_key(Some("AKIAALPHA"));
        terminal.is_idle();
        assert!(!dir.join("pwned").exists() && !home.home("pwned").exists(), "{name:?} was run");
        terminal.run("cd ~");
        terminal.has_nothing_of_ours();
    }
    // A mistake in the file, with the name in the message.
    for dir in &dirs {
        home.write(dir.join(".awsenv"), "profile = \"beta\"\n");
    }
    for (at, dir) in dirs.iter().enumerate() {
        let said = terminal.run(&shell.words().go_to(&format!("ODD{at}")));
        assert_eq!(said.matches("has changed since").count(), 1, "{:?}: {said}", NAMES[at]);
        terminal.has_no_keys();
        terminal.is_idle();
        assert!(!dir.join("pwned").exists() && !home.home("pwned").exists(), "{:?} was run", NAMES[at]);
    }
}

/// Options of tcsh that change what a quoted text means.
#[test]
fn options_of_tcsh_run_no_name() {
    let shell = installed(Kind::Tcsh);
    for option in ["set backslash_quote", "set histchars = '%^'", "set histchars = ''"] {
        let home = Home::new();
        let names = ["x\\' ; touch pwned ; echo '", "ho%s", "%touch", "wow!", "back\\slash", "@a^b,c#d+e~"];
        let dirs = names.map(|name| home.home(name));
        dirs.iter().for_each(|dir| home.pin(dir, "profile = \"alpha\"\n"));
        let variables = ["ODD0", "ODD1", "ODD2", "ODD3", "ODD4", "ODD5"];
        let env: Vec<_> = variables.into_iter().zip(dirs.iter().map(|dir| dir.as_os_str())).collect();
        let mut terminal = Terminal::start_knowing(&shell, &home, &env);
        terminal.run(option);
        for (variable, dir) in variables.into_iter().zip(&dirs) {
            let said = terminal.run(&shell.words().go_to(variable));
            assert!(!said.contains("awsenv:") && !said.contains("Event"), "{option}: {dir:?}: {said}");
            terminal.has_key(Some("AKIAALPHA"));
            terminal.is_idle();
            assert!(!dir.join("pwned").exists() && !home.home("pwned").exists(), "{option}: {dir:?} was run");
            terminal.run("cd ~");
            terminal.has_nothing_of_ours();
        }
    }
}

fn a_name_that_is_not_text(shell: &Shell) {
    let home = Home::new();
    let dir = home.home(OsStr::from_bytes(b"latin-\xe9-$(touch pwned)"));
    if fs::create_dir_all(&dir).is_err() {
        return; // APFS has no such names.
    }
    home.pin(&dir, "profile = \"alpha\"\n");
    let odd = OsString::from(&dir);
    let mut terminal = Terminal::start_knowing(shell, &home, &[("ODD", &odd)]);
    let said = terminal.run(&shell.words().go_to("ODD"));
    assert!(!said.contains("awsenv"), "{said}");
    terminal.has_key(Some("AKIAALPHA"));
    terminal.is_idle();
    assert!(!dir.join("pwned").exists());
    terminal.run("cd ~");
    terminal.has_nothing_of_ours();
}

fn a_name_that_is_run_would_be_noticed(shell: &Shell) {
    let home = Home::new();
    let dir = home.home("$(touch pwned)");
    fs::create_dir_all(&dir).unwrap();
    home.install(program::UNQUOTED);
    let mut terminal = Terminal::start_knowing(shell, &home, &[("ODD", dir.as_os_str())]);
    terminal.run(&shell.words().go_to("ODD"));
    assert!(dir.join("pwned").exists(), "{}", terminal.scene());
}
