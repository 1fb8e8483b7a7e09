//! The port of loopback that a browser comes back to, for one answer. Nothing from the browser gets into a page.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use tokio::time::{sleep, timeout};
use zeroize::Zeroizing;

use super::Patience;
use super::refused::by_browser;
use crate::loopback::{self, Request};
use crate::message::{Exit, Failure, shown};
use crate::secret::Secret;

const PATH: &str = "/oauth/callback";
/// So many connections are read from; of more, the oldest is closed. A browser on this machine is quicker than that.
const AT_ONCE: usize = 64;
const TICK: Duration = Duration::from_secs(1);

/// The port.
pub(in crate::provider) struct Callback {
    listener: TcpListener,
    port: u16,
}

/// The browser, which still waits for its page.
pub(in crate::provider) struct Visitor(TcpStream);

/// What it is shown.
#[derive(Clone, Copy)]
pub(in crate::provider) enum Page {
    SignedIn,
    Failed,
    NotFound,
}

impl Callback {
    /// Of this machine alone.
    pub(in crate::provider) async fn bind(port: Option<u16>) -> anyhow::Result<Self> {
        let bound = loopback::bind(port).await;
        let (listener, port) = bound.map_err(|error| match port {
            Some(port) => Failure::new(format!("cannot listen on port {port} of 127.0.0.1: {error}"))
                .hint("the setting callback_port names it; without it any free port is taken"),
            None => Failure::new(format!("cannot listen on 127.0.0.1: {error}")),
        })?;
        Ok(Self { listener, port })
    }

    /// As the browser is told to come back.
    pub(in crate::provider) fn address(&self) -> String {
        format!("http://127.0.0.1:{}{PATH}", self.port)
    }

    /// Waits for the answer. The first one decides, and nobody is listened to after it.
    pub(in crate::provider) async fn answer(
        self,
        state: &str,
        patience: &Patience<'_>,
    ) -> anyhow::Result<(Result<Secret, Failure>, Visitor)> {
        let (send, mut answers) = mpsc::channel(1);
        let listening = tokio::spawn(async move {
            let mut visitors = VecDeque::new();
            loop {
                // Out of descriptors, it says; nothing that lasts.
                let Ok((stream, _)) = self.listener.accept().await else {
                    sleep(TICK).await;
                    continue;
                };
                if visitors.len() == AT_ONCE {
                    visitors.pop_front().inspect(AbortHandle::abort);
                }
                visitors.push_back(tokio::spawn(receive(stream, send.clone())).abort_handle());
            }
        });
        let answer = loop {
            match timeout(TICK, answers.recv()).await {
                Ok(answer) => break answer,
                Err(_) if patience.lasts() => {}
                Err(_) => break None,
            }
        };
        listening.abort();
        let (visitor, query) = answer.ok_or_else(|| {
            Failure::new("nobody signed in in time").hint("run `awsenv login` again").exit(Exit::PersonNeeded)
        })?;
        Ok((code(query.expose(), state), visitor))
    }
}

/// Reads a request; what is not the answer is sent away.
async fn receive(mut stream: TcpStream, send: mpsc::Sender<(Visitor, Secret)>) {
    let Some(request) = loopback::request(&mut stream).await else { return };
    match query(&request) {
        Some(query) => drop(send.send((Visitor(stream), query)).await),
        None => Visitor(stream).see(Page::NotFound).await,
    }
}

/// `QUERY`, of `GET /oauth/callback?QUERY`.
fn query(request: &Request) -> Option<Secret> {
    // Any web page can have its reader's browser ask here, for a picture or in a frame, and so end the sign-in. Only
    // a browser that is sent here says `document`; an old one says nothing.
    let is_sent = request.destination.as_deref().is_none_or(|what| what == "document");
    let (path, query) = request.target.expose().split_once('?')?;
    (is_sent && request.method == "GET" && path == PATH).then(|| Secret::new(query))
}

/// The code of an answer to our own question.
pub(in crate::provider) fn code(query: &str, state: &str) -> Result<Secret, Failure> {
    let field = |name: &str| {
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.clone().find(|(key, _)| *key == name).and_then(|(_, value)| decoded(value))
    };
    if field("state").is_none_or(|theirs| theirs != Secret::new(state)) {
        return Err(Failure::new("the browser's answer is not to our question: its state is another one")
            .hint("run `awsenv login` again; if it comes to the same, find out who opened that page")
            .exit(Exit::PersonNeeded));
    }
    if let Some(error) = field("error") {
        let description = field("error_description").unwrap_or(Secret::new(""));
        return Err(by_browser(&shown(error.expose()), &shown(description.expose())));
    }
    field("code").ok_or_else(|| Failure::new("the browser's answer holds no code").exit(Exit::PersonNeeded))
}

/// `application/x-www-form-urlencoded`.
fn decoded(text: &str) -> Option<Secret> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        match first {
            b'+' => bytes.push(b' '),
            b'%' => {
                let (digits, after) = rest.split_at_checked(2)?;
                bytes.push(u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?);
                rest = after;
            }
            byte => bytes.push(*byte),
        }
    }
    std::str::from_utf8(&bytes).ok().filter(|text| !text.is_empty()).map(Secret::new)
}

impl Visitor {
    /// Shows a page, which is the same for everybody, and lets go.
    pub(in crate::provider) async fn see(self, page: Page) {
        let (tick, cross) = (("yes", "M7 12.5l3.5 3.5 6.5-7.5"), ("no", "M8 8l8 8M16 8l-8 8"));
        let (status, (mark, shape), title, text) = match page {
            Page::SignedIn => {
                ("200 OK", tick, "Signed in", "You can close this tab and go back to the terminal.")
            }
            Page::Failed => {
                ("400 Bad Request", cross, "Not signed in", "Go back to the terminal: it says why.")
            }
            Page::NotFound => ("404 Not Found", cross, "Nothing here", "awsenv waits for another page."),
        };
        let body = format!(include_str!("page.html"), mark = mark, shape = shape, title = title, text = text);
        let fields = "Content-Type: text/html; charset=utf-8\r\n\
             Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'\r\n\
             X-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\n";
        loopback::answer(self.0, status, fields, body.as_bytes()).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_that_was_sent_here_is_heard_and_nobody_else() {
        let asked = |line: &str, fields: &str| {
            let head = format!("{line}\r\nHost: 127.0.0.1\r\n{fields}\r\n");
            query(&Request::parse(head.as_bytes())?).map(|query| query.expose().to_owned())
        };
        let line = "GET /oauth/callback?a=b HTTP/1.1";
        for (line, fields, expected) in [
            (line, "", true),
            (line, "Sec-Fetch-Dest: document\r\n", true),
            (line, "sec-fetch-dest:image\r\n", false),
            (line, "Sec-Fetch-Dest: iframe\r\nSec-Fetch-Dest: document\r\n", false),
            ("POST /oauth/callback?a=b HTTP/1.1", "", false),
            ("GET /oauth/callback HTTP/1.1", "", false),
            ("GET /oauth/callback/?a=b HTTP/1.1", "", false),
            ("GET http://127.0.0.1/oauth/callback?a=b HTTP/1.1", "", false),
        ] {
            assert_eq!(asked(line, fields).as_deref(), Some("a=b").filter(|_| expected), "{line} {fields}");
        }
        assert!(
            Request::parse(b"GET /oauth/callback?\xff HTTP/1.1\r\n\r\n").is_none_or(|r| query(&r).is_none())
        );
    }

    #[test]
    fn only_an_answer_to_our_own_question_counts() {
        assert_eq!(code("code=a%2Fb+c&state=me", "me").unwrap(), Secret::new("a/b c"));
        for (query, reason) in [
            ("code=a&state=you", "its state is another one"),
            ("code=a", "its state is another one"),
            ("state=me", "holds no code"),
            ("state=me&code=", "holds no code"),
            ("state=me&code=%zz", "holds no code"),
            ("state=me&error=access_denied&code=a", "was refused in the browser"),
            ("state=me&error=x%1b%5b31m&error_description=y", "the sign-in failed: x\\u{1b}[31m: y"),
        ] {
            let failure = code(query, "me").unwrap_err();
            assert!(failure.what.contains(reason), "{query}: {}", failure.what);
        }
    }
}
