//! A PKCS#11 module: somebody else's library, loaded into this process. It is believed nothing, and waited for only so
//! long: one that hangs is left behind on its own thread.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error, RvError};
use cryptoki::slot::{Slot, SlotInfo, TokenInfo};

use crate::files;
use crate::message::{Failure, printable, shown_path};
use crate::process;
use crate::profile::chain::{Pkcs11Uri, SaidBy};

/// It knows the modules of all that are installed.
const OF_ALL: &str = if cfg!(target_os = "macos") { "p11-kit-proxy.dylib" } else { "p11-kit-proxy.so" };

/// Some cards take seconds; some want to be touched, for which they give fifteen or so.
const PATIENCE: Duration = Duration::from_secs(30);

/// Closing takes no person and no card's arithmetic.
const PATIENCE_AT_THE_END: Duration = Duration::from_secs(5);

/// Loaded, until this goes.
pub(super) struct Module {
    pub(super) library: Pkcs11,
}

impl Module {
    /// Of this URI.
    pub(super) fn load(uri: &Pkcs11Uri, said_by: SaidBy) -> anyhow::Result<Self> {
        let path = uri.module.as_deref().unwrap_or(Path::new(OF_ALL));
        let shown = shown_path(path);
        if let (Some(module), SaidBy::Directory) = (&uri.module, said_by)
            && module.exists()
            && !files::is_roots(module)?
        {
            return Err(fault(uri, &format!("others than root can write to the module {shown}"))
                .hint("a .awsenv names modules of the system alone; a profile of ~/.aws/config may name any")
                .into());
        }
        let library = Pkcs11::new(path).map_err(|error| {
            fault(uri, &format!("cannot load the module {shown}: {}", reason(&error))).hint(
                match uri.module {
                    Some(_) => "is it there, and is it a PKCS#11 module?",
                    None => "install p11-kit, or name the token's own module: module-path=/PATH behind a ?",
                },
            )
        })?;
        match library.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)) {
            // Somebody in this process asks it just now.
            Ok(()) | Err(Error::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => Ok(Self { library }),
            Err(error) => {
                Err(fault(uri, &format!("the module {shown} does not start: {}", reason(&error))).into())
            }
        }
    }

    /// The tokens that fit the URI.
    pub(super) fn tokens(&self, uri: &Pkcs11Uri) -> anyhow::Result<Vec<(Slot, TokenInfo)>> {
        let slots = self.library.get_slots_with_initialized_token().map_err(|error| said(uri, &error))?;
        // One that cannot be asked is none.
        let info = |slot| {
            Some((slot, self.library.get_slot_info(slot).ok()?, self.library.get_token_info(slot).ok()?))
        };
        let all: Vec<_> = slots.into_iter().filter_map(info).collect();
        let fitting: Vec<_> = all
            .iter()
            .filter(|(slot, about, token)| self.fits(uri, *slot, about, token))
            .map(|(slot, _, token)| (*slot, token.clone()))
            .collect();
        if !fitting.is_empty() {
            return Ok(fitting);
        }
        let labels: Vec<_> = all.iter().map(|(_, _, token)| printable(token.label())).collect();
        let failure = fault(uri, "there is no such token");
        Err(match labels.is_empty() {
            true => failure.hint("is it plugged in? no token is there at all"),
            false => failure.hint(format!("is it plugged in? there are: {}", labels.join(", "))),
        }
        .into())
    }

    fn fits(&self, uri: &Pkcs11Uri, slot: Slot, about: &SlotInfo, token: &TokenInfo) -> bool {
        let is = |name, found: &str| uri.attribute(name).is_none_or(|wanted| wanted == found.as_bytes());
        let library = || self.library.get_library_info().ok();
        let is_library = |name, found: &dyn Fn(&cryptoki::context::Info) -> String| {
            uri.attribute(name).is_none() || library().is_some_and(|library| is(name, &found(&library)))
        };
        is("token", token.label())
            && is("manufacturer", token.manufacturer_id())
            && is("model", token.model())
            && is("serial", token.serial_number())
            && is("slot-description", about.slot_description())
            && is("slot-manufacturer", about.manufacturer_id())
            && is("slot-id", &slot.id().to_string())
            && is_library("library-description", &|library| library.library_description().to_owned())
            && is_library("library-manufacturer", &|library| library.manufacturer_id().to_owned())
            && is_library("library-version", &|library| library.library_version().to_string())
    }
}

impl Drop for Module {
    fn drop(&mut self) {
        let _ = self.library.clone().finalize();
    }
}

/// Has it done on a thread of its own, which may be left behind.
pub(super) fn in_time<T: Send + 'static>(
    uri: &Pkcs11Uri,
    work: impl FnOnce(&Pkcs11Uri) -> anyhow::Result<T> + Send + 'static,
) -> anyhow::Result<T> {
    // The first random bytes ask the loader for their source, and a module that hangs while it is loaded has its lock.
    let _ = files::random_hex(1);
    let own = uri.clone();
    process::within(PATIENCE, move || work(&own)).unwrap_or_else(|| {
        Err(fault(uri, &format!("the token has not answered for {} s", PATIENCE.as_secs()))
            .hint("take it out and put it in again, or touch it when it asks for that")
            .into())
    })
}

/// Closes it on a thread of its own, for one that hangs there hangs only that: whoever closes may have a session's
/// lock. After one that hung, nothing is closed any more: the process is about to end anyway.
pub(super) fn close<T: Send + 'static>(open: T) {
    static HAS_HUNG: AtomicBool = AtomicBool::new(false);
    if HAS_HUNG.load(Ordering::Relaxed) {
        let _ = std::mem::ManuallyDrop::new(open);
    } else if process::within(PATIENCE_AT_THE_END, move || drop(open)).is_none() {
        HAS_HUNG.store(true, Ordering::Relaxed);
    }
}

/// What is wrong with a token, or what is on it.
pub(super) fn fault(uri: &Pkcs11Uri, what: &str) -> Failure {
    Failure::new(format!("{}: {what}", printable(&uri.to_string())))
}

/// What a module says.
pub(super) fn said(uri: &Pkcs11Uri, error: &Error) -> Failure {
    match error {
        Error::Pkcs11(RvError::TokenNotPresent | RvError::DeviceRemoved, _) => {
            fault(uri, "the token is gone").hint("put it in again")
        }
        error => fault(uri, &format!("the token says: {}", reason(error))),
    }
}

/// Short: the library explains each of its errors in a paragraph.
fn reason(error: &Error) -> String {
    match error {
        Error::Pkcs11(code, function) => format!("{function:?}: {code:?}"),
        Error::LibraryLoading(error) => printable(&error.to_string()),
        error => printable(&error.to_string()),
    }
}
