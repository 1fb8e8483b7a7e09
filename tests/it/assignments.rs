//! `sso accounts` and `sso roles`: what a sign-in gives, all of it or an error.

use awsenv_sandbox::{Account, Fault, Portal, Sandbox, Scenario};
use serde_json::json;

use crate::cloud::{DEADLINE, operations};
use crate::portal::{INLINE, OF_ADDRESS, OF_CORP, keep, nothing_is_opened, refused, signed_in, world};
use crate::terminal::Terminal;
use crate::world::World;

const HOUR: i64 = 3600;
const TOLD: &str = "awsenv: corp needs a sign-in\nawsenv: hint: run `awsenv login --sso-session corp`\n";

fn account(id: &str, name: &str, roles: &[&str]) -> Account {
    let roles = roles.iter().map(|role| (*role).to_owned()).collect();
    Account { id: id.into(), name: name.into(), email: format!("{id}@acme.example"), roles }
}

/// Three accounts, not in the order of their names.
pub(crate) fn acme() -> Portal {
    let accounts = vec![
        account("333333333333", "Acme Prod (EU)", &["ReadOnly", "Admin"]),
        account("111122223333", "Acme Dev", &["Developer"]),
        account("222222222222", "", &["Admin"]),
    ];
    Portal { accounts, ..Portal::default() }
}

pub(crate) fn sandbox_of(portal: Portal) -> Sandbox {
    Sandbox::start(Scenario::default().portal(portal))
}

/// So many accounts with four roles each.
pub(crate) fn large(count: usize) -> Portal {
    let roles = ["Admin", "Billing", "Developer", "ReadOnly"];
    let accounts = (0..count)
        .map(|at| account(&format!("{:012}", 100_000_000_000 + at), &format!("team-{at:03}"), &roles));
    Portal { accounts: accounts.collect(), ..Portal::default() }
}

#[test]
fn accounts_and_roles_are_shown_by_name_with_the_profiles_they_have() {
    let sandbox = sandbox_of(acme());
    let world = signed_in(&sandbox, 8 * HOUR);
    world
        .run(["sso", "accounts"])
        .stdout(
            "222222222222                  222222222222@acme.example\n\
             111122223333  Acme Dev        111122223333@acme.example\n\
             333333333333  Acme Prod (EU)  333333333333@acme.example\n",
        )
        .success();
    // `deploy` has a role on top of it, `admin` is of a role that is not given, `legacy` of another sign-in.
    world
        .run(["sso", "roles"])
        .stdout(
            "222222222222                  Admin\n\
             111122223333  Acme Dev        Developer  dev\n\
             333333333333  Acme Prod (EU)  Admin\n\
             333333333333  Acme Prod (EU)  ReadOnly\n",
        )
        .success();
    let printed = world.run(["sso", "accounts", "--json"]).any_stdout().success().json();
    assert_eq!(
        printed[0],
        json!({"account": "222222222222", "name": null, "email": "222222222222@acme.example"})
    );
    let printed = world.run(["sso", "roles", "--json"]).any_stdout().success().json();
    let expected =
        json!({"account": "111122223333", "name": "Acme Dev", "role": "Developer", "profiles": ["dev"]});
    assert_eq!(printed[1], expected);
}

#[test]
fn only_the_accounts_that_are_meant_are_asked_for_roles() {
    let sandbox = sandbox_of(acme());
    let world = signed_in(&sandbox, 8 * HOUR);
    let admin = "333333333333  Acme Prod (EU)  Admin\n";
    world.run(["sso", "roles", "--account", "acme*", "--role", "ADMIN"]).stdout(admin).success();
    assert_eq!(operations(&sandbox), ["ListAccounts", "ListAccountRoles", "ListAccountRoles"]);
    let by_id = world.run(["sso", "roles", "--account", "2222*", "--account", "Acme Dev"]);
    by_id.stdout("222222222222            Admin\n111122223333  Acme Dev  Developer  dev\n").success();
    world.run(["sso", "roles", "--account", "nobody"]).success();
}

#[test]
fn every_page_is_asked_for() {
    let sandbox = sandbox_of(Portal { page: 1, ..acme() });
    let world = signed_in(&sandbox, 8 * HOUR);
    let printed = world.run(["sso", "roles", "--json"]).any_stdout().success().json();
    assert_eq!(printed.as_array().unwrap().len(), 4);
    let calls = operations(&sandbox);
    let count = |operation| calls.iter().filter(|called| *called == operation).count();
    assert_eq!((count("ListAccounts"), count("ListAccountRoles")), (3, 4));
}

#[test]
fn three_hundred_accounts_are_listed_whole_where_every_twentieth_call_is_refused() {
    let sandbox = sandbox_of(large(300));
    let world = signed_in(&sandbox, 8 * HOUR);
    for _ in 0..40 {
        sandbox.fault("*", 19, Fault::None);
        sandbox.fault("*", 1, Fault::error(429, "TooManyRequestsException"));
    }
    let gate = sandbox.gate("ListAccountRoles");
    let run = world.run(["sso", "roles", "--json"]);
    let child = run.command().spawn().unwrap();
    gate.wait_for(8, DEADLINE);
    // Long enough for a ninth to come too.
    world.run(["sso", "accounts"]).any_stdout().success();
    gate.open();
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), String::from_utf8_lossy(&output.stderr).as_ref()), (Some(0), ""));
    let printed: Vec<serde_json::Value> = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(printed.len(), 1200);
    let calls = sandbox.calls();
    let retries = calls.iter().filter(|call| call.status == 429).count();
    // Three pages of accounts, twice, and one of roles for each: 306 answers, and a refusal for every nineteen.
    assert_eq!((calls.len(), retries), (306 + 16, 16));
    assert_eq!(sandbox.most_at_once("ListAccountRoles"), 8);
}

#[test]
fn who_is_told_to_slow_down_for_ever_gives_up_and_says_so() {
    let sandbox = sandbox_of(acme());
    let world = signed_in(&sandbox, 8 * HOUR).env("AWS_MAX_ATTEMPTS", "2");
    sandbox.fault("ListAccountRoles", 99, Fault::error(429, "TooManyRequestsException"));
    let told = "awsenv: ListAccountRoles: TooManyRequestsException: TooManyRequestsException, says the sandbox\n\
                awsenv: hint: AWS asks for fewer calls: try again in a minute, or ask for fewer accounts with --account\n";
    world.run(["sso", "roles"]).stderr(told).exits(1);
}

#[test]
fn half_an_answer_is_none() {
    let sandbox = sandbox_of(acme());
    let world = signed_in(&sandbox, 8 * HOUR).env("AWS_MAX_ATTEMPTS", "1");
    for (operation, fault, told) in [
        (
            "ListAccounts",
            Fault::Missing("accountList".into()),
            "the answer to ListAccounts lacks its accounts",
        ),
        (
            "ListAccountRoles",
            Fault::Missing("roleList".into()),
            "the answer to ListAccountRoles lacks its roles",
        ),
        ("ListAccountRoles", Fault::Malformed, "ListAccountRoles: no answer that AWS would give"),
        ("ListAccounts", Fault::Html(200), "ListAccounts: no answer that AWS would give"),
    ] {
        sandbox.forget_faults();
        sandbox.fault(operation, 1, fault);
        let said = world.run(["sso", "roles"]).any_stderr().exits(1).stderr;
        assert!(said.contains(told), "{said}");
    }
}

#[test]
fn what_aws_would_not_call_so_is_refused_and_cannot_steer_the_terminal() {
    for (id, name, role, told) in [
        ("1111", "x", "R", "ListAccounts: an account that AWS would not have: 1111"),
        (
            "111122223333",
            "x",
            "R\n[default]",
            "ListAccountRoles: a role that AWS would not have: R\\n[default]",
        ),
    ] {
        let portal = Portal { accounts: vec![account(id, name, &[role])], ..Portal::default() };
        let sandbox = sandbox_of(portal);
        let world = signed_in(&sandbox, 8 * HOUR);
        world.run(["sso", "roles"]).stderr(format!("awsenv: {told}\n")).exits(1);
    }
    let portal =
        Portal { accounts: vec![account("111122223333", "a\x1b[31m\nb", &["R"])], ..Portal::default() };
    let sandbox = sandbox_of(portal);
    let world = signed_in(&sandbox, 8 * HOUR);
    world.run(["sso", "roles"]).stdout("111122223333  a\\u{1b}[31m\\nb  R\n").success();
}

#[test]
fn an_account_that_was_taken_away_meanwhile_has_no_roles() {
    let sandbox = sandbox_of(acme());
    let world = signed_in(&sandbox, 8 * HOUR);
    sandbox.fault("ListAccountRoles", 3, Fault::error(403, "ForbiddenException"));
    world.run(["sso", "roles"]).success();
    sandbox.fault("ListAccounts", 1, Fault::error(403, "ForbiddenException"));
    world.run(["sso", "roles"]).stderr("awsenv: ListAccounts: no access\n").exits(1);
}

#[test]
fn without_a_sign_in_a_person_is_told_what_to_do_and_no_browser_opens() {
    let sandbox = sandbox_of(acme());
    let world = world(&sandbox);
    for command in ["accounts", "roles", "populate"] {
        world.run(["sso", command]).stderr(TOLD).exits(3);
    }
    assert_eq!(operations(&sandbox), [""; 0]);
    keep(&world, OF_CORP, &sandbox.signed_in(8 * HOUR));
    sandbox.revoke();
    world.run(["sso", "roles"]).stderr(TOLD).exits(3);
    world.run(["sso", "roles"]).stderr(TOLD).exits(3);
    assert_eq!(operations(&sandbox), ["ListAccounts"], "a dead token is sent once");
    assert_eq!(refused(&world), 1);
    assert!(nothing_is_opened(&world));
}

#[test]
fn a_token_that_ends_in_the_middle_is_dead_for_all() {
    let sandbox = sandbox_of(acme());
    let world = signed_in(&sandbox, 8 * HOUR);
    sandbox.fault("ListAccountRoles", 3, Fault::error(401, "UnauthorizedException"));
    world.run(["sso", "roles"]).stderr(TOLD).exits(3);
    assert_eq!(refused(&world), 1);
}

#[test]
fn the_portal_is_that_of_the_profile_of_the_directory_or_the_only_one() {
    let sandbox = sandbox_of(acme());
    let world = signed_in(&sandbox, 8 * HOUR);
    let lists = |world: &World, directory: &str| {
        world.run(["sso", "accounts"]).at(directory).any_stdout().success();
    };
    lists(&world, "");
    world.run(["sso", "accounts", "deploy"]).any_stdout().success();
    let world = world.env("AWS_PROFILE", "dev");
    lists(&world, "");
    let keys = "\n[profile keys]\naws_access_key_id = AKIA\naws_secret_access_key = s\n";
    let config = world.read(".aws/config")
        + "\n[sso-session other]\nsso_start_url = https://other.awsapps.com/start\nsso_region = us-east-1\n"
        + keys;
    let world = world.config(&config).without("AWS_PROFILE");
    let name_one = "awsenv: hint: name one: --sso-session corp, or other\n";
    let nothing = format!("awsenv: nothing here leads to a portal\n{name_one}");
    world.run(["sso", "accounts"]).stderr(nothing).exits(2);
    let none = format!("awsenv: keys begins with no sign-in\n{name_one}");
    world.run(["sso", "accounts", "keys"]).stderr(none).exits(2);
    world.run(["sso", "accounts", "--sso-session", "corp"]).any_stdout().success();
    let other = TOLD.replace("corp", "other");
    world.run(["sso", "accounts", "--sso-session", "other"]).stderr(other).exits(3);
    let world = world.file("acme/.awsenv", "profile = \"dev\"\n");
    let not_allowed = world.run(["sso", "accounts"]).at("acme").any_stderr().exits(4).stderr;
    assert!(not_allowed.contains("is not allowed"), "{not_allowed}");
    let world = world.allowed("acme");
    lists(&world, "acme");
    // A clone, and nothing else.
    let world = world.config("").file("clone/.awsenv", INLINE).allowed("clone");
    keep(&world, OF_ADDRESS, &sandbox.signed_in(8 * HOUR));
    lists(&world, "clone");
    world
        .run(["sso", "accounts"])
        .stderr("awsenv: nothing here leads to a portal\nawsenv: hint: `aws configure sso-session` makes an [sso-session]\n")
        .exits(2);
}

#[test]
fn on_a_terminal_a_bar_says_how_far_it_is() {
    let sandbox = sandbox_of(acme());
    let world = signed_in(&sandbox, 8 * HOUR);
    let gate = sandbox.gate("ListAccountRoles");
    let mut terminal = Terminal::start(&world, &["sso", "roles", "--role", "Developer"]);
    terminal.wait_for("awsenv: roles [------------------------] 0 of 3 accounts");
    gate.open();
    terminal.wait_for("[########################] 3 of 3 accounts");
    let (screen, status) = terminal.end();
    assert_eq!(status, 0);
    // The bar is gone before anything else is said.
    let end = "3 of 3 accounts\x1b[K\x1b[K111122223333  Acme Dev  Developer  dev\n";
    assert!(screen.ends_with(end), "{screen:?}");
}
