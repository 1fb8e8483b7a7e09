//! `awsenv status`: what is loaded here, from where, until when, and why not.

use std::path::Path;

use serde::Serialize;

use super::drawing::Canvas;
use super::standing::Standing;
use super::subject::{logins, tokens};
use crate::clock::{self, SignedDuration, Timestamp};
use crate::files;
use crate::key_index::{KeyIndex, Rests};
use crate::message;
use crate::profile::chain::{self, Portal, Source};
use crate::profile::config::ConfigFiles;
use crate::prompt::allowlist::Allowlist;
use crate::prompt::directory::{Directory, Verdict};
use crate::prompt::env_file::Deliver;
use crate::prompt::memory::{self, Memory, STATE};
use crate::prompt::plan;
use crate::prompt::resolve::{check_account, resolve};
use crate::prompt::shell::Shell;
use crate::prompt::wanted::ENDPOINT;
use crate::provider::sso::SIGN_IN;
use crate::session::account_names;
use crate::world::{self, World};

mod decided;
mod drawn;
mod plain;

use decided::Decided;

/// What to do where nothing is pinned.
const NOTHING: &str =
    "`awsenv init PROFILE` pins a profile here, `awsenv use PROFILE` takes one for this shell";
/// So long a client registration lasts with AWS, which says only when it ends.
const REGISTRATION: SignedDuration = SignedDuration::from_hours(90 * 24);

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
    /// The last role's name; `null` for keys of a user.
    role: Option<String>,
    /// The stage says that one has to be careful.
    protected: bool,
    /// How programs get the credentials: `env`, `profile`, `endpoint`; `null` where there are none to get.
    delivery: Option<&'static str>,
    /// The profile or the address by which this shell's programs get them.
    delivered_by: Option<String>,
    /// `PATH:LINE` of what decided, or what else did.
    decided_by: Decided,
    /// Where the keys rest that it begins with: `os`, `file`; `null` where it begins otherwise.
    keychain: Option<Rests>,
    /// Whether this shell's environment holds them now.
    loaded: bool,
    /// RFC 3339; `null` for keys without an end.
    expiration: Option<String>,
    /// How the session stands: `kept`, `pending`, `failed`, `needs_person`, `absent`; `null` where it takes none.
    session: Option<&'static str>,
    /// When it was got, where one is kept.
    session_issued: Option<String>,
    /// Its end.
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
    /// Where it begins and through which roles it goes, by the names that people know.
    #[serde(skip)]
    path: Vec<String>,
    #[serde(skip)]
    spans: Spans,
}

/// What has an end, and its beginning where that is known.
#[derive(Debug, Default)]
struct Spans {
    session: Option<(Option<Timestamp>, Timestamp)>,
    sign_in: Option<(Option<Timestamp>, Timestamp)>,
    registration: Option<(Option<Timestamp>, Timestamp)>,
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
    let text = match Canvas::of_stdout(&world.env, world.settings.colours) {
        Some(canvas) => drawn::card(&status, canvas, world),
        None => plain::lines(&status, world),
    };
    world::out(text.as_bytes())
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
        role: None,
        protected: false,
        delivery: None,
        delivered_by: None,
        decided_by: Decided::default(),
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
        session_issued: None,
        session_expiration: None,
        sign_in: SignIn::default(),
        again: None,
        stands_back: remembered.is_some_and(|memory| memory.stands_back),
        reason: None,
        hint: None,
        path: Vec::new(),
        spans: Spans::default(),
    };
    if !matches!(directory.verdict, Verdict::Nothing) {
        status.reason = directory.complaint.as_ref().map(|complaint| complaint.text.clone());
    }
    match directory.verdict {
        Verdict::Nothing => {
            status.hint = Some(NOTHING.to_owned());
            if let Some(complaint) = directory.complaint {
                status.state = "not_allowed";
                status.files = vec![shown(&complaint.path)];
                status.reason = Some(complaint.text);
                status.hint = None;
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
            status.protected = pinned.pin.protected;
            status.decided_by = Decided::of(&pinned, directory.choice.as_ref());
            if pinned.pin.source.is_none() {
                return status;
            }
            (status.delivery, status.delivered_by) = delivery(pinned.pin.deliver, status.loaded, world);
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
                status.role = chain::role_name(&resolved.chain).map(str::to_owned);
                status.path = chain::path(&resolved.chain);
                status.decided_by.take(&resolved, &pinned.pin, &files, world);
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
                    Source::Sso(sso) => sign_in(&sso.portal, &mut status, world),
                    Source::Login { session_arn } => at_console(session_arn, &mut status, world),
                    _ => {}
                }
                let standing = Standing::of(&resolved, world, clock::now());
                status.session = Some(standing.word());
                match standing {
                    Standing::Kept(session) => {
                        let end = session.credentials.expiry.map(|expiry| expiry.0);
                        status.session_issued = Some(clock::rfc3339(session.issued));
                        status.session_expiration = end.map(clock::rfc3339);
                        status.spans.session = end.map(|end| (Some(session.issued), end));
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

/// How programs get the credentials, and by what if this shell's do.
fn delivery(deliver: Option<Deliver>, loaded: bool, world: &World) -> (Option<&'static str>, Option<String>) {
    let (word, variable) = match deliver {
        None | Some(Deliver::Env) => return (Some("env"), None),
        Some(Deliver::Profile) => ("profile", "AWS_PROFILE"),
        Some(Deliver::Endpoint) => ("endpoint", ENDPOINT),
    };
    (Some(word), world.env.text(variable).filter(|_| loaded).map(str::to_owned))
}

fn sign_in(portal: &Portal, status: &mut Status, world: &World) {
    let tokens = tokens(world);
    let token = tokens.load(portal).kept();
    let client = token.as_ref().and_then(|token| token.client.as_ref());
    status.spans.sign_in = token.as_ref().map(|token| (written(&tokens.path_of(portal)), token.expires));
    status.spans.registration =
        client.map(|client| (client.expires.checked_sub(REGISTRATION).ok(), client.expires));
    status.sign_in = SignIn {
        portal: Some(portal.label().to_owned()),
        renewable: token.as_ref().is_some_and(|token| tokens.is_renewable(portal, token, clock::now())),
        registration_expiration: client.map(|client| clock::rfc3339(client.expires)),
        expiration: token.as_ref().map(|token| clock::rfc3339(token.expires)),
    };
}

fn at_console(session_arn: &str, status: &mut Status, world: &World) {
    let logins = logins(world);
    let token = logins.load(session_arn).kept();
    status.spans.sign_in =
        token.as_ref().map(|token| (written(&logins.path_of(session_arn)), token.expires()));
    status.sign_in = SignIn {
        portal: Some(session_arn.to_owned()),
        renewable: token.as_ref().is_some_and(|token| logins.is_renewable(token)),
        registration_expiration: None,
        expiration: token.map(|token| clock::rfc3339(token.expires())),
    };
}

/// A token says when it ends, and its file when it began.
fn written(path: &Path) -> Option<Timestamp> {
    Timestamp::try_from(std::fs::metadata(path).ok()?.modified().ok()?).ok()
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

fn title(status: &Status) -> String {
    match (status.state, &status.name) {
        ("pinned", Some(name)) => name.clone(),
        ("pinned", None) => "variables only".into(),
        ("refused", _) => "no credentials".into(),
        ("not_allowed", _) => "not allowed".into(),
        _ => "nothing is pinned here".into(),
    }
}

/// Why a pin is not in this shell, where that is for the shell to mend, and how.
fn why_not(status: &Status, world: &World) -> Option<(String, String)> {
    let (why, what_to_do) = if status.stands_back {
        ("credentials were set by hand", "unset them, then leave the directory and come back".to_owned())
    } else if status.loaded {
        return None;
    } else if world.env.text("AWSENV_DISABLE").is_some() {
        ("AWSENV_DISABLE is set", "`unset AWSENV_DISABLE`, or `set -e AWSENV_DISABLE` in fish".to_owned())
    } else if world.env.get(STATE).is_none() {
        let shell = world.env.text("SHELL").and_then(Shell::named).unwrap_or(Shell::Bash);
        let line = match shell {
            Shell::Fish => "awsenv hook fish | source".to_owned(),
            shell => format!("eval \"$(awsenv hook {})\"", shell.name()),
        };
        ("no hook has run in this shell", format!("put `{line}` into your shell's file"))
    } else {
        return None;
    };
    Some((why.to_owned(), what_to_do))
}
