//! deliver = "endpoint": the shell has no keys, and its programs ask an agent that outlives the prompt.

use std::time::Duration;

use awsenv_sandbox::Sandbox;
use serde_json::{Value, json};

use crate::cloud::{self, operations, sandbox};
use crate::door::{Door, identity};
use crate::shell::{Kind, Shell};
use crate::world::World;

mod life;
mod refused;
mod renewal;

const FILE: &str = "profile = \"one\"\ndeliver = \"endpoint\"\n";
const URI: &str = "AWS_CONTAINER_CREDENTIALS_FULL_URI";
const TOKEN: &str = "AWS_CONTAINER_AUTHORIZATION_TOKEN";

/// A world whose agents end with it.
struct Agents(World);

impl Drop for Agents {
    fn drop(&mut self) {
        let _ = self.0.command(crate::run::PROGRAM).args(["agent", "stop"]).output();
    }
}

impl std::ops::Deref for Agents {
    type Target = World;

    fn deref(&self) -> &World {
        &self.0
    }
}

fn world(sandbox: &Sandbox) -> Agents {
    Agents(cloud::pinned(sandbox, FILE))
}

/// A bash that has come to `acme`.
#[track_caller]
fn in_acme(world: &World) -> Shell<'_> {
    let mut shell = world.shell(Kind::Bash);
    shell.cd("acme");
    shell
}

/// What a shell tells its programs.
#[track_caller]
fn door(shell: &Shell<'_>) -> Door {
    Door::new(shell.get(URI).unwrap_or_else(|| panic!("{}", shell.notice)), shell.get(TOKEN).unwrap())
}

fn minutes(minutes: u64) -> Duration {
    Duration::from_secs(minutes * 60)
}

#[track_caller]
fn status(world: &World) -> Value {
    serde_json::from_str(&world.run(["agent", "status", "--json"]).any_stdout().success().stdout).unwrap()
}

#[test]
fn a_shell_has_no_keys_and_its_programs_get_them() {
    let sandbox = sandbox();
    for kind in Kind::ALL {
        let world = world(&sandbox);
        let mut shell = world.shell(kind);
        shell.env.set("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/theirs");
        shell.env.set("AWS_CREDENTIAL_FILE", "/theirs");
        shell.cd("acme");
        let mut set = shell.aws();
        set.retain(|(name, _)| !["AWSENV_EXPIRATION", URI, TOKEN].contains(name));
        let expected = [
            ("AWSENV_ACCOUNT", "111122223333"),
            ("AWSENV_PROFILE", "one"),
            ("AWS_DEFAULT_REGION", "eu-west-1"),
            ("AWS_EC2_METADATA_DISABLED", "true"),
            ("AWS_REGION", "eu-west-1"),
        ];
        assert_eq!(set, expected, "{kind:?} {}", shell.notice);
        let (status, answer) = door(&shell).ask();
        assert_eq!((status, &answer["AccountId"]), (200, &json!("111122223333")));
        let whose = identity(&sandbox, &answer).unwrap();
        assert!(whose.starts_with("arn:aws:sts::111122223333:assumed-role/One/me@"), "{whose}");
        shell.settle();
        shell.cd("");
        assert_eq!((shell.get(URI), shell.get(TOKEN)), (None, None));
        assert_eq!(shell.get("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"), Some("/theirs"));
        assert_eq!(shell.get("AWS_CREDENTIAL_FILE"), Some("/theirs"));
    }
    assert_eq!(operations(&sandbox), ["AssumeRole"; 3]);
}

#[test]
fn all_shells_of_a_session_share_one_agent_and_one_token() {
    let sandbox = sandbox();
    let world = world(&sandbox);
    world.write("beta/.awsenv", "profile = \"two\"\ndeliver = \"endpoint\"\n");
    world.allow("beta");
    let (mut one, mut again, mut two) =
        (world.shell(Kind::Bash), world.shell(Kind::Zsh), world.shell(Kind::Fish));
    one.pid = std::process::id();
    one.cd("acme");
    again.cd("acme");
    two.cd("beta");
    let (own, other) = (door(&one), door(&two));
    assert_eq!(door(&again), own);
    assert_eq!(own.host, other.host);
    assert_ne!(own.token, other.token);
    let whose = |door: &Door| identity(&sandbox, &door.ask().1).unwrap();
    assert!(whose(&own).contains(":assumed-role/One/"));
    assert!(whose(&other).contains(":assumed-role/Two/"), "each token opens its own session");
    let told = status(&world);
    assert_eq!((&told["running"], &told["address"]), (&json!(true), &json!(own.host)));
    // The pid of the others is nobody's.
    assert_eq!((&told["shells"], told["sessions"].as_array().unwrap().len()), (&json!(1), 2), "{told}");
    let session = &told["sessions"][0];
    assert_eq!((&session["name"], &session["directory"]), (&json!("one"), &json!("$HOME/acme")));
    assert!(session["asked"].is_string() && session["expiration"].is_string(), "{told}");
    assert!(!told.to_string().contains(&own.token));
}

#[test]
fn keys_in_a_file_and_keys_in_the_environment_are_lent_too() {
    let sandbox = sandbox();
    let config = "[profile env]\nregion = eu-west-1\nrole_arn = arn:aws:iam::111122223333:role/One\n\
                  credential_source = Environment\n";
    let world = Agents(
        cloud::pinned(&sandbox, "profile = \"base\"\ndeliver = \"endpoint\"\n")
            .file("beta/.awsenv", "profile = \"env\"\ndeliver = \"endpoint\"\n")
            .allowed("beta"),
    );
    world.write(".aws/config", &(world.read(".aws/config") + config));
    let mut shell = in_acme(&world);
    assert_eq!((shell.get("AWS_ACCESS_KEY_ID"), door(&shell).key()), (None, "AKIAME".into()));
    shell.cd("");
    shell.env.set("AWS_ACCESS_KEY_ID", "AKIAME");
    shell.env.set("AWS_SECRET_ACCESS_KEY", "me/secret");
    shell.cd("beta");
    let door = door(&shell);
    let first = door.key();
    cloud::age(&world, minutes(70));
    assert_ne!(door.key(), first, "with the keys of the shell that had them");
}
