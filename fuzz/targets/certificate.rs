//! A certificate's file and its key's, in all forms: they fit together, or an error says what is wrong with which.
//! What is mutated is the DER in them: no accident makes base64 of it again.
#![no_main]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use aws_smithy_types::base64;
use awsenv::aws::Aws;
use awsenv::env::Env;
use awsenv::keychain::Keychain;
use awsenv::message::render;
use awsenv::places::Places;
use awsenv::profile::chain::{Held, RolesAnywhere, SaidBy};
use awsenv::profile::endpoints::Endpoints;
use awsenv::provider::{Means, Mfa, roles_anywhere};
use awsenv::secret::Secret;
use awsenv::session::login::Logins;
use awsenv::session::sso::Tokens;
use awsenv::settings::Settings;
use libfuzzer_sys::fuzz_target;

/// Of the seeds.
const PASSWORD: &str = "hunter2";
/// What stands in a file: raw, as PKCS#12 is, or in a PEM block of this name.
const LABELS: [&str; 6] =
    ["", "CERTIFICATE", "PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY", "ENCRYPTED PRIVATE KEY"];

static ENV: LazyLock<Env> = LazyLock::new(|| {
    let home = std::env::current_exe().expect("a program").with_extension("home");
    fs::create_dir_all(&home).expect("a home");
    let mut env = Env::default();
    env.set("HOME", home);
    env.set("AWSENV_KEYCHAIN", "file");
    env
});

// One byte says how each of the two files is written; two more how long the first is.
fuzz_target!(|bytes: &[u8]| {
    let [how, low, high, rest @ ..] = bytes else { return };
    if is_costly(rest) {
        return;
    }
    let (first, second) = rest.split_at(rest.len().min(usize::from(u16::from_le_bytes([*low, *high]))));
    let places = Places::of(&ENV).expect("a home");
    let file = |name: &str, label: usize, der: &[u8]| written(&places.home.join(name), LABELS[label], der);
    let certificate = file("certificate", usize::from(how & 7) % LABELS.len(), first);
    let private_key = match second {
        [] => certificate.clone(),
        der => file("key", usize::from(how >> 3 & 7) % LABELS.len(), der),
    };
    let mut source = source(certificate, private_key, how >> 6);
    let settings = Settings::default();
    let means = Means {
        places: &places,
        aws: Aws::new(Endpoints::new(&ENV, &[]), &places.home),
        keychain: Keychain::of_nobody(&places, &ENV, &settings),
        tokens: Tokens::new(&places, settings.sso_cache),
        logins: Logins::new(&places, settings.sso_cache, &ENV),
        original: &ENV,
        not_in_background: &[],
    };
    if let Err(error) = roles_anywhere::unlock(&mut source, &means, &mut Mfa::nobody()) {
        let (told, _) = render(&error);
        let names_one = told.contains("/certificate") || told.contains("/key");
        assert!(names_one && !told.contains(PASSWORD), "{told}");
        assert!(told.chars().all(|letter| letter == '\n' || !letter.is_control()), "{told:?}");
    }
});

fn source(certificate: PathBuf, private_key: PathBuf, more: u8) -> RolesAnywhere {
    let arn = |rest: &str| format!("arn:aws:rolesanywhere:eu-west-1:111122223333:{rest}/0");
    RolesAnywhere {
        trust_anchor_arn: arn("trust-anchor"),
        profile_arn: arn("profile"),
        role_arn: "arn:aws:iam::111122223333:role/Edge".into(),
        intermediates: (more & 2 != 0).then(|| certificate.clone()),
        certificate: Held::File(certificate),
        private_key: Held::File(private_key),
        session_name: None,
        duration: None,
        password: (more & 1 != 0).then(|| Secret::new(PASSWORD)),
        endpoint: None,
        said_by: SaidBy::Directory,
        noted: None,
        stamps: Vec::new(),
    }
}

/// In the form of a file that people have.
fn written(path: &Path, label: &str, der: &[u8]) -> PathBuf {
    let text = match label {
        "" => der.to_vec(),
        _ => {
            let letters = base64::encode(der);
            let lines = letters.as_bytes().chunks(64).map(|line| [line, b"\n"].concat());
            let body = lines.collect::<Vec<_>>().concat();
            let line = |edge: &str| format!("-----{edge} {label}-----\n").into_bytes();
            [line("BEGIN"), body, line("END")].concat()
        }
    };
    fs::write(path, text).expect("it can be written");
    path.to_owned()
}

/// A number that may say how often a password is hashed: awsenv takes ten million for an answer, and nobody waits for
/// that here. The exponent of RSA keys is none.
fn is_costly(der: &[u8]) -> bool {
    let is_large = |number: &[u8]| match number {
        [2, 3, 1, 0, 1] => false,
        [2, 3, first, ..] => *first > 0,
        [2, 4, ..] => true,
        _ => false,
    };
    der.windows(5).any(is_large)
}
