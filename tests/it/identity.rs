//! As much of AWS as these stories need: GetCallerIdentity on loopback. It believes every signature; what AWS
//! itself refuses is asked of the sandbox.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};

/// Whose key is whose account.
const ACCOUNTS: [(&str, &str); 4] = [
    ("AKIADEV", "111122223333"),
    ("AKIAPROD", "999988887777"),
    ("AKIABARE", "111122223333"),
    ("AKIAIOSFODNN7EXAMPLE", "111122223333"),
];

/// Starts answering until the tests end; says where.
pub(crate) fn start() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // A caller that went away needs no answer.
            let _ = answer(stream);
        }
    });
    format!("http://{address}")
}

fn answer(stream: TcpStream) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let (mut length, mut account) = (0, None);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 || line == "\r\n" {
            break;
        }
        let (name, value) = line.split_once(": ").unwrap_or_default();
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.trim().parse().unwrap_or(0),
            "authorization" => {
                let owner = |(key, _): &&(&str, &str)| value.contains(&format!("Credential={key}/"));
                account = ACCOUNTS.iter().find(owner).map(|(_, account)| account);
            }
            _ => {}
        }
    }
    reader.take(length).read_to_end(&mut Vec::new())?;
    let (status, body) = match account {
        Some(account) => (
            "200 OK",
            format!(
                "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\
                 <GetCallerIdentityResult><Arn>arn:aws:iam::{account}:user/me</Arn><UserId>AIDAME</UserId>\
                 <Account>{account}</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"
            ),
        ),
        None => (
            "403 Forbidden",
            "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender</Type>\
             <Code>InvalidClientTokenId</Code><Message>The security token included in the request is invalid\
             </Message></Error></ErrorResponse>"
                .to_owned(),
        ),
    };
    let mut stream = stream;
    write!(
        stream,
        "HTTP/1.1 {status}\r\ncontent-type: text/xml\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
}
