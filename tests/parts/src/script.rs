//! Programs that tests write and then have run.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// Writes one, by another process. What is open for writing cannot be run (`ETXTBSY`), and a process that some other
/// test's thread is just starting has open what this one has.
///
/// # Panics
/// Where it cannot be written.
pub fn write(path: &Path, text: &str) {
    let mut writer = Command::new("sh");
    writer.args(["-c", r#"cat >"$0" && chmod 755 "$0""#]).arg(path).stdin(Stdio::piped());
    let mut writer = writer.spawn().unwrap();
    writer.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    assert!(writer.wait().unwrap().success(), "{}", path.display());
}
