//! explain: how credentials would be got, without network.

use crate::cloud;
use crate::terminal::Terminal;
use crate::world::{CONFIG, World};

/// A role behind a role behind keys with MFA, with everything that may go into a call.
pub(crate) const CHAIN: &str = "\
[profile base]
region = eu-west-1
aws_access_key_id = AKIABASE
aws_secret_access_key = base/secret

[profile ops]
role_arn = arn:aws:iam::111122223333:role/Ops
source_profile = base
mfa_serial = arn:aws:iam::111122223333:mfa/me

[profile deploy]
region = us-east-1
role_arn = arn:aws:iam::444455556666:role/Deploy
source_profile = ops
external_id = acme
role_session_name = me
duration_seconds = 1800
";

#[test]
fn a_chain_is_drawn_step_by_step_with_the_lines_that_decided() {
    World::new()
        .config(CHAIN)
        .run(["explain", "deploy"])
        .stdout(
            "deploy
  account 444455556666
  region  us-east-1
  1. StaticKeys profile base ($HOME/.aws/config:3)
  2. GetSessionToken profile ops 8h00m MFA arn:aws:iam::111122223333:mfa/me ($HOME/.aws/config:9)
  3. AssumeRole arn:aws:iam::111122223333:role/Ops profile ops ($HOME/.aws/config:7)
  4. AssumeRole arn:aws:iam::444455556666:role/Deploy profile deploy 30m external id acme ($HOME/.aws/config:13)
",
        )
        .success();
}

#[test]
fn without_a_profile_it_is_the_directorys_pin() {
    World::with_pin()
        .run(["explain"])
        .at("acme")
        .stdout("dev\n  account 111122223333\n  region  eu-west-1\n  1. StaticKeys profile dev ($HOME/.aws/config:3)\n")
        .success();
}

#[test]
fn the_files_own_roles_come_on_top() {
    let world = World::with_profiles()
        .file(
            "acme/.awsenv",
            "profile = \"dev\"\n[[role]]\narn = \"arn:aws:iam::444455556666:role/Deploy\"\nduration = \"30m\"\n",
        )
        .allowed("acme");
    let explained = world.run(["explain", "--json"]).at("acme").any_stdout().success().json();
    let calls: Vec<_> = explained["steps"].as_array().unwrap().iter().map(|step| &step["call"]).collect();
    assert_eq!(calls, ["StaticKeys", "AssumeRole"]);
    assert_eq!(explained["account"], "444455556666");
    assert_eq!(explained["steps"][1]["duration_seconds"], 1800);
}

#[test]
fn options_change_the_answer() {
    let world = World::new().config(CHAIN);
    let ask = |option: &str, value: &str| {
        world.run(["explain", "ops", "--json"]).arg(option).arg(value).any_stdout().success().json()
    };
    assert_eq!(ask("--region", "eu-north-1")["region"], "eu-north-1");
    let steps = world.run(["explain", "ops", "--no-session", "--json"]).any_stdout().success().json();
    let calls: Vec<_> = steps["steps"].as_array().unwrap().iter().map(|step| &step["call"]).collect();
    assert_eq!(calls, ["StaticKeys", "AssumeRole"]);
    assert_eq!(steps["steps"][1]["mfa_serial"], "arn:aws:iam::111122223333:mfa/me");
    let asked =
        world.run(["explain", "ops", "--no-session", "--duration", "2h", "--json"]).any_stdout().success();
    assert_eq!(asked.json()["steps"][1]["duration_seconds"], 7200);
}

#[test]
fn what_the_environment_would_put_in_front_is_named() {
    let world = World::with_pin().env("AWS_PROFILE", "prod").env("AWS_ACCESS_KEY_ID", "AKIAMINE");
    let explained = world.run(["explain", "--json"]).at("acme").any_stdout().success().json();
    assert_eq!(explained["shadowed_by"], serde_json::json!(["AWS_ACCESS_KEY_ID", "AWS_PROFILE"]));
    let drawn = world.run(["explain"]).at("acme").any_stdout().success().stdout;
    let line = "  set in your environment, put aside while this is loaded: AWS_ACCESS_KEY_ID, AWS_PROFILE\n";
    assert!(drawn.ends_with(line), "{drawn}");
}

#[test]
fn a_cycle_is_an_error_that_names_the_path() {
    let world = World::new().config(
        "[profile a]\nrole_arn = arn:aws:iam::111122223333:role/A\nsource_profile = b\n\
         [profile b]\nrole_arn = arn:aws:iam::111122223333:role/B\nsource_profile = a\n",
    );
    let output = world.run(["explain", "a"]).any_stderr().exits(1);
    assert!(output.stderr.contains("a → b → a"), "{}", output.stderr);
}

#[test]
fn a_secret_is_never_explained() {
    let world = World::new().config(
        "[profile p]\ncredential_process = /bin/vend --token planted\naws_account_id = 111122223333\n",
    );
    for output in [
        world.run(["explain", "p"]).any_stdout().success(),
        world.run(["explain", "p", "--json"]).any_stdout().success(),
    ] {
        assert!(!output.stdout.contains("planted"), "{}", output.stdout);
    }
}

#[test]
fn a_session_that_is_kept_is_shown_without_a_call() {
    let sandbox = cloud::sandbox();
    let world = cloud::world(&sandbox);
    let explain = || world.run(["explain", "two", "--json"]).any_stdout().success().json()["cached"].clone();
    let none = serde_json::json!({"session": null, "issued": null, "expiration": null});
    assert_eq!(explain(), none);
    let env = cloud::exec(&world, "two");
    let (key, until) =
        (env.text("AWS_ACCESS_KEY_ID").unwrap(), env.text("AWS_CREDENTIAL_EXPIRATION").unwrap());
    let kept = explain();
    assert_eq!([&kept["session"], &kept["expiration"]], [key, until]);
    assert!(kept["issued"].as_str().is_some_and(|issued| issued < until), "{kept}");
    let drawn = world.run(["explain", "two"]).any_stdout().success().stdout;
    assert!(drawn.contains(&format!("\n  kept    {key}, until {until}\n  1. ")), "{drawn}");
    cloud::age(&world, std::time::Duration::from_secs(3600));
    assert_eq!(explain(), none);
    assert_eq!(sandbox.calls().len(), 2);
}

/// What is refused without a call is explained all the same, with the reason.
#[test]
fn what_would_be_refused_says_so() {
    let role = "[profile two]\nrole_arn = arn:aws:iam::222222222222:role/Two\nsource_profile = dev\n";
    let mine = "[profile mine]\ncredential_source = Environment\n";
    let default = "[default]\naws_access_key_id = AKIADEFAULT\naws_secret_access_key = s\n";
    let world = World::with_profiles()
        .config(&format!("{default}{CONFIG}{role}{mine}"))
        .env("AWS_ACCESS_KEY_ID", "AKIAMINE")
        .env("AWS_SECRET_ACCESS_KEY", "mine")
        .env("AWS_CREDENTIAL_EXPIRATION", "2020-01-01T00:00:00Z")
        .file("acme/.awsenv", "");
    for (pin, reason, hint) in [
        (
            "profile = \"two\"\naccount = \"999999999999\"\n",
            "two is of account 222222222222, and the .awsenv asks for 999999999999",
            "mend `account` or the profile; no credentials until then",
        ),
        ("profile = \"mine\"\n", "mine: the keys have expired", "put fresh ones where these came from"),
        (
            "profile = \"dev\"\ndeliver = \"endpoint\"\n",
            "AWS clients would take the profile default before an endpoint: it has aws_access_key_id \
             ($HOME/.aws/config:2)",
            "give that profile another name, or say deliver = \"profile\"",
        ),
    ] {
        world.write("acme/.awsenv", pin);
        world.allow("acme");
        let drawn = world.run(["explain"]).at("acme").any_stdout().success().stdout;
        assert!(drawn.contains(&format!("\n  note: {reason}; {hint}\n")), "{drawn}");
        let told = world.run(["explain", "--json"]).at("acme").any_stdout().success().json();
        assert_eq!([told["reason"].as_str(), told["hint"].as_str()], [Some(reason), Some(hint)]);
    }
    world.write("acme/.awsenv", "profile = \"two\"\naccount = \"222222222222\"\n");
    world.allow("acme");
    let drawn = world.run(["explain"]).at("acme").any_stdout().success().stdout;
    assert!(!drawn.contains("note: "), "{drawn}");
}

/// Whose keys in a file are only AWS says; once it has, no further call is needed to know.
#[test]
fn a_kept_session_of_another_account_is_refused() {
    let sandbox = cloud::sandbox();
    let world = cloud::pinned(&sandbox, "profile = \"base\"\naccount = \"111122223333\"\n");
    world.run(["exec", "--", "true"]).at("acme").success();
    world.write("acme/.awsenv", "profile = \"base\"\naccount = \"999999999999\"\n");
    world.allow("acme");
    let calls = sandbox.calls().len();
    let told = world.run(["explain", "--json"]).at("acme").any_stdout().success().json();
    assert_eq!(told["reason"], "base is of account 111122223333, and the .awsenv asks for 999999999999");
    assert_eq!(sandbox.calls().len(), calls);
}

#[test]
fn on_a_terminal_a_chain_is_drawn_from_its_source_down() {
    let world = World::new()
        .config(CHAIN)
        .file("acme/x", "")
        .env("NO_COLOR", "1")
        .env("AWS_PROFILE", "base")
        .env("AWS_ACCESS_KEY_ID", "AKIAMINE");
    let (screen, code) = Terminal::of_width(&world, "acme", &["explain", "deploy"], 80).end();
    assert_eq!(
        screen,
        "\
╭─ deploy ────────────────────────────────────────────────────── 444455556666 ─╮
│  ◇  base  StaticKeys                                        ~/.aws/config:3  │
│  │  GetSessionToken · 8h00m · eu-west-1 ·                                    │
│  │  MFA arn:aws:iam::111122223333:mfa/me                                     │
│  ▼                                                                           │
│  ◇  the same, with MFA                                      ~/.aws/config:9  │
│  │  AssumeRole · us-east-1                                                   │
│  ▼                                                                           │
│  ◇  arn:aws:iam::111122223333:role/Ops                      ~/.aws/config:7  │
│  │  AssumeRole · 30m · us-east-1 · external id acme · session name me        │
│  ▼                                                                           │
│  ◆  arn:aws:iam::444455556666:role/Deploy                  ~/.aws/config:13  │
│                                                                              │
│  region    us-east-1                                                         │
│  kept      no session                                                        │
│                                                                              │
│  shadowed  AWS_ACCESS_KEY_ID, AWS_PROFILE: set in your environment, put      │
│            aside while this is loaded                                        │
╰──────────────────────────────────────────────────────────────────────────────╯
"
    );
    assert_eq!(code, 0);
}
