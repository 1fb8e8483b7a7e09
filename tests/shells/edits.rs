//! What changes while a shell stands still: files, trust, keys.

use std::fs;

use crate::home::{Home, credentials};
use crate::program;
use crate::pty::Terminal;
use crate::shell::Shell;

every_shell! {
    a_new_file_in_an_ancestor_is_noticed a_new_file_that_nobody_allowed_is_said_once a_deleted_file_gives_way
    a_changed_file_fails_closed_until_allowed two_edits_in_one_second_are_both_noticed
    replaced_by_an_older_file replaced_by_an_older_file_that_was_allowed denied allowed_elsewhere
    new_keys_in_the_credentials_file a_mistake_in_the_credentials_file a_plain_region_and_variables
    a_deep_tree_that_is_moved_away_and_made_anew
    a_guard_without_its_token_would_be_noticed a_guard_without_its_files_would_be_noticed
    a_guard_that_is_never_true_would_be_noticed
}

const ALPHA: &str = "profile = \"alpha\"\n";
const BETA: &str = "profile = \"beta\"\n";

fn a_new_file_in_an_ancestor_is_noticed(shell: &Shell) {
    let home = Home::new();
    home.pin("top", ALPHA);
    fs::remove_file(home.home("top/.awsenv")).unwrap();
    fs::create_dir_all(home.home("top/a/b")).unwrap();
    let mut terminal = Terminal::start(shell, &home);
    terminal.run("cd top/a/b");
    terminal.has_nothing_of_ours();
    terminal.is_idle();
    home.write("home/top/.awsenv", ALPHA);
    terminal.enter();
    terminal.has_key(Some("AKIAALPHA"));
}

fn a_new_file_that_nobody_allowed_is_said_once(shell: &Shell) {
    let home = Home::new();
    fs::create_dir_all(home.home("clone")).unwrap();
    let mut terminal = Terminal::start(shell, &home);
    terminal.run("cd clone");
    home.write("home/clone/.awsenv", ALPHA);
    let said = terminal.enter();
    let line = "awsenv: ~/clone/.awsenv is not allowed; look at it, then run `awsenv allow`";
    assert_eq!(said.matches(line).count(), 1, "{said}");
    terminal.has_no_keys();
    terminal.is_idle();
    assert_eq!(terminal.screen().matches(line).count(), 1);
    let said = terminal.run("awsenv allow");
    assert!(said.contains("awsenv: allowed ~/clone/.awsenv"), "{said}");
    terminal.has_key(Some("AKIAALPHA"));
}

fn a_deleted_file_gives_way(shell: &Shell) {
    let home = Home::with_projects();
    home.pin("alpha/inner", BETA);
    let mut terminal = Terminal::start(shell, &home);
    terminal.run("cd alpha/inner");
    terminal.has_key(Some("AKIABETA"));
    fs::remove_file(home.home("alpha/inner/.awsenv")).unwrap();
    terminal.enter();
    terminal.has_key(Some("AKIAALPHA"));
    fs::remove_file(home.home("alpha/.awsenv")).unwrap();
    terminal.enter();
    terminal.has_nothing_of_ours();
    terminal.is_idle();
}

const CHANGED: &str =
    "awsenv: ~/alpha/.awsenv has changed since it was allowed; look at it, then run `awsenv allow`";
const SENTENCE: &str = ".awsenv changed: look at it, then run awsenv allow";

fn a_changed_file_fails_closed_until_allowed(shell: &Shell) {
    let home = Home::with_projects();
    let mut terminal = Terminal::start(shell, &home);
    terminal.run("cd alpha");
    terminal.has_key(Some("AKIAALPHA"));
    home.write("home/alpha/.awsenv", BETA);
    let said = terminal.enter();
    assert_eq!(said.matches(CHANGED).count(), 1, "{said}");
    terminal.has(&[
        ("AWS_ACCESS_KEY_ID", None),
        ("AWS_SECRET_ACCESS_KEY", None),
        ("AWS_PROFILE", Some(SENTENCE)),
        ("AWS_EC2_METADATA_DISABLED", Some("true")),
        ("AWSENV_PROFILE", None),
    ]);
    terminal.is_idle();
    assert_eq!(terminal.screen().matches(CHANGED).count(), 1, "said once\n{}", terminal.scene());
    terminal.run("awsenv allow");
    terminal.has(&[
        ("AWS_ACCESS_KEY_ID", Some("AKIABETA")),
        ("AWS_PROFILE", None),
        ("AWS_EC2_METADATA_DISABLED", None),
    ]);
    terminal.is_idle();
}

fn two_edits_in_one_second_are_both_noticed(shell: &Shell) {
    let home = Home::with_projects();
    let mut terminal = Terminal::start(shell, &home);
    terminal.run("cd alpha");
    home.edit("home/alpha/.awsenv", BETA);
    terminal.enter();
    terminal.has(&[("AWS_ACCESS_KEY_ID", None), ("AWS_PROFILE", Some(SENTENCE))]);
    home.edit("home/alpha/.awsenv", ALPHA);
    terminal.enter();
    terminal.has(&[("AWS_ACCESS_KEY_ID", Some("AKIAALPHA")), ("AWS_PROFILE", None)]);
    for (id, secret) in [("AKIAONE", "1"), ("AKIATWO", "2"), ("AKIATRE", "3")] {
        home.edit("home/.aws/credentials", credentials(&[("alpha", id, secret)]));
        terminal.enter();
        terminal.has(&[("AWS_ACCESS_KEY_ID", Some(id)), ("AWS_SECRET_ACCESS_KEY", Some(secret))]);
    }
}

fn replaced_by_an_older_file(shell: &Shell) {
    let home = Home::new();
    home.write("home/older", BETA);
    home.pin("alpha", ALPHA);
    let mut terminal = Terminal::start(shell, &home);
    terminal.run("cd alpha");
    terminal.has_key(Some("AKIAALPHA"));
    fs::rename(home.home("older"), home.home("alpha/.awsenv")).unwrap();
    let said = terminal.enter();
    assert!(said.contains(CHANGED), "{said}");
    terminal.has(&[("AWS_ACCESS_KEY_ID", None), ("AWS_PROFILE", Some(SENTENCE))]);
}

fn replaced_by_an_older_file_that_was_allowed(shell: &Shell) {
    let home = Home::new();
    home.write("home/older", BETA);
    home.pin("alpha", BETA);
    home.pin("alpha", ALPHA);
    let mut terminal = Terminal::start(shell, &home);
    terminal.run("cd alpha");
    terminal.has_key(Some("AKIAALPHA"));
    fs::rename(home.home("older"), home.home("alpha/.awsenv")).unwrap();
    let said = terminal.enter();
    assert!(!said.contains("awsenv"), "{said}");
    terminal.has_key(Some("AKIABETA"));
}

fn denied(shell: &Shell) {
    let home = Home::with_projects();
    let mut terminal = Terminal::start(shell, &home);
    terminal.run("cd alpha");
    terminal.has_key(Some("AKIAALPHA"));
    let said = terminal.run("awsenv deny");
    assert!(said.contains("awsenv: denied ~/alpha/.awsenv"), "{said}");
    terminal.has_nothing_of_ours();
    terminal.is_idle();
}

/// The token: another shell's word counts here at the next prompt.
fn allowed_elsewhere(shell: &Shell) {
    let home = Home::new();
    home.write("home/alpha/.awsenv", ALPHA);
    let mut terminal = Terminal::start(shell, &home);
    terminal.run("cd alpha");
    terminal.has_no_keys();
    terminal.is_idle();
    let mut other = Terminal::start(shell, &home);
    other.run("awsenv allow alpha");
    terminal.enter();
    terminal.has_key(Some("AKIAALPHA"));
    other.run("awsenv deny alpha");
    terminal.enter();
    terminal.has_no_keys();
}

fn new_keys_in_the_credentials_file(shell: &Shell) {
    let home = Home::with_projects();
    let mut terminal = Terminal::start(shell, &home);
    terminal.run("cd alpha");
    terminal.has_key(Some("AKIAALPHA"));
    home.write_credentials(&[("alpha", "AKIANEW", "new")]);
    let said = terminal.enter();
    assert!(!said.contains("awsenv"), "{said}");
    terminal.has(&[("AWS_ACCESS_KEY_ID", Some("AKIANEW")), ("AWS_SECRET_ACCESS_KEY", Some("new"))]);
    terminal.is_idle();
}

fn a_mistake_in_the_credentials_file(shell: &Shell) {
    let home = Home::with_projects();
    let mut terminal = Terminal::start(shell, &home);
    terminal.run("cd alpha");
    home.write("home/.aws/config", "[profile alpha\n");
    let said = terminal.enter();
    assert_eq!(said.matches("awsenv: ").count(), 1, "one line: {said}");
    terminal.has(&[("AWS_ACCESS_KEY_ID", None), ("AWS_PROFILE", Some("alpha: run awsenv status"))]);
    terminal.is_idle();
    home.write("home/.aws/config", "[profile alpha]\n");
    terminal.enter();
    terminal.has(&[("AWS_ACCESS_KEY_ID", Some("AKIAALPHA")), ("AWS_PROFILE", None), ("AWS_REGION", None)]);
}

fn a_plain_region_and_variables(shell: &Shell) {
    let home = Home::new();
    home.pin("plain", "region = \"eu-north-1\"\n[env]\nTF_WORKSPACE = \"dev\"\n");
    let mut terminal =
        Terminal::start_with(shell, &home, &crate::home::Rc::default(), &[("AWS_PROFILE", "work")]);
    terminal.run("cd plain");
    terminal.has(&[
        ("AWS_REGION", Some("eu-north-1")),
        ("TF_WORKSPACE", Some("dev")),
        ("AWS_PROFILE", Some("work")),
    ]);
    terminal.is_idle();
    terminal.run("cd ..");
    terminal.has(&[
        ("AWS_REGION", None),
        ("TF_WORKSPACE", None),
        ("AWS_PROFILE", Some("work")),
        ("AWSENV_STATE", None),
    ]);
}

fn a_deep_tree_that_is_moved_away_and_made_anew(shell: &Shell) {
    let home = Home::with_projects();
    let deep = format!("alpha{}", "/d".repeat(30));
    fs::create_dir_all(home.home(&deep)).unwrap();
    let mut terminal = Terminal::start(shell, &home);
    terminal.run(&format!("cd {deep}"));
    terminal.has_key(Some("AKIAALPHA"));
    // In so deep a tree a prompt asks again after ten seconds: from now on.
    home.awsenv(["deny", "beta"]);
    terminal.is_idle();
    fs::rename(home.home("alpha"), home.home("elsewhere")).unwrap();
    home.write(format!("home/{deep}/.awsenv"), BETA);
    // The same file, of the same age.
    fs::hard_link(home.home("elsewhere/.awsenv"), home.home("alpha/.awsenv")).unwrap();
    let screen = terminal.enter();
    assert!(screen.contains("is not allowed"), "{}", terminal.scene());
}

fn a_guard_without_its_token_would_be_noticed(shell: &Shell) {
    let home = Home::with_projects();
    home.install(program::BLIND_TO_THE_TOKEN);
    home.write("home/later/.awsenv", ALPHA);
    let mut terminal = Terminal::start(shell, &home);
    terminal.run("cd later");
    terminal.is_idle();
    home.awsenv(["allow", "later"]);
    terminal.enter();
    terminal.has_key(None);
}

fn a_guard_without_its_files_would_be_noticed(shell: &Shell) {
    let home = Home::with_projects();
    home.pin("alpha/inner", BETA);
    fs::remove_file(home.home("alpha/inner/.awsenv")).unwrap();
    home.install(program::BLIND_TO_FILES);
    let mut terminal = Terminal::start(shell, &home);
    terminal.run("cd alpha/inner");
    terminal.is_idle();
    home.write("home/alpha/.awsenv", BETA);
    home.write("home/alpha/inner/.awsenv", BETA);
    terminal.enter();
    terminal.has_key(Some("AKIAALPHA"));
    home.awsenv(["deny", "beta"]);
    terminal.enter();
    terminal.has_key(Some("AKIABETA"));
}

fn a_guard_that_is_never_true_would_be_noticed(shell: &Shell) {
    let home = Home::with_projects();
    home.install(program::NEVER_SURE);
    let mut terminal = Terminal::start(shell, &home);
    let before = home.number_of_exports();
    for _ in 0..3 {
        terminal.enter();
    }
    assert!(home.number_of_exports() >= before + 3, "{}", terminal.scene());
}
