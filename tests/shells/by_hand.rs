//! What the user sets by hand is the user's; and what others put into our own variable is nobody's.

use crate::home::{Home, Rc};
use crate::pty::Terminal;
use crate::shell::Shell;

every_shell! {
    a_profile_by_hand a_region_by_hand a_variable_by_hand an_identity_by_hand_ends_the_sentence
    switched_off_and_on_again a_hostile_state_changes_nothing a_word_on_the_metadata_service_by_hand
}

fn a_profile_by_hand(shell: &Shell) {
    let home = Home::with_projects();
    let mut terminal = Terminal::start(shell, &home);
    terminal.run("cd alpha");
    let line = "awsenv: AWS_PROFILE was set by hand, standing back until you leave";
    let said = terminal.run(&shell.export("AWS_PROFILE", "mine"));
    assert_eq!(said.matches(line).count(), 1, "{said}");
    terminal.has(&[("AWS_PROFILE", Some("mine")), ("AWS_ACCESS_KEY_ID", None), ("AWS_REGION", None)]);
    terminal.is_idle();
    home.awsenv(["allow", "alpha"]);
    terminal.enter();
    terminal.has(&[("AWS_PROFILE", Some("mine")), ("AWS_ACCESS_KEY_ID", None)]);
    assert_eq!(terminal.screen().matches(line).count(), 1, "said once\n{}", terminal.scene());
    terminal.run("cd ..");
    terminal.has(&[("AWS_PROFILE", Some("mine")), ("AWS_ACCESS_KEY_ID", None), ("AWSENV_STATE", None)]);
    terminal.run("cd alpha");
    terminal.has(&[("AWS_PROFILE", None), ("AWS_ACCESS_KEY_ID", Some("AKIAALPHA"))]);
    terminal.run("cd ..");
    terminal.has(&[("AWS_PROFILE", Some("mine")), ("AWS_ACCESS_KEY_ID", None)]);
}

fn a_region_by_hand(shell: &Shell) {
    let home = Home::with_projects();
    let mut terminal = Terminal::start(shell, &home);
    terminal.run("cd alpha");
    terminal.run(&shell.export("AWS_REGION", "sa-east-1"));
    terminal.has(&[("AWS_REGION", Some("sa-east-1")), ("AWS_ACCESS_KEY_ID", Some("AKIAALPHA"))]);
    terminal.is_idle();
    home.write_credentials(&[("alpha", "AKIANEW", "new")]);
    terminal.enter();
    terminal.has(&[("AWS_REGION", Some("sa-east-1")), ("AWS_ACCESS_KEY_ID", Some("AKIANEW"))]);
    terminal.run("cd ..");
    terminal.has(&[
        ("AWS_REGION", Some("sa-east-1")),
        ("AWS_ACCESS_KEY_ID", None),
        ("AWS_DEFAULT_REGION", None),
    ]);
}

/// The hook sets it too, where it puts the keys away before it asks.
fn a_word_on_the_metadata_service_by_hand(shell: &Shell) {
    let home = Home::with_projects();
    let mut terminal = Terminal::start(shell, &home);
    terminal.run("cd alpha");
    terminal.run(&shell.export("AWS_EC2_METADATA_DISABLED", "false"));
    terminal.run("cd ../beta");
    terminal.has(&[("AWS_EC2_METADATA_DISABLED", Some("false")), ("AWS_ACCESS_KEY_ID", Some("AKIABETA"))]);
    terminal.run("cd ..");
    terminal.has(&[("AWS_EC2_METADATA_DISABLED", Some("false")), ("AWS_ACCESS_KEY_ID", None)]);
}

fn a_variable_by_hand(shell: &Shell) {
    let home = Home::new();
    home.pin("alpha", "profile = \"alpha\"\n[env]\nTF_WORKSPACE = \"dev\"\n");
    let mut terminal = Terminal::start_with(shell, &home, &Rc::default(), &[("TF_WORKSPACE", "before")]);
    terminal.run("cd alpha");
    terminal.has(&[("TF_WORKSPACE", Some("dev"))]);
    terminal.run(&shell.export("TF_WORKSPACE", "mine"));
    home.awsenv(["allow", "alpha"]);
    terminal.enter();
    terminal.has(&[("TF_WORKSPACE", Some("mine")), ("AWS_ACCESS_KEY_ID", Some("AKIAALPHA"))]);
    terminal.is_idle();
    terminal.run("cd ..");
    terminal.has(&[("TF_WORKSPACE", Some("mine")), ("AWS_ACCESS_KEY_ID", None), ("AWSENV_STATE", None)]);
}

fn an_identity_by_hand_ends_the_sentence(shell: &Shell) {
    let home = Home::with_projects();
    let mut terminal = Terminal::start(shell, &home);
    terminal.run("cd alpha");
    home.write("home/alpha/.awsenv", "profile = \"beta\"\n");
    terminal.enter();
    terminal.has(&[("AWS_EC2_METADATA_DISABLED", Some("true"))]);
    terminal.run(&shell.export("AWS_ACCESS_KEY_ID", "AKIAMINE"));
    terminal.has(&[
        ("AWS_ACCESS_KEY_ID", Some("AKIAMINE")),
        ("AWS_PROFILE", None),
        ("AWS_EC2_METADATA_DISABLED", None),
    ]);
    terminal.run("cd ..");
    terminal.has(&[("AWS_ACCESS_KEY_ID", Some("AKIAMINE")), ("AWS_PROFILE", None), ("AWSENV_STATE", None)]);
}

fn switched_off_and_on_again(shell: &Shell) {
    let home = Home::with_projects();
    let mut terminal = Terminal::start_with(shell, &home, &Rc::default(), &[("AWS_PROFILE", "work")]);
    terminal.run("cd alpha");
    terminal.run(&shell.export("AWSENV_DISABLE", "1"));
    terminal.has(&[("AWS_ACCESS_KEY_ID", None), ("AWS_PROFILE", Some("work")), ("AWSENV_STATE", None)]);
    terminal.is_idle();
    terminal.run("cd ../beta");
    terminal.has(&[("AWS_ACCESS_KEY_ID", None), ("AWS_PROFILE", Some("work"))]);
    terminal.run(&shell.unset("AWSENV_DISABLE"));
    terminal.has(&[("AWS_ACCESS_KEY_ID", Some("AKIABETA")), ("AWS_PROFILE", None)]);
    terminal.run("cd ..");
    terminal.has(&[("AWS_ACCESS_KEY_ID", None), ("AWS_PROFILE", Some("work"))]);
}

fn a_hostile_state_changes_nothing(shell: &Shell) {
    let hostile = [
        "garbage; touch pwned".to_owned(),
        "1:on:{}".into(),
        "1:on:$(touch pwned)".into(),
        r#"1:on:{"p":1,"u":4242,"n":"00","v":{"AWS_REGION":{"u":{"=":"evil"}}}}"#.into(),
        format!(
            r#"1:on:{{"p":1,"u":{},"n":"00","v":{{"PATH":{{"u":{{"=":"/evil"}}}}}}}}"#,
            awsenv::files::uid()
        ),
        format!(
            r#"1:lost:{{"p":1,"u":{},"n":"00","v":{{"LD_PRELOAD":{{"u":{{"=":"/evil"}}}}}}}}"#,
            awsenv::files::uid()
        ),
        format!(r#"1:on:{{"p":1,"u":{},"n":"00","a":"../../x"}}"#, awsenv::files::uid()),
    ];
    for state in hostile {
        let home = Home::with_projects();
        let path = home.environment().into_iter().find(|(name, _)| *name == "PATH").unwrap().1;
        let env = [("AWSENV_STATE", state.as_str()), ("AWS_PROFILE", "work")];
        let mut terminal = Terminal::start_with(shell, &home, &Rc::default(), &env);
        let mut unharmed = |key, profile| {
            terminal.has(&[
                ("PATH", path.to_str()),
                ("AWS_REGION", if key == Some("AKIAALPHA") { Some("eu-west-1") } else { None }),
                ("LD_PRELOAD", None),
                ("AWS_ACCESS_KEY_ID", key),
                ("AWS_PROFILE", profile),
            ]);
            terminal.is_idle();
            terminal.run(if key.is_none() { "cd alpha" } else { "cd .." });
        };
        unharmed(None, Some("work"));
        unharmed(Some("AKIAALPHA"), None);
        unharmed(None, Some("work"));
        assert!(!home.home("pwned").exists() && !home.home("alpha/pwned").exists());
    }
}
