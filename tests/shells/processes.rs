//! An unchanged prompt starts no process: counted by strace, not believed.

use std::ffi::OsStr;
use std::fs;

use pty_process::blocking::Command;

use crate::home::{Home, Rc};
use crate::pty::Terminal;
use crate::shell::{Kind, Shell, find};

every_shell! { unchanged_prompts_start_no_process a_guard_that_starts_one_would_be_noticed }

/// How many processes twenty prompts start, beyond what a marker itself takes.
pub(crate) fn processes_of_twenty_prompts(shell: &Shell, home: &Home, rc: &Rc<'_>) -> usize {
    let strace = find("strace").expect("strace is not installed: these tests need it");
    let trace = home.at("trace");
    let launcher = home.launcher("first", shell, rc);
    let arguments: [&OsStr; 8] = [
        "-f".as_ref(),
        "-qq".as_ref(),
        "-e".as_ref(),
        "trace=?fork,?vfork,clone,?clone3,execve".as_ref(),
        "-o".as_ref(),
        trace.as_os_str(),
        "--".as_ref(),
        launcher.as_os_str(),
    ];
    let mut terminal = Terminal::launch(shell, home, Command::new(strace).args(arguments), &[]);
    terminal.run("cd alpha/src");
    terminal.has_key(Some("AKIAALPHA"));
    terminal.run("/bin/true mark-1");
    terminal.run("/bin/true mark-2");
    for _ in 0..20 {
        terminal.enter();
    }
    terminal.run("/bin/true mark-3");
    terminal.type_line("exit");
    terminal.wait_for_the_end();
    let trace = fs::read_to_string(trace).unwrap();
    let between = |from: &str, to: &str| {
        let (_, rest) = trace.split_once(from).unwrap_or_else(|| panic!("no {from} in {trace}"));
        let (part, _) = rest.split_once(to).unwrap_or_else(|| panic!("no {to} in {trace}"));
        part.lines().filter(|line| starts_a_process(line)).count()
    };
    between("mark-2", "mark-3") - between("mark-1", "mark-2")
}

fn starts_a_process(line: &str) -> bool {
    let call = ["clone(", "clone3(", "fork(", "execve("].iter().any(|call| line.contains(call));
    // fish has threads of its own, with and without a hook.
    call && !line.contains("CLONE_THREAD")
}

fn unchanged_prompts_start_no_process(shell: &Shell) {
    let home = Home::with_projects();
    fs::create_dir_all(home.home("alpha/src")).unwrap();
    assert_eq!(processes_of_twenty_prompts(shell, &home, &Rc::default()), 0);
}

fn a_guard_that_starts_one_would_be_noticed(shell: &Shell) {
    let home = Home::with_projects();
    fs::create_dir_all(home.home("alpha/src")).unwrap();
    // The program's answer holds what an idle prompt runs, so for bash and zsh the fault stands beside it.
    let slow = "__awsenv_slow() { /bin/true; __awsenv_hook; }";
    let of_bash = [
        ("# First in line", &*format!("{slow}\n# First in line")),
        ("=(__awsenv_hook ", "=(__awsenv_slow "),
        ("=\"__awsenv_hook$", "=\"__awsenv_slow$"),
    ];
    let of_zsh = [(
        "(( ${precmd_functions[(Ie)__awsenv_hook]} )) ||",
        &*format!("{slow}; precmd_functions+=(__awsenv_slow); (( 1 )) ||"),
    )];
    let of_fish =
        [("__awsenv_hook --on-event fish_prompt\n", "__awsenv_hook --on-event fish_prompt\n/bin/true\n")];
    let of_xonsh = [(
        "def __awsenv_prompted(**_):\n",
        "def __awsenv_prompted(**_):\n    __awsenv_subprocess.run(['/bin/true'])\n",
    )];
    let of_nu = [("{|| __awsenv_doubt }", "{|| ^/bin/true; __awsenv_doubt }")];
    let of_tcsh = [("alias __awsenv_hook\n'", "alias __awsenv_hook\n'/bin/true ; ")];
    let sabotage = match shell.kind {
        Kind::Bash => &of_bash[..],
        Kind::Zsh => &of_zsh,
        Kind::Fish => &of_fish,
        Kind::Xonsh => &of_xonsh,
        Kind::Tcsh => &of_tcsh,
        _ => &of_nu,
    };
    let count = processes_of_twenty_prompts(shell, &home, &Rc { sabotage, ..Rc::default() });
    assert!(count >= 20, "only {count} of {}'s were seen", shell.kind.name());
}
