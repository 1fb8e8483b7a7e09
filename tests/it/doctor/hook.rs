//! How the hook stands in the shell that asks, and in the files that the next one reads.

use std::process::Command;

use awsenv::commands::doctor::ASKED_BY;
use awsenv::files;
use awsenv::prompt::memory::{Memory, STATE};

use super::{broken, told};
use crate::run::PROGRAM;
use crate::shell::Kind;
use crate::world::{World, installed};

/// What a real shell with the hook is told.
fn asked_in(kind: Kind, world: &World, before: &str, after: &str) -> (String, i32) {
    let load = match kind {
        Kind::Fish => format!("{PROGRAM} hook fish | source"),
        _ => format!("eval \"$({PROGRAM} hook {})\"", kind.name()),
    };
    let mut command = world.command(kind.name());
    command
        .args(kind.plain())
        .arg("-c")
        .arg(format!("{before}\n{load}\n{after}\nawsenv doctor hook rc_files"));
    let output = command.output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{kind:?}");
    (world.shown(&String::from_utf8_lossy(&output.stdout)), output.status.code().unwrap())
}

#[test]
fn each_shell_says_how_its_hook_stands() {
    let world = World::new();
    for kind in Kind::ALL {
        let (text, code) = asked_in(kind, &world, "", "");
        assert!(text.starts_with(&format!("✓ hook        loaded in {} ", kind.name())), "{text}");
        assert!(text.contains("✓ hook        it runs before the prompt is drawn\n") && code == 0, "{text}");
        let older = if kind == Kind::Fish { "set -g __awsenv_text 0" } else { "__awsenv_text=0" };
        let (text, code) = asked_in(kind, &world, "", older);
        assert!(text.contains("is not the one that this program prints now") && code == 0, "{text}");
    }
    let (bash, zsh) = ("PROMPT_COMMAND=mine", "precmd_functions=(mine)");
    for (kind, replaces, list) in [(Kind::Bash, bash, "PROMPT_COMMAND"), (Kind::Zsh, zsh, "precmd_functions")]
    {
        let (text, code) = asked_in(kind, &world, "", &format!("unset {list}; {replaces}"));
        assert!(text.contains(&format!("it is not in {list}")) && code == 1, "{text}");
    }
    let (text, _) = asked_in(Kind::Zsh, &world, "", "precmd_functions=(starship_precmd $precmd_functions)");
    assert!(text.contains("! hook        starship draws the prompt before it"), "{text}");
    let (text, code) = asked_in(Kind::Fish, &world, "", "functions -e __awsenv_hook");
    assert!(text.contains("nothing calls it before a prompt") && code == 1, "{text}");
}

#[test]
fn without_the_hook_it_is_said_what_to_add() {
    let world = World::new();
    let run = || world.run(["doctor", "hook", "rc_files"]).env("SHELL", "/bin/zsh");
    let text = told(run());
    assert_eq!(
        text.matches("fix: add at the end of ~/.zshrc: eval \"$(awsenv hook zsh)\"").count(),
        2,
        "{text}"
    );
    // A hook that has run in the very shell that asks, and says nothing of itself.
    let mut memory = Memory::of_shell(std::process::id(), files::uid());
    memory.traces.clear();
    let text = told(run().env(STATE, memory.write()));
    assert!(text.contains("fix: restart this shell"), "{text}");
    world.write(".zshrc", "eval \"$(awsenv hook zsh)\"\nprecmd_functions+=(mine)\n");
    assert!(told(run()).contains("✓ rc_files    ~/.zshrc:1 loads the hook"));
    world.write(".zshrc", "eval \"$(awsenv hook zsh)\"\nprecmd_functions=(mine)\n");
    let text = broken(run());
    assert!(
        text.contains("✗ rc_files    ~/.zshrc:2 replaces precmd_functions, after the hook's line"),
        "{text}"
    );
    // It may be in a branch that is not taken.
    world.write(".zshrc", "eval \"$(awsenv hook zsh)\"\nif false; then\n  precmd_functions=(mine)\nfi\n");
    assert!(told(run()).contains("! rc_files    ~/.zshrc:3 replaces precmd_functions"));
    // A shell that says what is in its list knows better.
    let reports = |list: &str| run().env(ASKED_BY, format!("shell zsh 5.9\nhook 0\nprompt {list}"));
    let text = told(reports("__awsenv_hook"));
    assert!(
        text.ends_with(
            "✓ rc_files    ~/.zshrc:1 loads the hook\n· rc_files    ~/.zshrc:3 replaces precmd_functions, \
             after the hook's line: not in this shell, but maybe in the next one\n"
        ),
        "{text}"
    );
    let text = broken(reports("mine"));
    assert!(text.contains("! rc_files    ~/.zshrc:3 replaces precmd_functions"), "{text}");
}

#[test]
fn the_line_of_each_shell_is_found_in_its_file() {
    let world = World::new();
    for (name, file) in [
        ("bash", ".bashrc"),
        ("zsh", ".zshrc"),
        ("fish", ".config/fish/config.fish"),
        ("xonsh", ".xonshrc"),
        ("nu", ".local/share/nushell/vendor/autoload/awsenv.nu"),
        ("elvish", ".config/elvish/rc.elv"),
        ("tcsh", ".tcshrc"),
        ("pwsh", ".config/powershell/Microsoft.PowerShell_profile.ps1"),
    ] {
        let run = || world.run(["doctor", "hook", "rc_files"]).env("SHELL", format!("/bin/{name}"));
        let text = told(run());
        assert!(text.starts_with("! hook        no hook has called this"), "{text}");
        assert!(text.contains("! rc_files    no file that "), "{text}");
        let hook = world.run(["hook", name]).any_stdout().success().stdout;
        let (_, line) = text.rsplit_once("fix: ").unwrap();
        world.write(file, if name == "nu" { &hook } else { line });
        assert!(told(run()).ends_with(&format!("✓ rc_files    ~/{file}:1 loads the hook\n")), "{name}");
        // What counts is the shell that asks, not the one of the login.
        if ["elvish", "tcsh"].contains(&name) && installed(name) {
            let asking = format!("{PROGRAM} doctor hook; {PROGRAM} --version");
            let output =
                world.command(name).env("SHELL", "/bin/bash").args(["-c", &asking]).output().unwrap();
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            assert!(
                cfg!(not(target_os = "linux")) || text.contains(&format!("awsenv hook {name}")),
                "{text}"
            );
        }
    }
}

#[test]
fn what_a_shell_reports_is_in_no_argument() {
    let world = World::new();
    let bin = world.program("bin/awsenv", "#!/bin/sh\necho \"$*\"\n");
    let text = format!(
        "eval \"$({PROGRAM} hook bash)\"; PROMPT_COMMAND+=('secret=planted'); __awsenv_bin={}; awsenv doctor --json; echo \"${{AWSENV_SHELL_REPORT-none}}\"",
        bin.display()
    );
    let output = Command::new("bash")
        .args(["--norc", "-c", &text])
        .env_clear()
        .envs(world.variables().iter())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.starts_with("doctor --json\n") && text.ends_with("none\n"), "{text}");
}
