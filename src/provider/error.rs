//! What AWS says when it refuses, kept as it is, and what to do about it.

use aws_sdk_sts::error::{ProvideErrorMetadata, SdkError};

use crate::message::{Exit, Failure, printable};

/// More of AWS's own words than this is a page, not a message.
const LONGEST: usize = 400;

/// A failed call as a sentence: AWS's code and message, or how the way there failed.
#[expect(clippy::needless_pass_by_value, reason = "map_err hands the error over")]
pub(super) fn explain<E, R>(call: &str, error: SdkError<E, R>) -> Failure
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
    R: std::fmt::Debug + 'static,
{
    match &error {
        SdkError::ServiceError(context) => match (context.err().code(), context.err().message()) {
            (Some(code), message) => refused(call, code, message.unwrap_or_default()),
            (None, _) => Failure::new(format!("{call}: no answer that AWS would give"))
                .hint("is there a proxy in between? look at HTTPS_PROXY and the endpoint settings"),
        },
        SdkError::TimeoutError(_) => {
            Failure::new(format!("{call}: no answer came from AWS: it took too long")).hint(NETWORK)
        }
        SdkError::DispatchFailure(failure) => {
            let error = failure.as_connector_error();
            let cause = error.map_or_else(String::new, |error| innermost(error));
            match error.is_some_and(|error| is_of_connecting(error)) {
                true => unreachable_host(call, &cause),
                false => Failure::new(format!("{call}: no answer came from AWS: {}", shortened(&cause)))
                    .hint(NETWORK),
            }
        }
        SdkError::ResponseError(_) => Failure::new(format!("{call}: the answer could not be read")),
        _ => Failure::new(format!("{call}: {}", shortened(&innermost(&error)))),
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

const UNREACHABLE: &str = "AWS cannot be reached";
const NETWORK: &str = "check the network, HTTPS_PROXY and AWS_CA_BUNDLE";

fn unreachable_host(call: &str, why: &str) -> Failure {
    Failure::new(format!("{call}: {UNREACHABLE}: {}", shortened(why))).hint(NETWORK)
}

/// The SDK itself does not tell (`ConnectionStatus` is private), so its HTTP client is asked.
fn is_of_connecting(error: &(dyn std::error::Error + 'static)) -> bool {
    std::iter::successors(Some(error), |error| error.source())
        .filter_map(|error| error.downcast_ref::<hyper_util::client::legacy::Error>())
        .any(|error| error.is_connect())
}

fn refused(call: &str, code: &str, message: &str) -> Failure {
    let failure = Failure::new(format!("{call}: {code}: {}", shortened(message)));
    let lower = message.to_ascii_lowercase();
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
        "SignatureDoesNotMatch" if lower.contains("expired") || lower.contains("not yet current") => {
            failure.hint("this machine's clock is off: AWS allows 15 minutes")
        }
        "SignatureDoesNotMatch" => failure.hint("the secret access key does not belong to this access key id"),
        "ValidationError" if lower.contains("maxsessionduration") => {
            failure.hint("ask for less: `duration`, or raise the role's maximum session duration")
        }
        "RegionDisabledException" => failure.hint("switch STS on for that region in IAM's account settings, or name another region"),
        "PackedPolicyTooLarge" => failure.hint("fewer or shorter session tags and policies"),
        _ => failure,
    }
}

fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    let mut cause = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string()
}

fn shortened(text: &str) -> String {
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
    fn a_page_is_cut_and_cannot_steer_the_terminal() {
        let text = refused("X", "Y", &"\x1b[31m<html>".repeat(100)).what;
        assert!(text.chars().count() < LONGEST + 20);
        assert!(!text.contains('\x1b'));
    }
}
