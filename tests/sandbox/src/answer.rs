//! Answers of the query protocol, as AWS writes them.

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
        }
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

/// Without the element of this name, wherever it is.
pub(crate) fn without(body: &str, element: &str) -> String {
    let (open, close) = (format!("<{element}>"), format!("</{element}>"));
    match (body.find(&open), body.find(&close)) {
        (Some(from), Some(to)) => format!("{}{}", &body[..from], &body[to + close.len()..]),
        _ => body.to_owned(),
    }
}
