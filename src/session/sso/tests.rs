use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::time::Duration;

use super::*;
use crate::clock;

fn portal(session: Option<&str>) -> Portal {
    Portal {
        session: session.map(str::to_owned),
        start_url: "https://d-1234567890.awsapps.com/start".into(),
        region: "us-east-1".into(),
        scopes: Vec::new(),
        refreshes: true,
    }
}

/// As AWS CLI 2.36.7 writes it.
const TOKEN: &str = r#"{"startUrl": "https://d-1234567890.awsapps.com/start", "region": "us-east-1", "accessToken": "at", "expiresAt": "2026-11-22T07:35:37Z", "clientId": "cid", "clientSecret": "csec", "registrationExpiresAt": "2027-02-19T23:35:30Z", "refreshToken": "rt-1"}"#;
const REGISTRATION: &str = r#"{"clientId": "cid", "clientSecret": "csec", "expiresAt": "2027-02-19T23:35:30Z", "scopes": ["sso:account:access"], "grantTypes": ["authorization_code", "refresh_token"]}"#;

#[test]
fn files_are_called_as_the_aws_cli_calls_them() {
    let (named, legacy) = (portal(Some("my-sso")), portal(None));
    assert_eq!(id(&named), "0ad374308c5a4e22f723adf10145eafad7c4031c");
    assert_eq!(id(&legacy), "7487b5b67d5fa1132cf33fa93ae51ef38cc37752");
    let scoped = Portal { scopes: vec!["sso:account:access".into()], ..named.clone() };
    assert_eq!(Registration::id(&scoped), "a8343d65418848d0bc13a5f25cbb32508ceec5d1");
    assert_eq!(Registration::id(&legacy), "365414a68be7c9bfc776c660981dbdbd942acea4");
    let role = |portal| {
        let sso = Sso { portal, account: "123456789012".into(), role: "Admin".into() };
        role_file(&sso, Path::new("/h")).display().to_string()
    };
    assert_eq!(role(named), "/h/.aws/cli/cache/c30b99aca80d8f5b3178e353f05b2abcc9a4ccd3.json");
    assert_eq!(role(legacy), "/h/.aws/cli/cache/84fb414419be704038110523505e04e6df696e23.json");
}

#[test]
fn a_token_and_a_registration_are_written_as_they_were_read() {
    assert_eq!(&*Token::parse(TOKEN.as_bytes()).unwrap().document(), TOKEN.as_bytes());
    assert_eq!(&*Registration::parse(REGISTRATION.as_bytes()).unwrap().document(), REGISTRATION.as_bytes());
    let more =
        TOKEN.replace("\"rt-1\"}", "\"rt-1\", \"receivedAt\": \"whatever\", \"z\": {\"a\": [1, null]}}");
    let token = Token::parse(more.as_bytes()).unwrap();
    assert_eq!(&*token.document(), more.as_bytes());
    assert!(!format!("{token:?}").contains("whatever"), "what a stranger wrote may be a secret");
    for end in ["2026-11-22T07:35:37.070049Z", "2026-11-22T07:35:37UTC", "2026-11-22T07:35:37+00:00"] {
        let other = TOKEN.replace("2026-11-22T07:35:37Z", end);
        assert_eq!(&*Token::parse(other.as_bytes()).unwrap().document(), TOKEN.as_bytes(), "{end}");
    }
    let bare = r#"{"accessToken": "at", "expiresAt": "2026-11-22T07:35:37Z"}"#;
    let token = Token::parse(bare.as_bytes()).unwrap();
    assert!(token.means(clock::parse("2026-11-22T07:00:00Z").unwrap()).is_none());
    assert_eq!(&*token.document(), bare.as_bytes());
    for half in
        ["", "{", &TOKEN[..40], "{}", r#"{"accessToken": "at"}"#, r#"{"accessToken": "", "expiresAt": "x"}"#]
    {
        assert!(Token::parse(half.as_bytes()).is_none(), "{half}");
    }
}

#[test]
fn a_token_is_due_a_quarter_of_an_hour_before_its_end() {
    let token = Token::parse(TOKEN.as_bytes()).unwrap();
    let at = |text: &str| clock::parse(text).unwrap();
    assert!(!token.is_due(at("2026-11-22T07:20:36Z")) && token.is_due(at("2026-11-22T07:20:37Z")));
    assert!(token.is_good(at("2026-11-22T07:35:36Z")) && !token.is_good(at("2026-11-22T07:35:37Z")));
    assert!(token.means(at("2027-02-19T23:35:29Z")).is_some());
    assert!(token.means(at("2027-02-19T23:35:30Z")).is_none(), "the registration has ended");
}

#[test]
fn a_registration_serves_the_way_it_was_made_for() {
    let registration = Registration::parse(REGISTRATION.as_bytes()).unwrap();
    let (now, portal) = (clock::parse("2027-02-19T23:20:29Z").unwrap(), portal(Some("my-sso")));
    assert!(registration.serves(&portal, Flow::Browser, now));
    assert!(!registration.serves(&portal, Flow::Device, now));
    assert!(!registration.serves(&portal, Flow::Browser, now.checked_add(Duration::from_secs(1)).unwrap()));
    let other = Portal { scopes: vec!["codewhisperer:completions".into()], ..portal };
    assert!(!registration.serves(&other, Flow::Browser, now));
}

#[test]
fn a_kept_token_is_private_in_either_place() {
    for cache in [SsoCache::Cli, SsoCache::Sealed] {
        let dir = tempfile::tempdir_in("/dev/shm").unwrap();
        let places = Places::below(dir.path());
        let (tokens, portal) = (Tokens::new(&places, cache), portal(Some("my-sso")));
        assert!(matches!(tokens.load(&portal), Found::Absent));
        tokens.save(&portal, &Token::parse(TOKEN.as_bytes()).unwrap()).unwrap();
        let path = tokens.path_of(&portal);
        assert_eq!(std::fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        let on_disk = std::fs::read(&path).unwrap();
        assert_eq!(on_disk == TOKEN.as_bytes(), cache == SsoCache::Cli);
        assert_eq!(tokens.load(&portal).kept().unwrap().refresh_token, Some(Secret::new("rt-1")));
        assert_eq!(tokens.all().len(), 1);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        tokens.load(&portal);
        let tightened = std::fs::metadata(&path).unwrap().mode() & 0o777;
        assert!(cache == SsoCache::Sealed || tightened == 0o600, "{tightened:o}");
        tokens.refuse(&Secret::new("at"));
        assert!(matches!(tokens.load(&portal), Found::Absent), "AWS does not take it");
        tokens.remove(&id(&portal)).unwrap();
        assert!(!path.exists());
    }
}

#[test]
fn a_token_of_another_portal_is_not_this_ones() {
    let dir = tempfile::tempdir_in("/dev/shm").unwrap();
    let places = Places::below(dir.path());
    let tokens = Tokens::new(&places, SsoCache::Cli);
    let here = portal(Some("my-sso"));
    tokens.save(&here, &Token::parse(TOKEN.as_bytes()).unwrap()).unwrap();
    let is_of = |portal: Portal| tokens.load(&portal).kept().is_some();
    let called = |start_url: &str| Portal { start_url: start_url.into(), ..here.clone() };
    assert!(is_of(here.clone()));
    assert!(!is_of(Portal { region: "eu-west-1".into(), ..here.clone() }));
    assert!(!is_of(called("https://d-0000000000.awsapps.com/start")), "the session was another's");
    assert!(is_of(called("https://D-1234567890.awsapps.com/start#/")), "the same page");
    std::fs::write(tokens.path_of(&here), &TOKEN[..30]).unwrap();
    assert!(matches!(tokens.load(&here), Found::Unreadable));
}
