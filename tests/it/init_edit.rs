//! init and edit: a file gets written by a program or a person, and is allowed at once.

use std::fs;

use crate::world::World;

/// An editor that runs these lines of shell with the file as `$1`.
fn editor(world: &World, lines: &str) -> String {
    world.program("bin/editor", &format!("#!/bin/sh\n{lines}\n")).display().to_string()
}

#[test]
fn init_writes_a_file_that_counts_at_once() {
    let world = World::with_profiles().with_aws().file("acme/x", "");
    let wrote = "awsenv: wrote and allowed ~/acme/.awsenv\n";
    world.run(["init", "dev", "--account", "111122223333"]).at("acme").stderr(wrote).success();
    let text = "\
# Which AWS credentials belong to this directory (awsenv). No secrets: commit it.
profile = \"dev\"                 # a profile of ~/.aws/config
account = \"111122223333\"        # refuse credentials of any other account
# region = \"eu-west-1\"          # wins over the profile's
";
    assert_eq!(world.read("acme/.awsenv"), text);
    world.run(["exec", "--", "true"]).at("acme").success();
}

#[test]
fn init_without_a_profile_leaves_everything_to_the_person() {
    let world = World::new().file("acme/x", "");
    world.run(["init"]).at("acme").any_stderr().success();
    let text = world.read("acme/.awsenv");
    assert!(text.lines().all(|line| line.starts_with('#')), "{text}");
    world.run(["status"]).at("acme").any_stdout().success();
}

#[test]
fn init_never_overwrites() {
    let world = World::with_pin();
    world
        .run(["init", "prod"])
        .at("acme")
        .stderr(
            "awsenv: cannot write ~/acme/.awsenv: File exists (os error 17)\n\
             awsenv: hint: `awsenv edit` opens it\n",
        )
        .exits(1);
    assert_eq!(world.read("acme/.awsenv"), "profile = \"dev\"\n");
}

#[test]
fn init_warns_of_a_profile_nobody_has_and_writes_it_all_the_same() {
    let world = World::with_profiles().file("acme/x", "");
    world
        .run(["init", "dve"])
        .at("acme")
        .stderr(
            "awsenv: your AWS config has no profile dve; did you mean dev?\n\
             awsenv: wrote and allowed ~/acme/.awsenv\n",
        )
        .success();
}

#[test]
fn init_refuses_what_the_file_would_not_take() {
    let world = World::new();
    for (arguments, what) in [
        (["init", "a", "--account", "1"], "account: an account is twelve digits, in quotes"),
        (["init", "a", "--region", "EU_west"], "region: "),
        (["init", "a\"b", "--region", "eu-west-1"], "profile: a name is letters, digits or any of _-/.%@:+"),
    ] {
        let output = world.run(arguments).any_stderr().exits(1);
        assert!(output.stderr.contains(what), "{arguments:?}: {}", output.stderr);
        assert!(!world.at(".awsenv").exists());
    }
}

#[test]
fn an_edited_file_is_allowed() {
    let world = World::with_pin();
    let editor = editor(&world, "sed -i s/dev/prod/ \"$1\"");
    world.run(["edit"]).at("acme").env("EDITOR", editor).stderr("awsenv: allowed ~/acme/.awsenv\n").success();
    let env = world.run(["exec", "--", "env"]).at("acme").any_stdout().success().variables();
    assert_eq!(env.text("AWS_ACCESS_KEY_ID"), Some("AKIAPROD"));
}

#[test]
fn an_unchanged_file_keeps_its_standing() {
    let world = World::with_profiles().file("acme/.awsenv", "profile = \"dev\"\n");
    let editor = editor(&world, "true");
    world
        .run(["edit"])
        .at("acme")
        .env("EDITOR", editor)
        .stderr("awsenv: ~/acme/.awsenv is unchanged\n")
        .success();
    world.run(["trust", "list"]).success();
}

#[test]
fn a_mistake_is_told_and_not_allowed() {
    let world = World::with_pin();
    let editor = editor(&world, "echo 'acount = \"111122223333\"' >>\"$1\"");
    world
        .run(["edit"])
        .at("acme")
        .env("EDITOR", editor)
        .stderr("awsenv: $HOME/acme/.awsenv:2: acount: unknown key\nawsenv: hint: did you mean `account`?\n")
        .exits(1);
    world.run(["exec", "--", "true"]).at("acme").any_stderr().exits(4);
}

#[test]
fn a_file_the_editor_removed_is_gone() {
    let world = World::with_pin();
    let editor = editor(&world, "rm \"$1\"");
    world.run(["edit"]).at("acme").env("EDITOR", editor).stderr("awsenv: ~/acme/.awsenv is gone\n").success();
}

#[test]
fn what_a_failing_editor_left_is_not_allowed() {
    let world = World::with_pin();
    let editor = editor(&world, "sed -i s/dev/prod/ \"$1\"; exit 7");
    world
        .run(["edit"])
        .at("acme")
        .env("EDITOR", editor)
        .stderr("awsenv: cannot edit ~/acme/.awsenv: the editor ended with exit status: 7\n")
        .exits(1);
    world.run(["exec", "--", "true"]).at("acme").any_stderr().exits(4);
}

#[test]
fn an_editor_that_is_not_there_is_an_error() {
    let world = World::with_pin();
    world
        .run(["edit"])
        .at("acme")
        .env("EDITOR", "/no/such/editor")
        .stderr("awsenv: cannot start the editor /no/such/editor: No such file or directory (os error 2)\n")
        .exits(1);
    world.run(["exec", "--", "true"]).at("acme").success();
}

#[test]
fn an_editor_has_arguments_and_visual_comes_first() {
    let world = World::with_pin();
    let editor = editor(&world, "[ \"$1\" = 'a b' ] && [ \"$#\" = 2 ] && sed -i s/dev/prod/ \"$2\"");
    world
        .run(["edit", "acme"])
        .env("VISUAL", format!("{editor} 'a b'"))
        .env("EDITOR", "false")
        .stderr("awsenv: allowed ~/acme/.awsenv\n")
        .success();
}

#[test]
fn edit_begins_a_file_where_there_is_none() {
    let world = World::with_profiles().file("acme/x", "");
    let editor = editor(&world, "echo 'profile = \"dev\"' >\"$1\"");
    let allowed = "awsenv: allowed ~/acme/.awsenv\n";
    world.run(["edit"]).at("acme").env("EDITOR", &editor).stderr(allowed).success();
    fs::remove_file(world.at("acme/.awsenv")).unwrap();
    world.run(["edit", "acme"]).env("EDITOR", &editor).stderr(allowed).success();
}

#[test]
fn a_new_file_that_was_not_saved_is_no_error() {
    let world = World::new();
    world.run(["edit"]).env("EDITOR", "true").stderr("awsenv: ~/.awsenv is unchanged\n").success();
    assert!(!world.at(".awsenv").exists());
}
