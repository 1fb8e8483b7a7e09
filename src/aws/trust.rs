//! The files of certificates that the environment and profiles name. None of them may hold up a call: a FIFO gives
//! nothing and a device gives no end, and no timeout of the client's counts while a file is read.

use std::path::Path;

use crate::env::Env;
use crate::files;
use crate::message::{Failure, shown_path};

/// All the roots there are come to less than a tenth of this.
const LIMIT: u64 = 8 * 1024 * 1024;

/// What is in the bundle that this setting names.
pub(super) fn bundle(name: &str, path: &Path) -> Result<Vec<u8>, Failure> {
    match files::read_limited(path, LIMIT) {
        Ok(Some((pem, _))) => Ok(pem),
        Ok(None) => Err(refused(name, path, "there is no such file")),
        Err(error) => Err(refused(name, path, &error.to_string())),
    }
}

/// The system's own are read by a crate that opens whatever these two name.
pub(super) fn check_the_systems(original: &Env) -> Result<(), Failure> {
    // As that crate reads them: what is not there, it passes over.
    let named = |path: &Path| path.metadata().ok();
    let file = original.get("SSL_CERT_FILE").map(Path::new);
    if let Some((path, file)) = file.and_then(|path| Some((path, named(path)?))) {
        let why = match file.is_file() {
            true => (file.len() > LIMIT).then(|| format!("larger than {LIMIT} bytes")),
            false => Some("not a regular file".to_owned()),
        };
        why.map_or(Ok(()), |why| Err(refused("SSL_CERT_FILE", path, &why)))?;
    }
    let mut directories = original.get("SSL_CERT_DIR").into_iter().flat_map(std::env::split_paths);
    match directories.find(|path| named(path).is_some_and(|found| !found.is_dir())) {
        Some(path) => Err(refused("SSL_CERT_DIR", &path, "not a directory")),
        None => Ok(()),
    }
}

fn refused(name: &str, path: &Path, why: &str) -> Failure {
    Failure::new(format!("{name}: cannot read {}: {why}", shown_path(path)))
        .hint(format!("{name} must name certificates in PEM; without it the system's count"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_gives_no_end_is_never_read() {
        let dir = tempfile::tempdir().unwrap();
        let fifo = dir.path().join("fifo");
        files::make_fifo(&fifo);
        let said = |path: &Path| bundle("AWS_CA_BUNDLE", path).unwrap_err().what;
        assert!(said(&fifo).ends_with("fifo: not a regular file"), "{}", said(&fifo));
        assert_eq!(said(Path::new("/dev/zero")), "AWS_CA_BUNDLE: cannot read /dev/zero: not a regular file");
        assert!(said(&dir.path().join("absent")).ends_with("there is no such file"));
        let checked = |name: &str, value: &Path| {
            let env: Env = [(name, value.to_str().unwrap())].into_iter().collect();
            check_the_systems(&env).map_err(|failure| failure.what)
        };
        for (name, value, why) in [
            ("SSL_CERT_FILE", fifo.as_path(), "not a regular file"),
            ("SSL_CERT_FILE", dir.path(), "not a regular file"),
            ("SSL_CERT_DIR", fifo.as_path(), "not a directory"),
        ] {
            let said = checked(name, value).unwrap_err();
            assert_eq!(said, format!("{name}: cannot read {}: {why}", value.display()));
        }
        assert_eq!(checked("SSL_CERT_DIR", dir.path()), Ok(()));
        assert_eq!(checked("SSL_CERT_FILE", &dir.path().join("absent")), Ok(()), "the crate says so itself");
    }
}
