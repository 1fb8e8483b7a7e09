//! A person at a terminal is asked, and no secret is shown.

use super::{exec, world};
use crate::cloud::{self, sandbox};
use crate::terminal::Terminal;

#[test]
fn at_a_terminal_a_person_is_asked_and_secrets_are_not_shown() {
    let sandbox = sandbox();
    let world = cloud::world(&sandbox).config("[profile other]\n");
    let mut terminal = Terminal::start(&world, &["key", "add", "ci"]);
    terminal.answer("Access key id of ci: ", "AKIAME");
    terminal.answer("Secret access key (not shown): ", "me/secret");
    terminal.answer("empty for none): ", cloud::MFA);
    terminal.answer("New passphrase for ~/.local/share/awsenv/keys/sealed: ", "correct horse");
    terminal.answer("The same again: ", "correct horse");
    terminal.answer("Write profile ci to ~/.aws/config? [Y/n] ", "");
    terminal.answer("Its region (empty for none): ", "eu-west-1");
    let (screen, code) = terminal.end();
    assert_eq!(code, 0, "{screen}");
    assert!(!screen.contains("me/secret") && !screen.contains("horse"), "{screen}");
    assert_eq!(world.read(".aws/config"), "[profile other]\n\n[profile ci]\nregion = eu-west-1\n");
    world.forget_the_passphrase();
    let mut terminal = Terminal::start(&world, &["exec", "ci", "--", "true"]);
    terminal.type_at("Passphrase of ~/.local/share/awsenv/keys/sealed: ", "half of it\x03");
    let (screen, code) = terminal.end();
    assert!(
        code == 3
            && screen.ends_with(
                "cannot ask for the passphrase of ~/.local/share/awsenv/keys/sealed: interrupted\n"
            ),
        "{code} {screen}"
    );
    assert!(!screen.contains("half"));
    let mut terminal = Terminal::start(&world, &["exec", "ci", "--no-session", "--", "true"]);
    terminal.answer("Passphrase of ~/.local/share/awsenv/keys/sealed: ", "wrong horse");
    terminal.answer("Passphrase of ~/.local/share/awsenv/keys/sealed: ", "correct horse");
    assert_eq!(terminal.end().1, 0);
    let mut terminal = Terminal::start(&world, &["key", "remove", "ci"]);
    terminal.answer("Remove AKIAME, the keys of ci, from the encrypted file ", "n");
    assert_eq!(terminal.end().1, 1);
    assert_eq!(world.run(["key", "list", "--json"]).any_stdout().success().json()[0]["name"], "ci");
}

#[test]
fn a_slip_is_asked_for_again_and_no_answer_is_no_profile() {
    let sandbox = sandbox();
    let world = world(&sandbox);
    let typed = |name: &str| {
        let mut terminal = Terminal::start(&world, &["key", "add", name]);
        terminal.answer(&format!("Access key id of {name}: "), "AKIAME");
        terminal.answer("Secret access key (not shown): ", "me/secret");
        terminal
    };
    let mut terminal = typed("ci");
    terminal.answer("empty for none): ", "my phone");
    terminal.answer("my phone: 9 to 256 letters, digits or any of _+=/:,.@-\r\nMFA device of these keys", "");
    terminal.answer("Write profile ci to ~/.aws/config? [Y/n] ", "y");
    terminal.answer("Its region (empty for none): ", "Seoul, I think");
    terminal.answer(
        "awsenv: Seoul, I think: a region is letters, digits and hyphens, like eu-west-1\r\nIts region",
        "eu-west-1",
    );
    let (screen, code) = terminal.end();
    let config = "[profile ci]\nregion = eu-west-1\n";
    assert_eq!((code, world.read(".aws/config").as_str()), (0, config), "{screen}");
    for (name, questions) in [("a", 1), ("b", 2)] {
        let mut terminal = typed(name);
        terminal.answer("empty for none): ", "");
        if questions == 2 {
            terminal.answer("[Y/n] ", "");
        }
        terminal.type_at(if questions == 1 { "[Y/n] " } else { "Its region (empty for none): " }, "\x04");
        let (screen, code) = terminal.end();
        assert!(code == 0 && !screen.contains("end of file") && screen.ends_with('\n'), "{code} {screen}");
        assert_eq!(world.read(".aws/config"), config);
        exec(&world, name);
    }
}

#[test]
fn a_terminal_is_no_place_for_json() {
    let sandbox = sandbox();
    let world = world(&sandbox);
    let mut terminal = Terminal::start(&world, &["key", "add", "ci", "--stdin"]);
    // For a program that reads it all the same.
    terminal.type_at("", "\x04");
    let (screen, code) = terminal.end();
    assert!(
        code == 2
            && screen.ends_with(
                "awsenv: stdin is a terminal, which would show the secret\n\
                 awsenv: hint: pipe the JSON into it; or `awsenv key add ci`, which asks and does not show it\n"
            ),
        "{code} {screen}"
    );
}
