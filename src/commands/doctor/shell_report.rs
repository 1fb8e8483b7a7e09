//! What the shell says of itself, since a program cannot see a shell's functions and lists: the hook's function `awsenv`
//! hands it to `doctor` alone, in a variable. Other users of the machine cannot read that; what tcsh says they can for a
//! moment, in the arguments of `env`. In elvish and PowerShell it is the shell's own variable for as long as doctor runs.

use rustix::process::getppid;

use crate::env::Env;
use crate::files;
use crate::prompt::memory::Memory;
use crate::prompt::shell::Shell;
use crate::world::World;

/// The variable. Lines of a word and what goes with it: `shell bash 5.2.15`, `hook 1a2b3c4d`, `prompt …`. tcsh has no
/// line breaks to give, and puts `;` there.
pub const ASKED_BY: &str = "AWSENV_SHELL_REPORT";

/// The report of a shell.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct ShellReport {
    /// `bash`
    pub(super) shell: String,
    /// `5.2.15(1)-release`
    pub(super) version: String,
    /// The digest of the hook's text.
    pub(super) hook: String,
    /// What runs before each prompt, in its order.
    pub(super) prompt: Vec<String>,
    /// What else it says, a word each.
    pub(super) also: Vec<String>,
}

impl ShellReport {
    /// `None`: no hook's function has called the program.
    pub(super) fn of(env: &Env) -> Option<Self> {
        let mut report = Self::default();
        let text = env.text(ASKED_BY)?;
        for line in text.split(if text.contains('\n') { '\n' } else { ';' }) {
            let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
            let rest = rest.trim();
            match word {
                "shell" => {
                    let (shell, version) = rest.split_once(' ').unwrap_or((rest, ""));
                    (report.shell, report.version) = (shell.to_owned(), version.to_owned());
                }
                "hook" => rest.clone_into(&mut report.hook),
                "prompt" if !rest.is_empty() => report.prompt.push(rest.to_owned()),
                // An entry of PROMPT_COMMAND may have several lines.
                _ if !report.prompt.is_empty() => report.prompt.push(line.to_owned()),
                "also" if !rest.is_empty() => report.also.push(rest.to_owned()),
                _ => {}
            }
        }
        Some(report)
    }

    /// Where the hook stands in what runs before each prompt.
    pub(super) fn place(&self) -> Option<usize> {
        self.entries().position(|entry| entry.starts_with("__awsenv"))
    }

    /// The first words of what runs before each prompt.
    pub(super) fn entries(&self) -> impl Iterator<Item = &str> {
        let entries = self.prompt.iter().flat_map(|entry| entry.split(';'));
        entries.map(|entry| entry.split_whitespace().next().unwrap_or_default())
    }

    /// Whether it is asked before each prompt.
    pub(super) fn asks(&self) -> bool {
        self.place().is_some() || self.has_ble()
    }

    /// Whether ble.sh asks it, which has a list of its own.
    pub(super) fn has_ble(&self) -> bool {
        self.also.iter().any(|also| also == "ble")
    }
}

/// Which shell asks: what it says of itself, else what the process is called that has started this one. `SHELL` names
/// the login shell, which may be another.
pub(super) fn asking(report: Option<&ShellReport>, world: &World) -> Option<Shell> {
    let login = || world.env.text("SHELL").and_then(Shell::named);
    match report {
        Some(report) => Shell::named(&report.shell),
        None => parent().and_then(running).or_else(login),
    }
}

/// Whether a hook has answered in the very shell that asks.
pub(super) fn has_run(world: &World) -> bool {
    let memory = Memory::read(&world.env, files::uid());
    memory.is_some_and(|memory| Some(memory.pid) == parent())
}

fn parent() -> Option<u32> {
    getppid().and_then(|pid| u32::try_from(pid.as_raw_nonzero().get()).ok())
}

/// The shell that this process is. Only Linux says it to who asks.
fn running(pid: u32) -> Option<Shell> {
    let (line, _) = files::read_limited(format!("/proc/{pid}/cmdline").as_ref(), 1 << 20).ok()??;
    shell_of(&String::from_utf8_lossy(&line))
}

/// By a command line as the kernel shows it.
fn shell_of(line: &str) -> Option<Shell> {
    let mut words = line.split('\0');
    let first = words.next()?;
    // xonsh is a script, or a module.
    let is_python = first.rsplit('/').next().is_some_and(|name| name.starts_with("python"));
    Shell::named(first).or_else(|| words.take(2).find_map(Shell::named).filter(|_| is_python))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_is_known_by_its_command_line() {
        for (line, shell) in [
            ("-tcsh\0", Some(Shell::Tcsh)),
            ("/usr/bin/elvish\0-c\0x\0", Some(Shell::Elvish)),
            ("/usr/bin/python3.11\0/usr/bin/xonsh\0", Some(Shell::Xonsh)),
            ("python3\0-m\0xonsh\0", Some(Shell::Xonsh)),
            ("vi\0bash\0", None),
            ("", None),
        ] {
            assert_eq!(shell_of(line), shell, "{line:?}");
        }
    }

    #[test]
    fn a_report_is_read_line_by_line() {
        let env: Env =
            [(ASKED_BY, "shell bash 5.2.15\nhook 1a2b\nalso preexec\nprompt __awsenv_hook\nprompt a\nb")]
                .into_iter()
                .collect();
        let report = ShellReport::of(&env).unwrap();
        assert_eq!((report.shell.as_str(), report.version.as_str()), ("bash", "5.2.15"));
        assert_eq!(report.hook, "1a2b");
        assert_eq!(report.also, ["preexec"]);
        assert_eq!(report.prompt, ["__awsenv_hook", "a", "b"]);
        assert_eq!(ShellReport::of(&Env::default()), None);
        let env: Env =
            [(ASKED_BY, "shell tcsh 6.24.07;hook 1a2b;prompt __awsenv_hook")].into_iter().collect();
        let report = ShellReport::of(&env).unwrap();
        assert_eq!((report.hook.as_str(), report.asks()), ("1a2b", true));
    }
}
