//! A company: ten projects, each with its own way to credentials. Each has two directories: in `NAME` programs ask the
//! agent, in `NAME-keys` the shell has the keys.

use std::process::Command;

use awsenv_sandbox::{Anchor, AnywhereProfile, Portal, Role, Sandbox, Scenario, User};

use crate::home::Home;

const USER: &str = "arn:aws:iam::111122223333:user/me";
const ANCHOR: &str = "arn:aws:rolesanywhere:us-east-1:400000000000:trust-anchor/0";
const PROFILE: &str = "arn:aws:rolesanywhere:us-east-1:400000000000:profile/0";
const OUTER: &str = "arn:aws:iam::300000000000:role/Outer";
/// `sha1("acme")`.
const SIGN_IN: &str = "home/.aws/sso/cache/293abb6b76d7791c0732cc517d38c4b5c734b87f.json";
/// The sign-in's token lasts an hour.
const TOKEN: i64 = 3600;

/// A project, and whoever works there.
#[derive(Clone, Debug)]
pub struct Project {
    /// Its directory's, too.
    pub name: String,
    /// The beginning of an ARN.
    pub whose: String,
}

/// Where the calls go, and how many sessions each of them is for.
pub const SESSIONS: [(&str, usize); 3] = [("GetRoleCredentials", 4), ("AssumeRole", 4), ("CreateSession", 2)];

/// Four permission sets, two roles on top of two of them, a role on a role on a user's keys, two certificates, and the
/// keys themselves.
pub fn found(home: &Home) -> (Vec<Project>, Sandbox) {
    let portal = Portal { token_seconds: TOKEN, ..Portal::default() };
    let portal = (0..4).fold(portal, |portal, n| portal.role(&of_team(n), "Developer"));
    let mut config = format!(
        "[sso-session acme]\nsso_start_url = {}\nsso_region = us-east-1\n\
         sso_registration_scopes = sso:account:access\n[profile alpha]\n",
        portal.start_url
    );
    let mut scenario = Scenario::default().user(User::new(USER, "AKIAALPHA", "secret/of+alpha"));
    let mut projects = Vec::new();
    let mut pinned = |name: &str, source: &str, whose: String| {
        home.pin(name, &format!("deliver = \"endpoint\"\n{source}"));
        home.pin(format!("{name}-keys"), source);
        projects.push(Project { name: name.into(), whose });
    };
    let profile = |name: &str| format!("profile = \"{name}\"\n");
    for n in 0..4 {
        let name = format!("team-{n}");
        let account = of_team(n);
        config += &format!(
            "[profile {name}]\nsso_session = acme\nsso_account_id = {account}\nsso_role_name = Developer\n"
        );
        pinned(&name, &profile(&name), session(&account, "AWSReservedSSO_Developer_"));
    }
    for n in 0..2 {
        let (name, account) = (format!("deploy-{n}"), format!("20000000000{n}"));
        let arn = format!("arn:aws:iam::{account}:role/Deploy");
        config += &format!("[profile {name}]\nrole_arn = {arn}\nsource_profile = team-{n}\n");
        scenario = scenario.role(Role::new(&arn, &[&portal.role_arn(&of_team(n), "Developer")]));
        pinned(&name, &profile(&name), session(&account, "Deploy/"));
    }
    let inner = "arn:aws:iam::300000000001:role/Inner";
    config += &format!(
        "[profile outer]\nrole_arn = {OUTER}\nsource_profile = alpha\n\
         [profile inner]\nrole_arn = {inner}\nsource_profile = outer\n"
    );
    scenario = scenario.role(Role::new(OUTER, &[USER])).role(Role::new(inner, &[OUTER]));
    pinned("inner", &profile("inner"), session("300000000001", "Inner/"));
    certify(home, "root", &["basicConstraints=critical,CA:true", "keyUsage=critical,keyCertSign"], None);
    let mut edges = Vec::new();
    for n in 0..2 {
        let (name, arn) = (format!("edge-{n}"), format!("arn:aws:iam::400000000000:role/Edge{n}"));
        let of_a_leaf = ["basicConstraints=critical,CA:false", "keyUsage=critical,digitalSignature"];
        certify(home, &name, &of_a_leaf, Some("root"));
        let source = format!(
            "[roles_anywhere]\ntrust_anchor_arn = \"{ANCHOR}\"\nprofile_arn = \"{PROFILE}\"\nrole_arn = \"{arn}\"\n\
             certificate = \"~/pki/{name}.pem\"\nprivate_key = \"~/pki/{name}.key\"\n"
        );
        pinned(&name, &source, session("400000000000", &format!("Edge{n}/")));
        scenario = scenario.role(Role::new(&arn, &["rolesanywhere.amazonaws.com"]));
        edges.push(arn);
    }
    pinned("keys", &profile("alpha"), USER.to_owned());
    home.write("home/.aws/config", config);
    let certificate = std::fs::read_to_string(home.home("pki/root.pem")).unwrap();
    let scenario = scenario
        .portal(portal)
        .anchor(Anchor { arn: ANCHOR.into(), certificate })
        .anywhere_profile(AnywhereProfile { arn: PROFILE.into(), roles: edges, accepts_session_name: false });
    (projects, Sandbox::start(scenario))
}

/// The person signs in, as by `aws sso login`.
pub fn sign_in(home: &Home, sandbox: &Sandbox) {
    sandbox.revoke();
    home.write(SIGN_IN, sandbox.signed_in(TOKEN).to_string());
}

fn of_team(n: usize) -> String {
    format!("10000000000{n}")
}

fn session(account: &str, role: &str) -> String {
    format!("arn:aws:sts::{account}:assumed-role/{role}")
}

/// A certificate and its key in `~/pki`, by itself or by another.
fn certify(home: &Home, name: &str, extensions: &[&str], by: Option<&str>) {
    let directory = home.home("pki");
    std::fs::create_dir_all(&directory).unwrap();
    let file = |kind: &str| format!("{name}.{kind}");
    let mut command = Command::new("openssl");
    command.args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]);
    command.args([
        "-days",
        "30",
        "-subj",
        &format!("/CN={name}"),
        "-keyout",
        &file("key"),
        "-out",
        &file("pem"),
    ]);
    command.args(extensions.iter().flat_map(|extension| ["-addext", extension]));
    by.into_iter().for_each(|by| {
        command.args(["-CA", &format!("{by}.pem"), "-CAkey", &format!("{by}.key")]);
    });
    let output = command.current_dir(directory).output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}
