//! allow, deny, trust list: a person's word on a file.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use crate::shell::Kind;
use crate::world::World;

#[test]
fn a_file_counts_only_after_allow() {
    let world = World::with_profiles().file("acme/.awsenv", "profile = \"dev\"\n");
    world
        .run(["exec", "--", "true"])
        .at("acme")
        .stderr("awsenv: ~/acme/.awsenv is not allowed\nawsenv: hint: look at it, then run `awsenv allow`\n")
        .exits(4);
    world.run(["allow"]).at("acme").stderr("awsenv: allowed ~/acme/.awsenv\n").success();
    world.run(["exec", "--", "true"]).at("acme").success();
}

#[test]
fn allow_takes_the_nearest_file_upward_a_directory_or_a_file() {
    let world = World::with_profiles().file("acme/.awsenv", "profile = \"dev\"\n").file("acme/deep/er/x", "");
    let allowed = "awsenv: allowed ~/acme/.awsenv\n";
    world.run(["allow"]).at("acme/deep/er").stderr(allowed).success();
    world.run(["allow", "acme"]).stderr(allowed).success();
    world.run(["allow", "acme/.awsenv"]).stderr(allowed).success();
    world.run(["allow", ".."]).at("acme/deep").stderr(allowed).success();
}

#[test]
fn what_is_not_there_cannot_be_allowed_or_denied() {
    let world = World::new();
    for command in ["allow", "deny"] {
        world
            .run([command])
            .stderr("awsenv: no .awsenv here or above\nawsenv: hint: `awsenv init PROFILE` writes one\n")
            .exits(1);
        world
            .run([command, "nowhere"])
            .stderr("awsenv: cannot find $HOME/nowhere: No such file or directory (os error 2)\n")
            .exits(1);
    }
}

#[test]
fn a_file_with_a_mistake_is_not_allowed() {
    let world = World::with_profiles().file("acme/.awsenv", "profile = \"dev\"\nregoin = \"eu-west-1\"\n");
    world
        .run(["allow"])
        .at("acme")
        .stderr("awsenv: $HOME/acme/.awsenv:2: regoin: unknown key\nawsenv: hint: did you mean `region`?\n")
        .exits(1);
    world.run(["trust", "list"]).success();
}

#[test]
fn a_changed_file_is_refused_until_it_is_allowed_again() {
    let world = World::with_pin();
    world.write("acme/.awsenv", "profile = \"prod\"\n");
    world.run(["trust", "list"]).stdout("changed  ~/acme/.awsenv\n").success();
    world
        .run(["exec", "--", "true"])
        .at("acme")
        .stderr(
            "awsenv: ~/acme/.awsenv has changed since it was allowed\n\
             awsenv: hint: look at it, then run `awsenv allow`\n",
        )
        .exits(4);
    world.allow("acme");
    world.run(["trust", "list"]).stdout("allowed  ~/acme/.awsenv\n").success();
}

#[test]
fn deny_is_by_path_and_outlives_edits() {
    let world = World::with_pin();
    world.run(["deny"]).at("acme").stderr("awsenv: denied ~/acme/.awsenv\n").success();
    world.write("acme/.awsenv", "profile = \"prod\"\n");
    world.run(["trust", "list"]).stdout("denied   ~/acme/.awsenv\n").success();
    let status = world.run(["status"]).at("acme").any_stdout().success().stdout;
    assert!(status.starts_with("nothing is pinned here\n") && !status.contains(".awsenv:"), "{status}");
    world.allow("acme");
    world.run(["trust", "list"]).stdout("allowed  ~/acme/.awsenv\n").success();
}

#[test]
fn below_a_denied_file_the_outer_one_counts() {
    let world = World::with_pin().file("acme/sub/.awsenv", "profile = \"prod\"\n");
    world.run(["deny"]).at("acme/sub").any_stderr().success();
    let env = world.run(["exec", "--", "env"]).at("acme/sub").any_stdout().success().variables();
    assert_eq!(env.text("AWS_ACCESS_KEY_ID"), Some("AKIADEV"));
}

#[test]
fn the_list_tells_every_decision_by_path() {
    let world = World::with_pin()
        .file("b/.awsenv", "profile = \"prod\"\n")
        .file("c/.awsenv", "profile = \"prod\"\n")
        .allowed("c");
    world.run(["deny", "b"]).any_stderr().success();
    fs::remove_file(world.at("c/.awsenv")).unwrap();
    let told = "allowed  ~/acme/.awsenv\ndenied   ~/b/.awsenv\ngone     ~/c/.awsenv\n";
    world.run(["trust", "list"]).stdout(told).success();
}

#[test]
fn a_link_is_allowed_for_itself_and_only_for_where_it_leads() {
    let world = World::with_pin().file("other/.awsenv", "profile = \"dev\"\n").allowed("other");
    fs::create_dir(world.at("linked")).unwrap();
    symlink(world.at("acme/.awsenv"), world.at("linked/.awsenv")).unwrap();
    world.run(["exec", "--", "true"]).at("linked").any_stderr().exits(4);
    world.allow("linked");
    world.run(["exec", "--", "true"]).at("linked").success();
    fs::remove_file(world.at("linked/.awsenv")).unwrap();
    symlink(world.at("other/.awsenv"), world.at("linked/.awsenv")).unwrap();
    world.run(["exec", "--", "true"]).at("linked").any_stderr().exits(4);
}

#[test]
fn a_copy_of_an_allowed_file_is_not_allowed() {
    let world = World::with_pin();
    fs::create_dir(world.at("copy")).unwrap();
    fs::copy(world.at("acme/.awsenv"), world.at("copy/.awsenv")).unwrap();
    world.run(["exec", "--", "true"]).at("copy").any_stderr().exits(4);
}

#[test]
fn a_file_that_others_may_write_is_not_believed() {
    let world = World::with_pin().file("b/.awsenv", "profile = \"prod\"\n");
    for path in ["acme/.awsenv", "b/.awsenv"] {
        fs::set_permissions(world.at(path), fs::Permissions::from_mode(0o666)).unwrap();
    }
    world
        .run(["exec", "--", "true"])
        .at("acme")
        .stderr(
            "awsenv: ~/acme/.awsenv can be written by anybody (chmod o-w)\n\
             awsenv: hint: run that chmod, and look at what it says\n",
        )
        .exits(4);
    world
        .run(["allow"])
        .at("b")
        .stderr(
            "awsenv: cannot allow $HOME/b/.awsenv: it can be written by anybody (chmod o-w)\n\
             awsenv: hint: run that chmod, and look at what it says\n",
        )
        .exits(1);
}

#[test]
fn where_a_yes_would_not_help_the_hint_is_another() {
    let world = World::with_pin();
    world.write("acme/.awsenv", &format!("profile = \"dev\"\n#{}", "x".repeat(64 * 1024)));
    let why = "cannot be read (larger than 65536 bytes)\nawsenv: hint: it has to be no larger than 64 KiB\n";
    world.run(["exec", "--", "true"]).at("acme").stderr(format!("awsenv: ~/acme/.awsenv {why}")).exits(4);
    world
        .run(["allow"])
        .at("acme")
        .stderr(format!("awsenv: cannot allow $HOME/acme/.awsenv: it {why}"))
        .exits(1);
    let mut shell = world.shell(Kind::Bash);
    shell.cd("acme");
    assert_eq!(shell.get("AWS_PROFILE"), Some(".awsenv cannot count: run awsenv status"));
    // A stand-in for a directory that may not be read: these tests may be root's.
    let list = world.at(".local/share/awsenv/allow");
    fs::remove_dir_all(&list).unwrap();
    fs::write(&list, "").unwrap();
    world
        .run(["exec", "--", "true"])
        .at("acme")
        .stderr(
            "awsenv: ~/acme/.awsenv cannot be looked up: the allow list is not readable\n\
             awsenv: hint: `awsenv doctor disk` says more\n",
        )
        .exits(4);
    let told = world.run(["doctor", "disk"]).any_stdout().exits(1).stdout;
    assert!(
        told.starts_with(
            "✗ disk        ~/.local/share/awsenv/allow cannot be read: Not a directory (os error 20); what you have \
             allowed is kept there\n              fix: make it a directory of yours: chown, chmod u=rwx\n"
        ),
        "{told}"
    );
}

#[test]
fn a_trusted_prefix_takes_whole_components_and_never_covers_env() {
    let world = World::with_profiles()
        .settings("trusted = [\"~/work\"]\n")
        .file("work/acme/.awsenv", "profile = \"dev\"\n")
        .file("work-evil/.awsenv", "profile = \"dev\"\n")
        .file("work/env/.awsenv", "profile = \"dev\"\n[env]\nA = \"1\"\n");
    world.run(["exec", "--", "true"]).at("work/acme").success();
    world.run(["exec", "--", "true"]).at("work-evil").any_stderr().exits(4);
    world.run(["exec", "--", "true"]).at("work/env").any_stderr().exits(4);
    world.allow("work/env");
    world.run(["exec", "--", "true"]).at("work/env").success();
}

#[test]
fn a_path_that_would_steer_the_terminal_is_escaped() {
    let world = World::with_profiles().file("a\u{1b}[31mb/.awsenv", "profile = \"dev\"\n");
    world.run(["allow"]).at("a\u{1b}[31mb").stderr("awsenv: allowed ~/a\\u{1b}[31mb/.awsenv\n").success();
    world.run(["trust", "list"]).stdout("allowed  ~/a\\u{1b}[31mb/.awsenv\n").success();
}

#[test]
fn allow_works_where_shells_cannot_be_told_and_says_so() {
    let world = World::with_profiles().file("acme/.awsenv", "profile = \"dev\"\n");
    let output = world
        .run(["allow", "acme"])
        .env("XDG_RUNTIME_DIR", "/proc/nowhere")
        .env("TMPDIR", "/proc/nowhere")
        .any_stderr()
        .success();
    let told = "awsenv: open shells will not notice before their next cd: ";
    assert!(output.stderr.starts_with(told), "{}", output.stderr);
    assert!(output.stderr.ends_with("\nawsenv: allowed ~/acme/.awsenv\n"), "{}", output.stderr);
}

#[test]
fn allow_says_what_it_forgets_since_others_could_have_written_it() {
    let world = World::with_pin();
    let list = world.at(".local/share/awsenv/allow");
    let of_file = fs::read_dir(&list).unwrap().next().unwrap().unwrap().path();
    fs::set_permissions(of_file, fs::Permissions::from_mode(0o777)).unwrap();
    world
        .run(["allow"])
        .at("acme")
        .stderr(
            "awsenv: what else was allowed as ~/acme/.awsenv is so no more: others could have written the allow list\n\
             awsenv: allowed ~/acme/.awsenv\n",
        )
        .success();
    world.run(["allow"]).at("acme").stderr("awsenv: allowed ~/acme/.awsenv\n").success();
}
