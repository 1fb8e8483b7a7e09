//! Whom an agent gives nothing, and what lies about of its secrets: nothing.

use std::fs;

use serde_json::json;

use super::{Agents, FILE, URI, door, in_acme, minutes, status, world};
use crate::cloud::{self, operations, sandbox};
use crate::door::Door;
use crate::portal;
use crate::shell::Kind;

#[test]
fn whoever_has_no_token_is_refused() {
    let sandbox = sandbox();
    let world = world(&sandbox);
    let Door { host, token } = door(&in_acme(&world));
    let of = |token: &str| Door { host: host.clone(), token: token.to_owned() };
    for token in ["", &"0".repeat(64), &token[1..], &format!("Bearer {token}")] {
        let (status, answer) = of(token).ask();
        assert_eq!((status, &answer["Code"]), (403, &json!("AccessDenied")), "{token}");
    }
    let (status, _) = of(&token)
        .send(&format!("GET /credentials HTTP/1.1\r\nHost: evil.example\r\nAuthorization: {token}"));
    assert_eq!(status, 403);
}

#[test]
fn a_sign_out_revokes_the_token_for_good() {
    let sandbox = portal::sandbox();
    let world = Agents(
        portal::signed_in(&sandbox, 3600)
            .file("acme/.awsenv", "profile = \"dev\"\ndeliver = \"endpoint\"\n")
            .allowed("acme"),
    );
    let mut shell = in_acme(&world);
    let old = door(&shell);
    old.key();
    world.run(["logout", "dev"]).any_stderr().success();
    assert_eq!(old.ask().0, 403);
    portal::keep(&world, portal::OF_CORP, &sandbox.signed_in(3600));
    assert_eq!(old.ask().0, 403, "the next sign-in is another one's");
    shell.prompt();
    let new = door(&shell);
    assert_ne!(new.token, old.token);
    new.key();
    world.run(["logout", "--all"]).any_stderr().success();
    assert_eq!(new.ask().0, 403);
}

#[test]
fn a_file_that_has_changed_gives_no_new_session() {
    let sandbox = sandbox();
    let world = world(&sandbox);
    let mut shell = in_acme(&world);
    let door = door(&shell);
    let first = door.key();
    world.write("acme/.awsenv", &format!("{FILE}# changed\n"));
    shell.prompt();
    assert_eq!(shell.get(URI), None, "fail closed");
    assert_eq!(door.key(), first, "a program that began with it goes on");
    cloud::age(&world, minutes(70));
    let (status, answer) = door.ask();
    assert_eq!(status, 403, "{answer}");
    let message = world.shown(answer["Message"].as_str().unwrap());
    assert!(message.starts_with("awsenv: ~/acme/.awsenv has changed since it was allowed"), "{message}");
    assert_eq!(operations(&sandbox), ["AssumeRole"]);
    world.allow("acme");
    shell.prompt();
    assert_ne!(super::door(&shell).key(), first);
}

#[test]
fn one_directorys_mistake_is_no_others() {
    let sandbox = sandbox();
    let world = Agents(
        cloud::pinned(&sandbox, "profile = \"base\"\naccount = \"999988887777\"\ndeliver = \"endpoint\"\n")
            .file("beta/.awsenv", "profile = \"base\"\ndeliver = \"endpoint\"\n")
            .allowed("beta"),
    );
    let mut shell = in_acme(&world);
    assert_eq!(shell.get(URI), None);
    let mut other = world.shell(Kind::Bash);
    other.cd("beta");
    assert_eq!(door(&other).key(), "AKIAME");
    world.write("acme/.awsenv", "profile = \"base\"\naccount = \"111122223333\"\ndeliver = \"endpoint\"\n");
    world.allow("acme");
    shell.prompt();
    assert_eq!(door(&shell).key(), "AKIAME");
    assert_ne!(door(&shell).token, door(&other).token, "one is held to an account, the other is not");
}

#[test]
fn a_directory_that_is_allowed_no_more_stands_in_no_others_way() {
    let sandbox = sandbox();
    let world = world(&sandbox);
    world.write("beta/.awsenv", FILE);
    world.allow("beta");
    let (mut shell, mut other) = (world.shell(Kind::Bash), world.shell(Kind::Bash));
    shell.cd("acme");
    other.cd("beta");
    let door = door(&other);
    assert_eq!(super::door(&shell), door);
    let first = door.key();
    world.run(["deny"]).at("beta").any_stderr().success();
    cloud::age(&world, minutes(70));
    assert_ne!(door.key(), first, "the one directory is as good as the other");
    world.run(["deny"]).at("acme").any_stderr().success();
    cloud::age(&world, minutes(70));
    assert_eq!(door.ask().0, 403);
}

#[test]
fn what_clients_would_take_before_it_is_refused_and_seen_later() {
    let sandbox = sandbox();
    let world = world(&sandbox);
    let mut shell = in_acme(&world);
    door(&shell);
    let config = world.read(".aws/config");
    world.write(
        ".aws/config",
        &format!("{config}[default]\naws_access_key_id = AKIAX\naws_secret_access_key = s\n"),
    );
    shell.prompt();
    assert_eq!(shell.get(URI), None);
    assert!(shell.notice.contains("would take the profile default before an endpoint"), "{}", shell.notice);
    world.write(".aws/config", &config);
    shell.prompt();
    door(&shell);
    shell.settle();
    world.write(".boto", "[Credentials]\naws_access_key_id = AKIABOTO\n");
    assert!(!shell.guard());
    shell.prompt();
    assert!(
        shell.notice.contains("boto3 would take the keys in ~/.boto before an endpoint"),
        "{}",
        shell.notice
    );
}

/// The token is a secret like any other; the environment that the agent renews with holds some, too.
#[test]
fn nothing_of_it_lies_about() {
    let sandbox = sandbox();
    let world = world(&sandbox);
    let mut shell = world.shell(Kind::Bash);
    shell.env.set("PLANTED", "planted-in-the-environment");
    shell.cd("acme");
    let Door { token, .. } = door(&shell);
    let pid = status(&world)["pid"].to_string();
    for file in ["environ", "cmdline"] {
        // Root may read it, nobody else may.
        let told = fs::read(format!("/proc/{pid}/{file}")).unwrap_or_default();
        let told = String::from_utf8_lossy(&told);
        assert!(!told.contains("planted") && !told.contains(&token), "{file}: {told}");
    }
    let mut files = vec![world.home(), world.runtime()];
    while let Some(path) = files.pop() {
        if path.is_dir() {
            files.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else if let Ok(bytes) = fs::read(&path) {
            let text = String::from_utf8_lossy(&bytes);
            assert!(!text.contains(&token), "{}", path.display());
        }
    }
}

/// The one uid that may ask is ours; that of another is refused by the directory alone.
#[cfg(target_os = "linux")]
#[test]
fn the_control_socket_is_in_a_directory_of_ones_own() {
    use std::os::unix::fs::MetadataExt;
    let sandbox = sandbox();
    let world = world(&sandbox);
    world.shell(Kind::Bash).cd("acme");
    let agent = cloud::places(&world).agent();
    assert_eq!(fs::metadata(&agent).unwrap().mode() & 0o777, 0o700);
    assert!(agent.join("control").exists());
}
