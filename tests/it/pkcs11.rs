//! A certificate's key on a PKCS#11 token: SoftHSM's, filled by OpenSC's tool.

use std::process::Command;
use std::time::Duration;

use awsenv_sandbox::Sandbox;

use crate::cloud::{age, identity, operations, renewals_end};
use crate::pki::{self, NOW, P256, P384, RSA_2048, certificate, helper, key, leaf, openssl, pin};
use crate::shell::Kind;
use crate::terminal::Terminal;
use crate::world::{World, installed};

const MODULE: &str = "/usr/lib/softhsm/libsofthsm2.so";
const ROLE: &str = "arn:aws:sts::111122223333:assumed-role/Edge/";
const P521: [&str; 4] = ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-521"];
const SETTINGS: &str = "passphrase_command = \"echo correct horse\"\nkeychain = \"file\"\n";
const QUESTION: &str = "PIN of the token acme: ";
const EDGE: &str = "pkcs11:token=acme;object=edge";

/// A world with `edge.pem` and a token `acme` that has its key; its PIN is 4242.
fn world() -> Option<(World, Sandbox)> {
    if !(installed("openssl") && installed("softhsm2-util") && installed("pkcs11-tool")) {
        return None;
    }
    let (world, sandbox) = pki::world();
    let conf = world.at("softhsm2.conf").display().to_string();
    let tokens = world.at("tokens").display().to_string();
    world.write("softhsm2.conf", &format!("directories.tokendir = {tokens}\nlog.level = ERROR\n"));
    std::fs::create_dir(&tokens).unwrap();
    let world = world.env("SOFTHSM2_CONF", &conf).settings(SETTINGS);
    init(&world, "acme");
    import(&world, "edge", "01");
    Some((world, sandbox))
}

#[track_caller]
fn succeeds(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

fn init(world: &World, label: &str) {
    let mut command = world.command("softhsm2-util");
    succeeds(command.args([
        "--init-token",
        "--free",
        "--label",
        label,
        "--pin",
        "4242",
        "--so-pin",
        "999999",
    ]));
}

/// `NAME.key` onto the token.
fn import(world: &World, name: &str, id: &str) {
    let mut command = world.command("softhsm2-util");
    command.current_dir(world.at("pki")).args(["--import", &format!("{name}.key")]);
    succeeds(command.args(["--token", "acme", "--label", name, "--id", id, "--pin", "4242"]));
}

/// `NAME.pem` onto the token, as an object of this label.
fn import_certificate(world: &World, name: &str, label: &str, id: &str) {
    openssl(world, ["x509", "-in", &format!("{name}.pem"), "-outform", "der", "-out", "out.der"]);
    tool(
        world,
        &[
            "--login",
            "--pin",
            "4242",
            "--write-object",
            "out.der",
            "--type",
            "cert",
            "--label",
            label,
            "--id",
            id,
        ],
    );
}

fn tool(world: &World, arguments: &[&str]) {
    let mut command = world.command("pkcs11-tool");
    command.current_dir(world.at("pki")).args(["--module", MODULE, "--token-label", "acme"]);
    succeeds(command.args(arguments));
}

fn change_pin(world: &World, old: &str, new: &str) {
    tool(world, &["--login", "--pin", old, "--change-pin", "--new-pin", new]);
}

/// Pins this certificate and this key in `acme`.
fn pinned(world: &World, certificate: &str, key: &str) {
    let text =
        pin("C", "K").replace("~/pki/C", &said(world, certificate)).replace("~/pki/K", &said(world, key));
    world.write("acme/.awsenv", &text);
    world.allow("acme");
}

/// A file of `~/pki`, or a URI, with the module.
fn said(world: &World, place: &str) -> String {
    match place.starts_with("pkcs11:") {
        false => world.at("pki").join(place).display().to_string(),
        true if place.contains("module-path=") => place.to_owned(),
        true if place.contains('?') => format!("{place}&module-path={MODULE}"),
        true => format!("{place}?module-path={MODULE}"),
    }
}

fn with_pin(world: &World, place: &str) -> String {
    world.write("pin", "4242\n");
    format!("{place}?pin-source=file:{}", world.at("pin").display())
}

/// What a command in `acme` complains of; AWS is not asked.
#[track_caller]
fn refused(world: &World, sandbox: &Sandbox, code: i32) -> String {
    let before = sandbox.calls().len();
    let told = world.run(["exec", "--", "true"]).at("acme").any_stderr().exits(code).stderr;
    assert_eq!(sandbox.calls().len(), before, "{told}");
    told
}

/// What a prompt in `acme` says, where nobody is asked.
fn told_at_prompt(world: &World) -> String {
    let mut shell = world.shell(Kind::Bash);
    shell.arrive("acme");
    renewals_end(world);
    shell.wait();
    shell.notice
}

/// Whose session a command in `acme` gets, from AWS now.
#[track_caller]
fn fetched(world: &World, sandbox: &Sandbox) -> String {
    world.run(["session", "clear"]).any_stdout().any_stderr().success();
    let got = world.run(["exec", "--", "env"]).at("acme").any_stdout().success().variables();
    identity(sandbox, &got).unwrap()
}

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
fn login_asks_for_the_pin_and_the_keychain_keeps_it() {
    let Some((world, sandbox)) = world() else { return };
    pinned(&world, "edge.pem", EDGE);
    assert_eq!(
        refused(&world, &sandbox, 3),
        "awsenv: pkcs11:object=edge;token=acme: cannot ask for its PIN: there is no terminal\n\
         awsenv: hint: run it in a terminal\n"
    );
    let told = told_at_prompt(&world);
    assert_eq!(told, "awsenv: pkcs11:object=edge;token=acme: its PIN is needed: run `awsenv login`\n");

    let mut terminal = Terminal::start_in(&world, "acme", &["login"]);
    terminal.answer(QUESTION, "1111");
    let (screen, code) = terminal.end();
    assert_eq!(code, 3, "{screen}");
    assert!(screen.contains("that is not its PIN") && !screen.contains("1111"), "{screen}");

    let mut terminal = Terminal::start_in(&world, "acme", &["login"]);
    terminal.answer(QUESTION, "4242");
    let (screen, code) = terminal.end();
    assert_eq!(code, 0, "{screen}");
    let kept =
        "awsenv: the PIN of the token acme is kept in the encrypted file ~/.local/share/awsenv/keys/sealed\n";
    assert!(screen.contains(kept) && screen.contains("awsenv: Edge is good for 59m"), "{screen}");
    assert!(!screen.contains("4242"), "{screen}");

    // From now on, nobody is asked.
    let mut shell = world.shell(Kind::Bash);
    shell.cd("acme");
    age(&world, Duration::from_secs(2 * 3600));
    shell.ask();
    renewals_end(&world);
    shell.wait();
    assert!(identity(&sandbox, &shell.env).unwrap().starts_with(ROLE));
    assert_eq!(operations(&sandbox), ["CreateSession"; 2]);

    world
        .run(["logout"])
        .at("acme")
        .stderr("awsenv: the password of Edge's private key is forgotten\n")
        .success();
    refused(&world, &sandbox, 3);
}

#[test]
fn a_pin_that_the_token_refuses_is_not_given_to_it_again() {
    let Some((world, sandbox)) = world() else { return };
    pinned(&world, "edge.pem", EDGE);
    assert_eq!(login(&world, "acme", &["login"], "4242"), 0);
    world.run(["session", "clear"]).any_stdout().any_stderr().success();
    change_pin(&world, "4242", "1111");
    let told = "awsenv: pkcs11:object=edge;token=acme: the PIN in the keychain is not the token's: run `awsenv login`\n";
    assert_eq!(told_at_prompt(&world), told);
    // Whoever gave it once more would be let in.
    change_pin(&world, "1111", "4242");
    world.run(["session", "clear"]).any_stdout().any_stderr().success();
    let told = "awsenv: pkcs11:object=edge;token=acme: its PIN is needed: run `awsenv login`\n";
    assert_eq!(told_at_prompt(&world), told);
    assert_eq!(login(&world, "acme", &["login"], "4242"), 0);
    assert!(identity(&sandbox, &world.shell(Kind::Bash).cd("acme").env).unwrap().starts_with(ROLE));

    // The same of a file, until somebody signs in or another PIN stands in it.
    pinned(&world, "edge.pem", &with_pin(&world, EDGE));
    world.write("pin", "1111\n");
    world.run(["session", "clear"]).any_stdout().any_stderr().success();
    let told = format!(
        "awsenv: pkcs11:object=edge;token=acme: the PIN in {} is not the token's\n\
         awsenv: hint: mend it, then run `awsenv login`: until then the token is not asked again\n",
        world.at("pin").display()
    );
    let told = world.shown(&told);
    assert_eq!(refused(&world, &sandbox, 3), told);
    change_pin(&world, "4242", "1111");
    assert_eq!(refused(&world, &sandbox, 3), told);
    world.write("pin", "1111\nand more\n");
    assert_eq!(refused(&world, &sandbox, 3), told);
    world.run(["login"]).at("acme").any_stderr().success();
    assert!(fetched(&world, &sandbox).starts_with(ROLE));
}

/// Types this PIN; the exit code.
fn login(world: &World, directory: &str, arguments: &[&str], pin: &str) -> i32 {
    let mut terminal = Terminal::start_in(world, directory, arguments);
    terminal.answer(QUESTION, pin);
    terminal.end().1
}

/// SoftHSM as a card is: it writes down each PIN that it is given (`card/pins`), says that one more wrong one locks it,
/// and locks itself after three (`card/wrong`). It hangs in C_Finalize and C_CloseSession where `card/hangs` says so.
const CARD: &str = r#"
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
typedef unsigned long ulong;
/* CK_FUNCTION_LIST: a version, then the functions in the order of the standard. */
static void *own[69];
static void **real;
static FILE *file(const char *name, const char *mode) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", getenv("CARD"), name);
    return fopen(path, mode);
}
static int number(const char *name) {
    int found = 0;
    FILE *from = file(name, "r");
    if (from) { if (fscanf(from, "%d", &found) != 1) found = 0; fclose(from); }
    return found;
}
static void set(int wrong) { FILE *to = file("wrong", "w"); fprintf(to, "%d", wrong); fclose(to); }
static ulong finalize(void *reserved) {
    while (number("hangs") == 1) pause();
    return ((ulong (*)(void *))real[2])(reserved);
}
static ulong close_session(ulong session) {
    while (number("hangs") == 2) pause();
    return ((ulong (*)(ulong))real[14])(session);
}
static ulong token_info(ulong slot, unsigned char *info) {
    ulong answer = ((ulong (*)(ulong, unsigned char *))real[7])(slot, info);
    int wrong = number("wrong");
    if (wrong == 2) *(ulong *)(info + 96) |= 0x20000;
    if (wrong > 2) *(ulong *)(info + 96) |= 0x40000;
    return answer;
}
static ulong login(ulong session, ulong user, unsigned char *pin, ulong size) {
    FILE *pins = file("pins", "a");
    fprintf(pins, "%.*s\n", (int)size, pin);
    fclose(pins);
    if (number("wrong") > 2) return 0xa4;
    ulong answer = ((ulong (*)(ulong, ulong, unsigned char *, ulong))real[19])(session, user, pin, size);
    if (answer == 0xa0) set(number("wrong") + 1);
    if (answer == 0) set(0);
    return answer;
}
ulong C_GetFunctionList(void ***list) {
    if (!real) {
        void *library = dlopen("/usr/lib/softhsm/libsofthsm2.so", RTLD_NOW);
        ((ulong (*)(void ***))dlsym(library, "C_GetFunctionList"))(&real);
        for (int each = 0; each < 69; each++) own[each] = real[each];
        own[2] = finalize; own[7] = token_info; own[14] = close_session; own[19] = login;
    }
    *list = own;
    return 0;
}
"#;

/// A world with such a card, and a profile for each URI, with `edge.pem`.
fn card(profiles: &[(&str, &str)]) -> Option<(World, Sandbox)> {
    if !installed("cc") {
        return None;
    }
    let (world, sandbox) = world()?;
    world.write("card/card.c", CARD);
    succeeds(
        world
            .command("cc")
            .current_dir(world.at("card"))
            .args(["-shared", "-fPIC", "-o", "card.so", "card.c"]),
    );
    let module = world.at("card/card.so").display().to_string();
    let home = world.home().display().to_string();
    let profile = |(name, uri): &(&str, &str)| {
        let more = format!("--private-key '{}' --pkcs11-lib {module}", uri.replace('~', &home));
        format!("[profile {name}]\n{}", helper(&world, "edge.pem", "edge.key", &more))
    };
    let config: Vec<_> = profiles.iter().map(profile).collect();
    let dir = world.at("card").display().to_string();
    let world = world.config(&config.join("\n")).env("CARD", &dir);
    Some((world, sandbox))
}

/// Which PINs the card was given since this was asked last.
fn given(world: &World) -> Vec<String> {
    let path = world.at("card/pins");
    let pins = std::fs::read_to_string(&path).unwrap_or_default();
    let _ = std::fs::remove_file(path);
    pins.lines().map(str::to_owned).collect()
}

#[track_caller]
fn is_refused(world: &World, profile: &str) -> String {
    world.run(["exec", profile, "--", "true"]).any_stderr().exits(3).stderr
}

#[test]
fn a_kept_pin_that_has_become_wrong_costs_one_try_and_never_the_last() {
    let Some((world, _sandbox)) = card(&[("edge", EDGE)]) else { return };
    assert_eq!(login(&world, "", &["login", "edge"], "4242"), 0);
    world.run(["session", "clear"]).any_stdout().any_stderr().success();
    change_pin(&world, "4242", "777777");
    given(&world);
    assert_eq!(login(&world, "", &["login", "edge"], "1111"), 3);
    assert_eq!(given(&world), ["4242", "1111"]);
    // The next wrong one would lock the card.
    assert_eq!(login(&world, "", &["login", "edge"], "777777"), 0);
    assert!(given(&world).iter().all(|pin| pin == "777777"));
    assert_eq!(world.read("card/wrong"), "0");
}

#[test]
fn a_pin_of_a_file_is_never_a_cards_last_try() {
    let Some((world, _sandbox)) = card(&[("file", "pkcs11:token=acme;object=edge?pin-source=file:~/pin")])
    else {
        return;
    };
    world.write("pin", "1111\n");
    world.write("card/wrong", "2");
    assert_eq!(
        is_refused(&world, "file"),
        "awsenv: the token acme takes one more wrong PIN, and is locked then\n\
         awsenv: pkcs11:object=edge;token=acme: cannot ask for its PIN: there is no terminal\n\
         awsenv: hint: run it in a terminal\n"
    );
    assert_eq!(given(&world), [""; 0]);
    assert_eq!(login(&world, "", &["login", "file"], "4242"), 0);
}

#[test]
fn each_wrong_pin_is_given_once_whatever_it_stands_in_and_by_whatever_name_the_token_is_found() {
    let uri = |more: &str, pin: &str| format!("pkcs11:token=acme{more};object=edge?pin-source=file:~/{pin}");
    let profiles =
        [("one", uri("", "one")), ("two", uri("", "two")), ("other", uri(";model=SoftHSM%20v2", "one"))];
    let Some((world, _sandbox)) = card(&profiles.each_ref().map(|(name, uri)| (*name, uri.as_str()))) else {
        return;
    };
    world.write("one", "1111\n");
    world.write("two", "2222\n");
    for profile in ["one", "other", "two", "one", "other"] {
        is_refused(&world, profile);
        world.write("card/wrong", "0");
        // The same PIN, in another file.
        world.write("one", "1111\nand more\n");
    }
    assert_eq!(given(&world), ["1111", "2222"]);
    world.write("one", "4242\n");
    world.run(["exec", "one", "--", "true"]).success();
    assert_eq!(given(&world), ["4242"]);
}

#[test]
fn a_kept_pin_is_this_very_tokens_and_serves_whatever_finds_it() {
    let Some((world, _sandbox)) =
        card(&[("model", "pkcs11:model=SoftHSM%20v2;object=edge"), ("label", EDGE)])
    else {
        return;
    };
    assert_eq!(login(&world, "", &["login", "model"], "4242"), 0);
    given(&world);
    world.run(["session", "clear"]).any_stdout().any_stderr().success();
    world.run(["exec", "label", "--", "true"]).success();
    assert_eq!(given(&world), ["4242"]);
    // Another token of the same model, with the same label, in its place.
    std::fs::rename(world.at("tokens"), world.at("drawer")).unwrap();
    std::fs::create_dir(world.at("tokens")).unwrap();
    init(&world, "acme");
    import(&world, "edge", "01");
    world.run(["session", "clear"]).any_stdout().any_stderr().success();
    for profile in ["model", "label"] {
        assert!(is_refused(&world, profile).contains("cannot ask for its PIN"));
    }
    assert_eq!(given(&world), [""; 0]);
    // `logout` has no token at hand, and forgets it all the same.
    std::fs::remove_dir_all(world.at("tokens")).unwrap();
    world.run(["logout", "label"]).any_stderr().success();
    std::fs::rename(world.at("drawer"), world.at("tokens")).unwrap();
    is_refused(&world, "model");
    assert_eq!(given(&world), [""; 0]);
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
