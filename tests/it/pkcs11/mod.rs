//! A certificate's key on a PKCS#11 token: SoftHSM's, filled by OpenSC's tool.

use std::time::Duration;

use crate::cloud::{age, identity, operations, renewals_end};
use crate::pki::{
    NOW, P256, P384, ROLE, RSA_2048, certificate, fetched, helper, key, leaf, openssl, refused,
};
use crate::shell::Kind;
use crate::world::{World, installed};

mod card;
mod pins;
mod token;

use card::card;
use token::{EDGE, MODULE, import, import_certificate, init, pinned, said, succeeds, tool, with_pin, world};

const P521: [&str; 4] = ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-521"];

#[test]
fn every_kind_of_key_signs_on_its_token() {
    let Some((world, sandbox)) = world() else { return };
    for (name, kind, id) in
        [("r2", RSA_2048, "11"), ("p2", P256, "12"), ("p3", P384, "13"), ("p5", P521, "14")]
    {
        leaf(&world, name, kind, "between", NOW);
        import(&world, name, id);
        pinned(
            &world,
            &format!("{name}.pem"),
            &with_pin(&world, &format!("pkcs11:token=acme;object={name}")),
        );
        if name != "p5" {
            assert!(fetched(&world, &sandbox).starts_with(ROLE), "{name}");
        }
    }
    assert_eq!(operations(&sandbox), ["CreateSession"; 3]);
    // What the token signed was held against the certificate; the sandbox itself knows no P-521.
    world.run(["session", "clear"]).any_stdout().any_stderr().success();
    let told = world.run(["exec", "--", "true"]).at("acme").any_stderr().exits(125).stderr;
    assert!(told.contains("The request signature does not match"), "{told}");
}

#[test]
fn a_certificate_on_the_token_brings_its_key_and_its_cas() {
    let Some((world, sandbox)) = world() else { return };
    // The first certificate in the file is the leaf's.
    import_certificate(&world, "edge", "edge", "01");
    import_certificate(&world, "between", "between", "02");
    import_certificate(&world, "root", "root", "03");
    let both = with_pin(&world, EDGE);
    pinned(&world, &both, &both);
    assert!(fetched(&world, &sandbox).starts_with(ROLE));
    let without_key = world.read("acme/.awsenv");
    let without_key = without_key.lines().filter(|line| !line.starts_with("private_key"));
    world.write("acme/.awsenv", &(without_key.collect::<Vec<_>>().join("\n") + "\n"));
    world.allow("acme");
    assert!(fetched(&world, &sandbox).starts_with(ROLE));
    // The certificate on the token, the key in a file.
    pinned(&world, "pkcs11:token=acme;object=edge;type=cert", "edge.key");
    assert!(fetched(&world, &sandbox).starts_with(ROLE));
    // The other way round, with the CA first in the file.
    world.write("pki/reversed.pem", &(world.read("pki/between.pem") + &world.read("pki/edge.pem")));
    pinned(&world, "reversed.pem", &with_pin(&world, "pkcs11:token=acme;object=edge"));
    assert!(fetched(&world, &sandbox).starts_with(ROLE));
    // By the label alone the key is another.
    key(&world, "other", P256);
    import(&world, "other", "05");
    tool(&world, &["--login", "--pin", "4242", "--delete-object", "--type", "pubkey", "--label", "other"]);
    pinned(&world, "edge.pem", &with_pin(&world, "pkcs11:token=acme;object=other"));
    assert_eq!(
        refused(&world, &sandbox, 125),
        "awsenv: pkcs11:object=other;token=acme: the private key is not the certificate's\n\
         awsenv: hint: name the two that were made together\n"
    );
}

#[test]
fn another_certificate_on_the_token_means_another_session() {
    let Some((world, sandbox)) = world() else { return };
    import_certificate(&world, "edge", "edge", "01");
    pinned(&world, &with_pin(&world, EDGE), &with_pin(&world, EDGE));
    let text = world.read("acme/.awsenv") + &format!("intermediates = \"{}\"\n", said(&world, "between.pem"));
    world.write("acme/.awsenv", &text);
    world.allow("acme");
    let login = || world.run(["login"]).at("acme").any_stderr().success();
    login();
    world.run(["exec", "--", "true"]).at("acme").success();
    login();
    assert_eq!(operations(&sandbox), ["CreateSession"], "it is the same certificate");
    let mut shell = world.shell(Kind::Bash);
    shell.cd("acme");
    let first = shell.get("AWS_ACCESS_KEY_ID").unwrap().to_owned();
    let renewed_on_token = || {
        tool(&world, &["--login", "--pin", "4242", "--delete-object", "--type", "cert", "--label", "edge"]);
        certificate(&world, "edge", "leaf", "between", NOW);
        import_certificate(&world, "edge", "edge", "01");
    };
    renewed_on_token();
    age(&world, Duration::from_secs(2 * 3600));
    shell.ask();
    // The first renewal finds another certificate, the next one has its session.
    for _ in 0..2 {
        renewals_end(&world);
        shell.prompt();
    }
    let second = shell.get("AWS_ACCESS_KEY_ID").unwrap().to_owned();
    assert_ne!(first, second);
    assert_eq!(operations(&sandbox), ["CreateSession"; 2]);
    renewed_on_token();
    login();
    assert!(!shell.guard());
    shell.prompt();
    assert_ne!(shell.get("AWS_ACCESS_KEY_ID"), Some(second.as_str()));
    assert_eq!(operations(&sandbox), ["CreateSession"; 3]);
}

#[test]
fn what_is_not_there_is_said() {
    let Some((world, sandbox)) = world() else { return };
    init(&world, "other");
    key(&world, "twin", P256);
    import(&world, "twin", "21");
    import(&world, "twin", "22");
    std::fs::copy(MODULE, world.at("own.so")).unwrap();
    let own = world.at("own.so").display().to_string();
    let pin = |place: &str| with_pin(&world, place);
    for (place, expected) in [
        (
            pin("pkcs11:token=gone;object=edge"),
            "pkcs11:object=edge;token=gone: there is no such token\nawsenv: hint: is it plugged in? there are: ",
        ),
        (
            pin("pkcs11:token=acme;object=gone"),
            "pkcs11:object=gone;token=acme: there is no such private key on the token\n",
        ),
        (
            pin("pkcs11:token=acme;object=twin"),
            "pkcs11:object=twin;token=acme: 2 private keys fit\nawsenv: hint: say which: object=LABEL, or id=%01\n",
        ),
        (pin("pkcs11:object=edge"), "pkcs11:object=edge: 2 tokens fit: "),
        (
            "pkcs11:token=acme?module-path=/usr/lib/gone.so".into(),
            "pkcs11:token=acme: cannot load the module /usr/lib/gone.so: /usr/lib/gone.so: cannot open shared object file: No such file or directory\nawsenv: hint: is it there, and is it a PKCS#11 module?\n",
        ),
        (
            format!("pkcs11:token=acme?module-path={own}"),
            "pkcs11:token=acme: others than root can write to the module $HOME/own.so\n",
        ),
        ("pkcs11:token=acme;object=edge?pin-source=file:/gone".into(), "/gone is not there\n"),
    ] {
        pinned(&world, "edge.pem", &place);
        let told = refused(&world, &sandbox, 125);
        assert!(told.starts_with(&format!("awsenv: {expected}")), "{told}");
    }
    pinned(&world, "pkcs11:token=acme;object=gone", "edge.key");
    let told = world.run(["exec", "--", "true"]).at("acme").any_stderr().exits(3).stderr;
    assert!(told.contains("cannot ask for its PIN"), "it may be hidden: {told}");
    pinned(&world, &pin("pkcs11:token=acme;object=gone"), "edge.key");
    assert_eq!(
        refused(&world, &sandbox, 125),
        "awsenv: pkcs11:object=gone;token=acme: there is no such certificate on the token\n"
    );
    world.write("acme/.awsenv", &world.read("acme/.awsenv").replace("pin-source=file:", "pin-value="));
    let told = world.run(["allow"]).at("acme").any_stderr().exits(1).stderr;
    assert_eq!(
        told,
        "awsenv: $HOME/acme/.awsenv:5: roles_anywhere.certificate: a PIN has no place in a file that others read\n\
         awsenv: hint: take pin-value out: `awsenv login` asks for the PIN; or say pin-source=file:/PATH\n"
    );
}

#[test]
fn what_the_helper_is_told_of_a_token_is_understood() {
    let Some((world, sandbox)) = world() else { return };
    import_certificate(&world, "edge", "edge", "01");
    std::fs::copy(MODULE, world.at("own.so")).unwrap();
    let own = world.at("own.so").display().to_string();
    let between = world.at("pki/between.pem").display().to_string();
    let line = |more: &str| format!("[profile edge]\n{}", helper(&world, "edge.pem", "edge.key", more));
    let said = format!(
        "--certificate '{EDGE};type=cert' --private-key 'pkcs11:token=acme;id=%01?pin-value=4242' --pkcs11-lib {own} \
         --reuse-pin --intermediates {between}"
    );
    let text = line(&said);
    let world = world.config(&text);
    let got = world.run(["exec", "edge", "--", "env"]).any_stdout().success().variables();
    assert!(identity(&sandbox, &got).unwrap().starts_with(ROLE));
    let world = world.config(&text.replace("4242", "1111"));
    world.run(["session", "clear"]).any_stdout().any_stderr().success();
    for _ in 0..2 {
        world
            .run(["exec", "edge", "--", "true"])
            .stderr(
                "awsenv: pkcs11:id=%01;token=acme: the PIN in your AWS config is not the token's\n\
                 awsenv: hint: mend it, then run `awsenv login`: until then the token is not asked again\n",
            )
            .exits(3);
    }
    assert_eq!(operations(&sandbox), ["CreateSession"]);
}

#[test]
fn a_key_that_wants_its_pin_each_time_has_it() {
    let Some((world, sandbox)) = world() else { return };
    leaf(&world, "careful", RSA_2048, "between", NOW);
    openssl(&world, ["rsa", "-in", "careful.key", "-traditional", "-outform", "der", "-out", "careful.der"]);
    tool(
        &world,
        &[
            "--login",
            "--pin",
            "4242",
            "--write-object",
            "careful.der",
            "--type",
            "privkey",
            "--label",
            "careful",
            "--id",
            "31",
            "--always-auth",
        ],
    );
    pinned(&world, "careful.pem", &with_pin(&world, "pkcs11:token=acme;object=careful"));
    assert!(fetched(&world, &sandbox).starts_with(ROLE));
}

#[test]
fn a_module_that_hangs_at_its_end_keeps_no_command() {
    let Some((world, sandbox)) = card(&[("edge", &with_home(EDGE))]) else { return };
    world.write("pin", "4242\n");
    for hangs in ["1", "2"] {
        world.write("card/hangs", hangs);
        world.run(["session", "clear"]).any_stdout().any_stderr().success();
        let begin = awsenv::clock::now();
        world.run(["exec", "edge", "--", "true"]).success();
        // The card hangs for ever; nobody waits for it for more than some seconds.
        let took = awsenv::clock::now().duration_since(begin).unsigned_abs();
        assert!(took < Duration::from_secs(25), "{took:?}");
    }
    assert_eq!(operations(&sandbox), ["CreateSession"; 2]);
}

/// With the PIN in `~/pin`.
fn with_home(uri: &str) -> String {
    format!("{uri}?pin-source=file:~/pin")
}

#[test]
fn a_module_that_hangs_keeps_no_prompt_and_no_renewal() {
    if !installed("cc") {
        return;
    }
    let world = World::new();
    // While it is loaded, so that not even the end of a process gets past it.
    world.write(
        "hangs.c",
        "#include <unistd.h>\n__attribute__((constructor)) static void hang(void) { for (;;) pause(); }\n",
    );
    succeeds(
        world.command("cc").current_dir(world.home()).args(["-shared", "-fPIC", "-o", "hangs.so", "hangs.c"]),
    );
    let module = world.at("hangs.so").display().to_string();
    let more = format!("--private-key pkcs11:object=edge --pkcs11-lib {module}");
    let text = format!("[profile edge]\n{}", helper(&world, "edge.pem", "edge.key", &more));
    let text = text.replace(&world.at("pki/edge.pem").display().to_string(), "pkcs11:object=edge");
    let world = world.config(&text);
    world.write("acme/.awsenv", "profile = \"edge\"\n");
    world.allow("acme");
    let mut shell = world.shell(Kind::Bash);
    shell.arrive("acme");
    assert_eq!(shell.get("AWS_PROFILE"), Some("edge: being renewed"));
    // Its process ends: it would have the session's lock for as long as it lives.
    renewals_end(&world);
    shell.wait();
    assert_eq!(
        shell.notice,
        "awsenv: pkcs11:object=edge: the token has not answered for 30 s; take it out and put it in again, or touch it when it asks for that\n"
    );
}
