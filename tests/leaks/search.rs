//! Looks for secrets, whole or in part, in clear or in the encodings that hide them from a plain search.

use std::collections::HashMap;
use std::fmt::Write;

/// So many characters of a secret are a leak; fewer turn up by chance.
const FRAGMENT: usize = 12;

/// Something that was written where a secret must not be.
pub(crate) struct Evidence {
    /// Which command, and where.
    pub(crate) place: String,
    pub(crate) bytes: Vec<u8>,
}

impl Evidence {
    pub(crate) fn new(place: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Self {
        Self { place: place.into(), bytes: bytes.into() }
    }
}

/// All fragments of all forms of the secrets. One that is shorter than a fragment is looked for as a whole word.
pub(crate) struct Search {
    fragments: HashMap<Vec<u8>, String>,
    words: Vec<String>,
}

impl Search {
    pub(crate) fn of(secrets: &[&str]) -> Self {
        let mut fragments = HashMap::new();
        let (long, short): (Vec<_>, Vec<_>) = secrets.iter().partition(|secret| secret.len() >= FRAGMENT);
        for secret in long {
            for (form, text) in forms(secret) {
                for fragment in text.as_bytes().windows(FRAGMENT) {
                    fragments.entry(fragment.to_vec()).or_insert_with(|| format!("{secret} {form}"));
                }
            }
        }
        Self { fragments, words: short.into_iter().map(str::to_owned).collect() }
    }

    /// The places where a secret was found, each with what was found there.
    pub(crate) fn leaks(&self, evidence: &[Evidence]) -> Vec<String> {
        let leak = |evidence: &Evidence| {
            let found = self.find(&evidence.bytes).or_else(|| self.find(evidence.place.as_bytes()))?;
            Some(format!("{}: {found}", evidence.place))
        };
        evidence.iter().filter_map(leak).collect()
    }

    pub(crate) fn find(&self, bytes: &[u8]) -> Option<&str> {
        let fragment = || bytes.windows(FRAGMENT).find_map(|window| self.fragments.get(window));
        self.words
            .iter()
            .find(|word| holds_word(bytes, word.as_bytes()))
            .or_else(fragment)
            .map(String::as_str)
    }
}

fn holds_word(bytes: &[u8], word: &[u8]) -> bool {
    let is_inside = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    let mut places = bytes.windows(word.len()).enumerate().filter(|(_, window)| *window == word);
    places.any(|(at, _)| {
        !is_inside(at.checked_sub(1).and_then(|before| bytes.get(before)))
            && !is_inside(bytes.get(at + word.len()))
    })
}

fn forms(secret: &str) -> Vec<(&'static str, String)> {
    let hex = secret.bytes().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a string takes it");
        text
    });
    let octal = secret.bytes().fold(String::new(), |mut text, byte| {
        write!(text, "\\{byte:03o}").expect("a string takes it");
        text
    });
    let mut forms = vec![
        ("in clear", secret.to_owned()),
        ("backwards", secret.chars().rev().collect()),
        ("percent-encoded", percent(secret)),
        ("in octal", octal),
        ("in HEX", hex.to_uppercase()),
        ("in hex", hex),
    ];
    // Inside a longer text, base64 depends on where the secret begins.
    for shift in 0..3 {
        let text = base64(&[&vec![0; shift], secret.as_bytes()].concat());
        let inner = text[(shift * 4).div_ceil(3)..text.len() - 4].to_owned();
        forms.push(("in base64url", inner.replace('+', "-").replace('/', "_")));
        forms.push(("in base64", inner));
    }
    forms
}

fn percent(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    text.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let group = |chunk: &[u8]| {
        let all = chunk.iter().fold(0, |all, byte| all << 8 | usize::from(*byte)) << (8 * (3 - chunk.len()));
        let digit = |place: usize| match place <= chunk.len() {
            true => char::from(DIGITS[all >> (18 - 6 * place) & 63]),
            false => '=',
        };
        [digit(0), digit(1), digit(2), digit(3)]
    };
    bytes.chunks(3).flat_map(group).collect()
}

#[test]
fn the_search_knows_every_disguise() {
    const SECRET: &str = "Pl4nted/Secret+0f=TheSearch~Itself0123456";
    let search = Search::of(&[SECRET]);
    let hex: String = SECRET.bytes().map(|byte| format!("{byte:02x}")).collect();
    let mut disguises = vec![
        SECRET.to_owned(),
        format!("{}…", &SECRET[..14]),
        format!("…{}", &SECRET[SECRET.len() - 14..]),
        hex.to_uppercase(),
        hex,
        percent(SECRET),
        SECRET.chars().rev().collect(),
    ];
    for before in ["", "x", "xy", "xyz"] {
        disguises.push(base64(format!("{before}{SECRET}{before}").as_bytes()));
    }
    for disguise in disguises {
        assert!(search.find(format!("before {disguise} after").as_bytes()).is_some(), "{disguise}");
    }
    assert_eq!(search.find(b"AKIAIOSFODNN7EXAMPLE and nothing that was planted"), None);
    for secret in crate::world::ALL {
        let others: Vec<_> = crate::world::ALL.into_iter().filter(|other| *other != secret).collect();
        assert_eq!(
            Search::of(&others).find(secret.as_bytes()),
            None,
            "one planted secret is taken for another"
        );
    }
    let code = Search::of(&["918273"]);
    assert!(code.find(b"TokenCode=918273").is_some() && code.find(b"918273").is_some());
    assert!(code.find(b"1918273").is_none() && code.find(b"9182731918273a").is_none());
    assert_eq!(base64(b"any carnal pleas"), "YW55IGNhcm5hbCBwbGVhcw==");
}
