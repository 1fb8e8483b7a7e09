//! credentials: each format, read back by whoever reads it.

use crate::run::Run;
use crate::world::{World, installed};

/// What AWS never hands out, and a hand-written config may hold.
const HOSTILE: &str = "p'q\"r\\s$HOME`id`!t#u;v=w%x&y|z{}~<>*?[a]()^é\\";

fn world() -> World {
    World::new().config(&format!(
        "[profile odd]\nregion = eu-west-1\naws_account_id = 111122223333\naws_access_key_id = AKIAODD\n\
         aws_secret_access_key = {HOSTILE}\naws_session_token = to/ken+==\n"
    ))
}

fn credentials<'w>(world: &'w World, format: &str) -> Run<'w> {
    world.run(["credentials", "odd", "--format", format]).any_stdout()
}

/// What a reader's script prints, that gets the credentials in the file `$1`.
fn read_back(world: &World, format: &str, reader: &[&str]) -> String {
    let text = credentials(world, format).success().raw;
    let file = world.write("out", std::str::from_utf8(&text).unwrap());
    let output = world.command(reader[0]).args(&reader[1..]).arg(file).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{reader:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn wanted() -> String {
    format!("AKIAODD\n{HOSTILE}\nto/ken+==\neu-west-1\neu-west-1\n")
}

const NAMES: &str = "$AWS_ACCESS_KEY_ID\" \"$AWS_SECRET_ACCESS_KEY\" \"$AWS_SESSION_TOKEN\" \"$AWS_REGION\" \"$AWS_DEFAULT_REGION";

#[test]
fn every_posix_shell_reads_env() {
    let world = world();
    for shell in
        [&["sh"][..], &["dash"], &["bash", "--norc"], &["zsh", "-f"], &["zsh", "-f", "-o", "rc_quotes"]]
    {
        if installed(shell[0]) {
            let script = format!(". \"$0\"; printf '%s\\n' \"{NAMES}\"");
            let reader: Vec<_> = shell.iter().copied().chain(["-c", &script]).collect();
            assert_eq!(read_back(&world, "env", &reader), wanted(), "{shell:?}");
        }
    }
}

#[test]
fn fish_reads_fish() {
    if installed("fish") {
        let script = format!("source $argv[1]; printf '%s\\n' \"{NAMES}\"");
        assert_eq!(read_back(&world(), "fish", &["fish", "--no-config", "-c", &script]), wanted());
    }
}

#[test]
fn plain_values_are_plain_in_every_format() {
    let world = World::with_profiles();
    for (format, text) in [
        (
            "env",
            "export AWS_ACCESS_KEY_ID='AKIADEV'\nexport AWS_SECRET_ACCESS_KEY='dev/secret'\n\
             export AWS_REGION='eu-west-1'\nexport AWS_DEFAULT_REGION='eu-west-1'\n",
        ),
        (
            "fish",
            "set -gx AWS_ACCESS_KEY_ID 'AKIADEV'\nset -gx AWS_SECRET_ACCESS_KEY 'dev/secret'\n\
             set -gx AWS_REGION 'eu-west-1'\nset -gx AWS_DEFAULT_REGION 'eu-west-1'\n",
        ),
        (
            "powershell",
            "$Env:AWS_ACCESS_KEY_ID = 'AKIADEV'\n$Env:AWS_SECRET_ACCESS_KEY = 'dev/secret'\n\
             $Env:AWS_REGION = 'eu-west-1'\n$Env:AWS_DEFAULT_REGION = 'eu-west-1'\n",
        ),
        (
            "dotenv",
            "AWS_ACCESS_KEY_ID=AKIADEV\nAWS_SECRET_ACCESS_KEY=dev/secret\n\
             AWS_REGION=eu-west-1\nAWS_DEFAULT_REGION=eu-west-1\n",
        ),
        (
            "ini",
            "[dev]\naws_access_key_id = AKIADEV\naws_secret_access_key = dev/secret\nregion = eu-west-1\n",
        ),
        (
            "process",
            "{\"AccessKeyId\":\"AKIADEV\",\"AccountId\":\"111122223333\",\"SecretAccessKey\":\"dev/secret\",\"Version\":1}\n",
        ),
    ] {
        world.run(["credentials", "dev", "--format", format]).stdout(text).success();
    }
}

#[test]
fn powershell_doubles_a_quote() {
    let text = credentials(&world(), "powershell").success().stdout;
    let line = format!("$Env:AWS_SECRET_ACCESS_KEY = '{}'", HOSTILE.replace('\'', "''"));
    assert!(text.lines().any(|found| found == line), "{text}");
}

#[test]
fn json_readers_read_json_process_and_nu() {
    let world = world();
    if installed("python3") {
        let script = |names: &str| {
            format!(
                "import json,sys; d = json.load(open(sys.argv[1])); print(*[d[n] for n in '{names}'.split()], sep='\\n')"
            )
        };
        let names = "access_key_id secret_access_key session_token region region";
        assert_eq!(read_back(&world, "json", &["python3", "-c", &script(names)]), wanted());
        let names = "AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN AWS_REGION AWS_DEFAULT_REGION";
        assert_eq!(read_back(&world, "nu", &["python3", "-c", &script(names)]), wanted());
        let names = "Version AccessKeyId SecretAccessKey SessionToken AccountId";
        let told = format!("1\nAKIAODD\n{HOSTILE}\nto/ken+==\n111122223333\n");
        assert_eq!(read_back(&world, "process", &["python3", "-c", &script(names)]), told);
    }
}

#[test]
fn configparser_and_we_ourselves_read_ini() {
    let world = world();
    if installed("python3") {
        // As botocore does.
        let script = "import configparser,sys; c = configparser.RawConfigParser(); c.read(sys.argv[1]); s = c['odd']\n\
                      for k in ['aws_access_key_id', 'aws_secret_access_key', 'aws_session_token', 'region', 'region']: print(s[k])";
        assert_eq!(read_back(&world, "ini", &["python3", "-c", script]), wanted());
    }
    let ini = credentials(&world, "ini").success().raw;
    let other = World::new().file(".aws/credentials", std::str::from_utf8(&ini).unwrap());
    let again = other.run(["credentials", "odd", "--format", "ini"]).any_stdout().success();
    assert_eq!(again.raw, ini);
}

#[test]
fn dotenv_is_read_by_python_and_node() {
    // Where a value holds a single quote as well, readers disagree about what is left.
    let secret = HOSTILE.replace('\'', "").trim_end_matches('\\').to_owned();
    let world = World::new().config(&format!(
        "[profile odd]\naws_access_key_id = AKIAODD\naws_secret_access_key = {secret}\naws_session_token = to/ken+==\n"
    ));
    let wanted = format!("AKIAODD {secret} to/ken+==\n");
    let names = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"];
    let python = format!(
        "import dotenv,sys; d = dotenv.dotenv_values(sys.argv[1]); print(*[d[n] for n in {names:?}])"
    );
    let has = |program: &str, arguments: &[&str]| {
        installed_somewhere(program)
            && world.command(program).args(arguments).output().unwrap().status.success()
    };
    if has("python3", &["-c", "import dotenv"]) {
        assert_eq!(read_back(&world, "dotenv", &["python3", "-c", &python]), wanted);
    }
    let node = format!(
        "process.loadEnvFile(process.argv[1]); console.log({names:?}.map(n => process.env[n]).join(' '))"
    );
    if has("node", &["-e", "process.loadEnvFile.call"]) {
        assert_eq!(read_back(&world, "dotenv", &["node", "-e", &node]), wanted);
    }
}

/// Readers that no machine has to have.
fn installed_somewhere(program: &str) -> bool {
    let env = awsenv::env::Env::of_this_process();
    std::env::split_paths(env.get("PATH").unwrap()).any(|dir| dir.join(program).is_file())
}

#[test]
fn env_is_the_usual_format_and_the_directory_the_usual_subject() {
    let world = World::with_pin();
    let named = world.run(["credentials", "dev", "--format", "env"]).any_stdout().success().stdout;
    world.run(["credentials"]).at("acme").stdout(named).success();
}

#[test]
fn what_cannot_be_had_prints_nothing() {
    let world = World::with_pin();
    world.write("acme/.awsenv", "profile = \"prod\"\n");
    world.run(["credentials", "--format", "process"]).at("acme").any_stderr().exits(4);
    world.run(["credentials", "nobody", "--format", "json"]).any_stderr().exits(1);
    world.run(["credentials"]).any_stderr().exits(1);
    world.run(["credentials", "dev", "--format", "yaml"]).any_stderr().exits(2);
}
