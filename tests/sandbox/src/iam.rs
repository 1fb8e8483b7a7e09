//! AWS IAM (query protocol, version 2010-05-08): the access keys of the user who signs.

use crate::answer::{Answer, Refusal, element, instant, result};
use crate::principal::{Principal, name};
use crate::state::{LongLived, State};
use crate::sts::Parameters;

pub(crate) const VERSION: &str = "2010-05-08";

/// `AccessKeysPerUser`, which nobody can have raised.
const QUOTA: usize = 2;

/// Answers a call of this signer.
pub(crate) fn answer(
    operation: &str,
    parameters: &Parameters,
    signer: &Principal,
    state: &State,
) -> Result<Answer, Refusal> {
    // "You cannot call any IAM API operations unless MFA authentication information is included in the request"
    // (AWS STS API Reference, GetSessionToken).
    if signer.is_temporary() && !signer.mfa {
        return Err(Refusal::new(
            403,
            "InvalidClientTokenId",
            "The security token included in the request is invalid",
        ));
    }
    let user = &signer.arn;
    if !signer.mfa && state.user(user).is_some_and(|user| user.careful) {
        return Err(Refusal::denied(format!(
            "User: {user} is not authorized to perform: iam:{operation} on resource: user {} with an explicit deny \
             in an identity-based policy",
            name(user)
        )));
    }
    match operation {
        "ListAccessKeys" => Ok(list(user, state)),
        "GetAccessKeyLastUsed" => last_used(parameters, user, state),
        "CreateAccessKey" => create(user, state),
        "UpdateAccessKey" => update(parameters, user, state),
        "DeleteAccessKey" => delete(parameters, user, state),
        _ => Err(Refusal::new(
            400,
            "InvalidAction",
            format!("Could not find operation {operation} for version {VERSION}"),
        )),
    }
}

fn list(user: &str, state: &State) -> Answer {
    let keys: String = state.keys().iter().filter(|key| key.user == user).map(member).collect();
    let members = format!("    <AccessKeyMetadata>\n{keys}    </AccessKeyMetadata>\n");
    result("ListAccessKeys", &(members + &element("IsTruncated", "false")), None)
}

fn member(key: &LongLived) -> String {
    format!("    <member>\n{}    </member>\n", described(key))
}

fn described(key: &LongLived) -> String {
    [
        element("UserName", name(&key.user)),
        element("AccessKeyId", &key.id),
        element("Status", if key.is_active { "Active" } else { "Inactive" }),
        element("CreateDate", &instant(key.created)),
    ]
    .concat()
}

fn last_used(parameters: &Parameters, user: &str, state: &State) -> Result<Answer, Refusal> {
    let keys = state.keys();
    let key = &keys[find(parameters, user, &keys)?];
    let date = key.used.map(|used| element("LastUsedDate", &instant(used))).unwrap_or_default();
    let (service, region) = if key.used.is_some() { ("sts", "us-east-1") } else { ("N/A", "N/A") };
    let used = [date, element("ServiceName", service), element("Region", region)].concat();
    let members = format!("    <AccessKeyLastUsed>\n{used}    </AccessKeyLastUsed>\n");
    Ok(result("GetAccessKeyLastUsed", &(element("UserName", name(user)) + &members), None))
}

fn create(user: &str, state: &State) -> Result<Answer, Refusal> {
    let key = state.new_key(user);
    let mut keys = state.keys();
    if keys.iter().filter(|key| key.user == user).count() >= QUOTA {
        let message = format!("Cannot exceed quota for AccessKeysPerUser: {QUOTA}");
        return Err(Refusal::new(409, "LimitExceeded", message));
    }
    let secret = element("SecretAccessKey", &key.secret);
    let members = format!("    <AccessKey>\n{}{secret}    </AccessKey>\n", described(&key));
    let answer = result("CreateAccessKey", &members, None);
    let issued = Some(key.id.clone());
    keys.push(key);
    Ok(Answer { issued, ..answer })
}

fn update(parameters: &Parameters, user: &str, state: &State) -> Result<Answer, Refusal> {
    let is_active = match parameters.get("Status").map(String::as_str) {
        Some("Active") => true,
        Some("Inactive") => false,
        _ => return Err(Refusal::invalid("Value at 'status' failed to satisfy constraint")),
    };
    let mut keys = state.keys();
    let at = find(parameters, user, &keys)?;
    keys[at].is_active = is_active;
    Ok(result("UpdateAccessKey", "", None))
}

fn delete(parameters: &Parameters, user: &str, state: &State) -> Result<Answer, Refusal> {
    let mut keys = state.keys();
    let at = find(parameters, user, &keys)?;
    keys.remove(at);
    Ok(result("DeleteAccessKey", "", None))
}

fn find(parameters: &Parameters, user: &str, keys: &[LongLived]) -> Result<usize, Refusal> {
    let id = parameters.get("AccessKeyId").map(String::as_str).unwrap_or_default();
    keys.iter().position(|key| key.user == user && key.id == id).ok_or_else(|| {
        Refusal::new(404, "NoSuchEntity", format!("The Access Key with id {id} cannot be found."))
    })
}
