//! IAM Roles Anywhere: certificates and keys in all the forms that openssl and others write them in.

use std::fs;

use crate::cloud::identity;
use crate::pki::{
    self, NOW, P256, ROLE, RSA_2048, certificate, fetched, helper, key, leaf, openssl, pin, pinned, refused,
};
use crate::world::installed;

#[test]
fn every_form_of_a_key_is_read() {
    if !installed("openssl") {
        return;
    }
    let (world, sandbox) = pki::world();
    leaf(&world, "rsa", RSA_2048, "between", NOW);
    let to = |own: &str, out: &str, arguments: &[&str]| {
        openssl(&world, [&["pkey", "-in", own, "-out", out], arguments].concat());
    };
    to("rsa.key", "rsa.pkcs1", &["-traditional"]);
    to("edge.key", "edge.sec1", &["-traditional"]);
    let both = |parts: &[&str], into: &str| {
        let text: String = parts.iter().map(|part| world.read(&format!("pki/{part}"))).collect();
        world.write(&format!("pki/{into}"), &text);
    };
    both(&["edge.pem", "edge.sec1"], "both.pem");
    openssl(&world, ["ecparam", "-name", "prime256v1", "-out", "parameters"]);
    both(&["parameters", "edge.sec1"], "edge.with");
    for (certificate, key) in [
        ("rsa.pem", "rsa.key"),
        ("rsa.pem", "rsa.pkcs1"),
        ("edge.pem", "edge.key"),
        ("edge.pem", "edge.sec1"),
        ("edge.pem", "edge.with"),
        ("both.pem", "both.pem"),
    ] {
        pinned(&world, certificate, key);
        assert!(fetched(&world, &sandbox).starts_with(ROLE), "{certificate} {key}");
    }
    let bundle = format!("# From the CA's page.\r\n{}", world.read("pki/between.pem"));
    world.write("pki/chain.pem", &bundle);
    key(&world, "lonely", P256);
    certificate(&world, "lonely", "leaf", "between", NOW);
    world
        .write("acme/.awsenv", &(pin("lonely.pem", "lonely.key") + "intermediates = \"../pki/chain.pem\"\n"));
    world.allow("acme");
    assert!(fetched(&world, &sandbox).starts_with(ROLE));
    let without_key = pin("both.pem", "").replace("private_key = \"~/pki/\"\n", "");
    world.write("acme/.awsenv", &without_key);
    world.allow("acme");
    assert!(fetched(&world, &sandbox).starts_with(ROLE));
}

/// What `openssl pkcs8 -topk8` takes for each way to encrypt.
const WAYS: [&[&str]; 9] = [
    &["-v2", "aes-128-cbc"],
    &["-v2", "aes-192-cbc"],
    &["-v2", "aes-256-cbc"],
    &["-v2", "aes-256-cbc", "-v2prf", "hmacWithSHA1"],
    &["-v2", "aes-256-cbc", "-v2prf", "hmacWithSHA384"],
    &["-v2", "aes-256-cbc", "-v2prf", "hmacWithSHA512"],
    &["-v2", "des3"],
    &["-scrypt", "-scrypt_N", "1024"],
    &["-v1", "PBE-SHA1-3DES"],
];

#[test]
fn every_way_to_encrypt_a_key_is_known() {
    if !installed("openssl") {
        return;
    }
    let (world, sandbox) = pki::world();
    let mut config = String::new();
    for (number, way) in WAYS.iter().enumerate() {
        let out = format!("{number}.key");
        let mut command = world.command("openssl");
        command.args(["pkcs8", "-topk8", "-in", "edge.key", "-passout", "pass:s\u{e9}same", "-out", &out]);
        assert!(command.args(*way).current_dir(world.at("pki")).status().unwrap().success(), "{way:?}");
        config += &format!(
            "[profile p{number}]\n{}",
            helper(&world, "edge.pem", &out, "--pkcs8-password s\u{e9}same")
        );
    }
    let world = world.config(&config);
    for (number, way) in WAYS.iter().enumerate() {
        let got = world.run(["exec", &format!("p{number}"), "--", "env"]).any_stdout().success().variables();
        assert!(identity(&sandbox, &got).unwrap().starts_with(ROLE), "{way:?}");
    }
    let world = world.config(&config.replace("s\u{e9}same", "s\u{e8}same"));
    world.run(["session", "clear"]).any_stdout().any_stderr().success();
    let key = world.at("pki/0.key").display().to_string();
    world
        .run(["exec", "p0", "--", "true"])
        .stderr(world.shown(&format!(
            "awsenv: {key}: the password in your AWS config does not open it\n\
             awsenv: hint: mend `--pkcs8-password`, or take it out: then `awsenv login` asks\n"
        )))
        .exits(125);
}

#[test]
fn pkcs12_holds_both() {
    if !installed("openssl") {
        return;
    }
    let (world, sandbox) = pki::world();
    for (out, more) in [
        ("new.p12", &["-certpbe", "AES-256-CBC"][..]),
        ("legacy.p12", &["-legacy"]),
        ("triple.p12", &["-keypbe", "PBE-SHA1-3DES", "-certpbe", "PBE-SHA1-3DES", "-macalg", "sha1"]),
        ("open.p12", &["-keypbe", "NONE", "-certpbe", "NONE"]),
    ] {
        let mut command = world.command("openssl");
        command.args([
            "pkcs12", "-export", "-inkey", "edge.key", "-in", "edge.pem", "-passout", "pass:", "-out", out,
        ]);
        assert!(command.args(more).current_dir(world.at("pki")).status().unwrap().success(), "{out}");
        pinned(&world, out, out);
        assert!(fetched(&world, &sandbox).starts_with(ROLE), "{out}");
    }
    let whole = fs::read(world.at("pki/new.p12")).unwrap();
    fs::write(world.at("pki/cut.p12"), &whole[..whole.len() / 2]).unwrap();
    pinned(&world, "cut.p12", "cut.p12");
    assert_eq!(
        refused(&world, &sandbox, 125),
        "awsenv: $HOME/pki/cut.p12: the PKCS#12 file is damaged, or not written in DER (`openssl pkcs12` writes it so)\n"
    );
}

/// What a CA gives one is in no order that anybody agrees on.
#[test]
fn the_key_says_which_certificate_of_a_file_is_its_own() {
    if !installed("openssl") {
        return;
    }
    let (world, sandbox) = pki::world();
    leaf(&world, "other", P256, "between", NOW);
    let edge = world.read("pki/edge.pem");
    let (own, cas) = edge.split_at(edge.rfind("-----BEGIN").unwrap());
    for (name, text) in [
        ("reversed.pem", [&world.read("pki/root.pem"), cas, own].concat()),
        ("among.pem", [&world.read("pki/other.pem"), own].concat()),
        ("key.pem", [cas, &world.read("pki/edge.key"), own].concat()),
    ] {
        world.write(&format!("pki/{name}"), &text);
    }
    openssl(
        &world,
        ["pkcs12", "-export", "-nokeys", "-in", "reversed.pem", "-passout", "pass:", "-out", "reversed.p12"],
    );
    for (certificate, key) in [
        ("reversed.pem", "edge.key"),
        ("among.pem", "edge.key"),
        ("key.pem", "key.pem"),
        ("reversed.p12", "edge.key"),
    ] {
        pinned(&world, certificate, key);
        assert!(fetched(&world, &sandbox).starts_with(ROLE), "{certificate}");
    }
    pinned(&world, "key.pem", "other.key");
    assert_eq!(
        refused(&world, &sandbox, 125),
        "awsenv: $HOME/pki/other.key is not the key of the certificate $HOME/pki/key.pem\n\
         awsenv: hint: name the two that were made together\n"
    );
    world.write("pki/mixed.pem", &(world.read("pki/other.key") + &edge));
    pinned(&world, "mixed.pem", "mixed.pem");
    assert_eq!(
        refused(&world, &sandbox, 125),
        "awsenv: $HOME/pki/mixed.pem: the private key in it is of no certificate in it\n\
         awsenv: hint: name the two that were made together\n"
    );
}
