//! What AWS accepts, checked before anything becomes part of a host name or a request: the SDK does not.
//! Sources: the API models of STS and IAM (AssumeRole, GetSessionToken), RFC 1123 for host labels.
//! Each check answers with the reason, for a message that already names the file and the key.

use std::time::Duration;

/// One hour: AWS refuses more for a role assumed with a session's credentials (role chaining), sessions of
/// GetSessionToken included.
pub const CHAINED: Duration = Duration::from_secs(3600);
/// The range of AssumeRole's DurationSeconds.
pub const ROLE_DURATION: (Duration, Duration) = (Duration::from_secs(900), Duration::from_secs(43_200));
/// The range of GetSessionToken's DurationSeconds.
pub const SESSION_DURATION: (Duration, Duration) = (Duration::from_secs(900), Duration::from_secs(129_600));
/// What we ask GetSessionToken for where nobody says otherwise: a working day, as aws-vault does.
pub const KEY_SESSION: Duration = Duration::from_secs(8 * 3600);

/// What a check says when it refuses.
pub type Reason = String;

/// A region becomes a host label: letters, digits and inner hyphens, at most 63.
pub fn region(text: &str) -> Result<(), Reason> {
    let label = !text.is_empty()
        && text.len() <= 63
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-');
    if label { Ok(()) } else { Err("a region is letters, digits and hyphens, like eu-west-1".into()) }
}

/// An account id: twelve digits.
pub fn account(text: &str) -> Result<(), Reason> {
    let digits = text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit());
    if digits { Ok(()) } else { Err("an account is twelve digits, in quotes".into()) }
}

/// `arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE` of one service, 20 to 2048 characters.
/// `iam::aws:policy/…` (a managed policy) is the one ARN whose account is not digits.
pub fn arn(text: &str, service: &str, resource: &str) -> Result<(), Reason> {
    let mut parts = text.splitn(6, ':');
    let whole = parts.next() == Some("arn")
        && parts.next().is_some_and(|partition| {
            partition.starts_with("aws") && partition.bytes().all(|b| b.is_ascii_lowercase() || b == b'-')
        })
        && parts.next() == Some(service)
        && parts.next().is_some_and(|name| name.is_empty() || region(name).is_ok())
        && parts.next().is_some_and(|id| {
            account(id).is_ok() || (service == "iam" && resource == "policy/" && id == "aws")
        })
        && parts.next().is_some_and(|rest| {
            rest.len() > resource.len()
                && rest.starts_with(resource)
                && rest.bytes().all(|b| b.is_ascii_graphic())
        });
    if whole && (20..=2048).contains(&text.len()) {
        Ok(())
    } else {
        let middle = if service == "rolesanywhere" { "REGION:111122223333" } else { ":111122223333" };
        Err(format!("expected an ARN like arn:aws:{service}:{middle}:{resource}…"))
    }
}

/// A trust anchor of IAM Roles Anywhere, with the region in which it is.
pub fn trust_anchor_arn(text: &str) -> Result<(), Reason> {
    regional_arn(text, "trust-anchor/")
}

/// A profile of IAM Roles Anywhere, which has to be in the trust anchor's region.
pub fn roles_anywhere_profile_arn(text: &str, trust_anchor_arn: &str) -> Result<(), Reason> {
    regional_arn(text, "profile/")?;
    match (region_of(text), region_of(trust_anchor_arn)) {
        (own, anchors) if own == anchors => Ok(()),
        (own, anchors) => Err(format!("it is in {own}, but the trust anchor is in {anchors}")),
    }
}

fn regional_arn(text: &str, resource: &str) -> Result<(), Reason> {
    arn(text, "rolesanywhere", resource)?;
    if region_of(text).is_empty() { Err("the ARN names no region".into()) } else { Ok(()) }
}

fn region_of(arn: &str) -> &str {
    arn.split(':').nth(3).unwrap_or_default()
}

/// A profile's name as we take it from files of ours: no spaces, quotes or control characters, so that it can
/// stand in a prompt, a command line and an error message as it is.
pub fn profile_name(text: &str) -> Result<(), Reason> {
    spelled(text, 1..=usize::MAX, "_-/.%@:+", "a name is letters, digits or any of _-/.%@:+")
}

/// A role's name, as of a permission set: `[\w+=,.@-]{1,64}`.
pub fn role_name(text: &str) -> Result<(), Reason> {
    spelled(text, 1..=64, "+=,.@-_", "a role's name is 1 to 64 letters, digits or any of _+=,.@-")
}

/// A role session name: `[\w+=,.@-]{2,64}`.
pub fn session_name(text: &str) -> Result<(), Reason> {
    spelled(text, 2..=64, "+=,.@-_", "2 to 64 letters, digits or any of _+=,.@-")
}

/// A source identity: as a session name, and not beginning with `aws:`.
pub fn source_identity(text: &str) -> Result<(), Reason> {
    session_name(text)
}

/// An external id: `[\w+=,.@:/-]{2,1224}`.
pub fn external_id(text: &str) -> Result<(), Reason> {
    spelled(text, 2..=1224, "+=,.@:/-_", "2 to 1224 letters, digits or any of _+=,.@:/-")
}

/// An access key id. It becomes a file's name.
pub fn access_key_id(text: &str) -> Result<(), Reason> {
    spelled(text, 1..=128, "", "an access key id is letters and digits, and begins with AKIA")
}

/// An MFA device: an ARN or a hardware serial, `[\w+=/:,.@-]{9,256}`.
pub fn mfa_serial(text: &str) -> Result<(), Reason> {
    spelled(text, 9..=256, "+=/:,.@-_", "9 to 256 letters, digits or any of _+=/:,.@-")
}

/// A session tag's key and value: 1 to 128 and 0 to 256 characters, no control characters, not `aws:`.
pub fn tag(key: &str, value: &str) -> Result<(), Reason> {
    let plain = |text: &str| text.chars().all(|c| c.is_alphanumeric() || " _.:/=+@-".contains(c));
    if key.is_empty() || key.chars().count() > 128 || !plain(key) {
        return Err("a tag's key is 1 to 128 letters, digits, spaces or any of _.:/=+@-".into());
    }
    if key.to_ascii_lowercase().starts_with("aws:") {
        return Err("tags that begin with aws: are AWS's own".into());
    }
    if value.chars().count() > 256 || !plain(value) {
        return Err("a tag's value is at most 256 letters, digits, spaces or any of _.:/=+@-".into());
    }
    Ok(())
}

/// A duration within a range of AWS's.
pub fn duration(asked: Duration, (least, most): (Duration, Duration)) -> Result<(), Reason> {
    if (least..=most).contains(&asked) {
        Ok(())
    } else {
        Err(format!("AWS allows {} to {}", crate::clock::human(least), crate::clock::human(most)))
    }
}

fn spelled(
    text: &str,
    length: std::ops::RangeInclusive<usize>,
    marks: &str,
    rule: &str,
) -> Result<(), Reason> {
    let legal = text.bytes().all(|b| b.is_ascii_alphanumeric() || marks.as_bytes().contains(&b));
    if legal && length.contains(&text.len()) { Ok(()) } else { Err(rule.into()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_region_cannot_leave_its_host_label() {
        for good in ["us-east-1", "eusc-de-east-1", "x"] {
            assert_eq!(region(good), Ok(()), "{good}");
        }
        for bad in ["", "us east", "a.evil.com", "-x", "x-", "a/b", "a#", "é", &"a".repeat(64)] {
            assert!(region(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn arns_are_of_the_service_that_is_asked_for() {
        assert_eq!(arn("arn:aws-us-gov:iam::444455556666:role/path/Deploy", "iam", "role/"), Ok(()));
        assert_eq!(arn("arn:aws:iam::aws:policy/ReadOnlyAccess", "iam", "policy/"), Ok(()));
        assert_eq!(
            arn("arn:aws:rolesanywhere:us-east-1:111122223333:profile/0", "rolesanywhere", "profile/"),
            Ok(())
        );
        for bad in [
            "arn:aws:iam::444455556666:user/Deploy",
            "arn:aws:iam::aws:role/Deploy",
            "arn:aws:iam::44445555666:role/Deploy",
            "arn:evil:iam::444455556666:role/Deploy",
            "arn:aws:iam::444455556666:role/",
            "arn:aws:iam::444455556666:role/a b",
            "Deploy",
        ] {
            assert!(arn(bad, "iam", "role/").is_err(), "{bad}");
        }
    }

    #[test]
    fn names_and_ids_keep_to_their_alphabets() {
        assert_eq!(session_name("me@host-1"), Ok(()));
        assert!(session_name("m").is_err());
        assert!(session_name("me host").is_err());
        assert_eq!(external_id("acme:prod/1"), Ok(()));
        assert!(external_id("a\nb").is_err());
        assert!(account("11112222333").is_err());
        assert!(tag("aws:x", "y").is_err());
        assert_eq!(tag("team", ""), Ok(()));
    }
}
