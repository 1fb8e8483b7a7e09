//! A scratch machine with secrets in it, and a way to run awsenv there that keeps everything it shows.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::search::Evidence;

/// What stands in ~/.aws/credentials.
pub(crate) const FILE_KEY: &str = "F1leKey/planted+qZ8vN3mW7xR2tY5uB0cD4eG6h";
pub(crate) const FILE_TOKEN: &str = "F1leSessi0n/planted+kJ9hG8fD7sA6pO5iU4yT3rE2wQ1zX0cV";
/// In the user's environment before awsenv.
pub(crate) const OLD_KEY: &str = "0ldS1gning/planted+mN7bV6cX5zL4kJ3hG2fD1sA0pO";
pub(crate) const OLD_TOKEN: &str = "0ldSession/planted+wQ2eR4tY6uI8oP0aS1dF3gH5jK7lZ9";
pub(crate) const OLD_CONTAINER_TOKEN: &str = "0ldContainer/planted+nB5vC3xZ1lK9jH7gF5dS3aP1";
/// Of a variable that an `[env]` table shadows.
pub(crate) const OLD_PASSWORD: &str = "0ldPassw0rd_planted_tR5eW3qY7uI9oP1aS2dF4g";
/// In places where a person may slip: a broken line, a wrong key, a command line.
pub(crate) const SLIP: &str = "Sl1p/planted+gH4jK6lZ8xC0vB2nM1qW3eR5tY7uI9";
pub(crate) const CODE: &str = "MfaC0de_planted_918273645546372819";

pub(crate) const ORIGINALS: [&str; 4] = [OLD_KEY, OLD_TOKEN, OLD_CONTAINER_TOKEN, OLD_PASSWORD];
pub(crate) const ALL: [&str; 8] =
    [FILE_KEY, FILE_TOKEN, OLD_KEY, OLD_TOKEN, OLD_CONTAINER_TOKEN, OLD_PASSWORD, SLIP, CODE];

pub(crate) type Env = BTreeMap<String, String>;

pub(crate) struct World {
    dir: tempfile::TempDir,
    pub(crate) program: PathBuf,
}

/// What one run showed.
pub(crate) struct Run {
    pub(crate) name: String,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: Vec<u8>,
    /// Of every process that was started.
    pub(crate) argv: Vec<u8>,
}

impl Run {
    /// Everything.
    pub(crate) fn evidence(self) -> Vec<Evidence> {
        let stdout = Evidence::new(format!("{} stdout", self.name), self.stdout.clone());
        self.without_stdout().into_iter().chain([stdout]).collect()
    }

    /// All but stdout, where that is meant to hold a secret.
    pub(crate) fn without_stdout(self) -> Vec<Evidence> {
        let Self { name, stderr, argv, .. } = self;
        vec![Evidence::new(format!("{name} stderr"), stderr), Evidence::new(format!("{name} argv"), argv)]
    }
}

impl World {
    /// In memory, where a sealing key may rest if the kernel's keyring cannot be had.
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
        let world = Self { dir, program: env!("CARGO_BIN_EXE_awsenv").into() };
        for below in ["home/.aws", "work/acme/deep", "elsewhere"] {
            fs::create_dir_all(world.path(below)).unwrap();
        }
        fs::create_dir(world.path("run")).unwrap();
        fs::set_permissions(world.path("run"), fs::Permissions::from_mode(0o700)).unwrap();
        world.aws_files("", "");
        world
    }

    /// The same with a program in between that leaks: `script` is sh, and `"$AWSENV" "$@"` the real thing.
    pub(crate) fn leaking(script: &str) -> Self {
        let mut world = Self::new();
        let program = world.path("awsenv");
        let text = format!("#!/bin/sh\nAWSENV='{}'\n{script}\n", world.program.display());
        awsenv_parts::script::write(&program, &text);
        world.program = program;
        world
    }

    pub(crate) fn path(&self, below: &str) -> PathBuf {
        self.dir.path().join(below)
    }

    pub(crate) fn write(&self, below: &str, text: impl AsRef<[u8]>) {
        fs::create_dir_all(self.path(below).parent().unwrap()).unwrap();
        fs::write(self.path(below), text).unwrap();
    }

    /// ~/.aws with what is good, and something more. (The quote that is open: once it is run, a program of the user's has
    /// the arguments that the user has given it.)
    pub(crate) fn aws_files(&self, config: &str, credentials: impl AsRef<[u8]>) {
        let home = self.path("home").display().to_string();
        let good = format!(
            "[profile acme]\nregion = eu-central-1\n\
             [profile other]\naws_account_id = 111122223333\n\
             [profile process]\ncredential_process = /bin/print --password \"{SLIP}\n\
             [profile vended]\ncredential_process = cat {home}/vended.json\n\
             [profile torn]\ncredential_process = head -c 160 {home}/vended.json\n\
             [profile mfa]\nrole_arn = arn:aws:iam::111122223333:role/R\nsource_profile = acme\n\
             mfa_serial = arn:aws:iam::111122223333:mfa/me\nmfa_process = code {SLIP}\n\
             [profile web]\nrole_arn = arn:aws:iam::111122223333:role/R\n\
             web_identity_token_process = echo; echo two lines; cat {home}/vended.json\n{config}\n"
        );
        self.write("home/.aws/config", good);
        let vended = format!(
            "{{\"Version\":1,\"AccessKeyId\":\"ASIAVENDED\",\"SecretAccessKey\":\"{FILE_KEY}\",\
             \"SessionToken\":\"{FILE_TOKEN}\",\"Expiration\":\"2099-01-01T00:00:00Z\"}}"
        );
        self.write("home/vended.json", vended);
        let good = format!(
            "[acme]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = {FILE_KEY}\n\
             aws_session_token = {FILE_TOKEN}\n\
             [other]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = {FILE_KEY}\n\
             [half]\naws_secret_access_key = {FILE_KEY}\n\
             [third]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_session_token = {FILE_TOKEN}\n"
        );
        self.write("home/.aws/credentials", [good.as_bytes(), credentials.as_ref()].concat());
    }

    /// Of a user who has credentials already.
    pub(crate) fn env(&self) -> Env {
        let at = |below: &str| self.path(below).display().to_string();
        [
            ("HOME", at("home")),
            ("PATH", "/usr/local/bin:/usr/bin:/bin".into()),
            ("LANG", "C.UTF-8".into()),
            ("XDG_CONFIG_HOME", at("config")),
            ("XDG_DATA_HOME", at("data")),
            ("XDG_STATE_HOME", at("state")),
            ("XDG_RUNTIME_DIR", at("run")),
            ("RUST_BACKTRACE", "1".into()),
            ("AWSENV_LOG", "trace".into()),
            ("EDITOR", "true".into()),
            ("AWS_ACCESS_KEY_ID", "AKIAI44QH8DHBEXAMPLE".into()),
            ("AWS_SECRET_ACCESS_KEY", OLD_KEY.into()),
            ("AWS_SESSION_TOKEN", OLD_TOKEN.into()),
            ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:1/".into()),
            ("AWS_CONTAINER_AUTHORIZATION_TOKEN", OLD_CONTAINER_TOKEN.into()),
            ("DATABASE_URL", format!("postgres://me:{OLD_PASSWORD}@db/acme")),
            ("AWSENV_MFA_CODE", CODE.into()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into()
    }

    /// Runs awsenv in a directory.
    pub(crate) fn awsenv(&self, dir: &str, arguments: &[&str], env: &Env) -> Run {
        let program = self.program.display().to_string();
        let run = self.run(dir, &[&[program.as_str()], arguments].concat(), env);
        Run { name: format!("awsenv {} (in {dir})", arguments.join(" ")), ..run }
    }

    /// Runs a command and sees every process it starts.
    pub(crate) fn run(&self, dir: &str, command: &[&str], env: &Env) -> Run {
        let log = self.path("strace");
        let output = Command::new("strace")
            .args(["-f", "-q", "-s", "65536", "-e", "trace=execve,execveat", "-e", "signal=none", "-o"])
            .arg(&log)
            .arg("--")
            .args(command)
            .current_dir(self.path(dir))
            .env_clear()
            .envs(env)
            .env("PWD", self.path(dir))
            .stdin(Stdio::null())
            .output()
            .expect("strace is installed");
        let argv = fs::read(&log).unwrap();
        assert!(argv.windows(7).any(|window| window == b"execve("), "strace saw nothing: {output:?}");
        // Each line begins with a process's id, which may look like a code.
        let lines = argv.split_inclusive(|byte| *byte == b'\n');
        let argv = lines.map(<[u8]>::trim_ascii_start).flat_map(|line| {
            let id = line.iter().take_while(|byte| byte.is_ascii_digit()).count();
            line[id..].to_vec()
        });
        let argv = argv.collect();
        fs::remove_file(&log).unwrap();
        Run { name: command.join(" "), stdout: output.stdout, stderr: output.stderr, argv }
    }

    /// Every file and every name below, but for those where `planted` put the secrets itself.
    pub(crate) fn files(&self, planted: &[&str]) -> Vec<Evidence> {
        let mut evidence = Vec::new();
        let mut dirs = vec![self.dir.path().to_owned()];
        while let Some(dir) = dirs.pop() {
            for entry in fs::read_dir(dir).unwrap().flatten() {
                let path = entry.path();
                if planted.iter().any(|planted| path == self.path(planted)) || path == self.program {
                    continue;
                }
                if path.is_dir() {
                    dirs.push(path.clone());
                }
                let content = if path.is_file() { fs::read(&path).unwrap() } else { Vec::new() };
                evidence.push(Evidence::new(format!("file {}", below(&path, self.dir.path())), content));
            }
        }
        evidence
    }
}

fn below(path: &Path, dir: &Path) -> String {
    String::from_utf8_lossy(path.strip_prefix(dir).unwrap().as_os_str().as_bytes()).into_owned()
}
