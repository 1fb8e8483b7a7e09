//! Asking the person at the terminal, wherever stdin and stdout lead.

use std::fs::OpenOptions;
use std::io::{self, BufRead, BufReader, Write};

use crate::message::printable;
use crate::secret::Secret;

/// Asks for a line.
pub fn ask(prompt: &str) -> io::Result<String> {
    let mut terminal = open()?;
    write!(terminal, "{}", printable(prompt))?;
    let mut line = String::new();
    if BufReader::new(terminal).read_line(&mut line)? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(line.trim().to_owned())
}

/// Asks for a line that is not shown.
pub fn ask_hidden(prompt: &str) -> io::Result<Secret> {
    // Known before the crate says so in its words.
    drop(open()?);
    rpassword::prompt_password(printable(prompt)).map(Secret::new)
}

/// Whether there is one.
pub fn is_there() -> bool {
    open().is_ok()
}

fn open() -> io::Result<std::fs::File> {
    let opened = OpenOptions::new().read(true).write(true).open("/dev/tty");
    opened.map_err(|_| io::Error::other("there is no terminal"))
}
