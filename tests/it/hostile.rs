//! Directories that somebody has prepared: what lies there is no file, is too large, is not mine, is swapped while one
//! looks, or would steer the terminal.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::os::unix::net::UnixListener;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};

use awsenv_sandbox::Fault;

use crate::cloud;
use crate::run::PROGRAM;
use crate::shell::Kind;
use crate::world::World;

#[test]
fn what_is_no_file_is_not_opened() {
    let world = World::with_profiles();
    for directory in ["pipe", "socket", "directory", "device", "nowhere", "circle"] {
        fs::create_dir_all(world.at(directory)).unwrap();
    }
    let file = |directory: &str| world.at(directory).join(".awsenv");
    assert!(Command::new("mkfifo").arg(file("pipe")).status().unwrap().success());
    let _listener = UnixListener::bind(file("socket")).unwrap();
    fs::create_dir(file("directory")).unwrap();
    symlink("/dev/zero", file("device")).unwrap();
    symlink("gone", file("nowhere")).unwrap();
    symlink(".awsenv", file("circle")).unwrap();
    for directory in ["pipe", "socket", "directory", "device", "nowhere", "circle"] {
        for kind in Kind::ALL {
            let mut shell = world.shell(kind);
            let before = shell.evaluate(b"");
            shell.arrive(directory);
            assert_eq!(shell.get("AWSENV_PROFILE"), None, "{directory}");
            assert_eq!(
                shell.aws().len(),
                before.iter().filter(|(name, _)| name.to_str().is_some_and(ours)).count()
            );
        }
        let run = world.run(["allow"]).at(directory).any_stderr().exits(1);
        assert!(run.stderr.starts_with("awsenv: "), "{directory}: {}", run.stderr);
    }
}

fn ours(name: &str) -> bool {
    name.starts_with("AWS") && !["AWS_ENDPOINT_URL_STS", "AWS_MAX_ATTEMPTS"].contains(&name)
}

#[test]
fn ten_megabytes_are_not_read() {
    let world = World::with_profiles();
    let large = format!("profile = \"dev\"\n{}", "# much\n".repeat(1_500_000));
    world.write("acme/.awsenv", &large);
    let run = world.run(["allow"]).at("acme").any_stderr().exits(1);
    assert!(run.stderr.contains("acme/.awsenv") && run.stderr.len() < 500, "{}", run.stderr);
    assert_eq!(world.shell(Kind::Bash).cd("acme").get("AWSENV_PROFILE"), None);
    // Not by growing after it was allowed either.
    world.write("acme/.awsenv", "profile = \"dev\"\n");
    world.allow("acme");
    world.write("acme/.awsenv", &large);
    let mut shell = world.shell(Kind::Bash);
    shell.cd("acme");
    assert!(shell.get("AWS_PROFILE").is_some_and(|sentence| sentence.contains(": ")), "{:?}", shell.aws());
    assert_eq!(shell.get("AWS_ACCESS_KEY_ID"), None);
}

/// Only root can give a file away.
#[test]
fn a_file_of_somebody_else_is_not_believed() {
    let world = World::with_pin();
    if chown(world.at("acme/.awsenv"), Some(65_534), Some(65_534)).is_err() {
        return;
    }
    let run = world.run(["exec", "--", "true"]).at("acme").any_stderr().exits(4);
    assert!(run.stderr.contains("belongs to another user"), "{}", run.stderr);
    let mut shell = world.shell(Kind::Bash);
    shell.cd("acme");
    assert_eq!(shell.get("AWS_ACCESS_KEY_ID"), None);
}

/// Somebody who may write the directory can put another file there; not one that counts.
#[test]
fn in_a_directory_that_anybody_may_write_another_file_does_not_count() {
    let world = World::with_pin();
    fs::set_permissions(world.at("acme"), fs::Permissions::from_mode(0o777)).unwrap();
    world.run(["exec", "--", "true"]).at("acme").success();
    fs::rename(world.at("acme/.awsenv"), world.at("acme/old")).unwrap();
    world.write("acme/.awsenv", "profile = \"prod\"\n");
    world.run(["exec", "--", "true"]).at("acme").any_stderr().exits(4);
}

#[test]
fn as_deep_as_a_path_can_be() {
    let world = World::with_pin();
    let deep = format!("acme/{}", "d/".repeat(1_500));
    fs::create_dir_all(world.at(&deep)).unwrap();
    let mut shell = world.shell(Kind::Bash);
    shell.cd(deep.trim_end_matches('/'));
    assert_eq!(shell.get("AWSENV_PROFILE"), Some("dev"));
    shell.cd("");
    assert_eq!(shell.get("AWSENV_PROFILE"), None);
    // The end of the world would open them all at once, and what is open is the whole process's.
    assert!(world.command("rm").args(["-r", "acme"]).status().unwrap().success());
}

/// Puts one file and the other in its place, again and again, until it is dropped.
struct Swapping<'s>(&'s AtomicBool);

impl Drop for Swapping<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// Acts while `.awsenv` in `acme` becomes each of these in turn, by rename as editors and attackers do: sixty times, and
/// for as long as it has come out in one way only.
fn while_swapping(world: &World, files: [&str; 2], act: impl Fn() -> bool) {
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let target = world.at("acme/.awsenv");
            while !over.load(Ordering::SeqCst) {
                for file in files {
                    let link = world.at("acme/next");
                    let _ = fs::remove_file(&link);
                    fs::hard_link(world.at(file), &link).unwrap();
                    fs::rename(&link, &target).unwrap();
                    std::thread::yield_now();
                }
            }
        });
        let _end = Swapping(&over);
        let mut seen = [0, 0];
        while seen.iter().sum::<usize>() < 60 || seen.contains(&0) {
            seen[usize::from(act())] += 1;
            assert!(seen.iter().sum::<usize>() < 2_000, "it was never swapped: {seen:?}");
        }
    });
}

#[test]
fn what_is_swapped_while_it_is_allowed_is_not_allowed() {
    let world = World::with_profiles()
        .file("acme/good", "profile = \"dev\"\n")
        .file("acme/bad", "profile = \"prod\"\n")
        .file("acme/.awsenv", "");
    // Whoever looks at the one and reads the other would take it.
    fs::set_permissions(world.at("acme/bad"), fs::Permissions::from_mode(0o666)).unwrap();
    while_swapping(&world, ["acme/good", "acme/bad"], || {
        let mut allow = world.command(PROGRAM);
        let allow = allow.arg("allow").current_dir(world.at("acme")).stderr(Stdio::null());
        allow.status().unwrap().success()
    });
    // Not copied: it is the very same file.
    fs::remove_file(world.at("acme/.awsenv")).unwrap();
    world.write("acme/.awsenv", &world.read("acme/bad"));
    assert_eq!(world.read("acme/.awsenv"), "profile = \"prod\"\n");
    world.run(["exec", "--", "true"]).at("acme").any_stderr().exits(4);
}

#[test]
fn what_is_swapped_while_it_is_used_is_the_one_that_was_allowed_or_none() {
    let world = World::with_profiles()
        .file("acme/.awsenv", "profile = \"dev\"\n")
        .allowed("acme")
        .file("acme/good", "profile = \"dev\"\n")
        .file("acme/bad", "profile = \"prod\"\n");
    while_swapping(&world, ["acme/good", "acme/bad"], || {
        let mut exec = world.command(PROGRAM);
        let exec = exec.args(["exec", "--", "printenv", "AWS_ACCESS_KEY_ID"]).current_dir(world.at("acme"));
        let output = exec.output().unwrap();
        match (output.status.code(), String::from_utf8_lossy(&output.stdout).trim_end()) {
            (Some(0), "AKIADEV") => true,
            (Some(4), "") => false,
            other => panic!("{other:?}: {}", String::from_utf8_lossy(&output.stderr)),
        }
    });
}

/// In every string that can be shown: of directories, files, profiles, and of AWS.
#[test]
fn nothing_that_is_shown_steers_the_terminal() {
    const STEERS: &str = "\u{1b}]0;owned\u{7}\u{9b}31m\r";
    let sandbox = cloud::sandbox();
    let directory = format!("a{STEERS}b");
    let world = cloud::world(&sandbox);
    let config = world.read(".aws/config")
        + "[profile odd]\nregion = eu-west-1\nrole_arn = arn:aws:iam::111122223333:role/\u{1b}[31mX\nsource_profile = base\n";
    let world = world.config(&config);
    world.write(&format!("{directory}/.awsenv"), "profile = \"one\"\n[stage.prod]\nprofile = \"two\"\n");
    world.allow(&directory);
    let message = format!("denied{STEERS}");
    sandbox.fault(
        "AssumeRole",
        usize::MAX,
        Fault::Error { status: 403, code: "AccessDenied".into(), message },
    );
    let odd = format!("odd{STEERS}");
    let commands: [&[&str]; 14] = [
        &["status"],
        &["explain"],
        &["explain", "odd"],
        &["explain", &odd],
        &["exec", "--", "true"],
        &["exec", &odd, "--", "true"],
        &["exec", "--stage", &odd, "--", "true"],
        &["use", &odd],
        &["refresh"],
        &["deny"],
        &["allow"],
        &["trust", "list"],
        &["login", &odd],
        &[&odd],
    ];
    for arguments in commands {
        let mut run = world.command(PROGRAM);
        let run = run.args(arguments).current_dir(world.at(&directory)).stdin(Stdio::null());
        let output = run.env("PWD", world.at(&directory)).output().unwrap();
        let shown = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        assert!(!shown.chars().any(|c| c.is_control() && c != '\n'), "{arguments:?}: {shown:?}");
        assert!(!shown.is_empty() || output.status.success(), "{arguments:?}");
    }
}
