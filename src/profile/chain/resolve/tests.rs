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

fn refusal_of(config: &str, credentials: &str, name: &str) -> String {
    let parsed = parse(config, credentials);
    let error = resolve(&parsed, &KeyIndex::default(), name, &Env::default(), &Asked::default()).unwrap_err();
    render(&error).0
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
fn keys_of_the_selected_profile_only_sign_for_its_role_if_it_names_itself() {
    let keys = "aws_access_key_id = OWN\naws_secret_access_key = s";
    let role = "role_arn = arn:aws:iam::444455556666:role/R";
    let base = "[profile b]\naws_access_key_id = BASE\naws_secret_access_key = s";
    let chain = chain_of(&format!("[profile a]\n{role}\nsource_profile = b\n{keys}\n{base}"), "", "a");
    assert_eq!((keys_of(&chain).as_str(), role_names(&chain)), ("BASE/s/", vec!["R"]));
    let chain = chain_of(&format!("[profile a]\n{role}\nsource_profile = a\n{keys}"), "", "a");
    assert_eq!((keys_of(&chain).as_str(), role_names(&chain)), ("OWN/s/", vec!["R"]));
}

#[test]
fn keys_of_a_later_profile_end_the_chain() {
    let keys = "aws_access_key_id = MID\naws_secret_access_key = s";
    let role = "role_arn = arn:aws:iam::444455556666:role/R";
    for mix in [
        "source_profile = c",
        "source_profile = b",
        "credential_source = EcsContainer",
        "web_identity_token_file = /t",
        "credential_process = x",
        "sso_session = none",
    ] {
        let config = format!("[profile a]\n{role}\nsource_profile = b\n[profile b]\n{role}\n{mix}\n{keys}");
        let chain = chain_of(&config, "", "a");
        assert_eq!((keys_of(&chain).as_str(), role_names(&chain)), ("MID/s/", vec!["R"]), "{mix}");
    }
}

#[test]
fn keys_in_the_keychain_come_before_whatever_else_a_profile_says() {
    let role = "role_arn = arn:aws:iam::444455556666:role/R";
    let own = "aws_access_key_id = OWN\naws_secret_access_key = s";
    for (config, roles, shadowed) in [
        ("[profile base]".to_owned(), vec![], None),
        (format!("[profile base]\n{own}"), vec![], Some("aws_access_key_id (c:2)")),
        ("[profile base]\nsso_session = corp".to_owned(), vec![], Some("sso_session (c:2)")),
        (format!("[profile base]\n{role}\nsource_profile = x"), vec!["R"], Some("source_profile (c:3)")),
        (format!("[profile base]\n{role}"), vec!["R"], None),
    ] {
        let chain = resolve_with_keys(&config, "base", None, &Asked::default());
        let Source::Keychain { name, access_key_id, account } = &chain.source else { panic!("{config}") };
        assert_eq!((name.as_str(), access_key_id.as_str()), ("base", "AKIA1"));
        assert_eq!((account.as_deref(), role_names(&chain)), (Some("111122223333"), roles));
        let note =
            shadowed.map(|key| format!("profile base: its keys in the keychain count, {key} does not"));
        assert_eq!(chain.notes, Vec::from_iter(note), "{config}");
    }
    let config = format!(
        "[profile top]\n{role}\nsource_profile = base\n[profile base]\n{role}\n{own}\nsource_profile = top"
    );
    let chain = resolve_with_keys(&config, "top", None, &Asked::default());
    assert!(
        matches!(chain.source, Source::Keychain { .. }) && role_names(&chain) == ["R"],
        "they end the way"
    );
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
fn keys_come_whole_and_from_the_file_that_wins() {
    let keys = |id: &str| format!("aws_access_key_id = {id}\naws_secret_access_key = s{id}");
    let both = chain_of(&format!("[profile a]\n{}", keys("C")), &format!("[a]\n{}", keys("K")), "a");
    assert_eq!((keys_of(&both), both.notes), ("K/sK/".into(), vec![]));

    let old = chain_of("", &format!("[a]\n{}\naws_security_token = t", keys("K")), "a");
    assert_eq!(keys_of(&old), "K/sK/t");
    let empty = chain_of("", &format!("[a]\n{}\naws_session_token =", keys("K")), "a");
    assert_eq!(keys_of(&empty), "K/sK/");

    let joined = chain_of("[profile a]\naws_secret_access_key = s", "[a]\naws_access_key_id = K", "a");
    assert_eq!(keys_of(&joined), "K/s/");
    assert_eq!(
        joined.notes,
        [
            "profile a: aws_secret_access_key (c:2) and aws_access_key_id (k:2) are taken together; the AWS CLI would not"
        ]
    );
}

#[test]
fn keys_in_the_credentials_file_beat_a_process_and_say_so() {
    let chain = chain_of(
        "[profile a]\ncredential_process = x",
        "[a]\naws_access_key_id = K\naws_secret_access_key = s",
        "a",
    );
    assert_eq!(keys_of(&chain), "K/s/");
    assert_eq!(chain.notes, ["profile a: aws_access_key_id counts, credential_process (c:2) does not"]);
}

#[test]
fn a_source_that_does_not_count_is_noted() {
    let sso =
        "sso_start_url = https://x\nsso_region = us-east-1\nsso_account_id = 222233334444\nsso_role_name = R";
    for (text, call, note) in [
        (
            format!("credential_process = x\n{sso}"),
            Call::GetRoleCredentials,
            "profile a: sso_start_url counts, credential_process (c:2) does not",
        ),
        (
            "source_profile = b\ncredential_process = x".into(),
            Call::CredentialProcess,
            "profile a: credential_process counts, source_profile (c:2) does not",
        ),
        (
            "credential_process = x\nlogin_session = y".into(),
            Call::Login,
            "profile a: login_session counts, credential_process (c:2) does not",
        ),
    ] {
        let chain = chain_of(&format!("[profile a]\n{text}"), "", "a");
        assert_eq!((steps(&chain)[0].call, chain.notes), (call, vec![note.to_owned()]));
    }
}

const ROLE: &str = "role_arn = arn:aws:iam::444455556666:role/R";

#[test]
fn what_clients_read_differently_is_refused_with_both_lines() {
    let sso = "sso_session = corp";
    let hint = "awsenv: hint: keep one of the two, or give each a profile of its own\n";
    let why = "AWS clients disagree on which one counts";
    for other in ["credential_process = x", "login_session = x", sso, "web_identity_token_file = x"] {
        let key = other.split(' ').next().unwrap();
        let config = format!("[profile a]\n{other}\naws_access_key_id = K\naws_secret_access_key = s");
        let expected =
            format!("awsenv: c:3: profile a has aws_access_key_id and, at c:2, {key}: {why}\n{hint}");
        assert_eq!(refusal_of(&config, "", "a"), expected);
    }
    for other in ["login_session = x", sso] {
        let key = other.split(' ').next().unwrap();
        let credentials = "[a]\naws_access_key_id = K\naws_secret_access_key = s";
        let expected =
            format!("awsenv: k:2: profile a has aws_access_key_id and, at c:2, {key}: {why}\n{hint}");
        assert_eq!(refusal_of(&format!("[profile a]\n{other}"), credentials, "a"), expected);
    }
    for other in ["credential_process = x", "aws_access_key_id = x", "source_profile = x"] {
        let key = other.split(' ').next().unwrap();
        let config = format!("[profile a]\n{other}\ncredential_source = EcsContainer");
        let expected =
            format!("awsenv: c:3: profile a has credential_source and, at c:2, {key}: {why}\n{hint}");
        assert_eq!(refusal_of(&config, "", "a"), expected);
    }
    assert_eq!(
        refusal_of(
            "[profile a]\naws_access_key_id = K\naws_secret_access_key = s\naws_session_token = 1\naws_security_token = 2",
            "",
            "a"
        ),
        format!("awsenv: c:4: profile a has aws_session_token and, at c:5, aws_security_token: {why}\n")
    );
}

#[test]
fn awsenv_as_the_process_of_its_own_profile_is_for_other_clients() {
    let sso =
        SAMPLE.replace("[profile sso]", "[profile sso]\ncredential_process = /bin/awsenv credentials sso");
    for (config, notes) in [
        (sso.clone(), vec![]),
        (
            sso.replace("credentials sso", "credentials other"),
            vec!["profile sso: sso_session counts, credential_process (c:10) does not".to_owned()],
        ),
    ] {
        let chain = resolve_asking(&config, "sso", &Asked::default()).unwrap();
        assert!(matches!(chain.source, Source::Sso(_)));
        assert_eq!(chain.notes, notes);
    }
    let own = "[profile base]\ncredential_process = awsenv credentials base --format process";
    assert_eq!(resolve_with_keys(own, "base", None, &Asked::default()).notes, [""; 0]);
}

#[test]
fn awsenv_is_no_source_of_its_own_profile() {
    for (arguments, is_refused) in [
        ("credentials a", true),
        ("credentials a --format process", true),
        ("credentials --format process a", true),
        ("credentials --format process --profile a", true),
        ("credentials --profile=a --format process", true),
        ("credentials b --format process", false),
        ("credentials --stage a --format process", false),
        ("lend 0123456789abcdef0123456789abcdef01234567", false),
    ] {
        for program in ["awsenv", "/usr/bin/awsenv", "'/opt/my tools/awsenv'"] {
            let config = format!("[profile a]\ncredential_process = {program} {arguments}");
            let resolved = resolve_asking(&config, "a", &Asked::default());
            assert_eq!(resolved.is_err(), is_refused, "{config}");
            let refusal = resolved.err().map(|error| render(&error).0).unwrap_or_default();
            let what =
                "awsenv: c:2: credential_process: it is awsenv, for profile a, which has nothing else\n";
            assert!(!is_refused || refusal.starts_with(what), "{refusal}");
        }
    }
}

#[test]
fn a_chain_that_cannot_be_is_refused_with_its_line() {
    let serial = "expected Environment, Ec2InstanceMetadata or EcsContainer";
    let needs = "it needs keys, a sign-in (sso_session, login_session), credential_process or source_profile";
    for (text, expected) in [
        (String::new(), format!("profile a has no credentials\nawsenv: hint: {needs}\n")),
        ("region = us-east-1".into(), format!("profile a has no credentials\nawsenv: hint: {needs}\n")),
        (
            ROLE.into(),
            "c:2: profile a has role_arn, but neither source_profile nor credential_source\n\
             awsenv: hint: what signs the call stands in a profile of its own: source_profile = NAME\n"
                .into(),
        ),
        (
            format!("{ROLE}\nsource_profile = b\ncredential_source = Environment"),
            "c:3: profile a has source_profile and, at c:4, credential_source: only one of them may go with role_arn\n".into(),
        ),
        (
            format!("{ROLE}\ncredential_source = environment"),
            format!("c:3: credential_source: {serial}\nawsenv: hint: did you mean Environment?\n"),
        ),
        (format!("{ROLE}\ncredential_source = banana"), format!("c:3: credential_source: {serial}\n")),
        (
            format!("{ROLE}\ncredential_source = EcsContainer"),
            "c:3: credential_source: neither AWS_CONTAINER_CREDENTIALS_RELATIVE_URI nor \
             AWS_CONTAINER_CREDENTIALS_FULL_URI is set in the environment\n\
             awsenv: hint: they are there in a container of ECS, or of EKS with Pod Identity\n"
                .into(),
        ),
        ("credential_process =".into(), "c:2: credential_process: the value is empty\n".into()),
        (
            "credential_process = \"/bin/x".into(),
            "c:2: credential_process: a quote is open at its end, or a backslash stands there\n".into(),
        ),
        ("credential_process = ''".into(), "c:2: credential_process: a command is expected\n".into()),
        ("role_arn = short\nsource_profile = b".into(), "c:2: role_arn: a role's ARN has 20 to 2048 characters\n".into()),
        ("role_arn =\nsource_profile = b".into(), "c:2: role_arn: the value is empty\n".into()),
        (
            format!("{ROLE}\nsource_profile = a"),
            "c:3: source_profile leads in a circle: a → a\nawsenv: hint: only a profile with keys may name itself\n".into(),
        ),
        ("source_profile = a".into(), "c:2: source_profile leads in a circle: a → a\n".into()),
        (
            format!("{ROLE}\nsource_profile = b\n[profile b]\n{ROLE}\nsource_profile = a"),
            "c:6: source_profile leads in a circle: a → b → a\n".into(),
        ),
        (
            format!("{ROLE}\nsource_profile = bb\n[profile b]"),
            "c:3: source_profile of a: there is no profile bb in c or k\nawsenv: hint: did you mean b?\n".into(),
        ),
        (
            format!("{ROLE}\nsource_profile = b\n[profile b]\nregion = x"),
            "c:3: profile b, the source_profile of a, has no credentials\n".into(),
        ),
        (
            format!("{ROLE}\nsource_profile = b\n[profile b]\naws_access_key_id = K"),
            "c:5: profile b has aws_access_key_id, but no aws_secret_access_key\n".into(),
        ),
        ("aws_access_key_id = K".into(), "c:2: profile a has aws_access_key_id, but no aws_secret_access_key\n".into()),
        (
            "aws_secret_access_key = s\naws_session_token = t".into(),
            "c:2: profile a has aws_secret_access_key, but no aws_access_key_id\n".into(),
        ),
        ("aws_session_token = t".into(), "c:2: profile a has aws_session_token, but no aws_access_key_id\n".into()),
        (
            "aws_access_key_id = K\naws_secret_access_key =".into(),
            "c:3: aws_secret_access_key: the value is empty\n".into(),
        ),
        (
            "aws_access_key_id = K\naws_secret_access_key = s\naws_account_id = 1".into(),
            "c:4: aws_account_id: an account is twelve digits\n".into(),
        ),
        (
            "web_identity_token_file = /t".into(),
            "c:2: web_identity_token_file: profile a has no role_arn to go with it\n".into(),
        ),
        (
            format!("{ROLE}\nweb_identity_token_file = /t\nweb_identity_token_process = x"),
            "c:3: profile a has web_identity_token_file and, at c:4, web_identity_token_process: the token comes from one of them only\n".into(),
        ),
        (
            "credential_process = x\n y".into(),
            "c:2: credential_process: the value goes on over several lines, which AWS clients read differently\n".into(),
        ),
        ("region = a.b\ncredential_process = x".into(), "c:2: region: a region is letters, digits and hyphens, like eu-west-1\n".into()),
    ] {
        assert_eq!(refusal_of(&format!("[profile a]\n{text}"), "", "a"), format!("awsenv: {expected}"), "{text:?}");
    }
}

#[test]
fn what_a_role_says_keeps_to_the_limits_of_aws() {
    for (line, expected) in [
        ("external_id = a b", "external_id: 2 to 1224 letters, digits or any of _+=,.@:/-"),
        ("role_session_name = a b", "role_session_name: 2 to 64 letters, digits or any of _+=,.@-"),
        ("mfa_serial = short", "mfa_serial: 9 to 256 letters, digits or any of _+=/:,.@-"),
        ("duration_seconds = banana", "duration_seconds: expected whole seconds, like 3600"),
        ("duration_seconds = 60", "duration_seconds: AWS allows 15m to 12h00m"),
        ("session_tags = x", "session_tags: expected key=value, other=value"),
        ("transitive_session_tags = x", "transitive_session_tags: every key must be one of session_tags"),
    ] {
        let config = format!("[profile a]\n{ROLE}\nsource_profile = b\n{line}\n[profile b]");
        assert_eq!(refusal_of(&config, "", "a"), format!("awsenv: c:4: {expected}\n"), "{line}");
    }
    let config = format!("[profile a]\n{ROLE}\nsource_profile = b\nsource_identity = a b\n[profile b]");
    assert!(refusal_of(&config, "", "a").starts_with("awsenv: c:4: source_identity: "));
}

#[test]
fn a_half_written_sso_profile_is_refused() {
    let roles = "awsenv: hint: `awsenv sso roles` lists what one may use\n";
    let session = "[sso-session corp]\nsso_start_url = https://x\nsso_region = us-east-1\n[profile a]\n";
    let full = "sso_session = corp\nsso_account_id = 222233334444\nsso_role_name = R\n";
    for (text, expected) in [
        (format!("{session}sso_session = corp"), format!("c:5: sso_session: profile a has no sso_account_id to go with it\n{roles}")),
        (
            format!("{session}sso_session = corp\nsso_account_id = 222233334444"),
            format!("c:5: sso_session: profile a has no sso_role_name to go with it\n{roles}"),
        ),
        (
            format!("{session}sso_session = crop\n"),
            "c:5: sso_session: there is no [sso-session crop]\nawsenv: hint: did you mean corp?\n".into(),
        ),
        (
            format!("[profile a]\n{full}"),
            "c:2: sso_session: there is no [sso-session corp]\nawsenv: hint: `aws configure sso-session` makes one\n".into(),
        ),
        (
            format!("[profile a]\n{full}[sso-session corp]\nsso_region = us-east-1"),
            "c:5: [sso-session corp] has no sso_start_url\n".into(),
        ),
        (
            format!("[profile a]\n{full}[sso-session corp]\nsso_start_url = https://x"),
            "c:5: [sso-session corp] has no sso_region\n".into(),
        ),
        (
            format!("{session}{full}sso_region = eu-west-1"),
            "c:8: sso_region: [sso-session corp] has another one at c:3\n".into(),
        ),
        (
            "[profile a]\nsso_start_url = https://x\nsso_account_id = 222233334444\nsso_role_name = R".into(),
            "c:2: sso_start_url: profile a has no sso_region to go with it\n".into(),
        ),
        (
            format!("{session}sso_session = corp\nsso_account_id = 2222\nsso_role_name = R"),
            "c:6: sso_account_id: an account is twelve digits\n".into(),
        ),
    ] {
        assert_eq!(refusal_of(&text, "", "a"), format!("awsenv: {expected}"), "{text:?}");
    }
    // The same value twice is no contradiction.
    chain_of(&format!("{session}{full}sso_region = us-east-1"), "", "a");
}

#[test]
fn a_missing_profile_never_falls_through_to_default() {
    let config = "[default]\naws_access_key_id = K\naws_secret_access_key = s";
    assert_eq!(refusal_of(config, "", "prod"), "awsenv: there is no profile prod in c or k\n");
    assert_eq!(refusal_of("", "", "default"), "awsenv: there is no profile default in c or k\n");
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
