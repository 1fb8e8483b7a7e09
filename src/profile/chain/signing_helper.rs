//! A `credential_process` that runs AWS's own helper for IAM Roles Anywhere: what it says is understood, and the helper
//! is not run. A command line with anything in it that awsenv does not serve (a TPM, a certificate store; a PKCS#11
//! token, where that is not built in) is left to be run as it stands.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{Held, PKCS11, Pkcs11Uri, RolesAnywhere, SaidBy};
use crate::limits::{self, Reason};
use crate::message::Failure;
use crate::profile::profile::Profile;
use crate::secret::Secret;

/// Flags that take a value; every other leaves the command to be run.
const FLAGS: [&str; 12] = [
    "--role-arn",
    "--profile-arn",
    "--trust-anchor-arn",
    "--session-duration",
    "--role-session-name",
    "--region",
    "--endpoint",
    "--certificate",
    "--private-key",
    "--intermediates",
    "--pkcs8-password",
    PKCS11_LIB,
];
const PKCS11_LIB: &str = "--pkcs11-lib";

/// What means something to a shell.
const SPECIAL: [char; 18] =
    ['$', '`', '~', '*', '?', '[', ']', '{', '}', '(', ')', '<', '>', '|', '&', ';', '#', '!'];

/// What the helper would ask of AWS. An error: it is the helper's command, and could not work.
pub(super) fn recognized(profile: &Profile<'_>, key: &'static str) -> Result<Option<RolesAnywhere>, Failure> {
    let Some(flags) = profile.command(key)?.and_then(Flags::parse) else { return Ok(None) };
    flags.source().map_err(|(flag, reason)| profile.fault(key, format!("{flag}: {reason}")))
}

/// Flags with their values.
struct Flags(Vec<(&'static str, String)>);

impl Flags {
    fn parse(command: &str) -> Option<Self> {
        // Some AWS clients run the command by a shell, others do not: what they would read differently is not read here.
        if command.contains(SPECIAL) && !has_only_uris_quoted(command) {
            return None;
        }
        let words = shell_words::split(command).ok()?;
        let [program, "credential-process", words @ ..] =
            &words.iter().map(String::as_str).collect::<Vec<_>>()[..]
        else {
            return None;
        };
        if Path::new(program).file_name()? != "aws_signing_helper" {
            return None;
        }
        let mut words = words.iter();
        let mut flags = Vec::new();
        while let Some(word) = words.next() {
            let (name, value) = match word.split_once('=') {
                Some((name, value)) => (name, value),
                // awsenv goes by a proxy wherever the environment names one.
                None if *word == "--with-proxy" => continue,
                // The PIN of a key that wants it for each signature is the token's own here.
                None if *word == "--reuse-pin" && cfg!(feature = "pkcs11") => continue,
                None => (*word, *words.next()?),
            };
            flags.push((FLAGS.into_iter().find(|flag| *flag == name)?, value.to_owned()));
        }
        Some(Self(flags))
    }

    /// Said twice, the last one counts, as for the helper.
    fn said(&self, flag: &str) -> Option<&str> {
        self.0.iter().rfind(|(name, _)| *name == flag).map(|(_, value)| value.as_str())
    }

    /// The helper takes an empty text for none: templates write such.
    fn value(&self, flag: &str) -> Option<&str> {
        self.said(flag).filter(|value| !value.is_empty())
    }

    fn source(&self) -> Result<Option<RolesAnywhere>, (&'static str, Reason)> {
        let needed = ["--trust-anchor-arn", "--profile-arn", "--role-arn", "--certificate"];
        let ([Some(anchor), Some(profile), Some(role), Some(certificate)], key) =
            (needed.map(|flag| self.value(flag)), self.value("--private-key"))
        else {
            return Ok(None);
        };
        let intermediates = self.value("--intermediates");
        let (endpoint, module) = (self.value("--endpoint"), self.value(PKCS11_LIB));
        let on_token = |place: &&str| cfg!(feature = "pkcs11") && place.starts_with(PKCS11);
        let files =
            [Some(certificate).filter(|place| !on_token(place)), key.filter(|place| !on_token(place))];
        // Whose directory a relative path would start in is not known; `handle:` is none.
        if files.iter().chain(&[intermediates, module]).flatten().any(|path| !path.starts_with('/'))
            || module.is_some() && !on_token(&certificate) && !key.as_ref().is_some_and(on_token)
            || endpoint
                .is_some_and(|url| !["http://", "https://"].iter().any(|scheme| url.starts_with(scheme)))
        {
            return Ok(None);
        }
        let held = |flag, text: &str, object| match text.starts_with(PKCS11) {
            false => Ok(Held::from(text)),
            true => Pkcs11Uri::parse(text, object)
                .map(|uri| Held::Token(uri.by(module).into()))
                .map_err(|reason| (flag, reason)),
        };
        let certificate = held("--certificate", certificate, "cert")?;
        let key = key.map(|key| held("--private-key", key, "private")).transpose()?;
        let checked = |flag, is_good: Result<(), Reason>| is_good.map_err(|reason| (flag, reason));
        checked("--trust-anchor-arn", limits::trust_anchor_arn(anchor))?;
        checked("--profile-arn", limits::roles_anywhere_profile_arn(profile, anchor))?;
        checked("--role-arn", limits::arn(role, "iam", "role/"))?;
        let session_name = self.value("--role-session-name");
        checked("--role-session-name", session_name.map_or(Ok(()), limits::session_name))?;
        let source = RolesAnywhere {
            trust_anchor_arn: anchor.to_owned(),
            profile_arn: profile.to_owned(),
            role_arn: role.to_owned(),
            private_key: key.unwrap_or_else(|| certificate.clone()),
            certificate,
            intermediates: intermediates.map(PathBuf::from),
            session_name: session_name.map(str::to_owned),
            duration: self
                .said("--session-duration")
                .map(seconds)
                .transpose()
                .map_err(|reason| ("--session-duration", reason))?,
            password: self.value("--pkcs8-password").map(Secret::new),
            endpoint: endpoint.map(str::to_owned),
            said_by: SaidBy::User,
            noted: None,
            stamps: Vec::new(),
        };
        match self.value("--region") {
            Some(region) if region != source.region() => {
                Err(("--region", format!("the trust anchor is in {}", source.region())))
            }
            _ => Ok(Some(source)),
        }
    }
}

/// Whether all that is special stands in the quotes of PKCS#11 URIs, and is none but what they are made of: in quotes,
/// everybody reads that alike.
fn has_only_uris_quoted(command: &str) -> bool {
    let parts = || command.split(['"', '\'']);
    let outside = parts().step_by(2).all(|part| !part.contains(SPECIAL));
    let mut within = parts().skip(1).step_by(2).filter(|part| part.contains(SPECIAL));
    let are_uris = within.all(|part| {
        let uri = part.rsplit_once(PKCS11).map_or("", |(_, uri)| uri);
        cfg!(feature = "pkcs11") && !uri.is_empty() && !uri.contains(['$', '`', '!'])
    });
    // Of quotes within quotes, or behind a backslash, nobody could say which is which.
    let is_tangled = command.contains('\\') || command.contains('"') && command.contains('\'');
    outside && are_uris && !is_tangled
}

fn seconds(text: &str) -> Result<Duration, Reason> {
    let seconds = text.parse().map_err(|_| "a number of seconds is expected")?;
    let duration = Duration::from_secs(seconds);
    limits::duration(duration, limits::ROLE_DURATION).map(|()| duration)
}

#[cfg(test)]
mod tests {
    use super::super::resolve::tests::resolve_asking;
    use super::super::{Asked, Source};
    use super::*;

    const ANCHOR: &str = "arn:aws:rolesanywhere:us-east-1:111122223333:trust-anchor/0";
    const PROFILE: &str = "arn:aws:rolesanywhere:us-east-1:111122223333:profile/0";
    const ROLE: &str = "arn:aws:iam::111122223333:role/path/Edge";

    fn needed() -> String {
        format!(
            "--trust-anchor-arn {ANCHOR} --profile-arn={PROFILE} --role-arn '{ROLE}' --certificate /c.pem"
        )
    }

    fn source(command: &str) -> Result<Source, String> {
        let config = format!("[profile a]\ncredential_process = {command}");
        resolve_asking(&config, "a", &Asked::default())
            .map(|chain| chain.source)
            .map_err(|e| format!("{e:#}"))
    }

    fn understood(more: &str) -> RolesAnywhere {
        let command = format!("/opt/aws_signing_helper credential-process {} {more}", needed());
        match source(&command).unwrap() {
            Source::RolesAnywhere(source) => source,
            other => panic!("{command}: {other:?}"),
        }
    }

    #[test]
    fn what_the_helper_would_ask_for_is_asked_for() {
        let least = RolesAnywhere {
            trust_anchor_arn: ANCHOR.into(),
            profile_arn: PROFILE.into(),
            role_arn: ROLE.into(),
            certificate: "/c.pem".into(),
            private_key: "/c.pem".into(),
            said_by: SaidBy::User,
            ..RolesAnywhere::default()
        };
        assert_eq!(understood(""), least);
        assert_eq!(understood("--region us-east-1 --with-proxy"), least);
        let nothing = "--region '' --role-session-name= --endpoint \"\" --intermediates= --private-key= --pkcs8-password=";
        assert_eq!(understood(nothing), least);
        let all = RolesAnywhere {
            certificate: "/d e.pem".into(),
            private_key: "/k=1.pem".into(),
            intermediates: Some("/i.pem".into()),
            session_name: Some("ci".into()),
            duration: Some(Duration::from_secs(900)),
            password: Some(Secret::new("hunter2")),
            endpoint: Some("https://localhost:1".into()),
            ..least
        };
        let said = "--certificate \"/d e.pem\" --private-key=/k=1.pem --intermediates /i.pem --role-session-name ci \
                    --session-duration 900 --pkcs8-password hunter2 --endpoint https://localhost:1";
        assert_eq!(understood(said), all);
        assert!(!format!("{all:?}").contains("hunter2"));
    }

    #[test]
    fn what_is_not_served_is_left_to_be_run() {
        let helper = "/opt/aws_signing_helper credential-process";
        let least = needed();
        for command in [
            format!("/opt/other credential-process {least}"),
            format!("/opt/aws_signing_helper update {least}"),
            format!("sh -c 'aws_signing_helper credential-process {least}'"),
            format!("{helper} {least} --cert-selector Key=x509Subject,Value=CN=a"),
            format!("{helper} {least} --use-latest-expiring-certificate"),
            format!("{helper} {least} --no-verify-ssl"),
            format!("{helper} {least} --role-arn="),
            format!("{helper} {least} --debug"),
            format!("{helper} {least} --debug=false"),
            format!("{helper} {least} --pkcs11-lib /usr/lib/p11.so"),
            format!("{helper} {least} --private-key pkcs11:object=a;id=%01"),
            format!("{helper} {least} --private-key \"pkcs11:object=$(id)\""),
            format!("{helper} {least} --private-key 'pkcs11:object=a;id=%01' | \"tee\" /tmp/x"),
            format!("{helper} {least} --private-key 'pkcs11:object=a;id=%01' --pkcs11-lib p11.so"),
            format!("{helper} {least} --private-key '/k;1.pem'"),
            format!("{helper} {least} --private-key handle:0x81000001"),
            format!("{helper} {least} --private-key key.pem"),
            format!("{helper} {least} --private-key ~/key.pem"),
            format!("{helper} {least} --endpoint localhost"),
            format!("{helper} {least} --private-key"),
            format!("{helper} {least} | tee /tmp/x"),
            format!("{helper} --trust-anchor-arn {ANCHOR} --profile-arn {PROFILE} --role-arn {ROLE}"),
            format!("{helper} --profile-arn {PROFILE} --role-arn {ROLE} --certificate /c.pem"),
        ] {
            assert!(matches!(source(&command), Ok(Source::Process { .. })), "{command}");
        }
    }

    #[test]
    fn a_pkcs11_token_is_understood_where_it_is_built_in() {
        let command = format!(
            "/opt/aws_signing_helper credential-process {} --private-key 'pkcs11:token=a;id=%01?pin-value=4242' \
             --pkcs11-lib /p11.so --reuse-pin",
            needed()
        );
        let source = source(&command).unwrap();
        if !cfg!(feature = "pkcs11") {
            return assert!(matches!(source, Source::Process { .. }));
        }
        let Source::RolesAnywhere(source) = source else { panic!("{source:?}") };
        let uri = source.private_key.token().unwrap();
        assert_eq!(
            (uri.identity().as_str(), &uri.pin),
            ("pkcs11:id=%01;token=a?module-path=/p11.so", &Some(Secret::new("4242")))
        );
        assert_eq!((source.certificate, source.said_by), ("/c.pem".into(), SaidBy::User));
    }

    #[test]
    fn what_could_not_work_is_an_error_with_its_line() {
        let elsewhere = PROFILE.replace("us-east-1", "eu-west-1");
        for (more, expected) in [
            ("--session-duration 60", "--session-duration: AWS allows 15m to 12h00m"),
            ("--session-duration 1h", "--session-duration: a number of seconds is expected"),
            ("--session-duration=", "--session-duration: a number of seconds is expected"),
            ("--region eu-west-1", "--region: the trust anchor is in us-east-1"),
            ("--role-session-name x", "--role-session-name: 2 to 64 letters, digits or any of _+=,.@-"),
            ("--role-arn Edge", "--role-arn: expected an ARN like arn:aws:iam::111122223333:role/…"),
            (
                &format!("--profile-arn {elsewhere}"),
                "--profile-arn: it is in eu-west-1, but the trust anchor is in us-east-1",
            ),
        ] {
            let command = format!("/opt/aws_signing_helper credential-process {} {more}", needed());
            assert_eq!(source(&command).unwrap_err(), format!("c:2: credential_process: {expected}"));
        }
    }
}
