//! The role of the machine or the container that one works on.

use awsenv_sandbox::{Fault, Role, Sandbox, Scenario};

use crate::cloud::{self, ONE, TWO, exec, identity, operations};
use crate::door::Door;
use crate::shell::Kind;
use crate::world::World;

const TOKEN: &str = "planted token/1";

fn sandbox() -> Sandbox {
    let scenario = Scenario::default().role(Role::new(ONE, &[])).role(Role::new(TWO, &[ONE]));
    Sandbox::start(scenario.machine(ONE, Some(TOKEN)))
}

fn world(sandbox: &Sandbox) -> World {
    let config = format!(
        "[profile instance]\ncredential_source = Ec2InstanceMetadata\nregion = eu-west-1\n\
         [profile container]\ncredential_source = EcsContainer\nregion = eu-west-1\n\
         [profile by-instance]\nrole_arn = {TWO}\ncredential_source = Ec2InstanceMetadata\nregion = eu-west-1\n\
         [profile by-container]\nrole_arn = {TWO}\ncredential_source = EcsContainer\nregion = eu-west-1\n"
    );
    cloud::world(sandbox)
        .config(&config)
        .file("token", TOKEN)
        .env("AWS_EC2_METADATA_SERVICE_ENDPOINT", format!("{}/", sandbox.url()))
        .env("AWS_CONTAINER_CREDENTIALS_FULL_URI", format!("{}/container", sandbox.url()))
        .env("AWS_CONTAINER_AUTHORIZATION_TOKEN", TOKEN)
}

const OF_INSTANCE: [&str; 3] = ["MetadataToken", "MetadataRole", "MetadataCredentials"];

#[test]
fn an_instance_gives_its_role_and_roles_are_assumed_with_it() {
    let sandbox = sandbox();
    let world = world(&sandbox);
    let whose = identity(&sandbox, &exec(&world, "instance")).unwrap();
    assert!(whose.ends_with(":assumed-role/One/i-0123456789abcdef0"), "{whose}");
    assert_eq!(operations(&sandbox), OF_INSTANCE);
    // What holds keys passes by no proxy.
    let by_proxy = world.run(["refresh", "instance"]).env("HTTP_PROXY", "http://127.0.0.1:1");
    by_proxy.any_stderr().success();
    assert_eq!(operations(&sandbox)[3..], OF_INSTANCE);
    let whose = identity(&sandbox, &exec(&world, "by-instance")).unwrap();
    assert!(whose.contains(":assumed-role/Two/"), "{whose}");
    assert_eq!(operations(&sandbox)[6..], ["AssumeRole"]);
}

#[test]
fn a_container_gives_its_role_by_the_token_of_the_file_before_the_one_in_the_environment() {
    let sandbox = sandbox();
    let world = world(&sandbox);
    let env = exec(&world, "container");
    assert!(identity(&sandbox, &env).unwrap().ends_with(":assumed-role/One/task"));
    assert_eq!(env.text("AWSENV_ACCOUNT"), Some("111122223333"));
    assert_eq!(env.text("AWS_CONTAINER_CREDENTIALS_FULL_URI"), None, "no two identities in one environment");
    let whose = identity(&sandbox, &exec(&world, "by-container")).unwrap();
    assert!(whose.contains(":assumed-role/Two/"), "{whose}");
    assert_eq!(operations(&sandbox), ["ContainerCredentials", "AssumeRole"]);
    // EKS writes the token to a file, and a new one in time.
    let file = world.at("token");
    let world = world
        .env("AWS_CONTAINER_AUTHORIZATION_TOKEN", "another")
        .env("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", file);
    world.run(["refresh", "container"]).any_stderr().success();
    world.write("token", "another");
    let stderr = world.run(["refresh", "container"]).any_stderr().exits(1).stderr;
    assert!(
        stderr.contains("endpoint answers with HTTP 401: the token is not this container's\n"),
        "{stderr}"
    );
    let relative = world.run(["exec", "container", "--", "true"]);
    let stderr =
        relative.env("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "token").any_stderr().exits(125).stderr;
    assert!(stderr.contains("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE is no whole path\n"), "{stderr}");
}

#[test]
fn a_prompt_has_them_asked_in_the_background_with_the_users_own_variables() {
    for kind in Kind::ALL {
        let sandbox = sandbox();
        let world = world(&sandbox);
        for profile in ["instance", "container"] {
            world.write("acme/.awsenv", &format!("profile = \"{profile}\"\n"));
            world.allow("acme");
            let mut shell = world.shell(kind);
            shell.cd("acme");
            let first = identity(&sandbox, &shell.env);
            assert!(first.is_some(), "{profile}: {:?} {}", shell.aws(), shell.notice);
            assert_eq!(shell.get("AWS_CONTAINER_CREDENTIALS_FULL_URI"), None);
            // The next one is fetched from where they are not any more.
            cloud::age(&world, std::time::Duration::from_secs(50 * 60));
            let before = shell.prompt().get("AWS_ACCESS_KEY_ID").map(str::to_owned);
            cloud::renewals_end(&world);
            shell.prompt();
            assert_ne!(shell.get("AWS_ACCESS_KEY_ID"), before.as_deref());
            assert!(identity(&sandbox, &shell.env).is_some(), "{:?}", shell.aws());
            shell.cd("");
            assert!(shell.get("AWS_CONTAINER_CREDENTIALS_FULL_URI").is_some());
        }
    }
}

#[test]
fn what_awsenv_sets_itself_leads_nobody_astray() {
    let sandbox = sandbox();
    let world = world(&sandbox);
    // No credentials: awsenv's own way to say so is not the user's.
    world.write("acme/.awsenv", "profile = \"instance\"\n");
    world.allow("acme");
    sandbox.fault("MetadataToken", 1, Fault::Html(403));
    let mut shell = world.shell(Kind::Bash);
    shell.cd("acme");
    assert_eq!(shell.get("AWS_EC2_METADATA_DISABLED"), Some("true"));
    world.run(["refresh"]).at("acme").environment(&shell.env).any_stderr().success();
    shell.prompt();
    assert!(identity(&sandbox, &shell.env).is_some(), "{:?}", shell.aws());
    // Its own endpoint is where the credentials of the container's would be.
    world.write("acme/.awsenv", "profile = \"container\"\ndeliver = \"endpoint\"\n");
    world.allow("acme");
    shell.prompt();
    let door = |name| shell.get(name).unwrap().to_owned();
    let (uri, token) =
        (door("AWS_CONTAINER_CREDENTIALS_FULL_URI"), door("AWS_CONTAINER_AUTHORIZATION_TOKEN"));
    assert!(!uri.starts_with(sandbox.url()), "{uri}");
    let served = Door::new(&uri, &token);
    let first = served.key();
    cloud::age(&world, std::time::Duration::from_secs(56 * 60));
    assert_ne!(served.key(), first);
    world.run(["refresh"]).at("acme").environment(&shell.env).any_stderr().success();
    let asked = operations(&sandbox).into_iter().filter(|operation| operation == "ContainerCredentials");
    assert_eq!(asked.count(), 3);
}

#[test]
fn nobody_else_is_asked_where_they_give_nothing() {
    let sandbox = sandbox();
    let world = world(&sandbox);
    let refused = |profile: &str, what: &str| {
        let run = world.run(["exec", profile, "--", "echo", "ran"]).env("AWSENV_LOG", "trace").any_stderr();
        let stderr = run.exits(125).stderr;
        assert!(stderr.contains(&format!("awsenv: {what}\n")), "{stderr}");
        assert!(!stderr.contains("planted"), "{stderr}");
    };
    let (imds, container) = ("the instance metadata service", "the container credentials endpoint");
    // The first version of the service would answer without a token: it is not asked.
    for status in [403, 404, 405] {
        sandbox.fault("MetadataToken", 1, Fault::Html(status));
        refused("instance", &format!("{imds} gives no token of its second version (HTTP {status})"));
    }
    assert_eq!(operations(&sandbox), ["MetadataToken"; 3]);
    sandbox.fault("MetadataRole", 1, Fault::error(404, "NotFound"));
    refused("instance", "cannot use instance: this instance has no role");
    sandbox.fault("MetadataCredentials", 1, Fault::Missing("SecretAccessKey".into()));
    refused("instance", &format!("the answer to the request to {imds} lacks its secret access key"));
    sandbox.fault("MetadataCredentials", 1, Fault::Malformed);
    refused("instance", &format!("{imds} answers with something other than credentials"));
    sandbox.fault("ContainerCredentials", 1, Fault::Missing("Expiration".into()));
    refused("container", &format!("the answer to the request to {container} lacks its expiration"));
    sandbox.fault("ContainerCredentials", 1, Fault::Html(403));
    refused("container", &format!("{container} answers with HTTP 403"));
    sandbox.fault("ContainerCredentials", 3, Fault::Reset);
    let stderr = world.run(["exec", "container", "--", "true"]).any_stderr().exits(125).stderr;
    assert!(stderr.contains(&format!("awsenv: {container} cannot be reached: Connection reset")), "{stderr}");
    let open = world.run(["exec", "container", "--", "true"]);
    let open = open.env("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://[::1/planted");
    let stderr = open.any_stderr().exits(125).stderr;
    assert!(stderr.starts_with(&format!("awsenv: {container} cannot be asked: ")), "{stderr}");
    assert!(!stderr.contains("planted"), "{stderr}");
}

/// The AWS SDKs use them on, while the service has no new ones; here, what has ended is not given out.
#[test]
fn what_has_ended_is_given_to_nobody() {
    let sandbox = sandbox();
    let world = world(&sandbox);
    sandbox.clock().set_offset(-2 * 3600);
    for profile in ["instance", "container"] {
        let stderr = world.run(["exec", profile, "--", "true"]).any_stderr().exits(125).stderr;
        assert!(stderr.contains(" gives credentials that have ended\n"), "{stderr}");
    }
}

#[test]
fn what_is_busy_is_asked_again() {
    let sandbox = sandbox();
    let world = world(&sandbox);
    sandbox.fault("MetadataCredentials", 2, Fault::Html(503));
    sandbox.fault("ContainerCredentials", 1, Fault::Reset);
    assert!(identity(&sandbox, &exec(&world, "instance")).is_some());
    assert!(identity(&sandbox, &exec(&world, "container")).is_some());
}

#[test]
fn what_the_environment_says_wrong_is_said_before_any_question() {
    let sandbox = sandbox();
    let full = "AWS_CONTAINER_CREDENTIALS_FULL_URI";
    let from_far =
        "over http, only loopback, 169.254.170.2, 169.254.170.23 and [fd00:ec2::23] give credentials";
    for (profile, name, value, what) in [
        (
            "instance",
            "AWS_EC2_METADATA_DISABLED",
            "TRUE",
            "AWS_EC2_METADATA_DISABLED is true in the environment",
        ),
        (
            "instance",
            "AWS_EC2_METADATA_SERVICE_ENDPOINT",
            "169.254.169.254",
            "the endpoint of the metadata service is no http URL",
        ),
        ("container", full, "http://169.254.171.23/creds", &format!("{full} in the environment: {from_far}")),
        ("container", full, "ftp://127.0.0.1/", &format!("{full} in the environment: no http URL")),
        (
            "container",
            "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
            "v2/x",
            "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI in the environment does not begin with /",
        ),
    ] {
        let world = world(&sandbox).env(name, value);
        let stderr = world.run(["exec", profile, "--", "true"]).any_stderr().exits(125).stderr;
        assert!(stderr.contains(&format!(": credential_source: {what}\n")), "{stderr}");
    }
    let world = world(&sandbox).env("AWS_CONTAINER_AUTHORIZATION_TOKEN", "a\r\nX-Evil: 1");
    let stderr = world.run(["exec", "container", "--", "true"]).any_stderr().exits(125).stderr;
    assert!(
        stderr.contains("AWS_CONTAINER_AUTHORIZATION_TOKEN: a token is one line of plain letters"),
        "{stderr}"
    );
    assert_eq!(operations(&sandbox), [""; 0]);
}
