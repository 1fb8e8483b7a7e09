//! The one type that may hold a secret: it does not print and wipes itself.

use std::fmt;
use zeroize::Zeroizing;

/// A secret text. `Debug` is redacted, there is no `Display`, and the memory is wiped on drop;
/// [`Secret::expose`] is the only way out, and each call should be easy to defend in review.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes the text over; the caller keeps no copy.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// The text itself: for stdout that a shell evals, a child's environment, the wire, a private file.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// Without an early exit, so that the time it takes says nothing about where two secrets differ.
impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        let differences = self.0.bytes().zip(other.0.bytes()).fold(0, |all, (a, b)| all | (a ^ b));
        self.0.len() == other.0.len() && differences == 0
    }
}

impl Eq for Secret {}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_compare_by_their_text() {
        assert!(Secret::new("hunter2") == Secret::new("hunter2"));
        for other in ["", "hunter", "hunter3", "hunter22"] {
            assert!(Secret::new("hunter2") != Secret::new(other), "{other}");
        }
    }

    #[test]
    fn debug_never_shows_the_text() {
        assert_eq!(format!("{:?}", Secret::new("hunter2")), "Secret(..)");
        assert_eq!(format!("{:?}", Some(Secret::new("hunter2"))), "Some(Secret(..))");
    }
}
