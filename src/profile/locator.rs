//! Where in the two files each setting stands: a small second reader of their lines, beside the SDK's parser,
//! which keeps no places. It reads only what that parser has accepted; tests hold the two together. A place is
//! for a person to read, so only the headers are noted; the lines below one are read when somebody asks.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use crate::secret::Secret;

/// Which of the two files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum File {
    /// `~/.aws/config`
    Config,
    /// `~/.aws/credentials`
    Credentials,
}

/// A line of one of the files; the first is 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spot {
    /// The file.
    pub file: File,
    /// The line.
    pub line: usize,
}

/// A section by its meaning, however its header is spelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Section<'a> {
    /// `profile`, `sso-session`, `services` or whatever stands in front of the name.
    pub kind: &'a str,
    /// The name.
    pub name: &'a str,
}

impl Section<'_> {
    /// The SDK keeps the settings of a profile and an sso-session, and only the nested ones of all others.
    fn is_nested(self) -> bool {
        self.kind != "profile" && self.kind != "sso-session"
    }
}

/// A setting of a section: a key, and in sections such as `[services …]` the key nested below it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Setting {
    /// In lower case.
    pub key: String,
    /// As written.
    pub nested: Option<String>,
}

/// One key with two values, below two spellings of one header. The SDK's parser keeps the spellings in a hash
/// map and merges them in random order, so that either value may win.
#[derive(Debug, PartialEq, Eq)]
pub struct Clash {
    /// The setting's key.
    pub key: String,
    /// Both lines, the later one last.
    pub spots: [Spot; 2],
}

/// Both files, the one that wins last.
#[derive(Debug)]
pub struct Locator([Text; 2]);

impl Locator {
    /// Notes the headers of both texts, and looks at the lines below where one is spelled in two ways.
    pub fn read(config: Secret, credentials: Secret) -> Result<Self, Clash> {
        let texts = [Text::read(File::Config, config), Text::read(File::Credentials, credentials)];
        texts.iter().try_for_each(Text::check)?;
        Ok(Self(texts))
    }

    /// Where the section first begins.
    pub fn header(&self, section: Section<'_>) -> Option<Spot> {
        self.0.iter().find_map(|text| Some(text.spot(text.raw_sections(section).first()?.line)))
    }

    /// Where a profile begins that is none here, and is one to the AWS CLI and boto3.
    pub fn passed_over(&self, name: &str) -> Option<Spot> {
        let section = Section { kind: "profile", name };
        self.0.iter().find_map(|text| {
            let mut headers = text.headers();
            let (header, _) =
                headers.find(|(_, spelling)| as_botocore(spelling, text.file) == Some(section))?;
            Some(text.spot(header.line))
        })
    }

    /// Where the value stands that counts, of a profile's or an sso-session's key.
    pub fn setting(&self, section: Section<'_>, key: &str) -> Option<Spot> {
        self.0.iter().rev().find_map(|text| {
            let raw = text.raw_sections(section);
            let lines = raw.iter().rev().find_map(|raw| raw.properties.get(key))?;
            Some(text.spot(lines[0].0))
        })
    }

    /// All settings of a section, and where the value of each stands that counts.
    pub fn settings(&self, section: Section<'_>) -> BTreeMap<Setting, Spot> {
        let of = |text: &Text| -> Vec<_> {
            let raw = text.raw_sections(section);
            let settings = raw.iter().flat_map(|raw| raw.settings(section));
            settings.map(|(setting, line, _)| (setting, text.spot(line))).collect()
        };
        self.0.iter().flat_map(of).collect()
    }
}

/// The names of all sections of a kind in one file, by their headers alone: for who has to be quick.
pub fn names<'t>(file: File, text: &'t str, kind: &str) -> BTreeSet<&'t str> {
    let spellings = text.split_inclusive('\n').filter_map(spelling);
    let sections = spellings.filter_map(|spelling| Some(Meaning::of(spelling, file)?.section));
    sections.filter(|section| section.kind == kind).map(|section| section.name).collect()
}

/// One file.
#[derive(Debug)]
struct Text {
    file: File,
    text: Secret,
    headers: Vec<Header>,
}

/// A line in brackets.
#[derive(Debug)]
struct Header {
    line: usize,
    /// What stands between the brackets, untrimmed.
    spelling: Range<usize>,
    /// Where the next line begins.
    below: usize,
}

impl Text {
    fn read(file: File, text: Secret) -> Self {
        let mut headers = Vec::new();
        let mut below = 0;
        for (line, bytes) in (1..).zip(text.expose().as_bytes().split_inclusive(|byte| *byte == b'\n')) {
            let start = below;
            below += bytes.len();
            if let Some(spelling) = spelling(&text.expose()[start..below]) {
                headers.push(Header { line, spelling: start + 1..start + 1 + spelling.len(), below });
            }
        }
        Self { file, text, headers }
    }

    fn spot(&self, line: usize) -> Spot {
        Spot { file: self.file, line }
    }

    fn headers(&self) -> impl Iterator<Item = (&Header, &str)> {
        self.headers.iter().map(|header| (header, &self.text.expose()[header.spelling.clone()]))
    }

    /// A section as the SDK first keeps it, once for each spelling.
    fn raw_sections(&self, section: Section<'_>) -> Vec<RawSection<'_>> {
        let mut found: Vec<RawSection<'_>> = Vec::new();
        // A header ends in its name: most need no closer look.
        for (header, spelling) in
            self.headers().filter(|(_, spelling)| spelling.trim_end().ends_with(section.name))
        {
            let meaning = Meaning::of(spelling, self.file).filter(|meaning| meaning.section == section);
            let Some(Meaning { is_bare, .. }) = meaning else { continue };
            let index = found.iter().position(|raw| raw.spelling == spelling).unwrap_or(found.len());
            if index == found.len() {
                found.push(RawSection { spelling, is_bare, line: header.line, properties: BTreeMap::new() });
            }
            found[index].add(header.line + 1, &self.text.expose()[header.below..]);
        }
        // `[profile default]` replaces `[default]` entirely, whichever comes first.
        if found.iter().any(|raw| !raw.is_bare) {
            found.retain(|raw| !raw.is_bare);
        }
        found
    }

    fn check(&self) -> Result<(), Clash> {
        // Two plain spellings with one meaning are one spelling (or the two of `default`, of which one counts).
        if self.headers().all(|(_, spelling)| is_plain(spelling)) {
            return Ok(());
        }
        let mut spellings: BTreeMap<Section<'_>, BTreeSet<&str>> = BTreeMap::new();
        for (_, spelling) in self.headers() {
            let Some(Meaning { section, .. }) = Meaning::of(spelling, self.file) else { continue };
            let known = spellings.entry(section).or_default();
            if known.insert(spelling) && known.len() == 2 {
                self.check_section(section)?;
            }
        }
        Ok(())
    }

    fn check_section(&self, section: Section<'_>) -> Result<(), Clash> {
        let mut seen: BTreeMap<Setting, (usize, Vec<&str>)> = BTreeMap::new();
        for (setting, line, value) in self.raw_sections(section).iter().flat_map(|raw| raw.settings(section))
        {
            let before = seen.insert(setting.clone(), (line, value.clone()));
            if let Some((other_line, other)) = before
                && other != value
            {
                let mut lines = [other_line, line];
                lines.sort_unstable();
                return Err(Clash { key: setting.key, spots: lines.map(|line| self.spot(line)) });
            }
        }
        Ok(())
    }
}

/// A section by the spelling of its header.
struct RawSection<'a> {
    spelling: &'a str,
    is_bare: bool,
    line: usize,
    properties: BTreeMap<String, Vec<(usize, &'a str)>>,
}

impl<'a> RawSection<'a> {
    /// Adds what stands below one of its headers.
    fn add(&mut self, first: usize, below: &'a str) {
        let mut property: Option<String> = None;
        for (line, text) in (first..).zip(below.lines()).take_while(|(_, text)| !text.starts_with('[')) {
            match Line::read(text) {
                Line::Property { key, value } => {
                    let key = key.to_ascii_lowercase();
                    self.properties.insert(key.clone(), vec![(line, value)]);
                    property = Some(key);
                }
                Line::Continuation(text) => {
                    let lines = property.as_ref().and_then(|key| self.properties.get_mut(key));
                    if let Some(lines) = lines {
                        lines.push((line, text));
                    }
                }
                Line::Header(_) | Line::Nothing => {}
            }
        }
    }

    /// The settings that count, each with its line and the lines of its value.
    fn settings(&self, section: Section<'_>) -> Vec<(Setting, usize, Vec<&'a str>)> {
        let setting = |key: &str, nested| Setting { key: key.to_owned(), nested };
        let valid = self.properties.iter().filter(|(key, _)| is_identifier(key));
        if !section.is_nested() {
            return valid
                .map(|(key, lines)| {
                    (setting(key, None), lines[0].0, lines.iter().map(|(_, text)| *text).collect())
                })
                .collect();
        }
        let mut nested = BTreeMap::new();
        for (key, lines) in valid {
            for (line, text) in lines {
                if let Some((name, value)) = text.split_once('=') {
                    let name = name.trim_matches(BLANK).to_owned();
                    nested.insert(setting(key, Some(name)), (*line, vec![value.trim_matches(BLANK)]));
                }
            }
        }
        nested.into_iter().map(|(setting, (line, value))| (setting, line, value)).collect()
    }
}

/// Space and tab: nothing else is blank to the SDK.
const BLANK: &[char] = &[' ', '\t'];

/// A line as the SDK's parser takes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Line<'a> {
    /// The text between the brackets, untrimmed.
    Header(&'a str),
    /// The key as written, and the first line of its value.
    Property { key: &'a str, value: &'a str },
    /// More of the value above.
    Continuation(&'a str),
    /// Blank, or a comment.
    Nothing,
}

impl<'a> Line<'a> {
    /// Without its line ending.
    pub(super) fn read(text: &'a str) -> Self {
        if text.trim_matches(BLANK).is_empty() || text.starts_with(['#', ';']) {
            return Self::Nothing;
        }
        if text.starts_with('[') {
            return spelling(text).map_or(Self::Nothing, Self::Header);
        }
        if text.starts_with(BLANK) {
            return Self::Continuation(text.trim_matches(BLANK));
        }
        match without_comment(text).split_once('=') {
            Some((key, value)) => {
                Self::Property { key: key.trim_matches(BLANK), value: value.trim_matches(BLANK) }
            }
            None => Self::Nothing,
        }
    }
}

/// A comment may follow a header at once.
fn spelling(line: &str) -> Option<&str> {
    let inside = line.strip_prefix('[')?.lines().next()?;
    inside.split(['#', ';']).next()?.trim_end_matches(BLANK).strip_suffix(']')
}

/// After a value a comment needs a blank in front.
fn without_comment(line: &str) -> &str {
    let mut after_blank = false;
    for (index, character) in line.char_indices() {
        if after_blank && matches!(character, '#' | ';') {
            return &line[..index];
        }
        after_blank = character.is_whitespace();
    }
    line
}

/// What a header means in its file.
pub(super) struct Meaning<'a> {
    pub(super) section: Section<'a>,
    /// Without a kind in front: `[default]`, and every header of the credentials file.
    is_bare: bool,
}

impl<'a> Meaning<'a> {
    /// `None`: the section is ignored.
    pub(super) fn of(spelling: &'a str, file: File) -> Option<Self> {
        let text = spelling.trim_matches(BLANK);
        let split = text.split_once(BLANK).map(|(kind, name)| (kind.trim(), name.trim()));
        let bare = |name| Self { section: Section { kind: "profile", name }, is_bare: true };
        match (file, split) {
            (File::Config, Some((kind, name))) if is_identifier(name) => {
                Some(Self { section: Section { kind, name }, is_bare: false })
            }
            (File::Config, None) if text.trim() == "default" => Some(bare("default")),
            (File::Credentials, None) if is_identifier(text.trim()) => Some(bare(text.trim())),
            _ => None,
        }
    }
}

/// A section by botocore's reading, which takes more names than the SDKs do: in the config file one word by Python's
/// `shlex`, so in quotes any; in the credentials file whatever stands there. `None`: it ignores the section, too.
pub(super) fn as_botocore(spelling: &str, file: File) -> Option<Section<'_>> {
    if file == File::Credentials {
        return Some(Section { kind: "profile", name: spelling });
    }
    let (kind, name) = spelling.split_once(BLANK)?;
    let word = name.trim();
    let name = match word.chars().next()? {
        quote @ ('\'' | '"') => {
            word[1..].strip_suffix(quote).filter(|inside| !inside.contains([quote, '\\']))?
        }
        _ if word.contains(|c: char| c.is_whitespace() || "'\"\\".contains(c)) => return None,
        _ => word,
    };
    let is_known = ["profile", "sso-session", "services"].contains(&kind) && !name.is_empty();
    is_known.then_some(Section { kind, name })
}

/// `NAME` or `KIND NAME`: no blank that could be another, or be missing.
fn is_plain(spelling: &str) -> bool {
    let (kind, name) = spelling.split_once(' ').unwrap_or(("-", spelling));
    [kind, name].iter().all(|word| !word.is_empty() && is_identifier(word))
}

fn is_identifier(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-/.%@:+".contains(&b))
}

#[cfg(test)]
mod tests;
