//! What others have set: variables, their tools, another copy of the program.

use std::path::Path;

use awsenv::commands::doctor::ASKED_BY;

use super::{broken, told};
use crate::run::PROGRAM;
use crate::shell::Kind;
use crate::world::World;

#[test]
fn what_is_set_outside_is_told_with_the_line_that_sets_it() {
    let world = World::new();
    assert!(told(world.run(["doctor", "variables"])).starts_with("✓ variables"));
    let world = world.file(".bashrc", "# mine\nexport AWS_PROFILE=dev\n");
    let run =
        world.run(["doctor", "variables"]).env("AWS_PROFILE", "dev").env("AWS_SECRET_ACCESS_KEY", "planted");
    assert_eq!(
        told(run),
        "! variables   AWS_PROFILE=dev is set outside (~/.bashrc:2): it counts wherever no .awsenv does
              fix: unset AWS_PROFILE, and let a .awsenv say it
! variables   AWS_SECRET_ACCESS_KEY is set outside: it counts wherever no .awsenv does
              fix: unset AWS_SECRET_ACCESS_KEY, and let a .awsenv say it\n"
    );
    let text = broken(world.run(["doctor", "variables"]).env("AWS_CONFIG_FILE", "/nowhere"));
    assert!(text.contains("AWS_CONFIG_FILE leads to /nowhere, which is not there"), "{text}");
    assert!(
        told(world.run(["doctor", "variables"]).env("AWSENV_DISABLE", "1"))
            .contains("fix: unset AWSENV_DISABLE")
    );
    // What awsenv itself has set is none of it.
    let world = World::with_pin();
    let mut shell = world.shell(Kind::Bash);
    shell.cd("acme");
    let run = || world.run(["doctor", "variables"]).at("acme");
    assert!(told(run().environment(&shell.env)).starts_with("✓ variables"));
    shell.env.set("AWS_ACCESS_KEY_ID", "AKIAMINE");
    shell.prompt();
    assert!(told(run().environment(&shell.env)).contains("awsenv stands back"));
}

#[test]
fn what_a_profile_takes_from_outside_is_no_mistake() {
    let world = World::new().config(
        "[profile ci]\nrole_arn = arn:aws:iam::111122223333:role/R\ncredential_source = Environment\n\
         [profile task]\nrole_arn = arn:aws:iam::111122223333:role/R\ncredential_source = EcsContainer\n",
    );
    let run = || world.run(["doctor", "variables"]);
    let run = || run().env("AWS_ACCESS_KEY_ID", "AKIAX").env("AWS_SECRET_ACCESS_KEY", "planted");
    let text = told(run().env("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:1/x"));
    for (name, profile) in [
        ("AWS_ACCESS_KEY_ID", "ci"),
        ("AWS_SECRET_ACCESS_KEY", "ci"),
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "task"),
    ] {
        let line = format!("· variables   {name} is set outside: profile {profile} takes it from there\n");
        assert!(text.contains(&line), "{text}");
    }
    assert!(!text.contains("unset") && !text.contains("planted"), "{text}");
    assert!(told(run().env("AWS_PROFILE", "ci")).contains("fix: unset AWS_PROFILE"), "nobody takes that");
}

#[test]
fn a_shell_of_exec_is_awsenvs_own() {
    let world = World::with_pin().settings("label = \"aws-vault\"\n");
    let run = world.run(["exec", "--", PROGRAM, "doctor", "variables", "peers"]).at("acme");
    assert_eq!(
        told(run),
        "· variables   this is what `awsenv exec` started (dev): its credentials are in it until it ends\n\
         ✓ peers       no other tool sets the same variables here\n"
    );
    let run = world.run(["doctor", "peers"]).env("AWSENV_PROFILE", "dev").env("AWS_VAULT", "dev");
    assert!(told(run).contains("a shell of aws-vault"), "without AWSENV_DISABLE it is not exec's");
}

#[test]
fn other_tools_are_named_where_they_set_the_same() {
    let world = World::new().file("acme/.envrc", "export FOO=1\nexport AWS_PROFILE=dev\n");
    let run = || world.run(["doctor", "peers"]).at("acme");
    assert!(told(run()).starts_with("✓ peers"), "direnv is not here");
    let loaded = |dir: &str| run().env("DIRENV_DIR", format!("-{}", world.at(dir).display()));
    assert_eq!(
        told(loaded("acme")),
        "! peers       ~/acme/.envrc:2 sets AWS_PROFILE by direnv, as awsenv does
              fix: take that line out, and let a .awsenv say it\n"
    );
    // The one above is not loaded here, unless this one asks for it.
    world.write(".envrc", "export AWS_REGION=eu-west-1\n");
    world.write("acme/.envrc", "export AWS_PAGER=less\n");
    assert!(told(loaded("acme")).starts_with("✓ peers"));
    world.write("acme/.envrc", "source_up\nuse awsenv\n");
    let above = "! peers       ~/.envrc:1 sets AWS_REGION by direnv";
    assert!(told(loaded("acme")).starts_with(above));
    let run_in_a_hooked_shell = loaded("acme").env(ASKED_BY, "shell bash 5.2\n");
    assert!(
        told(run_in_a_hooked_shell)
            .contains("~/acme/.envrc:2 has `use awsenv`, and this shell has awsenv's hook")
    );
    // It is the one that direnv names, and none above one that cannot be read.
    assert!(told(loaded("")).starts_with(above));
    world.write("acme/sub/.envrc", "export AWS_PROFILE=other\n");
    let in_sub = world.run(["doctor", "peers"]).at("acme/sub");
    let text = told(in_sub.env("DIRENV_DIR", format!("-{}", world.at("acme").display())));
    assert!(text.starts_with(above) && !text.contains("sub/.envrc"), "{text}");
    world.write("acme/.envrc", &"#\n".repeat(1 << 20));
    assert!(told(loaded("acme")).starts_with("✓ peers"));
    assert!(told(run().env("AWS_VAULT", "dev")).contains("a shell of aws-vault (AWS_VAULT=dev)"));
    assert!(told(run().env("GRANTED_ALIAS_CONFIGURED", "true")).starts_with("· peers"));
    world.write("acme/mise.toml", "[env]\nAWS_PROFILE = \"dev\"\n");
    assert!(told(run().env("MISE_SHELL", "bash")).contains("~/acme/mise.toml:2 sets AWS_PROFILE by mise"));
}

#[test]
fn another_copy_that_comes_first_is_named() {
    let world = World::new();
    let dir = Path::new(PROGRAM).parent().unwrap().display().to_string();
    assert!(told(world.run(["doctor", "programs"]).env("PATH", &dir)).starts_with("✓ programs    awsenv "));
    let other = world.program("bin/awsenv", "#!/bin/sh\n").parent().unwrap().display().to_string();
    let text = told(world.run(["doctor", "programs"]).env("PATH", format!("{other}:{dir}")));
    assert!(text.contains("! programs    $HOME/bin/awsenv comes first in the PATH"), "{text}");
}
