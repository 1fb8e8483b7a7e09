//! Which PINs that nobody typed a token has refused, or may have: they are not given to that token again, since a few
//! wrong ones lock it for good. A PIN is a few digits, so what is noted are digests that only the owner of the store's
//! key can compute.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use sha2::{Digest, Sha256};

use super::key::{digest, key};
use crate::files::{self, Lock};
use crate::places::Places;
use crate::secret::Secret;

/// A token answers within this, or somebody is being asked.
const PATIENCE: Duration = Duration::from_secs(30);
/// More than a thousand PINs.
const LONGEST: u64 = 64 * 1024;
/// Where there is no place for a key, one refused PIN stands for all.
const ANY: &str = "-";

/// Stands for all that were refused while there was another key: it went with a reboot.
const UNKNOWN: &str = "?";

/// What is known of a PIN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Noted {
    /// The token may take it.
    No,
    /// The token has refused it, or may have.
    Refused,
    /// Some were refused; the key that would say which is gone.
    Unknown,
}

/// Whoever has it gives a token PINs; `None`: somebody else does. `token`: its own name, as everywhere here.
pub fn turn(places: &Places, token: &str) -> io::Result<Option<Lock>> {
    files::private_dir(&places.state)?;
    files::private_dir(&dir(places))?;
    files::lock_within(&path(places, token).with_extension("lock"), PATIENCE)
}

/// Whether this token has refused this PIN.
pub fn noted(places: &Places, token: &str, pin: &Secret) -> io::Result<Noted> {
    let (of, mark) = marks(places, token, pin);
    let refused = read(places, token, &of)?;
    let has = |mark: &str| refused.iter().any(|refused| refused == mark);
    Ok(match has(&mark) {
        true => Noted::Refused,
        false if has(UNKNOWN) => Noted::Unknown,
        false => Noted::No,
    })
}

/// Notes it, before the PIN goes to the token: whoever is killed meanwhile does not try again.
pub fn note(places: &Places, token: &str, pin: &Secret) -> io::Result<()> {
    let (of, mark) = marks(places, token, pin);
    let mut refused = read(places, token, &of)?;
    if !refused.contains(&mark) {
        refused.push(mark);
    }
    write(places, token, &of, &refused)
}

/// The token took it. Where a person has come, what nobody can read any more goes, too.
pub fn forget(places: &Places, token: &str, pin: &Secret, has_person: bool) -> io::Result<()> {
    let (of, mark) = marks(places, token, pin);
    let mut refused = read(places, token, &of)?;
    refused.retain(|refused| *refused != mark && !(has_person && refused == UNKNOWN));
    match refused.is_empty() {
        true => files::remove(&path(places, token)),
        false => write(places, token, &of, &refused),
    }
}

/// Which key it is, and what stands for the PIN.
fn marks(places: &Places, token: &str, pin: &Secret) -> (String, String) {
    match key(places) {
        Some(key) => {
            let text = zeroize::Zeroizing::new(format!("pin:{token}:{}", pin.expose()));
            (digest(&key, b"pins"), digest(&key, text.as_bytes()))
        }
        None => (ANY.to_owned(), ANY.to_owned()),
    }
}

/// What was refused, by this key. A file that cannot be read is an error: else a PIN would be given again.
fn read(places: &Places, token: &str, of: &str) -> io::Result<Vec<String>> {
    let Some((bytes, _)) = files::read_limited(&path(places, token), LONGEST)? else { return Ok(Vec::new()) };
    let text = String::from_utf8_lossy(&bytes);
    let mut lines = text.lines();
    Ok(match lines.next() == Some(of) {
        true => lines.map(str::to_owned).collect(),
        false => vec![UNKNOWN.to_owned()],
    })
}

fn write(places: &Places, token: &str, of: &str, refused: &[String]) -> io::Result<()> {
    files::write_private(&path(places, token), format!("{of}\n{}\n", refused.join("\n")).as_bytes())
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
    fn each_refused_pin_is_known_for_its_token_until_the_token_takes_it() {
        let dir = tempfile::tempdir_in("/dev/shm").unwrap();
        let places = Places::below(dir.path());
        let [one, two] = ["1111", "2222"].map(Secret::new);
        let noted = |token, pin| noted(&places, token, pin).unwrap();
        let turn = turn(&places, "a").unwrap();
        assert!(turn.is_some() && noted("a", &one) == Noted::No);
        note(&places, "a", &one).unwrap();
        note(&places, "a", &two).unwrap();
        note(&places, "a", &one).unwrap();
        assert_eq!(
            [noted("a", &one), noted("a", &two), noted("b", &one)],
            [Noted::Refused, Noted::Refused, Noted::No]
        );
        let text = std::fs::read_to_string(path(&places, "a")).unwrap();
        let plain = |pin: &str| files::hex(&Sha256::digest(pin)[..12]);
        assert!(!text.contains("1111") && !text.contains(&plain("1111")), "{text}");
        assert_eq!(text.lines().count(), 3, "{text}");
        forget(&places, "a", &one, true).unwrap();
        assert_eq!([noted("a", &one), noted("a", &two)], [Noted::No, Noted::Refused]);
        forget(&places, "a", &two, false).unwrap();
        assert!(!path(&places, "a").exists());
    }

    #[test]
    fn of_another_key_nobody_knows_which_pins_were_refused() {
        let dir = tempfile::tempdir_in("/dev/shm").unwrap();
        let places = Places::below(dir.path());
        let pin = Secret::new("1111");
        let _turn = turn(&places, "a").unwrap();
        write(&places, "a", "gone", &["x".to_owned()]).unwrap();
        let noted = |pin: &str| noted(&places, "a", &Secret::new(pin)).unwrap();
        forget(&places, "a", &pin, false).unwrap();
        note(&places, "a", &pin).unwrap();
        assert_eq!([noted("1111"), noted("2222")], [Noted::Refused, Noted::Unknown]);
        forget(&places, "a", &pin, true).unwrap();
        assert_eq!([noted("1111"), noted("2222")], [Noted::No; 2]);
    }
}
