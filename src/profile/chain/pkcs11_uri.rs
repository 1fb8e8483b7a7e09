//! A PKCS#11 URI (RFC 7512): which token, which object on it, and how both are reached. It is a search: whatever it
//! leaves open may be anything.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use crate::limits::Reason;
use crate::secret::Secret;

/// What such a URI begins with.
pub const SCHEME: &str = "pkcs11:";

/// What the token has to be, and the slot and the library that it is reached by.
const TOKEN: [&str; 10] = [
    "library-description",
    "library-manufacturer",
    "library-version",
    "manufacturer",
    "model",
    "serial",
    "slot-description",
    "slot-id",
    "slot-manufacturer",
    "token",
];
/// What the object on it has to be.
const OBJECT: [&str; 3] = ["id", "object", "type"];

/// A certificate or a private key on a token.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pkcs11Uri {
    /// Decoded.
    attributes: BTreeMap<&'static str, Vec<u8>>,
    /// The library that speaks to the token; none: p11-kit's, which knows all that are installed.
    pub module: Option<PathBuf>,
    /// A file that begins with the PIN.
    pub pin_source: Option<PathBuf>,
    /// The PIN itself. Never in a `.awsenv`.
    pub pin: Option<Secret>,
}

impl Pkcs11Uri {
    /// Reads one, for an object of this type (`cert`, `private`).
    pub fn parse(text: &str, object: &str) -> Result<Self, Reason> {
        let rest = text.strip_prefix(SCHEME).ok_or_else(|| format!("a PKCS#11 URI begins with {SCHEME}"))?;
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let mut uri = Self::default();
        for part in path.split(';').filter(|part| !part.is_empty()) {
            let (name, value) = pair(part)?;
            let known = TOKEN.iter().chain(&OBJECT).find(|known| **known == name);
            let Some(known) = known else {
                return Err(match name {
                    "module-path" | "module-name" | "pin-source" | "pin-value" => {
                        format!("{name} goes behind a ?, after all that says which token and object")
                    }
                    _ => format!("awsenv does not know what {name} of a PKCS#11 URI means"),
                });
            };
            if uri.attributes.insert(known, value).is_some() {
                return Err(format!("{name} is there twice"));
            }
        }
        for part in query.split('&').filter(|part| !part.is_empty()) {
            let (name, value) = pair(part)?;
            let text = String::from_utf8(value).map_err(|_| format!("{name} is no text"))?;
            match name {
                "module-path" => uri.module = Some(from_root(name, &text)?),
                "pin-source" => {
                    let path = text.strip_prefix("file:").unwrap_or(&text);
                    uri.pin_source = Some(from_root(name, path.strip_prefix("//").unwrap_or(path))?);
                }
                "pin-value" => uri.pin = Some(Secret::new(text)),
                _ => {
                    return Err(format!(
                        "awsenv knows no {name} in a PKCS#11 URI: say module-path, pin-source"
                    ));
                }
            }
        }
        match uri.attributes.get("type") {
            Some(found) if found != object.as_bytes() => Err(format!("type={object} is expected here")),
            _ => Ok(uri),
        }
    }

    /// Of a token that says this of itself.
    pub fn of_token(parts: [(&'static str, &str); 3]) -> Self {
        let attributes = parts.map(|(name, value)| (name, value.as_bytes().to_vec())).into();
        Self { attributes, ..Self::default() }
    }

    /// By this library, unless the URI names another.
    pub fn by(self, module: Option<&str>) -> Self {
        Self { module: self.module.or(module.map(PathBuf::from)), ..self }
    }

    /// What an attribute has to be, if the URI says.
    pub fn attribute(&self, name: &str) -> Option<&[u8]> {
        self.attributes.get(name).map(Vec::as_slice)
    }

    /// The token alone.
    pub fn token(&self) -> String {
        self.written(&TOKEN)
    }

    /// With the library, which decides what else is found by the same words.
    pub fn identity(&self) -> String {
        match &self.module {
            Some(module) => format!("{self}?module-path={}", module.display()),
            None => self.to_string(),
        }
    }

    fn written(&self, which: &[&str]) -> String {
        let parts = self.attributes.iter().filter(|(name, _)| which.contains(name));
        let parts: Vec<_> = parts.map(|(name, value)| format!("{name}={}", encoded(value))).collect();
        format!("{SCHEME}{}", parts.join(";"))
    }
}

/// As people write it, without what says how it is reached: that may hold a PIN.
impl fmt::Display for Pkcs11Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written(&[&TOKEN[..], &OBJECT[..]].concat()))
    }
}

fn pair(part: &str) -> Result<(&str, Vec<u8>), Reason> {
    let (name, value) =
        part.split_once('=').ok_or("a PKCS#11 URI is made of name=value, with ; between them")?;
    let value = decoded(value).ok_or_else(|| format!("{name}: after each % go two hexadecimal digits"))?;
    Ok((name, value))
}

fn from_root(name: &str, path: &str) -> Result<PathBuf, Reason> {
    match path.starts_with('/') {
        true => Ok(PathBuf::from(path)),
        false => Err(format!("{name} is a file's path from / on")),
    }
}

fn decoded(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let digits = rest.get(..2).filter(|digits| digits.iter().all(u8::is_ascii_hexdigit))?;
        bytes.push(u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?);
        rest = &rest[2..];
    }
    Some(bytes)
}

fn encoded(bytes: &[u8]) -> String {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~ ".contains(byte);
    let one = |byte: &u8| if plain(byte) { char::from(*byte).to_string() } else { format!("%{byte:02X}") };
    bytes.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn a_uri_says_which_object_and_how_it_is_reached() {
        let text = "pkcs11:token=My%20token;object=edge;id=%01%ff;type=private\
                    ?module-path=/usr/lib/softhsm/libsofthsm2.so&pin-source=file:/run/pin";
        let uri = Pkcs11Uri::parse(text, "private").unwrap();
        assert_eq!(uri.attribute("token"), Some(&b"My token"[..]));
        assert_eq!(uri.attribute("id"), Some(&b"\x01\xff"[..]));
        assert_eq!(uri.attribute("serial"), None);
        assert_eq!(uri.module.as_deref(), Some(Path::new("/usr/lib/softhsm/libsofthsm2.so")));
        assert_eq!(uri.pin_source.as_deref(), Some(Path::new("/run/pin")));
        assert_eq!(uri.to_string(), "pkcs11:id=%01%FF;object=edge;token=My token;type=private");
        assert_eq!(uri.token(), "pkcs11:token=My token");
        let other =
            Pkcs11Uri::parse("pkcs11:object=edge;token=My%20token?pin-source=file:///run/pin", "cert");
        assert_eq!(other.unwrap().pin_source, uri.pin_source);
        let anything = Pkcs11Uri::parse("pkcs11:", "cert").unwrap();
        assert_eq!(anything.identity(), "pkcs11:");
    }

    #[test]
    fn a_pin_is_never_shown_and_no_part_of_whose_key_it_is() {
        let [with, without] = ["?pin-value=4%3242", ""]
            .map(|query| Pkcs11Uri::parse(&format!("pkcs11:object=edge{query}"), "private").unwrap());
        assert_eq!(with.pin, Some(Secret::new("4242")));
        assert_eq!(with.identity(), without.identity());
        assert!(!format!("{with:?} {with}").contains("42"));
    }

    #[test]
    fn what_cannot_be_meant_is_an_error() {
        for (text, expected) in [
            ("edge.pem", "a PKCS#11 URI begins with pkcs11:"),
            ("pkcs11:edge", "a PKCS#11 URI is made of name=value, with ; between them"),
            ("pkcs11:object=%1", "object: after each % go two hexadecimal digits"),
            ("pkcs11:object=%+1", "object: after each % go two hexadecimal digits"),
            ("pkcs11:object=a;object=b", "object is there twice"),
            ("pkcs11:label=a", "awsenv does not know what label of a PKCS#11 URI means"),
            (
                "pkcs11:module-path=/a.so;object=b",
                "module-path goes behind a ?, after all that says which token and object",
            ),
            ("pkcs11:object=a?module-path=a.so", "module-path is a file's path from / on"),
            ("pkcs11:object=a?pin-source=%7Cpass", "pin-source is a file's path from / on"),
            (
                "pkcs11:object=a?module-name=opensc",
                "awsenv knows no module-name in a PKCS#11 URI: say module-path, pin-source",
            ),
            ("pkcs11:object=a;type=cert", "type=private is expected here"),
        ] {
            assert_eq!(Pkcs11Uri::parse(text, "private").unwrap_err(), expected, "{text}");
        }
    }
}
