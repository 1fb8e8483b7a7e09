//! The programs that are measured: ours as it is shipped, and the peers that are here.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

/// awsenv, and a program that does nothing, both built for release.
#[derive(Debug)]
pub struct Programs {
    /// Ours.
    pub awsenv: PathBuf,
    /// `fn main() {}`.
    pub empty: PathBuf,
}

impl Programs {
    /// As they are shipped, whatever the bench itself is built as; `target` is cargo's folder. They are put into another
    /// one, as by whatever installs a program: of a file that a linker has written here and there Linux keeps small pieces
    /// in memory, and a start from them takes a fifth longer.
    ///
    /// # Panics
    /// If they cannot be built.
    #[must_use]
    pub fn build(target: &Path, into: &Path) -> Self {
        // By itself: the tests' crates would switch on features that no user has.
        let mut build = awsenv_parts::cargo();
        build.args(["build", "--quiet", "--release", "--bin", "awsenv"]).env("CARGO_TARGET_DIR", target);
        let built = build.status();
        assert!(built.is_ok_and(|status| status.success()), "cargo build --release failed");
        let programs = Self { awsenv: into.join("awsenv"), empty: into.join("nothing") };
        std::fs::copy(target.join("release/awsenv"), &programs.awsenv).expect("the program is copied");
        let linked = into.join("empty");
        let built = Command::new("rustc").args(RELEASE).arg(&linked).arg(EMPTY).status();
        assert!(built.is_ok_and(|status| status.success()), "rustc failed");
        std::fs::copy(linked, &programs.empty).expect("the program is copied");
        programs
    }
}

/// The source of a program that does nothing.
const EMPTY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/empty.rs");

/// The flags of our own release.
const RELEASE: [&str; 8] = [
    "-Copt-level=3",
    "-Clto=fat",
    "-Ccodegen-units=1",
    "-Cpanic=abort",
    "-Cstrip=symbols",
    "--edition=2024",
    "--crate-name=empty",
    "-o",
];

/// Cargo's folder, two above a program that it has built.
pub fn target(program: &str) -> &Path {
    Path::new(program).ancestors().nth(2).expect("cargo builds into a folder of a profile")
}

/// What others use instead, where it is installed: below target/, by `benches/run`, or in the PATH.
#[derive(Debug)]
pub struct Peers {
    /// direnv.
    pub direnv: Option<PathBuf>,
    /// mise.
    pub mise: Option<PathBuf>,
    /// starship.
    pub starship: Option<PathBuf>,
    /// The AWS CLI, version 2.
    pub aws: Option<PathBuf>,
    /// A python with boto3 and awsume.
    pub python: Option<PathBuf>,
}

impl Peers {
    /// `target`: cargo's.
    pub fn found(target: &Path) -> Self {
        let find = |name: &str| {
            let path = std::env::var_os("PATH").unwrap_or_default();
            let dirs = std::iter::once(target.join("peers/bin")).chain(std::env::split_paths(&path));
            // A link may lead nowhere, a shim of a version manager to nothing.
            let mut there = dirs.map(|dir| dir.join(name)).filter(|program| program.is_file());
            there.find(|program| said(program, &["--version"]).is_some())
        };
        let python = target.join("python/bin/python");
        let python = said(&python, &["-c", "import awsume, boto3"]).is_some().then_some(python);
        Self {
            direnv: find("direnv"),
            mise: find("mise"),
            starship: find("starship"),
            aws: find("aws").filter(|aws| {
                said(aws, &["--version"]).is_some_and(|version| version.starts_with("aws-cli/2"))
            }),
            python,
        }
    }

    /// Which are here, by name and version.
    pub fn versions(&self) -> Vec<String> {
        const PYTHON: &str = "import boto3\nfrom awsume.__data__ import version\n\
                              print(f'boto3 {boto3.__version__}, awsume {version}')";
        let version = |name: &str, program: &Option<PathBuf>| {
            let told = said(program.as_deref()?, &["--version"])?;
            let number =
                told.split([' ', '/']).find(|word| word.starts_with(|c: char| c.is_ascii_digit()))?;
            Some(format!("{name} {}", number.trim_end()))
        };
        let python = self.python.as_deref().and_then(|python| said(python, &["-c", PYTHON]));
        [
            version("direnv", &self.direnv),
            version("mise", &self.mise),
            version("starship", &self.starship),
            version("AWS CLI", &self.aws),
            python,
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

/// The first line that a program prints, if it can be started and ends well.
fn said(program: &Path, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).stderr(Stdio::null()).output();
    let output = output.ok().filter(|output| output.status.success())?;
    Some(String::from_utf8_lossy(&output.stdout).lines().next().unwrap_or_default().to_owned())
}

/// Microseconds until a command has ended.
///
/// # Panics
/// If it ends badly.
pub fn time(command: &mut Command) -> f64 {
    let start = Instant::now();
    let status = command.status().expect("the program starts");
    let took = start.elapsed();
    assert!(status.success(), "{command:?}");
    took.as_secs_f64() * 1e6
}
