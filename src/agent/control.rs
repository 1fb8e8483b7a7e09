//! How commands speak to the agent: one question and one answer a connection, on a socket in a directory that is this
//! user's alone. Whoever is at the other end must be this user, too (`SO_PEERCRED`; `getpeereid` on macOS).

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Notify;
use tokio::time::timeout;
use zeroize::Zeroizing;

use crate::files::{self, Stamp};

/// The longest part of a message: an environment may have as much.
const LONGEST: u32 = 4 * 1024 * 1024;
/// What is asked is answered from memory.
const PATIENCE: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(100);

/// What the agent is asked.
#[derive(Debug, Serialize, Deserialize)]
pub enum Question {
    /// To lend a session's credentials. The environment it is renewed in comes along.
    Grant(Wish),
    /// To take back what stands on this sign-in, or on any.
    Revoke {
        /// As a session names it.
        sign_in: Option<String>,
    },
    /// What it does.
    Status,
    /// To end.
    Stop,
}

/// A session that programs shall get by the endpoint.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Wish {
    /// The name by which programs are given it.
    pub lasting: String,
    /// Its name in the store.
    pub session: String,
    /// What that was made of beside the AWS files: a certificate's.
    pub files: Vec<(PathBuf, Option<Stamp>)>,
    /// What people call it.
    pub name: String,
    /// Where the `.awsenv` counts that says how it is renewed.
    pub directory: OsString,
    /// The account that it has to be of.
    pub account: Option<String>,
    /// The sign-in that it stands on.
    pub sign_in: Option<String>,
}

/// What the agent answers.
#[derive(Debug, Serialize, Deserialize)]
pub enum Reply {
    /// It is so.
    Done,
    /// It is not, and why.
    Refused(String),
    /// What it does.
    Status(Status),
}

/// What an agent does.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Status {
    /// Its process id.
    pub pid: u32,
    /// Its version; empty of one that did not say it yet.
    #[serde(default)]
    pub version: String,
    /// `127.0.0.1:PORT`.
    pub address: String,
    /// Since when (RFC 3339).
    pub since: String,
    /// Shells that have been given an endpoint, and live.
    pub shells: usize,
    /// What it lends.
    pub sessions: Vec<Lending>,
}

/// A session that is lent.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Lending {
    /// What people call it.
    pub name: String,
    /// Where its `.awsenv` counts.
    pub directory: PathBuf,
    /// The end of what the store has (RFC 3339).
    pub expiration: Option<String>,
    /// When a program last asked (RFC 3339).
    pub asked: Option<String>,
}

/// Listens at a path where nobody does.
pub fn listen(path: &Path) -> io::Result<UnixListener> {
    files::remove(path)?;
    UnixListener::bind(path)
}

/// What answers.
pub type Answer = dyn Fn(Question, Zeroizing<Vec<u8>>) -> Reply + Send + Sync;

/// Answers until it has been asked to end.
pub async fn serve(listener: UnixListener, answer: Arc<Answer>) {
    let end = Arc::new(Notify::new());
    loop {
        let stream = tokio::select! {
            accepted = listener.accept() => accepted.map(|(stream, _)| stream),
            () = end.notified() => return,
        };
        let Ok(stream) = stream else {
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        let (answer, end) = (answer.clone(), end.clone());
        tokio::spawn(async move {
            match timeout(PATIENCE, hear(stream, answer)).await {
                Ok(Ok(is_the_end)) if is_the_end => end.notify_one(),
                Ok(Err(error)) => log::warn!("agent: a question was not answered: {error}"),
                _ => (),
            }
        });
    }
}

/// Says whether it was asked to end.
async fn hear(mut stream: UnixStream, answer: Arc<Answer>) -> io::Result<bool> {
    check_peer(&stream)?;
    let question = serde_json::from_slice(&read(&mut stream).await?);
    let attached = read(&mut stream).await?;
    let is_the_end = matches!(question, Ok(Question::Stop));
    let reply = match question {
        Ok(question) => tokio::task::spawn_blocking(move || answer(question, attached)).await?,
        Err(_) => Reply::Refused("it is of another version of awsenv; `awsenv agent stop` ends it".into()),
    };
    let told = write(&mut stream, &serde_json::to_vec(&reply)?).await;
    if is_the_end { Ok(true) } else { told.map(|()| false) }
}

/// Asks the agent at a path; `None`: there is none. `attached`: an environment, for [`Question::Grant`].
pub async fn ask(path: &Path, question: &Question, attached: &[u8]) -> io::Result<Option<Reply>> {
    let talk = async {
        let mut stream = UnixStream::connect(path).await?;
        check_peer(&stream)?;
        write(&mut stream, &serde_json::to_vec(question)?).await?;
        write(&mut stream, attached).await?;
        Ok(serde_json::from_slice(&read(&mut stream).await?)?)
    };
    match timeout(PATIENCE, talk).await {
        Ok(Ok(reply)) => Ok(Some(reply)),
        Ok(Err(error)) if is_gone(&error) => Ok(None),
        Ok(Err(error)) => Err(error),
        Err(_) => Err(io::Error::new(io::ErrorKind::TimedOut, "it does not answer")),
    }
}

/// It is not there, or has ended meanwhile.
fn is_gone(error: &io::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionRefused, ConnectionReset, NotFound, UnexpectedEof};
    matches!(error.kind(), BrokenPipe | ConnectionRefused | ConnectionReset | NotFound | UnexpectedEof)
}

fn check_peer(stream: &UnixStream) -> io::Result<()> {
    match stream.peer_cred()?.uid() == files::uid() {
        true => Ok(()),
        false => Err(io::Error::new(io::ErrorKind::PermissionDenied, "another user is at the other end")),
    }
}

/// Its length, then the part itself.
async fn write(stream: &mut UnixStream, part: &[u8]) -> io::Result<()> {
    let length = u32::try_from(part.len()).ok().filter(|length| *length <= LONGEST);
    let length = length.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "too much to send"))?;
    stream.write_all(&length.to_be_bytes()).await?;
    stream.write_all(part).await
}

async fn read(stream: &mut UnixStream) -> io::Result<Zeroizing<Vec<u8>>> {
    let length = stream.read_u32().await?;
    if length > LONGEST {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "too much is sent"));
    }
    let mut part = Zeroizing::new(vec![0; length as usize]);
    stream.read_exact(&mut part).await?;
    Ok(part)
}
