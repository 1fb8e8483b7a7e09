//! The password of a private key's file: kept in a keychain as keys are, under the file's path.

use std::path::Path;

use super::{Kept, Keychain, Keys, file, shown};
use crate::files::hex;
use crate::key_index::Rests;
use crate::message::Failure;
use crate::secret::Secret;

impl Keychain<'_> {
    /// The one that is kept for this file.
    pub fn password(&self, of: &Path) -> anyhow::Result<Option<Secret>> {
        for rests in self.all()? {
            let found = self.find(&name(of), Some(ID), rests)?;
            if let Some(password) = found.iter().find_map(password) {
                return Ok(Some(password));
            }
        }
        Ok(None)
    }

    /// Keeps it, and says where. No new encrypted file is made for it: that would only trade it for a passphrase.
    pub fn keep_password(&self, of: &Path, password: &Secret) -> anyhow::Result<String> {
        let rests = match self.destination()? {
            Kept { rests: Rests::File, instead: Some(why) } if !file::path(self.places).exists() => {
                return Err(Failure::new(why).into());
            }
            Kept { rests, .. } => rests,
        };
        let secret_access_key = Secret::new(format!("{HEX}{}", hex(password.expose().as_bytes())));
        let keys = Keys { access_key_id: ID.to_owned(), secret_access_key };
        self.write(&name(of), &keys, rests)?;
        Ok(shown(rests, self.places))
    }

    /// Forgets it; says whether there was one.
    pub fn remove_password(&self, of: &Path) -> anyhow::Result<bool> {
        let mut was_there = false;
        for rests in self.all()? {
            if !self.find(&name(of), Some(ID), rests)?.is_empty() {
                self.remove(&name(of), rests)?;
                was_there = true;
            }
        }
        Ok(was_there)
    }
}

/// In the place of an access key id. The password has that of the secret, in hex: both keychains know one form.
const ID: &str = "PASSWORD";
const HEX: &str = "hex:";

/// No key's name has a space in it.
fn name(of: &Path) -> String {
    format!("the password of {}", of.display())
}

fn password(keys: &Keys) -> Option<Secret> {
    let text = keys.secret_access_key.expose().strip_prefix(HEX)?;
    let digits = |at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok();
    let bytes: Option<Vec<u8>> = (0..text.len()).step_by(2).map(digits).collect();
    (keys.access_key_id == ID).then(|| String::from_utf8(bytes?).ok().map(Secret::new)).flatten()
}
