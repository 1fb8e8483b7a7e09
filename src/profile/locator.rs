//! Where in the two files each setting stands: a small second reader of their lines, beside the SDK's parser,
//! which keeps no places. It reads only what that parser has accepted; tests hold the two together.

use std::collections::BTreeMap;

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
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Section {
    /// `profile`, `sso-session`, `services` or whatever stands in front of the name.
    pub kind: String,
    /// The name.
    pub name: String,
}

impl Section {
    /// `[KIND NAME]`
    pub fn new(kind: &str, name: &str) -> Self {
        Self { kind: kind.to_owned(), name: name.to_owned() }
    }

    /// The SDK keeps the settings of a profile and an sso-session, and only the nested ones of all others.
    fn is_nested(&self) -> bool {
        self.kind != "profile" && self.kind != "sso-session"
    }
}

/// A setting: a key, and in sections such as `[services …]` the key nested below it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Setting {
    /// Its section.
    pub section: Section,
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

/// The place of every setting that counts.
#[derive(Clone, Debug, Default)]
pub struct Locator {
    headers: BTreeMap<Section, Spot>,
    settings: BTreeMap<Setting, Spot>,
}

impl Locator {
    /// Reads both texts; the credentials file wins.
    pub fn read(config: &str, credentials: &str) -> Result<Self, Clash> {
        let mut locator = Self::default();
        for (file, text) in [(File::Config, config), (File::Credentials, credentials)] {
            locator.add(file, &raw_sections(text))?;
        }
        Ok(locator)
    }

    /// Where the section first begins.
    pub fn header(&self, section: &Section) -> Option<Spot> {
        self.headers.get(section).copied()
    }

    /// All sections that count, sorted.
    pub fn headers(&self) -> impl Iterator<Item = &Section> {
        self.headers.keys()
    }

    /// Where the value stands that counts.
    pub fn setting(&self, setting: &Setting) -> Option<Spot> {
        self.settings.get(setting).copied()
    }

    /// All settings of a section, sorted.
    pub fn settings_of<'a>(&'a self, section: &'a Section) -> impl Iterator<Item = (&'a Setting, Spot)> {
        self.settings
            .iter()
            .filter(move |(setting, _)| setting.section == *section)
            .map(|(setting, spot)| (setting, *spot))
    }

    fn add(&mut self, file: File, raw: &[RawSection<'_>]) -> Result<(), Clash> {
        let headers: Vec<_> =
            raw.iter().filter_map(|raw| Some((Header::parse(raw.spelling, file)?, raw))).collect();
        let has_profile_default = headers.iter().any(|(header, _)| header.is_default() && !header.is_bare);
        let mut seen: BTreeMap<Setting, Vec<&str>> = BTreeMap::new();
        for (header, raw) in headers {
            // `[profile default]` replaces `[default]` entirely, whichever comes first.
            if has_profile_default && header.is_default() && header.is_bare {
                continue;
            }
            let section = header.section;
            self.headers.entry(section.clone()).or_insert(Spot { file, line: raw.line });
            for (setting, line, value) in raw.settings(&section) {
                if seen.insert(setting.clone(), value.clone()).is_some_and(|other| other != value) {
                    let mut lines = [self.settings[&setting].line, line];
                    lines.sort_unstable();
                    return Err(Clash { key: setting.key, spots: lines.map(|line| Spot { file, line }) });
                }
                self.settings.insert(setting, Spot { file, line });
            }
        }
        Ok(())
    }
}

/// A section as the SDK first keeps it: by the text between the brackets, untrimmed.
struct RawSection<'a> {
    spelling: &'a str,
    line: usize,
    properties: BTreeMap<String, Vec<(usize, &'a str)>>,
}

impl<'a> RawSection<'a> {
    /// The settings that count, each with its line and the lines of its value.
    fn settings(&self, section: &Section) -> Vec<(Setting, usize, Vec<&'a str>)> {
        let setting = |key: &str, nested| Setting { section: section.clone(), key: key.to_owned(), nested };
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

fn raw_sections(text: &str) -> Vec<RawSection<'_>> {
    let mut sections: Vec<RawSection<'_>> = Vec::new();
    let mut current = None;
    let mut property: Option<String> = None;
    for (line, text) in (1..).zip(text.lines()) {
        if text.trim_matches(BLANK).is_empty() || text.starts_with(['#', ';']) {
            continue;
        }
        if text.starts_with('[') {
            let Some(spelling) = spelling(text) else { continue };
            let known = sections.iter().position(|section| section.spelling == spelling);
            current = known.or(Some(sections.len()));
            if known.is_none() {
                sections.push(RawSection { spelling, line, properties: BTreeMap::new() });
            }
            property = None;
            continue;
        }
        let Some(section) = current.and_then(|index: usize| sections.get_mut(index)) else { continue };
        if text.starts_with(BLANK) {
            let lines = property.as_ref().and_then(|key| section.properties.get_mut(key));
            if let Some(lines) = lines {
                lines.push((line, text.trim_matches(BLANK)));
            }
        } else if let Some((key, value)) = without_comment(text, true).split_once('=') {
            let key = key.trim_matches(BLANK).to_ascii_lowercase();
            section.properties.insert(key.clone(), vec![(line, value.trim_matches(BLANK))]);
            property = Some(key);
        }
    }
    sections
}

fn spelling(line: &str) -> Option<&str> {
    without_comment(line, false).strip_prefix('[')?.strip_suffix(']')
}

/// In a header a comment may follow at once; after a value it needs a blank in front.
fn without_comment(line: &str, needs_blank: bool) -> &str {
    let line = line.trim_matches(BLANK);
    let mut after_blank = !needs_blank;
    for (index, character) in line.char_indices() {
        if after_blank && matches!(character, '#' | ';') {
            return line[..index].trim_matches(BLANK);
        }
        after_blank = !needs_blank || character.is_whitespace();
    }
    line
}

struct Header {
    section: Section,
    /// Without a kind in front: `[default]`, and every header of the credentials file.
    is_bare: bool,
}

impl Header {
    /// What the header means in this file; `None`: the section is ignored.
    fn parse(spelling: &str, file: File) -> Option<Self> {
        let text = spelling.trim_matches(BLANK);
        let split = text.split_once(BLANK).map(|(kind, name)| (kind.trim(), name.trim()));
        match (file, split) {
            (File::Config, Some((kind, name))) if is_identifier(name) => {
                Some(Self { section: Section::new(kind, name), is_bare: false })
            }
            (File::Config, None) if text.trim() == "default" => {
                Some(Self { section: Section::new("profile", "default"), is_bare: true })
            }
            (File::Credentials, None) if is_identifier(text.trim()) => {
                Some(Self { section: Section::new("profile", text.trim()), is_bare: true })
            }
            _ => None,
        }
    }

    fn is_default(&self) -> bool {
        self.section.kind == "profile" && self.section.name == "default"
    }
}

fn is_identifier(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-/.%@:+".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spots(config: &str, credentials: &str) -> Vec<(String, char, usize)> {
        let locator = Locator::read(config, credentials).unwrap();
        let name = |setting: &Setting| {
            let Setting { section: Section { kind, name }, key, nested } = setting;
            let nested = nested.as_ref().map(|nested| format!(".{nested}")).unwrap_or_default();
            format!("{kind} {name}: {key}{nested}")
        };
        let file = |spot: &Spot| if spot.file == File::Config { 'c' } else { 'k' };
        locator.settings.iter().map(|(setting, spot)| (name(setting), file(spot), spot.line)).collect()
    }

    #[test]
    fn the_last_value_counts_and_the_credentials_file_wins() {
        assert_eq!(
            spots(
                "[profile a]\nRegion = x\noutput = json\n[default]\n[profile a]\nregion = y",
                "\n[a]\noutput=text"
            ),
            [("profile a: output".to_owned(), 'k', 3), ("profile a: region".to_owned(), 'c', 6)]
        );
    }

    #[test]
    fn nested_settings_have_lines_of_their_own() {
        assert_eq!(
            spots("[services s]\nsts =\n  endpoint_url = x\n\n  y = z\ns3 = a=b\nnone = 1", ""),
            [
                ("services s: s3.a".to_owned(), 'c', 6),
                ("services s: sts.endpoint_url".to_owned(), 'c', 3),
                ("services s: sts.y".to_owned(), 'c', 5),
            ]
        );
    }

    #[test]
    fn two_spellings_of_a_header_must_agree() {
        let spot = |line| Spot { file: File::Config, line };
        let clash = Locator::read("[profile a]\nregion = x\n[profile\ta]\nregion = y", "").unwrap_err();
        assert_eq!(clash, Clash { key: "region".into(), spots: [spot(2), spot(4)] });
        for agreed in [
            "[profile a]\nregion = x\n[profile  a]\nregion = x",
            "[profile a]\nregion = x\n[profile  a]\noutput = y",
            "[profile a]\nregion = x\n[profile a]\nregion = y",
            "[default]\nregion = x\n[profile default]\nregion = y",
            "[services s]\na =\n  x = 1\n[services  s]\na =\n  y = 2",
        ] {
            assert!(Locator::read(agreed, "").is_ok(), "{agreed}");
        }
        for clash in [
            "[profile a]\nregion = x\n [profile b]\n[ profile a ]\nregion = y",
            "[sso-session a]\nsso_region = x\n[sso-session  a]\nsso_region = y",
            "[services s]\na =\n  x = 1\n[services  s]\na =\n  x = 2",
            "[default]\nregion = x\n[ default]\nregion = y",
        ] {
            assert!(Locator::read(clash, "").is_err(), "{clash}");
        }
        assert!(Locator::read("", "[a]\nx = 1\n[ a]\nx = 2").is_err());
    }
}
