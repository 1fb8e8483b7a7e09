//! doctor: each check finds its fault, names the fix, and is quiet where all is well.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use awsenv::commands::doctor::ASKED_BY;
use awsenv::files;
use awsenv::prompt::memory::{Memory, STATE};
use awsenv_sandbox::{Sandbox, Scenario};

use crate::cloud;
use crate::desktop::{Desktop, login};
use crate::run::{PROGRAM, Run};
use crate::shell::Kind;
use crate::world::{World, installed};

/// Whether nothing is broken, and what is told of one check, without the sum.
#[track_caller]
fn told(run: Run<'_>) -> String {
    let output = run.any_stdout().success();
    assert!(output.stdout.contains("nothing is broken"), "{}", output.stdout);
    without_sum(&output.stdout)
}

/// The same where something is broken.
#[track_caller]
fn broken(run: Run<'_>) -> String {
    let output = run.any_stdout().exits(1);
    assert!(output.stdout.contains(" broken"), "{}", output.stdout);
    without_sum(&output.stdout)
}

fn without_sum(text: &str) -> String {
    text.lines().rev().skip(1).collect::<Vec<_>>().into_iter().rev().map(|line| format!("{line}\n")).collect()
}

#[test]
fn a_home_where_all_is_well_has_nothing_broken() {
    let world = World::new().with_aws();
    let output = world.run(["doctor"]).any_stdout().success();
    assert!(output.stdout.contains("✓ network     STS in us-east-1 is reached"), "{}", output.stdout);
    assert!(output.stdout.ends_with("nothing is broken; 2 warnings\n"), "{}", output.stdout);
    let ascii = world.run(["doctor", "--offline"]).env("LC_ALL", "C").any_stdout().success().stdout;
    assert!(ascii.is_ascii() && ascii.contains("\n- network     not asked: --offline\n"), "{ascii}");
}

#[test]
fn what_is_told_to_scripts_is_the_same() {
    let world = World::new().settings("wait = 1\n");
    let json = world.run(["doctor", "--json", "settings", "store"]).any_stdout().exits(1).json();
    assert_eq!(json["healthy"], false);
    assert_eq!(json["findings"][0]["result"], "broken");
    assert_eq!(json["findings"][1]["check"], "store");
}

#[test]
fn a_mistake_in_the_settings_is_told_with_its_line() {
    let world = World::new();
    assert!(told(world.run(["doctor", "settings"])).starts_with("✓ settings"));
    let world = world.settings("wiat = \"1s\"\n");
    assert_eq!(
        broken(world.run(["doctor", "settings"])),
        "✗ settings    $HOME/.config/awsenv/config.toml:1: wiat: unknown key
              fix: did you mean `wait`?\n"
    );
}

#[test]
fn the_awsenv_that_counts_here_is_followed() {
    let world = World::with_pin();
    let here = || world.run(["doctor", "directory"]).at("acme");
    assert_eq!(told(world.run(["doctor", "directory"])), "✓ directory   no .awsenv counts here\n");
    assert_eq!(told(here()), "✓ directory   ~/acme/.awsenv counts: dev\n");
    world.write("acme/.awsenv", "profile = \"dve\"\n");
    let text = broken(here());
    assert!(text.contains("has changed since it was allowed"), "{text}");
    world.allow("acme");
    let text = broken(here());
    assert!(text.contains("there is no profile dve") && text.contains("fix: did you mean dev?"), "{text}");
    world.write("new/.awsenv", "profile = \"dev\"\n");
    let text = told(world.run(["doctor", "directory"]).at("new"));
    assert_eq!(
        text,
        "! directory   ~/new/.awsenv is not allowed\n              fix: look at it, then run `awsenv allow`\n"
    );
}

#[test]
fn mistakes_in_the_aws_files_are_told_with_file_and_line() {
    let good = "[profile a]\nsso_session = corp\nsso_account_id = 111122223333\nsso_role_name = Dev\n\
                [sso-session corp]\nsso_region = us-east-1\nsso_start_url = https://corp.awsapps.com/start\n[default]\nregion = x\n";
    assert!(
        told(World::new().config(good).run(["doctor", "config"])).starts_with("✓ config      2 profiles in")
    );
    for (config, seen, fix) in [
        (
            "[profile a]\nsso_session = crop\nsso_account_id = 111122223333\nsso_role_name = D\n[sso-session corp]\nsso_region = us-east-1\nsso_start_url = https://x\n",
            "~/.aws/config:2: sso_session: there is no [sso-session crop]",
            "did you mean corp?",
        ),
        (
            "[profile a]\nrole_arn = arn:aws:iam::111122223333:role/R\nsource_profile = nobody\n",
            "~/.aws/config:3: source_profile of a: there is no profile nobody",
            "mend that line",
        ),
        (
            "[profile a]\nsource_profile = b\nrole_arn = arn:aws:iam::111122223333:role/R\n[profile b]\nsource_profile = a\nrole_arn = arn:aws:iam::111122223333:role/R\n",
            "leads in a circle",
            "mend that line",
        ),
        (
            "[profile a]\nrole_arn = arn:aws:iam::111122223333:role/R\nsource_profile = k\nduration_seconds = 1h\n[profile k]\naws_access_key_id = AKIA\naws_secret_access_key = planted\n",
            "~/.aws/config:4: duration_seconds: expected whole seconds, like 3600",
            "mend that line",
        ),
        ("[profile a]\nregion\n", "~/.aws/config:2", "mend that line"),
        ("[dev]\nregion = x\n", "~/.aws/config:1: [dev] names no profile here", "write [profile dev]"),
        (
            "[profile a]\nregion = x\n[profile a]\noutput = json\n",
            "~/.aws/config:3: [profile a] again; it is on line 1, too: the AWS CLI and boto3 refuse the whole file",
            "put what is below both under one header",
        ),
    ] {
        let text = broken(World::new().config(config).run(["doctor", "config"]));
        assert!(text.contains(seen) && text.contains(&format!("fix: {fix}\n")), "{seen}:\n{text}");
        assert!(!text.contains("planted"), "{text}");
    }
    for (config, seen) in [
        ("[profile a]\nregoin = x\n", "~/.aws/config:2: regoin: AWS clients know no such key"),
        (
            "[default]\naws_access_key_id = AKIA\naws_secret_access_key = planted\n",
            "long-lived keys in plain text",
        ),
    ] {
        let text = told(World::new().config(config).run(["doctor", "config"]));
        assert!(text.starts_with("! config") && text.contains(seen) && !text.contains("planted"), "{text}");
    }
    let keys = "[default]\naws_access_key_id = AKIA\naws_secret_access_key = planted\n";
    let text = told(World::new().file(".aws/credentials", keys).run(["doctor", "config"]));
    assert!(
        text.contains("~/.aws/credentials:3: ") && text.contains("`awsenv key import default`"),
        "{text}"
    );
    // What that machine gives is not here.
    let text = told(
        World::new()
            .config(
                "[profile a]\nrole_arn = arn:aws:iam::111122223333:role/R\ncredential_source = Environment\n",
            )
            .run(["doctor", "config"]),
    );
    assert!(text.starts_with("· config"), "{text}");
    let many: String = (0..30).map(|at| format!("[x{at}]\n")).collect();
    let text = broken(World::new().config(&many).run(["doctor", "config"]));
    assert!(text.lines().count() < 30 && text.ends_with("· config      and 18 more\n"), "{text}");
}

#[test]
fn what_is_set_outside_is_told_with_the_line_that_sets_it() {
    let world = World::new();
    assert!(told(world.run(["doctor", "variables"])).starts_with("✓ variables"));
    let world = world.file(".bashrc", "# mine\nexport AWS_PROFILE=dev\n");
    let run =
        world.run(["doctor", "variables"]).env("AWS_PROFILE", "dev").env("AWS_SECRET_ACCESS_KEY", "planted");
    assert_eq!(
        told(run),
        "! variables   AWS_PROFILE=dev is set outside (~/.bashrc:2): it counts wherever no .awsenv does
              fix: unset AWS_PROFILE, and let a .awsenv say it
! variables   AWS_SECRET_ACCESS_KEY is set outside: it counts wherever no .awsenv does
              fix: unset AWS_SECRET_ACCESS_KEY, and let a .awsenv say it\n"
    );
    let text = broken(world.run(["doctor", "variables"]).env("AWS_CONFIG_FILE", "/nowhere"));
    assert!(text.contains("AWS_CONFIG_FILE leads to /nowhere, which is not there"), "{text}");
    assert!(
        told(world.run(["doctor", "variables"]).env("AWSENV_DISABLE", "1"))
            .contains("fix: unset AWSENV_DISABLE")
    );
    // What awsenv itself has set is none of it.
    let world = World::with_pin();
    let mut shell = world.shell(Kind::Bash);
    shell.cd("acme");
    let run = || world.run(["doctor", "variables"]).at("acme");
    assert!(told(run().environment(&shell.env)).starts_with("✓ variables"));
    shell.env.set("AWS_ACCESS_KEY_ID", "AKIAMINE");
    shell.prompt();
    assert!(told(run().environment(&shell.env)).contains("awsenv stands back"));
}

#[test]
fn what_a_profile_takes_from_outside_is_no_mistake() {
    let world = World::new().config(
        "[profile ci]\nrole_arn = arn:aws:iam::111122223333:role/R\ncredential_source = Environment\n\
         [profile task]\nrole_arn = arn:aws:iam::111122223333:role/R\ncredential_source = EcsContainer\n",
    );
    let run = || world.run(["doctor", "variables"]);
    let run = || run().env("AWS_ACCESS_KEY_ID", "AKIAX").env("AWS_SECRET_ACCESS_KEY", "planted");
    let text = told(run().env("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:1/x"));
    for (name, profile) in [
        ("AWS_ACCESS_KEY_ID", "ci"),
        ("AWS_SECRET_ACCESS_KEY", "ci"),
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "task"),
    ] {
        let line = format!("· variables   {name} is set outside: profile {profile} takes it from there\n");
        assert!(text.contains(&line), "{text}");
    }
    assert!(!text.contains("unset") && !text.contains("planted"), "{text}");
    assert!(told(run().env("AWS_PROFILE", "ci")).contains("fix: unset AWS_PROFILE"), "nobody takes that");
}

#[test]
fn a_shell_of_exec_is_awsenvs_own() {
    let world = World::with_pin().settings("label = \"aws-vault\"\n");
    let run = world.run(["exec", "--", PROGRAM, "doctor", "variables", "peers"]).at("acme");
    assert_eq!(
        told(run),
        "· variables   this is what `awsenv exec` started (dev): its credentials are in it until it ends\n\
         ✓ peers       no other tool sets the same variables here\n"
    );
    let run = world.run(["doctor", "peers"]).env("AWSENV_PROFILE", "dev").env("AWS_VAULT", "dev");
    assert!(told(run).contains("a shell of aws-vault"), "without AWSENV_DISABLE it is not exec's");
}

#[test]
fn other_tools_are_named_where_they_set_the_same() {
    let world = World::new().file("acme/.envrc", "export FOO=1\nexport AWS_PROFILE=dev\n");
    let run = || world.run(["doctor", "peers"]).at("acme");
    assert!(told(run()).starts_with("✓ peers"), "direnv is not here");
    let loaded = |dir: &str| run().env("DIRENV_DIR", format!("-{}", world.at(dir).display()));
    assert_eq!(
        told(loaded("acme")),
        "! peers       ~/acme/.envrc:2 sets AWS_PROFILE by direnv, as awsenv does
              fix: take that line out, and let a .awsenv say it\n"
    );
    // The one above is not loaded here, unless this one asks for it.
    world.write(".envrc", "export AWS_REGION=eu-west-1\n");
    world.write("acme/.envrc", "export AWS_PAGER=less\n");
    assert!(told(loaded("acme")).starts_with("✓ peers"));
    world.write("acme/.envrc", "source_up\nuse awsenv\n");
    let above = "! peers       ~/.envrc:1 sets AWS_REGION by direnv";
    assert!(told(loaded("acme")).starts_with(above));
    let run_in_a_hooked_shell = loaded("acme").env(ASKED_BY, "shell bash 5.2\n");
    assert!(
        told(run_in_a_hooked_shell)
            .contains("~/acme/.envrc:2 has `use awsenv`, and this shell has awsenv's hook")
    );
    // It is the one that direnv names, and none above one that cannot be read.
    assert!(told(loaded("")).starts_with(above));
    world.write("acme/sub/.envrc", "export AWS_PROFILE=other\n");
    let in_sub = world.run(["doctor", "peers"]).at("acme/sub");
    let text = told(in_sub.env("DIRENV_DIR", format!("-{}", world.at("acme").display())));
    assert!(text.starts_with(above) && !text.contains("sub/.envrc"), "{text}");
    world.write("acme/.envrc", &"#\n".repeat(1 << 20));
    assert!(told(loaded("acme")).starts_with("✓ peers"));
    assert!(told(run().env("AWS_VAULT", "dev")).contains("a shell of aws-vault (AWS_VAULT=dev)"));
    assert!(told(run().env("GRANTED_ALIAS_CONFIGURED", "true")).starts_with("· peers"));
    world.write("acme/mise.toml", "[env]\nAWS_PROFILE = \"dev\"\n");
    assert!(told(run().env("MISE_SHELL", "bash")).contains("~/acme/mise.toml:2 sets AWS_PROFILE by mise"));
}

#[test]
fn another_copy_that_comes_first_is_named() {
    let world = World::new();
    let dir = Path::new(PROGRAM).parent().unwrap().display().to_string();
    assert!(told(world.run(["doctor", "programs"]).env("PATH", &dir)).starts_with("✓ programs    awsenv "));
    let other = world.program("bin/awsenv", "#!/bin/sh\n").parent().unwrap().display().to_string();
    let text = told(world.run(["doctor", "programs"]).env("PATH", format!("{other}:{dir}")));
    assert!(text.contains("! programs    $HOME/bin/awsenv comes first in the PATH"), "{text}");
}

#[test]
fn the_agent_that_runs_is_told() {
    let world = World::with_profiles()
        .with_aws()
        .file("acme/.awsenv", "profile = \"dev\"\ndeliver = \"endpoint\"\n")
        .allowed("acme");
    assert!(told(world.run(["doctor", "agent"])).starts_with("✓ agent       none runs"));
    let mut shell = world.shell(Kind::Bash);
    shell.pid = std::process::id();
    shell.cd("acme");
    let text = told(world.run(["doctor", "agent"]));
    world.run(["agent", "stop"]).any_stderr().success();
    assert!(text.contains(" runs, of this version"), "{text}");
}

#[test]
fn what_others_may_read_and_write_is_named() {
    let world = World::new().config("[profile a]\n");
    assert!(told(world.run(["doctor", "permissions"])).starts_with("✓ permissions"));
    let world = world.file(".aws/credentials", "").file(".aws/sso/cache/x.json", "{}");
    let text = told(world.run(["doctor", "permissions"]));
    assert!(text.contains("others may read ~/.aws/credentials (mode 644)"), "{text}");
    assert!(text.contains("fix: chmod go= ~/.aws/sso/cache/x.json"), "{text}");
    fs::set_permissions(world.at(".aws"), fs::Permissions::from_mode(0o777)).unwrap();
    let text = broken(world.run(["doctor", "permissions"]));
    assert!(text.contains("everybody may write ~/.aws\n              fix: chmod o-w ~/.aws\n"), "{text}");
}

#[test]
fn a_directory_that_cannot_be_written_is_named() {
    let world = World::new();
    assert!(told(world.run(["doctor", "disk"])).starts_with("✓ disk"));
    assert!(!world.at(".local/state/awsenv").exists(), "nothing was made");
    world.write(".local/state/awsenv", "in the way");
    let text = broken(world.run(["doctor", "disk"]));
    assert!(text.contains("~/.local/state/awsenv cannot be written"), "{text}");
}

#[test]
fn where_the_key_is_that_seals_sessions_is_told() {
    let world = World::new();
    let text = told(world.run(["doctor", "store"]));
    assert!(text.starts_with("✓ store       sessions are sealed with a key in"), "{text}");
}

#[test]
fn the_keychain_is_named_and_so_is_one_that_is_locked() {
    let world = World::new();
    let text = told(world.run(["doctor", "keychain"]));
    assert!(text.contains("the encrypted file ~/.local/share/awsenv/keys/sealed"), "{text}");
    assert!(
        broken(world.run(["doctor", "keychain"]).env("AWSENV_KEYCHAIN", "os"))
            .contains("AWSENV_KEYCHAIN=file")
    );
    if !installed("dbus-daemon") || !installed("gnome-keyring-daemon") {
        return;
    }
    let desktop = Desktop::start(&world);
    let run = || world.run(["doctor", "keychain"]).env("DBUS_SESSION_BUS_ADDRESS", &desktop.address);
    assert_eq!(told(run()), "✓ keychain    keys rest in the Secret Service\n");
    desktop.lock(&login());
    assert!(told(run()).contains("! keychain    the Secret Service is locked"));
}

#[test]
fn what_is_in_the_way_of_aws_is_told_apart() {
    let world = World::new();
    let run = |url: &str| {
        let run = world.run(["doctor", "network"]).env("AWS_ENDPOINT_URL_STS", url);
        run.without("NO_PROXY").without("AWS_CA_BUNDLE")
    };
    let sandbox = Sandbox::start(Scenario::default());
    let text = told(run(sandbox.url()));
    assert_eq!(
        text,
        "✓ network     STS in us-east-1 is reached\n✓ network     this machine's clock is AWS's\n"
    );
    assert!(broken(run("http://127.0.0.1:1")).contains("no connection: Connection refused"));
    assert!(broken(run("https://no-such-host.invalid")).contains("DNS knows no such host"));
    let proxy = refusing_proxy("HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n");
    let text = broken(run("https://sts.example.com").env("HTTPS_PROXY", format!("http://{proxy}")));
    assert!(
        text.contains("by the proxy of HTTPS_PROXY: the proxy wants to know who you are (407)"),
        "{text}"
    );
    assert!(text.contains("fix: HTTPS_PROXY=http://USER:PASSWORD@HOST:PORT"), "{text}");
    let proxy = refusing_proxy("HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n");
    let text = broken(run("https://sts.example.com").env("https_proxy", format!("http://{proxy}")));
    assert!(
        text.contains("the proxy refuses: unsuccessful") && text.contains("fix: look at https_proxy"),
        "{text}"
    );
    let plain = refusing_proxy("HTTP/1.1 200 OK\r\n\r\n");
    let text = broken(run(&format!("https://{plain}")));
    assert!(text.contains("TLS: ") && text.contains("set AWS_CA_BUNDLE"), "{text}");
    sandbox.clock().set_offset(3600);
    assert!(broken(run(sandbox.url())).contains("AWS refuses what is signed so"));
}

#[test]
fn certificates_that_never_come_hold_nobody_up() {
    let sandbox = cloud::sandbox();
    let world = cloud::world(&sandbox).env("AWS_ENDPOINT_URL_STS", "https://127.0.0.1:1");
    let fifo = world.at("fifo");
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    for name in ["AWS_CA_BUNDLE", "SSL_CERT_FILE"] {
        let run = |words: &[&str]| {
            let run = Run::new(&world, words).without("AWS_CA_BUNDLE").env(name, &fifo);
            run.any_stdout().any_stderr()
        };
        let why = format!("{name}: cannot read $HOME/fifo: not a regular file");
        let text = run(&["doctor", "network"]).exits(1).stdout;
        assert!(text.contains(&why) && text.contains(&format!("fix: {name} must name")), "{text}");
        let told = run(&["exec", "one", "--", "true"]).exits(125).stderr;
        assert!(told.contains(&why), "{told}");
    }
}

#[test]
fn a_password_in_an_endpoint_is_not_shown() {
    let world = World::new();
    for words in [&["doctor", "network"][..], &["doctor", "network", "--json"]] {
        let run = Run::new(&world, words).env("AWS_ENDPOINT_URL_STS", "https://u:p@planted@127.0.0.1:1/x");
        let text = run.any_stdout().exits(1).stdout;
        assert!(text.contains("(127.0.0.1:1)") && !text.contains("planted"), "{text}");
    }
}

/// Answers whatever comes with this.
fn refusing_proxy(answer: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    address
}

#[test]
fn each_service_that_profiles_need_is_asked_once() {
    let sandbox = cloud::sandbox();
    let world = cloud::world(&sandbox).config(
        "[sso-session corp]\nsso_region = eu-west-1\nsso_start_url = https://corp.awsapps.com/start\n\
         [profile a]\nsso_session = corp\nsso_account_id = 111122223333\nsso_role_name = Dev\n\
         [profile b]\nsso_session = corp\nsso_account_id = 111122223333\nsso_role_name = Ops\n",
    );
    let run = world.run(["doctor", "network"]);
    let run = run
        .env("AWS_ENDPOINT_URL_SSO", sandbox.url())
        .env("AWS_ENDPOINT_URL_SSO_OIDC", format!("{}/", sandbox.url()));
    let text = told(run);
    assert!(
        text.contains("the access portal in eu-west-1 is reached") && text.lines().count() <= 3,
        "{text}"
    );
}

/// What a real shell with the hook is told.
fn asked_in(kind: Kind, world: &World, before: &str, after: &str) -> (String, i32) {
    let load = match kind {
        Kind::Fish => format!("{PROGRAM} hook fish | source"),
        _ => format!("eval \"$({PROGRAM} hook {})\"", kind.name()),
    };
    let mut command = world.command(kind.name());
    command
        .args(kind.plain())
        .arg("-c")
        .arg(format!("{before}\n{load}\n{after}\nawsenv doctor hook rc_files"));
    let output = command.output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{kind:?}");
    (world.shown(&String::from_utf8_lossy(&output.stdout)), output.status.code().unwrap())
}

#[test]
fn each_shell_says_how_its_hook_stands() {
    let world = World::new();
    for kind in Kind::ALL {
        let (text, code) = asked_in(kind, &world, "", "");
        assert!(text.starts_with(&format!("✓ hook        loaded in {} ", kind.name())), "{text}");
        assert!(text.contains("✓ hook        it runs before the prompt is drawn\n") && code == 0, "{text}");
        let older = if kind == Kind::Fish { "set -g __awsenv_text 0" } else { "__awsenv_text=0" };
        let (text, code) = asked_in(kind, &world, "", older);
        assert!(text.contains("is not the one that this program prints now") && code == 0, "{text}");
    }
    let (bash, zsh) = ("PROMPT_COMMAND=mine", "precmd_functions=(mine)");
    for (kind, replaces, list) in [(Kind::Bash, bash, "PROMPT_COMMAND"), (Kind::Zsh, zsh, "precmd_functions")]
    {
        let (text, code) = asked_in(kind, &world, "", &format!("unset {list}; {replaces}"));
        assert!(text.contains(&format!("it is not in {list}")) && code == 1, "{text}");
    }
    let (text, _) = asked_in(Kind::Zsh, &world, "", "precmd_functions=(starship_precmd $precmd_functions)");
    assert!(text.contains("! hook        starship draws the prompt before it"), "{text}");
    let (text, code) = asked_in(Kind::Fish, &world, "", "functions -e __awsenv_hook");
    assert!(text.contains("nothing calls it before a prompt") && code == 1, "{text}");
}

#[test]
fn without_the_hook_it_is_said_what_to_add() {
    let world = World::new();
    let run = || world.run(["doctor", "hook", "rc_files"]).env("SHELL", "/bin/zsh");
    let text = told(run());
    assert_eq!(
        text.matches("fix: add at the end of ~/.zshrc: eval \"$(awsenv hook zsh)\"").count(),
        2,
        "{text}"
    );
    // A hook that has run in the very shell that asks, and says nothing of itself.
    let mut memory = Memory::of_shell(std::process::id(), files::uid());
    memory.traces.clear();
    let text = told(run().env(STATE, memory.write()));
    assert!(text.contains("fix: restart this shell"), "{text}");
    world.write(".zshrc", "eval \"$(awsenv hook zsh)\"\nprecmd_functions+=(mine)\n");
    assert!(told(run()).contains("✓ rc_files    ~/.zshrc:1 loads the hook"));
    world.write(".zshrc", "eval \"$(awsenv hook zsh)\"\nprecmd_functions=(mine)\n");
    let text = broken(run());
    assert!(
        text.contains("✗ rc_files    ~/.zshrc:2 replaces precmd_functions, after the hook's line"),
        "{text}"
    );
    // It may be in a branch that is not taken.
    world.write(".zshrc", "eval \"$(awsenv hook zsh)\"\nif false; then\n  precmd_functions=(mine)\nfi\n");
    assert!(told(run()).contains("! rc_files    ~/.zshrc:3 replaces precmd_functions"));
    // A shell that says what is in its list knows better.
    let reports = |list: &str| run().env(ASKED_BY, format!("shell zsh 5.9\nhook 0\nprompt {list}"));
    let text = told(reports("__awsenv_hook"));
    assert!(
        text.ends_with(
            "✓ rc_files    ~/.zshrc:1 loads the hook\n· rc_files    ~/.zshrc:3 replaces precmd_functions, \
             after the hook's line: not in this shell, but maybe in the next one\n"
        ),
        "{text}"
    );
    let text = broken(reports("mine"));
    assert!(text.contains("! rc_files    ~/.zshrc:3 replaces precmd_functions"), "{text}");
}

#[test]
fn the_line_of_each_shell_is_found_in_its_file() {
    let world = World::new();
    for (name, file) in [
        ("bash", ".bashrc"),
        ("zsh", ".zshrc"),
        ("fish", ".config/fish/config.fish"),
        ("xonsh", ".xonshrc"),
        ("nu", ".local/share/nushell/vendor/autoload/awsenv.nu"),
        ("elvish", ".config/elvish/rc.elv"),
        ("tcsh", ".tcshrc"),
        ("pwsh", ".config/powershell/Microsoft.PowerShell_profile.ps1"),
    ] {
        let run = || world.run(["doctor", "hook", "rc_files"]).env("SHELL", format!("/bin/{name}"));
        let text = told(run());
        assert!(text.starts_with("! hook        no hook has called this"), "{text}");
        assert!(text.contains("! rc_files    no file that "), "{text}");
        let hook = world.run(["hook", name]).any_stdout().success().stdout;
        let (_, line) = text.rsplit_once("fix: ").unwrap();
        world.write(file, if name == "nu" { &hook } else { line });
        assert!(told(run()).ends_with(&format!("✓ rc_files    ~/{file}:1 loads the hook\n")), "{name}");
        // What counts is the shell that asks, not the one of the login.
        if ["elvish", "tcsh"].contains(&name) && installed(name) {
            let asking = format!("{PROGRAM} doctor hook; {PROGRAM} --version");
            let output =
                world.command(name).env("SHELL", "/bin/bash").args(["-c", &asking]).output().unwrap();
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            assert!(
                cfg!(not(target_os = "linux")) || text.contains(&format!("awsenv hook {name}")),
                "{text}"
            );
        }
    }
}

#[test]
fn what_a_shell_reports_is_in_no_argument() {
    let world = World::new();
    let bin = world.program("bin/awsenv", "#!/bin/sh\necho \"$*\"\n");
    let text = format!(
        "eval \"$({PROGRAM} hook bash)\"; PROMPT_COMMAND+=('secret=planted'); __awsenv_bin={}; awsenv doctor --json; echo \"${{AWSENV_SHELL_REPORT-none}}\"",
        bin.display()
    );
    let output = Command::new("bash")
        .args(["--norc", "-c", &text])
        .env_clear()
        .envs(world.variables().iter())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.starts_with("doctor --json\n") && text.ends_with("none\n"), "{text}");
}
