//! Originals that may be secret, set aside while a directory's credentials are loaded: sealed in a file
//! whose id the shell's state holds.

use std::path::PathBuf;

use zeroize::Zeroizing;

use super::key::{digest, key};
use crate::clock::Timestamp;
use crate::files;
use crate::places::Places;
use crate::seal;

/// Older ones belong to shells long gone.
const KEPT: std::time::Duration = std::time::Duration::from_secs(90 * 24 * 3600);

/// Sets the bytes aside and answers the id to take them back with; the same bytes have the same id. `None`:
/// there is no key, or nowhere to write.
pub fn put(places: &Places, bytes: &[u8], now: Timestamp) -> Option<String> {
    let key = key(places)?;
    // An id only the key's owner can compute: the same originals take one file, however many shells have them.
    let id = digest(&key, bytes);
    let path = path(places, &id);
    if let Ok(file) = std::fs::File::options().write(true).open(&path) {
        // In use again: not to be taken for a forgotten one.
        let _ = file.set_modified(now.into());
    } else {
        files::private_dir(&places.state)
            .and_then(|()| files::private_dir(&places.state.join("aside")))
            .ok()?;
        forget_old(places, now);
        files::write_private(&path, &seal::seal(&key, &purpose(&id), bytes)).ok()?;
    }
    Some(id)
}

/// Takes a copy of what was set aside; it stays there, since other shells may have inherited the id.
pub fn take(places: &Places, id: &str) -> Option<Zeroizing<Vec<u8>>> {
    let (sealed, _) = files::read_limited(&path(places, id), 1 << 20).ok()??;
    seal::open(&key(places)?, &purpose(id), &sealed)
}

fn path(places: &Places, id: &str) -> PathBuf {
    places.state.join("aside").join(id)
}

fn purpose(id: &str) -> String {
    format!("aside:{id}")
}

fn forget_old(places: &Places, now: Timestamp) {
    let Ok(entries) = std::fs::read_dir(places.state.join("aside")) else { return };
    for entry in entries.flatten() {
        let modified = entry.metadata().ok().and_then(|metadata| metadata.modified().ok());
        let modified = modified.and_then(|time| Timestamp::try_from(time).ok());
        if modified.is_some_and(|then| now.duration_since(then) > KEPT.try_into().expect("90 days")) {
            let _ = files::remove(&entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn originals_come_back_and_are_not_readable_on_disk() {
        let dir = tempfile::tempdir_in("/dev/shm").unwrap();
        let places = Places::below(dir.path());
        let now = crate::clock::now();
        let id = put(&places, b"AWS_SECRET_ACCESS_KEY=planted\0", now).unwrap();
        assert_eq!(put(&places, b"AWS_SECRET_ACCESS_KEY=planted\0", now), Some(id.clone()));
        assert_eq!(take(&places, &id).unwrap().as_slice(), b"AWS_SECRET_ACCESS_KEY=planted\0");
        assert!(take(&places, "0000").is_none());
        let on_disk = std::fs::read(path(&places, &id)).unwrap();
        assert!(!on_disk.windows(7).any(|window| window == b"planted"));
    }
}
