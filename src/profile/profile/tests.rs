use super::super::config::tests::parse;
use super::*;
use crate::message::render;

fn refusal(error: impl Into<anyhow::Error>) -> String {
    render(&error.into()).0
}

#[test]
fn unset_keys_come_from_the_included_profiles_but_never_from_default() {
    let config = parse(
        "[default]\noutput = text\nregion = no\n[profile a]\ninclude_profile = b\nx = 1\n\
         [profile b]\ninclude_profile = c\nx = 2\ny = 2\naws_access_key_id = AKIB\n[profile c]\ny = 3\nregion = eu-west-1",
        "",
    );
    let a = config.profile("a").unwrap();
    let values = ["x", "y", "region", "output", "aws_access_key_id", "include_profile"].map(|key| a.get(key));
    assert_eq!(values, [Some("1"), Some("2"), Some("eu-west-1"), None, None, Some("b")]);
    assert_eq!(a.place("region").unwrap().to_string(), "c:14");
}

#[test]
fn included_profiles_exist_and_end_somewhere() {
    let config = parse("[profile a]\ninclude_profile = b\n[profile b]\ninclude_profile = a", "");
    assert_eq!(
        refusal(config.profile("a").unwrap_err()),
        "awsenv: c:4: include_profile leads in a circle: a → b → a\n"
    );
    let config = parse("[profile a]\ninclude_profile = a", "");
    assert_eq!(
        refusal(config.profile("a").unwrap_err()),
        "awsenv: c:2: include_profile leads in a circle: a → a\n"
    );
    let config = parse("[profile a]\ninclude_profile = comon\n[profile common]", "");
    assert_eq!(
        refusal(config.profile("a").unwrap_err()),
        "awsenv: c:2: include_profile of a: there is no profile comon in c or k\nawsenv: hint: did you mean common?\n"
    );
}

#[test]
fn a_profile_that_is_not_there_is_named_with_the_nearest_one() {
    let config = parse("[profile payments-dev]\n[profile other]", "");
    assert_eq!(
        refusal(config.profile("payment-dev").unwrap_err()),
        "awsenv: there is no profile payment-dev in c or k\nawsenv: hint: did you mean payments-dev?\n"
    );
    assert_eq!(
        refusal(config.profile("Other-Thing").unwrap_err()),
        "awsenv: there is no profile Other-Thing in c or k\n"
    );
}

#[test]
fn half_written_values_are_refused_with_their_line() {
    for (line, expected) in [
        ("region =", "c:2: region: the value is empty"),
        ("region = a.b", "c:2: region: a region is letters, digits and hyphens, like eu-west-1"),
        (
            "region = a\n b",
            "c:2: region: the value goes on over several lines, which AWS clients read differently",
        ),
        ("region = a\u{1b}", "c:2: region: the value has a control character in it"),
    ] {
        let config = parse(&format!("[profile a]\n{line}"), "");
        let error = config.profile("a").unwrap().region().unwrap_err();
        assert_eq!(refusal(error), format!("awsenv: {expected}\n"), "{line:?}");
    }
}

#[test]
fn durations_are_whole_seconds_within_what_aws_allows() {
    for (value, expected) in [
        ("3600", Ok(Some(Duration::from_secs(3600)))),
        ("banana", Err("awsenv: c:2: duration_seconds: expected whole seconds, like 3600\n")),
        ("3600.5", Err("awsenv: c:2: duration_seconds: expected whole seconds, like 3600\n")),
        ("-1", Err("awsenv: c:2: duration_seconds: expected whole seconds, like 3600\n")),
        ("899", Err("awsenv: c:2: duration_seconds: AWS allows 15m to 12h00m\n")),
        ("43201", Err("awsenv: c:2: duration_seconds: AWS allows 15m to 12h00m\n")),
    ] {
        let config = parse(&format!("[profile a]\nduration_seconds = {value}"), "");
        let duration = config.profile("a").unwrap().duration_seconds();
        assert_eq!(duration.map_err(refusal), expected.map_err(str::to_owned), "{value}");
    }
}

#[test]
fn tags_are_pairs_and_the_transitive_ones_are_among_them() {
    let tags = |text: &str| {
        let config = parse(&format!("[profile a]\n{text}"), "");
        let profile = config.profile("a").unwrap();
        let tags = profile.session_tags().map_err(refusal)?;
        let transitive = profile.transitive_session_tags(&tags).map_err(refusal)?;
        Ok((tags.into_iter().collect::<Vec<_>>(), transitive))
    };
    let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    assert_eq!(tags(""), Ok((vec![], vec![])));
    assert_eq!(
        tags("session_tags = team=a b , cost = 1=2,none=\ntransitive_session_tags = TEAM, cost"),
        Ok((
            vec![pair("cost", "1=2"), pair("none", ""), pair("team", "a b")],
            vec!["TEAM".into(), "cost".into()]
        ))
    );
    for (text, expected) in [
        ("session_tags = team", "session_tags: expected key=value, other=value"),
        ("session_tags = team=a,Team=b", "session_tags: a key is given twice"),
        ("session_tags = aws:x=a", "session_tags: tags that begin with aws: are AWS's own"),
        ("transitive_session_tags = team", "transitive_session_tags: every key must be one of session_tags"),
    ] {
        assert_eq!(tags(text), Err(format!("awsenv: c:2: {expected}\n")), "{text}");
    }
}

#[test]
fn settings_with_a_variable_are_exported_and_others_left_alone() {
    let config = parse(
        "[profile a]\nendpoint_url = http://x\nservices = local\nuse_fips_endpoint = false\nca_bundle = /ca.pem\n\
         output = json\ns3 =\n  addressing_style = path\n\
         [services local]\nelastic-beanstalk =\n  endpoint_url = http://eb\ns3 =\n  endpoint_url = http://s3",
        "",
    );
    let exports = config.profile("a").unwrap().exports().unwrap();
    let exports: Vec<_> = exports.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(
        exports,
        [
            ("AWS_CA_BUNDLE", "/ca.pem"),
            ("AWS_ENDPOINT_URL", "http://x"),
            ("AWS_ENDPOINT_URL_ELASTIC_BEANSTALK", "http://eb"),
            ("AWS_ENDPOINT_URL_S3", "http://s3"),
            ("AWS_USE_FIPS_ENDPOINT", "false"),
        ]
    );
}

#[test]
fn every_setting_in_the_table_is_exported() {
    for (key, variable) in VARIABLES {
        let config = parse(&format!("[profile a]\n{key} = 1"), "");
        let exports = config.profile("a").unwrap().exports().unwrap();
        assert_eq!(exports, [((*variable).to_owned(), "1".to_owned())]);
    }
}

#[test]
fn endpoints_that_the_profile_switches_off_stay_off() {
    let config = parse("[profile a]\nendpoint_url = http://x\nignore_configured_endpoint_urls = TRUE", "");
    let exports = config.profile("a").unwrap().exports().unwrap();
    assert_eq!(exports, [("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS".to_owned(), "TRUE".to_owned())]);
}

#[test]
fn a_service_setting_without_a_variable_is_an_error() {
    let hint = "awsenv: hint: take it out of [services s]\n";
    for (text, expected) in [
        (
            "services = s\n[services s]\ns3 =\n  max_queue_size = 1",
            format!(
                "c:5: s3 max_queue_size: has no AWS_* variable, so it cannot reach a program's environment\n{hint}"
            ),
        ),
        (
            "services = s\n[services s]\na.b =\n  endpoint_url = 1",
            format!(
                "c:5: a.b endpoint_url: has no AWS_* variable, so it cannot reach a program's environment\n{hint}"
            ),
        ),
        (
            "services = s\n[services s]\ns3 =\n  endpoint_url =",
            "c:5: s3 endpoint_url: the value is empty\n".into(),
        ),
        ("services = s", "c:2: services: there is no [services s]\n".into()),
    ] {
        let config = parse(&format!("[profile a]\n{text}"), "");
        let error = config.profile("a").unwrap().exports().unwrap_err();
        assert_eq!(refusal(error), format!("awsenv: {expected}"), "{text:?}");
    }
}

#[test]
fn an_sso_session_holds_what_a_sign_in_needs() {
    let config = parse("[sso-session corp]\nsso_start_url = https://x\nsso_region = eu-west-1", "");
    let session = config.sso_session("corp").unwrap();
    assert_eq!(session.start_url().unwrap(), "https://x");
    assert_eq!(session.region().unwrap(), "eu-west-1");
    assert_eq!(session.scopes().unwrap(), [""; 0]);

    let config = parse("\n[sso-session corp]\nsso_region = a/b\nsso_registration_scopes = a, b", "");
    let session = config.sso_session("corp").unwrap();
    assert_eq!(
        refusal(session.start_url().unwrap_err()),
        "awsenv: c:2: [sso-session corp] has no sso_start_url\n"
    );
    assert_eq!(
        refusal(session.region().unwrap_err()),
        "awsenv: c:3: sso_region: a region is letters, digits and hyphens, like eu-west-1\n"
    );
    assert_eq!(session.scopes().unwrap(), ["a", "b"]);
}
