//! What AWS says when it refuses, kept as it is, and what to do about it.

use aws_sdk_sts::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;

use super::roles_anywhere;
use crate::aws::{self, seconds_ahead};
use crate::clock;
use crate::message::{Exit, Failure, printable};

/// More of AWS's own words than this is a page, not a message.
const LONGEST: usize = 400;
/// Further away than this, AWS takes no signature.
pub(super) const WINDOW: u64 = 15 * 60;

/// A failed call as a sentence: AWS's code and message, or how the way there failed.
#[expect(clippy::needless_pass_by_value, reason = "map_err hands the error over")]
pub(super) fn explain<E>(call: &str, error: SdkError<E, HttpResponse>) -> Failure
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    match &error {
        SdkError::ServiceError(context) => match (context.err().code(), context.err().message()) {
            (Some(code), message) => {
                let message = message.unwrap_or_default();
                let ahead = context.raw().headers().get("date").and_then(seconds_ahead);
                wrong_clock(call, code, message, ahead).unwrap_or_else(|| refused(call, code, message))
            }
            (None, _) => Failure::new(format!("{call}: no answer that AWS would give"))
                .hint("is there a proxy in between? look at HTTPS_PROXY and the endpoint settings"),
        },
        SdkError::TimeoutError(_) => {
            Failure::new(format!("{call}: no answer came from AWS: it took too long")).hint(NETWORK)
        }
        SdkError::DispatchFailure(failure) => {
            let error = failure.as_connector_error();
            let cause = error.map_or_else(String::new, |error| aws::innermost(error));
            match error.is_some_and(|error| aws::is_of_connecting(error)) {
                true => unreachable_host(call, &cause),
                false => Failure::new(format!("{call}: no answer came from AWS: {}", shortened(&cause)))
                    .hint(NETWORK),
            }
        }
        SdkError::ResponseError(_) => Failure::new(format!("{call}: the answer could not be read")),
        _ => Failure::new(format!("{call}: {}", shortened(&aws::innermost(&error)))),
    }
}

/// Whether AWS refused nothing but the MFA code.
pub(super) fn is_wrong_code(error: &anyhow::Error) -> bool {
    let words = "MultiFactorAuthentication failed with invalid MFA one time pass code";
    error.downcast_ref::<Failure>().is_some_and(|failure| failure.what.contains(words))
}

/// Whether no connection was made, so that nothing of the call has left.
pub(super) fn is_unsent(error: &anyhow::Error) -> bool {
    code(error) == Some(UNREACHABLE)
}

/// Whether AWS honours the keys that signed the call no more, or not here.
pub(super) fn is_unknown_signer(error: &anyhow::Error) -> bool {
    matches!(code(error), Some("ExpiredToken" | "ExpiredTokenException" | "InvalidClientTokenId"))
}

/// What stands after the name of the call.
fn code(error: &anyhow::Error) -> Option<&str> {
    error.downcast_ref::<Failure>()?.what.split(": ").nth(1)
}

const SET_THE_CLOCK: &str = "set the clock right: AWS allows 15 minutes";
const UNREACHABLE: &str = "AWS cannot be reached";
const NETWORK: &str = "check the network, HTTPS_PROXY and AWS_CA_BUNDLE";

fn unreachable_host(call: &str, why: &str) -> Failure {
    Failure::new(format!("{call}: {UNREACHABLE}: {}", shortened(why))).hint(NETWORK)
}

/// A signature that AWS refuses for its date. Its own words hold the time to the second, and would be new to the
/// prompt at each attempt.
fn wrong_clock(call: &str, code: &str, message: &str, seconds_ahead: Option<i64>) -> Option<Failure> {
    let says_so = match code {
        "RequestTimeTooSkewed" | "RequestExpired" | "RequestInTheFuture" => true,
        "SignatureDoesNotMatch" | "InvalidSignatureException" => {
            let lower = message.to_ascii_lowercase();
            ["signature expired", "not yet current"].iter().any(|words| lower.contains(words))
                || seconds_ahead.is_some_and(|ahead| ahead.unsigned_abs() > WINDOW)
        }
        _ => false,
    };
    let by = match seconds_ahead {
        Some(ahead) if ahead.unsigned_abs() >= 60 => clock::compared(ahead),
        _ => "off".to_owned(),
    };
    says_so.then(|| Failure::new(format!("{call}: {code}: this machine's clock is {by}")).hint(SET_THE_CLOCK))
}

/// A session that has ended when it comes.
pub(super) fn over_on_arrival(call: &str) -> Failure {
    let by = aws::wrong_clock().map_or("off".to_owned(), clock::compared);
    Failure::new(format!("{call}: the session that came has ended already: this machine's clock is {by}"))
        .hint(SET_THE_CLOCK)
}

fn refused(call: &str, code: &str, message: &str) -> Failure {
    let failure = Failure::new(format!("{call}: {code}: {}", shortened(message)));
    let lower = message.to_ascii_lowercase();
    if call == roles_anywhere::CALL {
        return Failure { hint: roles_anywhere::hint(code, &lower).map(str::to_owned), ..failure };
    }
    match code {
        "AccessDenied" if lower.contains("multifactorauthentication") && lower.contains("invalid") => {
            failure.hint("that MFA code was not right, or was used before: wait for the next one").exit(Exit::PersonNeeded)
        }
        "AccessDenied" if lower.contains("unable to validate mfa code") => failure
            .hint("mfa_serial must name a device of the user whose keys sign the call")
            .exit(Exit::PersonNeeded),
        "AccessDenied" if lower.contains("multifactorauthentication") || lower.contains("mfa") => {
            failure.hint("the role asks for MFA: write mfa_serial beside its role_arn").exit(Exit::PersonNeeded)
        }
        "AccessDenied" if lower.contains("iam:passrole") => failure.hint(
            "PassRole lets a service take a role on: whoever creates the resource needs iam:PassRole on that role; \
             assuming another role yourself helps only if that one may pass it",
        ),
        "AccessDenied" => failure.hint(
            "two policies must agree: the role's trust policy must name you (and your external id), and yours must allow sts:AssumeRole on it",
        ),
        "ExpiredToken" | "ExpiredTokenException" => {
            failure.hint("the keys that sign this call have ended: renew their source").exit(Exit::PersonNeeded)
        }
        "InvalidClientTokenId" => failure.hint("AWS does not know this access key: was it deleted, or is it of another partition?"),
        "SignatureDoesNotMatch" => failure.hint("the secret access key does not belong to this access key id"),
        "ValidationError" if lower.contains("maxsessionduration") => {
            failure.hint("ask for less: `duration`, or raise the role's maximum session duration")
        }
        "RegionDisabledException" => failure.hint("switch STS on for that region in IAM's account settings, or name another region"),
        "Throttling" | "ThrottlingException" | "RequestLimitExceeded" | "TooManyRequestsException" => {
            failure.hint("AWS asks for fewer calls: try again in a minute")
        }
        "PackedPolicyTooLarge" => failure.hint("fewer or shorter session tags and policies"),
        _ => failure,
    }
}

pub(super) fn shortened(text: &str) -> String {
    let text = printable(text);
    match text.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_keeps_awss_words_and_adds_what_to_do() {
        let denied = refused(
            "AssumeRole",
            "AccessDenied",
            "User: arn:aws:iam::111122223333:user/u is not authorized to perform: iam:PassRole",
        );
        assert!(
            denied
                .what
                .starts_with("AssumeRole: AccessDenied: User: arn:aws:iam::111122223333:user/u is not")
        );
        assert!(denied.hint.unwrap().contains("only if that one may pass it"));
        let wrong = refused(
            "AssumeRole",
            "AccessDenied",
            "MultiFactorAuthentication failed with invalid MFA one time pass code.",
        );
        assert_eq!(wrong.exit, Exit::PersonNeeded);
        assert!(wrong.hint.unwrap().contains("MFA code"));
    }

    #[test]
    fn a_wrong_clock_is_told_by_awss_own_and_a_wrong_secret_is_not() {
        let told = |code, message, ahead| wrong_clock("C", code, message, ahead).map(|failure| failure.what);
        let late = "Signature expired: 20261122T113933Z is now earlier than 20261122T114433Z";
        for (code, message, ahead, by) in [
            ("SignatureDoesNotMatch", late, Some(-1201), "20m behind AWS's"),
            ("InvalidSignatureException", "Signature not yet current: …", Some(1171), "20m ahead of AWS's"),
            ("RequestTimeTooSkewed", "", Some(-90_000), "1d1h behind AWS's"),
            ("RequestTimeTooSkewed", "", None, "off"),
            ("SignatureDoesNotMatch", "", Some(901), "15m ahead of AWS's"),
        ] {
            let what = format!("C: {code}: this machine's clock is {by}");
            assert_eq!(told(code, message, ahead), Some(what));
        }
        for (code, ahead) in [
            ("SignatureDoesNotMatch", Some(900)),
            ("SignatureDoesNotMatch", None),
            ("AccessDenied", Some(-5000)),
        ] {
            assert_eq!(told(code, "", ahead), None);
        }
        let date = "Sun, 22 Nov 2026 10:58:16 GMT";
        let expected = || clock::now().as_second() - 1_795_345_096;
        let before = expected();
        let ahead = seconds_ahead(date).unwrap();
        assert!((before..=expected()).contains(&ahead), "{ahead}");
        assert_eq!(seconds_ahead("yesterday"), None);
    }

    #[test]
    fn a_page_is_cut_and_cannot_steer_the_terminal() {
        let text = refused("X", "Y", &"\x1b[31m<html>".repeat(100)).what;
        assert!(text.chars().count() < LONGEST + 20);
        assert!(!text.contains('\x1b'));
    }
}
