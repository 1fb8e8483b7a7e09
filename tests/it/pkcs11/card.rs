//! A token as cards are: it counts wrong PINs, and may hang.

use awsenv_sandbox::Sandbox;

use super::token::{succeeds, world};
use crate::pki::helper;
use crate::world::{World, installed};

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
pub(super) fn card(profiles: &[(&str, &str)]) -> Option<(World, Sandbox)> {
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
pub(super) fn given(world: &World) -> Vec<String> {
    let path = world.at("card/pins");
    let pins = std::fs::read_to_string(&path).unwrap_or_default();
    let _ = std::fs::remove_file(path);
    pins.lines().map(str::to_owned).collect()
}
