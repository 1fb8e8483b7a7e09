//! What stands beside a machine or a container and gives it its role: the metadata service of an EC2 instance
//! (IMDSv2), the credentials endpoint of a container.

use hyper::Method;
use hyper::http::request::Parts;
use serde_json::json;

use crate::answer::{Answer, Refusal, instant, json_answer};
use crate::federated::session;
use crate::principal::name;
use crate::state::State;

const ROLES: &str = "/latest/meta-data/iam/security-credentials/";

/// What is asked of it, where the path says so.
pub(crate) fn operation(path: &str) -> Option<&'static str> {
    match path {
        "/latest/api/token" => Some("MetadataToken"),
        "/container" => Some("ContainerCredentials"),
        ROLES => Some("MetadataRole"),
        _ => path.starts_with(ROLES).then_some("MetadataCredentials"),
    }
}

/// Answers it.
pub(crate) fn answer(operation: &str, parts: &Parts, state: &State) -> Result<Answer, Refusal> {
    let machine = state.machine().ok_or_else(|| Refusal::new(404, "NotFound", "Not Found"))?;
    let header = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok());
    let role = state.role(&machine.role).ok_or_else(|| Refusal::new(404, "NotFound", "Not Found"))?;
    match operation {
        "MetadataToken" => {
            let seconds = header("x-aws-ec2-metadata-token-ttl-seconds").and_then(|text| text.parse().ok());
            let is_whole =
                parts.method == Method::PUT && seconds.is_some_and(|ttl| (1..=21_600).contains(&ttl));
            // A proxy in between is nobody's own machine.
            if !is_whole || header("x-forwarded-for").is_some() {
                return Err(Refusal::new(400, "BadRequest", "Bad Request"));
            }
            Ok(plain(state.metadata_token()))
        }
        "ContainerCredentials" => {
            if machine.token.as_deref() != header("authorization") {
                return Err(Refusal::new(401, "AccessDenied", "the token is not this container's"));
            }
            Ok(given(state.issue(session(role, "task".to_owned()), 3600), false))
        }
        _ if header("x-aws-ec2-metadata-token") != Some(state.metadata_token()) => {
            Err(Refusal::new(401, "Unauthorized", "Unauthorized"))
        }
        "MetadataRole" => Ok(plain(name(&role.arn))),
        _ => Ok(given(state.issue(session(role, "i-0123456789abcdef0".to_owned()), 3600), true)),
    }
}

fn plain(text: &str) -> Answer {
    Answer { content_type: "text/plain", body: text.to_owned(), ..json_answer(200, &json!(null)) }
}

fn given(issued: crate::principal::Principal, is_of_instance: bool) -> Answer {
    let mut body = json!({
        "AccessKeyId": issued.access_key_id,
        "SecretAccessKey": issued.secret,
        "Token": issued.token,
        "Expiration": instant(issued.expiration.expect("what is issued ends")),
    });
    if is_of_instance {
        body["Code"] = json!("Success");
        body["Type"] = json!("AWS-HMAC");
    } else {
        body["RoleArn"] = json!(issued.arn);
        body["AccountId"] = json!(issued.account());
    }
    Answer { issued: Some(issued.access_key_id), ..json_answer(200, &body) }
}
