//! In, out, across, down, and into shells within shells.

use std::fs;
use std::os::unix::fs::symlink;

use crate::home::{Home, Rc};
use crate::pty::Terminal;
use crate::shell::{Kind, Shell};

every_shell! {
    in_and_out across there_and_out_on_one_line nested_directories a_subdirectory_keeps_the_keys a_nested_shell_inherits_and_undoes
    a_login_shell_brings_an_original_of_its_own cd_and_command_on_one_line a_deleted_directory_is_no_trouble
    a_link_is_a_directory_of_its_own two_shells_side_by_side
}

fn in_and_out(shell: &Shell) {
    let home = Home::with_projects();
    let mut terminal = Terminal::start(shell, &home);
    terminal.has_nothing_of_ours();
    let said = terminal.run("cd alpha");
    assert!(!said.contains("awsenv"), "a plain load is silent: {said}");
    terminal.has(&[
        ("AWS_ACCESS_KEY_ID", Some("AKIAALPHA")),
        ("AWS_SECRET_ACCESS_KEY", Some("secret/of+alpha")),
        ("AWS_REGION", Some("eu-west-1")),
        ("AWS_DEFAULT_REGION", Some("eu-west-1")),
        ("AWSENV_PROFILE", Some("alpha")),
        ("AWS_PROFILE", None),
    ]);
    terminal.is_idle();
    let said = terminal.run("cd ..");
    assert!(!said.contains("awsenv"), "{said}");
    terminal.has_nothing_of_ours();
    terminal.is_idle();
}

fn across(shell: &Shell) {
    let home = Home::with_projects();
    let mut terminal = Terminal::start(shell, &home);
    terminal.run("cd alpha");
    terminal.has_key(Some("AKIAALPHA"));
    terminal.run("cd ../beta");
    terminal.has(&[("AWS_ACCESS_KEY_ID", Some("AKIABETA")), ("AWS_REGION", Some("us-east-2"))]);
    terminal.run("cd ~");
    terminal.has_nothing_of_ours();
}

/// What was loaded before the line must not come back.
fn there_and_out_on_one_line(shell: &Shell) {
    let home = Home::with_projects();
    let mut terminal = Terminal::start(shell, &home);
    let (words, seen) = (shell.words(), home.at("seen"));
    terminal.run("cd alpha");
    terminal.has_key(Some("AKIAALPHA"));
    terminal.run(&words.and(&words.and("cd ../beta", "cd .."), &words.environment(&seen)));
    let seen = String::from_utf8_lossy(&fs::read(seen).unwrap()).into_owned();
    assert!(!seen.contains("AWS"), "{seen}\n{}", terminal.scene());
    terminal.has_nothing_of_ours();
}

fn nested_directories(shell: &Shell) {
    let home = Home::with_projects();
    home.pin("alpha/inner", "profile = \"beta\"\n");
    let mut terminal = Terminal::start(shell, &home);
    terminal.run("cd alpha/inner");
    terminal.has_key(Some("AKIABETA"));
    terminal.run("cd ..");
    terminal.has(&[("AWS_ACCESS_KEY_ID", Some("AKIAALPHA")), ("AWS_REGION", Some("eu-west-1"))]);
    terminal.run("cd inner");
    terminal.has_key(Some("AKIABETA"));
    terminal.run("cd ../..");
    terminal.has_nothing_of_ours();
}

fn a_subdirectory_keeps_the_keys(shell: &Shell) {
    let home = Home::with_projects();
    fs::create_dir_all(home.home("alpha/src/deep")).unwrap();
    let mut terminal = Terminal::start(shell, &home);
    terminal.run("cd alpha/src/deep");
    terminal.has_key(Some("AKIAALPHA"));
    terminal.is_idle();
    terminal.run("cd ..");
    terminal.has_key(Some("AKIAALPHA"));
}

fn a_nested_shell_inherits_and_undoes(shell: &Shell) {
    let home = Home::with_projects();
    let mut terminal = Terminal::start_with(shell, &home, &Rc::default(), &[("AWS_PROFILE", "work")]);
    let inner = home.launcher("inner", shell, &Rc::default());
    terminal.run("cd alpha");
    terminal.run(inner.to_str().unwrap());
    terminal.has(&[("AWS_ACCESS_KEY_ID", Some("AKIAALPHA")), ("AWS_PROFILE", None)]);
    terminal.run("cd ..");
    terminal.has(&[("AWS_ACCESS_KEY_ID", None), ("AWS_PROFILE", Some("work")), ("AWSENV_STATE", None)]);
    terminal.run(shell.words().leave());
    terminal.has(&[("AWS_ACCESS_KEY_ID", Some("AKIAALPHA")), ("AWS_PROFILE", None)]);
    terminal.run("cd ..");
    terminal.has(&[("AWS_ACCESS_KEY_ID", None), ("AWS_PROFILE", Some("work")), ("AWSENV_STATE", None)]);
}

/// As tmux does it: what the new shell's startup files set is an original, not a change by hand.
fn a_login_shell_brings_an_original_of_its_own(shell: &Shell) {
    let home = Home::with_projects();
    let mut terminal = Terminal::start(shell, &home);
    let export = shell.export("AWS_PROFILE", "from-the-rc");
    let inner = home.launcher("inner", shell, &Rc { before: &export, login: true, ..Rc::default() });
    terminal.run("cd alpha");
    let said = terminal.run(inner.to_str().unwrap());
    assert!(!said.contains("by hand"), "{said}");
    terminal.has(&[("AWS_ACCESS_KEY_ID", Some("AKIAALPHA")), ("AWS_PROFILE", None)]);
    terminal.run("cd ..");
    terminal.has(&[("AWS_ACCESS_KEY_ID", None), ("AWS_PROFILE", Some("from-the-rc"))]);
    terminal.run(shell.words().leave());
    terminal.has(&[("AWS_ACCESS_KEY_ID", Some("AKIAALPHA")), ("AWS_PROFILE", None)]);
    terminal.run("cd ..");
    terminal.has_nothing_of_ours();
}

fn cd_and_command_on_one_line(shell: &Shell) {
    let home = Home::with_projects();
    let mut terminal = Terminal::start(shell, &home);
    let seen = home.at("seen");
    let show = shell.words().environment(&seen);
    terminal.run("cd alpha");
    terminal.run(&shell.words().and("cd ../beta", &show));
    assert!(
        fs::read_to_string(&seen).unwrap().contains("AWS_ACCESS_KEY_ID=AKIABETA"),
        "{}",
        terminal.scene()
    );
    terminal.run(&shell.words().and("cd ..", &show));
    assert!(!fs::read_to_string(&seen).unwrap().contains("AWS_ACCESS_KEY_ID"), "{}", terminal.scene());
    // A cd that fails, and one in a subshell, change nothing.
    terminal.run("cd alpha");
    terminal.run("cd nowhere-at-all");
    terminal.has_key(Some("AKIAALPHA"));
    match shell.kind {
        Kind::Fish | Kind::Xonsh | Kind::Elvish => {
            // Command substitutions are no subshells there: this moves the shell.
            terminal.run(match shell.kind {
                Kind::Fish => "set here (cd ../beta; pwd)",
                Kind::Xonsh => "t_here = $(cd ../beta)",
                _ => "var here = (cd ../beta; put $pwd)",
            });
            terminal.has_key(Some("AKIABETA"));
            return;
        }
        // It has neither.
        Kind::Nu => return,
        _ => {}
    }
    let before = home.number_of_exports();
    if shell.kind == Kind::Tcsh {
        // It calls cwdcmd in a subshell too, for that subshell.
        terminal.run("set here = `cd ../beta && pwd`");
    } else {
        terminal.run("here=$(cd ../beta && pwd)");
        assert_eq!(home.number_of_exports(), before, "a cd in a subshell asked the program");
    }
    terminal.has_key(Some("AKIAALPHA"));
    terminal.run(&shell.words().and("pushd ../beta", &show));
    assert!(
        fs::read_to_string(&seen).unwrap().contains("AWS_ACCESS_KEY_ID=AKIABETA"),
        "{}",
        terminal.scene()
    );
    terminal.run(&shell.words().and("popd", &show));
    assert!(
        fs::read_to_string(&seen).unwrap().contains("AWS_ACCESS_KEY_ID=AKIAALPHA"),
        "{}",
        terminal.scene()
    );
}

fn a_deleted_directory_is_no_trouble(shell: &Shell) {
    let home = Home::with_projects();
    fs::create_dir_all(home.home("alpha/gone")).unwrap();
    fs::create_dir_all(home.home("free/gone")).unwrap();
    let mut terminal = Terminal::start(shell, &home);
    for (dir, key) in [("alpha", Some("AKIAALPHA")), ("free", None)] {
        terminal.run(&format!("cd ~/{dir}/gone"));
        fs::remove_dir(home.home(dir).join("gone")).unwrap();
        // elvish tells programs no PWD, and the script that counts misses it.
        let said = terminal.enter().replace("sh: 0: getcwd() failed: No such file or directory", "");
        assert!(!said.contains("awsenv") && !said.contains("No such file"), "{said}");
        terminal.has_key(key);
        terminal.is_idle();
    }
    terminal.run("cd ~");
    terminal.has_nothing_of_ours();
}

/// What the shell calls its directory counts, and the file behind it is the same.
fn a_link_is_a_directory_of_its_own(shell: &Shell) {
    let home = Home::with_projects();
    symlink(home.home("alpha"), home.home("link")).unwrap();
    let mut terminal = Terminal::start(shell, &home);
    terminal.run("cd link");
    terminal.has_key(Some("AKIAALPHA"));
    terminal.is_idle();
    fs::remove_file(home.home("link")).unwrap();
    symlink(home.home("beta"), home.home("link")).unwrap();
    terminal.run("cd ../link");
    terminal.has_key(Some("AKIABETA"));
    terminal.run("cd ..");
    terminal.has_nothing_of_ours();
}

fn two_shells_side_by_side(shell: &Shell) {
    let home = Home::with_projects();
    let mut first = Terminal::start(shell, &home);
    let mut second = Terminal::start(shell, &home);
    first.run("cd alpha");
    second.run("cd beta");
    first.has_key(Some("AKIAALPHA"));
    second.has_key(Some("AKIABETA"));
    first.run("cd ../beta");
    second.run("cd ..");
    first.has_key(Some("AKIABETA"));
    first.is_idle();
    second.has_nothing_of_ours();
}
