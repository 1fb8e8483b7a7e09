use super::*;

impl Locator {
    /// All that count, sorted.
    pub(in crate::profile) fn sections(&self) -> BTreeSet<Section<'_>> {
        let meaning = |(text, spelling): (&Text, _)| Some(Meaning::of(spelling, text.file)?.section);
        let headers =
            self.0.iter().flat_map(|text| text.headers().map(move |(_, spelling)| (text, spelling)));
        headers.filter_map(meaning).collect()
    }
}

fn read(config: &str, credentials: &str) -> Result<Locator, Clash> {
    Locator::read(Secret::new(config), Secret::new(credentials))
}

fn spots(config: &str, credentials: &str) -> Vec<(String, char, usize)> {
    let locator = read(config, credentials).unwrap();
    let mut spots = Vec::new();
    for section @ Section { kind, name } in locator.sections() {
        for (Setting { key, nested }, spot) in locator.settings(section) {
            let nested = nested.map(|nested| format!(".{nested}")).unwrap_or_default();
            let file = if spot.file == File::Config { 'c' } else { 'k' };
            spots.push((format!("{kind} {name}: {key}{nested}"), file, spot.line));
        }
    }
    spots
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
    let clash = read("[profile a]\nregion = x\n[profile\ta]\nregion = y", "").unwrap_err();
    assert_eq!(clash, Clash { key: "region".into(), spots: [spot(2), spot(4)] });
    for agreed in [
        "[profile a]\nregion = x\n[profile  a]\nregion = x",
        "[profile a]\nregion = x\n[profile  a]\noutput = y",
        "[profile a]\nregion = x\n[profile a]\nregion = y",
        "[default]\nregion = x\n[profile default]\nregion = y",
        "[services s]\na =\n  x = 1\n[services  s]\na =\n  y = 2",
    ] {
        assert!(read(agreed, "").is_ok(), "{agreed}");
    }
    for clash in [
        "[profile a]\nregion = x\n [profile b]\n[ profile a ]\nregion = y",
        "[sso-session a]\nsso_region = x\n[sso-session  a]\nsso_region = y",
        "[services s]\na =\n  x = 1\n[services  s]\na =\n  x = 2",
        "[default]\nregion = x\n[ default]\nregion = y",
    ] {
        assert!(read(clash, "").is_err(), "{clash}");
    }
    assert!(read("", "[a]\nx = 1\n[ a]\nx = 2").is_err());
}

#[test]
fn a_clash_in_the_second_file_is_found_below_whole_headers_and_is_the_last_values() {
    let spot = |line| Spot { file: File::Credentials, line };
    let credentials = "[b]\ny = 1\n[a ]\nx = 1\nx = 2\n[b]\n[\ta] # again\nx = 2\n z\n";
    let clash = read("[profile a]\nx = 1\n[profile b]\n[default]", credentials).unwrap_err();
    assert_eq!(clash, Clash { key: "x".into(), spots: [spot(5), spot(8)] });
}

#[test]
fn a_header_goes_on_where_it_stands_again() {
    for end in ["\n", "\r\n"] {
        let lines = ["[profile a] # one", "x = 1", " [profile b]", "[profile b];", "[profile a]#", "y = 1"];
        assert_eq!(
            spots(&lines.join(end), ""),
            [("profile a: x".to_owned(), 'c', 2), ("profile a: y".to_owned(), 'c', 6)],
            "{end:?}"
        );
    }
}

#[test]
fn a_section_begins_at_its_first_header_that_counts() {
    let first = |config: &str| {
        let locator = read(config, "\n\n\n[default]").unwrap();
        locator.header(Section { kind: "profile", name: "default" }).map(|spot| (spot.file, spot.line))
    };
    for (config, expected) in [
        ("", (File::Credentials, 4)),
        ("[profile a]\n [default]\n[ default ]\n[default]", (File::Config, 3)),
        ("[default]\n[profile default]\n[default]", (File::Config, 2)),
        ("[profile  default]\n[default]", (File::Config, 1)),
    ] {
        assert_eq!(first(config), Some(expected), "{config}");
    }
}

/// The SDK's parser refuses such a text before anybody is asked for a place in it.
#[test]
fn a_header_without_an_end_is_none() {
    for text in ["[", "[\n", "[#]", "[a", "[a]b", "[é", "[a]\r", "[profile a\n]", "é[a]"] {
        assert!(read(text, text).unwrap().sections().is_empty(), "{text:?}");
    }
}

/// On this rests that the lines below plain headers need not be read.
#[test]
fn no_two_plain_spellings_mean_the_same() {
    let words = ["profile", "default", "a", " ", "\t", "\u{a0}", "!"];
    let mut spellings = BTreeSet::from([String::new()]);
    for _ in 0..4 {
        let longer = spellings.iter().flat_map(|start| words.map(|word| format!("{start}{word}")));
        spellings = longer.chain([String::new()]).collect();
    }
    for file in [File::Config, File::Credentials] {
        let mut plain: BTreeMap<Section<'_>, BTreeSet<&str>> = BTreeMap::new();
        for spelling in spellings.iter().filter(|spelling| is_plain(spelling)) {
            if let Some(meaning) = Meaning::of(spelling, file) {
                plain.entry(meaning.section).or_default().insert(spelling);
            }
        }
        assert!(plain.len() > 2);
        for spellings in plain.into_values().filter(|spellings| spellings.len() > 1) {
            assert_eq!(Vec::from_iter(spellings), ["default", "profile default"]);
        }
    }
}
