//! A page of this machine that sends one browser on, once: a command line is seen by every user, so the address with the
//! token in it does not stand there.

use std::future::pending;
use std::io::IsTerminal as _;
use std::pin::pin;
use std::time::Duration;

use anyhow::Context;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{sleep, timeout};

use crate::commands::browser::Browser;
use crate::files;
use crate::loopback::{self, Request, peer};
use crate::message::{Failure, printable};
use crate::provider::runtime;
use crate::secret::Secret;
use crate::world;

/// A browser that has to be started on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// What a browser has asked for before it failed comes within, where nobody sees the address.
const LAST_WORD: Duration = Duration::from_secs(1);

/// The page.
pub(super) struct Handover {
    runtime: Runtime,
    listener: TcpListener,
    port: u16,
    /// Nobody else can know it, but for who sees the browser's command line; for them, there is [`peer`].
    path: String,
}

impl Handover {
    /// On a free port of this machine alone.
    pub(super) fn bind() -> anyhow::Result<Self> {
        let runtime = runtime()?;
        let bound = runtime.block_on(loopback::bind(None));
        let (listener, port) = bound.context("cannot listen on 127.0.0.1")?;
        Ok(Self { runtime, listener, port, path: format!("/{}", files::random_hex(16)) })
    }

    /// What the browser is told to open.
    pub(super) fn address(&self) -> String {
        format!("http://127.0.0.1:{}{}", self.port, self.path)
    }

    /// Waits for the browser and sends it to `url`. After that, nobody is listened to.
    pub(super) fn send_to(self, url: &Secret, browser: Browser) -> anyhow::Result<()> {
        let Self { runtime, listener, path, .. } = self;
        runtime.block_on(async {
            let mut visitor = pin!(visitor(listener, path));
            let mut end = pin!(sleep(PATIENCE));
            let come = tokio::select! {
                biased;
                come = &mut visitor => come.ok_or_else(nobody),
                // It may have left the page to a browser that is slow to come, or the person opens it.
                why = failure(browser) => if std::io::stderr().is_terminal() {
                    world::say(&printable(&format!("awsenv: {why}; the address above is still good")));
                    tokio::select! {
                        come = visitor => come.ok_or_else(nobody),
                        () = end => Err(nobody()),
                    }
                } else {
                    timeout(LAST_WORD, visitor).await.ok().flatten().ok_or(why)
                },
                () = &mut end => Err(nobody()),
            };
            let fields = format!("Location: {}\r\nReferrer-Policy: no-referrer\r\n", url.expose());
            loopback::answer(come.map_err(no_browser)?, "303 See Other", &fields, b"").await;
            Ok(())
        })
    }
}

fn nobody() -> String {
    "no browser came to be sent to the console".to_owned()
}

/// Why nobody opens the console, and what does.
pub(super) fn no_browser(why: impl Into<String>) -> Failure {
    Failure::new(why).hint(
        "`awsenv console --print` prints the address, for any browser; the setting `browser` names another",
    )
}

/// Why this browser opens nothing. One that fails at nothing has no answer.
async fn failure(browser: Browser) -> String {
    let (send, failed) = oneshot::channel();
    std::thread::spawn(move || browser.failure().map(|why| send.send(why)));
    match failed.await {
        Ok(why) => why,
        Err(_) => pending().await,
    }
}

async fn visitor(listener: TcpListener, path: String) -> Option<TcpStream> {
    let (send, mut visitors) = mpsc::channel(1);
    let listening = tokio::spawn(async move {
        loop {
            match listener.accept().await {
                Ok((stream, _)) => drop(tokio::spawn(receive(stream, path.clone(), send.clone()))),
                // Out of descriptors; nothing that lasts.
                Err(_) => tokio::time::sleep(Duration::from_secs(1)).await,
            }
        }
    });
    let visitor = visitors.recv().await;
    listening.abort();
    visitor
}

/// Reads a request; who is not the browser is sent away.
async fn receive(mut stream: TcpStream, path: String, send: mpsc::Sender<TcpStream>) {
    let Some(request) = loopback::request(&mut stream).await else { return };
    match is_meant(&request, &path) && peer::is_mine(&stream) {
        true => drop(send.send(stream).await),
        false => loopback::answer(stream, "404 Not Found", "", b"").await,
    }
}

/// No page that the browser shows can ask for it, in a frame or as a picture.
fn is_meant(request: &Request, path: &str) -> bool {
    let is_sent = request.destination.as_deref().is_none_or(|what| what == "document");
    is_sent && request.method == "GET" && request.target == Secret::new(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_who_was_told_the_path_is_sent_on() {
        let asked = |line: &str, fields: &str| {
            let head = format!("{line} HTTP/1.1\r\nHost: 127.0.0.1\r\n{fields}\r\n");
            is_meant(&Request::parse(head.as_bytes()).unwrap(), "/abc")
        };
        assert!(asked("GET /abc", ""));
        assert!(asked("GET /abc", "Sec-Fetch-Dest: document\r\n"));
        for (line, fields) in [
            ("GET /abc", "Sec-Fetch-Dest: image\r\n"),
            ("HEAD /abc", ""),
            ("POST /abc", ""),
            ("GET /", ""),
            ("GET /abcd", ""),
            ("GET /favicon.ico", ""),
            ("GET /abc?", ""),
        ] {
            assert!(!asked(line, fields), "{line} {fields}");
        }
    }
}
