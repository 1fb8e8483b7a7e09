//! A port of this machine alone: the head of one request a connection, and one answer to it. Knows nothing of what is
//! asked there.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use zeroize::Zeroizing;

use crate::secret::Secret;

pub mod peer;

/// The longest head of a request that is read.
const LONGEST: usize = 16 * 1024;
const FIELDS: usize = 64;
/// A browser opens connections ahead, and says nothing on them.
const SILENCE: Duration = Duration::from_secs(10);

/// What was asked.
#[derive(Debug, PartialEq, Eq)]
pub struct Request {
    /// `GET`.
    pub method: String,
    /// `/path?query`: there may be a code in it.
    pub target: Secret,
    /// Of the one `Host`.
    pub host: Option<String>,
    /// Of the one `Authorization`.
    pub authorization: Option<Secret>,
    /// Of the one `Sec-Fetch-Dest`: for what a browser asks (Fetch Metadata).
    pub destination: Option<String>,
}

/// Binds a port, by default any that is free; says which.
pub async fn bind(port: Option<u16>) -> io::Result<(TcpListener, u16)> {
    let listener = TcpListener::bind(("127.0.0.1", port.unwrap_or(0))).await?;
    let port = listener.local_addr()?.port();
    Ok((listener, port))
}

/// Reads a request's head; `None` if none came in time, or none that could be understood.
pub async fn request(stream: &mut TcpStream) -> Option<Request> {
    timeout(SILENCE, read(stream)).await.ok()?
}

async fn read(stream: &mut TcpStream) -> Option<Request> {
    // Of a size that does not change: growing leaves a copy behind.
    let mut head = Zeroizing::new(vec![0; LONGEST]);
    let mut length = 0;
    while !head[..length].windows(4).any(|end| end == b"\r\n\r\n") {
        match stream.read(&mut head[length..]).await {
            Ok(count) if count > 0 => length += count,
            _ => return None,
        }
    }
    Request::parse(&head[..length])
}

impl Request {
    /// `None`: it is no head of HTTP/1.1, or says the same thing twice.
    pub fn parse(head: &[u8]) -> Option<Self> {
        let mut fields = [httparse::EMPTY_HEADER; FIELDS];
        let mut request = httparse::Request::new(&mut fields);
        if !request.parse(head).ok()?.is_complete() || request.version != Some(1) {
            return None;
        }
        let field = |name: &str| {
            let mut values = request
                .headers
                .iter()
                .filter(|field| field.name.eq_ignore_ascii_case(name))
                .map(|field| field.value);
            match (values.next(), values.next()) {
                (value, None) => value.map(std::str::from_utf8).transpose().ok(),
                _ => None,
            }
        };
        Some(Self {
            host: field("host")?.map(str::to_owned),
            authorization: field("authorization")?.map(Secret::new),
            destination: field("sec-fetch-dest")?.map(str::to_owned),
            method: request.method?.to_owned(),
            target: Secret::new(request.path?),
        })
    }
}

/// Writes the one answer, and lets go. `fields`: each with its line's end.
pub async fn answer(mut stream: TcpStream, status: &str, fields: &str, body: &[u8]) {
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Length: {}\r\nCache-Control: no-store\r\nConnection: close\r\n{fields}\r\n",
        body.len()
    );
    let written = async {
        stream.write_all(head.as_bytes()).await?;
        stream.write_all(body).await?;
        stream.shutdown().await
    };
    let _ = timeout(SILENCE, written).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_whole_and_says_each_thing_once() {
        let request =
            Request::parse(b"GET /a?b HTTP/1.1\r\nhost: h\r\nAuthorization:  t \r\nX: y\r\n\r\n").unwrap();
        let expected = Request {
            method: "GET".into(),
            target: Secret::new("/a?b"),
            host: Some("h".into()),
            authorization: Some(Secret::new("t")),
            destination: None,
        };
        assert_eq!(request, expected);
        let none = Request::parse(b"GET / HTTP/1.1\r\n\r\n").unwrap();
        assert_eq!((none.host, none.authorization), (None, None));
        for head in [
            "GET / HTTP/1.0\r\n\r\n",
            "GET / HTTP/1.1\r\n",
            "GET /\r\n\r\n",
            "\x16\x03\x01\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
            "GET / HTTP/1.1\r\nAuthorization: a\r\nauthorization: b\r\n\r\n",
            "GET / HTTP/1.1\r\nHost : a\r\n\r\n",
            "GET / HTTP/1.1\r\nAuthorization: a\r\n b\r\n\r\n",
        ] {
            assert_eq!(Request::parse(head.as_bytes()), None, "{head:?}");
        }
        let many = format!("GET / HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(FIELDS + 1));
        assert_eq!(Request::parse(many.as_bytes()), None);
    }
}
