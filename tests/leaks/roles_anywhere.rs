//! A certificate whose key is encrypted, with all logging on: the key, its password and the sessions that it gets are
//! the secrets of the run.

use std::process::Command;

use awsenv_sandbox::{Anchor, AnywhereProfile, Fault, Role, Sandbox, Scenario};

use crate::search::Search;
use crate::shells::{self, SHELLS};
use crate::tour::PLANTED;
use crate::world::{ALL, SLIP, World};

const VECTORS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/roles_anywhere");
const ROLE: &str = "arn:aws:iam::111122223333:role/Edge";

fn arn(what: &str) -> String {
    format!("arn:aws:rolesanywhere:us-east-1:111122223333:{what}/0")
}

fn vector(file: &str) -> String {
    std::fs::read_to_string(format!("{VECTORS}/{file}")).unwrap()
}

#[test]
fn nobody_who_signs_with_a_certificate_shows_keeps_or_passes_on_a_secret() {
    let world = World::new();
    let roles =
        AnywhereProfile { arn: arn("profile"), roles: vec![ROLE.into()], accepts_session_name: false };
    let aws = Sandbox::start(
        Scenario::default()
            .anchor(Anchor { arn: arn("trust-anchor"), certificate: vector("root.pem") })
            .anywhere_profile(roles)
            .role(Role::new(ROLE, &["rolesanywhere.amazonaws.com"])),
    );
    world.write("pki/edge.pem", vector("p256-cert.pem") + &vector("intermediate.pem"));
    let key = world.path("pki/edge.key").display().to_string();
    let encrypt =
        ["pkcs8", "-topk8", "-in", "p256-key-pkcs8.pem", "-passout", &format!("pass:{SLIP}"), "-out", &key];
    assert!(Command::new("openssl").args(encrypt).current_dir(VECTORS).status().unwrap().success());
    let profile = format!(
        "[profile edge]\nregion = us-east-1\ncredential_process = /opt/aws_signing_helper credential-process \
         --trust-anchor-arn {} --profile-arn {} --role-arn {ROLE} --certificate {} --private-key {key}",
        arn("trust-anchor"),
        arn("profile"),
        world.path("pki/edge.pem").display()
    );
    world.aws_files(&format!("{profile} --pkcs8-password {SLIP}"), "");
    world.write("config/awsenv/config.toml", "wait = \"30s\"\n");
    world.write("work/acme/.awsenv", "profile = \"edge\"\n");
    let mut env = world.env();
    for service in ["STS", "ROLESANYWHERE"] {
        env.insert(format!("AWS_ENDPOINT_URL_{service}"), aws.url().into());
    }
    env.insert("AWS_MAX_ATTEMPTS".into(), "1".into());
    let mut evidence = Vec::new();
    let mut say = |command: &str| {
        let words: Vec<_> = command.split(' ').collect();
        evidence.extend(world.awsenv("work/acme", &words, &env).evidence());
    };
    for command in [
        "allow",
        "status",
        "exec -- true",
        "login",
        "explain --json",
        "status --json",
        "session list",
        "logout",
    ] {
        say(command);
    }
    for fault in [
        Fault::Malformed,
        Fault::Missing("secretAccessKey".into()),
        Fault::Html(200),
        Fault::error(403, "AccessDeniedException"),
    ] {
        aws.fault("CreateSession", 1, fault);
        say("refresh");
    }
    say("session clear");
    world.aws_files(&format!("{profile} --pkcs8-password not-{SLIP}"), "");
    say("exec -- true");
    world.aws_files(&format!("{profile} --debug --pkcs8-password {SLIP}"), "");
    say("explain --json");
    world.aws_files(&format!("{profile} --role-arn {SLIP} --pkcs8-password {SLIP}"), "");
    say("explain --json");
    world.aws_files(&format!("{profile} --pkcs8-password {SLIP}"), "");
    for shell in SHELLS {
        evidence.extend(shells::session(&world, &env, shell, "edge", "ASIA"));
    }
    evidence.extend(world.files(&PLANTED));
    // Behind what all keys of the kind begin with.
    let base64: String =
        vector("p256-key-pkcs8.pem").lines().filter(|line| !line.starts_with("--")).collect();
    let issued: Vec<_> = aws.calls().into_iter().filter_map(|call| call.issued).collect();
    let sessions: Vec<_> = issued.iter().flat_map(|id| aws.secrets(id)).collect();
    let sessions = sessions.iter().map(|secret| secret.trim_start_matches("IQoJb3JpZ2luX2Vj"));
    let secrets: Vec<_> = sessions.chain([&base64[50..88]]).chain(ALL).collect();
    let leaks = Search::of(&secrets).leaks(&evidence);
    assert!(leaks.is_empty(), "secrets were found:\n{}", leaks.join("\n"));
    let shown =
        |what: &str| evidence.iter().any(|evidence| String::from_utf8_lossy(&evidence.bytes).contains(what));
    for what in
        ["CreateSession in us-east-1 at 127.0.0.1:", "does not open it", "edge is good for", "HTTP 201"]
    {
        assert!(shown(what), "{what}");
    }
}
