//! Answers as AWS writes them: of the query protocol in XML, of the others in JSON.

use serde_json::{Value, json};

use jiff::Timestamp;

use crate::principal::Principal;

/// An HTTP answer.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) content_type: &'static str,
    pub(crate) body: String,
    /// AWS's code of a refusal.
    pub(crate) error: Option<String>,
    /// The access key id that was issued.
    pub(crate) issued: Option<String>,
    /// Where a browser goes on.
    pub(crate) location: Option<String>,
}

/// A refusal.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) code: String,
    pub(crate) message: String,
}

impl Refusal {
    pub(crate) fn new(status: u16, code: &str, message: impl Into<String>) -> Self {
        Self { status, code: code.into(), message: message.into() }
    }

    pub(crate) fn denied(message: impl Into<String>) -> Self {
        Self::new(403, "AccessDenied", message)
    }

    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(400, "ValidationError", message)
    }

    /// As the access portal refuses.
    pub(crate) fn of_portal(&self) -> Answer {
        let body = json!({"message": self.message});
        Answer { error: Some(self.code.clone()), ..json_answer(self.status, &body) }
    }

    /// As SSO OIDC refuses: `InvalidGrantException` is `invalid_grant` there (RFC 6749, 5.2).
    pub(crate) fn of_oidc(&self) -> Answer {
        let mut error = String::new();
        for letter in self.code.trim_end_matches("Exception").chars() {
            if letter.is_ascii_uppercase() && !error.is_empty() {
                error.push('_');
            }
            error.push(letter.to_ascii_lowercase());
        }
        let body = json!({"error": error, "error_description": self.message});
        Answer { error: Some(self.code.clone()), ..json_answer(self.status, &body) }
    }

    /// As the service behind `aws login` refuses.
    pub(crate) fn of_console(&self) -> Answer {
        let body = json!({"error": self.code, "message": self.message});
        let kind = match self.status {
            400 => "ValidationException",
            429 => "TooManyRequestsError",
            500.. => "InternalServerException",
            _ => "AccessDeniedException",
        };
        Answer { error: Some(kind.to_owned()), ..json_answer(self.status, &body) }
    }

    /// As STS refuses.
    pub(crate) fn answer(&self) -> Answer {
        let body = format!(
            "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\n  <Error>\n    <Type>{}</Type>\n    \
             <Code>{}</Code>\n    <Message>{}</Message>\n  </Error>\n  <RequestId>{}</RequestId>\n</ErrorResponse>\n",
            if self.status < 500 { "Sender" } else { "Receiver" },
            escape(&self.code),
            escape(&self.message),
            crate::identity::request_id()
        );
        Answer {
            status: self.status,
            content_type: "text/xml",
            body,
            error: Some(self.code.clone()),
            issued: None,
            location: None,
        }
    }
}

/// An answer of the services that speak JSON.
pub(crate) fn json_answer(status: u16, body: &Value) -> Answer {
    Answer {
        status,
        content_type: "application/json",
        body: body.to_string(),
        error: None,
        issued: None,
        location: None,
    }
}

/// A good answer: the elements of `<OperationResult>`.
pub(crate) fn result(operation: &str, members: &str, issued: Option<&Principal>) -> Answer {
    let body = format!(
        "<{operation}Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\n  <{operation}Result>\n{members}  \
         </{operation}Result>\n  <ResponseMetadata>\n    <RequestId>{}</RequestId>\n  </ResponseMetadata>\n\
         </{operation}Response>\n",
        crate::identity::request_id()
    );
    Answer {
        status: 200,
        content_type: "text/xml",
        body,
        error: None,
        issued: issued.map(|principal| principal.access_key_id.clone()),
        location: None,
    }
}

/// `2026-11-22T12:00:00Z`.
pub(crate) fn instant(instant: Timestamp) -> String {
    instant.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// `<name>text</name>`.
pub(crate) fn element(name: &str, text: &str) -> String {
    format!("    <{name}>{}</{name}>\n", escape(text))
}

/// `<Credentials>`.
pub(crate) fn credentials(principal: &Principal) -> String {
    let expiration = principal.expiration.expect("what is issued ends");
    let members = [
        element("AccessKeyId", &principal.access_key_id),
        element("SecretAccessKey", &principal.secret),
        element("SessionToken", principal.token.as_deref().unwrap_or_default()),
        element("Expiration", &instant(expiration)),
    ];
    format!("    <Credentials>\n{}    </Credentials>\n", members.concat())
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Without the element or member of this name, wherever it is.
pub(crate) fn without(body: &str, element: &str) -> String {
    if let Ok(mut json) = serde_json::from_str(body) {
        remove(&mut json, element);
        return json.to_string();
    }
    let (open, close) = (format!("<{element}>"), format!("</{element}>"));
    match (body.find(&open), body.find(&close)) {
        (Some(from), Some(to)) => format!("{}{}", &body[..from], &body[to + close.len()..]),
        _ => body.to_owned(),
    }
}

fn remove(json: &mut Value, member: &str) {
    match json {
        Value::Object(object) => {
            object.remove(member);
            object.values_mut().for_each(|value| remove(value, member));
        }
        Value::Array(list) => list.iter_mut().for_each(|value| remove(value, member)),
        _ => {}
    }
}
