//! AWS STS (query protocol, version 2011-06-15): AssumeRole, GetSessionToken, GetCallerIdentity.

use std::collections::BTreeMap;

use crate::answer::{Answer, Refusal, credentials, element, result};
use crate::principal::Principal;
use crate::scenario::Role;
use crate::state::State;

/// Parameters as sent.
pub(crate) type Parameters = BTreeMap<String, String>;

/// Answers a call of this signer.
pub(crate) fn answer(
    operation: &str,
    parameters: &Parameters,
    signer: &Principal,
    state: &State,
) -> Result<Answer, Refusal> {
    if parameters.get("Version").map(String::as_str) != Some("2011-06-15") {
        return Err(Refusal::new(400, "InvalidAction", format!("Could not find operation {operation}")));
    }
    match operation {
        "GetCallerIdentity" => Ok(get_caller_identity(signer)),
        "GetSessionToken" => get_session_token(parameters, signer, state),
        "GetFederationToken" => get_federation_token(parameters, signer, state),
        "AssumeRole" => assume_role(parameters, signer, state),
        _ => Err(Refusal::new(
            400,
            "InvalidAction",
            format!("Could not find operation {operation} for version 2011-06-15"),
        )),
    }
}

fn get_caller_identity(signer: &Principal) -> Answer {
    let members = [
        element("Arn", &signer.shown()),
        element("UserId", &signer.user_id()),
        element("Account", signer.account()),
    ];
    result("GetCallerIdentity", &members.concat(), None)
}

fn get_session_token(parameters: &Parameters, signer: &Principal, state: &State) -> Result<Answer, Refusal> {
    let seconds = duration(parameters, 43_200, 129_600)?;
    if signer.is_temporary() {
        return Err(Refusal::denied("Cannot call GetSessionToken with session credentials"));
    }
    let mfa = mfa(parameters, signer, state)?;
    let issued = state.issue(Principal { mfa, ..signer.clone() }, seconds);
    Ok(result("GetSessionToken", &credentials(&issued), Some(&issued)))
}

fn get_federation_token(
    parameters: &Parameters,
    signer: &Principal,
    state: &State,
) -> Result<Answer, Refusal> {
    let name = needed(parameters, "Name", "name")?;
    spelled("name", name, 2..=32, "+=,.@-_")?;
    let seconds = duration(parameters, 43_200, 129_600)?;
    check_policies(parameters)?;
    if signer.is_temporary() {
        return Err(Refusal::denied("Cannot call GetFederationToken with session credentials"));
    }
    if signer.denied {
        let (who, account) = (signer.shown(), signer.account());
        return Err(Refusal::denied(format!(
            "User: {who} is not authorized to perform: sts:GetFederationToken on resource: \
             arn:aws:sts::{account}:federated-user/{name}"
        )));
    }
    let partition = signer.arn.split(':').nth(1).unwrap_or_default();
    let arn = format!("arn:{partition}:sts::{}:federated-user/{name}", signer.account());
    let issued = state.issue(Principal { arn, ..signer.clone() }, seconds);
    let user = format!("    <FederatedUser>\n{}    </FederatedUser>\n", element("Arn", &issued.arn));
    Ok(result("GetFederationToken", &(credentials(&issued) + &user), Some(&issued)))
}

fn assume_role(parameters: &Parameters, signer: &Principal, state: &State) -> Result<Answer, Refusal> {
    let arn = needed(parameters, "RoleArn", "roleArn")?;
    let session_name = needed(parameters, "RoleSessionName", "roleSessionName")?;
    spelled("roleSessionName", session_name, 2..=64, "+=,.@-_")?;
    let seconds = duration(parameters, 3600, 43_200)?;
    if let Some(id) = parameters.get("ExternalId") {
        spelled("externalId", id, 2..=1224, "+=,.@:/-_")?;
    }
    if let Some(identity) = parameters.get("SourceIdentity") {
        spelled("sourceIdentity", identity, 2..=64, "+=,.@-_")?;
    }
    check_policies(parameters)?;
    let tags = Tags::read(parameters, signer)?;
    if signer.arn.ends_with(":root") {
        return Err(Refusal::denied("Roles may not be assumed by root accounts."));
    }
    let mfa = mfa(parameters, signer, state)? || signer.mfa;
    let role = state
        .role(arn)
        .filter(|role| may_assume(role, parameters, signer, mfa, &tags))
        .ok_or_else(|| not_authorized(signer, arn))?;
    if signer.is_temporary() && seconds > 3600 {
        return Err(Refusal::invalid(
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining",
        ));
    }
    if seconds > role.max_session_duration {
        return Err(Refusal::invalid(
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
        ));
    }
    let like = Principal {
        arn: role.arn.clone(),
        session_name: Some(session_name.to_owned()),
        // The mark of MFA does not go beyond the first role.
        mfa: false,
        chained: signer.is_temporary(),
        source_identity: source_identity(parameters, signer).map(str::to_owned),
        transitive_tags: tags.transitive,
        denied: role.denied,
        ..signer.clone()
    };
    let issued = state.issue(like, seconds);
    let user = format!(
        "    <AssumedRoleUser>\n{}{}    </AssumedRoleUser>\n",
        element("Arn", &issued.shown()),
        element("AssumedRoleId", &issued.user_id())
    );
    let identity = issued.source_identity.as_deref().map(|identity| element("SourceIdentity", identity));
    let members = [credentials(&issued), user, identity.unwrap_or_default()].concat();
    Ok(result("AssumeRole", &members, Some(&issued)))
}

/// The role's trust policy and the signer's own policies, in one.
fn may_assume(role: &Role, parameters: &Parameters, signer: &Principal, mfa: bool, tags: &Tags) -> bool {
    let identity = source_identity(parameters, signer);
    let changes_identity = signer.source_identity.is_some() && signer.source_identity.as_deref() != identity;
    role.trusts.iter().any(|principal| signer.is_meant_by(principal))
        && !signer.denied
        && (role.external_id.is_none() || role.external_id.as_ref() == parameters.get("ExternalId"))
        && (!role.mfa || mfa)
        && (role.source_identity.is_none() || role.source_identity.as_deref() == identity)
        && !(role.no_tags && tags.any)
        && !changes_identity
}

/// As asked for, or as it was handed on.
fn source_identity<'a>(parameters: &'a Parameters, signer: &'a Principal) -> Option<&'a str> {
    parameters.get("SourceIdentity").or(signer.source_identity.as_ref()).map(String::as_str)
}

fn not_authorized(signer: &Principal, arn: &str) -> Refusal {
    let who = signer.shown();
    Refusal::denied(format!("User: {who} is not authorized to perform: sts:AssumeRole on resource: {arn}"))
}

/// Whether a code came along and was right.
fn mfa(parameters: &Parameters, signer: &Principal, state: &State) -> Result<bool, Refusal> {
    match (parameters.get("SerialNumber"), parameters.get("TokenCode")) {
        (None, None) => Ok(false),
        (Some(serial), Some(code)) => {
            if code.len() != 6 || !code.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(constraint(
                    code,
                    "tokenCode",
                    "Member must satisfy regular expression pattern: [\\d]*",
                ));
            }
            state.present(signer, serial, code).map(|()| true)
        }
        _ => Err(Refusal::denied(
            "MultiFactorAuthentication failed, must provide both MFA serial number and one time pass code.",
        )),
    }
}

/// Session tags, checked, and what the next session inherits.
struct Tags {
    any: bool,
    transitive: BTreeMap<String, String>,
}

impl Tags {
    fn read(parameters: &Parameters, signer: &Principal) -> Result<Self, Refusal> {
        let member = |index: usize, part: &str| parameters.get(&format!("Tags.member.{index}.{part}"));
        let tags: Vec<_> = (1..)
            .map_while(|index| {
                Some((member(index, "Key")?, member(index, "Value").map_or("", String::as_str)))
            })
            .collect();
        let transitive: Vec<_> =
            (1..).map_while(|index| parameters.get(&format!("TransitiveTagKeys.member.{index}"))).collect();
        if tags.len() > 50 {
            return Err(constraint("…", "tags", "Member must have length less than or equal to 50"));
        }
        let lower: Vec<_> = tags.iter().map(|(key, _)| key.to_ascii_lowercase()).collect();
        for (at, (key, value)) in tags.iter().enumerate() {
            if key.is_empty() || key.chars().count() > 128 || value.chars().count() > 256 {
                return Err(constraint(key, "tags", "Member must have length less than or equal to 128"));
            }
            if lower[..at].contains(&lower[at]) {
                return Err(Refusal::new(
                    400,
                    "InvalidParameterValue",
                    "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
                ));
            }
        }
        let inherited = &signer.transitive_tags;
        if inherited.keys().any(|key| lower.contains(&key.to_ascii_lowercase())) {
            return Err(Refusal::new(
                400,
                "InvalidParameterValue",
                "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag \
                 key from the calling session.",
            ));
        }
        let mut handed_on = inherited.clone();
        for key in transitive {
            let (key, value) = tags.iter().find(|(known, _)| *known == key).ok_or_else(|| {
                let message = "The specified transitive tag key must be included in the requested tags.";
                Refusal::new(400, "InvalidParameterValue", message)
            })?;
            handed_on.insert((*key).clone(), (*value).to_owned());
        }
        Ok(Self { any: !tags.is_empty(), transitive: handed_on })
    }
}

fn check_policies(parameters: &Parameters) -> Result<(), Refusal> {
    let malformed = |what: &str| Refusal::new(400, "MalformedPolicyDocument", what.to_owned());
    if let Some(policy) = parameters.get("Policy") {
        let json: serde_json::Value =
            serde_json::from_str(policy).map_err(|_| malformed("Syntax errors in policy."))?;
        if json.get("Statement").is_none() {
            return Err(malformed("Missing required field Statement"));
        }
        if policy.len() > 2048 {
            let used = policy.len() * 100 / 2048;
            let message =
                format!("Packed policy consumes {used}% of allotted space, please use smaller policy.");
            return Err(Refusal::new(400, "PackedPolicyTooLarge", message));
        }
    }
    let arns: Vec<_> =
        (1..).map_while(|index| parameters.get(&format!("PolicyArns.member.{index}.arn"))).collect();
    if arns.len() > 10 {
        return Err(Refusal::invalid("The number of policy ARNs exceeds 10"));
    }
    match arns.iter().find(|arn| !(arn.starts_with("arn:") && arn.contains(":policy/"))) {
        Some(arn) => Err(Refusal::invalid(format!("ARN {arn} is not valid."))),
        None => Ok(()),
    }
}

pub(crate) fn duration(parameters: &Parameters, usual: u32, longest: u32) -> Result<u32, Refusal> {
    let Some(text) = parameters.get("DurationSeconds") else { return Ok(usual) };
    match text.parse::<u32>() {
        Ok(seconds) if (900..=longest).contains(&seconds) => Ok(seconds),
        Ok(seconds) if seconds < 900 => {
            Err(constraint(text, "durationSeconds", "Member must have value greater than or equal to 900"))
        }
        Ok(_) => {
            let limit = format!("Member must have value less than or equal to {longest}");
            Err(constraint(text, "durationSeconds", &limit))
        }
        Err(_) => Err(Refusal::new(400, "MalformedInput", "DurationSeconds is no number")),
    }
}

pub(crate) fn needed<'a>(parameters: &'a Parameters, key: &str, member: &str) -> Result<&'a str, Refusal> {
    parameters.get(key).map(String::as_str).ok_or_else(|| {
        Refusal::invalid(format!(
            "1 validation error detected: Value null at '{member}' failed to satisfy constraint: Member must not be null"
        ))
    })
}

pub(crate) fn spelled(
    member: &str,
    text: &str,
    length: std::ops::RangeInclusive<usize>,
    signs: &str,
) -> Result<(), Refusal> {
    let legal = text.chars().all(|c| c.is_ascii_alphanumeric() || signs.contains(c));
    if !legal || !length.contains(&text.len()) {
        return Err(constraint(text, member, "Member must satisfy regular expression pattern"));
    }
    Ok(())
}

fn constraint(value: &str, member: &str, constraint: &str) -> Refusal {
    Refusal::invalid(format!(
        "1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: {constraint}"
    ))
}
