//! An endpoint of the container-credentials protocol, as SDKs ask it.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use awsenv_sandbox::Sandbox;
use serde_json::Value;

/// Longer than anything takes on a slow machine.
const DEADLINE: Duration = Duration::from_secs(60);

/// Where it is, and what opens it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Door {
    /// With its port.
    pub host: String,
    /// For the `Authorization` header.
    pub token: String,
}

impl Door {
    /// Of these two variables.
    #[track_caller]
    pub fn new(uri: &str, token: &str) -> Self {
        let host = uri.strip_prefix("http://").unwrap().strip_suffix("/credentials").unwrap();
        Self { host: host.to_owned(), token: token.to_owned() }
    }

    /// The status, and the answer to these lines.
    pub fn send(&self, head: &str) -> (u16, String) {
        self.try_send(head).unwrap()
    }

    fn try_send(&self, head: &str) -> io::Result<(u16, String)> {
        let mut stream = TcpStream::connect(&self.host)?;
        stream.set_read_timeout(Some(DEADLINE))?;
        stream.write_all(format!("{head}\r\n\r\n").as_bytes())?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_default();
        let status = head.split(' ').nth(1).map_or(0, |status| status.parse().unwrap());
        Ok((status, body.to_owned()))
    }

    /// As an SDK asks.
    pub fn ask(&self) -> (u16, Value) {
        self.ask_if_there().expect("somebody answers")
    }

    /// The same, if somebody is there to the end of the answer.
    pub fn ask_if_there(&self) -> Option<(u16, Value)> {
        let Self { host, token, .. } = self;
        let head = format!("GET /credentials HTTP/1.1\r\nHost: {host}\r\nAuthorization: {token}");
        let (status, body) = self.try_send(&head).ok().filter(|(_, body)| !body.is_empty())?;
        Some((status, serde_json::from_str(&body).unwrap()))
    }

    /// The id of the key that is given out.
    #[track_caller]
    pub fn key(&self) -> String {
        let (status, answer) = self.ask();
        assert_eq!(status, 200, "{answer}");
        answer["AccessKeyId"].as_str().unwrap().to_owned()
    }

    /// Asks until a key comes that is not this one.
    pub fn key_after(&self, old: &str) -> String {
        let give_up = Instant::now() + DEADLINE;
        loop {
            let key = self.key();
            if key != old {
                return key;
            }
            assert!(Instant::now() < give_up, "the same key is given out for ever");
        }
    }
}

/// Whose keys an answer holds, in the sandbox's eyes.
pub fn identity(sandbox: &Sandbox, answer: &Value) -> Option<String> {
    let text = |name: &str| answer[name].as_str();
    sandbox.verify(
        text("AccessKeyId")?,
        text("SecretAccessKey")?,
        text("Token").filter(|token| !token.is_empty()),
    )
}
