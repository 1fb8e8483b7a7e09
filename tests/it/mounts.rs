//! A table of mounts of one's own: full and read-only disks, and names that are in no DNS, without a trace on the
//! machine. And no right to pass over modes, so that they hold for root, too.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::process::Command;

use awsenv::env::Env;
use awsenv::files;

/// Set for a test that runs there.
const INSIDE: &str = "AWSENV_TEST_MOUNTS";
/// All names are looked up in a file, and whoever has no `HOME` has an empty one. That, like all the test writes below
/// `$TMPDIR`, is gone with it.
const ENTER: &str = "\
set -e
mount -t tmpfs -o mode=1777 tmpfs \"$TMPDIR\"
echo 'hosts: files' >\"$TMPDIR/nsswitch\"
echo '127.0.0.1 localhost' >\"$TMPDIR/hosts\"
mount --bind \"$TMPDIR/nsswitch\" /etc/nsswitch.conf
mount --bind \"$TMPDIR/hosts\" /etc/hosts
echo \"root:x:0:0::$TMPDIR/of-passwd:/bin/sh\" >\"$TMPDIR/passwd\"
mount --bind \"$TMPDIR/passwd\" /etc/passwd
exec setpriv --bounding-set=-dac_override,-dac_read_search \"$@\"";
const HOSTS: &str = "/etc/hosts";

/// Runs this test where it can mount. `None`: it has been run there, and is done. Else whether this is there; not every
/// machine lets one.
pub(crate) fn own(test: &str) -> Option<bool> {
    if Env::of_this_process().text(INSIDE).is_some() {
        return Some(true);
    }
    let place = tempfile::tempdir().unwrap();
    if !enter(place.path(), "true".as_ref()).status().is_ok_and(|status| status.success()) {
        return Some(false);
    }
    let output = enter(place.path(), &fs::read_link("/proc/self/exe").unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(INSIDE, "1")
        .output()
        .unwrap();
    let said = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    assert!(output.status.success() && said[0].contains(" 1 passed"), "{}", said.concat());
    None
}

fn enter(place: &Path, program: &Path) -> Command {
    let mut command = Command::new("unshare");
    if files::uid() != 0 {
        command.args(["--user", "--map-root-user"]);
    }
    command.args(["--mount", "sh", "-c", ENTER, "sh"]).arg(program).env("TMPDIR", place);
    command
}

/// `mount` with these arguments.
#[cfg(target_os = "linux")]
pub(crate) fn mount<const N: usize>(arguments: [&str; N]) {
    let output = Command::new("mount").args(arguments).output().unwrap();
    assert!(output.status.success(), "mount {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Takes the last mount at a path away.
#[cfg(target_os = "linux")]
pub(crate) fn unmount(path: &Path) {
    let output = Command::new("umount").arg("--lazy").arg(path).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Gives this machine a name.
pub(crate) fn add_name(name: &str) {
    let mut hosts = OpenOptions::new().append(true).open(HOSTS).unwrap();
    hosts.write_all(format!("127.0.0.1 {name}\n").as_bytes()).unwrap();
}

/// Nobody finds this name any more, or again: one byte is written, so that who reads meanwhile reads all others.
pub(crate) fn hide_name(name: &str, hidden: bool) {
    let text = fs::read_to_string(HOSTS).unwrap();
    let line = text.find(&format!("27.0.0.1 {name}\n")).unwrap() - 1;
    let first = if hidden { b"#" } else { b"1" };
    OpenOptions::new().write(true).open(HOSTS).unwrap().write_all_at(first, line as u64).unwrap();
}
