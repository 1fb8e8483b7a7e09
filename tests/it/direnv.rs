//! `use awsenv` in an `.envrc`, by the real direnv in a real bash.

use std::process::Stdio;

use crate::cloud::{self, operations};
use crate::world::{World, installed};

/// A home with direnv's library, and `acme/.envrc` allowed there.
fn home(world: World, envrc: &str) -> World {
    let library = world.run(["hook", "direnv"]).any_stdout().success().stdout;
    let library = library.replace("$HOME", world.home().to_str().unwrap());
    world.write(".config/direnv/lib/awsenv.sh", &library);
    world.write("acme/.envrc", envrc);
    let allowed = world.command("direnv").arg("allow").arg(world.at("acme/.envrc")).status().unwrap();
    assert!(allowed.success());
    world
}

/// What a bash with direnv's hook prints where these lines are typed, one prompt each, and what is said.
fn bash(world: &World, lines: &[&str]) -> (String, String) {
    let prompts: String = lines.iter().map(|line| format!("{line}\n_direnv_hook\n")).collect();
    let script = format!("eval \"$(direnv hook bash)\"\n{prompts}");
    let mut bash = world.command("bash");
    bash.args(["--noprofile", "--norc", "-c", &script]).stdin(Stdio::null());
    let output = bash.output().unwrap();
    let text = |bytes: &[u8]| world.shown(std::str::from_utf8(bytes).unwrap());
    (text(&output.stdout), text(&output.stderr))
}

/// Prints who one is.
const WHO: &str = "echo \"${AWS_ACCESS_KEY_ID-}|${AWS_PROFILE-}|${AWS_REGION-}|${TIER-}\"";

#[test]
fn the_credentials_come_and_go_with_the_directory() {
    if !installed("direnv") {
        return;
    }
    let world = World::with_profiles()
        .env("AWS_PROFILE", "prod")
        .env("AWS_SESSION_TOKEN", "of somebody else")
        .file("acme/.awsenv", "profile = \"dev\"\n[env]\nTIER = \"dev\"\n")
        .allowed("acme");
    let world = home(world, "use awsenv\n");
    let (printed, said) =
        bash(&world, &[WHO, "cd acme", WHO, "echo ${AWS_SESSION_TOKEN-none}", "cd ..", WHO]);
    assert_eq!(printed, "|prod||\nAKIADEV||eu-west-1|dev\nnone\n|prod||\n", "{said}");
    assert!(!said.contains("dev/secret") && !said.contains("awsenv: "), "{said}");
}

#[test]
fn each_load_is_noted_and_one_without_credentials_is_none() {
    if !installed("direnv") {
        return;
    }
    let world = home(World::with_pin(), "use awsenv\n");
    bash(&world, &["cd acme", "cd ..", "cd acme"]);
    world.write("acme/.envrc", "use awsenv nobody\n");
    assert!(world.command("direnv").arg("allow").arg(world.at("acme/.envrc")).status().unwrap().success());
    bash(&world, &["cd acme"]);
    let noted = world.run(["history", "--json"]).any_stdout().success().json();
    let noted = noted.as_array().unwrap();
    assert_eq!(noted.len(), 2, "{noted:?}");
    for line in noted {
        let said = ["event", "by", "profile", "account", "directory"].map(|field| line[field].as_str());
        assert_eq!(said, ["direnv", "direnv", "dev", "111122223333", "$HOME/acme"].map(Some));
    }
}

#[test]
fn a_profile_that_is_named_needs_no_file() {
    if !installed("direnv") {
        return;
    }
    let world = home(World::with_profiles(), "set -avx\nuse awsenv prod\necho after\n");
    let (printed, said) = bash(&world, &["cd acme", WHO]);
    assert_eq!(printed, "AKIAPROD||us-east-1|\n", "{said}");
    assert!(said.contains("+ use awsenv prod") && said.contains("+ echo after"), "{said}");
    assert!(!said.contains("prod/secret"), "{said}");
}

#[test]
fn without_credentials_nobody_elses_are_left() {
    if !installed("direnv") {
        return;
    }
    let sentence = "|awsenv has no credentials here: direnv reload says why||\n";
    for (envrc, file, reason) in [
        ("use awsenv\n", "profile = \"dev\"\n", "awsenv: ~/acme/.awsenv is not allowed"),
        ("use awsenv\n", "", "awsenv: ~/acme/.awsenv is not allowed"),
        ("use awsenv nobody\n", "", "nobody"),
        ("set -eu\nuse awsenv nobody\n", "", "nobody"),
    ] {
        let world = World::with_profiles()
            .env("AWS_ACCESS_KEY_ID", "AKIAOUTSIDE")
            .env("AWS_SECRET_ACCESS_KEY", "outside")
            .file("acme/.awsenv", file);
        let world = home(world, envrc);
        let (printed, said) = bash(&world, &["cd acme", WHO, "cd ..", WHO]);
        assert_eq!(printed, format!("{sentence}AKIAOUTSIDE|||\n"), "{envrc}: {said}");
        assert!(said.contains(reason), "{envrc}: {said}");
    }
}

#[test]
fn no_file_and_no_profile_is_nobody() {
    if !installed("direnv") {
        return;
    }
    let world = home(World::with_profiles().env("AWS_PROFILE", "prod"), "use awsenv\n");
    let (printed, said) = bash(&world, &["cd acme", WHO]);
    assert_eq!(printed, "|awsenv has no credentials here: direnv reload says why||\n");
    assert!(said.contains("awsenv: no .awsenv says whose credentials belong here"), "{said}");
}

#[test]
fn a_program_that_is_gone_leaves_nobodys_keys() {
    if !installed("direnv") {
        return;
    }
    let world = World::with_pin().env("AWS_ACCESS_KEY_ID", "AKIAOUTSIDE");
    let world = home(world, "use awsenv\n");
    world.write(
        ".config/direnv/lib/awsenv.sh",
        &world.read(".config/direnv/lib/awsenv.sh").replace("__awsenv_bin='/", "__awsenv_bin='/gone/"),
    );
    let (printed, said) = bash(&world, &["cd acme", WHO]);
    assert_eq!(printed, "|awsenv did not answer: no credentials||\n", "{said}");
}

/// Half an answer is a mistake of syntax, which ends an .envrc under `set -e`.
#[test]
fn half_an_answer_leaves_nobodys_keys_however_strict_the_envrc_is() {
    if !installed("direnv") {
        return;
    }
    for strict in ["set -e\n", "strict_env\n", "set -euo pipefail\n", ""] {
        let world = World::with_pin().env("AWS_ACCESS_KEY_ID", "AKIAOUTSIDE");
        let world = home(world, &format!("{strict}use awsenv\n"));
        let half = world.program("half", "#!/bin/sh\nprintf \"export AWS_ACCESS_KEY_ID='AKIAHA\"\n");
        let library = world.read(".config/direnv/lib/awsenv.sh");
        let (_, rest) = library.split_once('\n').unwrap();
        world.write(".config/direnv/lib/awsenv.sh", &format!("__awsenv_bin='{}'\n{rest}", half.display()));
        let (printed, said) = bash(&world, &["cd acme", WHO]);
        assert_eq!(printed, "|awsenv did not answer: no credentials||\n", "{strict:?}: {said}");
    }
}

#[test]
fn a_trap_on_each_command_sees_no_key() {
    if !installed("direnv") {
        return;
    }
    let envrc = "trap 'printf \"%s\\n\" \"$BASH_COMMAND\" >> trapped' DEBUG\nset -T\nuse awsenv\n";
    let world = home(World::with_pin(), envrc);
    let (printed, said) = bash(&world, &["cd acme", WHO]);
    assert!(printed.starts_with("AKIADEV|"), "{printed}{said}");
    let trapped = world.read("acme/trapped");
    assert!(trapped.contains("use awsenv") && !trapped.contains("dev/secret"), "{trapped}");
}

#[test]
fn a_decision_elsewhere_is_seen_at_the_next_prompt() {
    if !installed("direnv") {
        return;
    }
    let world = World::with_profiles().file("acme/.awsenv", "profile = \"dev\"\n");
    let world = home(world, "use awsenv\n");
    let awsenv = crate::run::PROGRAM;
    let (printed, said) =
        bash(&world, &["cd acme", WHO, &format!("{awsenv} allow"), WHO, &format!("{awsenv} deny"), WHO]);
    let none = "|awsenv has no credentials here: direnv reload says why||\n";
    assert_eq!(printed, format!("{none}AKIADEV||eu-west-1|\n{none}"), "{said}");
}

#[test]
fn an_edited_config_is_seen_at_the_next_prompt() {
    if !installed("direnv") {
        return;
    }
    let world = home(World::with_profiles(), "use awsenv dev\n");
    let (printed, said) = bash(&world, &["cd acme", "sed -i s/eu-west-1/eu-west-3/ ~/.aws/config", WHO]);
    assert_eq!(printed, "AKIADEV||eu-west-3|\n", "{said}");
}

#[test]
fn a_session_is_fetched_once_and_loaded_once_until_somebody_ends_it() {
    if !installed("direnv") {
        return;
    }
    let sandbox = cloud::sandbox();
    let world = home(cloud::pinned(&sandbox, "profile = \"one\"\n"), "use awsenv\n");
    let account = "echo $AWSENV_ACCOUNT";
    let clear = format!("{} session clear", crate::run::PROGRAM);
    let loads = |said: &str| said.matches("direnv: loading").count();
    let (printed, said) = bash(&world, &["cd acme", account, account]);
    assert_eq!((printed.as_str(), loads(&said)), ("111122223333\n111122223333\n", 1), "{said}");
    assert_eq!(operations(&sandbox), ["AssumeRole"]);
    world.run(["session", "clear"]).any_stderr().success();
    let (_, said) = bash(&world, &["cd acme", &clear, account, account]);
    assert_eq!(loads(&said), 2, "{said}");
    assert_eq!(
        operations(&sandbox),
        ["AssumeRole"; 3],
        "the token that is watched is the one after the call"
    );
}

#[test]
fn nobody_is_asked_and_what_a_person_does_elsewhere_is_seen() {
    if !installed("direnv") {
        return;
    }
    let sandbox = cloud::sandbox();
    let world = home(cloud::pinned(&sandbox, "profile = \"careful\"\n"), "use awsenv\n");
    let refresh = format!("{} refresh --mfa-code 111111", crate::run::PROGRAM);
    let (printed, said) = bash(&world, &["cd acme", WHO, &refresh, "echo $AWSENV_PROFILE"]);
    assert_eq!(printed, "|awsenv has no credentials here: direnv reload says why||\ncareful\n", "{said}");
    assert!(said.contains("awsenv: hint: run `awsenv refresh"), "{said}");
}
