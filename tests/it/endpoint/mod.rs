//! exec --endpoint: no keys in the command's environment, but a place on loopback that always has good ones.

use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::ops::Deref;
use std::process::{Child, ChildStdin, Stdio};
use std::time::Duration;

use awsenv::clock;
use awsenv_sandbox::{Fault, Portal, Role, Sandbox, Scenario};
use serde_json::json;

use crate::cloud::{self, CONFIG, DEADLINE, ONE, operations, sandbox};
use crate::door::{Door, identity};
use crate::pki;
use crate::portal;
use crate::run::{PROGRAM, Run};
use crate::world::{World, installed};

mod life;

/// A command that lives until its input ends, and what it was told.
pub(crate) struct Served {
    command: Child,
    input: Option<ChildStdin>,
    door: Door,
}

impl Deref for Served {
    type Target = Door;

    fn deref(&self) -> &Door {
        &self.door
    }
}

impl Served {
    fn start<const N: usize>(world: &World, arguments: [&str; N]) -> Self {
        Self::of(
            arguments.into_iter().fold(world.run(["exec", "--endpoint"]), |run, argument| run.arg(argument)),
        )
    }

    /// Of `exec --endpoint`, as far as it is written.
    pub(crate) fn of(run: Run<'_>) -> Self {
        let script =
            "echo $AWS_CONTAINER_CREDENTIALS_FULL_URI; echo $AWS_CONTAINER_AUTHORIZATION_TOKEN; exec cat";
        let mut command = run.arg("--").arg("sh").arg("-c").arg(script).command();
        let mut command = command.stderr(Stdio::inherit()).spawn().unwrap();
        let mut told = BufReader::new(command.stdout.take().unwrap()).lines().map(Result::unwrap);
        let door = Door::new(&told.next().unwrap(), &told.next().unwrap());
        Self { input: command.stdin.take(), command, door }
    }

    /// Ends the command; the endpoint follows it.
    pub(crate) fn end(mut self) {
        drop(self.input.take());
        assert!(self.command.wait().unwrap().success());
        let give_up = clock::now().checked_add(DEADLINE).unwrap();
        while TcpStream::connect(&self.host).is_ok() {
            assert!(clock::now() < give_up, "the endpoint outlives its command");
        }
    }
}

fn minutes(minutes: u64) -> Duration {
    Duration::from_secs(minutes * 60)
}

#[test]
fn the_command_gets_no_keys_and_its_clients_do() {
    let sandbox = sandbox();
    let world = cloud::world(&sandbox).env("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "/theirs");
    let env = world.run(["exec", "one", "--endpoint", "--", "env"]).any_stdout().success().variables();
    let mut told: Vec<_> = env
        .iter()
        .filter_map(|(name, value)| Some((name.to_str()?, value.to_str()?)))
        .filter(|(name, _)| name.starts_with("AWS"))
        .collect();
    let secret = |name: &str| told.iter().find(|(own, _)| *own == name).unwrap().1.to_owned();
    let (uri, token) =
        (secret("AWS_CONTAINER_CREDENTIALS_FULL_URI"), secret("AWS_CONTAINER_AUTHORIZATION_TOKEN"));
    assert!(uri.starts_with("http://127.0.0.1:"), "{uri}");
    assert!(token.len() == 64 && token.bytes().all(|byte| byte.is_ascii_hexdigit()), "{token}");
    told.retain(|(name, _)| !name.starts_with("AWS_CONTAINER_") && *name != "AWS_ENDPOINT_URL_STS");
    let expected = [
        ("AWSENV_ACCOUNT", "111122223333"),
        ("AWSENV_DISABLE", "1"),
        ("AWSENV_PROFILE", "one"),
        ("AWS_DEFAULT_REGION", "eu-west-1"),
        // Where the endpoint gives nothing, nobody goes on to the machine's own role.
        ("AWS_EC2_METADATA_DISABLED", "true"),
        ("AWS_REGION", "eu-west-1"),
    ];
    assert_eq!(told, expected);

    let served = Served::start(&world, ["one"]);
    let (status, answer) = served.ask();
    assert_eq!((status, &answer["AccountId"]), (200, &json!("111122223333")));
    let whose = identity(&sandbox, &answer).unwrap();
    assert!(whose.starts_with("arn:aws:sts::111122223333:assumed-role/One/me@"), "{whose}");
    assert!(clock::parse(answer["Expiration"].as_str().unwrap()).unwrap() > clock::now());
    assert_ne!(served.token, token, "each has its own");
    assert_eq!(operations(&sandbox), ["AssumeRole"], "the session is shared with all");
    served.end();
}

#[test]
fn whoever_has_no_token_or_means_another_host_is_refused() {
    let sandbox = sandbox();
    let world = cloud::world(&sandbox);
    let (served, other) = (Served::start(&world, ["one"]), Served::start(&world, ["one"]));
    let Door { host, token } = &served.door;
    let port = host.rsplit(':').next().unwrap();
    let own = format!("Host: {host}\r\nAuthorization: {token}");
    for (status, head) in [
        (200, format!("GET /credentials HTTP/1.1\r\n{own}")),
        (403, format!("GET /credentials HTTP/1.1\r\nHost: {host}")),
        (403, format!("GET /credentials HTTP/1.1\r\nHost: {host}\r\nAuthorization: {}", other.token)),
        (403, format!("GET /credentials HTTP/1.1\r\nHost: localhost:{port}\r\nAuthorization: {token}")),
        (403, format!("GET /credentials HTTP/1.1\r\nHost: evil.example:{port}\r\nAuthorization: {token}")),
        (
            403,
            format!("GET http://{host}/credentials HTTP/1.1\r\nHost: evil.example\r\nAuthorization: {token}"),
        ),
        (403, format!("GET /credentials HTTP/1.1\r\nAuthorization: {token}")),
        (403, format!("OPTIONS /credentials HTTP/1.1\r\nHost: {host}\r\nOrigin: http://evil.example")),
        (405, format!("POST /credentials HTTP/1.1\r\n{own}\r\nContent-Length: 0")),
        (404, format!("GET / HTTP/1.1\r\n{own}")),
        // Not understood, or too long: no answer at all.
        (0, "nonsense".to_owned()),
        (0, format!("GET /credentials HTTP/1.1\r\n{own}\r\nHost: {host}")),
    ] {
        let (got, body) = served.send(&head);
        assert_eq!(got, status, "{head}: {body}");
        assert_eq!(body.contains("SecretAccessKey"), status == 200, "{head}: {body}");
        assert!(
            body.is_empty() || status == 200 || body.starts_with("{\"Code\":\"AccessDenied\","),
            "{body}"
        );
    }
    served.end();
    other.end();
}

#[test]
fn whatever_a_profile_begins_with_is_served_and_renewed() {
    let role = Role { web_identity: Some("a.web.token".into()), ..Role::new(ONE, &[]) };
    let sandbox = Sandbox::start(Scenario::default().role(role).machine(ONE, Some("token")));
    let world = World::new().file("token", "a.web.token");
    let config = format!(
        "[profile web]\nrole_arn = {ONE}\nweb_identity_token_file = {}\n\
         [profile instance]\ncredential_source = Ec2InstanceMetadata\n\
         [profile container]\ncredential_source = EcsContainer\n\
         [profile process]\ncredential_process = {PROGRAM} credentials web --format process\n",
        world.at("token").display()
    );
    let world = world
        .config(&config)
        .env("AWS_ENDPOINT_URL_STS", sandbox.url())
        .env("AWS_EC2_METADATA_SERVICE_ENDPOINT", sandbox.url())
        .env("AWS_CONTAINER_CREDENTIALS_FULL_URI", format!("{}/container", sandbox.url()))
        .env("AWS_CONTAINER_AUTHORIZATION_TOKEN", "token");
    for profile in ["web", "instance", "container", "process"] {
        let served = Served::start(&world, [profile]);
        let first = served.key();
        cloud::age(&world, minutes(56));
        let (status, answer) = served.ask();
        assert_eq!(status, 200, "{profile}: {answer}");
        assert_ne!(answer["AccessKeyId"], json!(first), "{profile}");
        let whose = identity(&sandbox, &answer).unwrap();
        assert!(whose.contains(":assumed-role/One/"), "{profile}: {whose}");
        served.end();
    }
}

#[test]
fn what_ends_soon_is_renewed_before_it_is_given_out() {
    let sandbox = sandbox();
    let world = cloud::world(&sandbox);
    let served = Served::start(&world, ["one"]);
    let first = served.key();
    // Ten minutes are left: good enough to go on with, and time for the next one.
    let gate = sandbox.gate("AssumeRole");
    cloud::age(&world, minutes(50));
    assert_eq!(served.key(), first, "nobody waits");
    drop(gate);
    let second = served.key_after(&first);
    // Four minutes are left: too few.
    cloud::age(&world, minutes(56));
    let third = served.key();
    assert!(third != second);
    cloud::age(&world, minutes(70));
    let fourth = served.key();
    assert!(fourth != third);
    assert_eq!(operations(&sandbox), ["AssumeRole"; 4]);
    served.end();
}

#[test]
fn a_command_goes_on_across_a_new_certificate() {
    if !installed("openssl") {
        return;
    }
    let (world, sandbox) = pki::world();
    world.write(
        ".aws/config",
        &format!("[profile edge]\n{}", pki::helper(&world, "edge.pem", "edge.key", "")),
    );
    let served = Served::start(&world, ["edge"]);
    let first = served.key();
    pki::leaf(&world, "edge", pki::P384, "between", pki::NOW);
    // The old session is good for long, and not this certificate's.
    let second = served.key();
    assert!(second != first);
    // The new one is kept under its own name.
    let got = world.run(["exec", "edge", "--", "env"]).any_stdout().success().variables();
    assert_eq!(got.text("AWS_ACCESS_KEY_ID"), Some(second.as_str()));
    let signers: Vec<_> = sandbox.calls().into_iter().map(|call| call.signer.unwrap()).collect();
    assert!(signers.len() == 2 && signers[0] != signers[1], "{signers:?}");
    served.end();
}

#[test]
fn many_that_ask_at_once_make_one_call() {
    let sandbox = sandbox();
    let world = cloud::world(&sandbox);
    let served = Served::start(&world, ["one"]);
    cloud::age(&world, minutes(70));
    let gate = sandbox.gate("AssumeRole");
    let keys: Vec<_> = std::thread::scope(|scope| {
        let asking: Vec<_> = (0..40).map(|_| scope.spawn(|| served.key())).collect();
        gate.wait_for(1, DEADLINE);
        drop(gate);
        asking.into_iter().map(|asking| asking.join().unwrap()).collect()
    });
    assert!(keys.iter().all(|key| *key == keys[0]));
    assert_eq!(operations(&sandbox), ["AssumeRole"; 2]);
    served.end();
}

#[test]
fn a_failure_is_told_and_not_tried_again_at_once() {
    let sandbox = sandbox();
    let world = cloud::world(&sandbox).env("AWS_MAX_ATTEMPTS", "1");
    let served = Served::start(&world, ["one"]);
    let first = served.key();
    sandbox.fault("AssumeRole", 1, Fault::error(400, "ValidationError"));
    cloud::age(&world, minutes(50));
    assert_eq!(served.key(), first);
    sandbox.wait_for("AssumeRole", 2, DEADLINE);
    cloud::renewals_end(&world);
    cloud::pauses_end(&world, &cloud::in_an_hour());
    // It serves on while it is good, and nobody asks AWS meanwhile.
    assert_eq!(served.key(), first);
    cloud::age(&world, minutes(6));
    let (status, answer) = served.ask();
    let message = answer["Message"].as_str().unwrap();
    assert_eq!((status, &answer["Code"]), (503, &json!("NotRenewed")), "{message}");
    assert!(message.starts_with(&format!("awsenv: cannot assume {ONE}: ")), "{message}");
    assert_eq!(served.ask(), (status, answer));
    assert_eq!(operations(&sandbox).len(), 2);
    // A person's command does not wait for the pause to end, and what it gets serves all.
    cloud::exec(&world, "one");
    assert_ne!(served.key(), first);
    served.end();
}

#[test]
fn after_a_sign_out_nothing_is_given_out_until_the_next_sign_in() {
    let sandbox = portal::sandbox();
    let world = portal::signed_in(&sandbox, 3600);
    let served = Served::start(&world, ["dev"]);
    served.key();
    world.run(["logout", "dev"]).any_stderr().success();
    let (status, answer) = served.ask();
    assert_eq!((status, &answer["Code"]), (403, &json!("PersonNeeded")), "{answer}");
    let message = answer["Message"].as_str().unwrap();
    assert!(message.ends_with("(run `awsenv login dev`)"), "{message}");
    assert_eq!(served.ask().0, 403);
    portal::keep(&world, portal::OF_CORP, &sandbox.signed_in(3600));
    served.key();
    served.end();
}

#[test]
fn it_stays_with_the_identity_that_it_began_with() {
    let sandbox = sandbox();
    let world = cloud::pinned(&sandbox, "profile = \"one\"\n");
    let served = Served::start(&world, ["one"]);
    world.write(
        ".aws/config",
        &CONFIG.replace(
            "[profile one]\nregion = eu-west-1\nrole_arn = arn:aws:iam::111122223333:role/One",
            "[profile one]\naws_access_key_id = AKIAYOU\naws_secret_access_key = you/secret\n#",
        ),
    );
    cloud::age(&world, minutes(70));
    let (status, answer) = served.ask();
    assert_eq!(status, 200, "{answer}");
    let whose = identity(&sandbox, &answer).unwrap();
    assert!(whose.contains(":assumed-role/One/"), "{whose}");
    served.end();
}

#[test]
fn keys_without_an_end_are_lent_for_an_hour() {
    let world = World::with_profiles();
    let served = Served::start(&world, ["dev"]);
    let (status, mut answer) = served.ask();
    let until = clock::parse(answer["Expiration"].take().as_str().unwrap()).unwrap();
    let left = until.duration_since(clock::now()).as_secs();
    assert!((3500..=3600).contains(&left), "{left}");
    let expected = json!({
        "AccessKeyId": "AKIADEV", "SecretAccessKey": "dev/secret", "Token": "", "Expiration": null,
        "AccountId": "111122223333",
    });
    assert_eq!((status, answer), (200, expected));
    served.end();
}

#[test]
fn what_clients_would_take_before_an_endpoint_is_refused() {
    let world = World::with_profiles()
        .file(".aws/credentials", "[default]\naws_access_key_id = AKIADEFAULT\naws_secret_access_key = s\n");
    world
        .run(["exec", "dev", "--endpoint", "--", "echo", "ran"])
        .stderr(
            "awsenv: AWS clients would take the profile default before an endpoint: it has aws_access_key_id \
             ($HOME/.aws/credentials:2)\n\
             awsenv: hint: give that profile another name, or leave out --endpoint\n",
        )
        .exits(125);
    world.write(".aws/credentials", "[default]\nregion = eu-west-1\n");
    world.run(["exec", "dev", "--endpoint", "--", "echo", "ran"]).stdout("ran\n").success();
}

/// botocore reads what its forerunner and the first EC2 tools left behind, and that before an endpoint.
#[test]
fn old_places_for_keys_do_not_come_before_an_endpoint() {
    let keys = "[Credentials]\naws_access_key_id = AKIABOTO\naws_secret_access_key = s\n";
    let world = || World::with_profiles().file(".boto", keys).file("other.cfg", "[Boto]\n");
    let ran = ["exec", "dev", "--endpoint", "--", "echo", "ran"];
    world()
        .run(ran)
        .stderr(
            "awsenv: boto3 would take the keys in ~/.boto before an endpoint\n\
             awsenv: hint: take its [Credentials] out, or leave out --endpoint\n",
        )
        .exits(125);
    let other = world();
    let path = other.at("other.cfg");
    other.env("BOTO_CONFIG", path).run(ran).stdout("ran\n").success();
    let world = World::with_profiles().env("AWS_CREDENTIAL_FILE", "/theirs");
    let env = world.run(["exec", "dev", "--endpoint", "--", "env"]).any_stdout().success().variables();
    assert!(env.iter().all(|(name, _)| name != "AWS_CREDENTIAL_FILE"));
}

/// With sessions of twenty seconds: boto3 asks before each call, and no call is ever made with what has ended.
#[test]
fn boto3_goes_on_across_the_end_of_sessions() {
    let sandbox = portal::sandbox_with(Portal { role_seconds: 20, ..Portal::default() });
    let world = portal::signed_in(&sandbox, 3600);
    let script = "\
import boto3
sts = boto3.client('sts')
keys = set()
while len(keys) < 2:
    sts.get_caller_identity()
    keys.add(sts._request_signer._credentials.access_key)
print(len(keys))
";
    let python = portal::python(&world, script);
    let run = world.run(["exec", "dev", "--endpoint", "--"]).arg(python.get_program());
    let run = python.get_args().fold(run, |run, argument| run.arg(argument));
    run.stdout("2\n").success();
    let refused: Vec<_> = sandbox.calls().into_iter().filter(|call| call.status != 200).collect();
    assert!(refused.is_empty(), "{refused:?}");
}
