//! Which certificate is on a token: a fingerprint in a file, by whoever has asked the token. A prompt, which asks no
//! token, looks at that file as at a certificate's own.

use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::files;
use crate::places::Places;
use crate::profile::chain::{Held, RolesAnywhere};

/// Where it is noted; `None`: the certificate is a file itself.
pub fn path(places: &Places, source: &RolesAnywhere) -> Option<PathBuf> {
    let Held::Token(uri) = &source.certificate else { return None };
    let name = files::hex(&Sha256::digest(uri.identity())[..20]);
    Some(places.state.join("certificates").join(name))
}

/// Notes it. The file stays as it is for as long as the certificate does.
pub fn note(path: &Path, certificate: &[u8]) -> io::Result<()> {
    let fingerprint = files::hex(&Sha256::digest(certificate));
    let known = files::read_limited(path, 1024)?.is_some_and(|(noted, _)| noted == fingerprint.as_bytes());
    if known {
        return Ok(());
    }
    let dir = path.parent().unwrap_or(Path::new("/"));
    dir.parent().map_or(Ok(()), files::private_dir)?;
    files::private_dir(dir)?;
    files::write_private(path, fingerprint.as_bytes())
}
