//! Signing in, with all logging on: tokens, codes, verifiers and clients' secrets are the secrets of the run. Only
//! the AWS CLI's cache holds any of them, and not even that where tokens are sealed.

use awsenv_sandbox::{Consent, Fault, Portal, Sandbox, Scenario};

use crate::search::{Evidence, Search};
use crate::shells::{self, SHELLS};
use crate::tour::PLANTED;
use crate::world::{ALL, Env, Run, SLIP, World};

const CACHE: &str = "home/.aws/sso/cache";

/// A browser that goes where it is sent, and keeps the page it is shown.
pub(crate) const BROWSER: &str = r#"#!/bin/bash
visit() {
    local rest=${1#http://} line
    exec 3<>"/dev/tcp/${rest%%:*}/$(h=${rest%%/*}; printf %s "${h##*:}")"
    printf 'GET /%s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n' "${rest#*/}" "${rest%%/*}" >&3
    while IFS= read -r line <&3 || [ -n "$line" ]; do
        line=${line%$'\r'}
        case $line in location:*) next=${line#location: } ;; esac
        page+=$line$'\n'
    done
}
next='' page=''
visit "$1"
page=''
[ -z "$next" ] || visit "$next"
printf %s "$page" >"$HOME/page"
"#;

struct Corp {
    world: World,
    aws: Sandbox,
}

impl Corp {
    fn of(world: World, settings: &str) -> Self {
        let aws =
            Sandbox::start(Scenario::default().portal(Portal::default().role("111122223333", "Developer")));
        // Secrets right above the block that `sso populate` owns, and in a profile that it takes out of there.
        let block = format!(
            "[profile above]\ncredential_process = print {SLIP}\n\
             # BEGIN awsenv sso populate corp\n[profile gone]\nsso_session = corp\n\
             sso_account_id = 444455556666\nsso_role_name = Admin\ns3 =\n  x = {SLIP}\n# {SLIP}\noutput = {SLIP}\n\
             # END awsenv sso populate corp\n"
        );
        world.aws_files(
            &("[sso-session corp]\nsso_start_url = https://acme.awsapps.com/start\nsso_region = us-east-1\n\
             [profile dev]\nsso_session = corp\nsso_account_id = 111122223333\nsso_role_name = Developer\n\
             region = eu-central-1\n\
             [profile admin]\nsso_session = corp\nsso_account_id = 111122223333\nsso_role_name = Admin\n"
                .to_owned()
                + &block),
            "",
        );
        world.write("work/acme/.awsenv", "profile = \"dev\"\n");
        awsenv_parts::script::write(&world.path("browser"), BROWSER);
        let browser = world.path("browser");
        let settings = format!("wait = \"30s\"\nbrowser = \"{}\"\n{settings}", browser.display());
        world.write("config/awsenv/config.toml", settings);
        Self { world, aws }
    }

    fn env(&self) -> Env {
        let mut env = self.world.env();
        for service in ["STS", "SSO", "SSO_OIDC"] {
            env.insert(format!("AWS_ENDPOINT_URL_{service}"), self.aws.url().into());
        }
        env
    }

    fn run(&self, command: &str) -> Run {
        let words: Vec<_> = command.split(' ').collect();
        self.world.awsenv("work/acme", &words, &self.env())
    }

    fn everything(&self) -> Search {
        let issued = self.aws.calls().into_iter().filter_map(|call| call.issued);
        let sessions = issued.flat_map(|id| self.aws.secrets(&id));
        let sessions = sessions.map(|secret| secret.trim_start_matches("IQoJb3JpZ2luX2Vj").to_owned());
        let secrets: Vec<_> = sessions.chain(self.aws.sign_in_secrets()).collect();
        assert!(
            secrets.len() >= 7,
            "token and refresh token, client, code, verifier, session: {}",
            secrets.len()
        );
        Search::of(&secrets.iter().map(String::as_str).chain(ALL).collect::<Vec<_>>())
    }

    /// The token file, as it is, but about to end.
    fn age(&self) {
        let name = std::fs::read_dir(self.world.path(CACHE)).unwrap().map(|entry| entry.unwrap().path());
        for path in name {
            let mut token: serde_json::Value =
                serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
            if token["accessToken"].is_string() {
                token["expiresAt"] = "2020-01-01T00:00:00Z".into();
                std::fs::write(path, token.to_string()).unwrap();
            }
        }
    }

    /// What a person reads on the way in and out, where everything goes well and where it does not.
    fn commands(&self) -> Vec<Evidence> {
        let mut evidence = Vec::new();
        let mut say = |command: &str| evidence.extend(self.run(command).evidence());
        for command in [
            "allow",
            "status",
            "exec -- true",
            "login",
            "login",
            "exec -- true",
            "status --json",
            "explain --json",
            "exec admin -- true",
            "session list",
            "refresh",
            "sso accounts",
            "sso roles",
            "sso populate --prune --dry-run",
            "sso populate --prune",
            "login --fresh",
        ] {
            say(command);
        }
        for fault in [
            Fault::Malformed,
            Fault::Missing("accessToken".into()),
            Fault::Missing("expiresIn".into()),
            Fault::Html(200),
            Fault::error(500, "InternalServerException"),
            Fault::error(400, "InvalidGrantException"),
        ] {
            self.age();
            self.aws.fault("CreateToken", 3, fault);
            say("refresh");
            say("logout");
            // What was not used up.
            for _ in 0..3 {
                say("login");
            }
        }
        for fault in [
            Fault::Malformed,
            Fault::Missing("secretAccessKey".into()),
            Fault::error(401, "UnauthorizedException"),
        ] {
            self.aws.fault("GetRoleCredentials", 1, fault);
            say("refresh");
            say("login");
        }
        for fault in
            [Fault::Malformed, Fault::Missing("roleList".into()), Fault::error(401, "UnauthorizedException")]
        {
            self.aws.fault("ListAccountRoles", 1, fault);
            say("sso populate");
            say("login");
        }
        self.aws.consent(Consent::Tampered);
        say("login --fresh");
        self.aws.consent(Consent::Denied);
        say("login --fresh --device-code");
        self.aws.consent(Consent::Given);
        say("login --device-code");
        self.aws.fault("Logout", 1, Fault::Html(200));
        say("logout");
        say("login");
        evidence
    }
}

fn assert_clean(corp: &Corp, evidence: &[Evidence]) {
    let leaks = corp.everything().leaks(evidence);
    assert!(leaks.is_empty(), "secrets were found:\n{}", leaks.join("\n"));
}

#[test]
fn nobody_who_signs_in_shows_keeps_or_passes_on_a_secret() {
    let corp = Corp::of(World::new(), "");
    let mut evidence = corp.commands();
    for shell in SHELLS {
        evidence.extend(corp.run("session clear").evidence());
        evidence.extend(shells::session(&corp.world, &corp.env(), shell, "dev", "ASIA"));
    }
    evidence.extend(corp.world.files(&[&PLANTED[..], &[CACHE]].concat()));
    let shown =
        |what: &str| evidence.iter().any(|evidence| String::from_utf8_lossy(&evidence.bytes).contains(what));
    for what in [
        "-output = …",
        "took 1 profile out of",
        "<h1>Signed in</h1>",
        "CreateToken in us-east-1 at 127.0.0.1:",
        "the sign-in is renewed",
    ] {
        assert!(shown(what), "{what}");
    }
    assert_clean(&corp, &evidence);
    evidence.extend(corp.world.files(&PLANTED));
    assert!(!corp.everything().leaks(&evidence).is_empty(), "the AWS CLI's cache holds the token");
}

#[test]
fn sealed_tokens_are_nowhere_in_the_clear() {
    let corp = Corp::of(World::new(), "sso_cache = \"sealed\"\n");
    let mut evidence = Vec::new();
    for command in ["allow", "login", "exec -- true", "status", "login --device-code --fresh", "exec -- true"]
    {
        evidence.extend(corp.run(command).evidence());
    }
    evidence.extend(corp.world.files(&PLANTED));
    assert!(evidence.iter().any(|evidence| evidence.place.starts_with("file state/awsenv/sso/sealed/")));
    assert_clean(&corp, &evidence);
}

/// Each way to leak, planted: the same tour must find it, in the place where it is.
#[test]
fn the_search_finds_what_slips_of_a_sign_in() {
    const RUN: &str = "\"$AWSENV\" \"$@\"\nstatus=$?";
    let of = |command: &str, fault: &str| format!("{RUN}\n[ \"$1\" != {command} ] || {fault}\nexit $status");
    for (place, script) in [
        ("status (in work/acme) stderr", of("status", "cat \"$HOME\"/.aws/sso/cache/* >&2")),
        ("exec -- true (in work/acme) argv", of("exec", "/bin/true \"$(cat \"$HOME\"/.aws/sso/cache/*)\"")),
        ("file state/kept", of("exec", "cat \"$HOME\"/.aws/sso/cache/* >\"$XDG_STATE_HOME\"/kept")),
    ] {
        let corp = Corp::of(World::leaking(&script), "");
        let mut evidence = Vec::new();
        for command in ["allow", "login", "exec -- true", "status"] {
            evidence.extend(corp.run(command).evidence());
        }
        evidence.extend(corp.world.files(&[&PLANTED[..], &[CACHE]].concat()));
        let leaks = corp.everything().leaks(&evidence);
        assert!(leaks.iter().any(|leak| leak.contains(place)), "not found in {place}: {leaks:?}");
    }
}
