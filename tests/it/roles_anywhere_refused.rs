//! IAM Roles Anywhere: what is wrong is said in a sentence with a file's name, before AWS is asked wherever that can be;
//! and what AWS refuses comes with what to do.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;

use awsenv_sandbox::{Anchor, AnywhereProfile, Fault, Role, Sandbox, Scenario};
use serde_json::Value;

use crate::pki::{self, EDGE, NOW, P256, ca, certificate, key, leaf, openssl, pin};
use crate::world::{World, installed};

/// What a command in `acme` complains of, with this file there.
#[track_caller]
fn told(world: &World, text: &str) -> String {
    world.write("acme/.awsenv", text);
    world.allow("acme");
    world.run(["exec", "--", "true"]).at("acme").any_stderr().exits(125).stderr
}

#[cfg(not(feature = "pkcs11"))]
#[test]
fn a_token_that_cannot_be_asked_is_said() {
    if !installed("openssl") {
        return;
    }
    let (world, sandbox) = pki::world();
    let text = pin("edge.pem", "edge.key").replace("~/pki/edge.key", "pkcs11:object=edge");
    world.write("acme/.awsenv", &text);
    world.allow("acme");
    world
        .run(["exec", "--", "true"])
        .at("acme")
        .stderr(
            "awsenv: pkcs11:object=edge: this awsenv was built without pkcs11\n\
             awsenv: hint: build it anew with `--features pkcs11`\n",
        )
        .exits(125);
    assert_eq!(sandbox.calls(), []);
}

#[test]
fn what_is_wrong_with_the_files_is_said_before_any_call() {
    if !installed("openssl") {
        return;
    }
    let (world, sandbox) = pki::world();
    leaf(&world, "old", P256, "between", ["20200101000000Z", "20210101000000Z"]);
    leaf(&world, "young", P256, "between", ["20480101000000Z", "20490101000000Z"]);
    leaf(&world, "other", P256, "between", NOW);
    key(&world, "agrees", P256);
    certificate(&world, "agrees", "agreement", "between", NOW);
    key(&world, "small", ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024"]);
    openssl(&world, ["genpkey", "-algorithm", "ED25519", "-out", "ed.key"]);
    key(&world, "koblitz", ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:secp256k1"]);
    key(&world, "between2048and3072", ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2304"]);
    let rsa = ["genpkey", "-algorithm", "RSA", "-pkeyopt"];
    openssl(&world, [&rsa[..], &["rsa_keygen_pubexp:3", "-out", "three.key"]].concat());
    openssl(&world, [&rsa[..], &["rsa_keygen_primes:3", "-out", "primes.key"]].concat());
    openssl(&world, ["ec", "-in", "edge.key", "-param_enc", "explicit", "-out", "numbers.key"]);
    openssl(&world, ["pkcs8", "-topk8", "-nocrypt", "-in", "numbers.key", "-out", "numbers.pkcs8"]);
    let mldsa = "MBQCAQAwCwYJYIZIAWUDBAMRBAIFAA==";
    world.write(
        "pki/mldsa.key",
        &format!("-----BEGIN PRIVATE KEY-----\n{mldsa}\n-----END PRIVATE KEY-----\n"),
    );
    openssl(
        &world,
        ["pkey", "-in", "edge.key", "-traditional", "-aes128", "-passout", "pass:x", "-out", "way.key"],
    );
    let way = ["pkcs8", "-topk8", "-in", "edge.key", "-v2", "camellia256", "-passout", "pass:x"];
    openssl(&world, [&way[..], &["-out", "camellia.key"]].concat());
    openssl(&world, ["x509", "-in", "edge.pem", "-outform", "der", "-out", "edge.der"]);
    let edge = world.read("pki/edge.pem");
    world.write("pki/cut.pem", &edge[..edge.len() / 3]);
    world
        .write("pki/tpm.key", "-----BEGIN TSS2 PRIVATE KEY-----\naGVsbG8=\n-----END TSS2 PRIVATE KEY-----\n");
    world.write("pki/broken.pem", "-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n");
    world.write("pki/text", "hello\n");
    world.write("pki/empty", "\n");
    world.write("pki/joined.pem", &edge.replace("-----\n-----BEGIN", "----------BEGIN"));
    std::fs::create_dir(world.at("pki/directory")).unwrap();
    for (certificate, key, expected) in [
        (
            "old.pem",
            "old.key",
            "old.pem: the certificate has expired at 2021-01-01T00:00:00Z\n\
             awsenv: hint: put a new one in its place: awsenv reads it at the next prompt",
        ),
        (
            "young.pem",
            "young.key",
            "young.pem: the certificate is valid from 2048-01-01T00:00:00Z on\n\
             awsenv: hint: wait for that, or look at this machine's clock",
        ),
        (
            "between.pem",
            "between.key",
            "between.pem: the certificate of this key is a CA's\n\
             awsenv: hint: AWS takes none of those: name one that the CA has made, with CA:false, and its own key",
        ),
        (
            "agrees.pem",
            "agrees.key",
            "agrees.pem: the certificate's key may not make digital signatures\n\
             awsenv: hint: AWS asks for a certificate whose key usage has digitalSignature",
        ),
        (
            "edge.pem",
            "other.key",
            "other.key is not the key of the certificate $HOME/pki/edge.pem\n\
             awsenv: hint: name the two that were made together",
        ),
        ("none.pem", "edge.key", "none.pem is not there"),
        ("edge.pem", "none.key", "none.key is not there"),
        ("empty", "edge.key", "empty is empty"),
        (
            "edge.key",
            "edge.key",
            "edge.key: there is no certificate in it\n\
             awsenv: hint: PEM has it behind `-----BEGIN CERTIFICATE-----`; `openssl pkcs7 -print_certs` writes those of a \
             .p7b so",
        ),
        (
            "edge.pem",
            "edge.pem",
            "edge.pem: there is no private key in it\n\
             awsenv: hint: is it in another file? `private_key` says which; else it is looked for beside the certificate",
        ),
        (
            "cut.pem",
            "edge.key",
            "cut.pem:1: what begins here is no whole PEM block\n\
             awsenv: hint: base64 has to follow, and a line that is nothing but its `-----END …-----`",
        ),
        (
            "joined.pem",
            "edge.key",
            "joined.pem:1: what begins here is no whole PEM block\n\
             awsenv: hint: base64 has to follow, and a line that is nothing but its `-----END …-----`",
        ),
        ("broken.pem", "edge.key", "broken.pem: certificate 1 in it is damaged"),
        (
            "text",
            "edge.key",
            "text is neither PEM nor PKCS#12\n\
             awsenv: hint: `openssl x509 -inform der` makes PEM of a certificate, `openssl pkey` of a key",
        ),
        (
            "edge.der",
            "edge.key",
            "edge.der is neither PEM nor PKCS#12\n\
             awsenv: hint: `openssl x509 -inform der` makes PEM of a certificate, `openssl pkey` of a key",
        ),
        (
            "edge.pem",
            "way.key",
            "way.key: the key is encrypted in OpenSSL's old way\n\
             awsenv: hint: `openssl pkcs8 -topk8 -in OLD -out NEW` writes it in the way of today",
        ),
        (
            "edge.pem",
            "tpm.key",
            "tpm.key: the key is in a TPM, with which awsenv cannot sign\n\
             awsenv: hint: AWS's own helper may: awsenv runs it where `--debug=false` stands behind its flags, in a \
             profile's credential_process",
        ),
        (
            "edge.pem",
            "mldsa.key",
            "mldsa.key: a key of the kind ML-DSA-44, with which awsenv cannot sign\n\
             awsenv: hint: AWS's own helper may: awsenv runs it where `--debug=false` stands behind its flags, in a \
             profile's credential_process",
        ),
        (
            "edge.pem",
            "numbers.key",
            "numbers.key: an EC key without the name of its curve\n\
             awsenv: hint: `openssl ec -in OLD -out NEW -param_enc named_curve` writes it where it has one",
        ),
        (
            "edge.pem",
            "numbers.pkcs8",
            "numbers.pkcs8: an EC key without the name of its curve\n\
             awsenv: hint: `openssl ec -in OLD -out NEW -param_enc named_curve` writes it where it has one",
        ),
        ("edge.pem", "small.key", "small.key: an RSA key of less than 2048 bits"),
        ("edge.pem", "ed.key", "ed.key: a key of the kind Ed25519: IAM Roles Anywhere takes RSA and EC keys"),
        (
            "edge.pem",
            "koblitz.key",
            "koblitz.key: an EC key of the curve secp256k1: P-256, P-384 and P-521 are known",
        ),
    ] {
        let told = told(&world, &pin(certificate, key));
        assert_eq!(told, format!("awsenv: $HOME/pki/{expected}\n"), "{certificate} {key}");
    }
    assert_eq!(
        told(&world, &pin("edge.pem", "camellia.key")),
        "awsenv: $HOME/pki/camellia.key: how it is encrypted cannot be read, or is a way that awsenv does not know\n\
         awsenv: hint: encrypt it anew: `openssl pkcs8 -topk8` does so by AES, and of PKCS#12 `openssl pkcs12 -export`\n"
    );
    for (key, expected) in [
        ("between2048and3072.key", "an RSA key of 2304 bits: awsenv signs with 2048, 3072 and 4096"),
        ("three.key", "an RSA key with an exponent below 65537, with which awsenv cannot sign"),
        ("primes.key", "an RSA key of more than two primes, with which awsenv cannot sign"),
    ] {
        let told = told(&world, &pin("edge.pem", key));
        let hint = "\nawsenv: hint: AWS's own helper may: awsenv runs it where `--debug=false` stands";
        assert!(told.starts_with(&format!("awsenv: $HOME/pki/{key}: {expected}{hint}")), "{told}");
    }
    let told = told(&world, &pin("directory", "edge.key"));
    assert_eq!(told, "awsenv: cannot read $HOME/pki/directory: not a regular file\n");
    assert_eq!(sandbox.calls(), []);
}

/// Each ends in a refusal of the sandbox.
#[test]
fn what_aws_refuses_comes_with_what_to_do() {
    if !installed("openssl") {
        return;
    }
    let (world, sandbox) = pki::world();
    let world = world.env("AWS_MAX_ATTEMPTS", "1");
    ca(&world, "stranger", None);
    leaf(&world, "untrusted", P256, "stranger", NOW);
    key(&world, "lonely", P256);
    certificate(&world, "lonely", "leaf", "between", NOW);
    key(&world, "gone", P256);
    certificate(&world, "gone", "ca", "root", ["20200101000000Z", "20210101000000Z"]);
    leaf(&world, "below", P256, "gone", NOW);
    let below = world.read("pki/below.pem") + &world.read("pki/gone.pem");
    world.write("pki/below.pem", &below);
    let edge = pin("edge.pem", "edge.key");
    let unlisted = EDGE.replace("Edge", "Other");
    let vouch = "the trust anchor does not vouch for the certificate: is it the right anchor? CA certificates between the \
                 two have to be in the certificate's file, or in `intermediates`";
    let arns = "look at trust_anchor_arn and profile_arn: are they of this region, and still there?";
    let trust = "the role has to be one of the Roles Anywhere profile's, and its trust policy has to let \
                 rolesanywhere.amazonaws.com do sts:AssumeRole, sts:TagSession and sts:SetSourceIdentity";
    for (text, expected, hint) in [
        (
            pin("untrusted.pem", "untrusted.key"),
            "AccessDeniedException: Untrusted signing certificate",
            vouch,
        ),
        (pin("lonely.pem", "lonely.key"), "AccessDeniedException: Untrusted signing certificate", vouch),
        (
            pin("below.pem", "below.key"),
            "AccessDeniedException: Untrusted certificate. Certificate has expired",
            "the CA certificate CN=gone has expired or is not valid yet: ask the CA for another",
        ),
        (edge.replace(EDGE, &unlisted), "AccessDeniedException: Unable to assume role for", trust),
        (edge.replace("anchor/0", "anchor/1"), "ResourceNotFoundException: Trust anchor not found", arns),
        (edge.replace(":profile/0", ":profile/1"), "ResourceNotFoundException: Profile not found", arns),
        (edge.replace("us-east-1", "eu-west-1"), "ResourceNotFoundException: Trust anchor not found", arns),
        (
            format!("{edge}session_name = \"me\"\n"),
            "AccessDeniedException: roleSessionName is not accepted by this profile",
            "the Roles Anywhere profile takes no session_name: leave it out, or let the profile accept it",
        ),
    ] {
        let told = told(&world, &text);
        assert!(told.starts_with(&format!("awsenv: CreateSession: {expected}")), "{told}");
        assert!(told.ends_with(&format!("\nawsenv: hint: {hint}\n")), "{told}");
    }
    for (fault, expected) in [
        (Fault::error(429, "ThrottlingException"), "CreateSession: ThrottlingException: "),
        (Fault::error(400, "ValidationException"), "CreateSession: ValidationException: "),
        (Fault::error(500, "InternalServerException"), "CreateSession: InternalServerException: "),
        (Fault::Html(403), "CreateSession: no answer that AWS would give"),
        (Fault::Html(200), "CreateSession: the answer could not be read"),
        (Fault::Malformed, "CreateSession: the answer could not be read"),
        (Fault::Missing("credentialSet".into()), "the answer to CreateSession lacks its credentials"),
        (Fault::Missing("secretAccessKey".into()), "the answer to CreateSession lacks its secret access key"),
        (Fault::Missing("sessionToken".into()), "the answer to CreateSession lacks its session token"),
        (Fault::Missing("expiration".into()), "the answer to CreateSession lacks its expiration"),
        (Fault::Reset, "CreateSession: "),
    ] {
        sandbox.fault("CreateSession", 1, fault);
        let told = told(&world, &edge);
        assert!(told.starts_with(&format!("awsenv: {expected}")), "{told}");
    }
    let world = world.without("AWS_MAX_ATTEMPTS");
    sandbox.fault("CreateSession", 2, Fault::error(429, "ThrottlingException"));
    world.run(["exec", "--", "true"]).at("acme").success();
}

#[test]
fn of_a_certificate_that_aws_refuses_it_is_said_what_it_lacks() {
    if !installed("openssl") {
        return;
    }
    let (world, sandbox) = pki::world();
    for (extensions, digest, expected) in [
        ("use", "-sha256", "has no basicConstraints with CA:false"),
        ("end", "-sha256", "has no keyUsage with digitalSignature"),
        ("leaf", "-sha1", "is signed over MD5 or SHA-1"),
    ] {
        let by = ["x509", "-req", "-in", "edge.csr", "-CA", "between.pem", "-CAkey", "between.key"];
        let how = ["-set_serial", "7", digest, "-extfile", "openssl.cnf", "-extensions", extensions];
        openssl(&world, [&by[..], &how, &["-out", "lacking.pem"]].concat());
        let told = told(&world, &pin("lacking.pem", "edge.key"));
        let hint = format!(
            "awsenv: hint: the certificate {expected}: AWS asks for X.509v3 with CA:false and digitalSignature, signed \
             over SHA-256 or more\n"
        );
        assert!(told.contains(": Untrusted signing certificate") && told.ends_with(&hint), "{told}");
    }
    assert_eq!(sandbox.calls().len(), 3);
}

#[test]
fn a_request_is_signed_by_awss_clock_where_this_machines_is_wrong() {
    if !installed("openssl") {
        return;
    }
    let (world, sandbox) = pki::world();
    world.write("acme/.awsenv", &pin("edge.pem", "edge.key"));
    world.allow("acme");
    for skewed in [-20 * 60, 20 * 60] {
        sandbox.clock().set_offset(skewed);
        world.run(["session", "clear"]).any_stdout().any_stderr().success();
        world.run(["exec", "--", "true"]).at("acme").any_stderr().success();
    }
    let statuses: Vec<_> = sandbox.calls().into_iter().map(|call| call.status).collect();
    assert_eq!(statuses, [403, 201, 403, 201]);
}

#[test]
fn an_endpoint_that_is_not_there_is_named_as_such() {
    if !installed("openssl") {
        return;
    }
    let (world, _sandbox) = pki::world();
    let world =
        world.env("AWS_ENDPOINT_URL_ROLESANYWHERE", "http://127.0.0.1:1").env("AWS_MAX_ATTEMPTS", "1");
    let told = told(&world, &pin("edge.pem", "edge.key"));
    assert!(told.starts_with("awsenv: CreateSession: AWS cannot be reached: "), "{told}");
}

/// The vectors' requests, as they would go over the wire, and one byte of them changed.
#[test]
fn the_sandbox_takes_what_another_program_has_signed_and_nothing_else() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/roles_anywhere");
    let read = |file: &str| std::fs::read_to_string(directory.join(file)).unwrap();
    let vectors: Vec<Value> = serde_json::from_str(&read("vectors.json")).unwrap();
    let mut taken = 0;
    for vector in &vectors {
        let text = |member: &str| vector[member].as_str().unwrap();
        if vector["headers_signed"].get("x-amz-x509-chain").is_none() {
            continue;
        }
        taken += 1;
        let role = Role::new(text("role_arn"), &["rolesanywhere.amazonaws.com"]);
        let profile = AnywhereProfile {
            arn: text("profile_arn").into(),
            roles: vec![text("role_arn").into()],
            accepts_session_name: true,
        };
        let anchor = Anchor { arn: text("trust_anchor_arn").into(), certificate: read("root.pem") };
        let sandbox = Sandbox::start(Scenario::default().anchor(anchor).anywhere_profile(profile).role(role));
        sandbox.clock().set_offset(instant(text("date")) - awsenv::clock::now().as_second());
        let send = |authorization: &str, body: &str| {
            let path = format!("{}?{}", text("path"), text("query"));
            let mut request =
                format!("POST {path} HTTP/1.1\r\nConnection: close\r\nContent-Length: {}\r\n", body.len());
            for (name, value) in vector["headers_signed"].as_object().unwrap() {
                request += &format!("{name}: {}\r\n", value.as_str().unwrap());
            }
            request += &format!("authorization: {authorization}\r\n\r\n{body}");
            let mut stream = TcpStream::connect(sandbox.url().strip_prefix("http://").unwrap()).unwrap();
            stream.write_all(request.as_bytes()).unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).unwrap();
            answer.split(' ').nth(1).unwrap().to_owned() + answer.rsplit("\r\n").next().unwrap()
        };
        let (authorization, body) = (text("authorization"), text("body"));
        let name = text("name");
        assert!(send(authorization, body).starts_with("201"), "{name} {}", send(authorization, body));
        let last = authorization.len() - 1;
        let other = if authorization.ends_with('0') { "1" } else { "0" };
        let does_not_match = |answer: String| answer.starts_with("403") && answer.contains("does not match");
        assert!(does_not_match(send(&format!("{}{other}", &authorization[..last]), body)), "{name}");
        assert!(does_not_match(send(authorization, &body.replace(":", ": "))), "{name}");
    }
    assert!(taken > 0);
}

/// `20260131T000005Z` in seconds since 1970.
fn instant(basic: &str) -> i64 {
    let parts = [(0, 4), (4, 6), (6, 8), (9, 11), (11, 13), (13, 15)].map(|(from, to)| &basic[from..to]);
    let [year, month, day, hour, minute, second] = parts;
    awsenv::clock::parse(&format!("{year}-{month}-{day}T{hour}:{minute}:{second}Z")).unwrap().as_second()
}
