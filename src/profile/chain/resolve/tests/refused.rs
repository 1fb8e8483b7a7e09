//! Chains that cannot be or that clients read differently, each with its line.

use super::*;

fn refusal_of(config: &str, credentials: &str, name: &str) -> String {
    let parsed = parse(config, credentials);
    let error = resolve(&parsed, &KeyIndex::default(), name, &Env::default(), &Asked::default()).unwrap_err();
    render(&error).0
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
fn keys_that_sign_for_a_role_stand_alone_where_clients_differ() {
    let keys = "aws_access_key_id = K\naws_secret_access_key = s\n";
    let by = |source: &str| format!("[profile a]\n{ROLE}\nsource_profile = {source}\n");
    for (other, in_credentials) in [
        ("sso_session = corp", true),
        ("web_identity_token_file = /t", true),
        ("credential_process = x", false),
        ("login_session = x", false),
    ] {
        let key = other.split(' ').next().unwrap();
        let refused = |place: &str, profile: &str, line: usize, refusal: String| {
            let told = format!(
                "awsenv: {place}: profile {profile} has aws_access_key_id and, at c:{line}, {key}: \
                 AWS clients disagree on which one counts\n"
            );
            assert!(refusal.starts_with(&told), "{refusal}");
        };
        let later = by("b") + "[profile b]\n" + other + "\n";
        refused("c:6", "b", 5, refusal_of(&format!("{later}{keys}"), "", "a"));
        refused("c:5", "a", 4, refusal_of(&format!("{}{other}\n{keys}", by("a")), "", "a"));
        if in_credentials {
            refused("k:2", "b", 5, refusal_of(&later, &format!("[b]\n{keys}"), "a"));
        }
    }
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
fn a_login_session_that_nobody_can_sign_in_to_is_refused() {
    for text in ["me", "arn:aws:iam::1111:user/me", "arn:aws:signin:::devtools/same-device"] {
        assert_eq!(
            refusal_of(&format!("[profile a]\nlogin_session = {text}"), "", "a"),
            "awsenv: c:2: login_session: expected an ARN like arn:aws:iam::111122223333:user/me\n\
             awsenv: hint: `aws login --profile NAME` writes it\n"
        );
    }
}
