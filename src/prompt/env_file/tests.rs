//! Every key read as it is meant: each source, each way to deliver, what a pin is called.

mod hostile;
mod refused;
mod stages;

use std::path::Path;

use super::*;
use crate::profile::chain::{Portal, SaidBy};

const PROFILE: &str = r#"
profile = "acme-dev"                 # a profile of the AWS shared config
region  = "ap-northeast-2"           # wins over the profile's
account = "111122223333"             # refuse credentials of any other account
duration = "1h"                      # asked-for session length of the last hop
deliver = "env"                      # env | profile | endpoint

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
    refused_below("", cases);
}

/// Each with these lines above it.
fn refused_below(head: &str, cases: &[(&str, &str)]) {
    for (lines, expected) in cases {
        let text = format!("{head}{lines}");
        assert_eq!(complaint(parse(&text)), *expected, "of\n{text}");
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
