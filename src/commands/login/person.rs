//! What the person sees while signing in, on stderr.

use std::io::{ErrorKind, Write, stderr};
use std::time::Duration;

use super::super::agent;
use super::super::allow::tell_shells;
use super::super::browser;
use super::super::progress::Progress;
use super::qr;
use super::way::Way;
use crate::message::{Exit, Failure, printable, render};
use crate::provider::sign_in::{Guide, Invitation};
use crate::secret::Secret;
use crate::session::sso::Flow;
use crate::session::store::SessionStore;
use crate::terminal;
use crate::world::{self, World};

/// Whoever signs in holds up all who would.
const PATIENCE: Duration = Duration::from_secs(15 * 60);

/// The person at the terminal.
pub(super) struct Person<'a> {
    label: &'a str,
    way: &'a Way,
    /// Of the sign-in, as sessions know it.
    id: String,
    world: &'a World,
    progress: Progress,
}

impl<'a> Person<'a> {
    pub(super) fn new(label: &'a str, id: String, way: &'a Way, world: &'a World) -> Self {
        Self { label, id, way, world, progress: Progress::of(&world.original) }
    }

    fn open(&self, address: &str) {
        let Some(command) = &self.way.opener else { return };
        if !is_web_address(address) {
            return world::say("awsenv: no browser is opened: that is no https address");
        }
        if let Err(error) = browser::open(command, address, &self.world.original) {
            world::say(render(&error).0.trim_end());
        }
    }

    fn qr(&self, address: &str) {
        let Ok(size) = rustix::termios::tcgetwinsize(stderr()) else { return };
        if self.progress.is_seen()
            && let Some(code) = qr::draw(address, size.ws_col, size.ws_row)
        {
            let _ = stderr().lock().write_all(code.as_bytes());
        }
    }
}

/// It comes from the service, and goes to a program of ours.
fn is_web_address(address: &str) -> bool {
    let is_web = ["https://", "http://127.0.0.1:"].iter().any(|scheme| address.starts_with(scheme));
    // As RFC 3986 has it: the others have to be encoded.
    is_web && address.chars().all(|c| c.is_ascii_graphic() && !"\"<>\\^`{|}".contains(c))
}

impl Guide for Person<'_> {
    fn another_signs_in(&self) {
        world::say(&printable(&format!(
            "awsenv: another `awsenv login` signs in to {}, waiting for it",
            self.label
        )));
    }

    fn old_one_ended(&self) -> anyhow::Result<()> {
        agent::revoke(Some(&self.id), self.world);
        let forgotten = SessionStore::new(&self.world.places)
            .forget_those(|session| session.sign_in.as_ref() == Some(&self.id));
        tell_shells(self.world);
        forgotten
    }

    fn invite(&self, invitation: &Invitation<'_>) {
        let label = printable(self.label);
        if let Some(because) = self.way.because {
            world::say(&format!("awsenv: {because}: sign in on any device"));
        }
        match (self.way.flow, invitation.user_code) {
            (Flow::Device, Some(code)) => {
                let whole = invitation.whole_address.unwrap_or(invitation.address);
                self.qr(whole);
                world::say(&format!("awsenv: sign in to {label} at"));
                world::say(&format!("  {}", printable(invitation.address)));
                world::say(&format!("and confirm the code\n  {}", printable(code)));
                self.open(whole);
            }
            (Flow::Device, None) => {
                world::say(&format!("awsenv: sign in to {label} at"));
                world::say(&format!("  {}", printable(invitation.address)));
                self.open(invitation.address);
            }
            (Flow::Browser, _) => {
                let how =
                    if self.way.opener.is_some() { "; if none opens, go to" } else { " of this machine:" };
                world::say(&format!("awsenv: sign in to {label} in the browser{how}"));
                world::say(&format!("  {}", printable(invitation.address)));
                self.open(invitation.address);
            }
        }
    }

    fn ask_for_answer(&self) -> anyhow::Result<Secret> {
        // It stands for the sign-in until it is used: it is not shown.
        terminal::ask_hidden_within("What the page shows in the end: ", PATIENCE).map_err(|error| {
            if error.kind() == ErrorKind::TimedOut {
                let failure = Failure::new("nobody signed in in time").hint("run `awsenv login` again");
                return failure.exit(Exit::PersonNeeded).into();
            }
            let hint = "run it on a terminal: what the page shows has to be brought back there";
            terminal::unanswered("nobody can bring back what the page shows", &error, hint).into()
        })
    }

    fn waits(&self, left: Duration) {
        let seconds = left.as_secs();
        self.progress.show(&format!("awsenv: waiting for you, {}:{:02} left", seconds / 60, seconds % 60));
    }

    fn ends(&self) {
        self.progress.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_is_given_an_address_and_nothing_else() {
        assert!(is_web_address("https://device.sso.us-east-1.amazonaws.com/?user_code=ABCD-EFGH"));
        for odd in [
            "file:///etc/passwd",
            "--x",
            "https://x/ --new-window",
            "https://x/\n--x",
            "https://x/\u{1b}",
            "https://x/`id`",
        ] {
            assert!(!is_web_address(odd), "{odd}");
        }
    }
}
