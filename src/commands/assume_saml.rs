//! `awsenv assume-saml`: a role's session for an assertion that a corporate sign-in has given, printed and not kept:
//! the assertion is good for minutes, so nobody could renew it.

use std::io::{self, IsTerminal, Read};
use std::time::Duration;

use anyhow::Context;
use clap::ValueEnum as _;

use super::credentials::{Format, Printed, print};
use super::history::{self, Given};
use super::subject::person_means;
use crate::credentials::Credentials;
use crate::limits;
use crate::message::{Exit, Failure};
use crate::process;
use crate::profile::chain::Role;
use crate::prompt::resolve::users_region;
use crate::provider::saml;
use crate::secret::Secret;
use crate::session::history::{Event, Record};
use crate::world::World;

/// AWS STS, SAMLAssertion.
const MOST: usize = 100_000;

/// What is asked for.
#[derive(Debug)]
pub struct AssumeSaml<'a> {
    /// The role; the assertion has to offer it.
    pub role_arn: &'a str,
    /// The identity provider in IAM; the assertion names the two together.
    pub principal_arn: &'a str,
    /// The session's length.
    pub duration: Option<Duration>,
    /// Where STS is called.
    pub region: Option<&'a str>,
    /// Who reads.
    pub format: Format,
}

/// Exchanges it.
pub fn run(asked: &AssumeSaml<'_>, world: &World) -> anyhow::Result<()> {
    let usage = |what: &str, text: &str, reason: String| {
        Failure::new(format!("{what} {text}: {reason}")).exit(Exit::Usage)
    };
    limits::arn(asked.role_arn, "iam", "role/").map_err(|why| usage("--role-arn", asked.role_arn, why))?;
    limits::arn(asked.principal_arn, "iam", "saml-provider/")
        .map_err(|why| usage("--principal-arn", asked.principal_arn, why))?;
    if let Some(duration) = asked.duration {
        limits::duration(duration, limits::ROLE_DURATION)
            .map_err(|why| usage("--duration", &crate::clock::human(duration), why))?;
    }
    let assertion = assertion()?;
    let role = Role { arn: asked.role_arn.to_owned(), duration: asked.duration, ..Role::default() };
    let region = asked.region.map(str::to_owned).or_else(|| users_region(&world.original));
    let means = person_means(&[], world);
    let credentials =
        saml::credentials(&role, asked.principal_arn, &assertion, region.as_deref(), &means.aws)?;
    print(
        &Printed {
            name: role.name(),
            credentials: &credentials,
            account: credentials.account.as_deref(),
            region: region.as_deref(),
        },
        asked.format,
    )?;
    note(&role, &credentials, asked.format, world);
    Ok(())
}

/// No profile and no `.awsenv` comes into it.
fn note(role: &Role, credentials: &Credentials, format: Format, world: &World) {
    let by = format.to_possible_value();
    let given = Given {
        event: Event::Saml,
        by: by.as_ref().map_or("env", clap::builder::PossibleValue::get_name),
        pid: process::parent(),
        account: credentials.account.as_deref(),
        expiry: credentials.expiry,
    };
    let directory = world.pwd().to_string_lossy().into_owned();
    history::keep(&Record { role: Some(role.name().to_owned()), directory, ..given.record() }, world);
}

/// From standard input alone: arguments can be read by everybody.
fn assertion() -> anyhow::Result<Secret> {
    let stdin = io::stdin();
    if stdin.is_terminal() {
        return Err(Failure::new("the SAML assertion is read from standard input, and that is a terminal")
            .hint("send it there: awsenv assume-saml … < FILE")
            .exit(Exit::Usage)
            .into());
    }
    let mut text = zeroize::Zeroizing::new(Vec::with_capacity(2 * MOST + 1));
    stdin.take(2 * MOST as u64 + 1).read_to_end(&mut text).context("cannot read the SAML assertion")?;
    read(&text).map_err(|failure| failure.exit(Exit::Usage).into())
}

/// In base64; where it was broken into lines, in one.
fn read(text: &[u8]) -> Result<Secret, Failure> {
    let letters = || text.iter().filter(|byte| !byte.is_ascii_whitespace());
    if !letters().all(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(byte)) {
        return Err(no_assertion(text));
    }
    let assertion = Secret::new(letters().map(|byte| char::from(*byte)).collect::<String>());
    match assertion.expose().len() {
        0 => Err(Failure::new("no SAML assertion came on standard input")),
        4..=MOST => Ok(assertion),
        _ => Err(Failure::new("a SAML assertion has 4 to 100000 characters")),
    }
}

/// What came in its place, most of all the form that it stands in: `SAMLResponse` is that of a page, or of a request.
fn no_assertion(text: &[u8]) -> Failure {
    const FIELD: &[u8] = b"SAMLResponse";
    let is_form = text.windows(FIELD.len()).any(|part| part == FIELD);
    if text.trim_ascii_start().starts_with(b"<") && !is_form {
        return Failure::new("standard input is XML, and an assertion is sent in base64")
            .hint("encode it: base64 < FILE | awsenv assume-saml …");
    }
    Failure::new("what came on standard input is no SAML assertion in base64")
        .hint("send the value of SAMLResponse alone, with + / and = as they are")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_assertion_is_base64_whatever_its_lines() {
        assert_eq!(read(b" PHNhbWw+\r\nPC9zYW1sPg==\n").unwrap().expose(), "PHNhbWw+PC9zYW1sPg==");
        assert_eq!(read(&[b'A'; MOST]).unwrap().expose().len(), MOST);
    }

    #[test]
    fn what_is_none_is_refused_and_not_shown() {
        let nothing = ("no SAML assertion came on standard input", None);
        let length = ("a SAML assertion has 4 to 100000 characters", None);
        let xml = (
            "standard input is XML, and an assertion is sent in base64",
            Some("encode it: base64 < FILE | awsenv assume-saml …"),
        );
        let other = (
            "what came on standard input is no SAML assertion in base64",
            Some("send the value of SAMLResponse alone, with + / and = as they are"),
        );
        for (text, expected) in [
            (&b""[..], nothing),
            (b"\n", nothing),
            (b"abc", length),
            (&[b'A'; MOST + 1], length),
            (b"\n<saml>hunter2</saml>", xml),
            (b"hunter2 \x1b[31m", other),
            (b"aHVudGVyMg%3D%3D", other),
            (b"SAMLResponse=hunter2&x", other),
            (b"<html><input name=\"SAMLResponse\" value=\"hunter2\"></html>", other),
        ] {
            let failure = read(text).unwrap_err();
            assert_eq!((failure.what.as_str(), failure.hint.as_deref()), expected);
        }
    }
}
