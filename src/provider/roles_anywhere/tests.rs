//! Against vectors that were made without this program: `tests/vectors/roles_anywhere`.

use std::path::{Path, PathBuf};

use p256::ecdsa::signature::hazmat::PrehashVerifier;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::bundle::{Bundle, Opened, Trouble};
use super::*;
use crate::secret::Secret;

fn vectors() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/roles_anywhere")
}

fn open(file: &str, password: Option<&str>) -> Result<Opened, Trouble> {
    Bundle::read(&vectors().join(file)).unwrap().open(password.map(Secret::new).as_ref())
}

fn certificates(files: &[&str]) -> Vec<Certificate> {
    files
        .iter()
        .flat_map(|file| open(file, None).unwrap_or_else(|why| panic!("{file}: {why:?}")).certificates)
        .collect()
}

fn key(file: &str) -> SigningKey {
    open(file, None).unwrap_or_else(|why| panic!("{file}: {why:?}")).key.unwrap()
}

/// `20260131T000005Z`.
fn instant(basic: &str) -> Timestamp {
    let [date, time] = [&basic[..8], &basic[9..15]];
    let text = format!(
        "{}-{}-{}T{}:{}:{}Z",
        &date[..4],
        &date[4..6],
        &date[6..],
        &time[..2],
        &time[2..4],
        &time[4..]
    );
    clock::parse(&text).unwrap()
}

#[test]
fn requests_are_signed_as_the_vectors_are() {
    let vectors: Vec<Value> =
        serde_json::from_slice(&std::fs::read(vectors().join("vectors.json")).unwrap()).unwrap();
    assert_eq!(vectors.len(), 6);
    for vector in vectors {
        let text = |member: &str| vector[member].as_str().unwrap();
        let name = text("name");
        let above =
            vector["headers_signed"]["x-amz-x509-chain"].as_str().map_or(0, |chain| chain.split(',').count());
        let files = [text("cert_file"), "intermediate.pem", "root.pem"];
        let chain = certificates(&files[..=above]);
        assert_eq!(chain[0].serial(), text("serial_decimal"), "{name}");
        let in_order = query(&[
            ("profileArn", text("profile_arn")),
            ("roleArn", text("role_arn")),
            ("trustAnchorArn", text("trust_anchor_arn")),
        ]);
        let query = if text("style") == "query" { in_order } else { String::new() };
        assert_eq!(query, text("query"), "{name}");
        let request = Request {
            host: text("host"),
            path: text("path"),
            query,
            body: text("body").to_owned(),
            chain: &chain,
            region: text("region"),
            now: instant(text("date")),
        };
        let key = key(text("key_file"));
        assert!(key.has_public_half(chain[0].public_key()), "{name}");
        assert_eq!(request.canonical(), text("canonical_request"), "{name}");
        assert_eq!(request.string_to_sign(key.algorithm()), text("string_to_sign"), "{name}");
        let mut headers = request.signed(&key).unwrap();
        let (_, authorization) = headers.pop().unwrap();
        let sent: Value =
            headers.into_iter().map(|(name, value)| (name.to_owned(), Value::from(value))).collect();
        assert_eq!(sent, vector["headers_signed"], "{name}");
        let (before, signature) = authorization.split_once("Signature=").unwrap();
        assert_eq!(before, text("authorization").split_once("Signature=").unwrap().0, "{name}");
        match vector["signature_is_deterministic"].as_bool().unwrap() {
            true => assert_eq!(signature, text("signature_hex"), "{name}"),
            false => {
                assert!(is_of(&chain[0], text("string_to_sign"), signature), "{name}");
                assert!(
                    is_of(&chain[0], text("string_to_sign"), text("signature_hex")),
                    "{name}: the vector's own"
                );
                assert!(!is_of(&chain[0], "something else", signature), "{name}");
            }
        }
    }
}

/// Whether an EC signature over SHA-256 is of this certificate's key.
fn is_of(certificate: &Certificate, text: &str, signature: &str) -> bool {
    let bytes = unhex(signature);
    let digest = Sha256::digest(text);
    let public = certificate.public_key();
    match p256::ecdsa::VerifyingKey::from_sec1_bytes(public) {
        Ok(key) => key.verify_prehash(&digest, &p256::ecdsa::Signature::from_der(&bytes).unwrap()).is_ok(),
        Err(_) => {
            let key = p384::ecdsa::VerifyingKey::from_sec1_bytes(public).unwrap();
            key.verify_prehash(&digest, &p384::ecdsa::Signature::from_der(&bytes).unwrap()).is_ok()
        }
    }
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

/// Each with the certificate that it belongs to.
const ENCRYPTED: [(&str, &str); 8] = [
    ("p256-key-enc-hmacWithSHA1.pem", "p256-cert.pem"),
    ("p256-key-enc-hmacWithSHA256.pem", "p256-cert.pem"),
    ("p256-key-enc-hmacWithSHA384.pem", "p256-cert.pem"),
    ("p256-key-enc-hmacWithSHA512.pem", "p256-cert.pem"),
    ("p256-key-enc-scrypt.pem", "p256-cert.pem"),
    ("rsa2048-key-enc-aes-128-cbc.pem", "rsa2048-cert.pem"),
    ("rsa2048-key-enc-aes-192-cbc.pem", "rsa2048-cert.pem"),
    ("rsa2048-key-enc-aes-256-cbc.pem", "rsa2048-cert.pem"),
];
const PLAIN: [(&str, &str); 8] = [
    ("p256-key-pkcs8.pem", "p256-cert.pem"),
    ("p256-key-trad.pem", "p256-cert.pem"),
    ("p384-key-pkcs8.pem", "p384-cert.pem"),
    ("p384-key-trad.pem", "p384-cert.pem"),
    ("p521-key-pkcs8.pem", "p521-cert.pem"),
    ("p521-key-trad.pem", "p521-cert.pem"),
    ("rsa2048-key-pkcs8.pem", "rsa2048-cert.pem"),
    ("rsa2048-key-trad.pem", "rsa2048-cert.pem"),
];

#[test]
fn a_key_of_any_form_is_read_and_belongs_to_its_certificate_alone() {
    for (file, own) in PLAIN {
        for (_, other) in PLAIN {
            let certificate = &certificates(&[other])[0];
            assert_eq!(key(file).has_public_half(certificate.public_key()), own == other, "{file} {other}");
        }
    }
}

#[test]
fn an_encrypted_key_opens_with_its_password_alone() {
    for (file, own) in ENCRYPTED {
        let key = open(file, Some("password")).unwrap_or_else(|why| panic!("{file}: {why:?}")).key.unwrap();
        assert!(key.has_public_half(certificates(&[own])[0].public_key()), "{file}");
        for wrong in [None, Some(""), Some("Password"), Some("password ")] {
            assert!(matches!(open(file, wrong), Err(Trouble::Locked)), "{file} {wrong:?}");
        }
    }
}

#[test]
fn a_file_that_is_cut_off_is_an_error() {
    let directory = tempfile::tempdir().unwrap();
    for (file, password) in PLAIN
        .iter()
        .map(|(file, _)| (file, None))
        .chain(ENCRYPTED.iter().map(|(file, _)| (file, Some("password"))))
    {
        let whole = std::fs::read(vectors().join(file)).unwrap();
        let cut = directory.path().join(file);
        for length in (0..whole.len() - 27).step_by(97) {
            std::fs::write(&cut, &whole[..length]).unwrap();
            assert!(Bundle::read(&cut).is_err(), "{file} {length}");
        }
        // A PEM block that is whole, and what is in it is not.
        let text = std::str::from_utf8(&whole).unwrap();
        let lines: Vec<_> = text.lines().collect();
        for gone in 1..lines.len() - 2 {
            let rest: Vec<_> =
                lines.iter().enumerate().filter(|(at, _)| *at != gone).map(|(_, line)| *line).collect();
            std::fs::write(&cut, rest.join("\n")).unwrap();
            let opened = Bundle::read(&cut).unwrap().open(password.map(Secret::new).as_ref());
            assert!(opened.is_err(), "{file} without line {gone}");
        }
    }
}

/// No vector has one. What the library takes for good is shown by a signature that openssl made.
#[test]
fn p_521_signs_over_sha_256_too() {
    const BY_OPENSSL: &str = "308188024200902fb76314983968a62d5100082694cada97e943c398dd78632324913604cf039145cfab8bf23\
        de546657e5e08fea64728b98bb6c13b93caaba6963912c59046e3024201c0459e258209a92d23c811f43db78496c07652e396dec16a2c\
        a8c8a289861e8a17a5d7cb0d36aea787b5c7bf9a8c05db8da17dc68de0dfcd921ad07092ce6ca2f4";
    let text = b"a text to sign";
    let certificate = &certificates(&["p521-cert.pem"])[0];
    let public = p521::ecdsa::VerifyingKey::from_sec1_bytes(certificate.public_key()).unwrap();
    let is_good = |signature: &[u8], text: &[u8]| {
        let signature = p521::ecdsa::Signature::from_der(signature).unwrap();
        public.verify_prehash(&Sha256::digest(text), &signature).is_ok()
    };
    let ours = key("p521-key-pkcs8.pem").sign(text).unwrap();
    assert!(is_good(&unhex(BY_OPENSSL), text));
    assert!(is_good(&ours, text));
    assert!(!is_good(&ours, b"another text"));
    #[cfg(feature = "pkcs11")]
    {
        // As a token gives it.
        let plain = p521::ecdsa::Signature::from_der(&ours).unwrap().to_bytes().to_vec();
        let public = super::public_key::PublicKey::of(certificate).unwrap();
        assert_eq!(public.proven(text, plain.clone()), Some(ours));
        assert_eq!(public.proven(b"another text", plain), None);
    }
}

#[test]
fn a_serial_number_is_decimal_and_has_no_sign() {
    for (file, serial) in [
        ("p256-cert.pem", "326749095344510654157832391076944083432"),
        ("p384-cert.pem", "2"),
        ("rsa2048-cert.pem", "124562745837719059303232313298209415765143613485"),
    ] {
        assert_eq!(certificates(&[file])[0].serial(), serial);
    }
}

/// The key derivation is what an author chooses, and the reader pays for.
#[test]
fn a_key_whose_password_takes_all_the_machine_is_refused_before_anything_is_derived() {
    use der::{Decode, Encode};
    use pkcs5::pbes2::{EncryptionScheme, Kdf, Parameters, Pbkdf2Params, Salt, ScryptParams};
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("edge.key");
    let opened = |kdf: Kdf| {
        let scheme = Parameters { kdf, encryption: EncryptionScheme::Aes128Cbc { iv: [0; 16] } };
        let scheme = pkcs5::EncryptionScheme::from(scheme).to_der().unwrap();
        let key = pkcs12::ShroudedKey {
            algorithm: pkcs8::spki::AlgorithmIdentifierOwned::from_der(&scheme).unwrap(),
            sealed: der::asn1::OctetString::new([0; 32]).unwrap(),
        };
        let text = aws_smithy_types::base64::encode(key.to_der().unwrap());
        let label = "ENCRYPTED PRIVATE KEY-----";
        std::fs::write(&path, format!("-----BEGIN {label}\n{text}\n-----END {label}\n")).unwrap();
        match Bundle::read(&path).unwrap().open(Some(&Secret::new("x"))).err().unwrap() {
            Trouble::Locked => "locked".to_owned(),
            Trouble::Broken(failure) => failure.what,
        }
    };
    let salt = Salt::new([1; 8]).unwrap();
    let rounds = |count| {
        Kdf::Pbkdf2(Pbkdf2Params { iteration_count: count, ..Pbkdf2Params::hmac_sha256(1, &[1; 8]).unwrap() })
    };
    let scrypt = |n, r, p| {
        let (cost_parameter, block_size, parallelization) = (n, r, p);
        Kdf::Scrypt(ScryptParams { salt, cost_parameter, block_size, parallelization, key_length: None })
    };
    for kdf in [rounds(1), rounds(2048), scrypt(2, 8, 1), scrypt(16, 1, 4)] {
        assert_eq!(opened(kdf), "locked");
    }
    for kdf in [
        rounds(0),
        rounds(10_000_001),
        rounds(u32::MAX),
        scrypt(0, 8, 1),
        scrypt(3, 8, 1),
        scrypt(1 << 18, 9, 1),
        scrypt(1 << 19, 8, 1),
        scrypt(1 << 63, 8, 1),
        scrypt(1 << 18, 8, 17),
        scrypt(2, 0, 1),
        scrypt(2, 8, 0),
    ] {
        let told = opened(kdf.clone());
        assert!(told.contains("edge.key: ") && told.contains(" or "), "{kdf:?}: {told}");
    }
}

/// Under the name of the old one, the new one's session would be kept and given out.
#[test]
fn a_file_that_is_not_the_one_the_session_was_named_by_is_not_used() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("edge.pem");
    let put = |file: &str| {
        std::fs::copy(vectors().join(file), directory.path().join("new")).unwrap();
        std::fs::rename(directory.path().join("new"), &path).unwrap();
    };
    put("p256-cert.pem");
    let mut source = RolesAnywhere { certificate: Held::from(&path), ..RolesAnywhere::default() };
    source.private_key = Held::from(&path);
    source.stamps = source.files().map(Stamp::at).collect();
    assert!(read(&source, &path).is_ok());
    put("p384-cert.pem");
    let error = read(&source, &path).err().unwrap().to_string();
    assert!(error.ends_with("edge.pem changed just now"), "{error}");
    source.stamps = source.files().map(Stamp::at).collect();
    assert!(read(&source, &path).is_ok());
}

#[test]
fn a_session_is_asked_for_an_hour_if_nobody_says_more() {
    let source = RolesAnywhere::default();
    assert_eq!(body(&source), r#"{"durationSeconds":3600}"#);
    let duration = Some(Duration::from_secs(900));
    let source = RolesAnywhere { duration, session_name: Some("ci".into()), ..source };
    assert_eq!(body(&source), r#"{"durationSeconds":900,"roleSessionName":"ci"}"#);
}

#[test]
fn an_answer_is_a_whole_session_of_the_role_that_was_asked_for() {
    let source =
        RolesAnywhere { role_arn: "arn:aws:iam::111122223333:role/Edge".into(), ..RolesAnywhere::default() };
    let answer = |role: &str| {
        format!(
            r#"{{"credentialSet":[{{"credentials":{{"accessKeyId":"ASIA1","secretAccessKey":"s","sessionToken":"t",
            "expiration":"2049-07-27T04:36:55Z"}},"roleArn":"{role}"}}],"subjectArn":"x"}}"#
        )
    };
    let good = session(&source, answer(&source.role_arn).as_bytes()).unwrap();
    assert_eq!((good.access_key_id.as_str(), good.account.as_deref()), ("ASIA1", Some("111122223333")));
    for (text, expected) in [
        (
            answer("arn:aws:iam::999988887777:role/Edge"),
            "AWS gave another role than arn:aws:iam::111122223333:role/Edge",
        ),
        (answer(&source.role_arn).replace("roleArn", "x"), "lacks its role's ARN"),
        (answer(&source.role_arn).replace("ASIA1", ""), "lacks its access key id"),
        (answer(&source.role_arn).replace("expiration", "x"), "lacks its expiration"),
        (r#"{"credentialSet":[]}"#.into(), "lacks its credentials"),
        ("{}".into(), "lacks its credentials"),
        ("<html>".into(), "could not be read"),
    ] {
        let error = session(&source, text.as_bytes()).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}
