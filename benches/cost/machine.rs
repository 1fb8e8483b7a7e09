//! What it was measured on, in words.

use std::process::Command;

use awsenv_bench::{KINDS, Peers};

/// The average number of processes that wanted to run in the last minute.
pub(crate) fn load() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().unwrap_or_default().to_owned()
}

/// One paragraph. `start`: the load before.
pub(crate) fn told(peers: &Peers, start: &str) -> String {
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let model = model.map_or("an unnamed processor", |(_, model)| model.trim());
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let system = said("uname", &["-sr"]);
    let shells = KINDS.map(|kind| {
        let version = if kind == "fish" { "echo $version" } else { "echo ${BASH_VERSION:-$ZSH_VERSION}" };
        format!("{kind} {}", said(kind, &["-c", version]))
    });
    format!(
        "Measured on {cores} cores of {model}, {system}; load {start} before and {} after. {}; {}.",
        load(),
        shells.join(", "),
        peers.versions().join(", ")
    )
}

fn said(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().expect("the program starts");
    String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
}
