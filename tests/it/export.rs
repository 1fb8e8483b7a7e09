//! export: the answer's text, what it sets and brings back, and what it does when the world is not in order.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown, symlink};

use awsenv::env::Env;

use crate::shell::Kind;
use crate::world::{CONFIG, World, installed};

fn installed_kinds() -> impl Iterator<Item = Kind> {
    Kind::ALL.into_iter().filter(|kind| installed(kind.name()))
}

/// What a shell in `acme` has, with [`World::with_pin`] and nothing of the user's.
const LOADED: [(&str, &str); 6] = [
    ("AWSENV_ACCOUNT", "111122223333"),
    ("AWSENV_PROFILE", "dev"),
    ("AWS_ACCESS_KEY_ID", "AKIADEV"),
    ("AWS_DEFAULT_REGION", "eu-west-1"),
    ("AWS_REGION", "eu-west-1"),
    ("AWS_SECRET_ACCESS_KEY", "dev/secret"),
];

#[test]
fn the_answer_is_the_state_then_exports_then_unsets_then_the_guard() {
    let world = World::with_pin().env("AWS_PROFILE", "prod").env("AWS_ROLE_ARN", "x");
    for (kind, wanted) in [
        (
            Kind::Bash,
            &[
                "{",
                "\\builtin export AWSENV_STATE=",
                "\\builtin unset -v AWS_PROFILE AWS_ROLE_ARN",
                "__awsenv_before=",
                "__awsenv_ok() { ",
                "}",
            ][..],
        ),
        (
            Kind::Zsh,
            &[
                "{",
                "\\builtin export AWSENV_STATE=",
                "\\builtin unset AWS_PROFILE AWS_ROLE_ARN",
                "__awsenv_before=",
                "__awsenv_ok() { ",
                "}",
            ],
        ),
        (
            Kind::Fish,
            &[
                "begin",
                "set -gx AWSENV_STATE ",
                "set -gx AWSENV_ACCOUNT ",
                "set -gx AWSENV_PROFILE ",
                "set -gx AWS_ACCESS_KEY_ID ",
                "set -gx AWS_DEFAULT_REGION ",
                "set -gx AWS_REGION ",
                "set -gx AWS_SECRET_ACCESS_KEY ",
                "set -eg AWS_PROFILE; ",
                "set -eg AWS_ROLE_ARN; ",
                "set -g __awsenv_before ",
                "function __awsenv_away; ",
                "function __awsenv_ok; ",
                "end",
            ],
        ),
    ] {
        if !installed(kind.name()) {
            continue;
        }
        let mut shell = world.shell(kind);
        shell.cd("acme");
        let answer = shell.answer();
        let lines: Vec<_> = answer.lines().collect();
        assert_eq!(lines.len(), wanted.len(), "{answer}");
        for (line, start) in lines.iter().zip(wanted) {
            assert!(line.starts_with(start), "{line}\nbegins with {start}");
        }
        let guard = lines.last().unwrap();
        assert!(!guard.contains("dev/secret") && !guard.contains("AWS_SECRET"), "no secret in the guard");
    }
}

#[test]
fn entering_sets_and_leaving_gives_back_exactly_what_was_there() {
    for kind in installed_kinds() {
        let world = World::with_pin()
            .env("AWS_PROFILE", "prod")
            .env("AWS_ACCESS_KEY_ID", "AKIAMINE")
            .env("AWS_SECRET_ACCESS_KEY", "my'own\nsecret")
            .env("AWS_SESSION_TOKEN", "")
            .env("AWS_REGION", "ap-south-1");
        let mut shell = world.shell(kind);
        shell.prompt();
        let before = shell.env.clone();
        shell.cd("acme");
        assert_eq!(shell.aws(), LOADED, "{kind:?}");
        let state = shell.get("AWSENV_STATE").unwrap().to_owned();
        assert!(!state.contains("secret") && state.len() < 1024, "{state}");
        assert_eq!(shell.notice, "", "a plain load is silent");
        shell.cd("");
        assert_eq!(shell.env, before, "{kind:?}");
        assert_eq!(shell.notice, "");
    }
}

/// Half a key is nobody's; an AWS client that wants both halves takes the next identity that it finds.
#[test]
fn where_nothing_can_be_set_aside_a_key_comes_back_in_no_part() {
    for kind in installed_kinds() {
        let world = World::with_pin().file(".local/state/awsenv", "in the way");
        let mut shell = world.shell(kind);
        let key = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"];
        for name in key {
            shell.env.set(name, "mine");
        }
        shell.env.set("AWS_REGION", "sa-east-1");
        shell.cd("acme");
        assert_eq!(shell.get("AWS_ACCESS_KEY_ID"), Some("AKIADEV"));
        let names = key.join(", ");
        assert_eq!(shell.notice, format!("awsenv: cannot set {names} aside: they will not come back\n"));
        shell.cd("");
        assert_eq!(key.map(|name| shell.get(name)), [None; 3], "{kind:?}");
        assert_eq!(shell.get("AWS_REGION"), Some("sa-east-1"));
    }
}

#[test]
fn at_an_unchanged_prompt_nothing_is_touched() {
    for kind in installed_kinds() {
        let world = World::with_pin();
        let mut shell = world.shell(kind);
        shell.cd("acme").prompt();
        let answer = shell.answer();
        let lines: Vec<_> = answer.lines().collect();
        let away = usize::from(kind == Kind::Fish);
        assert_eq!(lines.len(), 4 + away, "what the prompt shows, and the guard: {answer}");
        assert!(lines[1].contains("__awsenv_before") && !lines[1].contains("export"), "{answer}");
        assert_eq!(shell.aws(), LOADED);
    }
}

#[test]
fn from_one_project_to_the_next_the_originals_stay_the_users() {
    let world =
        World::with_pin().file("b/.awsenv", "profile = \"prod\"\n").allowed("b").env("AWS_PROFILE", "mine");
    let mut shell = world.shell(Kind::Bash);
    shell.cd("acme").cd("b");
    assert_eq!(shell.get("AWS_ACCESS_KEY_ID"), Some("AKIAPROD"));
    assert_eq!(shell.get("AWS_PROFILE"), None);
    shell.cd("");
    assert_eq!(shell.aws(), [("AWS_PROFILE", "mine")]);
}

#[test]
fn what_the_user_changed_inside_is_the_users_after_leaving() {
    let world = World::with_profiles()
        .file("acme/.awsenv", "profile = \"dev\"\n[env]\nTF_WORKSPACE = \"dev\"\n")
        .allowed("acme");
    let mut shell = world.shell(Kind::Bash);
    shell.cd("acme");
    shell.env.set("TF_WORKSPACE", "mine");
    shell.prompt().prompt();
    assert_eq!(shell.get("TF_WORKSPACE"), Some("mine"));
    assert_eq!(shell.get("AWS_ACCESS_KEY_ID"), Some("AKIADEV"));
    shell.cd("");
    assert_eq!((shell.aws(), shell.get("TF_WORKSPACE")), (vec![], Some("mine")));
}

#[test]
fn keys_set_by_hand_are_left_alone_and_that_is_said_once() {
    let world = World::with_pin();
    let mut shell = world.shell(Kind::Bash);
    shell.cd("acme");
    shell.env.set("AWS_ACCESS_KEY_ID", "AKIAMINE");
    shell.env.set("AWS_SECRET_ACCESS_KEY", "mine");
    shell.prompt();
    assert_eq!(shell.notice, "awsenv: AWS_ACCESS_KEY_ID was set by hand, standing back until you leave\n");
    assert_eq!(shell.aws(), [("AWS_ACCESS_KEY_ID", "AKIAMINE"), ("AWS_SECRET_ACCESS_KEY", "mine")]);
    shell.prompt();
    assert_eq!(shell.notice, "");
    shell.cd("").cd("acme");
    assert_eq!(shell.aws(), LOADED, "back in, it is the directory's again");
}

#[test]
fn a_complaint_is_made_once() {
    let world = World::with_profiles().file("acme/.awsenv", "profile = \"dev\"\n").file("acme/sub/x", "");
    let mut shell = world.shell(Kind::Zsh);
    shell.cd("acme");
    assert_eq!(shell.notice, "awsenv: ~/acme/.awsenv is not allowed; look at it, then run `awsenv allow`\n");
    shell.prompt().cd("acme/sub");
    assert_eq!(shell.notice, "");
    assert_eq!(shell.aws(), []);
}

#[test]
fn disabled_everything_is_undone_and_the_guard_is_that_alone() {
    for kind in installed_kinds() {
        let world = World::with_pin().env("AWS_PROFILE", "prod");
        let mut shell = world.shell(kind);
        shell.cd("acme");
        shell.env.set("AWSENV_DISABLE", "1");
        shell.prompt();
        assert_eq!(shell.aws(), [("AWSENV_DISABLE", "1"), ("AWS_PROFILE", "prod")]);
        assert!(shell.guard());
        shell.env.unset("AWSENV_DISABLE");
        assert!(!shell.guard());
    }
}

#[test]
fn the_second_phase_waits_for_nothing_where_nothing_was_started() {
    let world = World::with_pin();
    let mut shell = world.shell(Kind::Bash);
    shell.cd("acme");
    let first = shell.answer();
    shell.env = world.variables().clone();
    let second = shell.question().arg("wait").any_stdout().success().stdout;
    assert_eq!(second.lines().last(), first.lines().last(), "the same guard");
}

#[test]
fn a_person_who_types_export_is_told_what_to_type() {
    let told = "awsenv: export is called by the shell's hook\n\
                awsenv: hint: eval \"$(awsenv hook bash)\", or `awsenv credentials` to print them\n";
    let world = World::new();
    for arguments in
        [["export", "bash", "1", "5.2"], ["export", "tcsh", "1", "/"], ["export", "--help", "", ""]]
    {
        world.run(arguments).stderr(told).exits(2);
    }
    world.run(["export", "bash", "no-pid", "5.2", "/"]).stderr(told).exits(2);
}

#[test]
fn broken_settings_are_told_and_the_usual_ones_stand_in() {
    let world = World::with_pin().settings("wiat = \"1s\"\n");
    let mut shell = world.shell(Kind::Bash);
    shell.cd("acme");
    assert_eq!(shell.notice, "awsenv: $HOME/.config/awsenv/config.toml:1: wiat: unknown key\n");
    assert_eq!(shell.aws(), LOADED);
    shell.prompt();
    assert_eq!(shell.notice, "");
    world
        .run(["status"])
        .stderr("awsenv: $HOME/.config/awsenv/config.toml:1: wiat: unknown key\nawsenv: hint: did you mean `wait`?\n")
        .exits(1);
}

#[test]
fn without_a_home_there_is_no_answer() {
    // A relative one would let each directory bring its own ~/.aws.
    let world = World::with_pin().env("HOME", "relative");
    let told = "awsenv: no home directory; set HOME\n";
    world.run(["export", "bash", "1", "5.2", "/"]).stderr(told).exits(1);
    let told = "awsenv: no home directory\nawsenv: hint: set HOME\n";
    world.run(["status"]).stderr(told).exits(1);
    world.run(["exec", "--", "true"]).stderr(told).exits(125);
}

/// Loads in `acme` with this runtime directory: the credentials come, and the program runs at each prompt.
#[track_caller]
fn comes_without_a_guard(world: &World, what: &str) {
    let mut shell = world.shell(Kind::Bash);
    shell.cd("acme");
    assert_eq!(shell.aws(), LOADED, "{what}");
    assert!(!shell.guard(), "{what}");
    assert_eq!(shell.answer().lines().nth_back(1), Some("__awsenv_ok() { \\builtin return 1; }"), "{what}");
    assert_eq!(shell.notice, "", "{what}");
}

#[test]
fn without_a_place_for_references_the_guard_is_false_and_the_credentials_come() {
    let nowhere = "/proc/nowhere";
    let world = World::with_pin().env("XDG_RUNTIME_DIR", nowhere).env("TMPDIR", nowhere);
    comes_without_a_guard(&world, "it cannot be made");
    let world = World::with_pin().file("file", "");
    let file = world.at("file");
    comes_without_a_guard(&world.env("XDG_RUNTIME_DIR", &file), "its parent is a file");
}

#[test]
fn where_there_is_no_runtime_directory_the_temporary_one_serves() {
    for other in ["/proc/nowhere", ""] {
        let world = World::with_pin().env("XDG_RUNTIME_DIR", other);
        let mut shell = world.shell(Kind::Bash);
        shell.cd("acme");
        assert!(shell.guard(), "{other}");
    }
}

#[test]
fn a_runtime_directory_that_is_a_link_or_somebody_elses_is_refused() {
    let world = World::with_pin();
    fs::remove_dir_all(world.runtime().join("awsenv")).unwrap();
    fs::create_dir(world.at("elsewhere")).unwrap();
    symlink(world.at("elsewhere"), world.runtime().join("awsenv")).unwrap();
    comes_without_a_guard(&world, "a link");
    assert_eq!(fs::read_dir(world.at("elsewhere")).unwrap().count(), 0, "nothing was written through it");
    if awsenv::files::uid() == 0 {
        // Only root can give a directory away.
        fs::remove_file(world.runtime().join("awsenv")).unwrap();
        fs::create_dir(world.runtime().join("awsenv")).unwrap();
        chown(world.runtime().join("awsenv"), Some(65534), None).unwrap();
        comes_without_a_guard(&world, "somebody else's");
    }
}

#[test]
fn a_loose_runtime_directory_is_tightened() {
    let world = World::with_pin();
    let dir = world.runtime().join("awsenv");
    fs::set_permissions(&dir, fs::Permissions::from_mode(0o777)).unwrap();
    let mut shell = world.shell(Kind::Bash);
    shell.cd("acme");
    assert!(shell.guard());
    assert_eq!(fs::metadata(dir).unwrap().permissions().mode() & 0o777, 0o700);
}

#[test]
fn a_hostile_state_is_no_state() {
    let world = World::with_pin();
    let mut shell = world.shell(Kind::Bash);
    shell.cd("acme");
    let good = shell.get("AWSENV_STATE").unwrap().to_owned();
    let env = shell.env.clone();
    for hostile in [
        "".to_owned(),
        "1:on:{}".to_owned(),
        "$(touch pwned)".to_owned(),
        "1:on:".to_owned() + &"[".repeat(100_000),
        good.replace("AWS_REGION", "PATH"),
        good.replace("AWS_REGION", "LD_PRELOAD"),
        good.replace("AWS_REGION", "A;touch pwned"),
        good.replacen("{", "{\"a\":\"../../../.awsenv\",", 1),
        good.replace("\"u\":", "\"u\":1"),
    ] {
        shell.env = env.clone();
        shell.env.set("AWSENV_STATE", &hostile);
        shell.cd("");
        let kept = |name: &str| shell.get(name).map(str::to_owned);
        assert_eq!(kept("PATH"), world.variables().text("PATH").map(str::to_owned), "{hostile}");
        assert_eq!(
            kept("AWS_ACCESS_KEY_ID").as_deref(),
            Some("AKIADEV"),
            "taken for the user's own: {hostile}"
        );
        assert!(!world.at("pwned").exists());
    }
}

#[test]
fn a_state_that_names_what_it_may_not_touch_undoes_nothing_else_either() {
    let world = World::with_pin();
    let mut shell = world.shell(Kind::Bash);
    let forged = "1:on:{\"p\":PID,\"u\":UID,\"n\":\"00\",\"v\":{\"PATH\":{\"u\":{\"=\":\"/evil\"}}}}";
    let forged =
        forged.replace("PID", &shell.pid.to_string()).replace("UID", &awsenv::files::uid().to_string());
    shell.env.set("AWSENV_STATE", forged);
    shell.prompt();
    assert_eq!(shell.get("PATH"), world.variables().text("PATH"));
}

#[test]
fn another_users_state_is_left_alone() {
    // `sudo -E`: the environment is another user's, its state too.
    let world = World::with_pin();
    let mut shell = world.shell(Kind::Bash);
    shell.cd("acme");
    let uid = format!("\"u\":{},", awsenv::files::uid());
    let theirs = shell.get("AWSENV_STATE").unwrap().replace(&uid, "\"u\":54321,");
    shell.env.set("AWSENV_STATE", &theirs);
    shell.cd("");
    assert_eq!(shell.get("AWSENV_STATE"), Some(theirs.as_str()));
    assert_eq!(shell.get("AWS_ACCESS_KEY_ID"), Some("AKIADEV"));
    let env: Env =
        world.run(["exec", "prod", "--", "env"]).environment(&shell.env).any_stdout().success().variables();
    assert_eq!((env.text("AWS_ACCESS_KEY_ID"), env.text("AWSENV_STATE")), (Some("AKIAPROD"), None));
}

#[test]
fn in_a_child_shell_a_difference_is_a_new_original() {
    let world = World::with_pin();
    let mut shell = world.shell(Kind::Bash);
    shell.cd("acme");
    // Another shell started here, whose rc file exports a profile.
    shell.pid = 4343;
    shell.env.set("AWS_PROFILE", "prod");
    shell.prompt();
    assert_eq!(shell.aws(), LOADED);
    shell.cd("");
    assert_eq!(shell.aws(), [("AWS_PROFILE", "prod")]);
}

#[test]
fn after_an_emergency_exactly_the_originals_come_back() {
    for before in [&[][..], &[("AWS_PROFILE", "prod")], &[("AWS_EC2_METADATA_DISABLED", "true")]] {
        let world = before.iter().fold(World::with_pin(), |world, (name, value)| world.env(name, value));
        let mut shell = world.shell(Kind::Bash);
        shell.cd("acme");
        // What __awsenv_unload of the hook does when no answer comes.
        let lost = shell.get("AWSENV_STATE").unwrap().replacen("1:on:", "1:lost:", 1);
        shell.env = world.variables().clone();
        shell.env.set("AWSENV_STATE", lost);
        shell.env.set("AWS_PROFILE", "awsenv did not answer: no credentials");
        shell.env.set("AWS_EC2_METADATA_DISABLED", "true");
        let lost = shell.env.clone();
        shell.cd("");
        assert_eq!(shell.aws(), before, "left at once");
        shell.env = lost;
        shell.cd("acme");
        assert_eq!(shell.get("AWS_ACCESS_KEY_ID"), Some("AKIADEV"));
        shell.cd("");
        assert_eq!(shell.aws(), before, "after another load");
    }
}

#[test]
fn the_region_is_the_files_then_the_profiles_then_the_users() {
    let world = World::new()
        .config(&format!("{CONFIG}[profile bare]\naws_access_key_id = AKIABARE\naws_secret_access_key = s\n"))
        .file("file/.awsenv", "profile = \"dev\"\nregion = \"ap-northeast-2\"\n")
        .file("profile/.awsenv", "profile = \"dev\"\n")
        .file("user/.awsenv", "profile = \"bare\"\n")
        .env("AWS_REGION", "ap-south-1");
    let mut shell = world.shell(Kind::Bash);
    for (directory, region) in [("file", "ap-northeast-2"), ("profile", "eu-west-1"), ("user", "ap-south-1")]
    {
        world.allow(directory);
        shell.cd(directory);
        assert_eq!(shell.get("AWS_REGION"), Some(region));
        assert_eq!(shell.get("AWS_DEFAULT_REGION"), Some(region));
    }
    shell.cd("");
    assert_eq!(shell.aws(), [("AWS_REGION", "ap-south-1")]);
}

#[test]
fn a_directory_that_is_gone_still_has_an_answer() {
    let world = World::with_pin().file("acme/sub/x", "");
    let mut shell = world.shell(Kind::Bash);
    shell.cd("acme/sub");
    fs::remove_dir_all(world.at("acme/sub")).unwrap();
    shell.prompt();
    assert_eq!(shell.aws(), LOADED, "what is above it still counts");
    fs::remove_dir_all(world.at("acme")).unwrap();
    shell.prompt();
    assert_eq!(shell.aws(), []);
}
