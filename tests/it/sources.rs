//! Every source by every way to a program: whose keys arrive. docs/sources.md is this table.
//! `AWSENV_REGENERATE=1 cargo test --test it sources` writes it anew.

use std::fs;
use std::process::Command;

use awsenv::env::Env;
use awsenv_sandbox::{Role, Sandbox, Scenario};
use serde_json::Value;

use crate::cloud::{self, ME, ONE};
use crate::console;
use crate::door::{self, Door};
use crate::endpoint::Served;
use crate::pki;
use crate::portal;
use crate::run::PROGRAM;
use crate::shell::Kind;
use crate::web_console;
use crate::world::{World, installed};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/sources.md");

/// A source, who one is by it, and what an `.awsenv` says of it.
pub(crate) struct Source {
    pub(crate) name: &'static str,
    pub(crate) file: String,
    pub(crate) whose: &'static str,
    pub(crate) world: World,
    pub(crate) sandbox: Sandbox,
}

/// A way to a program, and whose keys one has by it.
type Way = (&'static str, fn(&Source) -> Option<String>);

const WAYS: [Way; 5] = [
    ("the hook", |source| in_a_shell(source, "env", |source, env| cloud::identity(&source.sandbox, env))),
    ("`deliver = \"profile\"`", |source| in_a_shell(source, "profile", by_profile)),
    ("`deliver = \"endpoint\"`", |source| in_a_shell(source, "endpoint", by_endpoint)),
    ("`exec`", |source| {
        let env = source.world.run(["exec", "--", "env"]).at("acme").any_stdout().success().variables();
        cloud::identity(&source.sandbox, &env)
    }),
    ("`exec --endpoint`", |source| {
        let served = Served::of(source.world.run(["exec", "--endpoint"]).at("acme"));
        let seen = door::identity(&source.sandbox, &served.ask().1);
        served.end();
        seen
    }),
];

/// Whose console one lands in, and how it is written: a user's keys sign in as the federated user that AWS makes of them.
fn console_of(source: &Source) -> &'static str {
    source.world.write("acme/.awsenv", &source.file);
    source.world.allow("acme");
    let url = source.sandbox.url();
    let run = source.world.run(["console", "--print"]).at("acme").env("AWSENV_FEDERATION_URL", url);
    if source.whose == console::ME && source.name == "`aws login`" {
        let refused = run.any_stderr().exits(1).stderr;
        assert!(refused.contains("a session of a user's own"), "{refused}");
        return " no ² |";
    }
    let address = run.any_stdout().success().stdout;
    let whose = web_console::landed(address.trim_end(), &source.sandbox);
    if source.whose == ME {
        assert_eq!(whose, "arn:aws:sts::111122223333:federated-user/me", "{}", source.name);
        return " yes ¹ |";
    }
    assert!(whose.starts_with(source.whose), "{}: {whose}", source.name);
    " yes |"
}

fn in_a_shell(
    source: &Source,
    deliver: &str,
    look: impl Fn(&Source, &Env) -> Option<String>,
) -> Option<String> {
    source.world.write("acme/.awsenv", &format!("deliver = \"{deliver}\"\n{}", source.file));
    source.world.allow("acme");
    let mut shell = source.world.shell(Kind::Bash);
    shell.cd("acme");
    let seen = look(source, &shell.env);
    assert!(seen.is_some(), "{}, {deliver}: {}", source.name, shell.notice);
    seen
}

fn by_profile(source: &Source, env: &Env) -> Option<String> {
    let profile = env.text("AWS_PROFILE")?;
    let config = source.world.read(".aws/config");
    let (_, section) = config.split_once(&format!("[profile {profile}]\n"))?;
    let process = section.lines().next()?.strip_prefix("credential_process = ")?;
    let mut sh = source.world.command("sh");
    let output = sh.args(["-c", process]).env_clear().envs(env.iter()).output().unwrap();
    let answer: Value = serde_json::from_slice(&output.stdout).ok()?;
    let text = |name: &str| answer[name].as_str();
    source.sandbox.verify(text("AccessKeyId")?, text("SecretAccessKey")?, text("SessionToken"))
}

fn by_endpoint(source: &Source, env: &Env) -> Option<String> {
    let uri = env.text("AWS_CONTAINER_CREDENTIALS_FULL_URI")?;
    let door = Door::new(uri, env.text("AWS_CONTAINER_AUTHORIZATION_TOKEN")?);
    door::identity(&source.sandbox, &door.ask().1)
}

fn of_profile(profile: &str) -> String {
    format!("profile = \"{profile}\"\n")
}

/// An AWS where the user of [`cloud`] lives.
fn of_cloud(
    name: &'static str,
    profile: &str,
    whose: &'static str,
    prepare: impl Fn(World) -> World,
) -> Source {
    let sandbox = cloud::sandbox();
    let world = prepare(cloud::world(&sandbox));
    Source { name, file: of_profile(profile), whose, world, sandbox }
}

fn with_config(world: World, more: &str) -> World {
    let config = world.read(".aws/config") + more;
    world.config(&config)
}

pub(crate) fn sources() -> Vec<Source> {
    let one = "arn:aws:sts::111122223333:assumed-role/One/";
    let mut sources = vec![
        of_cloud("keys in a file", "base", ME, |world| world),
        of_cloud("keys in the environment", "own", one, |world| {
            let own = format!(
                "[profile own]\nregion = eu-west-1\nrole_arn = {ONE}\ncredential_source = Environment\n"
            );
            with_config(world, &own)
                .env("AWS_ACCESS_KEY_ID", "AKIAME")
                .env("AWS_SECRET_ACCESS_KEY", "me/secret")
        }),
        of_cloud("keys in the keychain", "ci", ME, |world| {
            let world = world
                .settings("passphrase_command = \"echo correct horse\"\n")
                .env("AWSENV_KEYCHAIN", "file");
            let keys = r#"{"AccessKeyId": "AKIAME", "SecretAccessKey": "me/secret"}"#;
            world.run(["key", "add", "ci", "--stdin"]).stdin(keys).any_stderr().success();
            world
        }),
        of_cloud("a chain of roles", "two", "arn:aws:sts::222222222222:assumed-role/Two/", |world| world),
        of_cloud("`credential_process`", "p", ME, |world| {
            let answer = r#"{"Version":1,"AccessKeyId":"AKIAME","SecretAccessKey":"me/secret"}"#;
            world.program("vend", &format!("#!/bin/sh\necho '{answer}'\n"));
            let vend = world.at("vend").display().to_string();
            with_config(world, &format!("[profile p]\nregion = eu-west-1\ncredential_process = {vend}\n"))
        }),
    ];
    let sandbox = portal::sandbox();
    let world = portal::signed_in(&sandbox, 3600);
    let developer = "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Developer_";
    sources.push(Source {
        name: "IAM Identity Center",
        file: of_profile("dev"),
        whose: developer,
        world,
        sandbox,
    });
    let sandbox = console::sandbox();
    let world = console::signed_in(&sandbox, 15 * 60);
    sources.push(Source { name: "`aws login`", file: of_profile("me"), whose: console::ME, world, sandbox });

    let token = "eyJhbGciOi.a.token";
    let web = Role { web_identity: Some(token.into()), ..Role::new(ONE, &[]) };
    let sandbox = Sandbox::start(Scenario::default().role(web));
    let world = cloud::world(&sandbox).file("token", token);
    let path = world.at("token").display().to_string();
    let config =
        format!("[profile web]\nregion = eu-west-1\nrole_arn = {ONE}\nweb_identity_token_file = {path}\n");
    let (file, world) = (of_profile("web"), world.config(&config));
    sources.push(Source { name: "a web identity", file, whose: one, world, sandbox });

    for (name, source) in [("a container", "EcsContainer"), ("an EC2 instance", "Ec2InstanceMetadata")] {
        let sandbox = Sandbox::start(Scenario::default().role(Role::new(ONE, &[])).machine(ONE, Some(token)));
        let config = format!("[profile here]\nregion = eu-west-1\ncredential_source = {source}\n");
        let world = cloud::world(&sandbox)
            .config(&config)
            .env("AWS_EC2_METADATA_SERVICE_ENDPOINT", format!("{}/", sandbox.url()))
            .env("AWS_CONTAINER_CREDENTIALS_FULL_URI", format!("{}/container", sandbox.url()))
            .env("AWS_CONTAINER_AUTHORIZATION_TOKEN", token);
        sources.push(Source { name, file: of_profile("here"), whose: one, world, sandbox });
    }
    if installed("openssl") {
        let (world, sandbox) = pki::world();
        let (file, whose) =
            (pki::pin("edge.pem", "edge.key"), "arn:aws:sts::111122223333:assumed-role/Edge/");
        sources.push(Source { name: "IAM Roles Anywhere", file, whose, world, sandbox });
    }
    sources
}

#[test]
fn each_source_arrives_by_each_way_as_the_one_that_it_is() {
    let mut table = format!("| source | {} | `console` |\n|---|", WAYS.map(|(name, _)| name).join(" | "));
    table += &"---|".repeat(WAYS.len() + 1);
    table.push('\n');
    for source in sources() {
        source.world.write("acme/.awsenv", &source.file);
        source.world.allow("acme");
        table += &format!("| {} |", source.name);
        for (way, seen) in WAYS {
            let whose = seen(&source).unwrap_or_else(|| panic!("{}, {way}: nobody", source.name));
            assert!(whose.starts_with(source.whose), "{}, {way}: {whose}", source.name);
            table += " yes |";
        }
        table += console_of(&source);
        table.push('\n');
        let _ = Command::new(PROGRAM)
            .args(["agent", "stop"])
            .env_clear()
            .envs(source.world.variables().iter())
            .output();
    }
    let page = fs::read_to_string(PAGE).unwrap();
    let (before, rest) = page.split_once("<!-- table -->\n").unwrap();
    let (written, after) = rest.split_once("<!-- end -->").unwrap();
    if Env::of_this_process().text("AWSENV_REGENERATE").is_some() {
        fs::write(PAGE, format!("{before}<!-- table -->\n{table}<!-- end -->{after}")).unwrap();
    } else if installed("openssl") {
        assert_eq!(written, table);
    }
}
