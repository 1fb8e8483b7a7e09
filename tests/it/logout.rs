//! logout: that sign-in and what stands on it, and no other.

use awsenv_sandbox::Fault;

use crate::cloud::{DEADLINE, exec, operations, places, sessions, within_deadline};
use crate::portal::{CONFIG, OF_ADDRESS, OF_CORP, keep, sandbox, signed_in, token};

const HOUR: i64 = 3600;
/// The AWS CLI's role credentials: of `dev`, of `legacy`, of another session's role, and of AssumeRole.
const OF_DEV: &str = ".aws/cli/cache/DEV.json";

/// The AWS CLI's name of a role's file.
fn role_file(by: &str) -> String {
    use sha1::{Digest, Sha1};
    let text = format!("{{\"accountId\":\"111122223333\",\"roleName\":\"Developer\",{by}}}");
    OF_DEV.replace("DEV", &awsenv::files::hex(&Sha1::digest(text)))
}

#[test]
fn one_sign_in_ends_with_everything_that_stands_on_it_and_others_stay() {
    let sandbox = sandbox();
    let world = signed_in(&sandbox, 8 * HOUR)
        .config(&format!("{CONFIG}\n[profile keys]\naws_access_key_id = A\naws_secret_access_key = s\n"));
    keep(&world, OF_ADDRESS, &sandbox.signed_in(8 * HOUR));
    let (corp, address) = (token(&world, OF_CORP), token(&world, OF_ADDRESS));
    exec(&world, "deploy");
    exec(&world, "legacy");
    let of_corp = role_file("\"sessionName\":\"corp\"");
    let of_address = role_file("\"startUrl\":\"https://acme.awsapps.com/start\"");
    let of_role = ".aws/cli/cache/b02bdd7dd245291a7cd3ee342e096edb75551c36.json";
    for file in [&of_corp, &of_address] {
        world.write(file, r#"{"ProviderType": "sso", "Credentials": {}}"#);
    }
    world.write(of_role, r#"{"Credentials": {}}"#);
    world.run(["logout", "deploy"]).stderr("awsenv: signed out of corp\n").success();
    assert!(!sandbox.takes(corp["accessToken"].as_str().unwrap()));
    assert!(sandbox.takes(address["accessToken"].as_str().unwrap()));
    let there = |file: &str| world.at(file).exists();
    assert_eq!(
        [OF_CORP, &of_corp, OF_ADDRESS, &of_address, of_role].map(there),
        [false, false, true, true, true]
    );
    let left: Vec<_> = sessions(&world).into_iter().map(|(_, session)| session.name).collect();
    assert_eq!(left, ["legacy"]);
    world.run(["logout", "--sso-session", "corp"]).stderr("awsenv: corp was not signed in\n").success();
    world.run(["logout", "--all"]).stderr("awsenv: signed out of 1 portal\n").success();
    assert_eq!([OF_ADDRESS, &of_address, of_role].map(there), [false, false, true]);
    assert!(!sandbox.takes(address["accessToken"].as_str().unwrap()));
    assert_eq!(sessions(&world).len(), 0);
    assert_eq!(operations(&sandbox).iter().filter(|call| *call == "Logout").count(), 2);
    world
        .run(["logout", "keys"])
        .stderr("awsenv: keys has no sign-in to end\nawsenv: hint: `awsenv session clear` forgets sessions of other kinds\n")
        .exits(1);
}

#[test]
fn a_sign_in_that_cannot_be_ended_keeps_no_other() {
    let sandbox = sandbox();
    let world = signed_in(&sandbox, 8 * HOUR);
    exec(&world, "dev");
    keep(&world, OF_ADDRESS, &sandbox.signed_in(8 * HOUR));
    let lock = OF_CORP.rsplit('/').next().unwrap().replace(".json", ".lock");
    std::fs::create_dir_all(places(&world).state.join("sso").join(lock)).unwrap();
    let run = world.run(["logout", "--all"]).any_stderr().exits(1);
    assert!(run.stderr.starts_with("awsenv: cannot lock "), "{}", run.stderr);
    assert_eq!((world.at(OF_ADDRESS).exists(), sessions(&world).len()), (false, 0));
}

#[test]
fn a_lock_that_is_not_to_be_had_keeps_no_session() {
    let sandbox = sandbox();
    let world = signed_in(&sandbox, 8 * HOUR);
    exec(&world, "dev");
    let lock = OF_CORP.rsplit('/').next().unwrap().replace(".json", ".lock");
    let lock = places(&world).state.join("sso").join(lock);
    let _ = std::fs::remove_file(&lock);
    std::fs::create_dir_all(lock).unwrap();
    let run = world.run(["logout", "dev"]).any_stderr().exits(1);
    assert!(run.stderr.starts_with("awsenv: cannot lock "), "{}", run.stderr);
    assert_eq!(sessions(&world).len(), 0);
}

/// A writer that was killed, a file that was cut off, a sign-in from before `sso_cache` was another.
#[test]
fn no_trace_of_a_token_is_left() {
    let sandbox = sandbox();
    let world = signed_in(&sandbox, 8 * HOUR);
    let cache = OF_CORP.rsplit_once('/').unwrap().0;
    let whole = world.read(OF_CORP);
    let orphan = format!("{cache}/{}.json", "a".repeat(40));
    let sealed = places(&world).state.join("sso/sealed").join("b".repeat(40));
    let registration = format!("{cache}/{}.json", "c".repeat(40));
    world.write(
        &registration,
        r#"{"clientId": "c", "clientSecret": "s", "expiresAt": "2027-02-19T23:35:30Z"}"#,
    );
    let others = format!("{cache}/kiro-auth-token.json");
    world.write(&others, &whole);
    let kept = [registration, others];
    world.write(&format!("{OF_CORP}.4711.0a0b0c0d"), &whole);
    let settings = world.read(".config/awsenv/config.toml");
    let world = world.settings(&format!("{settings}sso_cache = \"sealed\"\n"));
    world.run(["logout", "dev"]).stderr("awsenv: signed out of corp\n").success();
    let left = || {
        let mut left: Vec<_> =
            std::fs::read_dir(world.at(cache)).unwrap().map(|entry| entry.unwrap().path()).collect();
        left.sort();
        left
    };
    let expected: Vec<_> = kept.iter().map(|path| world.at(path)).collect();
    assert_eq!(left(), expected);
    world.write(&format!("{orphan}.4711.0a0b0c0d"), &whole);
    world.write(OF_CORP, &whole[..whole.len() - 1]);
    std::fs::create_dir_all(sealed.parent().unwrap()).unwrap();
    std::fs::write(&sealed, "by a key that is gone").unwrap();
    world.run(["logout", "--all"]).stderr("awsenv: signed out of 3 portals\n").success();
    assert_eq!((left(), sealed.exists()), (expected, false));
}

#[test]
fn what_was_on_its_way_at_the_logout_is_not_kept() {
    let sandbox = sandbox();
    let world = signed_in(&sandbox, 8 * HOUR).env("AWS_MAX_ATTEMPTS", "1");
    let gate = sandbox.gate("GetRoleCredentials");
    sandbox.fault("Logout", 1, Fault::Reset);
    let exec = world.run(["exec", "dev", "--", "true"]).start();
    gate.wait_for(1, DEADLINE);
    world.run(["logout", "dev"]).any_stderr().success();
    gate.open();
    within_deadline("exec goes on", move || exec.wait_with_output().unwrap());
    assert_eq!(sessions(&world).len(), 0);
}

#[test]
fn a_portal_that_cannot_be_told_keeps_nobody_signed_in_here() {
    let sandbox = sandbox();
    let world = signed_in(&sandbox, 8 * HOUR).env("AWS_MAX_ATTEMPTS", "1");
    sandbox.fault("Logout", 1, Fault::Reset);
    let run = world.run(["logout", "dev"]).any_stderr().success();
    assert!(run.stderr.starts_with("awsenv: the portal could not be told"), "{}", run.stderr);
    assert!(run.stderr.ends_with("\nawsenv: signed out of corp\n"), "{}", run.stderr);
    assert!(!world.at(OF_CORP).exists());
}
