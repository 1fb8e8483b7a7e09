//! Who a machine or a container is, asked of the service beside it: IMDSv2 of an EC2 instance, the endpoint of a
//! container (ECS, EKS Pod Identity). Its credentials are the machine's own, so nothing is signed.

use std::time::Duration;

use anyhow::Context;
use serde::Deserialize;

use super::error::shortened;
use super::mfa::Mfa;
use super::{Means, issued, lacks, runtime};
use crate::aws::{Answer, Aws, Unanswered};
use crate::clock;
use crate::credentials::Credentials;
use crate::files;
use crate::limits;
use crate::message::{Failure, shown, shown_path};
use crate::profile::chain::{Container, ContainerToken, Instance, RoleChain};
use crate::secret::Secret;

/// A machine that has such a service answers within milliseconds.
const TIME: Duration = Duration::from_secs(2);
const TRIES: usize = 3;

/// Of the session with the metadata service: all of it is made within seconds.
const TOKEN_SECONDS: &str = "60";

const ROLES: &str = "/latest/meta-data/iam/security-credentials/";

/// The role of this instance. Only by IMDSv2: the first version gives credentials to whoever can make a program ask.
pub(super) fn of_instance(
    instance: &Instance,
    chain: &RoleChain,
    means: &Means<'_>,
    mfa: &mut Mfa,
) -> anyhow::Result<Credentials> {
    mfa.is_calling();
    let url = |path: &str| format!("{}{path}", instance.endpoint);
    runtime()?.block_on(async {
        let ttl = ("x-aws-ec2-metadata-token-ttl-seconds", Secret::new(TOKEN_SECONDS));
        let token =
            ask(IMDS, "PUT", &url("/latest/api/token"), &[ttl], &means.aws).await.map_err(unversed)?;
        let token = line(&token.body).ok_or_else(|| lacks(&request(IMDS), "token"))?;
        let headers = [("x-aws-ec2-metadata-token", Secret::new(token))];
        let roles = match ask(IMDS, "GET", &url(ROLES), &headers, &means.aws).await {
            Err(Refused::Status(404, _)) => {
                return Err(Failure::new(format!("cannot use {}: this instance has no role", chain.name))
                    .hint("attach an instance profile to it")
                    .into());
            }
            answer => answer?,
        };
        let role = line(&roles.body).filter(|role| limits::role_name(role).is_ok());
        let role = role.ok_or_else(|| lacks(&request(IMDS), "role"))?;
        let answer = ask(IMDS, "GET", &url(&format!("{ROLES}{role}")), &headers, &means.aws).await?;
        read(IMDS, &answer)
    })
}

/// Who this container is.
pub(super) fn of_container(
    container: &Container,
    chain: &RoleChain,
    means: &Means<'_>,
    mfa: &mut Mfa,
) -> anyhow::Result<Credentials> {
    let mut headers = vec![("accept", Secret::new("application/json"))];
    if let Some(token) = &container.token {
        let token = text_of(token).with_context(|| format!("cannot use {}", chain.name))?;
        headers.push(("authorization", token));
    }
    mfa.is_calling();
    runtime()?.block_on(async {
        let answer = ask(CONTAINER, "GET", &container.url, &headers, &means.aws).await?;
        read(CONTAINER, &answer)
    })
}

const IMDS: &str = "the instance metadata service";
const CONTAINER: &str = "the container credentials endpoint";

/// As it stands, but what would end the header and begin another.
fn text_of(token: &ContainerToken) -> anyhow::Result<Secret> {
    let (token, whose) = match token {
        ContainerToken::Text(token) => (token.clone(), "AWS_CONTAINER_AUTHORIZATION_TOKEN".to_owned()),
        ContainerToken::File(path) => {
            let shown = shown_path(path);
            let (text, _) = files::read_limited(path, 16 * 1024)
                .with_context(|| format!("cannot read the container's token {shown}"))?
                .ok_or_else(|| Failure::new(format!("the container's token {shown} is not there")))?;
            (Secret::new(String::from_utf8(text).unwrap_or_default()), shown)
        }
    };
    let text = token.expose();
    if text.is_empty() || text.chars().any(|c| c.is_control() || !c.is_ascii()) {
        return Err(Failure::new(format!("{whose}: a token is one line of plain letters")).into());
    }
    Ok(token)
}

/// Why a service gives nothing.
#[derive(Debug)]
enum Refused {
    /// It says so.
    Status(u16, Failure),
    /// No answer came.
    Nothing(Failure),
    /// It could not be asked.
    Other(anyhow::Error),
}

impl From<Refused> for anyhow::Error {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Status(_, failure) | Refused::Nothing(failure) => failure.into(),
            Refused::Other(error) => error,
        }
    }
}

/// Some times, as long as it is busy or does not answer. Where nobody is, nobody will be.
async fn ask(
    service: &str,
    method: &str,
    url: &str,
    headers: &[(&'static str, Secret)],
    aws: &Aws<'_>,
) -> Result<Answer, Refused> {
    let unaskable =
        |error: anyhow::Error| Refused::Other(error.context(format!("{service} cannot be asked")));
    let mut last = Unanswered::TooLate;
    for again in (0..TRIES).rev() {
        match aws.near(method, url, headers, TIME).await.map_err(unaskable)? {
            Ok(answer) if answer.status == 200 => return Ok(answer),
            Ok(answer) if again == 0 || !matches!(answer.status, 429 | 500..) => {
                return Err(Refused::Status(answer.status, refusal(service, &answer)));
            }
            Ok(_) => tokio::time::sleep(Duration::from_millis(250)).await,
            Err(why) => last = why,
        }
    }
    let why = match last {
        Unanswered::TooLate => "does not answer".to_owned(),
        Unanswered::Broken(why) => format!("cannot be reached: {}", shortened(&why)),
        Unanswered::TooLong => "answers with more than credentials can be".to_owned(),
    };
    Err(Refused::Nothing(Failure::new(format!("{service} {why}"))))
}

/// In its own words, where it has some.
fn refusal(service: &str, answer: &Answer) -> Failure {
    #[derive(Deserialize)]
    struct Words {
        #[serde(alias = "Code")]
        code: Option<String>,
        #[serde(alias = "Message")]
        message: Option<String>,
    }
    let words = serde_json::from_slice(&answer.body).ok();
    let words =
        words.map(|Words { code, message }| [code, message].into_iter().flatten().collect::<Vec<_>>());
    let words = words
        .filter(|words| !words.is_empty())
        .map_or_else(String::new, |words| format!(": {}", shown(&words.join(": "))));
    Failure::new(format!("{service} answers with HTTP {}{words}", answer.status))
}

/// A token cannot be had: of an instance that is older than IMDSv2, or from a container that is one hop too far.
fn unversed(refused: Refused) -> anyhow::Error {
    match refused {
        Refused::Status(status @ (403..=405), _) => {
            Failure::new(format!("{IMDS} gives no token of its second version (HTTP {status})"))
                .hint("awsenv does not ask the first version: require IMDSv2 of the instance")
                .into()
        }
        Refused::Nothing(failure) => failure
            .hint("is this an EC2 instance? from inside a container, its metadata needs a hop limit of 2")
            .into(),
        other => other.into(),
    }
}

/// Credentials, as both services write them.
fn read(service: &str, answer: &Answer) -> anyhow::Result<Credentials> {
    #[derive(Default, Deserialize)]
    #[serde(rename_all = "PascalCase", default)]
    struct Given {
        code: Option<String>,
        message: Option<String>,
        access_key_id: String,
        secret_access_key: String,
        token: String,
        expiration: String,
        account_id: Option<String>,
    }
    let given: Given = serde_json::from_slice(&answer.body)
        .map_err(|_| Failure::new(format!("{service} answers with something other than credentials")))?;
    if let Some(code) = given.code.filter(|code| code != "Success") {
        let message = given.message.map_or_else(String::new, |message| format!(": {}", shown(&message)));
        return Err(Failure::new(format!("{service} gives no credentials: {}{message}", shown(&code))).into());
    }
    let account = given.account_id.filter(|account| limits::account(account).is_ok());
    let texts = [given.access_key_id, given.secret_access_key, given.token];
    if texts.iter().any(|text| text.chars().any(char::is_control)) {
        return Err(
            Failure::new(format!("{service} gives credentials with control characters in them")).into()
        );
    }
    let end = clock::parse(&given.expiration);
    if end.is_some_and(|end| end <= clock::now()) {
        return Err(Failure::new(format!("{service} gives credentials that have ended"))
            .hint("it has no new ones yet, or this machine's clock is wrong")
            .into());
    }
    issued(&request(service), texts, end, account)
}

fn request(service: &str) -> String {
    format!("the request to {service}")
}

/// The first line of an answer that is plain text.
fn line(body: &[u8]) -> Option<&str> {
    let line = std::str::from_utf8(body).ok()?.lines().next()?.trim();
    (!line.is_empty() && line.bytes().all(|byte| byte.is_ascii_graphic())).then_some(line)
}
