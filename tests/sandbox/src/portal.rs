//! The access portal (API version 2019-06-10): GetRoleCredentials, ListAccounts, ListAccountRoles, Logout.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::answer::{Answer, Refusal, json_answer};
use crate::principal::Principal;
use crate::scenario::Portal;
use crate::state::State;
use crate::sts::Parameters;

/// Answers a call that came with this token.
pub(crate) fn answer(
    operation: &str,
    query: &Parameters,
    token: Option<&str>,
    state: &State,
) -> Result<Answer, Refusal> {
    let portal = state.portal().ok_or_else(|| invalid("there is no portal"))?;
    let token = token.filter(|token| {
        let known = state.sign_ins.known();
        known.tokens.get(*token).is_some_and(|end| state.clock.now() < *end)
    });
    let token = token
        .ok_or_else(|| Refusal::new(401, "UnauthorizedException", "Session token not found or invalid"))?;
    match operation {
        "GetRoleCredentials" => get_role_credentials(query, portal, state),
        "ListAccounts" => {
            let account = |account: &crate::scenario::Account| json!({"accountId": account.id, "accountName": account.name, "emailAddress": account.email});
            page("accountList", portal.accounts.iter().map(account).collect(), query, portal)
        }
        "ListAccountRoles" => {
            let id = query.get("account_id").ok_or_else(|| invalid("account_id is missing"))?;
            let account = portal.account(id).ok_or_else(no_access)?;
            let role = |role: &String| json!({"roleName": role, "accountId": id});
            page("roleList", account.roles.iter().map(role).collect(), query, portal)
        }
        _ => {
            state.sign_ins.known().tokens.remove(token);
            Ok(json_answer(200, &json!({})))
        }
    }
}

fn get_role_credentials(query: &Parameters, portal: &Portal, state: &State) -> Result<Answer, Refusal> {
    let (Some(account), Some(role)) = (query.get("account_id"), query.get("role_name")) else {
        return Err(invalid("account_id or role_name is missing"));
    };
    portal.account(account).filter(|known| known.roles.contains(role)).ok_or_else(no_access)?;
    let nobody = Principal {
        access_key_id: String::new(),
        secret: String::new(),
        token: None,
        expiration: None,
        arn: portal.role_arn(account, role),
        session_name: Some(portal.user.clone()),
        mfa: false,
        source_identity: None,
        transitive_tags: BTreeMap::new(),
        chained: false,
        denied: false,
    };
    let issued = state.issue(nobody, portal.role_seconds);
    let answer = json!({"roleCredentials": {
        "accessKeyId": issued.access_key_id,
        "secretAccessKey": issued.secret,
        "sessionToken": issued.token,
        "expiration": issued.expiration.map(jiff::Timestamp::as_millisecond),
    }});
    Ok(Answer { issued: Some(issued.access_key_id), ..json_answer(200, &answer) })
}

fn page(name: &str, items: Vec<Value>, query: &Parameters, portal: &Portal) -> Result<Answer, Refusal> {
    let number = |name: &str, usual: usize| match query.get(name) {
        None => Ok(usual),
        Some(text) => text.parse::<usize>().map_err(|_| invalid(&format!("{name} is not valid"))),
    };
    let (from, size) = (number("next_token", 0)?, number("max_result", portal.page)?);
    if !(1..=100).contains(&size) {
        return Err(invalid("maxResults is not valid"));
    }
    let size = size.min(portal.page);
    let next = (from + size < items.len()).then(|| (from + size).to_string());
    let items: Vec<_> = items.into_iter().skip(from).take(size).collect();
    let mut answer = json!({"nextToken": next});
    answer[name] = items.into();
    Ok(json_answer(200, &answer))
}

fn invalid(what: &str) -> Refusal {
    Refusal::new(400, "InvalidRequestException", what)
}

fn no_access() -> Refusal {
    Refusal::new(403, "ForbiddenException", "No access")
}
