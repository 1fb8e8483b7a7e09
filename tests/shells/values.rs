//! Values come out byte for byte, and what was there before comes back byte for byte.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use crate::home::{Home, Rc};
use crate::pty::Terminal;
use crate::shell::Shell;

every_shell! {
    hostile_secrets_arrive_whole hostile_variables_arrive_whole what_was_there_comes_back
    what_was_no_text_comes_back unset_empty_and_full_are_three_things
}

const HOSTILE: [&str; 20] = [
    "it's",
    "say \"hi\"",
    "$(touch pwned)",
    "`touch pwned`",
    "a\\b\\n\\",
    "!! !$ wow!",
    "é漢🦀",
    "~",
    "*",
    "$HOME ${HOME}",
    "a;touch pwned",
    "a&touch pwned",
    "a|b<c>d",
    "{a,b}",
    "%s %n %%",
    "-n",
    "(a b)",
    "x'\\''y",
    "\\047\\x27\\e",
    "@{u}^[[0m",
];

fn hostile_secrets_arrive_whole(shell: &Shell) {
    let home = Home::with_projects();
    let mut terminal = Terminal::start(shell, &home);
    terminal.run("cd alpha");
    for value in HOSTILE {
        home.write_credentials(&[("alpha", "AKIAALPHA", value)]);
        terminal.enter();
        terminal.has(&[("AWS_SECRET_ACCESS_KEY", Some(value))]);
    }
    terminal.run("cd ..");
    terminal.has_nothing_of_ours();
    assert!(!home.home("alpha/pwned").exists() && !home.home("pwned").exists());
}

fn hostile_variables_arrive_whole(shell: &Shell) {
    let home = Home::new();
    let lines = HOSTILE
        .iter()
        .enumerate()
        .map(|(at, value)| format!("V{at} = \"{}\"\n", value.replace('\\', "\\\\").replace('"', "\\\"")));
    home.pin("odd", &format!("profile = \"alpha\"\n[env]\n{}", lines.collect::<String>()));
    let mut terminal = Terminal::start(shell, &home);
    terminal.run("cd odd");
    let names: Vec<_> = (0..HOSTILE.len()).map(|at| format!("V{at}")).collect();
    let expected: Vec<_> =
        names.iter().zip(HOSTILE).map(|(name, value)| (name.as_str(), Some(value))).collect();
    terminal.has(&expected);
    terminal.is_idle();
    terminal.run("cd ..");
    let nothing: Vec<_> = names.iter().map(|name| (name.as_str(), None)).collect();
    terminal.has(&nothing);
    assert!(!home.home("odd/pwned").exists() && !home.home("pwned").exists());
    home.write("home/odd/.awsenv", "[env]\nV = \"bell \\u0007\"\n");
    let said = terminal.run("awsenv allow odd");
    assert!(!said.contains("allowed"), "control characters are refused: {said}");
}

fn what_was_there_comes_back(shell: &Shell) {
    let home = Home::new();
    home.pin("alpha", "profile = \"alpha\"\n[env]\nTF_WORKSPACE = \"dev\"\n");
    let before = [
        ("AWS_ACCESS_KEY_ID", "AKIAMINE"),
        ("AWS_SECRET_ACCESS_KEY", "my 'own'\\\n\\secret$(x)"),
        ("AWS_SESSION_TOKEN", "tok\"en"),
        ("AWS_PROFILE", "work"),
        ("AWS_REGION", "sa-east-1"),
        ("AWS_ROLE_ARN", "arn:aws:iam::1:role/x"),
        ("AWS_CREDENTIAL_EXPIRATION", "2030-01-01T00:00:00Z"),
        ("TF_WORKSPACE", "it's\nmine"),
        ("AWS_EC2_METADATA_DISABLED", "false"),
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://169.254.170.2/x"),
    ];
    let original: Vec<_> = before.iter().map(|(name, value)| (*name, Some(*value))).collect();
    let mut terminal = Terminal::start_with(shell, &home, &Rc::default(), &before);
    terminal.has(&original);
    for _ in 0..2 {
        terminal.run("cd alpha");
        terminal.has(&[
            ("AWS_ACCESS_KEY_ID", Some("AKIAALPHA")),
            ("AWS_SECRET_ACCESS_KEY", Some("secret/of+alpha")),
            ("AWS_SESSION_TOKEN", None),
            ("AWS_PROFILE", None),
            ("AWS_REGION", Some("eu-west-1")),
            ("AWS_ROLE_ARN", None),
            ("AWS_CREDENTIAL_EXPIRATION", None),
            ("TF_WORKSPACE", Some("dev")),
            ("AWS_EC2_METADATA_DISABLED", Some("false")),
            ("AWS_CONTAINER_CREDENTIALS_FULL_URI", None),
        ]);
        let state = terminal.text_of("AWSENV_STATE").unwrap();
        assert!(!state.contains("secret") && !state.contains("tok") && !state.contains("mine"), "{state}");
        terminal.is_idle();
        terminal.run("cd ..");
        terminal.has(&original);
        terminal.has(&[("AWSENV_STATE", None), ("AWS_DEFAULT_REGION", None)]);
    }
    // Failing closed and coming back is undone the same.
    terminal.run("cd alpha");
    home.write("home/alpha/.awsenv", "profile = \"beta\"\n");
    terminal.enter();
    terminal.has(&[("AWS_ACCESS_KEY_ID", None), ("AWS_EC2_METADATA_DISABLED", Some("true"))]);
    terminal.run("cd ..");
    terminal.has(&original);
}

fn what_was_no_text_comes_back(shell: &Shell) {
    let home = Home::with_projects();
    let odd = OsStr::from_bytes(b"\xff\xfe'\xe9");
    let mut terminal =
        Terminal::start_knowing(shell, &home, &[("AWS_PROFILE", odd), ("AWS_SECRET_ACCESS_KEY", odd)]);
    terminal.run("cd alpha");
    terminal.has(&[("AWS_SECRET_ACCESS_KEY", Some("secret/of+alpha")), ("AWS_PROFILE", None)]);
    terminal.run("cd ..");
    assert_eq!(terminal.value_of("AWS_PROFILE").as_deref(), Some(odd.as_bytes()));
    assert_eq!(terminal.value_of("AWS_SECRET_ACCESS_KEY").as_deref(), Some(odd.as_bytes()));
}

fn unset_empty_and_full_are_three_things(shell: &Shell) {
    for value in [None, Some(""), Some("full")] {
        let home = Home::new();
        home.pin("alpha", "profile = \"alpha\"\n[env]\nTF_WORKSPACE = \"dev\"\nEMPTY = \"\"\n");
        let names = [
            "AWS_PROFILE",
            "AWS_REGION",
            "AWS_SECRET_ACCESS_KEY",
            "AWS_SESSION_TOKEN",
            "TF_WORKSPACE",
            "EMPTY",
        ];
        let before: Vec<_> = names.iter().filter_map(|name| Some((*name, value?))).collect();
        let original: Vec<_> = names.iter().map(|name| (*name, value)).collect();
        let mut terminal = Terminal::start_with(shell, &home, &Rc::default(), &before);
        terminal.run("cd alpha");
        terminal.has(&[("AWS_ACCESS_KEY_ID", Some("AKIAALPHA")), ("AWS_PROFILE", None), ("EMPTY", Some(""))]);
        terminal.is_idle();
        terminal.run("cd ..");
        terminal.has(&original);
        terminal.has(&[("AWS_ACCESS_KEY_ID", None), ("AWSENV_STATE", None)]);
    }
}
