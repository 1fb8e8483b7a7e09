//! JSON as Python's `json.dumps` writes it, into memory that is wiped.

use serde::Serialize;
use zeroize::Zeroizing;

/// So large that it does not grow while secrets are written: growing leaves a copy behind.
const ROOM: usize = 64 * 1024;

/// An object, field by field.
pub(in crate::session) struct Document(Zeroizing<Vec<u8>>);

impl Document {
    pub(in crate::session) fn new() -> Self {
        Self(Zeroizing::new(Vec::with_capacity(ROOM)))
    }

    pub(in crate::session) fn field(mut self, name: &str, value: impl Serialize) -> Self {
        let before: &[u8] = if self.0.is_empty() { b"{" } else { b", " };
        self.0.extend_from_slice(before);
        self.put(name);
        self.0.extend_from_slice(b": ");
        self.put(value);
        self
    }

    /// A field that is left out where there is nothing to say.
    pub(in crate::session) fn option(self, name: &str, value: Option<impl Serialize>) -> Self {
        match value {
            Some(value) => self.field(name, value),
            None => self,
        }
    }

    pub(in crate::session) fn end(mut self) -> Zeroizing<Vec<u8>> {
        self.0.push(b'}');
        self.0
    }

    fn put(&mut self, value: impl Serialize) {
        let mut serializer = serde_json::Serializer::with_formatter(&mut *self.0, Spaced);
        value.serialize(&mut serializer).expect("text and lists of text have a form in JSON");
    }
}

/// `", "` and `": "`.
struct Spaced;

impl serde_json::ser::Formatter for Spaced {
    fn begin_array_value<W: ?Sized + std::io::Write>(
        &mut self,
        out: &mut W,
        first: bool,
    ) -> std::io::Result<()> {
        if first { Ok(()) } else { out.write_all(b", ") }
    }

    fn begin_object_key<W: ?Sized + std::io::Write>(
        &mut self,
        out: &mut W,
        first: bool,
    ) -> std::io::Result<()> {
        if first { Ok(()) } else { out.write_all(b", ") }
    }

    fn begin_object_value<W: ?Sized + std::io::Write>(&mut self, out: &mut W) -> std::io::Result<()> {
        out.write_all(b": ")
    }
}
