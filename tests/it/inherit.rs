//! inherit = true: a file on top of the allowed one above it.

use crate::choose::choose;
use crate::shell::Kind;
use crate::world::World;

const OUTER: &str = "\
profile = \"dev\"
region = \"ap-northeast-2\"
account = \"111122223333\"
[env]
OUTER = \"1\"
BOTH = \"outer\"
[stage.prod]
profile = \"prod\"
";

fn world(inner: &str) -> World {
    World::with_profiles()
        .with_aws()
        .file("acme/.awsenv", OUTER)
        .file("acme/app/.awsenv", inner)
        .allowed("acme")
        .allowed("acme/app")
}

/// What a command gets in `acme/app`: key id, region, and the variables.
fn got(world: &World) -> [Option<String>; 5] {
    let env = world.run(["exec", "--", "env"]).at("acme/app").any_stdout().success().variables();
    ["AWS_ACCESS_KEY_ID", "AWS_REGION", "OUTER", "INNER", "BOTH"]
        .map(|name| env.text(name).map(str::to_owned))
}

fn wanted(values: [&str; 5]) -> [Option<String>; 5] {
    values.map(|value| Some(value.to_owned()).filter(|value| !value.is_empty()))
}

#[test]
fn the_inner_file_wins_and_variables_merge() {
    let world = world("inherit = true\nregion = \"eu-north-1\"\n[env]\nINNER = \"1\"\nBOTH = \"inner\"\n");
    assert_eq!(got(&world), wanted(["AKIADEV", "eu-north-1", "1", "1", "inner"]));
}

#[test]
fn a_source_of_its_own_ends_the_outer_account_too() {
    let world = world("inherit = true\nprofile = \"prod\"\n");
    assert_eq!(got(&world), wanted(["AKIAPROD", "ap-northeast-2", "1", "", "outer"]));
}

#[test]
fn without_inherit_the_inner_file_stands_alone() {
    let world = world("profile = \"prod\"\n");
    assert_eq!(got(&world), wanted(["AKIAPROD", "us-east-1", "", "", ""]));
}

#[test]
fn status_names_both_files_nearest_first() {
    let status = world("inherit = true\n").run(["status"]).at("acme/app").any_stdout().success().stdout;
    assert!(status.contains("\n  file     ~/acme/app/.awsenv\n  file     ~/acme/.awsenv\n"), "{status}");
}

#[test]
fn an_outer_file_that_nobody_allowed_adds_nothing() {
    let world = World::with_profiles()
        .file("acme/.awsenv", OUTER)
        .file("acme/app/.awsenv", "inherit = true\nregion = \"eu-north-1\"\n[env]\nINNER = \"1\"\n")
        .allowed("acme/app");
    let mut shell = world.shell(Kind::Bash);
    shell.cd("acme/app");
    assert_eq!(
        (shell.get("INNER"), shell.get("OUTER"), shell.get("AWS_ACCESS_KEY_ID")),
        (Some("1"), None, None)
    );
    assert_eq!(shell.notice, "awsenv: ~/acme/.awsenv is not allowed; look at it, then run `awsenv allow`\n");
    world
        .run(["exec", "--", "true"])
        .at("acme/app")
        .stderr("awsenv: ~/acme/.awsenv is not allowed\nawsenv: hint: look at it, then run `awsenv allow`\n")
        .exits(4);
}

#[test]
fn an_outer_file_that_has_changed_ends_everything() {
    let world = world("inherit = true\n[env]\nINNER = \"1\"\n");
    world.write("acme/.awsenv", "profile = \"prod\"\n");
    let mut shell = world.shell(Kind::Bash);
    shell.cd("acme/app");
    assert_eq!(shell.get("AWS_PROFILE"), Some(".awsenv changed: look at it, then run awsenv allow"));
    assert_eq!((shell.get("INNER"), shell.get("AWS_ACCESS_KEY_ID")), (None, None));
    world
        .run(["exec", "--", "true"])
        .at("acme/app")
        .stderr(
            "awsenv: ~/acme/.awsenv has changed since it was allowed\n\
             awsenv: hint: look at it, then run `awsenv allow`\n",
        )
        .exits(4);
}

#[test]
fn every_file_that_took_part_is_watched() {
    let world = world("inherit = true\n");
    let mut shell = world.shell(Kind::Zsh);
    shell.cd("acme/app").settle();
    world.write("acme/.awsenv", "profile = \"prod\"\n");
    assert!(!shell.guard());
}

#[test]
fn a_stage_is_the_nearest_files() {
    let inner = world("inherit = true\n[stage.prod]\nregion = \"sa-east-1\"\n");
    let env =
        inner.run(["exec", "--stage", "prod", "--", "env"]).at("acme/app").any_stdout().success().variables();
    assert_eq!((env.text("AWS_ACCESS_KEY_ID"), env.text("AWS_REGION")), (Some("AKIADEV"), Some("sa-east-1")));
    world("inherit = true\n")
        .run(["exec", "--stage", "prod", "--", "true"])
        .at("acme/app")
        .stderr(
            "awsenv: $HOME/acme/app/.awsenv: no stage prod\n\
             awsenv: hint: the file has no stages; [stage.NAME] begins one\n",
        )
        .exits(125);
}

#[test]
fn a_stage_that_a_shell_has_chosen_counts_over_what_is_inherited() {
    let world = world("inherit = true\n[stage.prod]\nprofile = \"prod\"\n");
    let mut shell = world.shell(Kind::Bash);
    shell.cd("acme/app").settle();
    assert_eq!(shell.get("AWS_ACCESS_KEY_ID"), Some("AKIADEV"));
    let said = "awsenv: stage prod (prod) in this shell, as long as ~/acme/app/.awsenv counts\n";
    choose(&world, &mut shell, &["prod"], said);
    shell.settle();
    assert_eq!((shell.get("AWS_ACCESS_KEY_ID"), shell.get("OUTER")), (Some("AKIAPROD"), Some("1")));
}
