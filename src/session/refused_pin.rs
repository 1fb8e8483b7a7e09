//! That a PIN nobody typed was refused by a token, or may be: it is not given to that token again until a person has
//! come, since a few wrong ones lock it for good.

use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use sha2::{Digest, Sha256};

use crate::files::{self, Stamp};
use crate::places::Places;

/// A token answers within this, or somebody is being asked.
const PATIENCE: Duration = Duration::from_secs(30);

/// Whoever has it gives a token PINs; `None`: somebody else does. `token`: as its URI names it.
pub fn turn(places: &Places, token: &str) -> io::Result<Option<File>> {
    files::private_dir(&places.state)?;
    files::private_dir(&dir(places))?;
    files::lock_within(&path(places, token).with_extension("lock"), PATIENCE)
}

/// Whether one was refused. `source`: of the PIN's file; another one is worth a try.
pub fn is_noted(places: &Places, token: &str, source: Option<Stamp>) -> bool {
    let read = files::read_limited(&path(places, token), 1024).ok().flatten();
    read.is_some_and(|(noted, _)| noted == bytes(source))
}

/// Notes it, before the PIN goes to the token: whoever is killed meanwhile does not try again.
pub fn note(places: &Places, token: &str, source: Option<Stamp>) -> io::Result<()> {
    files::write_private(&path(places, token), &bytes(source))
}

/// The token took one, or a person says to try again.
pub fn forget(places: &Places, token: &str) {
    let _ = files::remove(&path(places, token));
}

fn bytes(source: Option<Stamp>) -> Vec<u8> {
    format!("{source:?}").into_bytes()
}

fn dir(places: &Places) -> PathBuf {
    places.state.join("pins")
}

fn path(places: &Places, token: &str) -> PathBuf {
    dir(places).join(files::hex(&Sha256::digest(token)[..20]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_pin_is_known_for_its_token_and_its_file_until_it_is_forgotten() {
        let dir = tempfile::tempdir().unwrap();
        let places = Places::below(dir.path());
        let stamp = |size| Some(Stamp { seconds: 1, nanos: 2, size, inode: 4 });
        let turn = turn(&places, "a").unwrap();
        assert!(turn.is_some() && !is_noted(&places, "a", None));
        note(&places, "a", stamp(4)).unwrap();
        assert!(is_noted(&places, "a", stamp(4)));
        assert!(!is_noted(&places, "a", stamp(5)) && !is_noted(&places, "a", None));
        assert!(!is_noted(&places, "b", stamp(4)));
        forget(&places, "a");
        assert!(!is_noted(&places, "a", stamp(4)));
    }
}
