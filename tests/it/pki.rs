//! A world with certificates: CAs, what they sign, and keys of every kind, all made by openssl; and a sandbox that
//! believes one of the CAs.

use std::process::{Command, Stdio};

use awsenv_sandbox::{Anchor, AnywhereProfile, Role, Sandbox, Scenario};

use crate::cloud::identity;
use crate::world::World;

pub(crate) const ANCHOR: &str = "arn:aws:rolesanywhere:us-east-1:111122223333:trust-anchor/0";
pub(crate) const PROFILE: &str = "arn:aws:rolesanywhere:us-east-1:111122223333:profile/0";
pub(crate) const EDGE: &str = "arn:aws:iam::111122223333:role/Edge";
pub(crate) const DEPLOY: &str = "arn:aws:iam::222222222222:role/Deploy";
/// Whose session it is.
pub(crate) const ROLE: &str = "arn:aws:sts::111122223333:assumed-role/Edge/";
/// Settings with a keychain that passwords and PINs are kept in.
pub(crate) const KEYCHAIN: &str = "passphrase_command = \"echo correct horse\"\nkeychain = \"file\"\n";
/// Of a certificate that is good now.
pub(crate) const NOW: [&str; 2] = ["20200101000000Z", "20490101000000Z"];

/// What the extensions of a certificate say.
const EXTENSIONS: &str = "\
[leaf]
basicConstraints = critical, CA:false
keyUsage = critical, digitalSignature
[agreement]
basicConstraints = critical, CA:false
keyUsage = critical, keyAgreement
[use]
keyUsage = critical, digitalSignature
[end]
basicConstraints = critical, CA:false
[ca]
basicConstraints = critical, CA:true
keyUsage = critical, keyCertSign, digitalSignature
[authority]
database = index.txt
new_certs_dir = .
rand_serial = yes
default_md = sha256
policy = anything
unique_subject = no
[anything]
commonName = supplied
[ca_defaults]
[req]
distinguished_name = name
[name]
";

/// The private key's kind, as openssl calls it.
pub(crate) const RSA_2048: [&str; 4] = ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"];
pub(crate) const RSA_4096: [&str; 4] = ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:4096"];
pub(crate) const P256: [&str; 4] = ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"];
pub(crate) const P384: [&str; 4] = ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"];

/// Runs openssl in `~/pki`.
#[track_caller]
pub(crate) fn openssl<'a>(world: &World, arguments: impl IntoIterator<Item = &'a str>) {
    let mut command = world.command("openssl");
    run(command.args(arguments).current_dir(world.at("pki")));
}

fn run(command: &mut Command) {
    let output = command.stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// A root that the sandbox believes in, an intermediate CA below it, and `edge.pem`, `edge.key` below that.
pub(crate) fn world() -> (World, Sandbox) {
    let world = World::new()
        .file("pki/openssl.cnf", EXTENSIONS)
        .file("pki/index.txt", "")
        .env("USER", "me")
        .config("");
    ca(&world, "root", None);
    ca(&world, "between", Some("root"));
    leaf(&world, "edge", P256, "between", NOW);
    let sandbox = Sandbox::start(scenario(&world, "root"));
    let world = world
        .env("AWS_ENDPOINT_URL_STS", sandbox.url())
        .env("AWS_ENDPOINT_URL_ROLESANYWHERE", sandbox.url())
        .without("AWS_MAX_ATTEMPTS");
    (world, sandbox)
}

/// An AWS that believes this CA.
pub(crate) fn scenario(world: &World, ca: &str) -> Scenario {
    let anchor = Anchor { arn: ANCHOR.into(), certificate: world.read(&format!("pki/{ca}.pem")) };
    let profile =
        AnywhereProfile { arn: PROFILE.into(), roles: vec![EDGE.into()], accepts_session_name: false };
    Scenario::default()
        .anchor(anchor)
        .anywhere_profile(profile)
        .role(Role { max_session_duration: 43_200, ..Role::new(EDGE, &["rolesanywhere.amazonaws.com"]) })
        .role(Role::new(DEPLOY, &[EDGE]))
}

/// A CA, by itself or by another.
pub(crate) fn ca(world: &World, name: &str, by: Option<&str>) {
    key(world, name, P256);
    certificate(world, name, "ca", by.unwrap_or(name), NOW);
}

/// A certificate and its key, `NAME.pem` and `NAME.key`; with the CAs between it and the root behind it.
pub(crate) fn leaf(world: &World, name: &str, kind: [&str; 4], by: &str, validity: [&str; 2]) {
    key(world, name, kind);
    certificate(world, name, "leaf", by, validity);
    if by == "between" {
        let chain = world.read(&format!("pki/{name}.pem")) + &world.read("pki/between.pem");
        world.write(&format!("pki/{name}.pem"), &chain);
    }
}

/// `NAME.key`, PKCS#8.
pub(crate) fn key(world: &World, name: &str, [algorithm, value, option, setting]: [&str; 4]) {
    openssl(world, ["genpkey", algorithm, value, option, setting, "-out", &format!("{name}.key")]);
}

/// `NAME.pem` for `NAME.key`.
pub(crate) fn certificate(world: &World, name: &str, what: &str, by: &str, [begin, end]: [&str; 2]) {
    let [pem, own, csr] = ["pem", "key", "csr"].map(|kind| format!("{name}.{kind}"));
    let subject = format!("/CN={name}");
    openssl(world, ["req", "-new", "-config", "openssl.cnf", "-key", &own, "-subj", &subject, "-out", &csr]);
    let mut command = world.command("openssl");
    command.current_dir(world.at("pki")).args(["ca", "-batch", "-notext", "-config", "openssl.cnf"]);
    command.args(["-name", "authority", "-extensions", what, "-in", &csr, "-out", &pem]);
    command.args(["-keyfile", &format!("{by}.key"), "-startdate", begin, "-enddate", end]);
    match by == name {
        true => command.arg("-selfsign"),
        false => command.args(["-cert", &format!("{by}.pem")]),
    };
    run(&mut command);
}

/// A `.awsenv` that names these files of `~/pki`.
pub(crate) fn pin(certificate: &str, key: &str) -> String {
    format!(
        "[roles_anywhere]\ntrust_anchor_arn = \"{ANCHOR}\"\nprofile_arn = \"{PROFILE}\"\nrole_arn = \"{EDGE}\"\n\
         certificate = \"~/pki/{certificate}\"\nprivate_key = \"~/pki/{key}\"\n"
    )
}

/// What a profile says to AWS's own helper, with these flags more.
pub(crate) fn helper(world: &World, certificate: &str, key: &str, more: &str) -> String {
    let path = |file| world.at("pki").join(file).display().to_string();
    format!(
        "credential_process = /opt/aws_signing_helper credential-process --trust-anchor-arn {ANCHOR} --profile-arn \
         {PROFILE} --role-arn {EDGE} --certificate {} --private-key {} {more}\n",
        path(certificate),
        path(key)
    )
}

/// Pins these files of `~/pki` in `acme`.
pub(crate) fn pinned(world: &World, certificate: &str, key: &str) {
    world.write("acme/.awsenv", &pin(certificate, key));
    world.allow("acme");
}

/// Whose session a command in `acme` gets, from AWS now.
#[track_caller]
pub(crate) fn fetched(world: &World, sandbox: &Sandbox) -> String {
    world.run(["session", "clear"]).any_stdout().any_stderr().success();
    let got = world.run(["exec", "--", "env"]).at("acme").any_stdout().success().variables();
    identity(sandbox, &got).unwrap()
}

/// What a command in `acme` complains of; AWS is not asked.
#[track_caller]
pub(crate) fn refused(world: &World, sandbox: &Sandbox, code: i32) -> String {
    let before = sandbox.calls().len();
    let told = world.run(["exec", "--", "true"]).at("acme").any_stderr().exits(code).stderr;
    assert_eq!(sandbox.calls().len(), before, "{told}");
    told
}
