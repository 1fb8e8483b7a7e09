//! Every term of the guard, in the real shell: each of these changes alone makes the next prompt ask.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use crate::home::Home;
use crate::pty::Terminal;
use crate::shell::Shell;

every_shell! { a_variable_that_changed_is_noticed a_file_that_changed_is_noticed }

#[track_caller]
fn asks(terminal: &mut Terminal<'_>, home: &Home, what: &str) {
    let before = home.number_of_exports();
    terminal.enter();
    assert!(home.number_of_exports() > before, "{what}: nobody was asked\n{}", terminal.scene());
}

fn a_variable_that_changed_is_noticed(shell: &Shell) {
    let home = Home::with_projects();
    for name in [
        "HOME",
        "AWS_ACCESS_KEY_ID",
        "AWS_PROFILE",
        "AWS_REGION",
        "AWS_CONFIG_FILE",
        "AWS_SHARED_CREDENTIALS_FILE",
    ] {
        let mut terminal = Terminal::start(shell, &home);
        terminal.run("cd alpha");
        terminal.is_idle();
        let before = home.number_of_exports();
        terminal.run(&shell.export(name, "/elsewhere"));
        assert!(home.number_of_exports() > before, "{name}: nobody was asked\n{}", terminal.scene());
    }
}

fn a_file_that_changed_is_noticed(shell: &Shell) {
    let home = Home::with_projects();
    // Two of one age and size, as in a nix store; and the allow list knows what the link says.
    for name in ["one", "two"] {
        home.write(format!("home/{name}"), "profile = \"alpha\"\n");
        let same_age = ["-r", "one", name];
        assert!(Command::new("touch").args(same_age).current_dir(home.home("")).status().unwrap().success());
    }
    fs::create_dir_all(home.home("linked/sub")).unwrap();
    let link = home.home("linked/.awsenv");
    symlink(home.home("one"), &link).unwrap();
    home.awsenv(["allow", "linked"]);
    let mut terminal = Terminal::start(shell, &home);
    terminal.run("cd linked/sub");
    terminal.has_key(Some("AKIAALPHA"));
    terminal.is_idle();
    fs::remove_file(&link).unwrap();
    symlink(home.home("two"), &link).unwrap();
    asks(&mut terminal, &home, "another target");
    home.awsenv(["allow", "linked"]);
    terminal.enter();
    terminal.is_idle();
    home.write("home/.config/awsenv/config.toml", "");
    asks(&mut terminal, &home, "settings where none were");
    terminal.is_idle();
    home.write("home/linked/sub/.awsenv", "");
    asks(&mut terminal, &home, "a file in between");
    fs::remove_file(home.home("linked/sub/.awsenv")).unwrap();
    asks(&mut terminal, &home, "and away");
    terminal.is_idle();
    home.write("home/.aws/config", "[profile alpha]\nregion = eu-west-2\n");
    asks(&mut terminal, &home, "the AWS config");
    terminal.is_idle();
    // As `deny` does it on another machine that shares the home.
    remove_entries(&home.home(".local/share/awsenv"));
    asks(&mut terminal, &home, "the allow list");
}

fn remove_entries(data: &Path) {
    fs::remove_dir_all(data.join("allow")).unwrap();
}
