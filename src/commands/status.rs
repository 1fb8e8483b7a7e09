//! `awsenv status`: what is loaded here, from where, until when, and why not.

use serde::Serialize;

use super::standing::Standing;
use super::subject::{logins, tokens};
use crate::clock;
use crate::files;
use crate::key_index::{KeyIndex, Rests};
use crate::keychain;
use crate::message::{self, printable};
use crate::places::tilde;
use crate::profile::chain::{self, Portal, Source};
use crate::profile::config::ConfigFiles;
use crate::prompt::allowlist::Allowlist;
use crate::prompt::directory::{Directory, Verdict};
use crate::prompt::memory::{self, Memory, STATE};
use crate::prompt::plan;
use crate::prompt::resolve::{check_account, resolve};
use crate::provider::sso::SIGN_IN;
use crate::session::account_names;
use crate::world::{self, World};

/// The documented schema of `--json` (docs/json.md).
#[derive(Debug, Serialize)]
struct Status {
    /// `pinned`, `refused`, `not_allowed`, `none`.
    state: &'static str,
    /// The `.awsenv` files that count, nearest first; or the one that does not, and why is in `reason`.
    files: Vec<String>,
    name: Option<String>,
    /// What `use` has chosen for this shell: `stage prod`, `profile acme-prod`.
    chosen: Option<String>,
    account: Option<String>,
    /// What people call it, where a portal has said so.
    account_name: Option<String>,
    region: Option<String>,
    /// The call that gives the first credentials, and the roles on top.
    steps: Vec<String>,
    /// Where the keys rest that it begins with: `os`, `file`; `null` where it begins otherwise.
    keychain: Option<Rests>,
    /// Whether this shell's environment holds them now.
    loaded: bool,
    /// RFC 3339; `null` for keys without an end.
    expiration: Option<String>,
    /// How the session stands: `kept`, `pending`, `failed`, `needs_person`, `absent`; `null` where it takes none.
    session: Option<&'static str>,
    /// Its end, where one is kept.
    session_expiration: Option<String>,
    /// The sign-in that it begins with.
    sign_in: SignIn,
    /// When a failed renewal is tried again.
    again: Option<String>,
    /// The user set credentials by hand here.
    stands_back: bool,
    /// Why there are no credentials.
    reason: Option<String>,
    /// What to do about it.
    hint: Option<String>,
}

/// How a sign-in stands, as far as files say it.
#[derive(Debug, Default, Serialize)]
struct SignIn {
    /// The `[sso-session]`, the portal's address, or the ARN of a console session; `null` where it begins otherwise.
    portal: Option<String>,
    /// The token's end; `null` without one.
    expiration: Option<String>,
    /// Whether the next token comes without a person.
    renewable: bool,
    /// Until when that can be: the end of the registration that the token was issued to.
    registration_expiration: Option<String>,
}

/// Tells it.
pub fn run(json: bool, world: &World) -> anyhow::Result<()> {
    let status = status(world);
    if json {
        return world::out(format!("{}\n", serde_json::to_string_pretty(&status)?).as_bytes());
    }
    world::out(card(&status, world).as_bytes())
}

fn status(world: &World) -> Status {
    let allowlist = Allowlist::new(&world.places, &world.settings);
    let directory = Directory::find(&world.pwd(), &allowlist, &world.places, world.choice.as_ref().into());
    let remembered = Memory::read(&world.env, files::uid());
    let shown = |path: &std::path::Path| path.display().to_string();
    let mut status = Status {
        state: "none",
        files: directory.verdict.files().iter().map(|path| shown(path)).collect(),
        name: None,
        chosen: directory.choice.as_ref().map(|choice| choice.what.text()),
        account: None,
        account_name: None,
        region: None,
        steps: Vec::new(),
        keychain: None,
        loaded: remembered.as_ref().is_some_and(|memory| {
            !memory.lost
                && memory.files == memory::named(&directory.verdict.files())
                && holds(memory, &directory.verdict)
        }),
        expiration: world
            .env
            .text("AWSENV_PROFILE")
            .and_then(|_| world.env.text("AWS_CREDENTIAL_EXPIRATION"))
            .map(str::to_owned),
        session: None,
        session_expiration: None,
        sign_in: SignIn::default(),
        again: None,
        stands_back: remembered.is_some_and(|memory| memory.stands_back),
        reason: None,
        hint: None,
    };
    if !matches!(directory.verdict, Verdict::Nothing) {
        status.reason = directory.complaint.as_ref().map(|complaint| complaint.text.clone());
    }
    match directory.verdict {
        Verdict::Nothing => {
            if let Some(complaint) = directory.complaint {
                status.state = "not_allowed";
                status.files = vec![shown(&complaint.path)];
                status.reason = Some(complaint.text);
            }
        }
        Verdict::Refused(_, error, _) => {
            status.state = "refused";
            because(&mut status, &error);
        }
        Verdict::Pinned(pinned) => {
            status.state = "pinned";
            status.name = pinned.pin.name();
            status.region.clone_from(&pinned.pin.region);
            if pinned.pin.source.is_none() {
                return status;
            }
            let files = ConfigFiles::locate(&world.original, &world.places.home);
            let answer = KeyIndex::load(&world.places).and_then(|keys| {
                let resolved = resolve(
                    &pinned.pin,
                    &files,
                    &keys,
                    &world.original,
                    Some(world.settings.session_duration),
                )?;
                status.region.clone_from(&resolved.region);
                status.steps = chain::steps(&resolved.chain).iter().map(|step| step.summary()).collect();
                status.account = chain::known_account(&resolved.chain);
                let asked = pinned.pin.account.as_deref();
                if let Source::Keychain { name, .. } = &resolved.chain.source {
                    status.keychain = keys.find(name).map(|entry| entry.rests);
                }
                if resolved.is_at_hand() {
                    plan::at_hand(&resolved, clock::now())?;
                    // What a file claims is shown; only AWS is believed.
                    if asked.is_none() {
                        return Ok(());
                    }
                } else {
                    if let Some(sure) = chain::sure_account(&resolved.chain) {
                        check_account(&resolved.name, asked, Some(&sure))?;
                    }
                }
                match &resolved.chain.source {
                    Source::Sso(sso) => status.sign_in = sign_in(&sso.portal, world),
                    Source::Login { session_arn } => status.sign_in = at_console(session_arn, world),
                    _ => {}
                }
                let standing = Standing::of(&resolved, world, clock::now());
                status.session = Some(standing.word());
                match standing {
                    Standing::Kept(session) => {
                        let end = session.credentials.expiry.map(|expiry| clock::rfc3339(expiry.0));
                        status.session_expiration = end;
                        let of_the_chain = chain::sure_account(&resolved.chain);
                        let account = of_the_chain.as_deref().or(session.credentials.account.as_deref());
                        // What is only claimed gets no name.
                        status.account_name = account
                            .filter(|account| status.account.as_deref().is_none_or(|shown| shown == *account))
                            .and_then(|account| account_names::name(&world.places, account));
                        check_account(&resolved.name, asked, account)
                    }
                    _ if status.loaded || status.stands_back => Ok(()),
                    standing => {
                        tell(&mut status, standing);
                        Ok(())
                    }
                }
            });
            if let Err(error) = answer {
                because(&mut status, &error);
            }
        }
    }
    status
}

fn sign_in(portal: &Portal, world: &World) -> SignIn {
    let tokens = tokens(world);
    let token = tokens.load(portal).kept();
    let client = token.as_ref().and_then(|token| token.client.as_ref());
    SignIn {
        portal: Some(portal.label().to_owned()),
        renewable: token.as_ref().is_some_and(|token| tokens.is_renewable(portal, token, clock::now())),
        registration_expiration: client.map(|client| clock::rfc3339(client.expires)),
        expiration: token.map(|token| clock::rfc3339(token.expires)),
    }
}

fn at_console(session_arn: &str, world: &World) -> SignIn {
    let logins = logins(world);
    let token = logins.load(session_arn).kept();
    SignIn {
        portal: Some(session_arn.to_owned()),
        renewable: token.as_ref().is_some_and(|token| logins.is_renewable(token)),
        registration_expiration: None,
        expiration: token.map(|token| clock::rfc3339(token.expires())),
    }
}

impl SignIn {
    fn summary(&self) -> Option<String> {
        let Self { portal, expiration, renewable, registration_expiration } = self;
        let portal = portal.as_deref()?;
        Some(match (expiration, registration_expiration) {
            (None, _) => format!("{portal}, not signed in"),
            (Some(until), Some(registration)) if *renewable => {
                format!("{portal}, until {until}, then renewed; registered until {registration}")
            }
            (Some(until), None) if *renewable => format!("{portal}, until {until}, then renewed"),
            (Some(until), _) => format!("{portal}, until {until}, not renewed"),
        })
    }
}

/// Why there is no session, and what to do.
fn tell(status: &mut Status, standing: Standing) {
    let (reason, hint) = match standing {
        Standing::Kept(_) => return,
        Standing::Pending => ("a session is being fetched".to_owned(), None),
        Standing::Failed(failure) => {
            status.again = Some(failure.again);
            (failure.what, failure.hint)
        }
        Standing::NeedsCode(serial) => {
            (format!("the MFA device {serial} wants a code"), Some("run `awsenv refresh`".to_owned()))
        }
        Standing::NeedsSignIn => {
            let name = status.name.as_deref().unwrap_or_default();
            (format!("{name} needs a sign-in"), Some(SIGN_IN.to_owned()))
        }
        Standing::Absent => {
            let hint = "the hook fetches one at the next prompt, `awsenv refresh` does it now";
            ("no session is kept yet".to_owned(), Some(hint.to_owned()))
        }
    };
    status.reason = Some(reason);
    status.hint = hint;
}

/// Credentials, or the plain variables of a pin that has none; but not the sentence of one that failed.
fn holds(memory: &Memory, verdict: &Verdict) -> bool {
    let credentials = memory.traces.contains_key("AWSENV_PROFILE");
    credentials || matches!(verdict, Verdict::Pinned(pinned) if pinned.pin.source.is_none())
}

fn because(status: &mut Status, error: &anyhow::Error) {
    status.reason = Some(format!("{error:#}"));
    status.hint = message::hint(error).map(str::to_owned);
}

fn card(status: &Status, world: &World) -> String {
    let mut rows: Vec<(&str, String)> = Vec::new();
    let title = match (status.state, &status.name) {
        ("pinned", Some(name)) => name.clone(),
        ("pinned", None) => "variables only".into(),
        ("refused", _) => "no credentials".into(),
        ("not_allowed", _) => "not allowed".into(),
        _ => "nothing is pinned here".into(),
    };
    rows.extend(status.chosen.clone().map(|chosen| ("chosen", format!("{chosen}, for this shell"))));
    let called = status.account_name.as_ref().map(|name| format!(" ({name})")).unwrap_or_default();
    rows.extend(status.account.as_ref().map(|account| ("account", format!("{account}{called}"))));
    rows.extend(status.region.clone().map(|region| ("region", region)));
    rows.extend((!status.steps.is_empty()).then(|| ("by", status.steps.join(" → "))));
    rows.extend(
        status.keychain.map(|rests| ("keys", format!("in {}", keychain::shown(rests, &world.places)))),
    );
    rows.extend(status.sign_in.summary().map(|summary| ("sign-in", summary)));
    rows.extend(status.session_expiration.as_ref().map(|until| ("session", format!("until {until}"))));
    if status.state == "pinned" {
        let loaded = match (status.stands_back, status.loaded, &status.expiration) {
            (true, ..) => "no: credentials were set by hand".into(),
            (_, true, Some(until)) => format!("yes, until {until}"),
            (_, true, None) => "yes".into(),
            (_, false, _) if world.env.text("AWSENV_DISABLE").is_some() => "no: AWSENV_DISABLE is set".into(),
            (_, false, _) if world.env.get(STATE).is_none() => "no: no hook has run in this shell".into(),
            (_, false, _) => "no".into(),
        };
        rows.push(("loaded", loaded));
    }
    for file in &status.files {
        rows.push(("file", tilde(std::path::Path::new(file), &world.places.home)));
    }
    rows.extend(status.reason.clone().map(|reason| ("why", reason)));
    rows.extend(status.hint.clone().map(|hint| ("hint", hint)));
    rows.extend(status.again.clone().map(|again| ("again", format!("not before {again}"))));
    let mut text = printable(&title) + "\n";
    for (name, value) in rows {
        text.push_str(&format!("  {name:<8} {}\n", printable(&value)));
    }
    text
}
