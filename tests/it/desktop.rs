//! A desktop session as far as keys go: a D-Bus of its own, and GNOME Keyring on it.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Stdio};
use std::time::Duration;

use dbus::MessageType;
use dbus::Path;
use dbus::arg::{PropMap, RefArg, Variant};
use dbus::blocking::{Connection, Proxy};
use dbus::channel::Channel;

use crate::cloud::DEADLINE;
use crate::world::World;

const CALL: Duration = Duration::from_secs(20);
const PASSWORD: &[u8] = b"keyring password";

/// A bus that starts nothing by itself.
const BUS: &str = r#"<busconfig>
  <type>session</type>
  <listen>unix:dir=@DIR@</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*"/>
    <allow receive_sender="*"/>
    <allow own="*"/>
  </policy>
</busconfig>
"#;

/// It ends with the test.
pub(crate) struct Desktop {
    bus: Child,
    keyring: Option<Child>,
    /// `DBUS_SESSION_BUS_ADDRESS`.
    pub(crate) address: String,
}

impl Desktop {
    /// A bus without a keyring.
    pub(crate) fn bare(world: &World) -> Self {
        let dir = world.runtime().display().to_string();
        let config = world.write("bus.conf", &BUS.replace("@DIR@", &dir));
        let mut bus = world
            .command("dbus-daemon")
            .arg(format!("--config-file={}", config.display()))
            .args(["--nofork", "--nopidfile", "--nosyslog", "--print-address=1"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut address = String::new();
        BufReader::new(bus.stdout.take().unwrap()).read_line(&mut address).unwrap();
        Self { bus, keyring: None, address: address.trim().to_owned() }
    }

    /// A keyring on it, unlocked as at a login.
    pub(crate) fn start(world: &World) -> Self {
        let mut desktop = Self::bare(world);
        desktop.log_in(world);
        desktop
    }

    /// Starts the keyring, and waits until it answers.
    pub(crate) fn log_in(&mut self, world: &World) {
        let connection = self.connect();
        let rule = "type='signal',member='NameOwnerChanged',arg0='org.freedesktop.secrets'";
        connection.add_match_no_cb(rule).unwrap();
        let mut keyring = world
            .command("gnome-keyring-daemon")
            .args(["--foreground", "--unlock", "--components=secrets"])
            .env("DBUS_SESSION_BUS_ADDRESS", &self.address)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        keyring.stdin.take().unwrap().write_all(PASSWORD).unwrap();
        self.keyring = Some(keyring);
        let bus = connection.with_proxy("org.freedesktop.DBus", "/", CALL);
        let is_there = || {
            let there: (bool,) = bus
                .method_call("org.freedesktop.DBus", "NameHasOwner", ("org.freedesktop.secrets",))
                .unwrap();
            there.0
        };
        while !is_there() {
            assert!(connection.process(DEADLINE).unwrap(), "no keyring after {DEADLINE:?}");
        }
    }

    /// Puts items into a collection of their own, made where there is none: label, attribute `profile` and text.
    pub(crate) fn collect(&self, collection: &str, items: &[(&str, String)]) {
        let connection = self.connect();
        let service = connection.with_proxy("org.freedesktop.secrets", "/org/freedesktop/secrets", CALL);
        let secret = (open_session(&service), Vec::<u8>::new(), PASSWORD.to_vec(), "text/plain");
        let properties = PropMap::from_iter([label("Collection", collection)]);
        let interface = "org.gnome.keyring.InternalUnsupportedGuiltRiddenInterface";
        let (path,): (Path<'_>,) =
            service.method_call(interface, "CreateWithMasterPassword", (properties, secret)).unwrap();
        for (name, text) in items {
            self.put(&path, name, &[("profile", name)], text);
        }
    }

    /// Puts an item into a collection, beside what is there.
    pub(crate) fn put(&self, collection: &Path<'_>, name: &str, attributes: &[(&str, &str)], text: &str) {
        let connection = self.connect();
        let service = connection.with_proxy("org.freedesktop.secrets", "/org/freedesktop/secrets", CALL);
        let secret = (open_session(&service), Vec::<u8>::new(), text.as_bytes().to_vec(), "text/plain");
        let attributes: HashMap<_, _> =
            attributes.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        let attributes = Variant(Box::new(attributes) as Box<dyn RefArg>);
        let attributes = ("org.freedesktop.Secret.Item.Attributes".to_owned(), attributes);
        let item = (PropMap::from_iter([label("Item", name), attributes]), secret, false);
        let made: (Path<'_>, Path<'_>) = connection
            .with_proxy("org.freedesktop.secrets", collection, CALL)
            .method_call("org.freedesktop.Secret.Collection", "CreateItem", item)
            .unwrap();
        assert_eq!(&*made.1, "/", "it asks nobody");
    }

    /// How many items have these attributes.
    pub(crate) fn count(&self, attributes: &[(&str, &str)]) -> usize {
        let connection = self.connect();
        let service = connection.with_proxy("org.freedesktop.secrets", "/org/freedesktop/secrets", CALL);
        let attributes: HashMap<_, _> = attributes.iter().copied().collect();
        let (unlocked, locked): (Vec<Path<'_>>, Vec<Path<'_>>) =
            service.method_call("org.freedesktop.Secret.Service", "SearchItems", (attributes,)).unwrap();
        unlocked.len() + locked.len()
    }

    /// Makes this the collection where new items go.
    pub(crate) fn set_default(&self, collection: &Path<'_>) {
        let connection = self.connect();
        let service = connection.with_proxy("org.freedesktop.secrets", "/org/freedesktop/secrets", CALL);
        let () = service
            .method_call("org.freedesktop.Secret.Service", "SetAlias", ("default", collection))
            .unwrap();
    }

    /// Locks a collection, as a screen lock does.
    pub(crate) fn lock(&self, collection: &Path<'static>) {
        let connection = self.connect();
        let service = connection.with_proxy("org.freedesktop.secrets", "/org/freedesktop/secrets", CALL);
        let locked: (Vec<Path<'_>>, Path<'_>) =
            service.method_call("org.freedesktop.Secret.Service", "Lock", (vec![collection],)).unwrap();
        assert_eq!(locked.0.len(), 1);
    }

    /// Unlocks it with its password, as a login does.
    pub(crate) fn unlock(&self) {
        let connection = self.connect();
        let service = connection.with_proxy("org.freedesktop.secrets", "/org/freedesktop/secrets", CALL);
        let secret = (open_session(&service), Vec::<u8>::new(), PASSWORD.to_vec(), "text/plain");
        let interface = "org.gnome.keyring.InternalUnsupportedGuiltRiddenInterface";
        let () = service.method_call(interface, "UnlockWithMasterPassword", (login(), secret)).unwrap();
    }

    /// Somebody in the place of the keyring's dialog, who never answers.
    pub(crate) fn dialog(&self) -> Dialog {
        let connection = self.connect();
        connection.request_name("org.gnome.keyring.SystemPrompter", false, false, true).unwrap();
        Dialog(connection)
    }

    /// Kills the keyring, and waits until it is gone.
    pub(crate) fn kill(&mut self) {
        let mut keyring = self.keyring.take().unwrap();
        keyring.kill().unwrap();
        keyring.wait().unwrap();
    }

    /// The keyring's process, for signals.
    pub(crate) fn keyring(&self) -> u32 {
        self.keyring.as_ref().unwrap().id()
    }

    fn connect(&self) -> Connection {
        let mut channel = Channel::open_private(&self.address).unwrap();
        channel.register().unwrap();
        channel.into()
    }
}

/// As long as it is there, the keyring shows its dialogs here.
pub(crate) struct Dialog(Connection);

impl Dialog {
    /// Whether one was to be shown.
    pub(crate) fn was_shown(&self) -> bool {
        let channel = self.0.channel();
        channel.read_write(Some(Duration::ZERO)).unwrap();
        let mut messages = std::iter::from_fn(|| channel.pop_message());
        messages.any(|message| message.msg_type() == MessageType::MethodCall)
    }
}

/// The collection that a login makes and unlocks.
pub(crate) fn login() -> Path<'static> {
    collection("login")
}

/// A collection by its path's last part.
pub(crate) fn collection(name: &str) -> Path<'static> {
    Path::new(format!("/org/freedesktop/secrets/collection/{name}")).unwrap()
}

fn open_session(service: &Proxy<'_, &Connection>) -> Path<'static> {
    let (_, session): (Variant<String>, Path<'static>) = service
        .method_call("org.freedesktop.Secret.Service", "OpenSession", ("plain", Variant(String::new())))
        .unwrap();
    session
}

fn label(of: &str, label: &str) -> (String, Variant<Box<dyn RefArg>>) {
    (format!("org.freedesktop.Secret.{of}.Label"), Variant(Box::new(label.to_owned())))
}

impl Drop for Desktop {
    fn drop(&mut self) {
        for child in self.keyring.iter_mut().chain([&mut self.bus]) {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
