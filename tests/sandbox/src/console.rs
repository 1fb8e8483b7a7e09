//! The service behind `aws login` (API version 2023-01-01): the page that a browser opens, and CreateOAuth2Token, where
//! each request has to prove that it comes from whoever began (DPoP, RFC 9449).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, UnparsedPublicKey,
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::answer::{Answer, Refusal, instant, json_answer};
use crate::identity::{self, base64, base64url};
use crate::principal::Principal;
use crate::scenario::Console;
use crate::sso::{Consent, later};
use crate::state::State;
use crate::sts::Parameters;

const SAME_DEVICE: &str = "arn:aws:signin:::devtools/same-device";
const CROSS_DEVICE: &str = "arn:aws:signin:::devtools/cross-device";

/// All sessions.
#[derive(Debug, Default)]
pub(crate) struct Sessions(Mutex<Known>);

#[derive(Debug, Default)]
pub(crate) struct Known {
    codes: BTreeMap<String, Code>,
    /// Each is taken once.
    pub(crate) refresh_tokens: BTreeMap<String, Session>,
    /// Proofs that have been shown.
    proofs: BTreeSet<String>,
    /// Who signs in at the browser, if that is another than the scenario says.
    pub(crate) person: Option<String>,
    /// Whose keys are given out, if that is another than who has signed in.
    pub(crate) mixed_up: Option<String>,
}

#[derive(Debug)]
struct Code {
    client: String,
    redirect_uri: String,
    challenge: String,
    person: String,
}

/// What a refresh token leads to.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    client: String,
    person: String,
    /// The digest of the key that it began with.
    key: String,
}

/// The form of a private key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyForm {
    /// `EC PRIVATE KEY`.
    Sec1,
    /// `PRIVATE KEY`.
    Pkcs8,
}

impl Sessions {
    pub(crate) fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The page: comes back at once, or when somebody consents and asks again.
pub(crate) fn authorize(query: &Parameters, url: &str, state: &State) -> Result<Answer, Refusal> {
    let field = |name: &str| query.get(name).map(String::as_str).unwrap_or_default();
    let console = console(state)?;
    let fixed = [("response_type", "code"), ("code_challenge_method", "SHA-256"), ("scope", "openid")];
    let whole = fixed.iter().all(|(name, value)| field(name) == *value);
    if !whole || field("state").is_empty() || field("code_challenge").len() != 43 {
        return Err(invalid("the address is not whole"));
    }
    let (client, redirect_uri) = (field("client_id"), field("redirect_uri"));
    let is_of_loopback = || {
        let port = redirect_uri.strip_prefix("http://127.0.0.1:");
        let port = port.and_then(|rest| rest.strip_suffix("/oauth/callback"));
        port.is_some_and(|port| port.parse::<u16>().is_ok())
    };
    let may = match client {
        SAME_DEVICE => is_of_loopback(),
        CROSS_DEVICE => redirect_uri == format!("{url}/v1/sessions/confirmation"),
        _ => false,
    };
    if !may {
        return Err(invalid("client_id and redirect_uri do not fit"));
    }
    let consent = state.sign_ins.consent();
    let answer = match consent {
        Consent::Pending => return Ok(json_answer(200, &json!("waiting"))),
        Consent::Denied => [("error", "access_denied".to_owned()), ("state", field("state").to_owned())],
        Consent::Given | Consent::Tampered => {
            let code = state.sign_ins.known().secret("", 43);
            let mut known = state.console.known();
            let person = known.person.clone().unwrap_or_else(|| console.person.clone());
            let begun = Code {
                client: client.to_owned(),
                redirect_uri: redirect_uri.to_owned(),
                challenge: field("code_challenge").to_owned(),
                person,
            };
            known.codes.insert(code.clone(), begun);
            let is_mine = consent == Consent::Given;
            [("code", code), ("state", if is_mine { field("state") } else { "somebody-elses" }.to_owned())]
        }
    };
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(answer).finish();
    if client == CROSS_DEVICE {
        // What the person copies.
        let shown = base64(query.as_bytes());
        state.sign_ins.known().secrets.insert(shown.clone());
        return Ok(Answer { content_type: "text/plain", body: shown, ..json_answer(200, &Value::Null) });
    }
    Ok(Answer { location: Some(format!("{redirect_uri}?{query}")), ..json_answer(302, &Value::Null) })
}

/// Answers CreateOAuth2Token with this body and this proof.
pub(crate) fn answer(body: &[u8], proof: Option<&str>, url: &str, state: &State) -> Result<Answer, Refusal> {
    let body: Value = serde_json::from_slice(body).map_err(|_| invalid("no JSON"))?;
    let console = console(state)?;
    let key = proven(proof.ok_or_else(|| invalid("Missing DPoP header"))?, url, state)?;
    let text = |name: &str| {
        let text = body[name].as_str().filter(|text| !text.is_empty());
        text.ok_or_else(|| invalid(&format!("{name} is missing")))
    };
    let client = text("clientId")?.to_owned();
    let grant = text("grantType")?;
    let person = match grant {
        "authorization_code" => by_code(&client, text("code")?, text("codeVerifier")?, &body, state)?,
        "refresh_token" => by_refresh_token(&client, text("refreshToken")?, &key, state)?,
        _ => return Err(invalid("grantType is not known")),
    };
    let keys_of = state.console.known().mixed_up.clone().unwrap_or_else(|| person.clone());
    let issued = state.issue(principal(&keys_of), console.seconds);
    let session = Session { client: client.clone(), person: person.clone(), key };
    let seconds =
        issued.expiration.map_or(0, |end| end.duration_since(state.clock.now()).as_secs_f64().ceil() as i64);
    let mut answer = json!({
        "accessToken": {
            "accessKeyId": issued.access_key_id,
            "secretAccessKey": issued.secret,
            "sessionToken": issued.token,
        },
        "tokenType": "aws_sigv4",
        "expiresIn": seconds,
        "refreshToken": refresh_token(session, state),
    });
    if grant == "authorization_code" {
        answer["idToken"] = id_token(&person, &client, state).into();
    }
    Ok(Answer { issued: Some(issued.access_key_id), ..json_answer(200, &answer) })
}

fn by_code(client: &str, code: &str, verifier: &str, body: &Value, state: &State) -> Result<String, Refusal> {
    state.sign_ins.known().secrets.insert(verifier.to_owned());
    let begun = state.console.known().codes.remove(code).filter(|begun| begun.client == client);
    let begun = begun.ok_or_else(|| denied("AUTHCODE_EXPIRED"))?;
    let spelled = (43..=128).contains(&verifier.len())
        && verifier.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte));
    if body["redirectUri"] != begun.redirect_uri.as_str() {
        return Err(invalid("redirectUri is another"));
    }
    if !spelled || base64url(&Sha256::digest(verifier)) != begun.challenge {
        return Err(invalid("codeVerifier is another"));
    }
    Ok(begun.person)
}

fn by_refresh_token(client: &str, token: &str, key: &str, state: &State) -> Result<String, Refusal> {
    let mut known = state.console.known();
    let session = known.refresh_tokens.get(token).cloned().ok_or_else(|| denied("TOKEN_EXPIRED"))?;
    if session.client != client {
        return Err(invalid("clientId is another"));
    }
    if session.key != key {
        return Err(invalid("the DPoP key is another"));
    }
    known.refresh_tokens.remove(token);
    Ok(session.person)
}

/// The digest of the key that a proof is signed with, if it is one for this call, now, and has not been seen.
fn proven(proof: &str, url: &str, state: &State) -> Result<String, Refusal> {
    let bad = |what: &str| invalid(&format!("DPoP: {what}"));
    let parts: Vec<_> = proof.split('.').collect();
    let [header, claims, signature] = parts[..] else { return Err(bad("no JWT")) };
    let decoded = |part: &str| identity::from_base64url(part).ok_or_else(|| bad("no base64url"));
    let object = |part: &str| serde_json::from_slice::<Value>(&decoded(part)?).map_err(|_| bad("no JSON"));
    let (header, claims) = (object(header)?, object(claims)?);
    if header["typ"] != "dpop+jwt" || header["alg"] != "ES256" {
        return Err(bad("typ or alg"));
    }
    let jwk = &header["jwk"];
    if jwk["kty"] != "EC" || jwk["crv"] != "P-256" || jwk.as_object().is_none_or(|jwk| jwk.len() != 4) {
        return Err(bad("jwk"));
    }
    // RFC 7518, 6.2.1.2, wants all 32 bytes. The AWS CLI leaves zeros away that a coordinate begins with.
    let coordinate = |name: &str| {
        let bytes = decoded(jwk[name].as_str().unwrap_or_default())?;
        let zeros = 32_usize.checked_sub(bytes.len()).ok_or_else(|| bad("a coordinate's length"))?;
        Ok([vec![0; zeros], bytes].concat())
    };
    let public = [vec![4], coordinate("x")?, coordinate("y")?].concat();
    let signed = &proof[..proof.rfind('.').unwrap_or_default()];
    let verified = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, &public)
        .verify(signed.as_bytes(), &decoded(signature)?);
    verified.map_err(|_| bad("signature"))?;
    if claims["htm"] != "POST" || claims["htu"] != format!("{url}/v1/token") {
        return Err(bad("htm or htu"));
    }
    let age = claims["iat"].as_i64().map(|iat| (state.clock.now().as_second() - iat).abs());
    if age.is_none_or(|age| age > 300) {
        return Err(bad("iat"));
    }
    let id = claims["jti"].as_str().filter(|id| !id.is_empty()).ok_or_else(|| bad("jti"))?;
    if !state.console.known().proofs.insert(id.to_owned()) {
        return Err(bad("jti was used"));
    }
    Ok(base64url(&Sha256::digest(public)))
}

/// A session as the AWS CLI would have kept it, whose keys end in so many seconds.
pub(crate) fn document(seconds: i64, form: KeyForm, state: &State) -> Value {
    let person = state.scenario_console().expect("the scenario has a console").person.clone();
    let key = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new());
    let key = key.expect("the kernel's random source answers");
    let key = key.as_ref();
    // Of ring's PKCS#8, the private key stands at 36, the public key at the end.
    let (private, public) = (&key[36..68], &key[key.len() - 65..]);
    let issued = state.issue(principal(&person), u32::try_from(seconds.max(1)).expect("some hours"));
    let session = Session {
        client: SAME_DEVICE.into(),
        person: person.clone(),
        key: base64url(&Sha256::digest(public)),
    };
    let pem = match form {
        KeyForm::Pkcs8 => pem("PRIVATE KEY", key),
        KeyForm::Sec1 => pem("EC PRIVATE KEY", &[SEC1[0], private, SEC1[1], public].concat()),
    };
    state.sign_ins.known().secrets.insert(pem.lines().nth(1).expect("it has lines").to_owned());
    json!({
        "accessToken": {
            "accessKeyId": issued.access_key_id,
            "secretAccessKey": issued.secret,
            "sessionToken": issued.token,
            "accountId": person.split(':').nth(4),
            "expiresAt": instant(later(&state.clock, seconds)),
        },
        "tokenType": "aws_sigv4",
        "clientId": SAME_DEVICE,
        "refreshToken": refresh_token(session, state),
        "idToken": id_token(&person, SAME_DEVICE, state),
        "dpopKey": pem,
    })
}

/// RFC 5915: before the private key, and between it and the public one.
const SEC1: [&[u8]; 2] = [
    &[0x30, 0x77, 2, 1, 1, 4, 0x20],
    &[0xa0, 0x0a, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7, 0xa1, 0x44, 3, 0x42, 0],
];

fn pem(label: &str, der: &[u8]) -> String {
    let text = base64(der);
    let lines: Vec<_> = text.as_bytes().chunks(64).map(|line| String::from_utf8_lossy(line)).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

fn refresh_token(session: Session, state: &State) -> String {
    let token = state.sign_ins.known().secret("ASOR", 90);
    state.console.known().refresh_tokens.insert(token.clone(), session);
    token
}

/// A JWT whose signature nobody checks.
fn id_token(person: &str, client: &str, state: &State) -> String {
    let now = state.clock.now().as_second();
    let header = json!({"kid": "sandbox", "typ": "JWT", "alg": "ES384"});
    let claims = json!({"sub": person, "session_arn": person, "aud": client, "iat": now, "exp": now + 900});
    let [header, claims] = [header, claims].map(|part| base64url(part.to_string().as_bytes()));
    format!("{header}.{claims}.{}", state.sign_ins.known().secret("", 128))
}

fn principal(arn: &str) -> Principal {
    let nobody = Principal {
        access_key_id: String::new(),
        secret: String::new(),
        token: None,
        expiration: None,
        arn: arn.to_owned(),
        session_name: None,
        mfa: false,
        source_identity: None,
        transitive_tags: BTreeMap::new(),
        chained: false,
        denied: false,
    };
    let parts: Vec<_> = arn.split([':', '/']).collect();
    match parts[..] {
        ["arn", partition, "sts", "", account, "assumed-role", role, session] => Principal {
            arn: format!("arn:{partition}:iam::{account}:role/{role}"),
            session_name: Some(session.to_owned()),
            ..nobody
        },
        _ => nobody,
    }
}

fn console(state: &State) -> Result<&Console, Refusal> {
    state.scenario_console().ok_or_else(|| invalid("there is no console"))
}

fn invalid(what: &str) -> Refusal {
    Refusal::new(400, "INVALID_REQUEST", what)
}

fn denied(error: &str) -> Refusal {
    Refusal::new(403, error, format!("{error}, says the sandbox"))
}
