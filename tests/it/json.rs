//! docs/json.md: each sample is what the program prints, and each field that it prints is in a table, with its
//! type. `AWSENV_REGENERATE=1 cargo test --test it json` writes the samples anew.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use awsenv::env::Env;
use awsenv_sandbox::{Account, Portal, Sandbox, Scenario};
use serde_json::Value;

use crate::shell::Kind;
use crate::world::World;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/json.md");

/// A chapter of the page: the command of its sample, the sample, and its table by field.
struct Chapter {
    command: Vec<String>,
    sample: String,
    types: BTreeMap<String, String>,
}

fn page() -> String {
    fs::read_to_string(Path::new(PAGE)).unwrap()
}

fn chapter(text: &str) -> Chapter {
    let (_, block) = text.split_once("```json\n$ awsenv ").unwrap();
    let (command, rest) = block.split_once('\n').unwrap();
    let (sample, _) = rest.split_once("```").unwrap();
    let rows = text.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` | "));
    Chapter {
        command: command.split(' ').map(str::to_owned).collect(),
        sample: sample.to_owned(),
        types: rows
            .map(|(name, rest)| (name.to_owned(), rest.split(" | ").next().unwrap().to_owned()))
            .collect(),
    }
}

fn chapters() -> Vec<Chapter> {
    page().split("\n## ").skip(1).map(chapter).collect()
}

/// The world of the page.
fn world() -> World {
    let page = page();
    let (_, config) = page.split_once("```ini\n").unwrap();
    World::new()
        .config(config.split_once("```").unwrap().0)
        .file("acme/.awsenv", "profile = \"acme-base\"\n")
        .allowed("acme")
        .with_aws()
}

/// What a command of the page prints, at home in `/home/me`.
fn printed(world: &World, command: &[String]) -> String {
    match command[0].as_str() {
        "session" => return sessions(world),
        "history" => return history(world),
        "key" => return keys(world),
        "sso" => return signed_in(command),
        "agent" => return agent(world),
        "console" => return console(world),
        _ => {}
    }
    let mut run = world.run([]).at("acme").any_stdout();
    if command[0] == "prompt" {
        let mut shell = world.shell(Kind::Bash);
        shell.cd("acme");
        run = run.environment(&shell.env);
    }
    for argument in command {
        run = run.arg(argument);
    }
    run.success().stdout.replace("$HOME", "/home/me")
}

/// What `session list --json` prints once AWS was asked for an account; it was asked at nine.
fn sessions(world: &World) -> String {
    world.write("asked/.awsenv", "profile = \"acme-base\"\naccount = \"111122223333\"\n");
    world.allow("asked");
    world.run(["credentials"]).at("asked").any_stdout().success();
    let printed = world.run(["session", "list", "--json"]).any_stdout().success().stdout;
    let list: Value = serde_json::from_str(&printed).unwrap();
    printed.replace(list[0]["issued"].as_str().unwrap(), "2026-11-22T09:00:00Z")
}

/// What `history --json` prints once a command was run; it was at nine.
fn history(world: &World) -> String {
    world.run(["history", "clear"]).any_stderr().success();
    world.run(["exec", "--", "true"]).at("acme").success();
    let printed = world.run(["history", "--json"]).any_stdout().success().stdout;
    let list: Value = serde_json::from_str(&printed).unwrap();
    let shown = printed.replace(list[0]["at"].as_str().unwrap(), "2026-11-22T09:00:00Z");
    shown.replace(&list[0]["pid"].to_string(), "4242").replace("$HOME", "/home/me")
}

/// What `key list --json` prints once a key was added; it was at nine.
fn keys(world: &World) -> String {
    world.write(".config/awsenv/config.toml", "passphrase_command = \"echo correct horse\"\n");
    let json = r#"{"AccessKeyId": "AKIAIOSFODNN7EXAMPLE", "SecretAccessKey": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}"#;
    world.run(["key", "add", "acme-ci", "--stdin"]).stdin(json).any_stderr().success();
    let printed = world.run(["key", "list", "--json"]).any_stdout().success().stdout;
    world.run(["key", "remove", "acme-ci", "--yes"]).any_stderr().success();
    let list: Value = serde_json::from_str(&printed).unwrap();
    printed.replace(list[0]["added"].as_str().unwrap(), "2026-11-22T09:00:00Z")
}

/// What `agent status --json` prints once a shell has come; it was started at nine.
fn agent(world: &World) -> String {
    world.write("asked/.awsenv", "profile = \"acme-base\"\ndeliver = \"endpoint\"\n");
    world.allow("asked");
    let mut shell = world.shell(Kind::Bash);
    shell.pid = std::process::id();
    shell.cd("asked");
    let mut printed = world.run(["agent", "status", "--json"]).any_stdout().success().stdout;
    world.run(["agent", "stop"]).any_stderr().success();
    let told: Value = serde_json::from_str(&printed).unwrap();
    let pid = told["pid"].to_string();
    for (own, shown) in [
        (pid.as_str(), "4242"),
        (told["address"].as_str().unwrap(), "127.0.0.1:40123"),
        (told["since"].as_str().unwrap(), "2026-11-22T09:00:00Z"),
    ] {
        printed = printed.replace(own, shown);
    }
    printed.replace("$HOME/asked", "/home/me/acme")
}

/// What `console --json` prints; the address is asked for at nine.
fn console(world: &World) -> String {
    let run = world.run(["console", "--json", "--service", "s3"]).at("acme");
    let url = world.variables().text("AWS_ENDPOINT_URL_STS").unwrap();
    let printed = run.env("AWSENV_FEDERATION_URL", url).any_stdout().success().stdout;
    let told: Value = serde_json::from_str(&printed).unwrap();
    let (address, token) = told["url"].as_str().unwrap().split_once("SigninToken=").unwrap();
    printed
        .replace(told["url_expiration"].as_str().unwrap(), "2026-11-22T09:15:00Z")
        .replace(token, "…")
        .replace(address.split("/federation").next().unwrap(), "https://eu-west-1.signin.aws.amazon.com")
}

/// What `sso … --json` prints of a portal with two accounts.
fn signed_in(command: &[String]) -> String {
    let account = |id: &str, name: &str, email: &str, role: &str| Account {
        id: id.to_owned(),
        name: name.to_owned(),
        email: email.to_owned(),
        roles: vec![role.to_owned()],
    };
    let accounts = vec![
        account("111122223333", "Acme Dev", "dev@acme.example", "Developer"),
        account("222233334444", "Acme Prod", "", "ReadOnly"),
    ];
    let portal = Portal { accounts, ..Portal::default() };
    let sandbox = Sandbox::start(Scenario::default().portal(portal));
    let world = crate::portal::signed_in(&sandbox, 3600);
    let run = command.iter().fold(world.run([]), |run, argument| run.arg(argument));
    run.any_stdout().success().stdout
}

/// Each field by its path as the tables write it, with its value.
fn fields(value: &Value, path: &str, found: &mut Vec<(String, Value)>) {
    match value {
        Value::Object(object) if path != "steps[].tags" => {
            for (name, value) in object {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                fields(value, &path, found);
            }
        }
        Value::Array(list) if list.iter().any(Value::is_object) => {
            if !path.is_empty() {
                found.push((path.to_owned(), value.clone()));
            }
            for item in list {
                fields(item, &format!("{path}[]"), found);
            }
        }
        _ => found.push((path.to_owned(), value.clone())),
    }
}

fn fits(value: &Value, kind: &str) -> bool {
    kind.split(" or ").any(|kind| match kind {
        "string" => value.is_string(),
        "number" => value.is_u64(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        "list" => value.is_array(),
        "list of strings" => value.as_array().is_some_and(|list| list.iter().all(Value::is_string)),
        "object of strings" => value.as_object().is_some_and(|object| object.values().all(Value::is_string)),
        other => panic!("docs/json.md: unknown type {other}"),
    })
}

/// What was printed has the fields of a chapter's table, no other, each of its type.
#[track_caller]
fn is_documented(printed: &str, chapter: &Chapter) {
    let mut found = Vec::new();
    fields(&serde_json::from_str(printed).unwrap(), "", &mut found);
    assert!(!found.is_empty());
    for (path, value) in &found {
        let kind =
            chapter.types.get(path).unwrap_or_else(|| panic!("{path} is in no table: {:?}", chapter.command));
        assert!(fits(value, kind), "{path} is {value}, documented as {kind}");
    }
    for name in chapter.types.keys().filter(|_| !chapter.command.contains(&"process".to_owned())) {
        assert!(found.iter().any(|(path, _)| path == name), "{name} is documented, and not printed");
    }
}

#[test]
fn every_sample_is_what_the_program_prints() {
    let world = world();
    let mut page = page();
    for chapter in chapters() {
        let now = printed(&world, &chapter.command);
        page = page.replace(
            &format!("{}\n{}```", chapter.command.join(" "), chapter.sample),
            &format!("{}\n{now}```", chapter.command.join(" ")),
        );
    }
    if Env::of_this_process().text("AWSENV_REGENERATE").is_some() {
        fs::write(PAGE, &page).unwrap();
    }
    assert_eq!(self::page(), page);
}

#[test]
fn every_field_is_in_its_table_with_its_type() {
    let world = world();
    let chapters = chapters();
    assert_eq!(chapters.len(), 14);
    for chapter in &chapters {
        is_documented(&printed(&world, &chapter.command), chapter);
    }
}

#[test]
fn the_tables_hold_in_other_situations_too() {
    let world = world()
        .file("other/.awsenv", "profile = \"acme-bsae\"\n")
        .file("third/.awsenv", "")
        .env("AWS_PROFILE", "x");
    world.run(["deny", "third"]).any_stderr().success();
    let [status, explain, trust, ..] = &chapters()[..] else { panic!("ten chapters") };
    let states = |directory: &str| {
        let printed = world.run(["status", "--json"]).at(directory).any_stdout().success().stdout;
        is_documented(&printed, status);
        serde_json::from_str::<Value>(&printed).unwrap()["state"].as_str().unwrap().to_owned()
    };
    assert_eq!(
        (states(""), states("other"), states("third")),
        ("none".into(), "not_allowed".into(), "none".into())
    );
    world.allow("other");
    assert_eq!(states("other"), "pinned");
    world.write("other/.awsenv", "");
    assert_eq!(states("other"), "refused");
    let mut shell = world.shell(Kind::Bash);
    shell.cd("acme");
    let loaded = world.run(["status", "--json"]).at("acme").environment(&shell.env).any_stdout().success();
    is_documented(&loaded.stdout, status);
    assert_eq!(loaded.json()["loaded"], true);
    let explained = world.run(["explain", "--json"]).at("acme").any_stdout().success();
    is_documented(&explained.stdout, explain);
    assert_eq!(explained.json()["shadowed_by"], serde_json::json!(["AWS_PROFILE"]));
    let listed = world.run(["trust", "list", "--json"]).any_stdout().success();
    is_documented(&listed.stdout, trust);
    let standings: Vec<_> =
        listed.json().as_array().unwrap().iter().map(|entry| entry["standing"].clone()).collect();
    assert_eq!(standings, ["allowed", "changed", "denied"]);
}
