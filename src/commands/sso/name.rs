//! How profiles are called: a template, and patterns that pick accounts and roles.

use crate::message::{Exit, Failure, did_you_mean, shown};
use crate::provider::sso::Account;

/// What may stand in braces.
const FIELDS: [&str; 4] = ["account_name", "account_id", "role", "session"];

/// `{account_name}-{role}`, taken apart.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Template(Vec<Part>);

#[derive(Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    /// One of [`FIELDS`].
    Field(&'static str),
}

impl Template {
    pub(super) fn parse(text: &str) -> Result<Self, Failure> {
        let wrong = |why: String| Failure::new(format!("--name {}: {why}", shown(text))).exit(Exit::Usage);
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            let (field, below) =
                after.split_once('}').ok_or_else(|| wrong("a { without its }".to_owned()))?;
            let known = FIELDS.into_iter().find(|known| *known == field).ok_or_else(|| {
                wrong(format!("unknown word {}", shown(field))).hint(did_you_mean(
                    field,
                    "known words",
                    FIELDS.into_iter(),
                ))
            })?;
            parts.extend([Part::Text(before.to_owned()), Part::Field(known)]);
            rest = below;
        }
        parts.push(Part::Text(rest.to_owned()));
        Ok(Self(parts))
    }

    /// The name of a role's profile. What no profile's name may have in it becomes a hyphen.
    pub(super) fn name(&self, account: &Account, role: &str, session: &str) -> String {
        let part = |part: &Part| match part {
            Part::Text(text) => text.clone(),
            Part::Field("account_name") => {
                Some(plain(&account.name)).filter(|name| !name.is_empty()).unwrap_or(account.id.clone())
            }
            Part::Field("account_id") => account.id.clone(),
            Part::Field("role") => plain(role),
            Part::Field(_) => plain(session),
        };
        self.0.iter().map(part).collect()
    }
}

/// `Acme Dev (EU)` → `Acme-Dev-EU`: what [`crate::limits::profile_name`] takes.
fn plain(text: &str) -> String {
    let legal = |c: char| c.is_ascii_alphanumeric() || "_-/.%@:+".contains(c);
    text.split(|c| !legal(c)).filter(|word| !word.is_empty()).collect::<Vec<_>>().join("-")
}

/// Whether a text is what a pattern means, in any case of letters: `*` is any text, `?` any character.
pub(super) fn matches(pattern: &str, text: &str) -> bool {
    let chars = |text: &str| text.chars().flat_map(char::to_lowercase).collect::<Vec<_>>();
    let (pattern, text) = (chars(pattern), chars(text));
    // Where the last `*` was, and how much it has taken so far: of two, only the last can have to take more.
    let (mut at, mut from, mut star) = (0, 0, None);
    while from < text.len() {
        match pattern.get(at) {
            Some('*') => {
                star = Some((at, from));
                at += 1;
            }
            Some(c) if *c == '?' || *c == text[from] => (at, from) = (at + 1, from + 1),
            _ => {
                let Some((begin, taken)) = star else { return false };
                star = Some((begin, taken + 1));
                (at, from) = (begin + 1, taken + 1);
            }
        }
    }
    pattern[at..].iter().all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits;

    fn account(name: &str) -> Account {
        Account { id: "111122223333".into(), name: name.into(), email: String::new() }
    }

    #[test]
    fn a_name_is_made_of_what_a_profile_may_be_called() {
        for (template, name, role, expected) in [
            ("{account_name}-{role}", "Acme Dev (EU)", "Developer", "Acme-Dev-EU-Developer"),
            ("{account_name}/{role}", "acme/dev", "A=B,C", "acme/dev/A-B-C"),
            ("{session}.{account_id}.{role}", "x", "Ops+1@x", "corp.111122223333.Ops+1@x"),
            ("{account_name}", "東京", "R", "111122223333"),
            ("{account_name}", "]\n[default", "R", "default"),
            ("only", "x", "R", "only"),
        ] {
            let got = Template::parse(template).unwrap().name(&account(name), role, "corp");
            assert_eq!(got, expected);
            assert_eq!(limits::profile_name(&got), Ok(()));
        }
    }

    #[test]
    fn a_template_that_cannot_be_followed_is_refused() {
        for (template, what, hint) in [
            ("{acount_id}", "--name {acount_id}: unknown word acount_id", Some("did you mean `account_id`?")),
            (
                "{x}",
                "--name {x}: unknown word x",
                Some("known words: account_name, account_id, role, session"),
            ),
            ("a{role", "--name a{role: a { without its }", None),
        ] {
            let failure = Template::parse(template).unwrap_err();
            assert_eq!((failure.what.as_str(), failure.hint.as_deref()), (what, hint));
            assert_eq!(failure.exit, Exit::Usage);
        }
    }

    #[test]
    fn patterns_mean_whole_texts_in_any_case() {
        for (pattern, text, expected) in [
            ("prod", "Prod", true),
            ("prod", "prod-eu", false),
            ("prod*", "prod-eu", true),
            ("*-eu", "prod-eu-eu", true),
            ("*a*b", "xaybaab", true),
            ("*a*b", "xayba", false),
            ("p?od", "Prod", true),
            ("p?od", "pod", false),
            ("*", "", true),
            ("", "", true),
            ("", "x", false),
            ("11112222*", "111122223333", true),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }
}
