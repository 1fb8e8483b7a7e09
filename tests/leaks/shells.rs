//! Real shells with the hook in them and all tracing on, in and out of a pinned directory.

use crate::search::Evidence;
use crate::world::{Env, World};

pub(crate) const SHELLS: [&str; 3] = ["bash", "zsh", "fish"];
/// Of the keys in the files.
pub(crate) const LOADED: &str = "AKIAIOSFODNN7EXAMPLE";
const BACK: &str = "AKIAI44QH8DHBEXAMPLE";
const END: &str = "all the way in and out";

/// Everything a shell shows, keeps in helper variables and functions, and hands to programs as arguments.
pub(crate) fn sessions(world: &World) -> Vec<Evidence> {
    SHELLS.into_iter().flat_map(|shell| session(world, &world.env(), shell, "acme", LOADED)).collect()
}

/// One of them, where the directory gives this profile, with a key id that begins so.
pub(crate) fn session(world: &World, env: &Env, shell: &str, profile: &str, key_id: &str) -> Vec<Evidence> {
    let (program, pin, out) =
        (world.program.display(), world.path("work/acme/deep"), world.path("elsewhere"));
    let (pin, out) = (pin.display(), out.display());
    let hook =
        if shell == "fish" { "__awsenv_hook" } else { "__awsenv_hook; printf '%s\\n' \"last word: $_\"" };
    let move_in = format!("cd {pin}; {hook}; test \"$AWSENV_PROFILE\" = {profile} || exit 9; {hook}");
    let move_out = format!("cd {out}; {hook}; test \"$AWS_ACCESS_KEY_ID\" = {BACK} || exit 8");
    let (options, traced, kept): (&[&str], _, _) = match shell {
        "bash" => (
            &["--norc", "--noprofile", "-c"],
            format!("set -xva; eval \"$('{program}' hook bash)\""),
            "printf '%s\\n' \"$AWSENV_STATE\"; declare -f; for name in ${!__awsenv*}; do declare -p $name; done",
        ),
        "zsh" => (
            &["-f", "-c"],
            format!("setopt xtrace verbose allexport; eval \"$('{program}' hook zsh)\""),
            "print -r -- $AWSENV_STATE; functions; typeset -m '__awsenv*'",
        ),
        _ => (
            &["--no-config", "-c"],
            format!("set -g fish_trace 1; '{program}' hook fish | source"),
            "echo $AWSENV_STATE; for name in (functions -a -n | string match -e __awsenv); functions $name; end; \
             for name in (set -n | string match '__awsenv*'); set -S $name; end",
        ),
    };
    let script = format!("{traced}\n{move_in}\nawsenv status\n{kept}\n{move_out}\necho {END}");
    let command = [&[shell], options, &[script.as_str()]].concat();
    let run = world.run("elsewhere", &command, env);
    let shown = String::from_utf8_lossy(&run.stdout);
    assert!(
        shown.contains("1:on:"),
        "{shell} loaded and told its state: {shown}\n{}",
        String::from_utf8_lossy(&run.stderr)
    );
    assert!(shown.contains(key_id), "{shell} showed its guard");
    assert!(shown.contains(END), "{shell} got its own credentials back");
    crate::world::Run { name: format!("a session in {shell}"), ..run }.evidence()
}
