//! The PIN: asked for, kept, taken from a file; a wrong one is given to a token once, and never as its last try.

use std::time::Duration;

use super::card::{card, given};
use super::token::{EDGE, change_pin, import, init, pinned, with_pin, world};
use crate::cloud::{age, identity, operations, renewals_end};
use crate::pki::{ROLE, fetched, refused};
use crate::shell::Kind;
use crate::terminal::Terminal;
use crate::world::World;

const QUESTION: &str = "PIN of the token acme: ";

/// What a prompt in `acme` says, where nobody is asked.
fn told_at_prompt(world: &World) -> String {
    let mut shell = world.shell(Kind::Bash);
    shell.arrive("acme").wait();
    shell.notice
}

/// Types this PIN; the exit code.
fn login(world: &World, directory: &str, arguments: &[&str], pin: &str) -> i32 {
    let mut terminal = Terminal::start_in(world, directory, arguments);
    terminal.answer(QUESTION, pin);
    terminal.end().1
}

#[track_caller]
fn is_refused(world: &World, profile: &str) -> String {
    world.run(["exec", profile, "--", "true"]).any_stderr().exits(3).stderr
}

#[test]
fn login_asks_for_the_pin_and_the_keychain_keeps_it() {
    let Some((world, sandbox)) = world() else { return };
    pinned(&world, "edge.pem", EDGE);
    assert_eq!(
        refused(&world, &sandbox, 3),
        "awsenv: pkcs11:object=edge;token=acme: cannot ask for its PIN: there is no terminal\n\
         awsenv: hint: run it in a terminal\n"
    );
    let told = told_at_prompt(&world);
    assert_eq!(told, "awsenv: pkcs11:object=edge;token=acme: its PIN is needed: run `awsenv login`\n");

    let mut terminal = Terminal::start_in(&world, "acme", &["login"]);
    terminal.answer(QUESTION, "1111");
    let (screen, code) = terminal.end();
    assert_eq!(code, 3, "{screen}");
    assert!(screen.contains("that is not its PIN") && !screen.contains("1111"), "{screen}");

    let mut terminal = Terminal::start_in(&world, "acme", &["login"]);
    terminal.answer(QUESTION, "4242");
    let (screen, code) = terminal.end();
    assert_eq!(code, 0, "{screen}");
    let kept =
        "awsenv: the PIN of the token acme is kept in the encrypted file ~/.local/share/awsenv/keys/sealed\n";
    assert!(screen.contains(kept) && screen.contains("awsenv: Edge is good for 59m"), "{screen}");
    assert!(!screen.contains("4242"), "{screen}");

    // From now on, nobody is asked.
    let mut shell = world.shell(Kind::Bash);
    shell.cd("acme");
    age(&world, Duration::from_secs(2 * 3600));
    shell.ask();
    renewals_end(&world);
    shell.wait();
    assert!(identity(&sandbox, &shell.env).unwrap().starts_with(ROLE));
    assert_eq!(operations(&sandbox), ["CreateSession"; 2]);

    world
        .run(["logout"])
        .at("acme")
        .stderr("awsenv: the password of Edge's private key is forgotten\n")
        .success();
    refused(&world, &sandbox, 3);
}

#[test]
fn a_pin_that_the_token_refuses_is_not_given_to_it_again() {
    let Some((world, sandbox)) = world() else { return };
    pinned(&world, "edge.pem", EDGE);
    assert_eq!(login(&world, "acme", &["login"], "4242"), 0);
    world.run(["session", "clear"]).any_stdout().any_stderr().success();
    change_pin(&world, "4242", "1111");
    let told = "awsenv: pkcs11:object=edge;token=acme: the PIN in the keychain is not the token's: run `awsenv login`\n";
    assert_eq!(told_at_prompt(&world), told);
    // Whoever gave it once more would be let in.
    change_pin(&world, "1111", "4242");
    world.run(["session", "clear"]).any_stdout().any_stderr().success();
    let told = "awsenv: pkcs11:object=edge;token=acme: its PIN is needed: run `awsenv login`\n";
    assert_eq!(told_at_prompt(&world), told);
    assert_eq!(login(&world, "acme", &["login"], "4242"), 0);
    assert!(identity(&sandbox, &world.shell(Kind::Bash).cd("acme").env).unwrap().starts_with(ROLE));

    // The same of a file, until somebody signs in or another PIN stands in it.
    pinned(&world, "edge.pem", &with_pin(&world, EDGE));
    world.write("pin", "1111\n");
    world.run(["session", "clear"]).any_stdout().any_stderr().success();
    let told = format!(
        "awsenv: pkcs11:object=edge;token=acme: the PIN in {} is not the token's\n\
         awsenv: hint: mend it, then run `awsenv login`: until then the token is not asked again\n",
        world.at("pin").display()
    );
    let told = world.shown(&told);
    assert_eq!(refused(&world, &sandbox, 3), told);
    change_pin(&world, "4242", "1111");
    assert_eq!(refused(&world, &sandbox, 3), told);
    world.write("pin", "1111\nand more\n");
    assert_eq!(refused(&world, &sandbox, 3), told);
    world.run(["login"]).at("acme").any_stderr().success();
    assert!(fetched(&world, &sandbox).starts_with(ROLE));
}

#[test]
fn a_kept_pin_that_has_become_wrong_costs_one_try_and_never_the_last() {
    let Some((world, _sandbox)) = card(&[("edge", EDGE)]) else { return };
    assert_eq!(login(&world, "", &["login", "edge"], "4242"), 0);
    world.run(["session", "clear"]).any_stdout().any_stderr().success();
    change_pin(&world, "4242", "777777");
    given(&world);
    assert_eq!(login(&world, "", &["login", "edge"], "1111"), 3);
    assert_eq!(given(&world), ["4242", "1111"]);
    // The next wrong one would lock the card.
    assert_eq!(login(&world, "", &["login", "edge"], "777777"), 0);
    assert!(given(&world).iter().all(|pin| pin == "777777"));
    assert_eq!(world.read("card/wrong"), "0");
}

#[test]
fn a_pin_of_a_file_is_never_a_cards_last_try() {
    let Some((world, _sandbox)) = card(&[("file", "pkcs11:token=acme;object=edge?pin-source=file:~/pin")])
    else {
        return;
    };
    world.write("pin", "1111\n");
    world.write("card/wrong", "2");
    assert_eq!(
        is_refused(&world, "file"),
        "awsenv: the token acme takes one more wrong PIN, and is locked then\n\
         awsenv: pkcs11:object=edge;token=acme: cannot ask for its PIN: there is no terminal\n\
         awsenv: hint: run it in a terminal\n"
    );
    assert_eq!(given(&world), [""; 0]);
    assert_eq!(login(&world, "", &["login", "file"], "4242"), 0);
}

#[test]
fn each_wrong_pin_is_given_once_whatever_it_stands_in_and_by_whatever_name_the_token_is_found() {
    let uri = |more: &str, pin: &str| format!("pkcs11:token=acme{more};object=edge?pin-source=file:~/{pin}");
    let profiles =
        [("one", uri("", "one")), ("two", uri("", "two")), ("other", uri(";model=SoftHSM%20v2", "one"))];
    let Some((world, _sandbox)) = card(&profiles.each_ref().map(|(name, uri)| (*name, uri.as_str()))) else {
        return;
    };
    world.write("one", "1111\n");
    world.write("two", "2222\n");
    for profile in ["one", "other", "two", "one", "other"] {
        is_refused(&world, profile);
        world.write("card/wrong", "0");
        // The same PIN, in another file.
        world.write("one", "1111\nand more\n");
    }
    assert_eq!(given(&world), ["1111", "2222"]);
    world.write("one", "4242\n");
    world.run(["exec", "one", "--", "true"]).success();
    assert_eq!(given(&world), ["4242"]);
}

#[test]
fn a_kept_pin_is_this_very_tokens_and_serves_whatever_finds_it() {
    let Some((world, _sandbox)) =
        card(&[("model", "pkcs11:model=SoftHSM%20v2;object=edge"), ("label", EDGE)])
    else {
        return;
    };
    assert_eq!(login(&world, "", &["login", "model"], "4242"), 0);
    given(&world);
    world.run(["session", "clear"]).any_stdout().any_stderr().success();
    world.run(["exec", "label", "--", "true"]).success();
    assert_eq!(given(&world), ["4242"]);
    // Another token of the same model, with the same label, in its place.
    std::fs::rename(world.at("tokens"), world.at("drawer")).unwrap();
    std::fs::create_dir(world.at("tokens")).unwrap();
    init(&world, "acme");
    import(&world, "edge", "01");
    world.run(["session", "clear"]).any_stdout().any_stderr().success();
    for profile in ["model", "label"] {
        assert!(is_refused(&world, profile).contains("cannot ask for its PIN"));
    }
    assert_eq!(given(&world), [""; 0]);
    // `logout` has no token at hand, and forgets it all the same.
    std::fs::remove_dir_all(world.at("tokens")).unwrap();
    world.run(["logout", "label"]).any_stderr().success();
    std::fs::rename(world.at("drawer"), world.at("tokens")).unwrap();
    is_refused(&world, "model");
    assert_eq!(given(&world), [""; 0]);
}
