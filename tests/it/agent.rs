//! deliver = "endpoint": the shell has no keys, and its programs ask an agent that outlives the prompt.

use std::fs;
use std::time::Duration;

use awsenv::clock;
use awsenv_sandbox::{Fault, Portal, Sandbox};
use serde_json::{Value, json};

use crate::cloud::{self, DEADLINE, ONE, operations, sandbox};
use crate::door::{Door, identity};
use crate::pki;
use crate::portal;
use crate::shell::{Kind, Shell};
use crate::world::{World, installed};

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

/// Waits until something is so.
#[track_caller]
fn until(what: &str, is_so: impl Fn() -> bool) {
    let give_up = clock::now().checked_add(DEADLINE).unwrap();
    while !is_so() {
        assert!(clock::now() < give_up, "{what}");
        std::thread::yield_now();
    }
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
        let mut set: Vec<_> = shell
            .env
            .iter()
            .filter_map(|(name, value)| Some((name.to_str()?, value.to_str()?)))
            .filter(|(name, _)| name.starts_with("AWS"))
            .filter(|(name, _)| !["AWSENV_STATE", "AWSENV_EXPIRATION", "AWS_ENDPOINT_URL_STS"].contains(name))
            .collect();
        set.retain(|(name, _)| ![URI, TOKEN].contains(name));
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
fn a_program_goes_on_across_a_new_certificate_and_no_new_identity() {
    if !installed("openssl") {
        return;
    }
    let (world, sandbox) = pki::world();
    let world = Agents(world);
    let file = format!("deliver = \"endpoint\"\n{}", pki::pin("edge.pem", "edge.key"));
    world.write("acme/.awsenv", &file);
    world.allow("acme");
    let mut shell = in_acme(&world);
    let own = door(&shell);
    let first = own.ask().1["AccessKeyId"].clone();
    pki::leaf(&world, "edge", pki::P384, "between", pki::NOW);
    // The old session is good for long, and not this certificate's.
    let second = own.ask().1["AccessKeyId"].clone();
    assert!(second.is_string() && second != first, "{second}");
    let signers: Vec<_> = sandbox.calls().into_iter().map(|call| call.signer.unwrap()).collect();
    assert!(signers.len() == 2 && signers[0] != signers[1], "{signers:?}");
    shell.prompt();
    assert_eq!(door(&shell), own);
    assert_eq!(own.ask().1["AccessKeyId"], second);
    // The same files for something else.
    world.write("acme/.awsenv", &file.replace(":profile/0", ":profile/1"));
    world.allow("acme");
    pki::leaf(&world, "edge", pki::P256, "between", pki::NOW);
    let (status, answer) = own.ask();
    assert!(status != 200 && answer.to_string().contains("has changed"), "{status} {answer}");
    assert_eq!(operations(&sandbox).len(), 2);
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
fn what_ends_soon_is_renewed_before_it_is_given_out() {
    let sandbox = sandbox();
    let world = world(&sandbox);
    let mut shell = in_acme(&world);
    let door = door(&shell);
    let first = door.key();
    cloud::age(&world, minutes(50));
    let gate = sandbox.gate("AssumeRole");
    assert_eq!(door.key(), first, "nobody waits");
    drop(gate);
    let second = door.key_after(&first);
    cloud::age(&world, minutes(56));
    let third = door.key();
    assert_ne!(third, second);
    cloud::age(&world, minutes(70));
    assert_ne!(door.key(), third);
    assert_eq!(operations(&sandbox), ["AssumeRole"; 4]);
    assert_eq!(super::agent::door(shell.prompt()), door, "the shell's own way to it is the same");
}

/// No prompt comes, and no program asks either: it is the agent that sees to what is in use.
#[test]
fn what_a_program_uses_is_renewed_while_nobody_asks() {
    let sandbox = sandbox();
    let world = world(&sandbox);
    door(&in_acme(&world)).key();
    cloud::age(&world, minutes(50));
    sandbox.wait_for("AssumeRole", 2, DEADLINE);
    cloud::renewals_end(&world);
    assert_eq!(cloud::sessions(&world).len(), 1);
    assert_eq!(operations(&sandbox), ["AssumeRole"; 2]);
}

#[test]
fn a_failure_is_told_and_not_tried_again_at_once() {
    let sandbox = sandbox();
    let world = Agents(cloud::pinned(&sandbox, FILE).env("AWS_MAX_ATTEMPTS", "1"));
    let door = door(&in_acme(&world));
    door.key();
    sandbox.fault("AssumeRole", 1, Fault::error(400, "ValidationError"));
    cloud::age(&world, minutes(70));
    let (status, answer) = door.ask();
    let message = answer["Message"].as_str().unwrap();
    assert_eq!((status, &answer["Code"]), (503, &json!("NotRenewed")), "{message}");
    assert!(message.starts_with(&format!("awsenv: cannot assume {ONE}: ")), "{message}");
    assert_eq!(door.ask(), (status, answer));
    assert_eq!(operations(&sandbox).len(), 2);
    cloud::exec(&world, "one");
    door.key();
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
    assert_ne!(super::agent::door(&shell).key(), first);
}

#[test]
fn an_agent_that_was_killed_is_followed_by_another_with_other_tokens() {
    let sandbox = sandbox();
    let world = world(&sandbox);
    let mut shell = in_acme(&world);
    let old = door(&shell);
    signal(&world, "-KILL");
    until("it lives", || status(&world)["running"] == json!(false));
    // Nobody could tell the shell; it looks for itself within a minute, or in a new directory.
    shell.cd("");
    shell.cd("acme");
    let new = door(&shell);
    assert_ne!(new.token, old.token, "whoever has the old port may have the old token");
    new.key();
    assert_eq!(Door { host: new.host, token: old.token }.ask().0, 403);
}

#[track_caller]
fn signal(world: &World, signal: &str) {
    let pid = status(world)["pid"].to_string();
    assert!(std::process::Command::new("kill").args([signal, &pid]).status().unwrap().success());
}

/// As systemd takes a runtime directory away at the last logout.
#[test]
fn an_agent_whose_directory_has_gone_leaves_the_next_one_alone() {
    let sandbox = sandbox();
    let world = world(&sandbox);
    let mut shell = in_acme(&world);
    let (old, first) = (door(&shell), status(&world)["pid"].to_string());
    fs::remove_dir_all(world.runtime().join("awsenv")).unwrap();
    shell.prompt();
    let new = door(&shell);
    assert_ne!(new, old);
    assert!(std::process::Command::new("kill").arg(&first).status().unwrap().success());
    until("it lives", || !fs::exists(format!("/proc/{first}")).unwrap());
    new.key();
    assert_eq!(status(&world)["running"], json!(true));
    shell.prompt();
    assert_eq!(door(&shell), new);
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
    assert_eq!(super::agent::door(&shell), door);
    let first = door.key();
    world.run(["deny"]).at("beta").any_stderr().success();
    cloud::age(&world, minutes(70));
    assert_ne!(door.key(), first, "the one directory is as good as the other");
    world.run(["deny"]).at("acme").any_stderr().success();
    cloud::age(&world, minutes(70));
    assert_eq!(door.ask().0, 403);
}

#[test]
fn one_that_cannot_be_started_takes_nothing_from_directories_that_need_none() {
    let sandbox = sandbox();
    let world = world(&sandbox);
    world.write("beta/.awsenv", "profile = \"one\"\n");
    world.allow("beta");
    let agent = cloud::places(&world).agent();
    fs::create_dir_all(agent.parent().unwrap()).unwrap();
    fs::write(&agent, "").unwrap();
    let (mut shell, mut other) = (world.shell(Kind::Bash), world.shell(Kind::Bash));
    shell.cd("acme");
    assert_eq!(shell.get(URI), None);
    other.cd("beta");
    assert!(other.get("AWS_ACCESS_KEY_ID").is_some(), "{}", other.notice);
    // As soon as it can be, after a pause.
    fs::remove_file(&agent).unwrap();
    fs::remove_dir_all(cloud::places(&world).state.join("failures")).unwrap();
    other.cd("acme");
    door(&other).key();
}

#[test]
fn shells_that_come_while_it_ends_get_the_next_one() {
    let sandbox = sandbox();
    let world = world(&sandbox);
    let world: &World = &world;
    std::thread::scope(|scope| {
        let coming: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    for _ in 0..10 {
                        let mut shell = in_acme(world);
                        // It may end again before the prompt is there; what is no failure is not paused for.
                        while shell.get(URI).is_none() {
                            assert!(shell.notice.ends_with("is still on its way\n"), "{}", shell.notice);
                            shell.prompt();
                        }
                    }
                })
            })
            .collect();
        for _ in 0..10 {
            world.run(["agent", "stop"]).any_stderr().success();
        }
        coming.into_iter().for_each(|coming| coming.join().unwrap());
    });
}

#[test]
fn one_that_hangs_can_be_ended() {
    let sandbox = sandbox();
    let world = world(&sandbox);
    let mut shell = in_acme(&world);
    let old = door(&shell);
    signal(&world, "-STOP");
    world.run(["agent", "stop"]).any_stderr().success();
    assert_eq!(status(&world)["running"], json!(false));
    shell.prompt();
    assert_ne!(door(&shell).token, old.token);
}

#[test]
fn a_session_that_takes_its_time_keeps_nobody_from_another() {
    let sandbox = sandbox();
    let world = world(&sandbox);
    world.write("beta/.awsenv", "profile = \"base\"\ndeliver = \"endpoint\"\n");
    world.allow("beta");
    let (mut shell, mut other) = (world.shell(Kind::Bash), world.shell(Kind::Bash));
    shell.cd("acme");
    other.cd("beta");
    let (slow, quick) = (door(&shell), door(&other));
    quick.key();
    cloud::age(&world, minutes(70));
    let gate = sandbox.gate("AssumeRole");
    std::thread::scope(|scope| {
        let asking: Vec<_> = (0..40).map(|_| scope.spawn(|| slow.key())).collect();
        gate.wait_for(1, DEADLINE);
        quick.key();
        drop(gate);
        let keys: Vec<_> = asking.into_iter().map(|asking| asking.join().unwrap()).collect();
        assert!(keys.iter().all(|key| *key == keys[0]));
    });
    assert_eq!(operations(&sandbox).iter().filter(|call| *call == "AssumeRole").count(), 2);
}

/// The shells are told when there is something new, not each time a program asks.
#[test]
fn a_failure_that_pauses_is_left_in_peace_by_programs_that_ask() {
    let sandbox = sandbox();
    let world = Agents(cloud::pinned(&sandbox, FILE).env("AWS_MAX_ATTEMPTS", "1"));
    let door = door(&in_acme(&world));
    sandbox.fault("AssumeRole", 1, Fault::error(400, "ValidationError"));
    cloud::age(&world, minutes(50));
    let first = door.key();
    sandbox.wait_for("AssumeRole", 2, DEADLINE);
    cloud::renewals_end(&world);
    let token =
        || fs::read_dir(cloud::places(&world).runtime.join("g")).unwrap().next().unwrap().unwrap().path();
    let before = token();
    for _ in 0..10 {
        assert_eq!(door.key(), first);
    }
    cloud::renewals_end(&world);
    assert_eq!(token(), before);
}

#[test]
fn stopped_or_terminated_it_tells_the_shells() {
    let sandbox = sandbox();
    let world = world(&sandbox);
    let mut shell = world.shell(Kind::Zsh);
    shell.cd("acme");
    for by_signal in [false, true] {
        let old = door(&shell);
        shell.settle();
        if by_signal {
            signal(&world, "-TERM");
            until("no shell is told", || !shell.guard());
        } else {
            world
                .run(["agent", "stop"])
                .stderr("awsenv: the agent has ended; a prompt that needs it starts the next one\n")
                .success();
            until("no shell is told", || !shell.guard());
            world.run(["agent", "stop"]).stderr("awsenv: no agent runs\n").success();
        }
        world
            .run(["agent", "status"])
            .stdout("no agent runs; the first directory with deliver = \"endpoint\" starts one\n")
            .success();
        shell.prompt();
        assert_ne!(door(&shell).token, old.token);
    }
    assert_eq!(operations(&sandbox), ["AssumeRole"], "the session outlives the agent");
}

#[test]
fn it_ends_by_itself_when_nobody_is_left() {
    let sandbox = portal::sandbox_with(Portal { role_seconds: 5, ..Portal::default() });
    let world = Agents(
        portal::signed_in(&sandbox, 3600)
            .file(".config/awsenv/config.toml", "agent_idle = \"1s\"\n")
            .file("acme/.awsenv", "profile = \"dev\"\ndeliver = \"endpoint\"\n")
            .allowed("acme"),
    );
    let mut living = std::process::Command::new("sleep").arg("600").spawn().unwrap();
    let mut shell = world.shell(Kind::Bash);
    shell.pid = living.id();
    shell.cd("acme");
    let end = clock::parse(door(&shell).ask().1["Expiration"].as_str().unwrap()).unwrap();
    until("it has not ended", || clock::now() > end.checked_add(Duration::from_secs(2)).unwrap());
    assert_eq!(status(&world)["running"], json!(true), "a shell has it still");
    living.kill().unwrap();
    living.wait().unwrap();
    until("nobody needs it, and it lives", || status(&world)["running"] == json!(false));
    assert!(fs::read_dir(cloud::places(&world).agent().join("grants")).unwrap().next().is_none());
}

#[test]
fn a_hundred_directories_that_come_at_once_start_one_agent() {
    let sandbox = sandbox();
    let world = world(&sandbox);
    cloud::exec(&world, "one");
    let world = &world;
    let doors: Vec<_> = std::thread::scope(|scope| {
        let coming: Vec<_> = (0..100).map(|_| scope.spawn(|| door(&in_acme(world)))).collect();
        coming.into_iter().map(|coming| coming.join().unwrap()).collect()
    });
    assert!(doors.iter().all(|door| *door == doors[0]));
    assert_eq!(operations(&sandbox), ["AssumeRole"]);
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

#[test]
fn where_it_cannot_be_started_there_are_no_credentials_and_it_is_said() {
    let sandbox = sandbox();
    let world = world(&sandbox);
    let agent = cloud::places(&world).agent();
    fs::create_dir_all(agent.parent().unwrap()).unwrap();
    fs::write(&agent, "").unwrap();
    let shell = in_acme(&world);
    assert_eq!((shell.get(URI), shell.get("AWS_ACCESS_KEY_ID")), (None, None));
    assert_eq!(shell.get("AWS_PROFILE"), Some("one: could not be renewed, awsenv tries again"));
    let told = "awsenv: cannot start the agent: cannot use $RUN/awsenv/agent: ";
    assert!(world.shown(&shell.notice).starts_with(told), "{}", shell.notice);
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
