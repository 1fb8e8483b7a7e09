//! What `aws login` keeps of a console session, in the AWS CLI's own files or sealed: see [`super::sign_in`]. What other
//! tools add stays. Knows no network.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use aws_smithy_types::base64;
use serde::Serialize;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::sign_in::document::Document;
use super::sign_in::{Found, Kind, SignIns, secret};
use crate::clock::{self, Timestamp};
use crate::credentials::{Credentials, Expiry};
use crate::env::Env;
use crate::files::{self, Lock};
use crate::limits;
use crate::places::Places;
use crate::profile::chain::account_of;
use crate::secret::Secret;
use crate::settings::SsoCache;

/// AWS gives keys for a quarter of an hour.
const YOUNG: Duration = Duration::from_secs(14 * 60);
/// What claims to last longer was dated by another clock.
const LONGEST: Duration = Duration::from_secs(16 * 60);

/// The console sessions of this user.
#[derive(Clone, Copy, Debug)]
pub struct Logins<'a>(SignIns<'a>);

/// What a sign-in gives, and how the next of it is got.
#[derive(Clone, Debug)]
pub struct LoginToken {
    /// Of the person who signed in.
    pub credentials: Credentials,
    /// Whom it was issued to: a program of this device, or of another.
    pub client_id: String,
    /// What the next one is got with, once.
    pub refresh_token: Secret,
    /// The private key that every request is signed with, as PEM: the same for the life of the session.
    pub dpop_key: Secret,
    /// Where it was begun: the next is got there too.
    pub region: Option<String>,
    id_token: Option<Secret>,
    token_type: Option<String>,
    rest: Map<String, Value>,
    rest_of_access: Map<String, Value>,
}

impl<'a> Logins<'a> {
    /// The sessions of these places; touches nothing yet.
    pub fn new(places: &'a Places, cache: SsoCache, original: &'a Env) -> Self {
        Self(SignIns { places, cache, kind: Kind::Login(original) })
    }

    /// Looks one up, by the ARN of `login_session`. A file that holds another identity's is none of this one's.
    pub fn load(&self, session_arn: &str) -> Found<LoginToken> {
        match self.0.load(&id(session_arn), LoginToken::parse) {
            Found::Kept(token) if !token.is_of(session_arn) => {
                log::warn!("{}: not of {session_arn}", self.path_of(session_arn).display());
                Found::Absent
            }
            found => found,
        }
    }

    /// Whether nobody has to sign in: the keys are good, or the next ones can be had.
    pub fn is_signed_in(&self, session_arn: &str, now: Timestamp) -> bool {
        self.load(session_arn).kept().is_some_and(|token| token.is_good(now) || self.is_renewable(&token))
    }

    /// Whether the next one can be had without a person, as far as is known.
    pub fn is_renewable(&self, token: &LoginToken) -> bool {
        !self.0.is_refused(&token.refresh_token)
    }

    /// AWS has refused the refresh token: nobody asks with it again.
    pub fn refuse(&self, token: &LoginToken) {
        self.0.refuse(&token.refresh_token);
    }

    /// Whether one could be kept now: the refresh token that the next is got with is used up by that. The
    /// caller holds its lock.
    pub fn check_writable(&self, session_arn: &str) -> anyhow::Result<()> {
        self.0.check_writable(&id(session_arn))
    }

    /// Keeps one. The caller holds its lock.
    pub fn save(&self, session_arn: &str, token: &LoginToken) -> anyhow::Result<()> {
        self.0.save(&id(session_arn), &token.document())
    }

    /// Removes one from wherever it is, by its [`id`]. The caller holds its lock.
    pub fn remove(&self, id: &str) -> anyhow::Result<()> {
        self.0.remove(id)
    }

    /// The [`id`] of each, readable or not.
    pub fn all(&self) -> BTreeSet<String> {
        self.0.all()
    }

    /// Whether there is one, readable or not.
    pub fn has(&self, id: &str) -> bool {
        self.0.has(id)
    }

    /// Waits for the lock of one, by its [`id`]. Other programs know nothing of it.
    pub fn lock(&self, id: &str) -> anyhow::Result<Lock> {
        self.0.lock(id)
    }

    /// The lock of whoever signs in, if nobody does.
    pub fn try_sign_in(&self, session_arn: &str) -> anyhow::Result<Option<Lock>> {
        self.0.try_sign_in(&id(session_arn))
    }

    /// Waits until nobody else signs in.
    pub fn await_sign_in(&self, session_arn: &str) -> anyhow::Result<Lock> {
        self.0.await_sign_in(&id(session_arn))
    }

    /// Where it is, or would be.
    pub fn path_of(&self, session_arn: &str) -> PathBuf {
        self.0.path(&id(session_arn))
    }
}

/// How the AWS CLI calls a session.
pub fn id(session_arn: &str) -> String {
    files::hex(&Sha256::digest(session_arn))
}

impl LoginToken {
    /// As it was issued; `None`: it does not say to whom.
    pub fn new(
        credentials: Credentials,
        client_id: &str,
        refresh_token: Secret,
        dpop_key: Secret,
        id_token: Secret,
        region: &str,
    ) -> Option<(Self, String)> {
        let session_arn = subject(&id_token)?;
        let credentials = Credentials { account: account_of(&session_arn), ..credentials };
        let token = Self {
            credentials,
            client_id: client_id.to_owned(),
            refresh_token,
            dpop_key,
            region: Some(region.to_owned()),
            id_token: Some(id_token),
            token_type: Some("aws_sigv4".to_owned()),
            rest: Map::new(),
            rest_of_access: Map::new(),
        };
        Some((token, session_arn))
    }

    /// The one that follows. AWS may keep the refresh token or give another.
    #[must_use]
    pub fn renewed(&self, credentials: Credentials, refresh_token: Option<Secret>) -> Self {
        let credentials = Credentials { account: self.credentials.account.clone(), ..credentials };
        Self { credentials, ..self.with(refresh_token) }
    }

    /// The same keys, with what AWS gave for the one after.
    #[must_use]
    pub fn with(&self, refresh_token: Option<Secret>) -> Self {
        Self { refresh_token: refresh_token.unwrap_or_else(|| self.refresh_token.clone()), ..self.clone() }
    }

    /// The end of the keys.
    pub fn expires(&self) -> Timestamp {
        self.credentials.expiry.map_or(Timestamp::UNIX_EPOCH, |expiry| expiry.0)
    }

    /// Whether AWS takes the keys at `now`.
    pub fn is_good(&self, now: Timestamp) -> bool {
        now < self.expires()
    }

    /// Whether the keys were issued just now.
    pub fn is_young(&self, now: Timestamp) -> bool {
        let (from, to) = (now.checked_add(YOUNG), now.checked_add(LONGEST));
        from.is_ok_and(|from| from < self.expires()) && to.is_ok_and(|to| self.expires() <= to)
    }

    /// Whether it is this identity's, as far as the file says whose it is.
    fn is_of(&self, session_arn: &str) -> bool {
        let account = self.credentials.account.as_ref();
        account.is_none_or(|account| Some(account) == account_of(session_arn).as_ref())
            && self.id_token.as_ref().and_then(subject).is_none_or(|whose| whose == session_arn)
    }

    /// Reads a file of the cache; `None`: it is no token.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let mut rest: Map<String, Value> = serde_json::from_slice(bytes).ok()?;
        let Some(Value::Object(mut access)) = rest.remove("accessToken") else { return None };
        let secret_access_key = secret(&mut access, "secretAccessKey")?;
        let session_token = Some(secret(&mut access, "sessionToken")?);
        let dpop_key = secret(&mut rest, "dpopKey")?;
        let refresh_token = secret(&mut rest, "refreshToken")?;
        let id_token = secret(&mut rest, "idToken");
        let text = |object: &mut Map<String, Value>, name: &str| match object.remove(name) {
            Some(Value::String(text)) if !text.is_empty() => Some(text),
            _ => None,
        };
        let region = text(&mut rest, "signInRegion");
        // It becomes part of a host's name.
        if region.as_deref().is_some_and(|region| limits::region(region).is_err()) {
            return None;
        }
        let credentials = Credentials {
            access_key_id: text(&mut access, "accessKeyId")?,
            secret_access_key,
            session_token,
            expiry: Some(Expiry(clock::parse(&text(&mut access, "expiresAt")?)?)),
            account: text(&mut access, "accountId"),
        };
        Some(Self {
            credentials,
            client_id: text(&mut rest, "clientId")?,
            refresh_token,
            dpop_key,
            region,
            id_token,
            token_type: text(&mut rest, "tokenType"),
            rest,
            rest_of_access: access,
        })
    }

    fn document(&self) -> Zeroizing<Vec<u8>> {
        let credentials = &self.credentials;
        let access = Access {
            access_key_id: &credentials.access_key_id,
            secret_access_key: credentials.secret_access_key.expose(),
            session_token: credentials.session_token.as_ref().map_or("", Secret::expose),
            account_id: credentials.account.as_deref(),
            expires_at: clock::rfc3339(self.expires()),
            rest: &self.rest_of_access,
        };
        let known = Document::new()
            .field("accessToken", access)
            .option("tokenType", self.token_type.as_ref())
            .field("clientId", &self.client_id)
            .field("refreshToken", self.refresh_token.expose())
            .option("idToken", self.id_token.as_ref().map(Secret::expose))
            .field("dpopKey", self.dpop_key.expose())
            .option("signInRegion", self.region.as_ref());
        self.rest.iter().fold(known, |document, (name, value)| document.field(name, value)).end()
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Access<'a> {
    access_key_id: &'a str,
    secret_access_key: &'a str,
    session_token: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    account_id: Option<&'a str>,
    expires_at: String,
    #[serde(flatten)]
    rest: &'a Map<String, Value>,
}

/// `sub` of a JWT. Its signature is AWS's to check; here it only tells two sessions apart.
fn subject(token: &Secret) -> Option<String> {
    let payload = token.expose().split('.').nth(1)?;
    let padding = std::iter::repeat_n('=', payload.len().wrapping_neg() % 4);
    let standard = payload.chars().map(|letter| {
        if letter == '-' {
            '+'
        } else if letter == '_' {
            '/'
        } else {
            letter
        }
    });
    let standard: Zeroizing<String> = Zeroizing::new(standard.chain(padding).collect());
    let bytes = Zeroizing::new(base64::decode(standard.as_str()).ok()?);
    let claims: Value = serde_json::from_slice(&bytes).ok()?;
    claims["sub"].as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARN: &str = "arn:aws:sts::012345678910:assumed-role/Admin/admin";

    /// As AWS CLI 2.38.5 writes it, and a member of another tool's in either object. The payload of the identity is
    /// `{"sub":"arn:aws:sts::012345678910:assumed-role/Admin/admin"}`.
    const TOKEN: &str = r#"{"accessToken": {"accessKeyId": "ASIA1", "secretAccessKey": "s", "sessionToken": "t", "accountId": "012345678910", "expiresAt": "2026-11-21T23:55:06Z", "more": [1]}, "tokenType": "aws_sigv4", "clientId": "arn:aws:signin:::devtools/same-device", "refreshToken": "r", "idToken": "e30.eyJzdWIiOiJhcm46YXdzOnN0czo6MDEyMzQ1Njc4OTEwOmFzc3VtZWQtcm9sZS9BZG1pbi9hZG1pbiJ9.x", "dpopKey": "-----BEGIN EC PRIVATE KEY-----\n", "signInRegion": "eu-west-1", "receivedAt": "x"}"#;

    fn kept(text: &str, session_arn: &str) -> Option<LoginToken> {
        let dir = tempfile::tempdir().unwrap();
        let (places, env) = (Places::below(dir.path()), Env::default());
        let logins = Logins::new(&places, SsoCache::Cli, &env);
        let path = logins.path_of(session_arn);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
        logins.load(session_arn).kept()
    }

    #[test]
    fn a_file_is_called_as_the_aws_cli_calls_it() {
        let places = Places::below("/x".as_ref());
        let at = |env: Env| Logins::new(&places, SsoCache::Cli, &env).path_of(ARN).display().to_string();
        let name = "4b0ba8f99f075c0633e122fd73346ce203a3faf18ea0310eb2d29df1bab2e255.json";
        assert_eq!(at(Env::default()), format!("/x/h/.aws/login/cache/{name}"));
        let named = [("AWS_LOGIN_CACHE_DIRECTORY", "~/logins")].into_iter().collect();
        assert_eq!(at(named), format!("/x/h/logins/{name}"));
    }

    #[test]
    fn what_is_read_is_written_again_to_the_last_member() {
        let token = kept(TOKEN, ARN).unwrap();
        assert_eq!(std::str::from_utf8(&token.document()).unwrap(), TOKEN);
        assert_eq!(token.credentials.account.as_deref(), Some("012345678910"));
        let at = |text| clock::parse(text).unwrap();
        assert!(token.is_young(at("2026-11-21T23:41:05Z")) && !token.is_young(at("2026-11-21T23:41:06Z")));
        assert!(token.is_young(at("2026-11-21T23:39:06Z")) && !token.is_young(at("2026-11-21T23:39:05Z")));
        assert!(token.is_good(at("2026-11-21T23:55:05Z")) && !token.is_good(at("2026-11-21T23:55:06Z")));
    }

    #[test]
    fn what_the_next_keys_take_has_to_be_there() {
        for (member, there) in [
            ("accessKeyId", false),
            ("secretAccessKey", false),
            ("sessionToken", false),
            ("expiresAt", false),
            ("clientId", false),
            ("refreshToken", false),
            ("dpopKey", false),
            ("accessToken", false),
            ("accountId", true),
            ("idToken", true),
            ("tokenType", true),
            ("signInRegion", true),
        ] {
            let without = TOKEN.replace(&format!("\"{member}\""), "\"other\"");
            assert_eq!(kept(&without, ARN).is_some(), there, "{member}");
        }
        assert!(kept(&TOKEN.replace("eu-west-1", "evil.example/"), ARN).is_none());
        for end in 0..TOKEN.len() {
            assert!(kept(&TOKEN[..end], ARN).is_none(), "{end}");
        }
    }

    #[test]
    fn a_file_of_another_identity_is_not_this_ones() {
        assert!(kept(TOKEN, "arn:aws:sts::012345678910:assumed-role/Admin/you").is_none());
        let without = TOKEN.replace("idToken", "other");
        assert!(
            kept(&without, "arn:aws:sts::012345678910:assumed-role/Admin/you").is_some(),
            "nothing says so"
        );
        assert!(kept(&without, "arn:aws:sts::111122223333:assumed-role/Admin/admin").is_none());
    }
}
