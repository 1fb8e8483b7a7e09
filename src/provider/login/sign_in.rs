//! Signing in to a console session: with a browser of this machine, which comes back to a port of loopback, or with any
//! browser, whose last page shows what a person brings back. One at a time for each session.

use std::sync::Arc;
use std::time::Duration;

use aws_smithy_types::base64;
use zeroize::Zeroizing;

use super::super::sign_in::callback::{Callback, Page, Visitor, code};
use super::super::sign_in::pkce::{challenge, encoded};
use super::super::sign_in::renewal::Unrenewed;
use super::super::sign_in::{Guide, How, Invitation, Outcome, Patience};
use super::super::{Means, lacks, runtime};
use super::dpop::DpopKey;
use super::token_call::{CALL, Grant, create_token};
use super::{Login, token};
use crate::aws::Service;
use crate::files;
use crate::message::{Exit, Failure};
use crate::secret::Secret;
use crate::session::login::{LoginToken, id};
use crate::session::sso::Flow;

/// As long as the AWS CLI waits.
const PATIENCE: Duration = Duration::from_secs(600);

const SAME_DEVICE: &str = "arn:aws:signin:::devtools/same-device";
const CROSS_DEVICE: &str = "arn:aws:signin:::devtools/cross-device";

/// Signs in, unless there is nothing to do.
pub fn sign_in(
    login: &Login<'_>,
    how: &How,
    means: &Means<'_>,
    guide: &dyn Guide,
) -> anyhow::Result<Outcome<LoginToken>> {
    let (logins, session_arn) = (means.logins, login.session_arn);
    let (_lock, is_second) = match logins.try_sign_in(session_arn)? {
        Some(lock) => (lock, false),
        None => {
            guide.another_signs_in();
            (logins.await_sign_in(session_arn)?, true)
        }
    };
    if (is_second || !how.fresh)
        && let Some(token) = kept(login, means)?
    {
        return Ok(Outcome::Already(token));
    }
    // Before a person does for nothing what it takes, and an old sign-in ends for nothing.
    let lock = logins.lock(&id(session_arn))?;
    logins.check_writable(session_arn)?;
    drop(lock);
    if how.fresh {
        let _lock = logins.lock(&id(session_arn))?;
        logins.remove(&id(session_arn))?;
        guide.old_one_ended()?;
    }
    let signed_in = runtime()?.block_on(async {
        match how.flow {
            Flow::Browser => by_browser(login, how, means, guide).await,
            Flow::Device => by_hand(login, means, guide).await,
        }
    });
    guide.ends();
    let token = signed_in?;
    let _lock = logins.lock(&id(session_arn))?;
    logins.save(session_arn, &token)?;
    Ok(Outcome::New(token))
}

/// What needs no person. What only a person can mend, this one does now.
fn kept(login: &Login<'_>, means: &Means<'_>) -> anyhow::Result<Option<LoginToken>> {
    let token = runtime()?.block_on(token::sought(login, None, means));
    let token = token.or_else(Unrenewed::for_person)?;
    Ok(token.filter(|token| means.logins.is_renewable(token)))
}

/// What a sign-in keeps to itself until it has come to its end.
struct Begun {
    key: Arc<DpopKey>,
    client_id: &'static str,
    state: String,
    verifier: Secret,
    redirect_uri: String,
}

impl Begun {
    fn new(client_id: &'static str, redirect_uri: String) -> Self {
        Self {
            key: Arc::new(DpopKey::generate()),
            client_id,
            state: files::random_hex(16),
            verifier: Secret::new(files::random_hex(32)),
            redirect_uri,
        }
    }

    /// What the browser opens: of its secrets only the challenge, which leads to none.
    fn address(&self, base: &str) -> String {
        // `SHA-256` and `scope`, as the AWS CLI has it: SSO OIDC has `S256` and `scopes`.
        let query = [
            ("response_type", "code"),
            ("client_id", self.client_id),
            ("state", &self.state),
            ("code_challenge_method", "SHA-256"),
            ("scope", "openid"),
            ("redirect_uri", &self.redirect_uri),
            ("code_challenge", &challenge(&self.verifier)),
        ]
        .map(|(name, value)| format!("{name}={}", encoded(value)));
        format!("{base}/v1/authorize?{}", query.join("&"))
    }

    async fn exchange(
        &self,
        code: &Secret,
        login: &Login<'_>,
        means: &Means<'_>,
    ) -> anyhow::Result<LoginToken> {
        let grant = Grant::Code { code, verifier: &self.verifier, redirect_uri: &self.redirect_uri };
        let granted = create_token(grant, self.client_id, &self.key, login, &means.aws).await;
        let granted = granted.map_err(|refused| token::explained(refused, login))?;
        let refresh_token = granted.refresh_token.ok_or_else(|| lacks(CALL, "refresh token"))?;
        let id_token = granted.id_token.ok_or_else(|| lacks(CALL, "identity"))?;
        let (credentials, dpop_key) = (granted.credentials?, self.key.pem());
        let token =
            LoginToken::new(credentials, self.client_id, refresh_token, dpop_key, id_token, login.region);
        let (token, whose) = token.ok_or_else(|| lacks(CALL, "identity"))?;
        if whose != login.session_arn {
            return Err(another_identity(&whose, login).into());
        }
        Ok(token)
    }
}

async fn by_browser(
    login: &Login<'_>,
    how: &How,
    means: &Means<'_>,
    guide: &dyn Guide,
) -> anyhow::Result<LoginToken> {
    // Before anything else: nobody else can have the port when the browser comes back.
    let callback = Callback::bind(how.callback_port).await?;
    let begun = Begun::new(SAME_DEVICE, callback.address());
    let address = begun.address(&means.aws.url(Service::SignIn, login.region).await?);
    guide.invite(&Invitation { address: &address, user_code: None, whole_address: None });
    let (answer, visitor) = callback.answer(&begun.state, &Patience::of(PATIENCE, guide)).await?;
    let signed_in = match answer {
        Ok(code) => begun.exchange(&code, login, means).await,
        Err(failure) => Err(failure.into()),
    };
    show(visitor, signed_in.is_ok()).await;
    signed_in
}

async fn show(visitor: Visitor, is_signed_in: bool) {
    visitor.see(if is_signed_in { Page::SignedIn } else { Page::Failed }).await;
}

async fn by_hand(login: &Login<'_>, means: &Means<'_>, guide: &dyn Guide) -> anyhow::Result<LoginToken> {
    let base = means.aws.url(Service::SignIn, login.region).await?;
    let begun = Begun::new(CROSS_DEVICE, format!("{base}/v1/sessions/confirmation"));
    guide.invite(&Invitation { address: &begun.address(&base), user_code: None, whole_address: None });
    let shown = guide.ask_for_answer()?;
    let code = code(query(&shown).ok_or_else(no_answer)?.expose(), &begun.state)?;
    begun.exchange(&code, login, means).await
}

/// The page shows `state=…&code=…` in base64; a terminal or a chat on the way may have put blanks into it.
fn query(shown: &Secret) -> Option<Secret> {
    let mut whole = Zeroizing::new(String::with_capacity(shown.expose().len()));
    whole.extend(shown.expose().split_whitespace());
    let bytes = Zeroizing::new(base64::decode(&*whole).ok()?);
    std::str::from_utf8(&bytes).ok().filter(|text| !text.is_empty()).map(Secret::new)
}

fn no_answer() -> Failure {
    Failure::new("that is not what the page shows at the end of a sign-in")
        .hint("run `awsenv login` again, and copy all of it")
        .exit(Exit::PersonNeeded)
}

fn another_identity(whose: &str, login: &Login<'_>) -> Failure {
    Failure::new(format!("the browser signed in as {whose}, and the profile is of {}", login.session_arn))
        .hint("choose that session in the browser; `aws login --profile NAME` puts another into the profile")
        .exit(Exit::PersonNeeded)
}
