//! A block of `~/.aws/config` that awsenv owns, between two comments: profiles come in at its end and go out of it, and
//! nothing else of the file changes. Text in, text out; lines are taken as the SDK's parser
//! takes them.

use std::collections::BTreeMap;
use std::ops::Range;

use super::locator::{File, Line, Meaning};
use crate::limits::Reason;
use crate::secret::Secret;

/// A text, and the block in it.
#[derive(Debug)]
pub struct Owned<'a> {
    block: Block<'a>,
    /// Each with its ending.
    lines: Vec<&'a str>,
    /// The lines of the two comments.
    marks: Option<(usize, usize)>,
    /// Lines that become others.
    rewritten: BTreeMap<usize, String>,
}

/// What the profiles of a block are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Block<'a> {
    /// The roles that a sign-in gives (`sso populate`), by the `[sso-session]`.
    Roles(&'a str),
    /// The sessions of directories that say `deliver = "profile"`.
    Sessions,
}

/// Something about the text that leaves nobody sure what belongs to the block.
#[derive(Debug, PartialEq, Eq)]
pub struct Unclear {
    /// The first is 1.
    pub line: usize,
    /// What is wrong there.
    pub reason: Reason,
}

/// A profile as it is written down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewProfile {
    /// Its name.
    pub name: String,
    /// Its settings, in order.
    pub settings: Vec<(&'static str, String)>,
}

/// A text with lines that come and go.
#[derive(Debug)]
pub struct Edit<'a>(Vec<Change<'a>>);

#[derive(Debug)]
enum Change<'a> {
    Stays(&'a str),
    /// The ending that the last line lacks.
    Ends(&'static str),
    Goes(&'a str),
    Comes(String),
}

/// A line of a diff.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DiffLine {
    /// `@@ -1,0 +2,3 @@`
    Place(String),
    /// A line that goes.
    Gone(String),
    /// A line that comes.
    New(String),
}

impl<'a> Owned<'a> {
    /// Finds the block, if there is one.
    pub fn find(text: &'a str, block: Block<'a>) -> Result<Self, Unclear> {
        let lines: Vec<_> = text.split_inclusive('\n').collect();
        let all = |kind| -> Vec<usize> {
            let mark = block.mark(kind);
            let rest = |at: &usize| lines[*at].strip_prefix(&mark);
            let is_mark = |rest: &str| rest.is_empty() || rest.starts_with(char::is_whitespace);
            (0..lines.len()).filter(|at| rest(at).is_some_and(is_mark)).collect()
        };
        let unclear = |at: usize, reason: &str| Unclear { line: at + 1, reason: reason.to_owned() };
        let marks = match (&all(BEGIN)[..], &all(END)[..]) {
            ([], []) => None,
            (&[begin], &[end]) if begin < end => Some((begin, end)),
            (&[begin], []) => {
                return Err(unclear(begin, &format!("this block has no end: {}", block.mark(END))));
            }
            ([_, again, ..], _) => return Err(unclear(*again, "this block begins a second time")),
            (_, [.., end]) => return Err(unclear(*end, "a block ends here that has not begun")),
        };
        let owned = Self { block, lines, marks, rewritten: BTreeMap::new() };
        let Some((begin, end)) = marks else { return Ok(owned) };
        // What comes or goes above such a line would change whose it is.
        for (mark, whose) in
            [(begin, "a section above the block"), (end, "the last profile of the block above")]
        {
            if let Some(stray) = owned.stray(mark) {
                return Err(unclear(stray, &format!("this line belongs to {whose}: move it there")));
            }
        }
        Ok(owned)
    }

    /// The first line below a mark that says something, if that is no header.
    fn stray(&self, mark: usize) -> Option<usize> {
        let first = (mark + 1..self.lines.len()).find(|at| self.read(*at) != Line::Nothing)?;
        (!matches!(self.read(first), Line::Header(_))).then_some(first)
    }

    fn read(&self, at: usize) -> Line<'a> {
        Line::read(self.lines[at].lines().next().unwrap_or_default())
    }

    /// The names of the profiles in the block.
    pub fn profiles(&self) -> Vec<&'a str> {
        self.sections().into_iter().map(|(name, _)| name).collect()
    }

    /// The profiles of the block: from the header to the last line that says something.
    fn sections(&self) -> Vec<(&'a str, Range<usize>)> {
        let Some((begin, end)) = self.marks else { return Vec::new() };
        let headers: Vec<_> = (begin..end).filter(|at| matches!(self.read(*at), Line::Header(_))).collect();
        let ends = headers.iter().skip(1).copied().chain([end]);
        let section = |(start, next): (usize, usize)| {
            let Line::Header(spelling) = self.read(start) else { return None };
            let section = Meaning::of(spelling, File::Config)?.section;
            let last = (start..next).rfind(|at| self.read(*at) != Line::Nothing)?;
            (section.kind == "profile").then_some((section.name, start..last + 1))
        };
        headers.iter().copied().zip(ends).filter_map(section).collect()
    }

    /// Gives a setting of a profile of the block another value, where it stands on a line of its own.
    pub fn rewrite(&mut self, profile: &str, key: &str, value: &str) {
        let sections = self.sections().into_iter().filter(|(name, _)| *name == profile);
        let lines: Vec<_> = sections.flat_map(|(_, range)| range).collect();
        for at in lines {
            let is_it = matches!(self.read(at), Line::Property { key: found, .. } if found == key);
            let goes_on = at + 1 < self.lines.len() && matches!(self.read(at + 1), Line::Continuation(_));
            if is_it && !goes_on {
                let text = self.lines[at].trim_end_matches(['\r', '\n']);
                let eol = &self.lines[at][text.len()..];
                self.rewritten.insert(at, format!("{key} = {value}{eol}"));
            }
        }
    }

    /// Without some profiles of the block, and with others. A block that nothing is left of goes too.
    pub fn edit(&self, gone: &[&str], new: &[NewProfile]) -> Edit<'a> {
        let eol = if self.lines.first().is_some_and(|line| line.ends_with("\r\n")) { "\r\n" } else { "\n" };
        let mut goes = vec![false; self.lines.len()];
        let Some((begin, end)) = self.marks else {
            let mut changes = self.changes(0..self.lines.len(), &goes);
            if !new.is_empty() {
                self.append(&mut changes, new, eol);
            }
            return Edit(changes);
        };
        for (_, range) in self.sections().into_iter().filter(|(name, _)| gone.contains(name)) {
            goes[self.with_blanks(range, begin, end)].fill(true);
        }
        if new.is_empty() && (begin + 1..end).all(|at| goes[at] || self.is_blank(at)) {
            let above = begin.checked_sub(1).filter(|at| self.is_blank(*at));
            goes[above.unwrap_or(begin)..=end].fill(true);
        }
        let mut changes = self.changes(0..end, &goes);
        let last = (begin + 1..end).rfind(|at| !goes[*at]);
        let mut is_apart = last.is_none_or(|at| self.is_blank(at));
        for profile in new {
            profile.write(&mut changes, is_apart, eol);
            is_apart = false;
        }
        changes.extend(self.changes(end..self.lines.len(), &goes));
        Edit(changes)
    }

    fn changes(&self, range: Range<usize>, goes: &[bool]) -> Vec<Change<'a>> {
        let change = |at: usize| match (goes[at], self.rewritten.get(&at)) {
            (true, _) => vec![Change::Goes(self.lines[at])],
            (false, Some(line)) => vec![Change::Goes(self.lines[at]), Change::Comes(line.clone())],
            (false, None) => vec![Change::Stays(self.lines[at])],
        };
        range.flat_map(change).collect()
    }

    /// A section and the blank lines that keep it apart from the next, or the last one from that before it.
    fn with_blanks(&self, section: Range<usize>, begin: usize, end: usize) -> Range<usize> {
        let below = (section.end..end).find(|at| !self.is_blank(*at)).unwrap_or(end);
        match below == end {
            true => (begin + 1..section.start).rfind(|at| !self.is_blank(*at)).unwrap_or(begin) + 1..end,
            false => section.start..below,
        }
    }

    fn is_blank(&self, at: usize) -> bool {
        self.lines[at].trim().is_empty()
    }

    fn append(&self, changes: &mut Vec<Change<'a>>, new: &[NewProfile], eol: &'static str) {
        if let Some(last) = self.lines.last() {
            if !last.ends_with('\n') {
                changes.push(Change::Ends(eol));
            }
            if !last.trim().is_empty() {
                changes.push(Change::Comes(eol.to_owned()));
            }
        }
        changes.push(Change::Comes(format!("{} ({}){eol}", self.block.mark(BEGIN), self.block.note())));
        for (at, profile) in new.iter().enumerate() {
            profile.write(changes, at == 0, eol);
        }
        changes.push(Change::Comes(self.block.mark(END) + eol));
    }
}

const BEGIN: &str = "BEGIN";
const END: &str = "END";
/// How every mark goes on.
const OURS: &str = "awsenv";

impl Block<'_> {
    fn mark(self, kind: &str) -> String {
        match self {
            Self::Roles(session) => format!("# {kind} {OURS} sso populate {session}"),
            Self::Sessions => format!("# {kind} {OURS} deliver profile"),
        }
    }

    fn note(self) -> &'static str {
        match self {
            Self::Roles(_) => {
                "adds profiles here; with --prune it takes out those that the sign-in no longer gives"
            }
            Self::Sessions => {
                "adds profiles here for directories, and takes out those that nobody has used for a month"
            }
        }
    }
}

impl NewProfile {
    fn write(&self, changes: &mut Vec<Change<'_>>, is_apart: bool, eol: &str) {
        let mut line = |text: &str| changes.push(Change::Comes(format!("{text}{eol}")));
        if !is_apart {
            line("");
        }
        line(&format!("[profile {}]", self.name));
        for (key, value) in &self.settings {
            line(&format!("{key} = {value}"));
        }
    }
}

impl Edit<'_> {
    /// Whether the text stays as it is.
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|change| matches!(change, Change::Stays(_)))
    }

    /// The text as it becomes.
    pub fn text(&self) -> Secret {
        let parts = self.0.iter().filter_map(|change| match change {
            Change::Stays(line) => Some(*line),
            Change::Ends(ending) => Some(*ending),
            Change::Comes(line) => Some(line.as_str()),
            Change::Goes(_) => None,
        });
        // As large as it gets: what stays may be secret, and a buffer that moved would not be wiped.
        let mut text = String::with_capacity(parts.clone().map(str::len).sum());
        parts.for_each(|part| text.push_str(part));
        Secret::new(text)
    }

    /// What changes, as `diff -U0` shows it: lines that stay may be secret, and so may values that awsenv did not
    /// write.
    pub fn diff(&self) -> Vec<DiffLine> {
        let (mut lines, mut old, mut new) = (Vec::new(), 0, 0);
        let mut rest = &self.0[..];
        while let Some(first) = rest.first() {
            let count =
                rest.iter().take_while(|change| matches!(change, Change::Goes(_) | Change::Comes(_))).count();
            let (changed, below) = rest.split_at(count.max(1));
            rest = below;
            if count == 0 {
                let is_line = usize::from(matches!(first, Change::Stays(_)));
                (old, new) = (old + is_line, new + is_line);
                continue;
            }
            let gone: Vec<_> = changed.iter().filter_map(Change::gone).collect();
            let come: Vec<_> = changed.iter().filter_map(Change::come).collect();
            let range = |before: usize, count: usize| match count {
                0 => format!("{before},0"),
                1 => (before + 1).to_string(),
                count => format!("{},{count}", before + 1),
            };
            lines.push(DiffLine::Place(format!(
                "@@ -{} +{} @@",
                range(old, gone.len()),
                range(new, come.len())
            )));
            (old, new) = (old + gone.len(), new + come.len());
            lines.extend(gone.into_iter().map(DiffLine::Gone));
            lines.extend(come.into_iter().map(DiffLine::New));
        }
        lines
    }
}

impl Change<'_> {
    fn come(&self) -> Option<String> {
        match self {
            Self::Comes(line) => Some(line.trim_end().to_owned()),
            _ => None,
        }
    }

    fn gone(&self) -> Option<String> {
        const PLAIN: [&str; 4] = ["sso_session", "sso_account_id", "sso_role_name", "region"];
        let Self::Goes(line) = self else { return None };
        let line = line.trim_end_matches(['\r', '\n']);
        let is_ours =
            |line: &str| [BEGIN, END].iter().any(|kind| line.starts_with(&format!("# {kind} {OURS} ")));
        Some(match Line::read(line) {
            Line::Property { key, .. } if !PLAIN.contains(&key) => format!("{key} = …"),
            Line::Continuation(_) => "  …".to_owned(),
            Line::Nothing if !line.trim().is_empty() && !is_ours(line) => "# …".to_owned(),
            _ => line.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::config::SharedConfig;
    use crate::profile::config::tests::files;

    const CORP: Block<'_> = Block::Roles("corp");

    fn parse(text: &str) -> anyhow::Result<SharedConfig> {
        SharedConfig::parse(Secret::new(text), Secret::new(""), &files())
    }

    fn new(name: &str) -> NewProfile {
        NewProfile { name: name.to_owned(), settings: vec![("sso_session", "corp".to_owned())] }
    }

    fn edited(text: &str, gone: &[&str], new: &[NewProfile]) -> String {
        Owned::find(text, CORP).unwrap().edit(gone, new).text().expose().to_owned()
    }

    const BLOCK: &str = "# BEGIN awsenv sso populate corp (adds profiles here; with --prune it takes out those that the sign-in no longer gives)\n";

    #[test]
    fn a_block_begins_at_the_end_of_the_text_and_leaves_nothing_behind() {
        let block = format!(
            "{BLOCK}[profile a]\nsso_session = corp\n\n[profile b]\nsso_session = corp\n# END awsenv sso populate corp\n"
        );
        for (text, between) in
            [("", ""), ("[profile x]\n", "\n"), ("# x\n\n", ""), ("x", "\n\n"), ("[profile x]\r\n", "\r\n")]
        {
            let whole = edited(text, &[], &[new("a"), new("b")]);
            let eol = if text.contains('\r') { "\r\n" } else { "\n" };
            assert_eq!(whole, format!("{text}{between}{}", block.replace('\n', eol)));
            assert_eq!(Owned::find(&whole, CORP).unwrap().profiles(), ["a", "b"]);
            let rest = edited(&whole, &["a", "b"], &[]);
            // A blank line at the end is taken for the one in front of the block.
            assert_eq!(rest.trim_end(), text.trim_end(), "{whole:?}");
            assert_eq!(edited(&whole, &[], &[]), whole);
        }
    }

    #[test]
    fn a_diff_counts_lines_as_diff_does() {
        let text = "[profile x]\n# BEGIN awsenv sso populate corp\n[profile a]\nsso_session = corp\n\n[profile b]\nsso_session = corp\n# END awsenv sso populate corp\n[profile y]\n";
        let owned = Owned::find(text, CORP).unwrap();
        let (gone, come) =
            (|line: &str| DiffLine::Gone(line.into()), |line: &str| DiffLine::New(line.into()));
        let place = |line: &str| DiffLine::Place(line.into());
        let expected = [
            place("@@ -3,3 +2,0 @@"),
            gone("[profile a]"),
            gone("sso_session = corp"),
            gone(""),
            place("@@ -7,0 +5,3 @@"),
            come(""),
            come("[profile c]"),
            come("sso_session = corp"),
        ];
        assert_eq!(owned.edit(&["a"], &[new("c")]).diff(), expected);
        assert!(owned.edit(&["y", "x"], &[]).is_empty(), "they are not in the block");
    }

    /// A fixed sequence (Numerical Recipes' constants), so that a failure comes again.
    #[test]
    fn whatever_stands_round_it_the_parser_reads_all_else_as_before() {
        const LINES: [&str; 17] = [
            "[profile a]",
            "[profile b]",
            "[ profile\tb ]# c",
            "[default]",
            "[sso-session corp]",
            "[services s]",
            "region = eu-west-1",
            "region=",
            "s3 =",
            "  nested = 1",
            "  more",
            "# comment = x",
            "; c",
            "",
            " \t ",
            "# BEGIN awsenv sso populate corp",
            "# END awsenv sso populate corp",
        ];
        let mut random = crate::profile::repeatable();
        let said = |config: &SharedConfig, name: &str| {
            let profile = config.raw_profile(name)?;
            Some(["region", "s3", "output"].map(|key| profile.get(key).map(str::to_owned)))
        };
        let (mut removed, mut refused) = (0, 0);
        for _ in 0..20_000 {
            let ending = ["\n", "\r\n"][random(2)];
            let line = |at: &mut dyn FnMut(usize) -> usize, count| {
                (0..at(count)).map(|_| LINES[at(LINES.len() - 2)].to_owned() + ending).collect::<String>()
            };
            let parts = [line(&mut random, 5), line(&mut random, 8), line(&mut random, 5)];
            let mut text =
                format!("{}{}{ending}{}{}{ending}{}", parts[0], LINES[15], parts[1], LINES[16], parts[2]);
            if random(4) == 0 {
                text.push_str(LINES[random(LINES.len())]);
            }
            let Ok(before) = parse(&text) else { continue };
            let Ok(owned) = Owned::find(&text, CORP) else {
                refused += 1;
                continue;
            };
            let inside = owned.profiles();
            let gone = &inside[..random(inside.len() + 1)];
            let after = edited(&text, gone, &[new("c")]);
            let after = parse(&after).unwrap_or_else(|error| panic!("{text:?} {after:?}: {error:#}"));
            for name in ["a", "b", "default"].into_iter().filter(|name| !gone.contains(name)) {
                assert_eq!(said(&after, name), said(&before, name), "{text:?}");
            }
            assert_eq!(after.raw_profile("c").unwrap().get("sso_session"), Some("corp"), "{text:?}");
            assert_eq!(after.sso_sessions(), before.sso_sessions());
            removed += gone.len();
        }
        assert!(removed > 1000 && refused > 1000, "{removed}, {refused} are too few to say much");
    }
}
