//! No answer, half an answer, no room for the question: then nobody's keys.

use std::fs;
#[cfg(target_os = "linux")]
use std::process::{Command, Stdio};

#[cfg(target_os = "linux")]
use crate::home::{Home, Rc};
use crate::interrupt::keeps_keys_while_it_asks;
use crate::program;
use crate::pty::Terminal;
use crate::shell::{Kind, Shell};

every_shell! {
    a_program_that_is_gone a_program_that_is_gone_on_the_way_across a_program_that_fails
    a_program_that_fails_where_another_kind_of_shell_has_put_the_keys_away
    the_users_own_keys_outlive_a_program_that_fails a_program_that_crashes_anywhere_in_its_answer an_environment_too_big no_place_for_a_token
    a_hook_that_keeps_the_keys_would_be_noticed a_file_that_becomes_a_link_without_an_end
}

const NO_ANSWER: &str = "awsenv: no answer, so the credentials are gone from this shell";
const SENTENCE: &str = "awsenv did not answer: no credentials";

fn a_program_that_is_gone(shell: &Shell) {
    let home = Home::with_projects();
    let mut terminal = Terminal::start_with(shell, &home, &Rc::default(), &[("AWS_PROFILE", "work")]);
    terminal.run("cd alpha");
    fs::rename(home.program(), home.at("away")).unwrap();
    let said = terminal.run("cd ..");
    assert_eq!(said.matches(NO_ANSWER).count(), 1, "{said}");
    terminal.has(&[
        ("AWS_ACCESS_KEY_ID", None),
        ("AWS_SECRET_ACCESS_KEY", None),
        ("AWS_PROFILE", Some(SENTENCE)),
    ]);
    for _ in 0..3 {
        let said = terminal.enter();
        assert!(!said.contains("awsenv"), "said once: {said}");
    }
    terminal.run("cd beta");
    terminal.has(&[("AWS_ACCESS_KEY_ID", None), ("AWS_PROFILE", Some(SENTENCE))]);
    fs::rename(home.at("away"), home.program()).unwrap();
    let said = terminal.enter();
    assert!(!said.contains("awsenv"), "{said}");
    terminal.has(&[
        ("AWS_ACCESS_KEY_ID", Some("AKIABETA")),
        ("AWS_PROFILE", None),
        ("AWS_EC2_METADATA_DISABLED", None),
    ]);
    terminal.is_idle();
    terminal.run("cd ..");
    terminal.has(&[("AWS_ACCESS_KEY_ID", None), ("AWS_PROFILE", Some("work")), ("AWSENV_STATE", None)]);
}

/// Nothing that the prompt reads itself can hold it up.
fn a_file_that_becomes_a_link_without_an_end(shell: &Shell) {
    let home = Home::with_projects();
    home.make_gate();
    let mut terminal = Terminal::start(shell, &home);
    for target in ["/dev/zero".into(), home.at("gate")] {
        terminal.run("cd ~/alpha");
        terminal.has_key(Some("AKIAALPHA"));
        let file = home.home("alpha/.awsenv");
        fs::rename(&file, home.at("away")).unwrap();
        std::os::unix::fs::symlink(target, &file).unwrap();
        let said = terminal.enter();
        assert!(said.contains("awsenv: ~/alpha/.awsenv"), "{said}");
        terminal.has_no_keys();
        terminal.run("cd ..");
        fs::rename(home.at("away"), &file).unwrap();
    }
}

/// A shell whose output goes into a pipe has no less to lose.
#[test]
fn tcsh_takes_keys_away_behind_a_pipe_too() {
    let shell = crate::shell::installed(Kind::Tcsh);
    let home = Home::with_projects();
    let mut terminal = Terminal::start(&shell, &home);
    terminal.run("cd alpha");
    fs::rename(home.program(), home.at("away")).unwrap();
    let seen = home.at("seen");
    terminal.run(&format!("(cd ../beta; {}) | cat", shell.words().environment(&seen)));
    let seen = fs::read_to_string(seen).unwrap();
    assert!(seen.contains(SENTENCE) && !seen.contains("AKIA"), "{seen}");
}

fn a_program_that_is_gone_on_the_way_across(shell: &Shell) {
    let home = Home::with_projects();
    home.pin("alpha", "profile = \"alpha\"\n[env]\nTF_WORKSPACE = \"dev\"\n");
    let before = [("AWS_SECRET_ACCESS_KEY", "mine"), ("TF_WORKSPACE", "mine"), ("AWS_REGION", "sa-east-1")];
    let mut terminal = Terminal::start_with(shell, &home, &Rc::default(), &before);
    terminal.run("cd alpha");
    fs::rename(home.program(), home.at("away")).unwrap();
    terminal.run("cd ../beta");
    terminal.has_no_keys();
    fs::rename(home.at("away"), home.program()).unwrap();
    terminal.run("cd ..");
    terminal.has(&[
        ("AWS_ACCESS_KEY_ID", None),
        ("AWS_SECRET_ACCESS_KEY", Some("mine")),
        ("TF_WORKSPACE", Some("mine")),
        ("AWS_REGION", Some("sa-east-1")),
        ("AWS_PROFILE", None),
        ("AWS_EC2_METADATA_DISABLED", None),
        ("AWSENV_STATE", None),
    ]);
}

fn a_program_that_fails_where_another_kind_of_shell_has_put_the_keys_away(shell: &Shell) {
    let home = Home::with_projects();
    home.pin("alpha", "profile = \"alpha\"\nregion = \"eu-west-3\"\n[env]\nTF_WORKSPACE = \"dev\"\n");
    let mut outer = Terminal::start(shell, &home);
    outer.run("cd alpha");
    let environment = outer.environment();
    let text = |(name, value): (&String, &Vec<u8>)| {
        let value = String::from_utf8(value.clone()).unwrap();
        let value = if name == "AWSENV_STATE" { value.replacen("1:on:", "1:away:", 1) } else { value };
        (name.clone(), value)
    };
    let is_ours = |(name, _): &(&String, &Vec<u8>)| name.starts_with("AWS") || *name == "TF_WORKSPACE";
    let inherited: Vec<_> = environment.iter().filter(is_ours).map(text).collect();
    let inherited: Vec<_> = inherited.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    home.install(program::SILENT);
    let mut inner = Terminal::start_with(shell, &home, &Rc::default(), &inherited);
    inner.has_no_keys();
    inner.has(&[("TF_WORKSPACE", None), ("AWS_REGION", None), ("AWS_PROFILE", Some(SENTENCE))]);
    home.install(program::HONEST);
    inner.enter();
    inner.has_nothing_of_ours();
}

fn a_program_that_fails(shell: &Shell) {
    let home = Home::with_projects();
    let mut terminal = Terminal::start(shell, &home);
    home.install(program::SILENT);
    let said = terminal.run("cd alpha");
    let told = "awsenv: no answer, so the .awsenv here does not count";
    assert_eq!(said.matches(told).count(), 1, "nothing was there to lose, but a file asks for more: {said}");
    let said = terminal.enter();
    assert!(!said.contains("awsenv:"), "told once: {said}");
    terminal.has_nothing_of_ours();
    home.install(program::HONEST);
    terminal.enter();
    terminal.has_key(Some("AKIAALPHA"));
    home.install(program::SILENT);
    let said = terminal.run("cd ..");
    assert_eq!(said.matches(NO_ANSWER).count(), 1, "{said}");
    terminal.has_no_keys();
    home.install(program::HONEST);
    terminal.enter();
    terminal.has_nothing_of_ours();
}

/// Cut at some forty places, across, out and in.
fn a_program_that_crashes_anywhere_in_its_answer(shell: &Shell) {
    for (from, to) in [("alpha", "beta"), ("alpha", "."), (".", "beta")] {
        let home = Home::with_projects();
        let mut terminal = Terminal::start_with(shell, &home, &Rc::default(), &[("AWS_PROFILE", "work")]);
        home.install(program::CUT);
        home.write("cut", "1000000");
        terminal.run(&format!("cd ~/{from}"));
        terminal.run(&format!("cd ~/{to}"));
        let answer = fs::read(home.at("answer")).unwrap();
        let length = answer.len();
        // Without a name, `export` and `set` list all there are.
        let verb = match shell.kind {
            Kind::Fish => "set ",
            Kind::Tcsh => "setenv ",
            _ => "export ",
        };
        let verb = verb.as_bytes();
        let listing = answer.windows(verb.len()).position(|part| part == verb).map(|at| at + verb.len());
        for at in (0..length - 1).step_by(length / 14).chain(listing) {
            home.install(program::HONEST);
            terminal.run(&format!("cd ~/{from}"));
            terminal.has_key((from == "alpha").then_some("AKIAALPHA"));
            home.install(program::CUT);
            home.write("cut", at.to_string());
            terminal.run_to_the_end(&format!("cd ~/{to}"));
            // The next command, and nothing of awsenv's before it.
            home.install(program::SILENT);
            let environment = terminal.environment();
            let held: Vec<_> = environment.keys().filter(|name| name.contains("ACCESS_KEY")).collect();
            assert!(held.is_empty(), "cut at {at} of {length}: {held:?}\n{}", terminal.scene());
        }
        home.install(program::HONEST);
        terminal.enter();
        terminal.has_key((to == "beta").then_some("AKIABETA"));
        terminal.run("cd ~");
        terminal.has(&[("AWS_PROFILE", Some("work")), ("AWS_REGION", None), ("AWSENV_STATE", None)]);
        let shown = terminal.screen().contains("secret/of");
        assert!(!shown, "half an answer was shown\n{}", terminal.scene());
    }
}

/// In a directory that sets a region only, the keys are the user's and stay.
fn the_users_own_keys_outlive_a_program_that_fails(shell: &Shell) {
    let home = Home::with_projects();
    home.pin("plain", "region = \"eu-north-1\"\n");
    let mine = [
        ("AWS_ACCESS_KEY_ID", "AKIAMINE"),
        ("AWS_SECRET_ACCESS_KEY", "mine"),
        ("AWS_VAULT", "mine"),
        ("AWS_REGION", "sa-east-1"),
        ("AWS_EC2_METADATA_DISABLED", "false"),
    ];
    let original: Vec<_> = mine.iter().map(|(name, value)| (*name, Some(*value))).collect();
    let mut terminal = Terminal::start_with(shell, &home, &Rc::default(), &mine);
    for (dir, region) in [("plain", "eu-north-1"), ("alpha", "eu-west-1")] {
        terminal.run(&format!("cd {dir}"));
        terminal.has(&[("AWS_REGION", Some(region))]);
        home.install(program::SILENT);
        terminal.run("cd ..");
        if dir == "plain" {
            terminal.has(&original[..3]);
        } else {
            terminal.has_no_keys();
        }
        home.install(program::HONEST);
        terminal.enter();
        terminal.has(&original);
        terminal.has(&[("AWS_PROFILE", None), ("AWSENV_STATE", None)]);
    }
    // A mistake in the file, and then no answer on the way out.
    terminal.run("cd alpha");
    home.write("home/alpha/.awsenv", "profile = \"beta\"\n");
    terminal.enter();
    home.install(program::SILENT);
    terminal.run("cd ..");
    home.install(program::HONEST);
    terminal.enter();
    terminal.has(&original);
}

fn an_environment_too_big(shell: &Shell) {
    let home = Home::with_projects();
    let mut terminal = Terminal::start_with(shell, &home, &Rc::default(), &[("AWS_PROFILE", "work")]);
    terminal.run("cd alpha");
    let big = match shell.kind {
        Kind::Xonsh => "$BIG = 'x' * 200000",
        Kind::Nu => "$env.BIG = ('' | fill --character x --width 200000)",
        Kind::Elvish => "use str; set-env BIG (str:join '' [(repeat 200000 x)])",
        Kind::Tcsh => "setenv BIG `printf %0200000d 0`",
        _ => shell.says(
            "printf -v BIG '%0200000d' 0; export BIG",
            "export BIG=${(l:200000::x:)}",
            "set -gx BIG (string repeat -n 200000 x)",
        ),
    };
    let said = terminal.run(big) + &terminal.run("cd ..");
    assert_eq!(said.matches(NO_ANSWER).count(), 1, "{said}");
    let said = terminal.run(match shell.kind {
        Kind::Xonsh => "print(f\"<{${...}.get('AWS_ACCESS_KEY_ID', '')}>\")",
        Kind::Nu => "print $'<($env.AWS_ACCESS_KEY_ID?)($env.AWS_SECRET_ACCESS_KEY?)>'",
        Kind::Elvish => "echo '<'$E:AWS_ACCESS_KEY_ID$E:AWS_SECRET_ACCESS_KEY'>'",
        Kind::Tcsh => "if ( ! $?AWS_ACCESS_KEY_ID && ! $?AWS_SECRET_ACCESS_KEY ) echo '<''>'",
        _ => "printf '<%s>' \"$AWS_ACCESS_KEY_ID$AWS_SECRET_ACCESS_KEY\"",
    });
    assert!(said.contains("<>"), "{said}");
    terminal.run(&shell.unset("BIG"));
    terminal.has(&[("AWS_ACCESS_KEY_ID", None), ("AWS_PROFILE", Some("work")), ("AWSENV_STATE", None)]);
    terminal.is_idle();
}

/// Then every prompt asks, and the answer is right.
fn no_place_for_a_token(shell: &Shell) {
    let home = Home::with_projects();
    let mut terminal =
        Terminal::start_with(shell, &home, &Rc::default(), &[("XDG_RUNTIME_DIR", "/proc/nowhere")]);
    terminal.run("cd alpha");
    terminal.has_key(Some("AKIAALPHA"));
    terminal.enter();
    terminal.run("cd ../beta");
    terminal.has_key(Some("AKIABETA"));
    terminal.run("cd ..");
    terminal.has_nothing_of_ours();
}

fn a_hook_that_keeps_the_keys_would_be_noticed(shell: &Shell) {
    let home = Home::with_projects();
    let sabotage = match shell.kind {
        Kind::Bash => ("unset -v \"$__awsenv_name\"", "true"),
        Kind::Zsh => ("unset $__awsenv_name", "true"),
        Kind::Fish => ("set -eg $__awsenv_name", "true"),
        Kind::Elvish => ("unset-env $name", "nop"),
        Kind::Tcsh => ("unsetenv $__awsenv_names:x", "set status = 0"),
        Kind::Xonsh => ("del env[name]\n    # The program", "pass\n    # The program"),
        _ => ("__awsenv_hide $names\n    # The program", "# The program"),
    };
    let sabotage: Vec<_> = [sabotage].into_iter().chain(keeps_keys_while_it_asks(shell)).collect();
    let mut terminal = Terminal::start_with(shell, &home, &Rc { sabotage: &sabotage, ..Rc::default() }, &[]);
    terminal.run("cd alpha");
    home.install(program::SILENT);
    terminal.run("cd ..");
    terminal.has_key(Some("AKIAALPHA"));
}

/// It waits until the terminal is its own again, a millisecond at a time: for one that is not there, in vain.
#[cfg(target_os = "linux")]
#[test]
fn nushell_waits_for_no_terminal_where_there_is_none() {
    let shell = crate::shell::installed(Kind::Nu);
    let home = Home::new();
    let (hook, slept) = (home.at("hook.nu"), home.at("slept"));
    home.write_hook(&shell, &hook);
    // What the hook calls is what stands before it.
    let script = format!(
        "def sleep [time] {{ 'x' | save --append {} }}\nsource {}\n__awsenv_wait_for_terminal\nprint done\n",
        slept.display(),
        hook.display()
    );
    home.write("script.nu", &script);
    let mut command = Command::new("setsid");
    command.arg("--wait").arg(shell.program).arg("-n").arg(home.at("script.nu"));
    command.env_clear().envs(home.environment()).stdin(Stdio::null());
    let output = command.output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "done\n", "{output:?}");
    assert!(!slept.exists());
}
