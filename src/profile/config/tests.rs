use std::fs;

use super::super::locator::Setting;
use super::*;

/// `c` and `k`: short names that make whole messages easy to read.
pub(in crate::profile) fn files() -> ConfigFiles {
    ConfigFiles { config: "c".into(), credentials: "k".into() }
}

pub(in crate::profile) fn read(config: &str, credentials: &str) -> anyhow::Result<SharedConfig> {
    SharedConfig::parse(Secret::new(config), Secret::new(credentials), &files())
}

pub(in crate::profile) fn parse(config: &str, credentials: &str) -> SharedConfig {
    read(config, credentials).unwrap()
}

fn refusal(config: &str, credentials: &str) -> String {
    crate::message::render(&read(config, credentials).unwrap_err()).0
}

#[test]
fn the_files_are_where_the_sdks_look() {
    let home = Path::new("/home/me");
    let locate = |config: &str| {
        let env: Env = [("AWS_CONFIG_FILE", config)].into_iter().collect();
        ConfigFiles::locate(&env, home).config
    };
    for (variable, expected) in [
        ("", "/home/me/.aws/config"),
        ("/etc/aws", "/etc/aws"),
        ("~/x/config", "/home/me/x/config"),
        ("~", "/home/me"),
        ("~you/config", "~you/config"),
        ("a/~/b", "a/~/b"),
    ] {
        assert_eq!(locate(variable), Path::new(expected), "{variable}");
    }
    let env = [("AWS_SHARED_CREDENTIALS_FILE", "~/k")].into_iter().collect();
    assert_eq!(
        ConfigFiles::locate(&env, home),
        ConfigFiles { config: "/home/me/.aws/config".into(), credentials: "/home/me/k".into() }
    );
}

#[test]
fn a_missing_file_is_an_empty_one_and_an_unreadable_one_is_an_error() {
    let home = tempfile::tempdir().unwrap();
    let files = ConfigFiles { config: home.path().join("c"), credentials: home.path().join("k") };
    assert!(files.read().unwrap().profiles().is_empty());

    fs::write(&files.config, b"[profile a]\nregion = \xff\n").unwrap();
    let error = files.read().unwrap_err();
    assert_eq!(format!("{error:#}"), format!("{}:2: not UTF-8", files.config.display()));

    fs::remove_file(&files.config).unwrap();
    fs::create_dir(&files.config).unwrap();
    let error = files.read().unwrap_err();
    assert!(format!("{error:#}").starts_with(&format!("cannot read {}: ", files.config.display())));
}

#[test]
fn the_sdk_words_its_errors_as_we_take_them_apart() {
    let error = sections("[default\nk=v", "").unwrap_err();
    assert_eq!(error.to_string(), "error parsing  on line 1:\n  Profile definition must end with ']'");
}

#[test]
fn a_broken_line_is_named() {
    for (config, credentials, expected) in [
        ("[default", "", "c:1: profile definition must end with ']'"),
        ("[default]\n\nregion : x", "", "c:3: expected an '=' sign defining a property"),
        ("[default]\n= x", "", "c:2: property did not have a name"),
        ("region = x", "", "c:1: expected a profile definition"),
        (" region = x", "", "c:1: expected a profile definition"),
        ("[default]\n x", "", "c:2: expected a property definition, found continuation"),
        ("[default]\ns3 =\n x", "", "c:3: expected an '=' sign defining a sub-property"),
        ("[default]\ns3 =\n = x", "", "c:3: sub-property did not have a name"),
        (
            "[default]\nregion = x\n[default]\n y",
            "",
            "c:4: expected a property definition, found continuation",
        ),
        ("[default]", "[a]\nx", "k:2: expected an '=' sign defining a property"),
        ("[default", "[a]\nx", "c:1: profile definition must end with ']'"),
    ] {
        assert_eq!(refusal(config, credentials), format!("awsenv: {expected}\n"), "{config:?}");
    }
}

/// No editor shows it, so the line itself looks right.
#[test]
fn a_byte_order_mark_is_called_by_its_name() {
    for (config, credentials, path) in [
        ("\u{feff}[default]\nregion = x\n", "", "c"),
        ("\u{feff}# Mine\n", "", "c"),
        ("[default]\nregion = x\n", "\u{feff}[a]\naws_access_key_id = A\n", "k"),
    ] {
        assert_eq!(
            refusal(config, credentials),
            format!(
                "awsenv: {path}: begins with a byte order mark\nawsenv: hint: save it as UTF-8 without one\n"
            )
        );
    }
    assert_eq!(
        refusal("[default]\n\u{feff}x\n", ""),
        "awsenv: c:2: expected an '=' sign defining a property\n"
    );
}

/// `aws configure set … --profile 'my dev'` writes such headers, and botocore finds them.
#[test]
fn a_profile_that_only_botocore_takes_is_told_with_its_line() {
    let config = "[profile a]\n[profile 'my dev']\n[profile \"b\"]\n[profile f\u{fc}r]\n[profile c d]\n\
                  [profile 'e\"]\n[profile ']\n[profile '']\n[sso-session 'g']\n";
    let files = parse(config, "[other dev]\naws_access_key_id = A\n");
    let missing = |name: &str| {
        let failure = files.missing(name);
        (failure.what, failure.hint)
    };
    for (name, place) in [("my dev", "c:2"), ("f\u{fc}r", "c:4"), ("other dev", "k:1")] {
        assert_eq!(
            missing(name),
            (
                format!("{place}: awsenv and most AWS SDKs take no profile by the name {name}"),
                Some("rename it: a name is letters, digits or any of _-/.%@:+".into())
            )
        );
    }
    assert_eq!(
        missing("b"),
        ("c:3: awsenv and most AWS SDKs take no name in quotes".into(), Some("write [profile b]".into()))
    );
    // botocore does not find these either.
    for name in ["c d", "'e\"", "e", "'", "", "g", "'my dev'"] {
        assert!(missing(name).0.starts_with("there is no profile "), "{name}");
    }
}

#[test]
fn two_spellings_of_a_header_with_two_values_are_refused() {
    assert_eq!(
        refusal("[profile a]\nregion = x\n[profile  a]\nregion = y\n", ""),
        "awsenv: c:4: region has another value than on line 2, below the same header spelled differently\n\
         awsenv: hint: spell the header the same way twice, or write it once: AWS clients take either value\n"
    );
}

/// Each text is a trap of the format; the SDK's parser accepts all of them.
const TRICKY: &[(&str, &str)] = &[
    ("", ""),
    ("[profile foo]", ""),
    ("[profile some-thing:long/the_one%only.foo@bar+]\na = 1\n[profile foo!bar]\nb = 2", ""),
    ("[profile \tfoo \t]\na = 1", ""),
    ("[profile\tfoo]\na = 1", ""),
    ("[profile foo]\r\na = value\r\nb = 2\r\n", ""),
    ("[profile foo]\r\na = x\r\n b\r\n[profile bar] ; c\r\n[profile foo]#\r\nb = 2", "[foo]\r\nc = 3\r\n"),
    ("[profile foo]\na = x\n [profile bar]\n[profile bar]\nb = 1\n\t[\n[profile foo]\nc = 1", ""),
    (
        "[profile foo] # [profile bar]\na = [profile bar]\n;[profile bar]\nb[ = 1\nc = 1",
        "#[foo]\n[bar]\na = 1",
    ),
    (
        "[profile f\u{fc}r] # \u{fc}\na = 1\n[profile foo]# \u{fc}\na = 1\n[profile foo]\nb = \u{fc}",
        "[\u{fc}]\n[foo]\nc = 1",
    ),
    ("[profile foo]\na = val=ue", ""),
    ("[profile foo]\na = \u{1f602}\u{a0}", ""),
    ("[profile foo]\na \t=  \tvalue \t\nb =", ""),
    ("\t \n[profile foo]\n\t\n \na = value\n\t \n[profile bar]\n \t", ""),
    ("# Comment\n[profile foo] ; Comment = x\na = value # Comment = with\n;b = 1\n", ""),
    ("[profile foo]; adjacent\na = v; x\nb#c = v# x\n[profile bar]# adjacent\nd = 1", ""),
    ("[profile foo]\na = value\n -continued = x\n \t # not a comment\nb = 1", ""),
    ("[profile foo]\na = x\n[profile foo]\nb = y\na = z", ""),
    ("[profile foo]\nName = x\n[profile foo]\nname = y", ""),
    ("[profile default]\na = 1\n[default]\nb = 2\n[profile default]\nc = 3", "[default]\nd = 4"),
    ("[default]\na = 1\n[ default ]\nb = 2", "[default]\na = 4"),
    ("[profile in valid]\na = 1\n[profile foo]\nin valid = 2\nb = 3", "[in valid 2]\nc = 1"),
    ("[foo]\na = 1\n[profilefoo]\nb = 1\n[profile]\nc = 1", "[profile foo]\nd = 1\n[sso-session x]\ne = 1"),
    ("[   profile foo    ]\na = 1", "[   foo    ]\nb = 2\n[bar]\na = 1\n[]\nx = 1"),
    ("[profile foo]\ns3 =\n a = 1\n\n \t \n in valid = 2\n c =\nt = 1", ""),
    ("[sso-session foo]\na = 1\n[profile bar]\nb = 1\n[sso-sesion foo]\nc = 1", "[sso-sessionfoo]\nd = 1"),
    ("[services s]\nsts =\n  endpoint_url = a\n  x=y # z\ns3 = k = v\nnone = 1\nin valid =\n a = b", ""),
    ("[services s]\nsts =\n  a = 1\n[services  s]\nsts =\n  b = 2\n[profile s]\nsts =\n  a = 1", ""),
    (
        "[profile  foo]\na = 1\n[profile foo]\nb = 2\n[services s]\na = =x\n b\n = c\n[ profile foo]\na = 1",
        "",
    ),
    ("[services s]\nsts =\n  a = 1\n  a = 2\nsts =\n  b = 3", ""),
    (
        "[profile foo]\n\u{a0}a = 1\nB\u{a0} = 1\nc = 2\u{a0}# x\nd\u{a0}=\u{a0}1\n[profile \u{a0}nb\u{a0}]\nx = 1",
        "",
    ),
];

#[test]
fn the_locator_finds_what_the_parser_finds_and_nothing_else() {
    for (config, credentials) in TRICKY {
        agree(&parse(config, credentials), config, credentials);
    }
}

/// A fixed sequence (Numerical Recipes' constants), so that a failure comes again.
#[test]
fn they_agree_on_mangled_texts_too() {
    let mut random = crate::profile::repeatable();
    let (mut accepted, tricky) = (0, TRICKY.iter().flat_map(|(config, credentials)| [config, credentials]));
    let lines: Vec<&str> = tricky.flat_map(|text| text.split('\n')).collect();
    for _ in 0..5000 {
        let mut text = String::from("[default]");
        for _ in 0..random(9) {
            text.push('\n');
            text.push_str(lines[random(lines.len())]);
        }
        let mut text: Vec<char> = text.chars().collect();
        let place = random(text.len());
        text[place] = ['[', ']', '=', '#', ' ', '\t', '\n', '\r', '\0', 'é', '\u{a0}'][random(11)];
        let text: String = text.into_iter().collect();
        for (config, credentials) in [(text.as_str(), ""), ("", text.as_str())] {
            if let Ok(parsed) = read(config, credentials) {
                agree(&parsed, config, credentials);
                accepted += 1;
            }
        }
    }
    assert!(accepted > 1000, "{accepted} texts are too few to say much");
}

fn agree(parsed: &SharedConfig, config: &str, credentials: &str) {
    for (kind, listed) in [("profile", parsed.profiles()), ("sso-session", parsed.sso_sessions())] {
        let mut names = locator::names(File::Config, config, kind);
        names.extend(locator::names(File::Credentials, credentials, kind));
        assert_eq!(Vec::from_iter(names), listed, "{config:?} {credentials:?}");
    }
    let mut found = [0, 0];
    let settings = |section| parsed.locator.settings(section).into_iter().map(move |found| (section, found));
    for (section, (setting, spot)) in parsed.locator.sections().into_iter().flat_map(settings) {
        let text = if spot.file == File::Config { config } else { credentials };
        let line = text.lines().nth(spot.line - 1).unwrap().to_ascii_lowercase();
        let key = setting.nested.as_ref().unwrap_or(&setting.key).to_ascii_lowercase();
        let value =
            value(&parsed.sections, section, &setting).unwrap_or_else(|| panic!("{setting:?} in {text:?}"));
        let first = value.split('\n').next().unwrap_or_default().to_ascii_lowercase();
        assert!(line.contains(&key) && line.contains(&first), "{setting:?} {line:?}");
        if setting.nested.is_none() {
            assert_eq!(parsed.locator.setting(section, &setting.key), Some(spot), "{setting:?} in {text:?}");
        }
        found[usize::from(setting.nested.is_some())] += 1;
    }
    // The SDK offers no way to list the properties; its Debug does.
    let all = format!("{:?}", parsed.sections);
    let expected = ["Property {", "PropertiesKey {"].map(|name| all.matches(name).count());
    assert_eq!(found, expected, "{config:?} {credentials:?}");
}

fn value<'a>(
    sections: &'a EnvConfigSections,
    Section { kind, name }: Section<'_>,
    Setting { key, nested }: &Setting,
) -> Option<&'a str> {
    match (kind, nested) {
        ("profile", None) => sections.get_profile(name)?.get(key),
        ("sso-session", None) => sections.sso_session(name)?.get(key),
        (_, Some(nested)) => {
            let section = PropertiesKey::builder().section_key(kind).section_name(name);
            let key = section.property_name(key).sub_property_name(nested).build().unwrap();
            sections.other_sections().get(&key).map(String::as_str)
        }
        _ => None,
    }
}

#[test]
fn a_setting_says_which_file_won() {
    let config = parse("[profile a]\nregion = x\noutput = json", "[a]\nregion = y");
    assert_eq!(config.place("profile", "a", "region").unwrap().to_string(), "k:2");
    assert_eq!(config.place("profile", "a", "output").unwrap().to_string(), "c:3");
    assert_eq!(config.header("profile", "a").unwrap().to_string(), "c:1");
    assert_eq!(config.place("profile", "a", "nothing"), None);
}

#[test]
fn a_config_prints_no_secret() {
    let config = parse("", "[a]\naws_secret_access_key = hunter2");
    assert_eq!(
        format!("{config:?}"),
        "SharedConfig { files: ConfigFiles { config: \"c\", credentials: \"k\" }, .. }"
    );
}
