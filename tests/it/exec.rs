//! exec: whose credentials, which exit code, and exactly which environment the command gets.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

use crate::run::{PROGRAM, Run, code};
use crate::shell::Kind;
use crate::world::{CONFIG, World};

const NO_DEFAULT: &str = "\
awsenv: cannot use profile default: there is no profile default in $HOME/.aws/config or $HOME/.aws/credentials
";

/// The key id that a command gets.
fn key(run: Run<'_>) -> String {
    let output =
        run.arg("--").arg("sh").arg("-c").arg("printf %s \"$AWS_ACCESS_KEY_ID\"").any_stdout().success();
    output.stdout
}

#[test]
fn a_profile_is_named_in_one_of_two_ways() {
    let world = World::with_profiles();
    assert_eq!(key(world.run(["exec", "prod"])), "AKIAPROD");
    assert_eq!(key(world.run(["exec", "--profile", "prod"])), "AKIAPROD");
    let usage = "\
error: the argument '[PROFILE]' cannot be used with '--profile <PROFILE>'

Usage: awsenv exec <PROFILE> -- <CMD>...

For more information, try '--help'.
";
    world.run(["exec", "prod", "--profile", "prod", "--", "echo", "ran"]).stderr(usage).exits(2);
}

#[test]
fn a_command_stands_after_two_dashes_and_nowhere_else() {
    let world = World::with_pin();
    world.run(["exec", "dev", "echo", "ran"]).any_stderr().exits(2);
    world.run(["exec", "dev", "echo", "--", "ran"]).any_stderr().exits(2);
    // Options after the dashes are the command's.
    world.run(["exec", "dev", "--", "echo", "--profile", "x"]).stdout("--profile x\n").success();
}

#[test]
fn without_a_name_the_directory_decides_then_aws_profile_then_default() {
    let world = World::with_pin()
        .config(&format!("{CONFIG}[default]\naws_access_key_id = AKIADEFAULT\naws_secret_access_key = s\n"));
    assert_eq!(key(world.run(["exec"]).at("acme")), "AKIADEV");
    assert_eq!(key(world.run(["exec"]).at("acme").env("AWS_PROFILE", "prod")), "AKIADEV");
    assert_eq!(key(world.run(["exec"]).env("AWS_PROFILE", "prod")), "AKIAPROD");
    assert_eq!(key(world.run(["exec", "default"])), "AKIADEFAULT");
    assert_eq!(key(world.run(["exec"])), "AKIADEFAULT", "as every AWS client");
    assert_eq!(key(world.run(["exec"]).env("AWS_PROFILE", "")), "AKIADEFAULT");
    let none = World::with_profiles();
    none.run(["exec", "--", "echo", "ran"]).stderr(NO_DEFAULT).exits(125);
    // Whoever the environment says one is, `default` would be somebody else.
    world
        .run(["exec", "--", "echo", "ran"])
        .env("AWS_ACCESS_KEY_ID", "AKIAMINE")
        .stderr(
            "awsenv: no profile: no .awsenv names one here, and AWS_ACCESS_KEY_ID already says who you are\n\
             awsenv: hint: name one: --profile NAME\n",
        )
        .exits(2);
}

#[test]
fn a_name_wins_over_the_directory_whatever_the_directory_says() {
    let world = World::with_pin();
    assert_eq!(key(world.run(["exec", "prod"]).at("acme")), "AKIAPROD");
    world.write("acme/.awsenv", "changed = 1\n");
    assert_eq!(key(world.run(["exec", "prod"]).at("acme")), "AKIAPROD");
}

#[test]
fn a_file_that_is_not_allowed_keeps_aws_profile_from_counting() {
    let world = World::with_pin().file("new/.awsenv", "profile = \"dev\"\n").env("AWS_PROFILE", "prod");
    world
        .run(["exec", "--", "echo", "ran"])
        .at("new")
        .stderr("awsenv: ~/new/.awsenv is not allowed\nawsenv: hint: look at it, then run `awsenv allow`\n")
        .exits(4);
    world.write("acme/.awsenv", "profile = \"prod\"\n");
    world
        .run(["exec", "--", "echo", "ran"])
        .at("acme")
        .stderr(
            "awsenv: ~/acme/.awsenv has changed since it was allowed\n\
             awsenv: hint: look at it, then run `awsenv allow`\n",
        )
        .exits(4);
}

#[test]
fn our_own_failures_are_125_126_and_127() {
    let world = World::with_profiles();
    world
        .run(["exec", "nobody", "--", "echo", "ran"])
        .stderr(
            "awsenv: cannot use profile nobody: there is no profile nobody in $HOME/.aws/config or \
             $HOME/.aws/credentials\n",
        )
        .exits(125);
    // As `aws configure set … --profile 'my dev'` writes it.
    let quoted = World::new().config("[profile 'my dev']\nregion = eu-west-1\n");
    quoted
        .run(["exec", "my dev", "--", "echo", "ran"])
        .stderr(
            "awsenv: cannot use profile my dev: $HOME/.aws/config:1: awsenv and most AWS SDKs take no profile by \
             the name my dev\n\
             awsenv: hint: rename it: a name is letters, digits or any of _-/.%@:+\n",
        )
        .exits(125);
    world.write("plain", "#!/bin/sh\n");
    world
        .run(["exec", "dev", "--"])
        .arg(world.at("plain"))
        .stderr("awsenv: cannot run $HOME/plain: Permission denied (os error 13)\n")
        .exits(126);
    // A directory of PATH that is closed to us does not change what is nowhere.
    let closed = world.at("closed");
    fs::create_dir(&closed).unwrap();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o000)).unwrap();
    let path = format!("{}:{}", closed.display(), world.variables().text("PATH").unwrap());
    world
        .run(["exec", "dev", "--", "no-such-command"])
        .env("PATH", path)
        .stderr("awsenv: cannot run no-such-command: No such file or directory (os error 2)\n")
        .exits(127);
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o700)).unwrap();
}

#[test]
fn the_commands_own_end_is_passed_on() {
    let world = World::with_profiles();
    for (script, status) in
        [("exit 0", 0), ("exit 42", 42), ("exit 255", 255), ("kill -TERM $$", 143), ("kill -KILL $$", 137)]
    {
        world.run(["exec", "dev", "--", "sh", "-c", script]).exits(status);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_closed_pipe_ends_the_command_unless_the_caller_ignores_that() {
    let world = World::with_profiles();
    for (caller, expected) in [("trap '' PIPE; ", "alive\n"), ("", "")] {
        let mut shell = world.command("sh");
        shell.arg("-c").arg(format!("{caller}exec \"$0\" exec dev -- sh -c 'kill -PIPE $$; echo alive'"));
        let output = shell.arg(PROGRAM).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stdout), expected);
        assert_eq!(code(output.status), if expected.is_empty() { 141 } else { 0 });
    }
}

#[test]
fn a_signal_reaches_the_command_itself() {
    let world = World::with_profiles();
    let script = "trap 'echo caught; exit 3' TERM; echo ready; while :; do sleep 0.05; done";
    let mut command = world.run(["exec", "dev", "--", "sh", "-c", script]).command();
    let mut child = command.stdin(Stdio::null()).spawn().unwrap();
    let mut stdout = std::io::BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    std::io::BufRead::read_line(&mut stdout, &mut line).unwrap();
    assert_eq!(line, "ready\n");
    let pid = child.id().to_string();
    assert!(std::process::Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    let mut rest = String::new();
    std::io::Read::read_to_string(&mut stdout, &mut rest).unwrap();
    assert_eq!((code(child.wait().unwrap()), rest.as_str()), (3, "caught\n"));
}

#[test]
fn the_environment_is_the_users_own_with_the_credentials_over_it() {
    let world = World::with_profiles()
        .env("EDITOR", "vi")
        .env("AWS_PAGER", "")
        .env("AWS_PROFILE", "prod")
        .env("AWS_DEFAULT_PROFILE", "prod")
        .env("AWS_ACCESS_KEY_ID", "AKIAMINE")
        .env("AWS_SECRET_ACCESS_KEY", "mine")
        .env("AWS_SESSION_TOKEN", "mine")
        .env("AWS_SECURITY_TOKEN", "mine")
        .env("AWS_CREDENTIAL_EXPIRATION", "2026-01-01T00:00:00Z")
        .env("AWS_SESSION_EXPIRATION", "2026-01-01T00:00:00Z")
        .env("AWS_WEB_IDENTITY_TOKEN_FILE", "/token")
        .env("AWS_ROLE_ARN", "arn:aws:iam::111122223333:role/Mine")
        .env("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1/")
        .env("AWS_CONTAINER_AUTHORIZATION_TOKEN", "mine")
        .env("AWSENV_MFA_CODE", "123456")
        .env("AWSENV_STATE", "1:on:{}");
    let got = world.run(["exec", "dev", "--", "env"]).any_stdout().success().variables();
    let mut wanted: Vec<(String, String)> = [
        "HOME",
        "PATH",
        "LC_ALL",
        "XDG_CONFIG_HOME",
        "XDG_DATA_HOME",
        "XDG_STATE_HOME",
        "XDG_RUNTIME_DIR",
        "TMPDIR",
    ]
    .map(|name| (name.to_owned(), world.shown(world.variables().text(name).unwrap())))
    .into();
    for (name, value) in [
        ("PWD", "$HOME"),
        ("EDITOR", "vi"),
        ("AWS_PAGER", ""),
        ("AWS_ACCESS_KEY_ID", "AKIADEV"),
        ("AWS_SECRET_ACCESS_KEY", "dev/secret"),
        ("AWS_REGION", "eu-west-1"),
        ("AWS_DEFAULT_REGION", "eu-west-1"),
        ("AWSENV_PROFILE", "dev"),
        ("AWSENV_ACCOUNT", "111122223333"),
        // A hook in there would put a directory's credentials over these.
        ("AWSENV_DISABLE", "1"),
        ("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:1"),
        ("AWS_MAX_ATTEMPTS", "1"),
    ] {
        wanted.push((name.to_owned(), value.to_owned()));
    }
    assert_eq!(got, wanted.into_iter().collect());
}

#[test]
fn what_the_hook_has_set_is_undone_first() {
    let world = World::with_pin().env("AWS_REGION", "ap-south-1").env("AWS_PROFILE", "prod");
    let mut shell = world.shell(Kind::Bash);
    shell.cd("acme");
    assert_eq!(shell.get("AWS_REGION"), Some("eu-west-1"));
    let run = |arguments: [&str; 4]| {
        world.run(arguments).environment(&shell.env).any_stdout().success().variables()
    };
    let env = run(["exec", "prod", "--", "env"]);
    assert_eq!(env.text("AWS_REGION"), Some("ap-south-1"), "the user's, not the one of this directory");
    assert_eq!(env.text("AWSENV_STATE"), None);
    // Outside of the directory, AWS_PROFILE is the user's own again.
    let env = world.run(["exec", "--", "env"]).environment(&shell.env).any_stdout().success().variables();
    assert_eq!(env.text("AWS_ACCESS_KEY_ID"), Some("AKIAPROD"));
}

#[test]
fn inside_another_exec_nothing_of_the_outer_one_is_left() {
    let world = World::new().config(&format!(
        "{CONFIG}[profile bare]\naws_access_key_id = AKIABARE\naws_secret_access_key = s\n"
    ));
    let env = world
        .run(["exec", "dev", "--", PROGRAM, "exec", "bare", "--", "env"])
        .env("AWSENV_EXPIRATION", "1")
        .env("AWS_VAULT", "dev")
        .any_stdout()
        .success()
        .variables();
    let ours: Vec<_> = env
        .iter()
        .map(|(name, value)| (name.to_str().unwrap(), value.to_str().unwrap()))
        .filter(|(name, _)| name.starts_with("AWS"))
        .collect();
    assert_eq!(
        ours,
        [
            ("AWSENV_DISABLE", "1"),
            ("AWSENV_PROFILE", "bare"),
            ("AWS_ACCESS_KEY_ID", "AKIABARE"),
            // The outer one's, which is by now the environment's: it wins, as in every SDK.
            ("AWS_DEFAULT_REGION", "eu-west-1"),
            ("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:1"),
            ("AWS_MAX_ATTEMPTS", "1"),
            ("AWS_REGION", "eu-west-1"),
            ("AWS_SECRET_ACCESS_KEY", "s"),
        ]
    );
}

#[test]
fn the_region_is_the_environments_before_the_profiles_and_the_files_before_both() {
    let world = World::with_profiles()
        .file("acme/.awsenv", "profile = \"dev\"\nregion = \"ap-northeast-2\"\n")
        .allowed("acme")
        .env("AWS_REGION", "ap-south-1");
    let region = |run: Run<'_>| {
        let env = run.arg("--").arg("env").any_stdout().success().variables();
        assert_eq!(env.text("AWS_REGION"), env.text("AWS_DEFAULT_REGION"), "boto3 reads only the older name");
        env.text("AWS_REGION").unwrap().to_owned()
    };
    assert_eq!(region(world.run(["exec", "dev"])), "ap-south-1");
    assert_eq!(region(world.run(["exec", "dev"]).without("AWS_REGION")), "eu-west-1");
    assert_eq!(
        region(world.run(["exec", "dev"]).without("AWS_REGION").env("AWS_DEFAULT_REGION", "sa-east-1")),
        "sa-east-1"
    );
    assert_eq!(region(world.run(["exec"]).at("acme")), "ap-northeast-2");
    assert_eq!(region(world.run(["exec", "--region", "eu-north-1"]).at("acme")), "eu-north-1");
    assert_eq!(region(world.run(["exec", "dev", "--region", "eu-north-1"])), "eu-north-1");
}

#[test]
fn the_directorys_variables_come_along() {
    let world = World::with_profiles()
        .file("acme/.awsenv", "profile = \"dev\"\n[env]\nTF_WORKSPACE = \"dev\"\nODD = \"a 'b' $c `d`\"\n")
        .allowed("acme");
    let env = world.run(["exec", "--", "env"]).at("acme").any_stdout().success().variables();
    assert_eq!((env.text("TF_WORKSPACE"), env.text("ODD")), (Some("dev"), Some("a 'b' $c `d`")));
    let env = world.run(["exec", "dev", "--", "env"]).at("acme").any_stdout().success().variables();
    assert_eq!(env.text("TF_WORKSPACE"), None, "they belong to the directory's pin, not to a profile");
}

#[test]
fn a_stage_is_the_directorys() {
    let world = World::with_profiles()
        .file("acme/.awsenv", "profile = \"dev\"\n[stage.prod]\nprofile = \"prod\"\n")
        .allowed("acme");
    assert_eq!(key(world.run(["exec", "--stage", "prod"]).at("acme")), "AKIAPROD");
    world
        .run(["exec", "--stage", "prdo", "--", "echo", "ran"])
        .at("acme")
        .stderr("awsenv: $HOME/acme/.awsenv: no stage prdo among prod\nawsenv: hint: did you mean `prod`?\n")
        .exits(125);
    world
        .run(["exec", "--stage", "prod", "--", "true"])
        .stderr("awsenv: no .awsenv here, so no stage\n")
        .exits(2);
    world
        .run(["exec", "dev", "--stage", "prod", "--", "true"])
        .at("acme")
        .stderr("awsenv: a stage belongs to the directory's .awsenv, not to a profile\n")
        .exits(2);
}

#[test]
fn a_wrong_option_is_a_usage_error() {
    let world = World::with_profiles();
    for (option, value) in [("--duration", "1x"), ("--min-ttl", "soon"), ("--region", "EU west")] {
        let output =
            world.run(["exec", "dev"]).arg(option).arg(value).arg("--").arg("true").any_stderr().exits(2);
        assert!(output.stderr.starts_with("awsenv: "), "{}", output.stderr);
    }
}

#[test]
fn without_a_command_it_is_the_users_shell_in_which_the_hook_keeps_still() {
    let world = World::with_profiles();
    let shell = world.program("bin/sh", "#!/bin/sh\necho \"$# $AWS_ACCESS_KEY_ID $AWSENV_DISABLE\"\n");
    world.run(["exec", "dev"]).env("SHELL", shell).stdout("0 AKIADEV 1\n").success();
    assert_eq!(world.run(["exec", "dev"]).without("SHELL").success().stdout, "", "sh reads an empty input");
}

#[test]
fn the_command_may_dump_core_and_dies_of_a_closed_pipe() {
    let world = World::with_profiles();
    let limit = |script: &str| {
        let output = world.command("sh").args(["-c", script, PROGRAM]).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let before = limit("ulimit -S -c \"$(ulimit -H -c)\"; ulimit -S -c");
    let inside = limit("ulimit -S -c \"$(ulimit -H -c)\"; exec \"$0\" exec dev -- sh -c 'ulimit -S -c'");
    assert_eq!(inside, before);
    let status = limit("exec \"$0\" exec dev -- cat /proc/self/status");
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:\t")).unwrap();
    assert_eq!(u64::from_str_radix(ignored, 16).unwrap() & 1 << 12, 0, "SIGPIPE is not ignored");
}

#[test]
fn arguments_and_input_go_through_as_they_are() {
    use std::ffi::OsString;
    use std::os::unix::ffi::OsStringExt;
    let world = World::with_profiles();
    let odd = OsString::from_vec(b"a b\xff\n'$x".to_vec());
    let output = world.run(["exec", "dev", "--", "printf", "%s|"]).arg("").arg(odd).any_stdout().success();
    assert_eq!(output.raw, b"|a b\xff\n'$x|");
    world.run(["exec", "dev", "--", "cat"]).stdin("through\n").stdout("through\n").success();
}

#[test]
fn no_descriptor_of_ours_is_left_open() {
    let world = World::with_profiles();
    // Whoever runs the tests may leave some of theirs: it is compared with the shell that has become awsenv.
    let script = "ls /proc/$$/fd; echo; exec \"$0\" exec dev -- sh -c 'ls /proc/$$/fd'";
    let output = world.command("sh").args(["-c", script, PROGRAM]).output().unwrap();
    let shown = String::from_utf8(output.stdout).unwrap();
    let (before, inside) = shown.split_once("\n\n").unwrap();
    assert_eq!(inside.trim_end(), before);
}
