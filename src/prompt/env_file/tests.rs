use std::path::Path;

use super::*;
use crate::profile::chain::{Portal, SaidBy};

const PROFILE: &str = r#"
profile = "acme-dev"                 # a profile of the AWS shared config
region  = "ap-northeast-2"           # wins over the profile's
account = "111122223333"             # refuse credentials of any other account
duration = "1h"                      # asked-for session length of the last hop
deliver = "env"                      # env | profile | endpoint (section 7)

[env]                                # plain variables that go with it
TF_WORKSPACE = "dev"

[stage.prod]                         # a variant, chosen with `awsenv use prod`
profile = "acme-prod"
account = "999988887777"
protected = true                     # `use` asks first; the prompt segment turns red
"#;

const SSO: &str = r#"
[sso]                                # a source without any ~/.aws/config: a clone is enough to start
start_url = "https://acme.awsapps.com/start"
region = "us-east-1"
account = "111122223333"
role = "Developer"

[[role]]                             # assumed on top, in order: a role chain
arn = "arn:aws:iam::444455556666:role/Deploy"
external_id = "acme"
session_name = "me"
duration = "1h"
policy_arns = ["arn:aws:iam::aws:policy/ReadOnlyAccess"]   # a session policy: less than the role may; `policy` for inline JSON
tags = { team = "payments" }
transitive_tags = ["team"]
source_identity = "me"
"#;

const KEYS: &str = r#"
[keys]                               # long-lived keys kept in the OS keychain under this name
name = "acme-ci"
mfa_serial = "arn:aws:iam::111122223333:mfa/me"
session = true                       # GetSessionToken (default); false: the keys themselves
"#;

const ROLES_ANYWHERE: &str = r#"
[roles_anywhere]                     # an X.509 certificate (IAM Roles Anywhere)
trust_anchor_arn = "arn:aws:rolesanywhere:us-east-1:111122223333:trust-anchor/0"
profile_arn = "arn:aws:rolesanywhere:us-east-1:111122223333:profile/0"
role_arn = "arn:aws:iam::111122223333:role/Edge"
certificate = "edge.pem"
private_key = "~/.certs/edge.key"
"#;

const HOUR: Option<Duration> = Some(Duration::from_secs(3600));

fn parse(text: &str) -> Result<EnvFile> {
    EnvFile::parse(text, Path::new("acme/.awsenv"), Path::new("/home/me"))
}

/// The error as people read it, the hint on a line of its own.
fn complaint<T: std::fmt::Debug>(result: Result<T>) -> String {
    let error = result.unwrap_err();
    match error.downcast_ref::<Failure>().and_then(|failure| failure.hint.as_deref()) {
        Some(hint) => format!("{error:#}\n{hint}"),
        None => format!("{error:#}"),
    }
}

fn refused(cases: &[(&str, &str)]) {
    for (text, expected) in cases {
        assert_eq!(complaint(parse(text)), *expected, "of\n{text}");
    }
}

fn base(text: &str) -> Pin {
    parse(text).unwrap().base
}

fn texts(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn a_profile_with_a_stage() {
    let file = EnvFile {
        path: "acme/.awsenv".into(),
        inherit: false,
        base: Pin {
            source: Some(PinSource::Profile("acme-dev".into())),
            region: Some("ap-northeast-2".into()),
            account: Some("111122223333".into()),
            duration: HOUR,
            deliver: Some(Deliver::Env),
            env: texts(&[("TF_WORKSPACE", "dev")]),
            ..Pin::default()
        },
        stages: BTreeMap::from([(
            "prod".into(),
            Pin {
                source: Some(PinSource::Profile("acme-prod".into())),
                account: Some("999988887777".into()),
                protected: true,
                ..Pin::default()
            },
        )]),
    };
    assert_eq!(parse(PROFILE).unwrap(), file);
}

#[test]
fn a_sign_in_with_a_role_on_top() {
    let pin = Pin {
        source: Some(PinSource::Sso(Sso {
            portal: Portal {
                session: None,
                start_url: "https://acme.awsapps.com/start".into(),
                region: "us-east-1".into(),
                scopes: Vec::new(),
                refreshes: true,
            },
            account: "111122223333".into(),
            role: "Developer".into(),
        })),
        roles: vec![Role {
            arn: "arn:aws:iam::444455556666:role/Deploy".into(),
            external_id: Some("acme".into()),
            session_name: Some("me".into()),
            duration: HOUR,
            policy_arns: vec!["arn:aws:iam::aws:policy/ReadOnlyAccess".into()],
            tags: texts(&[("team", "payments")]),
            transitive_tags: vec!["team".into()],
            source_identity: Some("me".into()),
            decided_by: Some("acme/.awsenv:9".into()),
            ..Role::default()
        }],
        ..Pin::default()
    };
    assert_eq!(base(SSO), pin);
}

#[test]
fn keys_in_the_keychain() {
    let source = |mfa_serial: Option<&str>, session| {
        Some(PinSource::Keys { name: "acme-ci".into(), mfa_serial: mfa_serial.map(str::to_owned), session })
    };
    assert_eq!(base(KEYS).source, source(Some("arn:aws:iam::111122223333:mfa/me"), true));
    assert_eq!(base("[keys]\nname = 'acme-ci'").source, source(None, true));
    assert_eq!(base("[keys]\nname = 'acme-ci'\nsession = false").source, source(None, false));
}

#[test]
fn a_certificate_beside_the_file_and_a_key_at_home() {
    let source = PinSource::RolesAnywhere(RolesAnywhere {
        trust_anchor_arn: "arn:aws:rolesanywhere:us-east-1:111122223333:trust-anchor/0".into(),
        profile_arn: "arn:aws:rolesanywhere:us-east-1:111122223333:profile/0".into(),
        role_arn: "arn:aws:iam::111122223333:role/Edge".into(),
        certificate: "acme/edge.pem".into(),
        private_key: "/home/me/.certs/edge.key".into(),
        ..RolesAnywhere::default()
    });
    assert_eq!(base(ROLES_ANYWHERE).source, Some(source));
}

#[test]
fn a_certificate_may_bring_its_key_and_name_its_chain_and_its_sessions() {
    let text =
        ROLES_ANYWHERE.replace("private_key = \"~/.certs/edge.key\"", "intermediates = '/etc/chain.pem'");
    let Some(PinSource::RolesAnywhere(source)) = base(&format!("{text}session_name = 'edge'")).source else {
        panic!("no such source")
    };
    assert_eq!(source.private_key, "acme/edge.pem".into());
    assert_eq!(source.intermediates.as_deref(), Some(Path::new("/etc/chain.pem")));
    assert_eq!(source.session_name.as_deref(), Some("edge"));
}

#[test]
fn a_key_may_be_on_a_token() {
    let on_token = |uri: &str| ROLES_ANYWHERE.replace("~/.certs/edge.key", uri);
    let text = on_token("pkcs11:token=acme;object=edge?module-path=/usr/lib/p11.so");
    let Some(PinSource::RolesAnywhere(source)) = base(&text).source else { panic!("no such source") };
    let uri = source.private_key.token().unwrap();
    assert_eq!(uri.identity(), "pkcs11:object=edge;token=acme?module-path=/usr/lib/p11.so");
    assert_eq!(source.said_by, SaidBy::Directory);
    for (uri, expected) in [
        ("pkcs11:object=edge;type=cert", "type=private is expected here"),
        ("pkcs11:object=edge?pin-value=4242", "a PIN has no place in a file that others read"),
    ] {
        let error = parse(&on_token(uri)).unwrap_err().to_string();
        assert!(error.ends_with(&format!("roles_anywhere.private_key: {expected}")), "{error}");
    }
}

#[test]
fn a_file_may_pin_nothing_or_only_a_region_and_variables() {
    assert_eq!(base(""), Pin::default());
    assert_eq!(base("\u{feff}# a comment\r\n"), Pin::default());
    let pin = Pin { region: Some("eu-west-1".into()), env: texts(&[("A", "")]), ..Pin::default() };
    assert_eq!(base("region = 'eu-west-1'\n[env]\nA = ''"), pin);
}

#[test]
fn every_way_to_deliver_and_to_inherit_is_read() {
    for (word, deliver) in
        [("env", Deliver::Env), ("profile", Deliver::Profile), ("endpoint", Deliver::Endpoint)]
    {
        assert_eq!(base(&format!("deliver = '{word}'")).deliver, Some(deliver));
    }
    assert!(parse("inherit = true").unwrap().inherit);
    assert!(!parse("inherit = false").unwrap().inherit);
}

#[test]
fn a_policy_may_be_laid_out_over_lines_and_loses_them() {
    let text = "[[role]]\narn = 'arn:aws:iam::444455556666:role/A'\npolicy = '''\n{\n\t\"Version\": \"2012-10-17\"\r\n}\n'''";
    assert_eq!(base(text).roles[0].policy.as_deref(), Some(r#"{"Version": "2012-10-17"}"#));
}

#[test]
fn only_a_session_token_lasts_longer_than_half_a_day() {
    let day = Some(Duration::from_secs(86_400));
    assert_eq!(base("duration = '24h'\n[keys]\nname = 'ci'").duration, day);
    // The keys may be the outer file's.
    assert_eq!(base("duration = '24h'\ninherit = true").duration, day);
    let stage = "[keys]\nname = 'ci'\n[stage.long]\nduration = '24h'";
    assert_eq!(parse(stage).unwrap().pin(Some("long")).unwrap().duration, day);
}

#[test]
fn a_stage_with_a_source_starts_a_new_chain() {
    let text = format!(
        "region = 'eu-west-1'\naccount = '444455556666'\nduration = '1h'\n{SSO}\n\
         [env]\nA = 'base'\nB = 'base'\n\
         [stage.prod]\nprofile = 'acme-prod'\ndeliver = 'endpoint'\nprotected = true\n\
         [stage.prod.env]\nB = 'prod'\nC = 'prod'"
    );
    let pin = Pin {
        source: Some(PinSource::Profile("acme-prod".into())),
        roles: Vec::new(),
        region: Some("eu-west-1".into()),
        account: None,
        duration: HOUR,
        deliver: Some(Deliver::Endpoint),
        env: texts(&[("A", "base"), ("B", "prod"), ("C", "prod")]),
        protected: true,
    };
    assert_eq!(parse(&text).unwrap().pin(Some("prod")).unwrap(), pin);
}

#[test]
fn a_stage_without_a_source_keeps_chain_and_account() {
    let text = format!("account = '444455556666'\n{SSO}\n[stage.tokyo]\nregion = 'ap-northeast-1'");
    let file = parse(&text).unwrap();
    let pin = Pin { region: Some("ap-northeast-1".into()), ..file.base.clone() };
    assert_eq!(file.pin(Some("tokyo")).unwrap(), pin);
    assert_eq!(file.pin(None).unwrap(), file.base);
}

#[test]
fn a_stage_with_roles_alone_puts_them_on_the_same_source() {
    let text = format!(
        "account = '444455556666'\n{SSO}\n[[stage.audit.role]]\narn = 'arn:aws:iam::444455556666:role/Audit'"
    );
    let file = parse(&text).unwrap();
    let audit = Role {
        arn: "arn:aws:iam::444455556666:role/Audit".into(),
        decided_by: Some("acme/.awsenv:20".into()),
        ..Role::default()
    };
    assert_eq!(file.pin(Some("audit")).unwrap(), Pin { roles: vec![audit], ..file.base });
}

#[test]
fn an_inner_file_lies_over_the_outer_one_as_a_stage_over_its_base() {
    let outer = base(&format!("account = '444455556666'\n{SSO}\n[env]\nA = 'outer'"));
    let inner = base("inherit = true\nregion = 'eu-west-1'\n[env]\nB = 'inner'");
    let both = Pin {
        region: Some("eu-west-1".into()),
        env: texts(&[("A", "outer"), ("B", "inner")]),
        ..outer.clone()
    };
    assert_eq!(inner.over(outer), both);
}

#[test]
fn what_is_protected_below_stays_protected() {
    let outer = Pin { protected: true, ..Pin::default() };
    assert_eq!(Pin::default().over(outer.clone()), outer);
}

#[test]
fn a_pin_is_called_as_people_call_it() {
    let name = |text| base(text).name();
    assert_eq!(name(PROFILE).as_deref(), Some("acme-dev"));
    assert_eq!(name(SSO).as_deref(), Some("Developer@111122223333"));
    assert_eq!(name(KEYS).as_deref(), Some("acme-ci"));
    assert_eq!(name(ROLES_ANYWHERE).as_deref(), Some("Edge"));
    assert_eq!(name("region = 'eu-west-1'"), None);
    let path = ROLES_ANYWHERE.replace("role/Edge", "role/team/Edge");
    assert_eq!(name(&path).as_deref(), Some("Edge"));
}

#[test]
fn an_unknown_stage_is_answered_with_the_known_ones() {
    let file = parse("[stage.prod]\n[stage.staging]").unwrap();
    assert_eq!(
        complaint(file.pin(Some("prdo"))),
        "acme/.awsenv: no stage prdo among prod, staging\ndid you mean `prod`?"
    );
    assert_eq!(complaint(file.pin(Some("x\n"))), "acme/.awsenv: no stage x\\n among prod, staging");
    assert_eq!(
        complaint(parse("").unwrap().pin(Some("prod"))),
        "acme/.awsenv: no stage prod\nthe file has no stages; [stage.NAME] begins one"
    );
}

#[test]
fn a_file_has_an_end() {
    let comment = |length: usize| format!("#{}", "x".repeat(length - 1));
    assert!(parse(&comment(64 * 1024)).is_ok());
    assert_eq!(complaint(parse(&comment(64 * 1024 + 1))), "acme/.awsenv: longer than 64 KiB");
}

#[test]
fn a_deep_file_ends_in_an_error_and_not_in_the_stack() {
    let keys = vec!["a"; 30_000].join(".");
    for text in [format!("{keys} = 1"), format!("[{keys}]"), format!("a = {}", "[".repeat(60_000))] {
        assert!(parse(&text).is_err());
    }
}

#[test]
fn long_and_hostile_names_are_cut_and_escaped() {
    let text = format!("\"\\u202e{}\" = 1", "x".repeat(10_000));
    let expected = format!("acme/.awsenv:1: \\u{{202e}}{}…: unknown key\n", "x".repeat(63));
    assert!(complaint(parse(&text)).starts_with(&expected));
    let path = Path::new("a\u{1b}[2J/.awsenv");
    let error = EnvFile::parse("x = 1", path, Path::new("/")).unwrap_err();
    assert_eq!(format!("{error:#}"), "a\\u{1b}[2J/.awsenv:1: x: unknown key");
}

#[test]
fn too_many_tags_or_policies_are_counted() {
    let role = "[[role]]\narn = 'arn:aws:iam::444455556666:role/A'\n";
    let tags: Vec<_> = (0..51).map(|n| format!("t{n} = ''")).collect();
    assert_eq!(
        complaint(parse(&format!("{role}tags = {{ {} }}", tags.join(", ")))),
        "acme/.awsenv:3: role.tags: AWS takes at most 50 tags"
    );
    let arns = ["'arn:aws:iam::aws:policy/A'"; 11].join(", ");
    assert_eq!(
        complaint(parse(&format!("{role}policy_arns = [{arns}]"))),
        "acme/.awsenv:3: role.policy_arns: AWS takes at most 10 policies"
    );
}

#[test]
fn no_damage_to_a_file_is_a_panic_or_steers_the_terminal() {
    let harmless = |text: &str| {
        if let Err(error) = parse(text) {
            let message = complaint::<()>(Err(error));
            assert!(!message.replacen('\n', "", 1).contains(char::is_control), "{message:?} of\n{text}");
        }
    };
    for sample in [PROFILE, SSO, KEYS, ROLES_ANYWHERE] {
        for end in 0..sample.len() {
            harmless(&sample[..end]);
            for nasty in ["", "\0", "\x1b", "\n", "\"", "'", "\\", "[", "=", ".", "7", "\u{9b}"] {
                harmless(&format!("{}{nasty}{}", &sample[..end], &sample[end + 1..]));
            }
        }
    }
}

#[test]
fn a_file_that_is_no_toml_is_refused_with_its_line() {
    refused(&[
        ("profile = dev", "acme/.awsenv:1: string values must be quoted, expected literal string"),
        (
            "\n\nprofile = \"dev\nregion = \"us-east-1\"",
            "acme/.awsenv:3: invalid basic string, expected `\"`",
        ),
        ("region = 'us-east-1'\nregion = 'us-east-2'", "acme/.awsenv:2: region: duplicate key"),
        ("[sso]\n[keys]\n[sso]\n", "acme/.awsenv:3: sso: duplicate key"),
        (
            "profile = \"\u{1b}[31m\"",
            "acme/.awsenv:1: invalid basic string, expected non-double-quote visible characters, `\\`",
        ),
    ]);
}

#[test]
fn a_key_nobody_knows_is_named_with_its_neighbour() {
    refused(&[
        ("proflie = 'dev'", "acme/.awsenv:1: proflie: unknown key\ndid you mean `profile`?"),
        (
            "region = 'us-east-1'\nbanana = 1\navocado = 2",
            "acme/.awsenv:2: banana: unknown key\nknown keys: profile, region, account, duration, deliver, inherit, env, stage, sso, keys, roles_anywhere, role",
        ),
        (
            "\"\\u001b[2J\" = 1",
            "acme/.awsenv:1: \\u{1b}[2J: unknown key\nknown keys: profile, region, account, duration, deliver, inherit, env, stage, sso, keys, roles_anywhere, role",
        ),
        (
            "protected = true",
            "acme/.awsenv:1: protected: unknown key\nknown keys: profile, region, account, duration, deliver, inherit, env, stage, sso, keys, roles_anywhere, role",
        ),
        (
            "[stage.prod]\ninherit = true",
            "acme/.awsenv:2: stage.prod.inherit: unknown key\nknown keys: profile, region, account, duration, deliver, protected, env, sso, keys, roles_anywhere, role",
        ),
        (
            "[stage.prod.stage.x]",
            "acme/.awsenv:1: stage.prod.stage: unknown key\nknown keys: profile, region, account, duration, deliver, protected, env, sso, keys, roles_anywhere, role",
        ),
        (
            "[sso]\nstart_uri = 'https://acme.awsapps.com/start'",
            "acme/.awsenv:2: sso.start_uri: unknown key\ndid you mean `start_url`?",
        ),
        (
            "[[role]]\nexternalid = 'x'",
            "acme/.awsenv:2: role.externalid: unknown key\ndid you mean `external_id`?",
        ),
        (
            "[[role]]\nmfa_serial = 'arn:aws:iam::111122223333:mfa/me'",
            "acme/.awsenv:2: role.mfa_serial: unknown key\nknown keys: arn, external_id, session_name, duration, policy_arns, policy, tags, transitive_tags, source_identity",
        ),
        (
            "[keys]\nduration = '1h'",
            "acme/.awsenv:2: keys.duration: unknown key\nknown keys: name, mfa_serial, session",
        ),
    ]);
}

#[test]
fn a_value_of_another_type_is_told_how_to_be_written() {
    refused(&[
        (
            "profile = 1",
            "acme/.awsenv:1: profile: expected text, found an integer\nwrite it in quotes: \"1\"",
        ),
        (
            "account = 111122223333",
            "acme/.awsenv:1: account: expected text, found an integer\nwrite it in quotes: \"111122223333\"",
        ),
        ("account = [1]", "acme/.awsenv:1: account: expected text, found a list"),
        (
            "region = 1979-05-27",
            "acme/.awsenv:1: region: expected text, found a date\nwrite it in quotes: \"1979-05-27\"",
        ),
        ("inherit = 'yes'", "acme/.awsenv:1: inherit: expected true or false, found text"),
        ("env = 'A=1'", "acme/.awsenv:1: env: expected a table, found text"),
        ("stage = [1]", "acme/.awsenv:1: stage: expected a table, found a list"),
        ("stage.prod = 'x'", "acme/.awsenv:1: stage.prod: expected a table, found text"),
        ("sso = true", "acme/.awsenv:1: sso: expected a table, found true or false"),
        (
            "[role]\narn = 'x'",
            "acme/.awsenv:1: role: expected a list, found a table\nbegin it with [[role]], not [role]",
        ),
        ("role = [1]", "acme/.awsenv:1: role: expected a table, found an integer"),
        ("role = []", "acme/.awsenv:1: role: an empty list\nleave it out"),
        (
            "[stage.prod]\nprotected = 1",
            "acme/.awsenv:2: stage.prod.protected: expected true or false, found an integer",
        ),
    ]);
}

#[test]
fn control_characters_are_refused_and_shown_escaped() {
    refused(&[
        ("profile = \"a\\u007fb\"", "acme/.awsenv:1: profile: control character \\u{7f} in the text"),
        ("profile = \"a\\u009bb\"", "acme/.awsenv:1: profile: control character \\u{9b} in the text"),
        ("profile = '\u{85}'", "acme/.awsenv:1: profile: control character \\u{85} in the text"),
        ("profile = \"a\\nb\"", "acme/.awsenv:1: profile: control character \\n in the text"),
        ("[env]\nTF = \"a\\tb\"", "acme/.awsenv:2: env.TF: control character \\t in the text"),
        ("[env]\nTF = \"a\\u0000b\"", "acme/.awsenv:2: env.TF: control character \\u{0} in the text"),
        (
            "[env]\n\"T\\u001bF\" = \"a\"",
            "acme/.awsenv:2: env.T\\u{1b}F: refused: a variable's name is letters, digits and _, and begins with no digit",
        ),
        ("[stage.\"a\\nb\"]", "acme/.awsenv:1: stage.a\\nb: a name is letters, digits or any of _-/.%@:+"),
    ]);
}

#[test]
fn a_source_is_one_and_whole() {
    refused(&[
        (
            "profile = 'dev'\n\n[sso]\nstart_url = ''",
            "acme/.awsenv:3: sso: a second source, beside profile on line 1\nkeep one of them",
        ),
        (
            "[stage.prod.keys]\nname = 'ci'\n[stage.prod.sso]\nrole = 'x'",
            "acme/.awsenv:3: stage.prod.sso: a second source, beside stage.prod.keys on line 1\nkeep one of them",
        ),
        ("profile = 'two words'", "acme/.awsenv:1: profile: a name is letters, digits or any of _-/.%@:+"),
        ("profile = ''", "acme/.awsenv:1: profile: a name is letters, digits or any of _-/.%@:+"),
        (
            "[sso]\nstart_url = 'https://acme.awsapps.com/start'\nregion = 'us-east-1'\naccount = '111122223333'",
            "acme/.awsenv:1: sso.role: this key is required",
        ),
        (
            "[sso]\nstart_url = 'http://acme.awsapps.com/start'",
            "acme/.awsenv:2: sso.start_url: expected an address like https://acme.awsapps.com/start",
        ),
        (
            "[sso]\nstart_url = 'https://me@acme.awsapps.com/start'",
            "acme/.awsenv:2: sso.start_url: expected an address like https://acme.awsapps.com/start",
        ),
        (
            "[sso]\nstart_url = \"https://acme.awsapps.com/$(id)'\"",
            "acme/.awsenv:2: sso.start_url: expected an address like https://acme.awsapps.com/start",
        ),
        (
            "[sso]\nstart_url = 'https:///start'",
            "acme/.awsenv:2: sso.start_url: expected an address like https://acme.awsapps.com/start",
        ),
        (
            "[sso]\nstart_url = 'https://acme.awsapps.com/start'\nregion = 'evil.com/'",
            "acme/.awsenv:3: sso.region: a region is letters, digits and hyphens, like eu-west-1",
        ),
        (
            "[sso]\nstart_url = 'https://a.b'\nregion = 'us-east-1'\naccount = '1'",
            "acme/.awsenv:4: sso.account: an account is twelve digits, in quotes",
        ),
        (
            "[sso]\nstart_url = 'https://a.b'\nregion = 'us-east-1'\naccount = '111122223333'\nrole = 'a b'",
            "acme/.awsenv:5: sso.role: a role's name is 1 to 64 letters, digits or any of _+=,.@-",
        ),
        ("[keys]\nsession = false", "acme/.awsenv:1: keys.name: this key is required"),
        ("[keys]\nname = 'a b'", "acme/.awsenv:2: keys.name: a name is letters, digits or any of _-/.%@:+"),
        (
            "[keys]\nname = 'ci'\nmfa_serial = 'me'",
            "acme/.awsenv:3: keys.mfa_serial: 9 to 256 letters, digits or any of _+=/:,.@-",
        ),
        (
            "[keys]\nname = 'ci'\nsession = 'no'",
            "acme/.awsenv:3: keys.session: expected true or false, found text",
        ),
        (
            "[roles_anywhere]\ntrust_anchor_arn = 'arn:aws:iam::111122223333:role/x'",
            "acme/.awsenv:2: roles_anywhere.trust_anchor_arn: expected an ARN like arn:aws:rolesanywhere:REGION:111122223333:trust-anchor/…",
        ),
        (
            "[roles_anywhere]\ntrust_anchor_arn = 'arn:aws:rolesanywhere::111122223333:trust-anchor/0'",
            "acme/.awsenv:2: roles_anywhere.trust_anchor_arn: the ARN names no region",
        ),
        (
            "[roles_anywhere]\ntrust_anchor_arn = 'arn:aws:rolesanywhere:us-east-1:111122223333:trust-anchor/0'\nprofile_arn = 'arn:aws:rolesanywhere:eu-west-1:111122223333:profile/0'",
            "acme/.awsenv:3: roles_anywhere.profile_arn: it is in eu-west-1, but the trust anchor is in us-east-1",
        ),
        (
            "[roles_anywhere]\ntrust_anchor_arn = 'arn:aws:rolesanywhere:us-east-1:111122223333:trust-anchor/0'\nprofile_arn = 'arn:aws:rolesanywhere:us-east-1:111122223333:profile/0'\nrole_arn = 'arn:aws:iam::111122223333:role/Edge'\ncertificate = '~you/edge.pem'",
            "acme/.awsenv:5: roles_anywhere.certificate: only your own home can be written with ~, as ~/",
        ),
        (
            "[roles_anywhere]\ntrust_anchor_arn = 'arn:aws:rolesanywhere:us-east-1:111122223333:trust-anchor/0'\nprofile_arn = 'arn:aws:rolesanywhere:us-east-1:111122223333:profile/0'\nrole_arn = 'arn:aws:iam::111122223333:role/Edge'\ncertificate = ''",
            "acme/.awsenv:5: roles_anywhere.certificate: a path is expected",
        ),
        (
            "[roles_anywhere]\ntrust_anchor_arn = 'arn:aws:rolesanywhere:us-east-1:111122223333:trust-anchor/0'\nprofile_arn = 'arn:aws:rolesanywhere:us-east-1:111122223333:profile/0'\nrole_arn = 'arn:aws:iam::111122223333:role/Edge'\ncertificate = 'x'\nsession_name = 'a b'",
            "acme/.awsenv:6: roles_anywhere.session_name: 2 to 64 letters, digits or any of _+=,.@-",
        ),
    ]);
}

#[test]
fn region_account_and_delivery_are_checked() {
    refused(&[
        (
            "region = 'us_east_1'",
            "acme/.awsenv:1: region: a region is letters, digits and hyphens, like eu-west-1",
        ),
        ("account = '1111'", "acme/.awsenv:1: account: an account is twelve digits, in quotes"),
        ("deliver = 'endpiont'", "acme/.awsenv:1: deliver: unknown word endpiont\ndid you mean `endpoint`?"),
        ("deliver = 'fax'", "acme/.awsenv:1: deliver: unknown word fax\nknown words: env, profile, endpoint"),
    ]);
}

#[test]
fn a_duration_is_text_and_within_what_aws_allows() {
    refused(&[
        (
            "duration = 3600",
            "acme/.awsenv:1: duration: expected text like \"1h\", found an integer\nfor seconds write \"3600s\"",
        ),
        (
            "duration = 0xe10",
            "acme/.awsenv:1: duration: expected text like \"1h\", found an integer\nfor seconds write \"3600s\"",
        ),
        ("duration = '1 hour'", "acme/.awsenv:1: duration: write a duration like 1h, 1h30m or 90s"),
        ("duration = -1", "acme/.awsenv:1: duration: expected text like \"1h\", found an integer"),
        ("duration = true", "acme/.awsenv:1: duration: expected text like \"1h\", found true or false"),
        ("duration = '14m'", "acme/.awsenv:1: duration: AWS allows 15m to 12h00m"),
        ("duration = '13h'", "acme/.awsenv:1: duration: AWS allows 15m to 12h00m"),
        ("duration = '900.5s'", "acme/.awsenv:1: duration: AWS counts in whole seconds"),
        ("profile = 'dev'\nduration = '13h'", "acme/.awsenv:2: duration: AWS allows 15m to 12h00m"),
        ("duration = '37h'\n[keys]\nname = 'ci'", "acme/.awsenv:1: duration: AWS allows 15m to 1d12h"),
        (
            "duration = '24h'\n[keys]\nname = 'ci'\n[[role]]\narn = 'arn:aws:iam::444455556666:role/Deploy'",
            "acme/.awsenv:1: duration: AWS allows 15m to 12h00m",
        ),
        (
            "duration = '24h'\n[keys]\nname = 'ci'\n[stage.prod]\nprofile = 'prod'",
            "acme/.awsenv:1: duration: AWS allows 15m to 12h00m in stage.prod",
        ),
        (
            "[keys]\nname = 'ci'\n[stage.prod]\nprofile = 'prod'\nduration = '24h'",
            "acme/.awsenv:5: stage.prod.duration: AWS allows 15m to 12h00m",
        ),
        (
            "[[role]]\narn = 'arn:aws:iam::444455556666:role/Deploy'\nduration = '24h'",
            "acme/.awsenv:3: role.duration: AWS allows 15m to 12h00m",
        ),
    ]);
}

#[test]
fn a_role_is_checked_by_what_sts_takes() {
    refused(&[
        ("[[role]]\nexternal_id = 'x'", "acme/.awsenv:1: role.arn: this key is required"),
        (
            "[[role]]\narn = 'arn:aws:iam::444455556666:role/A'\n\n[[role]]\narn = 'Deploy'",
            "acme/.awsenv:5: role.arn: expected an ARN like arn:aws:iam::111122223333:role/…",
        ),
        (
            "[[role]]\narn = 'arn:aws:iam::444455556666:role/A'\nexternal_id = 'x'",
            "acme/.awsenv:3: role.external_id: 2 to 1224 letters, digits or any of _+=,.@:/-",
        ),
        (
            "[[role]]\narn = 'arn:aws:iam::444455556666:role/A'\nsession_name = 'my name'",
            "acme/.awsenv:3: role.session_name: 2 to 64 letters, digits or any of _+=,.@-",
        ),
        (
            "[[role]]\narn = 'arn:aws:iam::444455556666:role/A'\nsource_identity = 'my name'",
            "acme/.awsenv:3: role.source_identity: 2 to 64 letters, digits or any of _+=,.@-",
        ),
        (
            "[[role]]\narn = 'arn:aws:iam::444455556666:role/A'\npolicy = '[1]'",
            "acme/.awsenv:3: role.policy: a policy is a JSON object",
        ),
        (
            "[[role]]\narn = \"arn:aws:iam::444455556666:role/A\"\npolicy = '{\"Version\": }'",
            "acme/.awsenv:3: role.policy: a policy is a JSON object",
        ),
        (
            "[[role]]\narn = 'arn:aws:iam::444455556666:role/A'\npolicy = {}",
            "acme/.awsenv:3: role.policy: expected text, found a table",
        ),
        (
            "[[role]]\narn = \"arn:aws:iam::444455556666:role/A\"\npolicy = \"{}\\u001b\"",
            "acme/.awsenv:3: role.policy: control character \\u{1b} in the text",
        ),
        (
            "[[role]]\narn = 'arn:aws:iam::444455556666:role/A'\npolicy_arns = 'ReadOnly'",
            "acme/.awsenv:3: role.policy_arns: expected a list, found text",
        ),
        (
            "[[role]]\narn = 'arn:aws:iam::444455556666:role/A'\npolicy_arns = [\n  'arn:aws:iam::aws:policy/A',\n  'ReadOnly',\n]",
            "acme/.awsenv:5: role.policy_arns: expected an ARN like arn:aws:iam::111122223333:policy/…",
        ),
        (
            "[[role]]\narn = 'arn:aws:iam::444455556666:role/A'\ntags = { 'aws:team' = 'x' }",
            "acme/.awsenv:3: role.tags.aws:team: tags that begin with aws: are AWS's own",
        ),
        (
            "[[role]]\narn = 'arn:aws:iam::444455556666:role/A'\ntags = { team = 1 }",
            "acme/.awsenv:3: role.tags.team: expected text, found an integer\nwrite it in quotes: \"1\"",
        ),
        (
            "[[role]]\narn = 'arn:aws:iam::444455556666:role/A'\ntags = { Team = 'x', team = 'y' }",
            "acme/.awsenv:3: role.tags.team: AWS takes it for the same tag as Team",
        ),
        (
            "[[role]]\narn = 'arn:aws:iam::444455556666:role/A'\ntags = ['team']",
            "acme/.awsenv:3: role.tags: expected a table, found a list",
        ),
        (
            "[[role]]\narn = 'arn:aws:iam::444455556666:role/A'\ntags = { team = 'x' }\ntransitive_tags = ['taem']",
            "acme/.awsenv:4: role.transitive_tags: taem is none of this role's tags",
        ),
        (
            "[[role]]\narn = 'arn:aws:iam::444455556666:role/A'\ntransitive_tags = ['team']",
            "acme/.awsenv:3: role.transitive_tags: team is none of this role's tags",
        ),
    ]);
}

#[test]
fn a_variable_is_text_under_a_harmless_name() {
    refused(&[
        (
            "[env]\nTF_PARALLELISM = 4",
            "acme/.awsenv:2: env.TF_PARALLELISM: expected text, found an integer\nwrite it in quotes: \"4\"",
        ),
        (
            "[env]\nDEBUG = true",
            "acme/.awsenv:2: env.DEBUG: expected text, found true or false\nwrite it in quotes: \"true\"",
        ),
        ("[env]\nA.B = 'x'", "acme/.awsenv:2: env.A: expected text, found a table"),
        (
            "[env]\n1A = 'x'",
            "acme/.awsenv:2: env.1A: refused: a variable's name is letters, digits and _, and begins with no digit",
        ),
        (
            "[env]\nA-B = 'x'",
            "acme/.awsenv:2: env.A-B: refused: a variable's name is letters, digits and _, and begins with no digit",
        ),
        (
            "[env]\nAWS_PROFILE = 'x'",
            "acme/.awsenv:2: env.AWS_PROFILE: refused: awsenv and AWS's own tools are steered by it",
        ),
        (
            "[env]\nhttp_proxy = 'x'",
            "acme/.awsenv:2: env.http_proxy: refused: it decides where connections go and whom they trust",
        ),
        (
            "[env]\nHOME = '/tmp'",
            "acme/.awsenv:2: env.HOME: refused: it moves the place that programs read their settings from",
        ),
        (
            "[stage.prod.env]\nPATH = '/tmp'",
            "acme/.awsenv:2: stage.prod.env.PATH: refused: it decides what the shell runs",
        ),
        (
            "[stage.prod.env]\nLD_PRELOAD = '/tmp/x.so'",
            "acme/.awsenv:2: stage.prod.env.LD_PRELOAD: refused: it makes programs load or run other code",
        ),
    ]);
}

#[test]
fn a_stage_has_a_name_to_type() {
    refused(&[
        ("[stage.-]", "acme/.awsenv:1: stage.-: `awsenv use -` means back, so no stage has this name"),
        (
            "[stage.'two words']",
            "acme/.awsenv:1: stage.two words: a name is letters, digits or any of _-/.%@:+",
        ),
        ("[stage.'']", "acme/.awsenv:1: stage.\"\": a name is letters, digits or any of _-/.%@:+"),
    ]);
}
