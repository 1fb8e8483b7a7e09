//! Any bytes, quoted for a shell, come back from the real shell. Starting one is slow: values are put by until there is
//! a batch of them.
#![no_main]

use std::cell::RefCell;
use std::io::Write;
use std::process::{Command, Stdio};

use awsenv::prompt::shell::Shell;
use libfuzzer_sys::fuzz_target;

const BATCH: usize = 500;
const SHELLS: [(Shell, &str, &[&str]); 3] = [
    (Shell::Bash, "bash", &["--noprofile", "--norc"]),
    (Shell::Zsh, "zsh", &["-f"]),
    (Shell::Fish, "fish", &["--no-config"]),
];

thread_local! {
    static WAITING: RefCell<Vec<Vec<u8>>> = const { RefCell::new(Vec::new()) };
}

fuzz_target!(|bytes: &[u8]| {
    let value: Vec<_> = bytes.iter().copied().filter(|byte| *byte != 0).collect();
    WAITING.with_borrow_mut(|waiting| {
        waiting.push(value);
        if waiting.len() == BATCH {
            check(waiting);
            waiting.clear();
        }
    });
});

fn check(values: &[Vec<u8>]) {
    use std::os::unix::ffi::OsStrExt;
    let wanted: Vec<u8> = values.iter().flat_map(|value| [value.as_slice(), b"\0"].concat()).collect();
    for (shell, program, arguments) in SHELLS {
        let words: Vec<_> =
            values.iter().map(|value| shell.quote(std::ffi::OsStr::from_bytes(value))).collect();
        let script = [b"printf '%s\\0' ", words.join(&b' ').as_slice(), b"\n"].concat();
        let mut child = Command::new(program)
            .args(arguments)
            .env_clear()
            .env("LC_ALL", "C.UTF-8")
            .env("HOME", "/nonexistent")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the shell is installed");
        let mut stdin = child.stdin.take().expect("a pipe");
        let writer = std::thread::spawn(move || stdin.write_all(&script));
        let output = child.wait_with_output().expect("the shell ends");
        writer.join().expect("no panic").expect("the shell reads all of it");
        let differing =
            values.iter().zip(output.stdout.split(|byte| *byte == 0)).find(|(value, read)| value != read);
        assert!(output.stdout == wanted, "{program} read another value: {differing:?}");
    }
}
