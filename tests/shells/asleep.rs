//! The sleeping prompt: a session ends while nothing is typed. The command that is typed next runs with a fresh
//! one, or with none and a line that says why.

use std::collections::BTreeMap;
use std::time::Duration;

use awsenv::clock;
use awsenv_sandbox::{Fault, Role, Sandbox, Scenario, User};

use crate::home::{Home, Rc, awsenv};
use crate::pty::Terminal;
use crate::shell::{Kind, Shell};

every_shell! {
    the_next_command_has_a_fresh_session without_a_fresh_session_the_next_command_has_none
}
only_bash! {
    plain_bash_has_it_at_the_next_prompt the_trap_keeps_what_it_finds the_trap_keeps_the_last_argument
}

const USER: &str = "arn:aws:iam::111122223333:user/me";
const ROLE: &str = "arn:aws:iam::444455556666:role/Deploy";
/// A home with a role in `deploy/`, and AWS.
fn short_lived(settings: &str) -> (Home, Sandbox) {
    let home = Home::new();
    let user = User::new(USER, "AKIAALPHA", "secret/of+alpha");
    let sandbox = Sandbox::start(Scenario::default().user(user).role(Role::new(ROLE, &[USER])));
    let config = format!(
        "[profile deploy]\nrole_arn = {ROLE}\nsource_profile = alpha\nduration_seconds = 900\nregion = eu-west-1\n\
         [profile alpha]\nregion = eu-west-1\nendpoint_url = {url}\n",
        url = sandbox.url()
    );
    home.write("home/.aws/config", config);
    home.write("home/.config/awsenv/config.toml", format!("wait = \"20s\"\n{settings}"));
    home.pin("deploy", "profile = \"deploy\"\n");
    (home, sandbox)
}

/// Only where a shell tells nobody that a command is about to start.
fn trap(shell: &Shell) -> &'static str {
    if shell.kind == Kind::Bash { "debug_trap = true\n" } else { "" }
}

/// In `deploy/`, until its session has ended; then AWS's clock is right again.
fn fall_asleep<'a>(shell: &Shell, home: &'a Home, sandbox: &Sandbox) -> (Terminal<'a>, String) {
    let mut terminal =
        Terminal::start_with(shell, home, &Rc::default(), &[("AWS_ENDPOINT_URL_STS", sandbox.url())]);
    // What AWS calls a quarter of an hour, and we this many seconds: more where the machine is slow.
    let mut life = 4;
    loop {
        sandbox.clock().set_offset(life - 900);
        let said = terminal.run(if life == 4 { "cd deploy" } else { "cd ." });
        let environment = terminal.environment();
        let now = clock::now().as_second();
        let text = |name: &str| {
            String::from_utf8_lossy(environment.get(name).map_or(b"", |value| value)).into_owned()
        };
        let (key, end) = (text("AWS_ACCESS_KEY_ID"), text("AWSENV_EXPIRATION"));
        let is_long_enough = life >= 32;
        assert!(key.starts_with("ASIA") || !is_long_enough, "{said}\n{}", terminal.scene());
        let end: i64 = end.parse().unwrap_or(now);
        assert!(end <= now + life, "a session of {life} s ends at {end}");
        // Not so late that a prompt has begun to renew it.
        let is_in_time = now < end - life / 4 - 1;
        if is_in_time {
            sandbox.clock().set_offset(0);
        }
        while clock::now().as_second() <= end {
            std::thread::park_timeout(Duration::from_millis(50));
        }
        if is_in_time {
            return (terminal, key);
        }
        assert!(!is_long_enough, "it takes longer than {life} s");
        life *= 2;
    }
}

/// Whose keys a command has, by AWS's word.
fn identity(environment: &BTreeMap<String, Vec<u8>>, sandbox: &Sandbox) -> Option<String> {
    let text = |name: &str| Some(String::from_utf8_lossy(environment.get(name)?).into_owned());
    let (secret, token) = (text("AWS_SECRET_ACCESS_KEY")?, text("AWS_SESSION_TOKEN"));
    sandbox.verify(&text("AWS_ACCESS_KEY_ID")?, &secret, token.as_deref())
}

fn the_next_command_has_a_fresh_session(shell: &Shell) {
    let (home, sandbox) = short_lived(trap(shell));
    let (mut terminal, old) = fall_asleep(shell, &home, &sandbox);
    let environment = terminal.environment();
    let found = identity(&environment, &sandbox);
    assert!(
        found.as_deref().is_some_and(|arn| arn.contains("assumed-role/Deploy")),
        "{found:?}, with {old} before\n{}",
        terminal.scene()
    );
    terminal.is_idle();
}

fn without_a_fresh_session_the_next_command_has_none(shell: &Shell) {
    let (home, sandbox) = short_lived(trap(shell));
    let (mut terminal, _) = fall_asleep(shell, &home, &sandbox);
    sandbox.fault("*", 100, Fault::error(503, "ServiceUnavailable"));
    let environment = terminal.environment();
    for name in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"] {
        assert!(!environment.contains_key(name), "{name} is left\n{}", terminal.scene());
    }
    let said: Vec<_> = terminal
        .screen()
        .lines()
        .filter(|line| line.contains("ServiceUnavailable"))
        .map(str::to_owned)
        .collect();
    assert_eq!(said.len(), 1, "one line that says why\n{}", terminal.scene());
}

/// Nobody tells it in time: what the others are spared, and what the test of them must notice.
fn plain_bash_has_it_at_the_next_prompt(shell: &Shell) {
    let (home, sandbox) = short_lived("");
    let (mut terminal, old) = fall_asleep(shell, &home, &sandbox);
    terminal.has_key(Some(&old));
    let environment = terminal.environment();
    assert!(identity(&environment, &sandbox).is_some(), "{}", terminal.scene());
}

fn the_trap_keeps_the_last_argument(shell: &Shell) {
    let home = Home::with_projects();
    home.write("home/.config/awsenv/config.toml", "debug_trap = true\n");
    let mut terminal = Terminal::start(shell, &home);
    for dir in [".", "alpha"] {
        terminal.run(&format!("cd {dir}"));
        terminal.run(": last");
        assert!(terminal.run("printf '<%s>' \"$_\"").contains("<last>"), "{}", terminal.scene());
    }
}

fn the_trap_keeps_what_it_finds(shell: &Shell) {
    let home = Home::with_projects();
    home.write("home/.config/awsenv/config.toml", "debug_trap = true\n");
    let before = "trap 't_seen=\"$t_seen<$_>\"' DEBUG";
    let rc = Rc { before, ..Rc::default() };
    let mut terminal = Terminal::start_with(shell, &home, &rc, &[]);
    terminal.run("t_seen=; : one two");
    let said = terminal.run("printf '%s\\n' \"$t_seen\"");
    assert!(said.contains("<two>"), "the user's own trap runs, with $_ as it was: {said}");
    terminal.run("(exit 7)");
    assert!(terminal.run("printf '<%s>' $?").contains("<7>"), "{}", terminal.scene());
    terminal.run("(exit 1) | (exit 2)");
    assert!(terminal.run("printf '<%s>' \"${PIPESTATUS[*]}\"").contains("<1 2>"), "{}", terminal.scene());
    terminal.run("cd alpha; t_key=$AWS_ACCESS_KEY_ID");
    terminal.has_key(Some("AKIAALPHA"));
    terminal.is_idle();
    // Sourced twice, it is there once.
    let hook = format!("eval \"$({} hook bash)\"; trap -p DEBUG", awsenv());
    let said = terminal.run(&hook);
    assert_eq!(said.matches("__awsenv_debug").count(), 1, "{said}");
}
