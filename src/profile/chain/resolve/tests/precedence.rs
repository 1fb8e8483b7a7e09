//! Which of several sources counts, where clients agree, and what is said of the others.

use super::*;

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
    for (mix, is_in_config) in [
        ("source_profile = c", true),
        ("source_profile = b", true),
        ("credential_source = EcsContainer", true),
        ("credential_process = x", false),
        ("login_session = x", false),
    ] {
        let config = format!("[profile a]\n{role}\nsource_profile = b\n[profile b]\n{role}\n{mix}\n");
        let chain = match is_in_config {
            true => chain_of(&(config + keys), "", "a"),
            false => chain_of(&config, &format!("[b]\n{keys}"), "a"),
        };
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
        ("[profile base]\ncredential_process = x".to_owned(), vec![], Some("credential_process (c:2)")),
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
fn keys_come_whole_and_from_the_file_that_wins() {
    let keys = |id: &str| format!("aws_access_key_id = {id}\naws_secret_access_key = s{id}");
    let both = chain_of(&format!("[profile a]\n{}", keys("C")), &format!("[a]\n{}", keys("K")), "a");
    assert_eq!((keys_of(&both), both.notes), ("K/sK/".into(), vec![]));

    let old = chain_of("", &format!("[a]\n{}\naws_security_token = t", keys("K")), "a");
    assert_eq!(keys_of(&old), "K/sK/t");
    let twice = format!("[a]\n{}\naws_session_token = t\naws_security_token = t", keys("K"));
    assert_eq!(keys_of(&chain_of("", &twice, "a")), "K/sK/t");
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
            "credential_process = x\nlogin_session = arn:aws:iam::222233334444:user/me".into(),
            Call::Login,
            "profile a: login_session counts, credential_process (c:2) does not",
        ),
    ] {
        let chain = chain_of(&format!("[profile a]\n{text}"), "", "a");
        assert_eq!((steps(&chain)[0].call, chain.notes), (call, vec![note.to_owned()]));
    }
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
