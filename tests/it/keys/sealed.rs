//! The file that holds them: damaged, of another passphrase, written by many or by one that is killed.

use std::fs;
use std::process::Stdio;

use sha2::{Digest, Sha256};

use super::{FILE, JSON, add, exec, world};
use crate::cloud::{self, sandbox};
use crate::files::{at_each_moment, killed};
use crate::world::{World, installed};

#[test]
fn a_wrong_passphrase_is_said_and_changes_nothing() {
    let sandbox = sandbox();
    let world = world(&sandbox);
    add(&world, "ci");
    let before = fs::read(world.at(FILE)).unwrap();
    world.forget_the_passphrase();
    world.write("passphrase", "wrong horse\n");
    let told = "awsenv: what passphrase_command prints is not the passphrase of ~/.local/share/awsenv/keys/sealed\n\
                awsenv: hint: nothing was changed; a passphrase that is lost cannot be had back, only new keys from AWS\n";
    world.run(["exec", "ci", "--", "true"]).stderr(told).exits(3);
    world.run(["key", "add", "other", "--stdin"]).stdin(JSON).stderr(told).exits(3);
    assert_eq!(fs::read(world.at(FILE)).unwrap(), before);
    world.write("passphrase", "correct horse\n");
    exec(&world, "ci");
    let short = cloud::world(&sandbox).settings("passphrase_command = \"echo short\"\n");
    let told = short.run(["key", "add", "ci", "--stdin"]).stdin(JSON).any_stderr().exits(1).stderr;
    assert!(
        told.starts_with("awsenv: passphrase_command: a passphrase of less than 8 characters\n"),
        "{told}"
    );
}

#[test]
fn a_damaged_file_is_an_error_and_never_no_keys() {
    let sandbox = sandbox();
    let world = world(&sandbox);
    add(&world, "ci");
    let good = fs::read(world.at(FILE)).unwrap();
    let put = |bytes: &[u8]| awsenv::files::write_private(&world.at(FILE), bytes).unwrap();
    let damaged = "~/.local/share/awsenv/keys/sealed is damaged";
    let newer = "~/.local/share/awsenv/keys/sealed is of a newer awsenv";
    let (mut flipped, mut cut) = (good.clone(), good.clone());
    flipped[100] ^= 1;
    cut.truncate(good.len() - 1);
    let version_2 = [b"awsenv keys 2 ", &good[14..]].concat();
    let costly = "~/.local/share/awsenv/keys/sealed asks for more than 4 times the work of awsenv's own";
    let asking = |cost: &str| {
        let content = String::from_utf8_lossy(&good).replacen("m=65536 t=3 p=4", cost, 1).into_bytes();
        [&content[..], &Sha256::digest(&content)].concat()
    };
    let rows = [
        (flipped, damaged),
        (cut, damaged),
        (Vec::new(), damaged),
        (version_2, newer),
        (asking("m=65536 t=13 p=4"), costly),
        (asking("m=262145 t=3 p=4"), costly),
        (asking("m=65536 t=3 p=17"), costly),
    ];
    for (bytes, expected) in rows {
        put(&bytes);
        let told = world.run(["exec", "ci", "--", "true"]).any_stderr().exits(125).stderr;
        assert!(
            told.starts_with(&format!("awsenv: {expected}")) && told.contains("\nawsenv: hint: "),
            "{told}"
        );
        let told = world.run(["key", "add", "other", "--stdin"]).stdin(JSON).any_stderr().exits(1).stderr;
        assert!(told.starts_with(&format!("awsenv: {expected}")), "{told}");
        assert_eq!(fs::read(world.at(FILE)).unwrap(), bytes, "it is left as it is");
    }
    fs::remove_file(world.at(FILE)).unwrap();
    world
        .run(["exec", "ci", "--", "true"])
        .stderr(
            "awsenv: the encrypted file ~/.local/share/awsenv/keys/sealed has no keys named ci any more\n\
             awsenv: hint: run `awsenv key add ci --replace`, or `awsenv key remove ci`\n",
        )
        .exits(3);
    put(&good);
    exec(&world, "ci");
}

#[test]
fn a_damaged_list_lets_no_other_keys_in() {
    let sandbox = sandbox();
    let world = world(&sandbox).config(cloud::CONFIG);
    add(&world, "base");
    let list = ".local/share/awsenv/keys/index";
    fs::write(world.at(list), "{").unwrap();
    let told = "awsenv: $HOME/.local/share/awsenv/keys/index: the list of your keys is damaged\n\
                awsenv: hint: remove it, and add the keys again with `awsenv key add`; no secret is in it\n";
    world.run(["exec", "base", "--", "true"]).stderr(told).exits(125);
    world.run(["key", "list"]).stderr(told).exits(1);
}

#[test]
fn many_at_once_lose_nothing_and_make_one_file() {
    let sandbox = sandbox();
    let world = world(&sandbox);
    let names: Vec<_> = (0..6).map(|n| format!("k{n}")).collect();
    std::thread::scope(|scope| {
        for name in &names {
            scope.spawn(|| add(&world, name));
        }
    });
    for name in &names {
        exec(&world, name);
    }
}

#[test]
fn an_add_or_a_remove_that_is_killed_loses_nothing() {
    if !installed("strace") {
        return;
    }
    let sandbox = sandbox();
    let world = world(&sandbox);
    add(&world, "ci");
    let json = world.write("json", JSON);
    let input = || Stdio::from(fs::File::open(&json).unwrap());
    at_each_moment(|call, nth| {
        let again =
            killed(&world, &["key", "add", "b", "--stdin", "--no-verify", "--replace"], input(), call, nth);
        exec(&world, "ci");
        add_again(&world, "b");
        exec(&world, "b");
        again
    });
    at_each_moment(|call, nth| {
        let again = killed(&world, &["key", "remove", "b", "--yes"], Stdio::null(), call, nth);
        exec(&world, "ci");
        add_again(&world, "b");
        again
    });
    let left: Vec<_> = fs::read_dir(world.at(".local/share/awsenv/keys")).unwrap().flatten().collect();
    assert_eq!(left.len(), 4, "what was half written is swept away: {left:?}");
}

fn add_again(world: &World, name: &str) {
    world.run(["key", "add", name, "--stdin", "--no-verify", "--replace"]).stdin(JSON).any_stderr().success();
}
