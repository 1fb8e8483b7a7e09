//! Which way to sign in.

use super::Login;
use crate::commands::browser::browser;
use crate::session::sso::Flow;
use crate::world::World;

/// How a person gets to the portal.
#[derive(Debug)]
pub(super) struct Way {
    pub(super) flow: Flow,
    /// The command that opens an address; none: the person does.
    pub(super) opener: Option<Vec<String>>,
    /// Why it is not by a browser of this machine, where nobody asked for that.
    pub(super) because: Option<&'static str>,
}

impl Way {
    pub(super) fn of(login: &Login<'_>, world: &World) -> anyhow::Result<Self> {
        let (opener, because) = match browser(world)? {
            Ok(opener) => (Some(opener), None),
            Err(because) => (None, Some(because)),
        };
        let flow = if login.device_code || because.is_some() { Flow::Device } else { Flow::Browser };
        let opener = opener.filter(|_| !login.no_browser);
        Ok(Self { flow, opener, because: because.filter(|_| !login.device_code) })
    }
}
