//! A world with an access portal: who signs in there, what the AWS CLI keeps of it, and a browser that a test plays.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

use awsenv_sandbox::{Portal, Role, Sandbox, Scenario};
use serde_json::Value;

use crate::cloud::{places, within_deadline};
use crate::run::code;
use crate::world::World;

pub(crate) const ACCOUNT: &str = "111122223333";
/// `sha1("corp")` and `sha1("https://acme.awsapps.com/start")`.
pub(crate) const OF_CORP: &str = ".aws/sso/cache/ee0bfd2552fbd840c02cc48b6e823320543c450f.json";
pub(crate) const OF_ADDRESS: &str = ".aws/sso/cache/40169cea58ca6cbf23fb27b2542923fb5f524af0.json";

pub(crate) const CONFIG: &str = "\
[sso-session corp]
sso_start_url = https://acme.awsapps.com/start
sso_region = us-east-1

[profile dev]
region = eu-west-1
sso_session = corp
sso_account_id = 111122223333
sso_role_name = Developer

[profile deploy]
region = eu-west-1
role_arn = arn:aws:iam::222222222222:role/Deploy
source_profile = dev

[profile reader]
region = eu-west-1
sso_session = corp
sso_account_id = 111122223333
sso_role_name = Reader

[profile admin]
region = eu-west-1
sso_session = corp
sso_account_id = 111122223333
sso_role_name = Admin

[profile legacy]
region = eu-west-1
sso_start_url = https://acme.awsapps.com/start
sso_region = us-east-1
sso_account_id = 111122223333
sso_role_name = Developer
";

/// What a clone brings along.
pub(crate) const INLINE: &str = "\
[sso]
start_url = \"https://acme.awsapps.com/start\"
region = \"us-east-1\"
account = \"111122223333\"
role = \"Developer\"
";

pub(crate) fn sandbox() -> Sandbox {
    sandbox_with(Portal::default())
}

/// A portal that gives `Developer` and `Reader`, and not `Admin`.
pub(crate) fn sandbox_with(portal: Portal) -> Sandbox {
    let portal = portal.role(ACCOUNT, "Developer").role(ACCOUNT, "Reader");
    let deploy =
        Role::new("arn:aws:iam::222222222222:role/Deploy", &[&portal.role_arn(ACCOUNT, "Developer")]);
    Sandbox::start(Scenario::default().portal(portal).role(deploy))
}

/// A home whose profiles are those of [`CONFIG`], with a browser that tells the test what it opens.
pub(crate) fn world(sandbox: &Sandbox) -> World {
    let world = World::new()
        .config(CONFIG)
        .env("AWS_ENDPOINT_URL_STS", sandbox.url())
        .env("AWS_ENDPOINT_URL_SSO", sandbox.url())
        .env("AWS_ENDPOINT_URL_SSO_OIDC", sandbox.url())
        .env("USER", "me")
        .without("AWS_MAX_ATTEMPTS");
    assert!(Command::new("mkfifo").arg(world.at("opened")).status().unwrap().success());
    let browser = world.program("browser", "#!/bin/sh\nprintf '%s\\n' \"$1\" >\"$HOME/opened\"\n");
    world.settings(&format!("browser = \"{}\"\n", browser.display()))
}

/// [`world`], signed in to corp for so many seconds as the AWS CLI does it.
pub(crate) fn signed_in(sandbox: &Sandbox, seconds: i64) -> World {
    let world = world(sandbox);
    keep(&world, OF_CORP, &sandbox.signed_in(seconds));
    world
}

/// Puts a token where the AWS CLI keeps it.
pub(crate) fn keep(world: &World, file: &str, token: &Value) {
    world.write(file, &token.to_string());
}

pub(crate) fn token(world: &World, file: &str) -> Value {
    serde_json::from_str(&world.read(file)).unwrap()
}

/// Everything in the AWS CLI's cache, and beside it.
pub(crate) fn cached(world: &World) -> Vec<String> {
    let entries = fs::read_dir(world.at(".aws/sso/cache")).into_iter().flatten();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// `awsenv login …`, under way.
pub(crate) struct Login {
    child: Child,
}

impl Login {
    pub(crate) fn start<const N: usize>(world: &World, arguments: [&str; N]) -> Self {
        Self::of(world.run(["login"]).command().args(arguments))
    }

    pub(crate) fn of(command: &mut Command) -> Self {
        Self { child: command.stdin(Stdio::null()).spawn().unwrap() }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// What it says, all in all, and the exit status.
    pub(crate) fn end(self, world: &World) -> (String, i32) {
        let output = within_deadline("login goes on", move || self.child.wait_with_output().unwrap());
        assert_eq!(output.stdout, b"");
        (world.shown(&String::from_utf8_lossy(&output.stderr)), code(output.status))
    }

    /// A line of what it says, and nothing beyond.
    pub(crate) fn line(mut self) -> (Self, String) {
        within_deadline("login says nothing", move || {
            let stderr = self.child.stderr.as_mut().unwrap();
            let (mut line, mut byte) = (Vec::new(), [0]);
            while stderr.read(&mut byte).unwrap() == 1 && byte != *b"\n" {
                line.extend(byte);
            }
            (self, String::from_utf8(line).unwrap())
        })
    }
}

/// The address that the browser is told to open.
pub(crate) fn opened(world: &World) -> String {
    let fifo = world.at("opened");
    within_deadline("no browser is opened", move || {
        // The end of whoever wrote before may still be open when this begins to read.
        loop {
            let mut line = String::new();
            BufReader::new(fs::File::open(&fifo).unwrap()).read_line(&mut line).unwrap();
            if !line.is_empty() {
                return line.trim_end().to_owned();
            }
        }
    })
}

/// Whether a browser waits to tell what it opens.
pub(crate) fn nothing_is_opened(world: &World) -> bool {
    use std::os::unix::fs::OpenOptionsExt;
    let nonblocking = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
    let mut fifo =
        fs::OpenOptions::new().read(true).custom_flags(nonblocking).open(world.at("opened")).unwrap();
    let mut line = String::new();
    fifo.read_to_string(&mut line).is_ok() && line.is_empty()
}

/// What a browser is answered: the head, and the page.
pub(crate) fn visit(address: &str) -> (String, String) {
    visit_for("document", address)
}

/// The same for a browser that wants it for this (`image`).
pub(crate) fn visit_for(what: &str, address: &str) -> (String, String) {
    let (host, target) = host_and_target(address);
    let mut stream = TcpStream::connect(host).unwrap();
    let fields = format!("Host: {host}\r\nSec-Fetch-Dest: {what}\r\nConnection: close\r\n");
    write!(stream, "GET /{target} HTTP/1.1\r\n{fields}\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, page) = answer.split_once("\r\n\r\n").unwrap();
    (head.to_owned(), page.to_owned())
}

pub(crate) fn host_and_target(address: &str) -> (&str, &str) {
    address.strip_prefix("http://").unwrap().split_once('/').unwrap()
}

/// Where the portal's page sends the browser.
pub(crate) fn sent_to(address: &str) -> String {
    let (head, _) = visit(address);
    let location = head.lines().find_map(|line| line.strip_prefix("location: "));
    location.unwrap_or_else(|| panic!("it stays: {head}")).to_owned()
}

/// Signs in at the browser, all the way back.
pub(crate) fn confirm(world: &World) -> (String, String) {
    visit(&sent_to(&opened(world)))
}

/// Signs in, from beginning to end.
#[track_caller]
pub(crate) fn sign_in<const N: usize>(world: &World, arguments: [&str; N]) {
    let login = Login::start(world, arguments);
    let (head, _) = confirm(world);
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    let (said, status) = login.end(world);
    assert_eq!(status, 0, "{said}");
}

/// What is left of locks and half-written files below a directory of ours is no evidence.
pub(crate) fn refused(world: &World) -> usize {
    fs::read_dir(places(world).state.join("sso/refused")).map_or(0, |entries| entries.count())
}

/// A Python with boto3, in this world: of `target/python`, as tests/requirements.txt says, or of the PATH.
pub(crate) fn python(world: &World, script: &str) -> Command {
    let own = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("target/python/bin/python3");
    let python = [own, "python3".into()].into_iter().find(|python| {
        let status = world.command(python).args(["-c", "import boto3"]).stderr(Stdio::null()).status();
        status.is_ok_and(|status| status.success())
    });
    let mut command = world.command(python.expect("no Python with boto3: see tests/requirements.txt"));
    command.args(["-c", script]);
    command
}
