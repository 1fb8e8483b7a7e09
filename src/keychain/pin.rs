//! PINs of tokens, by the token's own name; and beside them which tokens the words of a URI have found, so that
//! `logout` need not have the token at hand.

use std::path::Path;

use super::Keychain;
use crate::secret::Secret;

impl Keychain<'_> {
    /// The PIN of this very token.
    pub fn pin(&self, token: &str) -> anyhow::Result<Option<Secret>> {
        self.password(Path::new(token))
    }

    /// Keeps it, and says where. `asked`: the words that found the token.
    pub fn keep_pin(&self, asked: &str, token: &str, pin: &Secret) -> anyhow::Result<String> {
        // First, so that no PIN is kept that `logout` would not find.
        self.note_found(asked, token)?;
        self.keep_password(Path::new(token), pin)
    }

    /// Notes that these words have found this token, too.
    pub fn note_found(&self, asked: &str, token: &str) -> anyhow::Result<()> {
        let mut tokens = self.found(asked)?;
        if tokens.iter().any(|known| known == token) {
            return Ok(());
        }
        tokens.push(token.to_owned());
        self.keep_password(Path::new(&found(asked)), &Secret::new(tokens.join("\n"))).map(drop)
    }

    /// Forgets the PIN of this very token; says whether there was one.
    pub fn remove_pin(&self, token: &str) -> anyhow::Result<bool> {
        self.remove_password(Path::new(token))
    }

    /// The same of each token that these words have found.
    pub fn remove_pins(&self, asked: &str) -> anyhow::Result<bool> {
        let mut was_there = false;
        for token in self.found(asked)? {
            was_there |= self.remove_pin(&token)?;
        }
        self.remove_password(Path::new(&found(asked)))?;
        Ok(was_there)
    }

    fn found(&self, asked: &str) -> anyhow::Result<Vec<String>> {
        let names = self.password(Path::new(&found(asked)))?;
        Ok(names.map_or(Vec::new(), |names| names.expose().lines().map(str::to_owned).collect()))
    }
}

/// No token's name has a bracket in it.
fn found(asked: &str) -> String {
    format!("{asked} (found)")
}
