//! Chains as a config says them: each source, each hop; and no secret shows.

mod precedence;
mod refused;

use super::super::{Call, Portal, Sso, WebIdentityToken, steps};
use super::*;
use crate::key_index::{KeyEntry, Rests};
use crate::message::render;
use crate::profile::config::tests::{parse, read};
use std::time::Duration;

/// Each source once, and roles on top. `hunter2` is every secret in it.
pub(in crate::profile::chain) const SAMPLE: &str = "\
[profile keys]
aws_access_key_id = AKIA1
aws_secret_access_key = hunter2
aws_account_id = 111122223333
[profile session]
aws_access_key_id = ASIA1
aws_secret_access_key = hunter2
aws_session_token = hunter2
[profile sso]
sso_session = corp
sso_account_id = 222233334444
sso_role_name = Developer
[sso-session corp]
sso_start_url = https://corp.awsapps.com/start
sso_region = us-east-1
[profile legacy]
sso_start_url = https://corp.awsapps.com/start
sso_region = us-east-1
sso_account_id = 222233334444
sso_role_name = Developer
[profile process]
credential_process = /bin/get --password hunter2
aws_account_id = 333344445555
[profile web]
role_arn = arn:aws:iam::555566667777:role/Web
web_identity_token_file = /tmp/token
role_session_name = web@host
[profile webprocess]
role_arn = arn:aws:iam::555566667777:role/Web
web_identity_token_process = /bin/token hunter2
[profile login]
login_session = arn:aws:iam::666677778888:user/me
[profile container]
role_arn = arn:aws:iam::444455556666:role/Container
credential_source = EcsContainer
[profile instance]
role_arn = arn:aws:iam::444455556666:role/Instance
credential_source = Ec2InstanceMetadata
[profile environment]
role_arn = arn:aws:iam::444455556666:role/Environment
credential_source = Environment
[profile base]
role_arn = arn:aws:iam::444455556666:role/path/Base
source_profile = keys
mfa_serial = arn:aws:iam::111122223333:mfa/me
mfa_process = oathtool --totp hunter2
[profile deploy]
role_arn = arn:aws:iam::444455556666:role/Deploy
source_profile = base
region = eu-west-1
external_id = acme:1
role_session_name = me@host
duration_seconds = 1800
mfa_serial = arn:aws:iam::111122223333:mfa/me
source_identity = me
session_tags = team=payments
transitive_session_tags = team
[profile alias]
source_profile = keys
[services local]
sts =
  endpoint_url = http://localhost
";

fn environment(pairs: &[(&'static str, &'static str)]) -> Env {
    pairs.iter().copied().collect()
}

fn full_environment() -> Env {
    environment(&[
        ("AWS_ACCESS_KEY_ID", "AKIAE"),
        ("AWS_SECRET_ACCESS_KEY", "hunter2"),
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1/credentials"),
        ("AWS_CONTAINER_AUTHORIZATION_TOKEN", "hunter2"),
    ])
}

pub(in crate::profile::chain) fn resolve_asking(
    config: &str,
    name: &str,
    asked: &Asked,
) -> anyhow::Result<RoleChain> {
    resolve(&parse(config, ""), &KeyIndex::default(), name, &full_environment(), asked)
}

/// With keys in the keychain under the name `base`.
pub(in crate::profile::chain) fn resolve_with_keys(
    config: &str,
    name: &str,
    mfa_serial: Option<&str>,
    asked: &Asked,
) -> RoleChain {
    let entry = KeyEntry {
        access_key_id: "AKIA1".into(),
        rests: Rests::Os,
        account: Some("111122223333".into()),
        mfa_serial: mfa_serial.map(str::to_owned),
        added: "2026-11-22T12:00:00Z".into(),
        replaces: None,
    };
    let keys = [("base".to_owned(), entry)].into_iter().collect();
    resolve(&parse(config, ""), &keys, name, &full_environment(), asked).unwrap()
}

fn chain_of(config: &str, credentials: &str, name: &str) -> RoleChain {
    resolve(&parse(config, credentials), &KeyIndex::default(), name, &full_environment(), &Asked::default())
        .unwrap()
}

/// `AccessKeyId/secret/token` of a chain that begins with keys.
fn keys_of(chain: &RoleChain) -> String {
    let (Source::Keys { credentials, .. } | Source::Environment(credentials)) = &chain.source else {
        panic!("{:?}", chain.source)
    };
    let token = credentials.session_token.as_ref().map_or("", Secret::expose);
    format!("{}/{}/{token}", credentials.access_key_id, credentials.secret_access_key.expose())
}

fn role_names(chain: &RoleChain) -> Vec<&str> {
    chain.roles.iter().map(Role::name).collect()
}

#[test]
fn a_role_chain_carries_what_each_hop_says_and_no_more() {
    let chain = chain_of(SAMPLE, "", "deploy");
    assert_eq!(chain.name, "deploy");
    assert_eq!(chain.region.as_deref(), Some("eu-west-1"));
    assert_eq!(keys_of(&chain), "AKIA1/hunter2/");
    let line = |text: &str| format!("c:{}", 1 + SAMPLE.lines().position(|line| line == text).unwrap());
    assert_eq!(
        chain.origin,
        Origin { profile: Some("keys".into()), decided_by: Some(line("aws_access_key_id = AKIA1")) }
    );
    let session = chain.session_token.unwrap();
    assert_eq!(session.mfa_serial.as_deref(), Some("arn:aws:iam::111122223333:mfa/me"));
    assert_eq!(session.mfa_process.unwrap().expose(), "oathtool --totp hunter2");
    let base = Role {
        profile: Some("base".into()),
        arn: "arn:aws:iam::444455556666:role/path/Base".into(),
        decided_by: Some(line("role_arn = arn:aws:iam::444455556666:role/path/Base")),
        ..Role::default()
    };
    let deploy = Role {
        profile: Some("deploy".into()),
        arn: "arn:aws:iam::444455556666:role/Deploy".into(),
        external_id: Some("acme:1".into()),
        session_name: Some("me@host".into()),
        duration: Some(Duration::from_secs(1800)),
        source_identity: Some("me".into()),
        tags: [("team".to_owned(), "payments".to_owned())].into(),
        transitive_tags: vec!["team".into()],
        decided_by: Some(line("role_arn = arn:aws:iam::444455556666:role/Deploy")),
        ..Role::default()
    };
    assert_eq!(chain.roles, [base, deploy]);
    assert!(chain.notes.is_empty());
}

#[test]
fn every_kind_of_source_is_recognised() {
    let calls =
        |name| -> Vec<Call> { steps(&chain_of(SAMPLE, "", name)).iter().map(|step| step.call).collect() };
    for (name, expected) in [
        ("keys", vec![Call::StaticKeys]),
        ("session", vec![Call::StaticKeys]),
        ("sso", vec![Call::GetRoleCredentials]),
        ("legacy", vec![Call::GetRoleCredentials]),
        ("process", vec![Call::CredentialProcess]),
        ("web", vec![Call::AssumeRoleWithWebIdentity]),
        ("webprocess", vec![Call::AssumeRoleWithWebIdentity]),
        ("login", vec![Call::Login]),
        ("container", vec![Call::ContainerCredentials, Call::AssumeRole]),
        ("instance", vec![Call::InstanceMetadata, Call::AssumeRole]),
        ("environment", vec![Call::Environment, Call::AssumeRole]),
        ("alias", vec![Call::StaticKeys]),
    ] {
        assert_eq!(calls(name), expected, "{name}");
    }
}

#[test]
fn an_sso_profile_takes_portal_and_scopes_from_its_session() {
    let sso = |name| match chain_of(SAMPLE, "", name).source {
        Source::Sso(sso) => sso,
        other => panic!("{other:?}"),
    };
    let legacy = Portal {
        session: None,
        start_url: "https://corp.awsapps.com/start".into(),
        region: "us-east-1".into(),
        scopes: vec![],
        refreshes: false,
    };
    let of = |portal: &Portal| Sso {
        portal: portal.clone(),
        account: "222233334444".into(),
        role: "Developer".into(),
    };
    assert_eq!(sso("legacy"), of(&legacy));
    let session = Portal { session: Some("corp".into()), refreshes: true, ..legacy };
    assert_eq!(sso("sso"), of(&session));
}

#[test]
fn a_web_identity_is_a_source_for_further_roles() {
    let config = "[profile a]\nrole_arn = arn:aws:iam::444455556666:role/R\nsource_profile = w\n\
                  [profile w]\nrole_arn = arn:aws:iam::444455556666:role/W\nweb_identity_token_file = /t\nrole_session_name = me";
    let chain = chain_of(config, "", "a");
    let Source::WebIdentity { token: WebIdentityToken::File(file), role } = &chain.source else {
        panic!("{:?}", chain.source)
    };
    assert_eq!((file.to_str(), role.name(), role.session_name.as_deref()), (Some("/t"), "W", Some("me")));
    assert_eq!(role_names(&chain), ["R"]);
}

#[test]
fn a_profile_with_only_a_source_profile_is_another_name_for_it() {
    let config = "[profile t]\nsource_profile = a\nregion = eu-west-1\n\
                  [profile a]\nrole_arn = arn:aws:iam::444455556666:role/R\nsource_profile = m\n\
                  [profile m]\nsource_profile = b\n\
                  [profile b]\naws_access_key_id = B\naws_secret_access_key = s";
    let chain = chain_of(config, "", "t");
    assert_eq!((chain.name.as_str(), chain.region.as_deref()), ("t", Some("eu-west-1")));
    assert_eq!((keys_of(&chain).as_str(), role_names(&chain)), ("B/s/", vec!["R"]));
}

#[test]
fn nothing_is_inherited_but_an_mfa_process_and_what_is_included() {
    let serial = "mfa_serial = arn:aws:iam::111122223333:mfa/me";
    let config = format!(
        "[default]\nregion = us-east-1\nexternal_id = no\n\
         [profile common]\n{serial}\nregion = eu-west-1\nrole_session_name = me\n\
         [profile a]\nrole_arn = arn:aws:iam::444455556666:role/R\nsource_profile = b\ninclude_profile = common\n\
         [profile b]\naws_access_key_id = B\naws_secret_access_key = s\nmfa_process = code\nexternal_id = no\nduration_seconds = 900"
    );
    let chain = chain_of(&config, "", "a");
    assert_eq!(chain.region.as_deref(), Some("eu-west-1"));
    let session = chain.session_token.unwrap();
    assert_eq!(session.mfa_process.unwrap().expose(), "code");
    assert_eq!(
        chain.roles,
        [Role {
            profile: Some("a".into()),
            arn: "arn:aws:iam::444455556666:role/R".into(),
            session_name: Some("me".into()),
            decided_by: Some("c:9".into()),
            ..Role::default()
        }]
    );
}

#[test]
fn the_environment_is_the_users_own() {
    let config = parse(
        "[profile a]\nrole_arn = arn:aws:iam::444455556666:role/R\ncredential_source = Environment",
        "",
    );
    let resolve = |pairs: &[_]| {
        resolve(&config, &KeyIndex::default(), "a", &environment(pairs), &Asked::default())
            .map_err(|error| error.to_string())
    };
    let id = ("AWS_ACCESS_KEY_ID", "ID");
    let secret = ("AWS_SECRET_ACCESS_KEY", "hunter2");
    let chain = resolve(&[
        id,
        secret,
        ("AWS_SESSION_TOKEN", "t"),
        ("AWS_CREDENTIAL_EXPIRATION", "2026-11-22T12:00:00Z"),
        ("AWS_ACCOUNT_ID", "111122223333"),
    ])
    .unwrap();
    assert_eq!(keys_of(&chain), "ID/hunter2/t");
    let Source::Environment(credentials) = chain.source else { panic!() };
    assert_eq!(credentials.expiry.map(|expiry| expiry.0.to_string()), Some("2026-11-22T12:00:00Z".into()));
    assert_eq!(credentials.account.as_deref(), Some("111122223333"));
    assert_eq!(keys_of(&resolve(&[id, secret, ("AWS_SECURITY_TOKEN", "t")]).unwrap()), "ID/hunter2/t");
    for (pairs, expected) in [
        (vec![], "AWS_ACCESS_KEY_ID is not set in the environment"),
        (vec![secret], "AWS_ACCESS_KEY_ID is not set in the environment"),
        (vec![id, ("AWS_SECRET_ACCESS_KEY", "")], "AWS_SECRET_ACCESS_KEY is not set in the environment"),
        (vec![id, secret, ("AWS_CREDENTIAL_EXPIRATION", "soon")], "AWS_CREDENTIAL_EXPIRATION is not a time"),
        (vec![id, secret, ("AWS_ACCOUNT_ID", "me")], "AWS_ACCOUNT_ID: an account is twelve digits"),
    ] {
        assert_eq!(resolve(&pairs).unwrap_err(), format!("c:3: credential_source: {expected}"));
    }
}

#[test]
fn a_containers_relative_address_comes_before_the_full_one() {
    let config = parse("[profile a]\ncredential_source = EcsContainer", "");
    let relative = environment(&[
        ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/credentials/mine"),
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1/another"),
    ]);
    let chain = resolve(&config, &KeyIndex::default(), "a", &relative, &Asked::default()).unwrap();
    let Source::Container(container) = chain.source else { panic!("{:?}", chain.source) };
    assert_eq!(container.url, "http://169.254.170.2/v2/credentials/mine");
}

#[test]
fn no_secret_shows_in_a_chain() {
    let names: Vec<_> =
        SAMPLE.lines().filter_map(|line| line.strip_prefix("[profile ")?.strip_suffix(']')).collect();
    for name in names {
        let chain = chain_of(SAMPLE, "", name);
        let shown = format!("{chain:?} {:?}", steps(&chain));
        assert!(!shown.contains("hunter2"), "{name}");
    }
}

/// Truncates and mangles the sample, and resolves whatever is still there: never a panic, never a secret shown.
#[test]
fn no_text_makes_it_panic_or_tell_a_secret() {
    let all = |config: &str, credentials: &str| match read(config, credentials) {
        Err(error) => assert!(!format!("{error:?}").contains("hunter2"), "{config}"),
        Ok(parsed) => {
            for name in parsed.profiles() {
                let resolved =
                    resolve(&parsed, &KeyIndex::default(), name, &full_environment(), &Asked::default());
                let exports = parsed.profile(name).and_then(|profile| Ok(profile.exports()?));
                let shown = format!("{resolved:?} {:?}", exports.err());
                assert!(!shown.contains("hunter2"), "{name} {config}");
            }
        }
    };
    for end in (0..SAMPLE.len()).step_by(3) {
        all(&SAMPLE[..end], "");
    }
    let mut random = crate::profile::repeatable();
    for _ in 0..150 {
        let mut lines: Vec<&str> = SAMPLE.lines().collect();
        for _ in 0..3 {
            let (from, to) = (random(lines.len()), random(lines.len()));
            lines.swap(from, to);
        }
        let mut text: Vec<char> = lines.join("\n").chars().collect();
        for _ in 0..4 {
            let place = random(text.len());
            text[place] = ['[', ']', '=', '#', ' ', '\t', '\n', '\r', '\0', 'é', '\u{a0}'][random(11)];
        }
        let text: String = text.into_iter().collect();
        all(&text, "");
        all("", &text.replace("[profile ", "["));
    }
}
