//! What people call accounts, as portals have listed them, so that a prompt can say it without a call. By the
//! account's id: none is ever called by another's name. Where two portals disagree, nobody's word counts.

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::files;
use crate::limits;
use crate::places::Places;

/// Tens of thousands of accounts.
const LIMIT: u64 = 4 * 1024 * 1024;
/// AWS allows no longer name.
const LONGEST: usize = 50;

/// The name of an account, if it is known.
pub fn name(places: &Places, account: &str) -> Option<String> {
    let text = read(places)?;
    let mut names = lines(&text).filter(|[id, ..]| *id == account).map(|[_, _, name]| name);
    let first = names.next()?;
    names.all(|name| name == first).then(|| first.to_owned())
}

/// Every account that a portal has listed, by id and name.
pub fn all(places: &Places) -> Vec<(String, String)> {
    let text = read(places).unwrap_or_default();
    lines(&text).map(|[id, _, name]| (id.to_owned(), name.to_owned())).collect()
}

/// Keeps what a portal lists, by id and name, in the place of what it has listed before. Says whether that is new.
pub fn keep<'a>(
    places: &Places,
    portal: &str,
    listed: impl Iterator<Item = (&'a str, &'a str)>,
) -> std::io::Result<bool> {
    let before = read(places).unwrap_or_default();
    let others = lines(&before).filter(|[_, by, _]| *by != portal);
    let listed = listed.map(|(id, name)| [id, portal, name.trim()]).filter(is_sane);
    let lines: BTreeSet<String> = others.chain(listed).map(|line| line.join(" ") + "\n").collect();
    let after: String = lines.into_iter().collect();
    if after == before {
        return Ok(false);
    }
    files::private_dir(&places.state)?;
    files::write_private(&path(places), after.as_bytes())?;
    Ok(true)
}

/// The account, the portal, the name. What is not spelled so is passed over.
fn lines(text: &str) -> impl Iterator<Item = [&str; 3]> {
    let fields = |line: &'_ str| -> Option<[usize; 2]> {
        let id = line.find(' ')?;
        Some([id, id + 1 + line[id + 1..].find(' ')?])
    };
    text.lines()
        .filter_map(move |line| fields(line).map(|[a, b]| [&line[..a], &line[a + 1..b], &line[b + 1..]]))
        .filter(is_sane)
}

fn is_sane([id, portal, name]: &[&str; 3]) -> bool {
    limits::account(id).is_ok()
        && !portal.is_empty()
        && !portal.contains(char::is_whitespace)
        && (1..=LONGEST).contains(&name.chars().count())
        && !name.chars().any(char::is_control)
}

fn read(places: &Places) -> Option<String> {
    let (bytes, _) = files::read_limited(&path(places), LIMIT).ok()??;
    String::from_utf8(bytes).ok()
}

fn path(places: &Places) -> PathBuf {
    places.state.join("accounts")
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEV: &str = "111122223333";
    const PROD: &str = "999988887777";

    #[test]
    fn an_account_has_the_name_that_its_portal_gave_it_last() {
        let dir = tempfile::tempdir().unwrap();
        let places = Places::below(dir.path());
        assert_eq!(name(&places, DEV), None);
        let keep = |portal, listed: &[(&str, &str)]| keep(&places, portal, listed.iter().copied()).unwrap();
        assert!(keep("one", &[(DEV, "Acme Dev"), (PROD, "Acme Prod")]));
        assert!(!keep("one", &[(PROD, "Acme Prod"), (DEV, "Acme Dev")]));
        assert_eq!(all(&places)[0], (DEV.to_owned(), "Acme Dev".to_owned()));
        assert_eq!(name(&places, DEV).as_deref(), Some("Acme Dev"));
        assert!(keep("one", &[(DEV, "Acme Test")]));
        assert_eq!(
            [name(&places, DEV).as_deref(), name(&places, PROD).as_deref()],
            [Some("Acme Test"), None]
        );
        keep("two", &[(DEV, "Acme Test"), (PROD, "Theirs")]);
        assert_eq!(name(&places, DEV).as_deref(), Some("Acme Test"), "they agree");
        keep("two", &[(DEV, "Sandbox"), (PROD, "Theirs")]);
        assert_eq!([name(&places, DEV), name(&places, PROD).filter(|name| name != "Theirs")], [None, None]);
    }

    #[test]
    fn what_could_steer_a_terminal_or_be_another_line_is_no_name() {
        let dir = tempfile::tempdir().unwrap();
        let places = Places::below(dir.path());
        let long = "x".repeat(51);
        for bad in ["", " ", "a\nb", "a\x1b[31m", "a\u{9b}31m", &long] {
            keep(&places, "one", [(DEV, bad), (PROD, "Acme Prod")].into_iter()).unwrap();
            assert_eq!(name(&places, DEV), None, "{bad:?}");
            assert_eq!(name(&places, PROD).as_deref(), Some("Acme Prod"));
        }
        std::fs::write(path(&places), format!("\n{DEV}\n{DEV} one\nx one y\n{PROD} one Acme\x07\n")).unwrap();
        assert_eq!([name(&places, DEV), name(&places, PROD)], [None, None]);
    }
}
