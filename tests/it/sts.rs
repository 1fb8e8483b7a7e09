//! The calls of AWS STS: what is sent, and what comes of each answer.

use awsenv::{clock, limits};
use awsenv_sandbox::{Fault, Role, Sandbox, Scenario, User};

use crate::cloud::{self, CAREFUL, CONFIG, ME, MFA, ONE, THREE, TWO, exec, identity, operations, sandbox};
use crate::shell::Kind;
use crate::world::World;

#[test]
fn each_role_of_a_chain_is_assumed_with_the_last_ones_session() {
    let sandbox = sandbox();
    let world = cloud::world(&sandbox);
    let env = exec(&world, "three");
    let calls = sandbox.calls();
    let roles: Vec<_> = calls.iter().filter_map(|call| call.parameter("RoleArn")).collect();
    assert_eq!(roles, [ONE, TWO, THREE]);
    let signers: Vec<_> = calls.iter().map(|call| call.signer.clone()).collect();
    let issued: Vec<_> = calls.iter().map(|call| call.issued.clone()).collect();
    assert_eq!(signers, [Some("AKIAME".to_owned()), issued[0].clone(), issued[1].clone()]);
    let arn = identity(&sandbox, &env).unwrap();
    assert!(arn.starts_with("arn:aws:sts::333333333333:assumed-role/Three/me@"), "{arn}");
    assert_eq!(env.text("AWSENV_ACCOUNT"), Some("333333333333"));
    let expiration: u64 = env.text("AWSENV_EXPIRATION").unwrap().parse().unwrap();
    let written = env.text("AWS_CREDENTIAL_EXPIRATION").and_then(awsenv::clock::parse).unwrap();
    assert_eq!(Ok(expiration), u64::try_from(written.as_second()));
}

#[test]
fn everything_a_role_says_arrives_as_it_was_written() {
    let sandbox = Sandbox::start(Scenario::default().user(User::new(ME, "AKIAME", "me/secret")).role(Role {
        external_id: Some("acme:1/2".into()),
        source_identity: Some("me".into()),
        max_session_duration: 7200,
        ..Role::new(TWO, &["111122223333"])
    }));
    let text = "\
profile = \"base\"

[[role]]
arn = \"arn:aws:iam::222222222222:role/Two\"
external_id = \"acme:1/2\"
session_name = \"me=1\"
duration = \"2h\"
policy_arns = [\"arn:aws:iam::aws:policy/ReadOnlyAccess\", \"arn:aws:iam::222222222222:policy/More\"]
policy = '{\"Version\":\"2012-10-17\",\"Statement\":[]}'
tags = { team = \"a b=c+d\", stage = \"\" }
transitive_tags = [\"team\"]
source_identity = \"me\"
";
    let world = cloud::pinned(&sandbox, text);
    world.run(["exec", "--", "true"]).at("acme").success();
    let [call] = &sandbox.calls()[..] else { panic!("{:?}", sandbox.calls()) };
    let sent: Vec<_> = call.parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(
        sent,
        [
            ("DurationSeconds", "7200"),
            ("ExternalId", "acme:1/2"),
            ("Policy", "{\"Version\":\"2012-10-17\",\"Statement\":[]}"),
            ("PolicyArns.member.1.arn", "arn:aws:iam::aws:policy/ReadOnlyAccess"),
            ("PolicyArns.member.2.arn", "arn:aws:iam::222222222222:policy/More"),
            ("RoleArn", TWO),
            ("RoleSessionName", "me=1"),
            ("SourceIdentity", "me"),
            ("Tags.member.1.Key", "stage"),
            ("Tags.member.1.Value", ""),
            ("Tags.member.2.Key", "team"),
            ("Tags.member.2.Value", "a b=c+d"),
            ("TransitiveTagKeys.member.1", "team"),
        ]
    );
    assert_eq!(call.region.as_deref(), Some("eu-west-1"));
}

#[test]
fn a_session_without_a_name_gets_a_legal_one() {
    let sandbox = sandbox();
    let world = cloud::world(&sandbox).env("USER", "DOMAIN\\jörg müller");
    exec(&world, "one");
    let call = &sandbox.calls()[0];
    let name = call.parameter("RoleSessionName").unwrap();
    assert!(name.starts_with("DOMAIN-j-rg-m-ller@"), "{name}");
    assert_eq!(limits::session_name(name), Ok(()));
}

#[test]
fn one_mfa_code_serves_a_whole_chain_and_no_child_sees_it() {
    let sandbox = sandbox();
    let config =
        format!("{CONFIG}\n[profile far]\nrole_arn = {TWO}\nsource_profile = careful\nmfa_serial = {MFA}\n");
    let world = cloud::world(&sandbox).config(&config).env("AWSENV_MFA_CODE", "111111");
    let env = exec(&world, "far");
    assert_eq!(operations(&sandbox), ["GetSessionToken", "AssumeRole", "AssumeRole"]);
    assert_eq!(sandbox.calls()[0].parameter("SerialNumber"), Some(MFA));
    assert_eq!(sandbox.calls()[1].parameter("SerialNumber"), None);
    assert!(identity(&sandbox, &env).unwrap().contains(":assumed-role/Two/"));
    assert_eq!(env.text("AWSENV_MFA_CODE"), None);
}

#[test]
fn mfa_process_prints_the_code_and_has_no_code_itself() {
    let sandbox = sandbox();
    let process = "mfa_process = test -z \"$AWSENV_MFA_CODE\" && echo 222222";
    let world = cloud::world(&sandbox).config(&format!("{CONFIG}{process}\n"));
    assert!(identity(&sandbox, &exec(&world, "careful")).is_some());
}

#[test]
fn a_wrong_code_needs_a_person_and_is_not_sent_twice() {
    let sandbox = sandbox();
    let world = cloud::world(&sandbox).env("AWSENV_MFA_CODE", "999999");
    world
        .run(["exec", "careful", "--", "true"])
        .stderr(
            "awsenv: cannot get a session for careful: GetSessionToken: AccessDenied: MultiFactorAuthentication \
             failed with invalid MFA one time pass code. \n\
             awsenv: hint: that MFA code was not right, or was used before: wait for the next one\n",
        )
        .exits(3);
    assert_eq!(operations(&sandbox), ["GetSessionToken"]);
    exec(&cloud::world(&sandbox).env("AWSENV_MFA_CODE", "111111"), "careful");
    let again = cloud::world(&sandbox).env("AWSENV_MFA_CODE", "111111");
    again.run(["exec", "careful", "--", "true"]).any_stderr().exits(3);
}

#[test]
fn get_session_token_stands_between_only_where_it_saves_codes() {
    for (arguments, expected) in [
        (&[][..], &["GetSessionToken", "AssumeRole"][..]),
        (&["--duration", "1h"], &["GetSessionToken", "AssumeRole"]),
        // Its session would cap the role at one hour.
        (&["--duration", "2h"], &["AssumeRole"]),
        (&["--no-session"], &["AssumeRole"]),
    ] {
        let sandbox = sandbox();
        let world = cloud::world(&sandbox).env("AWSENV_MFA_CODE", "111111");
        let mut run = world.run(["exec", "careful"]);
        for argument in arguments.iter().chain(&["--", "true"]) {
            run = run.arg(*argument);
        }
        run.success();
        assert_eq!(operations(&sandbox), expected, "{arguments:?}");
        let last = sandbox.calls().pop().unwrap();
        assert_eq!(last.parameter("SerialNumber").is_some(), expected.len() == 1, "{arguments:?}");
    }
    let sandbox = sandbox();
    exec(&cloud::world(&sandbox), "one");
    assert_eq!(operations(&sandbox), ["AssumeRole"], "no MFA, no session in between");
}

#[test]
fn a_chained_role_is_asked_for_one_hour_at_most() {
    let sandbox = sandbox();
    let config = CONFIG.replace("source_profile = base", "source_profile = base\nduration_seconds = 7200");
    let config = config.replace("source_profile = one", "source_profile = one\nduration_seconds = 7200");
    exec(&cloud::world(&sandbox).config(&config), "two");
    let asked: Vec<_> =
        sandbox.calls().iter().map(|call| call.parameter("DurationSeconds").map(str::to_owned)).collect();
    assert_eq!(asked, [Some("7200".to_owned()), Some("3600".to_owned())]);
}

#[test]
fn more_than_the_role_allows_is_refused_in_awss_words() {
    let config = CONFIG.replace(ONE, TWO);
    let scenario = Scenario::default().user(User::new(ME, "AKIAME", "me/secret")).role(Role::new(TWO, &[ME]));
    let sandbox = Sandbox::start(scenario);
    cloud::world(&sandbox)
        .config(&config)
        .run(["exec", "one", "--duration", "2h", "--", "true"])
        .stderr(format!(
            "awsenv: cannot assume {TWO}: AssumeRole: ValidationError: The requested DurationSeconds exceeds the \
             MaxSessionDuration set for this role.\n\
             awsenv: hint: ask for less: `duration`, or raise the role's maximum session duration\n"
        ))
        .exits(125);
}

#[test]
fn a_role_of_another_account_is_refused_before_anybody_is_asked() {
    let sandbox = sandbox();
    let world = cloud::pinned(&sandbox, "profile = \"two\"\naccount = \"999999999999\"\n");
    let what = "two is of account 222222222222, and the .awsenv asks for 999999999999";
    let hint = "mend `account` or the profile; no credentials until then";
    for kind in Kind::ALL {
        let mut shell = world.shell(kind);
        shell.arrive("acme");
        assert_eq!(shell.notice, format!("awsenv: {what}; {hint}\n"));
        assert_eq!(shell.get("AWS_ACCESS_KEY_ID"), None);
        assert_eq!(shell.get("AWS_PROFILE"), Some("two: wrong account"));
    }
    let run = world.run(["exec", "--", "true"]).at("acme").any_stderr();
    let output = run.exits(125);
    assert!(output.stderr.contains(what), "{}", output.stderr);
    assert_eq!(sandbox.calls(), []);
}

#[test]
fn who_keys_in_a_file_are_is_asked_once_a_session() {
    let sandbox = sandbox();
    // What the file claims counts for nothing.
    let lie = CONFIG.replace("me/secret", "me/secret\naws_account_id = 999999999999");
    for account in ["111122223333", "999999999999"] {
        let world = cloud::pinned(&sandbox, &format!("profile = \"base\"\naccount = \"{account}\"\n"));
        let world = world.config(&lie);
        let before = sandbox.calls().len();
        for _ in 0..3 {
            let run = world.run(["exec", "--", "env"]).at("acme").any_stdout().any_stderr();
            if account == "111122223333" {
                let env = run.success().variables();
                assert_eq!(env.text("AWSENV_ACCOUNT"), Some(account));
            } else {
                let stderr = run.exits(125).stderr;
                let what = "awsenv: base is of account 111122223333, and the .awsenv asks for 999999999999\n";
                assert!(stderr.starts_with(what), "{stderr}");
            }
        }
        assert_eq!(operations(&sandbox)[before..], ["GetCallerIdentity"]);
    }
}

#[test]
fn what_passes_is_tried_again_and_what_was_refused_is_not() {
    for (fault, tries, succeeds) in [
        (Fault::error(500, "InternalFailure"), 2, true),
        (Fault::error(503, "ServiceUnavailable"), 2, true),
        (Fault::error(400, "Throttling"), 2, true),
        (Fault::Reset, 2, true),
        (Fault::error(403, "AccessDenied"), 1, false),
        (Fault::error(400, "ValidationError"), 1, false),
    ] {
        let sandbox = sandbox();
        sandbox.fault("AssumeRole", 1, fault.clone());
        let world = cloud::world(&sandbox);
        let run = world.run(["exec", "one", "--", "true"]).any_stderr();
        run.exits(if succeeds { 0 } else { 125 });
        assert_eq!(sandbox.calls().len(), tries, "{fault:?}");
    }
}

#[test]
fn an_answer_that_is_none_makes_a_short_error_and_no_session() {
    let lacks = |what: &str| format!("the answer to AssumeRole lacks its {what}");
    let foreign = "AssumeRole: no answer that AWS would give".to_owned();
    for (fault, what) in [
        (Fault::Missing("Credentials".into()), lacks("credentials")),
        (Fault::Missing("AccessKeyId".into()), lacks("access key id")),
        (Fault::Missing("SecretAccessKey".into()), lacks("secret access key")),
        (Fault::Missing("SessionToken".into()), lacks("session token")),
        (Fault::Missing("Expiration".into()), lacks("expiration")),
        // The SDK reads half an answer as one that ends there.
        (Fault::Malformed, lacks("expiration")),
        (Fault::Html(200), foreign.clone()),
        (Fault::Html(403), foreign),
    ] {
        let sandbox = sandbox();
        sandbox.fault("AssumeRole", 9, fault.clone());
        let world = cloud::world(&sandbox);
        let stderr = world.run(["exec", "one", "--", "true"]).any_stderr().exits(125).stderr;
        let first = stderr.lines().next().unwrap_or_default();
        assert_eq!(first, format!("awsenv: cannot assume {ONE}: {what}"), "{fault:?}");
        assert!(stderr.lines().count() <= 2, "{stderr}");
        assert_eq!(cloud::sessions(&world).len(), 0, "{fault:?}");
    }
}

#[test]
fn a_proxy_that_cannot_be_understood_is_not_gone_round() {
    let sandbox = sandbox();
    let world = cloud::world(&sandbox).env("HTTP_PROXY", "http://u:p w@[::bad");
    world
        .run(["exec", "one", "--", "true"])
        .stderr(format!(
            "awsenv: cannot assume {ONE}: HTTP_PROXY is no URL of a proxy\n\
             awsenv: hint: write http://HOST:PORT, or http://USER:PASSWORD@HOST:PORT with special characters as %XX\n"
        ))
        .exits(125);
    assert_eq!(sandbox.calls(), []);
}

#[test]
fn a_region_that_is_none_leads_to_no_host() {
    let sandbox = sandbox();
    let config = CONFIG.replace("region = eu-west-1\n", "");
    let world = cloud::world(&sandbox).config(&config).env("AWS_REGION", "evil.example/");
    world
        .run(["exec", "one", "--", "true"])
        .stderr(format!(
            "awsenv: cannot assume {ONE}: cannot call AWS in region evil.example/: a region is letters, digits and \
             hyphens, like eu-west-1\nawsenv: hint: look at AWS_REGION and AWS_DEFAULT_REGION\n"
        ))
        .exits(125);
    assert_eq!(sandbox.calls(), []);
}

#[test]
fn a_wrong_clock_is_named_as_such() {
    let sandbox = sandbox();
    for (seconds, by, left) in [(-1200, "20m ahead of", 2400), (1200, "20m behind", 3600)] {
        sandbox.clock().set_offset(seconds);
        // The SDK signs anew by AWS's clock, if it may try again.
        let world = cloud::world(&sandbox).env("AWS_MAX_ATTEMPTS", "1");
        let stderr = world.run(["exec", "one", "--", "true"]).any_stderr().exits(125).stderr;
        let told = format!(
            ": AssumeRole: SignatureDoesNotMatch: this machine's clock is {by} AWS's\n\
             awsenv: hint: set the clock right: AWS allows 15 minutes\n"
        );
        assert!(stderr.ends_with(&told), "{stderr}");
        let world = world.without("AWS_MAX_ATTEMPTS");
        let told =
            format!("awsenv: one came while this machine's clock was {by} AWS's; set the clock right\n");
        world.run(["exec", "one", "--", "true"]).stderr(told).success();
        // By this machine's clock, and never later than AWS has it.
        let [(_, session)] = &cloud::sessions(&world)[..] else { panic!("it is kept") };
        let found = session.end().duration_since(clock::now()).as_secs();
        assert!((left - 60..=left).contains(&found), "{found} s left, not {left}");
    }
}

#[test]
fn a_session_that_has_ended_when_it_comes_is_asked_for_once() {
    let sandbox = sandbox();
    sandbox.clock().set_offset(-3660);
    let world = cloud::pinned(&sandbox, "profile = \"one\"\n");
    let mut shell = world.shell(Kind::Bash);
    shell.arrive("acme").wait();
    let told = "AssumeRole: the session that came has ended already: this machine's clock is 1h01m ahead of AWS's; \
                set the clock right: AWS allows 15 minutes\n";
    assert!(shell.notice.ends_with(told), "{}", shell.notice);
    let calls = sandbox.calls().len();
    shell.ask();
    assert_eq!((sandbox.calls().len(), &*shell.notice), (calls, ""));
}

#[test]
fn keys_of_the_environment_are_the_users_own_inside_a_loaded_directory_too() {
    let sandbox = sandbox();
    let config = format!(
        "[profile mine]\nregion = eu-west-1\nrole_arn = {ONE}\ncredential_source = Environment\n\n{CONFIG}"
    );
    let world: World = cloud::pinned(&sandbox, "profile = \"mine\"\n").config(&config);
    let world = world.env("AWS_ACCESS_KEY_ID", "AKIAME").env("AWS_SECRET_ACCESS_KEY", "me/secret");
    let mut shell = world.shell(Kind::Bash);
    shell.arrive("acme");
    shell.wait();
    assert!(shell.get("AWS_ACCESS_KEY_ID").unwrap().starts_with("ASIA"), "{:?}", shell.aws());
    world.run(["refresh"]).at("acme").environment(&shell.env).any_stderr().success();
    world.run(["exec", "--", "true"]).at("acme").environment(&shell.env).success();
    let signers: Vec<_> = sandbox.calls().iter().filter_map(|call| call.signer.clone()).collect();
    assert_eq!(signers, ["AKIAME", "AKIAME"]);
    shell.arrive("");
    assert_eq!(shell.get("AWS_ACCESS_KEY_ID"), Some("AKIAME"));
    assert_eq!(shell.get("AWS_SECRET_ACCESS_KEY"), Some("me/secret"));
}

#[test]
fn a_role_that_wants_mfa_and_gets_none_says_where_to_write_it() {
    let sandbox = sandbox();
    let config = CONFIG.replace(&format!("mfa_serial = {MFA}\n"), "");
    let stderr = cloud::world(&sandbox)
        .config(&config)
        .run(["exec", "careful", "--", "true"])
        .any_stderr()
        .exits(125)
        .stderr;
    let told =
        format!("awsenv: cannot assume {CAREFUL}: AssumeRole: AccessDenied: User: {ME} is not authorized");
    assert!(stderr.starts_with(&told), "{stderr}");
}

#[test]
fn keys_that_have_ended_meanwhile_are_told_from_wrong_ones() {
    let sandbox = sandbox();
    sandbox.clock().set_offset(-600);
    let world = cloud::world(&sandbox);
    let run = world.run(["exec", "one", "--duration", "15m", "--", "env"]).any_stdout();
    let env = run.any_stderr().success().variables();
    let key = |name: &str| env.text(name).unwrap().to_owned();
    let config = format!(
        "[profile two]\nregion = eu-west-1\nrole_arn = {TWO}\nsource_profile = session\n\n[profile session]\n\
         aws_access_key_id = {}\naws_secret_access_key = {}\naws_session_token = {}\n",
        key("AWS_ACCESS_KEY_ID"),
        key("AWS_SECRET_ACCESS_KEY"),
        key("AWS_SESSION_TOKEN")
    );
    sandbox.clock().set_offset(600);
    world
        .config(&config)
        .run(["exec", "two", "--", "true"])
        .stderr(format!(
            "awsenv: cannot assume {TWO}: AssumeRole: ExpiredToken: The security token included in the request is \
             expired\nawsenv: hint: the keys that sign this call have ended: renew their source\n"
        ))
        .exits(3);
}
