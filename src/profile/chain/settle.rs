//! AWS's rules on session lengths and MFA, applied to a chain as it was written.

use super::{Asked, Origin, RoleChain, SessionToken, Source};
use crate::clock::human;
use crate::limits;
use crate::message::Failure;

/// Puts in the asked-for length, GetSessionToken where it saves MFA codes, and AWS's limits; what may surprise
/// becomes a note.
pub fn settle(mut chain: RoleChain, asked: &Asked) -> anyhow::Result<RoleChain> {
    ask_for_a_length(&mut chain, asked)?;
    if asked.session.is_none() || costs_more_than_it_saves(&chain) {
        present_the_device_oneself(&mut chain);
    }
    if let Some(length) = asked.session {
        call_get_session_token(&mut chain);
        chain.session_token.iter_mut().for_each(|session| _ = session.duration.get_or_insert(length));
    }
    present_each_device_once(&mut chain);
    cap_what_is_chained(&mut chain);
    Ok(chain)
}

/// The asked-for length is that of the last hop.
fn ask_for_a_length(chain: &mut RoleChain, asked: &Asked) -> Result<(), Failure> {
    let Some(duration) = asked.duration else { return Ok(()) };
    let (field, range) = match (chain.roles.last_mut(), &mut chain.session_token, &mut chain.source) {
        (Some(role), _, _) => (&mut role.duration, limits::ROLE_DURATION),
        (None, Some(session), _) => (&mut session.duration, limits::SESSION_DURATION),
        (None, None, Source::WebIdentity { role, .. }) => (&mut role.duration, limits::ROLE_DURATION),
        (None, None, Source::RolesAnywhere(source)) => (&mut source.duration, limits::ROLE_DURATION),
        _ => {
            let length = human(duration);
            chain
                .notes
                .push(format!("a duration of {length} has no effect: no role is assumed by {}", chain.name));
            return Ok(());
        }
    };
    limits::duration(duration, range)
        .map_err(|reason| Failure::new(format!("a duration of {}: {reason}", human(duration))))?;
    *field = Some(duration);
    Ok(())
}

/// GetSessionToken between keys and roles shortens their sessions to an hour: worth it for MFA, and not for a single
/// role that is asked to last longer.
fn costs_more_than_it_saves(chain: &RoleChain) -> bool {
    let without_mfa = chain.session_token.as_ref().is_some_and(|session| session.mfa_serial.is_none());
    let is_long = chain.roles.len() == 1 && chain.roles[0].duration > Some(limits::CHAINED);
    !chain.roles.is_empty() && (without_mfa || is_long)
}

/// The first role presents what GetSessionToken would have.
fn present_the_device_oneself(chain: &mut RoleChain) {
    let Some(session) = chain.session_token.take() else { return };
    let Some(first) = chain.roles.first_mut().filter(|role| role.mfa_serial.is_none()) else { return };
    first.mfa_serial = session.mfa_serial;
    first.mfa_process = session.mfa_process;
    first.mfa_decided_by = session.origin.decided_by;
}

/// One code given to GetSessionToken serves every role behind the device. But its session is temporary, and a
/// role assumed with it gets one hour at most: a single longer role presents the device itself.
fn call_get_session_token(chain: &mut RoleChain) {
    let is_single = chain.roles.len() == 1;
    let Some(first) = chain.roles.first_mut() else { return };
    let is_long = is_single && first.duration > Some(limits::CHAINED);
    if first.mfa_serial.is_none() || is_long || chain.session_token.is_some() || !is_long_lived(&chain.source)
    {
        return;
    }
    chain.session_token = Some(SessionToken {
        mfa_serial: first.mfa_serial.take(),
        mfa_process: first.mfa_process.take(),
        duration: None,
        origin: Origin { profile: first.profile.clone(), decided_by: first.mfa_decided_by.take() },
    });
}

/// A code works once, and a role's session cannot present one at all.
fn present_each_device_once(chain: &mut RoleChain) {
    let mut presented = chain.session_token.as_ref().and_then(|session| session.mfa_serial.clone());
    let mut signed_by_role = is_role_session(&chain.source);
    for role in &mut chain.roles {
        if role.mfa_serial.is_some() && role.mfa_serial == presented {
            (role.mfa_serial, role.mfa_process, role.mfa_decided_by) = (None, None, None);
        } else if role.mfa_serial.is_some() && signed_by_role {
            let place = role.mfa_decided_by.as_deref().unwrap_or("mfa_serial");
            chain.notes.push(format!(
                "role {}: AWS lets no role's session present an MFA device ({place})",
                role.name()
            ));
        } else if role.mfa_serial.is_some() {
            presented.clone_from(&role.mfa_serial);
        }
        signed_by_role = true;
    }
}

fn cap_what_is_chained(chain: &mut RoleChain) {
    let mut signed_by_process = matches!(chain.source, Source::Process { .. });
    let mut signed_by_session = chain.session_token.is_some() || !is_long_lived(&chain.source);
    for role in &mut chain.roles {
        if let Some(duration) =
            role.duration.filter(|duration| signed_by_session && *duration > limits::CHAINED)
        {
            let (asked, cap) = (human(duration), human(limits::CHAINED));
            let why = "AWS allows no more for a chained role";
            chain.notes.push(if signed_by_process {
                // Whoever makes the call sees what was printed.
                format!("role {}: {asked}, or {cap} if the process prints a session: {why}", role.name())
            } else {
                role.duration = Some(limits::CHAINED);
                format!("role {}: {asked} capped to {cap}: {why}", role.name())
            });
        }
        (signed_by_process, signed_by_session) = (false, true);
    }
}

/// What a process prints is unknown until it has run; GetSessionToken takes no session.
fn is_long_lived(source: &Source) -> bool {
    match source {
        Source::Keys { credentials, .. } | Source::Environment(credentials) => {
            credentials.session_token.is_none()
        }
        Source::Keychain { .. } => true,
        _ => false,
    }
}

fn is_role_session(source: &Source) -> bool {
    matches!(
        source,
        Source::Sso(_)
            | Source::WebIdentity { .. }
            | Source::RolesAnywhere(_)
            | Source::Ec2Metadata(_)
            | Source::Container(_)
    )
}

#[cfg(test)]
mod tests {
    use super::super::resolve::tests::{resolve_asking, resolve_with_keys};
    use super::*;
    use std::time::Duration;

    const HOUR: Duration = Duration::from_secs(3600);
    const KEYS: &str = "aws_access_key_id = AKIA1\naws_secret_access_key = s";
    const SSO: &str =
        "sso_start_url = https://x\nsso_region = us-east-1\nsso_account_id = 111122223333\nsso_role_name = R";
    const MFA: &str = "mfa_serial = arn:aws:iam::111122223333:mfa/me";

    /// `role1` on `base`, `role2` on `role1`.
    fn config(base: &str, role1: &str, role2: &str) -> String {
        let arn = |n| format!("role_arn = arn:aws:iam::222222222222:role/R{n}");
        format!(
            "[profile base]\n{base}\n[profile role1]\n{}\nsource_profile = base\n{role1}\n\
             [profile role2]\n{}\nsource_profile = role1\n{role2}\n",
            arn(1),
            arn(2)
        )
    }

    /// `GST!` (`!`: with MFA), then each role with its hours, then the notes.
    fn calls(config: &str, profile: &str, asked: Asked) -> (String, Vec<String>) {
        let chain = resolve_asking(config, profile, &asked).unwrap();
        (shown(&chain), chain.notes)
    }

    fn shown(chain: &RoleChain) -> String {
        let mark = |serial: &Option<String>| if serial.is_some() { "!" } else { "" };
        let session = chain.session_token.iter().map(|session| format!("GST{}", mark(&session.mfa_serial)));
        let roles = chain.roles.iter().map(|role| {
            let length = role.duration.map(human).unwrap_or_default();
            format!("{}{}{length}", role.name(), mark(&role.mfa_serial))
        });
        session.chain(roles).collect::<Vec<_>>().join(" ")
    }

    fn asking(duration: Option<Duration>, session: bool) -> Asked {
        Asked { duration, session: session.then_some(limits::KEY_SESSION) }
    }

    #[test]
    fn one_code_serves_every_role_behind_the_device() {
        let shared = config(KEYS, MFA, MFA);
        for (profile, asked, expected) in [
            ("base", asking(None, true), ""),
            ("role1", asking(None, true), "GST! R1"),
            ("role1", asking(Some(HOUR), true), "GST! R11h00m"),
            ("role1", asking(Some(2 * HOUR), true), "R1!2h00m"),
            ("role1", asking(None, false), "R1!"),
            ("role2", asking(None, true), "GST! R1 R2"),
            ("role2", asking(None, false), "R1! R2"),
        ] {
            assert_eq!(calls(&shared, profile, asked), (expected.to_owned(), vec![]), "{profile} {asked:?}");
        }
        assert_eq!(calls(&config(KEYS, "", ""), "role2", Asked::default()).0, "R1 R2");
        assert_eq!(calls(&config(KEYS, MFA, ""), "role2", Asked::default()).0, "GST! R1 R2");
        // Keys that are a session already cannot call GetSessionToken.
        let session = config(&format!("{KEYS}\naws_session_token = t"), MFA, "");
        assert_eq!(calls(&session, "role1", Asked::default()), ("R1!".into(), vec![]));
        // Keys without a role are used as they are, as the SDKs do.
        assert_eq!(calls(&config(&format!("{KEYS}\n{MFA}"), "", ""), "base", Asked::default()).0, "");
    }

    #[test]
    fn keys_of_the_keychain_become_a_session_where_that_is_worth_it() {
        let device = MFA.split_once("= ").map(|(_, serial)| serial);
        let long = "duration_seconds = 7200";
        let without = asking(None, false);
        for (role1, profile, serial, asked, expected) in [
            ("", "base", None, Asked::default(), "GST"),
            ("", "base", device, Asked::default(), "GST!"),
            ("", "base", device, without, ""),
            ("", "role1", None, Asked::default(), "R1"),
            (MFA, "role1", None, Asked::default(), "GST! R1"),
            ("", "role1", device, Asked::default(), "GST! R1"),
            (MFA, "role1", device, Asked::default(), "GST! R1"),
            ("", "role1", device, without, "R1!"),
            (long, "role1", None, Asked::default(), "R12h00m"),
            (long, "role1", device, Asked::default(), "R1!2h00m"),
            ("", "role2", device, Asked::default(), "GST! R1 R2"),
        ] {
            let chain = resolve_with_keys(&config("", role1, ""), profile, serial, &asked);
            assert_eq!(shown(&chain), expected, "{role1} {profile} {serial:?} {asked:?}");
        }
        let own =
            resolve_with_keys(&config(MFA, "", ""), "base", Some("another"), &asking(Some(2 * HOUR), true));
        let session = own.session_token.unwrap();
        assert_eq!((session.mfa_serial.as_deref(), session.duration), (device, Some(2 * HOUR)));
    }

    #[test]
    fn a_device_that_only_a_role_could_present_is_pointed_out() {
        let note =
            |role, line| format!("role {role}: AWS lets no role's session present an MFA device (c:{line})");
        let other = "mfa_serial = arn:aws:iam::111122223333:mfa/other";
        assert_eq!(
            calls(&config(KEYS, MFA, other), "role2", Asked::default()),
            ("GST! R1 R2!".into(), vec![note("R2", 11)])
        );
        assert_eq!(
            calls(&config(KEYS, "", MFA), "role2", Asked::default()),
            ("R1 R2!".into(), vec![note("R2", 11)])
        );
        assert_eq!(
            calls(&config(SSO, MFA, ""), "role1", Asked::default()),
            ("R1!".into(), vec![note("R1", 9)])
        );
    }

    #[test]
    fn chained_roles_get_one_hour() {
        let note = |role, length| {
            vec![format!("role {role}: {length} capped to 1h00m: AWS allows no more for a chained role")]
        };
        let open =
            "role R1: 2h00m, or 1h00m if the process prints a session: AWS allows no more for a chained role";
        let open = vec![open.to_owned()];
        let long = "duration_seconds = 7200";
        let session = format!("{KEYS}\naws_session_token = t");
        for (base, role1, role2, profile, asked, expected, notes) in [
            (KEYS, long, "", "role1", None, "R12h00m", vec![]),
            (KEYS, "", "", "role1", Some(12 * HOUR), "R112h00m", vec![]),
            (KEYS, long, "", "role1", Some(HOUR), "R11h00m", vec![]),
            (KEYS, long, "", "role2", None, "R12h00m R2", vec![]),
            (KEYS, "", long, "role2", None, "R1 R21h00m", note("R2", "2h00m")),
            (KEYS, "", long, "role2", Some(3 * HOUR), "R1 R21h00m", note("R2", "3h00m")),
            (SSO, long, "", "role1", None, "R11h00m", note("R1", "2h00m")),
            (&session, long, "", "role1", None, "R11h00m", note("R1", "2h00m")),
            ("credential_process = x", long, "", "role1", None, "R12h00m", open),
            ("credential_process = x", "", long, "role2", None, "R1 R21h00m", note("R2", "2h00m")),
            (
                "login_session = arn:aws:iam::111122223333:user/me",
                long,
                "",
                "role1",
                None,
                "R11h00m",
                note("R1", "2h00m"),
            ),
            ("credential_source = EcsContainer", long, "", "role1", None, "R11h00m", note("R1", "2h00m")),
            (
                "credential_source = Ec2InstanceMetadata",
                long,
                "",
                "role1",
                None,
                "R11h00m",
                note("R1", "2h00m"),
            ),
        ] {
            let calls = calls(&config(base, role1, role2), profile, asking(asked, true));
            assert_eq!(calls, (expected.to_owned(), notes), "{base} {role1} {role2} {profile} {asked:?}");
        }
        let with_mfa = config(KEYS, &format!("{MFA}\n{long}"), "");
        assert_eq!(
            calls(&with_mfa, "role2", Asked::default()),
            ("GST! R11h00m R2".into(), note("R1", "2h00m"))
        );
        assert_eq!(calls(&with_mfa, "role1", Asked::default()), ("R1!2h00m".into(), vec![]));
    }

    #[test]
    fn an_asked_for_length_is_within_what_aws_allows() {
        let error = |seconds| {
            let asked = asking(Some(Duration::from_secs(seconds)), true);
            resolve_asking(&config(KEYS, "", ""), "role1", &asked).unwrap_err().to_string()
        };
        assert_eq!(error(899), "a duration of 14m: AWS allows 15m to 12h00m");
        assert_eq!(error(43_201), "a duration of 12h00m: AWS allows 15m to 12h00m");
        assert_eq!(
            calls(&config(SSO, "", ""), "base", asking(Some(HOUR), true)).1,
            ["a duration of 1h00m has no effect: no role is assumed by base"]
        );
    }

    #[test]
    fn a_web_identity_is_not_chained() {
        let config = "[profile a]\nrole_arn = arn:aws:iam::222222222222:role/W\nweb_identity_token_file = /t";
        let chain = resolve_asking(config, "a", &asking(Some(2 * HOUR), true)).unwrap();
        let Source::WebIdentity { role, .. } = chain.source else { panic!("{:?}", chain.source) };
        assert_eq!(role.duration, Some(2 * HOUR));
    }
}
