//! SSO OIDC (API version 2019-06-10): RegisterClient, StartDeviceAuthorization, CreateToken, and the page that a
//! browser opens.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::answer::{Answer, Refusal, json_answer};
use crate::identity;
use crate::scenario::Portal;
use crate::sso::{Code, Consent, Device, Known, later};
use crate::state::State;
use crate::sts::Parameters;

const DEVICE_GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";
/// The scopes that this portal knows.
const SCOPES: [&str; 2] = ["sso:account:access", "codewhisperer:completions"];

/// Answers a call with this body.
pub(crate) fn answer(operation: &str, body: &[u8], url: &str, state: &State) -> Result<Answer, Refusal> {
    let body: Value = serde_json::from_slice(body).map_err(|_| invalid("no JSON"))?;
    let portal = state.portal().ok_or_else(|| invalid("there is no portal"))?;
    let answer = match operation {
        "RegisterClient" => register_client(&body, state),
        "StartDeviceAuthorization" => start_device_authorization(&body, portal, url, state),
        _ => create_token(&body, portal, state),
    }?;
    Ok(json_answer(200, &answer))
}

fn register_client(body: &Value, state: &State) -> Result<Value, Refusal> {
    text(body, "clientName")?;
    if text(body, "clientType")? != "public" {
        return Err(Refusal::new(400, "InvalidClientMetadataException", "Invalid client metadata provided"));
    }
    let list = |name: &str| -> Vec<String> {
        let items = body[name].as_array().into_iter().flatten();
        items.filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let (scopes, grants, redirect_uris) = (list("scopes"), list("grantTypes"), list("redirectUris"));
    if scopes.iter().any(|scope| !SCOPES.contains(&scope.as_str())) {
        return Err(Refusal::new(400, "InvalidScopeException", "Invalid scope provided"));
    }
    if grants.iter().any(|grant| grant == "authorization_code") {
        text(body, "issuerUrl")?;
        // With a port it would be good for that one port.
        if redirect_uris != ["http://127.0.0.1/oauth/callback"] {
            return Err(Refusal::new(400, "InvalidRedirectUriException", "Invalid redirect uri"));
        }
    }
    let (id, client) = state.sign_ins.known().register(scopes, grants, redirect_uris, &state.clock);
    Ok(json!({
        "clientId": id,
        "clientSecret": client.secret,
        "clientIdIssuedAt": state.clock.now().as_second(),
        "clientSecretExpiresAt": client.expires.as_second(),
    }))
}

fn start_device_authorization(
    body: &Value,
    portal: &Portal,
    url: &str,
    state: &State,
) -> Result<Value, Refusal> {
    let mut known = state.sign_ins.known();
    let client = client(body, &known, state)?;
    if text(body, "startUrl")? != portal.start_url {
        return Err(invalid("Invalid start url provided"));
    }
    let code = known.secret("", 60);
    let user_code = format!("{}-{}", identity::user_code(), identity::user_code());
    let (expires, interval) = (later(&state.clock, portal.device_seconds), portal.interval);
    known.devices.insert(code.clone(), Device { client, expires, asked: None, interval });
    Ok(json!({
        "deviceCode": code,
        "userCode": user_code,
        "verificationUri": format!("{url}/device"),
        "verificationUriComplete": format!("{url}/device?user_code={user_code}"),
        "expiresIn": portal.device_seconds,
        "interval": interval,
    }))
}

fn create_token(body: &Value, portal: &Portal, state: &State) -> Result<Value, Refusal> {
    let mut known = state.sign_ins.known();
    let client = client(body, &known, state)?;
    let grant = text(body, "grantType")?;
    match grant {
        "refresh_token" => {
            let token = text(body, "refreshToken")?;
            if known.refresh_tokens.get(token) != Some(&client) {
                return Err(grant_is_bad("Invalid refresh token provided"));
            }
            known.refresh_tokens.remove(token);
        }
        "authorization_code" => by_code(body, &client, &mut known)?,
        DEVICE_GRANT => by_device(text(body, "deviceCode")?, &client, &mut known, state)?,
        _ => return Err(Refusal::new(400, "UnsupportedGrantTypeException", "Unsupported grant type")),
    }
    Ok(known.issue(&client, portal.token_seconds, &state.clock))
}

/// RFC 7636, 4.6.
fn by_code(body: &Value, client: &str, known: &mut Known) -> Result<(), Refusal> {
    let code =
        known.codes.remove(text(body, "code")?).ok_or_else(|| grant_is_bad("Invalid grant provided"))?;
    let verifier = text(body, "codeVerifier")?;
    known.secrets.insert(verifier.to_owned());
    let spelled = (43..=128).contains(&verifier.len())
        && verifier.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte));
    let may = known.clients[client].grants.iter().any(|grant| grant == "authorization_code");
    if !may {
        return Err(Refusal::new(
            400,
            "UnauthorizedClientException",
            "Client is not authorized to use this grant",
        ));
    }
    if code.client != client || code.redirect_uri != text(body, "redirectUri")? {
        return Err(grant_is_bad("Invalid grant provided"));
    }
    if !spelled || identity::base64url(&Sha256::digest(verifier)) != code.challenge {
        return Err(grant_is_bad("PKCE verification failed"));
    }
    Ok(())
}

/// RFC 8628, 3.5.
fn by_device(code: &str, client: &str, known: &mut Known, state: &State) -> Result<(), Refusal> {
    let now = state.clock.now();
    let device = known.devices.get_mut(code).filter(|device| device.client == client);
    let device = device.ok_or_else(|| grant_is_bad("Invalid device code provided"))?;
    if now >= device.expires {
        return Err(Refusal::new(400, "ExpiredTokenException", "Device code expired"));
    }
    let since = device.asked.replace(now).map(|asked| now.duration_since(asked).as_millis());
    // A little sooner is the network's doing.
    if since.is_some_and(|since| since < i128::from(device.interval) * 900) {
        device.interval += 5;
        return Err(Refusal::new(400, "SlowDownException", "Slow down"));
    }
    match state.sign_ins.consent() {
        Consent::Pending => Err(Refusal::new(400, "AuthorizationPendingException", "")),
        Consent::Denied => Err(Refusal::new(400, "AccessDeniedException", "User denied the request")),
        Consent::Given | Consent::Tampered => {
            known.devices.remove(code);
            Ok(())
        }
    }
}

/// The browser's side of the code flow: comes back at once, or when somebody consents and asks again.
pub(crate) fn authorize(query: &Parameters, state: &State) -> Result<Answer, Refusal> {
    let mut known = state.sign_ins.known();
    let field = |name: &str| query.get(name).map(String::as_str).unwrap_or_default();
    let client = known.clients.get(field("client_id")).ok_or_else(|| invalid("no such client"))?;
    let redirect_uri = field("redirect_uri");
    let registered = |uri: &String| {
        let (host, path) = uri.split_at("http://127.0.0.1".len());
        redirect_uri
            .strip_prefix(host)
            .and_then(|rest| rest.strip_suffix(path))
            .is_some_and(|port| port.strip_prefix(':').is_some_and(|port| port.parse::<u16>().is_ok()))
    };
    if !client.redirect_uris.iter().any(registered) {
        return Err(invalid("redirect_uri is not registered"));
    }
    let fixed = [("response_type", "code"), ("code_challenge_method", "S256")];
    let whole =
        fixed.iter().all(|(name, value)| field(name) == *value) && field("code_challenge").len() == 43;
    if !whole || field("state").is_empty() || field("scopes") != client.scopes.join(" ") {
        return Err(invalid("the address is not whole"));
    }
    let back = |fields: &[(&str, &str)]| {
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        Answer { location: Some(format!("{redirect_uri}?{query}")), ..json_answer(302, &Value::Null) }
    };
    let consent = state.sign_ins.consent();
    match consent {
        Consent::Pending => Ok(json_answer(200, &json!("waiting"))),
        Consent::Denied => Ok(back(&[("error", "access_denied"), ("state", field("state"))])),
        Consent::Given | Consent::Tampered => {
            let code = known.secret("", 43);
            let (client, challenge) = (field("client_id").to_owned(), field("code_challenge").to_owned());
            known
                .codes
                .insert(code.clone(), Code { client, redirect_uri: redirect_uri.to_owned(), challenge });
            let state = if consent == Consent::Tampered { "somebody-elses" } else { field("state") };
            Ok(back(&[("code", &code), ("state", state)]))
        }
    }
}

/// The client that a body names, by its id.
fn client(body: &Value, known: &Known, state: &State) -> Result<String, Refusal> {
    let (id, secret) = (text(body, "clientId")?, text(body, "clientSecret")?);
    let client = known.clients.get(id).filter(|client| client.secret == secret);
    match client {
        Some(client) if state.clock.now() < client.expires => Ok(id.to_owned()),
        _ => Err(Refusal::new(401, "InvalidClientException", "Invalid client provided")),
    }
}

fn text<'a>(body: &'a Value, name: &str) -> Result<&'a str, Refusal> {
    let text = body[name].as_str().filter(|text| !text.is_empty());
    text.ok_or_else(|| invalid(&format!("Missing required parameter {name}")))
}

fn invalid(what: &str) -> Refusal {
    Refusal::new(400, "InvalidRequestException", what)
}

fn grant_is_bad(what: &str) -> Refusal {
    Refusal::new(400, "InvalidGrantException", what)
}
