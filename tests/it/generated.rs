//! `completions/` and `man/` are committed for packagers, and are what the program prints today.
//! `AWSENV_REGENERATE=1 cargo test --test it generated` writes them anew.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use awsenv::cli::Cli;
use awsenv::commands::man;
use awsenv::env::Env;
use clap::CommandFactory;

use crate::world::{World, installed};

const COMPLETIONS: [(&str, &str); 8] = [
    ("bash", "awsenv.bash"),
    ("zsh", "_awsenv"),
    ("fish", "awsenv.fish"),
    ("elvish", "awsenv.elv"),
    ("nushell", "awsenv.nu"),
    ("powershell", "awsenv.ps1"),
    ("tcsh", "awsenv.tcsh"),
    ("xonsh", "awsenv.xsh"),
];

fn committed(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)
}

/// Compares a folder with what it has to hold, or makes it so.
fn hold(folder: &str, wanted: &BTreeMap<String, Vec<u8>>) {
    let folder = committed(folder);
    if Env::of_this_process().text("AWSENV_REGENERATE").is_some() {
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        for (name, text) in wanted {
            fs::write(folder.join(name), text).unwrap();
        }
    }
    let there: BTreeMap<String, Vec<u8>> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap()))
        .collect();
    let names = wanted.keys().chain(there.keys());
    let stale: Vec<_> = names.filter(|name| wanted.get(*name) != there.get(*name)).collect();
    assert!(stale.is_empty(), "stale: {stale:?}; AWSENV_REGENERATE=1 cargo test --test it generated");
}

#[test]
fn the_completions_are_those_of_today() {
    let world = World::new();
    let text = |shell| world.run(["completions", shell]).any_stdout().success().raw;
    hold("completions", &COMPLETIONS.map(|(shell, name)| (name.to_owned(), text(shell))).into());
}

#[test]
fn the_manual_pages_are_those_of_today() {
    let pages = man::pages(Cli::command()).unwrap();
    hold("man", &pages.into_iter().map(|(name, text)| (format!("{name}.1"), text)).collect());
}

#[test]
fn a_synopsis_is_what_one_may_type() {
    let page = World::new().run(["man", "exec"]).any_stdout().success().stdout;
    let synopsis = page.lines().skip_while(|line| *line != ".SH SYNOPSIS").nth(1);
    assert_eq!(synopsis, Some(r"\fBawsenv exec\fR [OPTIONS] [PROFILE] [\-\- <CMD>...]"));
}

#[test]
fn man_prints_the_committed_page_without_a_home() {
    let page = fs::read_to_string(committed("man/awsenv.1")).unwrap();
    World::new().without("HOME").run(["man"]).stdout(page).success();
}

#[test]
fn each_shell_reads_its_completions() {
    // The others have no way to read a file and do nothing.
    for (shell, name) in &COMPLETIONS[..3] {
        if installed(shell) {
            let output =
                Command::new(shell).arg("-n").arg(committed("completions").join(name)).output().unwrap();
            assert_eq!(
                (output.status.code(), String::from_utf8_lossy(&output.stderr).as_ref()),
                (Some(0), ""),
                "{name}"
            );
        }
    }
}

/// The words that fit at the end of a command.
fn completed(world: &World, words: &[&str]) -> Vec<String> {
    let run = world.run(["--", "awsenv"]).env("AWSENV_COMPLETE", "bash");
    let run = run.env("_CLAP_COMPLETE_INDEX", words.len().to_string());
    let run = words.iter().fold(run, |run, word| run.arg(*word));
    run.any_stdout().success().stdout.lines().map(str::to_owned).collect()
}

/// As the texts of `shell/complete.*` ask: the words and what they are.
fn offered(world: &World, shell: &str, words: &[&str]) -> Vec<String> {
    let run = world.run(["--"]).env("AWSENV_COMPLETE", shell);
    let run = words.iter().fold(run, |run, word| run.arg(*word));
    run.any_stdout().success().stdout.lines().map(str::to_owned).collect()
}

#[test]
fn each_of_the_other_shells_is_answered_in_its_way() {
    let world = World::with_profiles();
    for shell in ["elvish", "nushell", "xonsh"] {
        assert_eq!(offered(&world, shell, &["awsenv", "explain", "d"]), ["dev"], "{shell}");
        let commands = offered(&world, shell, &["awsenv", "den"]);
        assert_eq!(commands, ["deny\tNever let the .awsenv count, whatever it will contain"], "{shell}");
        assert_eq!(offered(&world, shell, &[]), [""; 0]);
    }
    assert_eq!(offered(&world, "powershell", &["awsenv", "explain", "=d"]), ["dev"]);
    assert!(offered(&world, "powershell", &["awsenv", "explain", "="]).contains(&"prod".to_owned()));
    let typed = |line: &str| {
        let run = world.run(["--"]).env("AWSENV_COMPLETE", "tcsh").env("COMMAND_LINE", line);
        run.any_stdout().success().stdout
    };
    assert_eq!(typed("awsenv explain d"), "dev\n");
    assert_eq!(typed("awsenv den"), "deny\n", "it would put a description into the line");
    assert!(typed("awsenv explain ").starts_with("dev\nprod\n"));
    // None of them quotes what it is given.
    std::fs::write(world.at("a$(id)"), "").unwrap();
    std::fs::write(world.at("a.toml"), "").unwrap();
    assert_eq!(offered(&world, "nushell", &["awsenv", "allow", "a"]), ["a.toml"]);
}

/// The quickest of five runs, beside those of a world with none: a test machine builds beside it. What it costs when
/// optimised, the benches say.
#[test]
fn among_thousands_of_profiles_the_answer_is_there_at_once() {
    use std::fmt::Write as _;
    let mut config = String::new();
    for at in 0..2000 {
        let _ = write!(
            config,
            "[profile account-{at:04}]\nsso_session = corp\nsso_account_id = 111122223333\n\n"
        );
    }
    // Not even looked at: only headers are.
    config.push_str("[profile last]\nno equals sign\n");
    let (world, empty) = (World::new().config(&config), World::new());
    let time = |world: &World, expected: usize| {
        let run = world.run(["--", "awsenv", "explain", "account-199"]).env("AWSENV_COMPLETE", "elvish");
        let begun = awsenv::clock::uptime();
        let found = run.any_stdout().success().stdout;
        assert_eq!(found.lines().count(), expected, "{found}");
        awsenv::clock::uptime() - begun
    };
    let (thousands, none): (Vec<_>, Vec<_>) = (0..5).map(|_| (time(&world, 10), time(&empty, 0))).unzip();
    let (thousands, none) = (thousands.into_iter().min().unwrap(), none.into_iter().min().unwrap());
    assert!(thousands < 20 * none, "{thousands:?} and {none:?}");
    assert_eq!(offered(&world, "elvish", &["awsenv", "use", "las"]), ["last"]);
}

#[test]
fn nobody_completes_what_only_the_hook_calls() {
    let commands = completed(&World::new(), &[""]);
    assert!(commands.contains(&"refresh".to_owned()), "{commands:?}");
    for hidden in ["export", "renew", "serve", "lend"] {
        assert!(!commands.contains(&hidden.to_owned()), "{hidden}");
    }
    assert!(!committed("man/awsenv-export.1").exists());
}

#[test]
fn names_are_completed_where_they_are_meant() {
    let world = World::with_profiles()
        .file("acme/.awsenv", "profile = \"dev\"\n[stage.live]\nprofile = \"prod\"\nprotected = true\n");
    world.write(
        ".aws/config",
        &format!("{}\n[sso-session corp]\nsso_region = us-east-1\n", crate::world::CONFIG),
    );
    let world = world.allowed("acme").env("PWD", "nowhere");
    let at = |words: &[&str]| completed(&world, words);
    for words in
        [&["exec", ""][..], &["exec", "--profile", ""], &["login", ""], &["init", ""], &["refresh", ""]]
    {
        let found = at(words);
        assert!(
            ["dev", "prod"].iter().all(|name| found.contains(&(*name).to_owned())),
            "{words:?}: {found:?}"
        );
    }
    assert_eq!(at(&["login", "--sso-session", ""]), ["corp"]);
    assert_eq!(at(&["explain", "p"]), ["prod"]);
    assert_eq!(at(&["use", "d"]), ["dev"]);
    assert_eq!(at(&["exec", "--stage", ""]), [""; 0], "no file counts at home");
    assert_eq!(at(&["edit", "ac"]), ["acme/"]);
    assert_eq!(at(&["console", "--service", "route"]), ["route53"]);
    assert!(at(&["console", "--service", ""]).len() > 150);
    for words in [&["exec", "--", "ba"][..], &["exec", "dev", "--", "ba"]] {
        assert!(at(words).contains(&"bash".to_owned()), "{words:?}: {:?}", at(words));
    }
    assert!(at(&["exec", "dev", "--", "ac"]).contains(&"acme/".to_owned()));
    assert_eq!(at(&["exec", "dev", "--", "cat", "acm"]), ["acme/"]);
    // Whatever is wrong is for others to say.
    let broken = world.settings("wait = 1\n");
    assert_eq!(completed(&broken, &["explain", "p"]), [""; 0]);
}
