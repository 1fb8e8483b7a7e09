//! Any bytes, written by us, read back by the shell they were written for.

use std::ffi::OsString;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::process::Stdio;

use proptest::prelude::*;

use super::{cases, value};
use crate::shell::Kind;
use crate::world::World;

proptest! {
    #![proptest_config(cases(8))]

    #[test]
    fn every_shell_reads_back_what_was_quoted(values in proptest::collection::vec(value(), 1..200)) {
        let world = World::new();
        for kind in Kind::ALL {
            let words: Vec<_> = values.iter().map(|value| dialect(kind).quote(value)).collect();
            let script = [b"printf '%s\\0' ", words.join(&b' ').as_slice(), b"\n"].concat();
            let mut shell = world.command(kind.name());
            shell.args(kind.plain()).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
            let mut shell = shell.spawn().unwrap();
            shell.stdin.take().unwrap().write_all(&script).unwrap();
            let output = shell.wait_with_output().unwrap();
            let wanted: Vec<_> = values.iter().flat_map(|value| [value.as_bytes(), b"\0"].concat()).collect();
            prop_assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{:?}", kind);
            prop_assert!(output.stdout == wanted, "{:?} read {:?}", kind, differing(&values, &output.stdout));
        }
    }
}

fn dialect(kind: Kind) -> awsenv::prompt::shell::Shell {
    awsenv::prompt::shell::Shell::named(kind.name()).unwrap()
}

/// The first that came back as something else, and as what.
fn differing<'a>(values: &'a [OsString], output: &'a [u8]) -> Option<(&'a OsString, &'a [u8])> {
    values.iter().zip(output.split(|byte| *byte == 0)).find(|(value, read)| value.as_bytes() != *read)
}
