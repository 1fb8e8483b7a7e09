//! The guard: the list of its terms, none of which is ever dropped for speed, and each of them proven false
//! by the change that it is there for, in every shell.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use awsenv::files::Stamp;
use awsenv::places::Places;
use awsenv::prompt::guard::{Abilities, Guard, Watched};
use awsenv::prompt::runtime::Runtime;
use awsenv::prompt::shell::Shell as Kinds;

use crate::cloud;
use crate::shell::{Kind, Shell};
use crate::world::{CONFIG, World, date, installed};

/// The guard's text with tokens and references masked.
fn masked(text: &str) -> String {
    let mut parts = text.split("$RUN/awsenv/");
    let mut masked = parts.next().unwrap().to_owned();
    for part in parts {
        let (path, rest) = part.split_at(part.find(['\'', '"']).unwrap());
        let name = match path.split_once('/') {
            Some(("g", _)) => "TOKEN",
            Some(("r", name)) if name.starts_with("at.") || name.starts_with("now.") => path,
            _ => "REFERENCE",
        };
        masked.push_str(name);
        masked.push_str(rest);
    }
    masked
}

/// A guard with every term there is: a session that ends, and a file behind a link, of this fraction of a second.
fn every_term(world: &World, kind: Kinds, version: &str, nanos: u32) -> String {
    date(&world.write("real", "x"), SystemTime::UNIX_EPOCH + Duration::new(1_000_000_000, nanos));
    let linked = world.at(".awsenv");
    let _ = fs::remove_file(&linked);
    symlink(world.at("real"), &linked).unwrap();
    let runtime = Runtime::open(&places(world)).unwrap();
    let guard = Guard {
        pwd: world.home().into(),
        is_real: false,
        now: "2026-11-22T12:00:00Z".parse().unwrap(),
        deadline: Some("2026-11-22T13:00:00Z".parse().unwrap()),
        variables: vec![("AWS_ACCESS_KEY_ID", "ASIA1".into()), ("AWS_PROFILE", "".into())],
        token: Some(runtime.token().unwrap()),
        watched: vec![Watched {
            stamp: Stamp::of(&fs::metadata(&linked).unwrap()),
            path: linked,
            target: Some(world.at("real")),
        }],
        absent: vec![world.at("sub/.awsenv"), "/.awsenv".into()],
        entries: vec![world.at("allow/entry")],
    };
    let text = guard.function(Abilities::of(kind, version, 4242), Some(&runtime));
    masked(&world.shown(std::str::from_utf8(&text).unwrap()))
}

fn places(world: &World) -> Places {
    let nowhere = PathBuf::from("/nowhere");
    Places {
        home: world.home(),
        settings: nowhere.clone(),
        data: nowhere.clone(),
        state: nowhere,
        runtime: world.runtime().join("awsenv"),
    }
}

#[test]
fn guard_terms() {
    let world = World::new();
    let bash = [
        "\\builtin [ \"${PWD-}|${AWS_ACCESS_KEY_ID-}|${AWSENV_DISABLE-}${AWS_PROFILE-}\" = \
         '$HOME|ASIA1|' ]",
        "[[ -e 'TOKEN'",
        "-e '$HOME/allow/entry'",
        "! '$HOME/.awsenv' -nt 'REFERENCE'",
        "! '$HOME/.awsenv' -ot 'REFERENCE'",
        "'$HOME/.awsenv' -ef '$HOME/real'",
        "! -f '$HOME/sub/.awsenv'",
        "! -f '/.awsenv' ]]",
    ];
    let with = |clock: &str| {
        let test = bash.iter().copied().chain([clock]).collect::<Vec<_>>().join(" && ");
        format!(
            "__awsenv_ok() {{ {test}; }} && __awsenv_hook() {{ case $? in 0) {test} || __awsenv_check || \\builtin : ;; \
             *) __awsenv_prompted ;; esac; }}\n"
        )
    };
    assert_eq!(
        every_term(&world, Kinds::Bash, "5.2.15(1)-release", 123_456_789),
        with("(( EPOCHSECONDS >= 1795348799 && EPOCHSECONDS < 1795352400 ))")
    );
    assert_eq!(
        every_term(&world, Kinds::Bash, "3.2.57(1)-release", 123_456_789),
        with(
            ": >|'r/now.4242' && [[ 'r/at.1795352400' -nt 'r/now.4242' && ! 'r/at.1795348740' -nt 'r/now.4242' ]]"
        )
    );
    let zsh = [
        "[[ \"${PWD-}|${AWS_ACCESS_KEY_ID-}|${AWSENV_DISABLE-}${AWS_PROFILE-}\" == '$HOME|ASIA1|' ]]",
        "[[ -e 'TOKEN'",
        "-e '$HOME/allow/entry'",
        "'$HOME/.awsenv' -nt 'REFERENCE'",
        "'$HOME/.awsenv' -ot 'REFERENCE'",
        "'$HOME/.awsenv' -ef '$HOME/real'",
        "! -f '$HOME/sub/.awsenv'",
        "! -f '/.awsenv' ]]",
        "(( ${EPOCHSECONDS:-${(%):-\"%D{%s}\"}} >= 1795348799",
        "${EPOCHSECONDS:-${(%):-\"%D{%s}\"}} < 1795352400 ))",
    ]
    .join(" && ");
    assert_eq!(
        every_term(&world, Kinds::Zsh, "5.9", 123_456_789),
        format!("__awsenv_ok() {{ {zsh}; }} && __awsenv_hook() {{ {zsh} || __awsenv_check; }}\n")
    );
    // Where a file system may round times, no reference is a little older or newer.
    let rounded = "-e '$HOME/.awsenv' && -e 'REFERENCE' && ! '$HOME/.awsenv' -nt 'REFERENCE' && ! '$HOME/.awsenv' -ot \
                   'REFERENCE' && '$HOME/.awsenv' -ef";
    for nanos in [0, 1000, 999_999_999] {
        let text = every_term(&world, Kinds::Zsh, "5.9", nanos);
        assert!(text.contains(rounded), "{nanos}: {text}");
    }
    let fish = [
        "function __awsenv_ok; builtin contains -- \"$PWD|$AWS_ACCESS_KEY_ID|$AWS_PROFILE|$AWSENV_DISABLE\" '$HOME|ASIA1||' \
         '$HOME|ASIA1|awsenv: this fish variable is universal: set it with set -gx in config.fish instead|'",
        "test -e 'TOKEN' -a -e '$HOME/allow/entry' -a ! '$HOME/.awsenv' -nt 'REFERENCE' \
         -a ! '$HOME/.awsenv' -ot 'REFERENCE' -a '$HOME/.awsenv' -ef '$HOME/real'",
        "not builtin path is -f -- '$HOME/sub/.awsenv' '/.awsenv'",
        "test 'r/at.1795352400' -nt 'r/now.4242' -a ! 'r/at.1795348740' -nt 'r/now.4242' >'r/now.4242'; end\n",
    ];
    assert_eq!(every_term(&world, Kinds::Fish, "3.6.0", 123_456_789), fish.join("; and "));
    let data = |file: &str| {
        [
            "\"guard\":{\"values\":[[\"PWD\",\"$HOME\"],[\"AWS_ACCESS_KEY_ID\",\"ASIA1\"]]",
            "\"empty\":[\"AWSENV_DISABLE\",\"AWS_PROFILE\"]",
            "\"present\":[\"TOKEN\",\"$HOME/allow/entry\"]",
            &format!("\"files\":[[\"$HOME/.awsenv\",{file}]]"),
            "\"links\":[[\"$HOME/.awsenv\",\"$HOME/real\"]]",
            "\"absent\":[\"$HOME/sub/.awsenv\",\"/.awsenv\"]",
            "\"time\":[1795348799,1795352400]}\n",
        ]
        .join(",")
    };
    let xonsh = every_term(&world, Kinds::Xonsh, "0.13.4", 123_456_789);
    let stamp = Stamp::of(&fs::metadata(world.at("real")).unwrap());
    let modified = i128::from(stamp.seconds) * 1_000_000_000 + i128::from(stamp.nanos);
    assert_eq!(xonsh, data(&format!("{modified},{},{}", stamp.size, stamp.inode)));
    // The content's digest.
    let digest = "\"2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881\"";
    assert_eq!(every_term(&world, Kinds::Nu, "0.108.0", 123_456_789), data(digest));
    assert_eq!(
        every_term(&world, Kinds::Fish, "3.5.1", 123_456_789),
        "function __awsenv_ok; return 1; end\n"
    );
}

/// In `acme/sub`, which `acme/.awsenv` pins.
fn loaded(world: &World, kind: Kind) -> Shell<'_> {
    world.write("acme/sub/x", "");
    let mut shell = world.shell(kind);
    shell.cd("acme/sub");
    assert!(shell.guard(), "{kind:?}: nothing has changed: {}", shell.answer());
    shell
}

#[test]
fn a_changed_variable_makes_it_false() {
    for kind in Kind::ALL.into_iter().filter(|kind| installed(kind.name())) {
        let world = World::with_pin();
        let mut shell = loaded(&world, kind);
        let before = shell.env.clone();
        for (name, value) in [
            ("AWSENV_DISABLE", "1"),
            ("AWS_ACCESS_KEY_ID", "AKIAMINE"),
            ("AWS_ACCESS_KEY_ID", ""),
            ("AWS_PROFILE", "prod"),
            ("AWS_REGION", "us-east-1"),
            ("HOME", "/elsewhere"),
        ] {
            shell.env.set(name, value);
            assert!(!shell.guard(), "{kind:?}: {name}={value}");
            shell.env = before.clone();
        }
        shell.pwd = world.at("acme");
        assert!(!shell.guard(), "{kind:?}: another directory");
    }
}

#[test]
fn what_stands_between_values_is_in_none_of_them() {
    for kind in Kind::ALL.into_iter().filter(|kind| installed(kind.name())) {
        let world = World::with_pin().file("acme/a|b/x", "").file("acme/a/x", "").file("acme/|,;+=@/x", "");
        let mut shell = world.shell(kind);
        shell.cd("acme/a|b");
        assert!(shell.guard(), "{kind:?}: {}", shell.answer());
        shell.pwd = world.at("acme/a");
        shell.env.set("HOME", OsString::from_iter(["b|".as_ref(), world.home().as_os_str()]));
        assert!(!shell.guard(), "{kind:?}: the same text, other values: {}", shell.answer());
        shell.env.set("HOME", world.home());
        shell.cd("acme/|,;+=@");
        assert!(!shell.guard(), "{kind:?}: nothing is left to stand between: {}", shell.answer());
    }
}

#[test]
fn another_home_has_other_keys() {
    for kind in Kind::ALL.into_iter().filter(|kind| installed(kind.name())) {
        let world = World::with_pin().file("other/.aws/config", &CONFIG.replace("AKIADEV", "AKIAOTHER"));
        let mut shell = loaded(&world, kind);
        assert_eq!(shell.get("AWS_ACCESS_KEY_ID"), Some("AKIADEV"));
        shell.env.set("HOME", world.at("other"));
        assert!(!shell.guard(), "{kind:?}");
        shell.prompt();
        assert_eq!(shell.get("AWS_ACCESS_KEY_ID"), Some("AKIAOTHER"), "{kind:?}");
        assert!(shell.guard(), "{kind:?}");
    }
}

#[test]
fn a_changed_file_makes_it_false() {
    for kind in Kind::ALL.into_iter().filter(|kind| installed(kind.name())) {
        type Change = (&'static str, fn(&World));
        let changes: [Change; 9] = [
            ("an edit", |world| drop(fs::write(world.at("acme/.awsenv"), "profile = \"prod\"\n"))),
            ("an older file", |world| date(&world.at("acme/.awsenv"), SystemTime::UNIX_EPOCH)),
            ("a deletion", |world| fs::remove_file(world.at("acme/.awsenv")).unwrap()),
            ("a file in between", |world| drop(world.write("acme/sub/.awsenv", ""))),
            ("an edit of the AWS config", |world| drop(fs::write(world.at(".aws/config"), ""))),
            ("an older AWS config", |world| date(&world.at(".aws/config"), SystemTime::UNIX_EPOCH)),
            ("no AWS config", |world| fs::remove_file(world.at(".aws/config")).unwrap()),
            ("a credentials file", |world| drop(world.write(".aws/credentials", ""))),
            ("a word of the user's", |world| drop(world.run(["deny"]).at("acme").any_stderr().success())),
        ];
        for (what, change) in changes {
            let world = World::with_pin();
            let shell = loaded(&world, kind);
            change(&world);
            assert!(!shell.guard(), "{kind:?}: {what}");
        }
    }
}

/// A hundred tests would take a shell a hundred times as long as one: the nearest are looked at, the others soon.
#[test]
fn in_a_deep_tree_the_nearest_are_looked_at_and_the_others_again() {
    for kind in Kind::ALL.into_iter().filter(|kind| installed(kind.name())) {
        for start in ["acme", "link"] {
            let world = World::with_pin();
            symlink(world.at("acme"), world.at("link")).unwrap();
            let above = |levels: usize| format!("{start}{}", "/d".repeat(60 - levels));
            fs::create_dir_all(world.at(&above(0))).unwrap();
            let mut shell = world.shell(kind);
            shell.cd(&above(0));
            assert_eq!(shell.get("AWS_ACCESS_KEY_ID"), Some("AKIADEV"), "{kind:?}: {}", shell.answer());
            assert!(shell.guard(), "{kind:?}: {}", shell.answer());
            // Behind a link `..` is another directory than its name says.
            let is_short = shell.answer().contains(" '../../.awsenv'");
            assert_eq!(is_short, start == "acme", "{kind:?}: {}", shell.answer());
            for levels in 0..24 {
                let file = world.write(&format!("{}/.awsenv", above(levels)), "");
                assert!(!shell.guard(), "{kind:?}: a file {levels} above");
                fs::remove_file(file).unwrap();
                // Or it would be false because it is time to look again.
                if levels % 6 == 5 {
                    shell.prompt();
                }
            }
            let now = awsenv::clock::now().as_second();
            shell.prompt();
            world.write(&format!("{}/.awsenv", above(24)), "");
            assert!(shell.guard(), "{kind:?}: where no prompt looks");
            let ends = |second| {
                let words = [format!(" < {second} "), format!("/at.{second}' -nt ")];
                words.iter().any(|words| shell.answer().contains(words))
            };
            assert!((now..now + 30).any(ends), "{kind:?}: soon: {}", shell.answer());
            shell.prompt();
            assert!(shell.notice.contains(".awsenv is not allowed"), "{kind:?}: {}", shell.notice);
        }
    }
}

#[test]
fn where_nothing_counts_the_guard_is_true_too_until_something_does() {
    for kind in Kind::ALL.into_iter().filter(|kind| installed(kind.name())) {
        let world = World::with_profiles().file("acme/sub/x", "");
        let mut shell = world.shell(kind);
        shell.cd("acme/sub");
        assert!(shell.guard());
        shell.env.set("HOME", "/elsewhere");
        assert!(!shell.guard(), "{kind:?}: what another home has allowed");
        shell.env.set("HOME", world.home());
        world.write("acme/.awsenv", "profile = \"dev\"\n");
        assert!(!shell.guard(), "{kind:?}: a new file above");
        shell.prompt();
        assert_eq!(
            shell.notice,
            "awsenv: ~/acme/.awsenv is not allowed; look at it, then run `awsenv allow`\n"
        );
        assert!(shell.guard(), "{kind:?}: a file that is not allowed does not make the prompt ask for ever");
        world.allow("acme");
        assert!(!shell.guard(), "{kind:?}: allowed");
    }
}

#[test]
fn a_refusal_has_a_guard_too() {
    for kind in Kind::ALL.into_iter().filter(|kind| installed(kind.name())) {
        let world = World::with_pin();
        world.write("acme/.awsenv", "profile = \"prod\"\n");
        let mut shell = world.shell(kind);
        shell.cd("acme");
        assert!(shell.guard(), "{kind:?}");
        world.allow("acme");
        assert!(!shell.guard(), "{kind:?}");
    }
}

#[test]
fn keys_of_the_environment_are_looked_at_when_they_end() {
    let world = World::new()
        .config("[profile mine]\ncredential_source = Environment\n")
        .file("acme/.awsenv", "profile = \"mine\"\n")
        .allowed("acme");
    let mut shell = world.shell(Kind::Bash);
    shell.env.set("AWS_ACCESS_KEY_ID", "AKIAMINE");
    shell.env.set("AWS_SECRET_ACCESS_KEY", "mine");
    for (end, seconds) in [(None, None), (Some("2099-01-01T00:00:00Z"), Some(4_070_908_800))] {
        end.into_iter().for_each(|end| shell.env.set("AWS_CREDENTIAL_EXPIRATION", end));
        shell.cd("acme");
        assert_eq!((shell.get("AWS_ACCESS_KEY_ID"), shell.looks_again()), (Some("AKIAMINE"), seconds));
        shell.cd("");
    }
}

#[test]
fn an_edit_of_this_very_moment_is_looked_at_once_more() {
    let world = World::with_pin();
    fs::write(world.at("acme/.awsenv"), "profile = \"dev\"\n").unwrap();
    let soon = fs::metadata(world.at("acme/.awsenv")).unwrap().modified().unwrap() + Duration::from_secs(60);
    date(&world.at("acme/.awsenv"), soon);
    let mut shell = world.shell(Kind::Bash);
    shell.cd("acme");
    assert!(shell.guard(), "a date in the future is not this moment");
    // Whole seconds: the second that is not over yet may bring another edit with the same date.
    loop {
        let now = awsenv::clock::now().as_second();
        date(&world.at("acme/.awsenv"), SystemTime::UNIX_EPOCH + Duration::from_secs(now.unsigned_abs()));
        shell.prompt();
        if awsenv::clock::now().as_second() <= now + 1 {
            break;
        }
    }
    assert_eq!(shell.answer().lines().nth_back(1), Some("__awsenv_ok() { \\builtin return 1; }"));
}

/// Two edits in one tick of the file system's clock, of the same length: nothing tells the second from the first.
#[test]
fn nothing_is_remembered_of_what_a_second_edit_could_leave_as_it_is() {
    let sandbox = cloud::sandbox();
    let world = cloud::pinned(&sandbox, "profile = \"one\"\n");
    let config = world.at(".aws/config");
    let edit = |region: &str, at: i64| {
        let text = cloud::CONFIG
            .replace("[profile one]\nregion = eu-west-1", &format!("[profile one]\nregion = {region}"));
        fs::write(&config, text).unwrap();
        date(&config, SystemTime::UNIX_EPOCH + Duration::from_secs(at.unsigned_abs()));
    };
    let now = || awsenv::clock::now().as_second();
    let mut shell = world.shell(Kind::Bash);
    let is_seen = (0..100).any(|_| {
        // Of a file system that keeps seconds alone.
        let tick = now() + 1;
        edit("eu-west-2", tick);
        shell.cd("acme");
        assert_eq!(shell.get("AWS_REGION"), Some("eu-west-2"), "{}", shell.notice);
        let is_in_time = now() < tick + 2;
        edit("eu-west-3", tick);
        shell.prompt();
        if is_in_time {
            assert_eq!(shell.get("AWS_REGION"), Some("eu-west-3"), "{}", shell.answer());
        }
        is_in_time
    });
    assert!(is_seen, "no prompt was quick enough");
}
