//! Which variables awsenv ever touches, and what kind each is. `[env]` adds its own names.

/// They say who one is, as the parts of a key do: changed by hand inside a directory, awsenv stands back.
/// `AWS_CONTAINER_*` and `AWS_BEARER_TOKEN_*` too. The last one is what botocore still reads, before an endpoint.
const IDENTITY: [&str; 5] = [
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_ROLE_ARN",
    "AWS_CREDENTIAL_FILE",
];

/// The parts of a key. The last two are what the Java SDK still reads, before ours.
const KEYS: [&str; 6] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_ACCESS_KEY",
    "AWS_SECRET_KEY",
];

/// Unset together with the identity: an expiration beside other keys makes boto3 fail.
const EXPIRATIONS: [&str; 2] = ["AWS_CREDENTIAL_EXPIRATION", "AWS_SESSION_EXPIRATION"];

/// They name whose keys these are: another tool's, or those of an `exec` outside, would lie beside ours.
const LABELS: [&str; 5] =
    ["AWSENV_PROFILE", "AWSENV_ACCOUNT", "AWSENV_EXPIRATION", "AWSENV_PROTECTED", "AWS_VAULT"];

/// What is set beside keys, besides `[env]` and the profile's own settings.
const BESIDE: [&str; 3] = ["AWS_REGION", "AWS_DEFAULT_REGION", "AWS_EC2_METADATA_DISABLED"];

/// A profile's settings that have a variable, beside `AWS_ENDPOINT_URL*`.
const SETTINGS: [&str; 8] = [
    "AWS_USE_FIPS_ENDPOINT",
    "AWS_USE_DUALSTACK_ENDPOINT",
    "AWS_CA_BUNDLE",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "AWS_STS_REGIONAL_ENDPOINTS",
    "AWS_MAX_ATTEMPTS",
    "AWS_RETRY_MODE",
    "AWS_DEFAULTS_MODE",
];

/// Whether the variable says who one is.
pub fn is_identity(name: &str) -> bool {
    KEYS.contains(&name)
        || IDENTITY.contains(&name)
        || name.starts_with("AWS_CONTAINER_")
        || name.starts_with("AWS_BEARER_TOKEN_")
}

/// Whether awsenv takes the variable away while it provides (or withholds) credentials.
pub fn is_cleared(name: &str) -> bool {
    is_identity(name) || EXPIRATIONS.contains(&name) || LABELS.contains(&name)
}

/// Whether a value may be written into the state in clear: known names that never hold a secret. All else,
/// `[env]` originals included, is sealed; a key's id too, so that a key comes back whole or not at all.
pub fn is_plain(name: &str) -> bool {
    [&IDENTITY[..], &EXPIRATIONS, &LABELS, &BESIDE].iter().any(|names| names.contains(&name))
}

/// Whether a name that comes back out of `AWSENV_STATE` may be set or unset at all: hostile input otherwise
/// reaches `PATH`.
pub fn is_ours_to_touch(name: &str) -> bool {
    let spelled = name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_');
    let prefixed = spelled && (is_identity(name) || name.starts_with("AWS_ENDPOINT_URL"));
    prefixed
        || [&EXPIRATIONS[..], &LABELS, &BESIDE, &SETTINGS].iter().any(|names| names.contains(&name))
        || super::env_file::refused_name(name).is_none()
}
