//! Signing in to a console session (`aws login`), with all logging on: its keys, refresh tokens, codes, verifiers and its
//! own private key are the secrets of the run. Only the AWS CLI's cache holds any of them.

use awsenv_sandbox::{Consent, Console, Fault, KeyForm, Sandbox, Scenario};

use crate::search::{Evidence, Search};
use crate::shells::{self, SHELLS};
use crate::sso::BROWSER;
use crate::tour::PLANTED;
use crate::world::{ALL, Env, World};

const CACHE: &str = "home/.aws/login/cache";
const FILE: &str =
    "home/.aws/login/cache/6eeec053fe13079aaf7fd81065ec5ecbdb93674f20700e51842d0c769b240c8a.json";

struct Me {
    world: World,
    aws: Sandbox,
    /// Of each private key, the lines that say it.
    keys: Vec<String>,
}

impl Me {
    fn of(world: World) -> Self {
        let aws = Sandbox::start(Scenario::default().console(Console::default()));
        let config =
            "[profile me]\nregion = eu-central-1\nlogin_session = arn:aws:iam::111122223333:user/me\n";
        world.aws_files(config, "");
        world.write("work/acme/.awsenv", "profile = \"me\"\n");
        awsenv_parts::script::write(&world.path("browser"), BROWSER);
        let settings = format!("wait = \"30s\"\nbrowser = \"{}\"\n", world.path("browser").display());
        world.write("config/awsenv/config.toml", settings);
        Self { world, aws, keys: Vec::new() }
    }

    fn env(&self) -> Env {
        let mut env = self.world.env();
        for service in ["STS", "SIGNIN"] {
            env.insert(format!("AWS_ENDPOINT_URL_{service}"), self.aws.url().into());
        }
        env
    }

    fn run(&mut self, command: &str) -> Vec<Evidence> {
        let words: Vec<_> = command.split(' ').collect();
        let evidence = self.world.awsenv("work/acme", &words, &self.env()).evidence();
        if let Some(session) = self.kept() {
            let pem = session["dpopKey"].as_str().unwrap();
            // What begins every key is no secret.
            self.keys.extend(pem.lines().nth(1).map(|line| line[12..].to_owned()));
        }
        evidence
    }

    fn kept(&self) -> Option<serde_json::Value> {
        serde_json::from_slice(&std::fs::read(self.world.path(FILE)).ok()?).ok()
    }

    /// The keys are as they are, but have ended.
    fn end(&self) {
        if let Some(mut session) = self.kept() {
            session["accessToken"]["expiresAt"] = "2020-01-01T00:00:00Z".into();
            self.world.write(FILE, session.to_string());
        }
    }

    fn everything(&self) -> Search {
        let issued = self.aws.calls().into_iter().filter_map(|call| call.issued);
        let sessions = issued.flat_map(|id| self.aws.secrets(&id));
        let sessions = sessions.map(|secret| secret.trim_start_matches("IQoJb3JpZ2luX2Vj").to_owned());
        let mut secrets: Vec<_> = sessions.chain(self.aws.sign_in_secrets()).collect();
        assert!(secrets.len() >= 7 && !self.keys.is_empty(), "{}", secrets.len());
        secrets.extend(self.keys.iter().cloned());
        Search::of(&secrets.iter().map(String::as_str).chain(ALL).collect::<Vec<_>>())
    }

    /// What a person reads on the way in and out, where everything goes well and where it does not.
    fn commands(&mut self) -> Vec<Evidence> {
        let mut evidence = Vec::new();
        for command in ["allow", "status", "exec -- true", "login", "login", "exec -- true"] {
            evidence.extend(self.run(command));
        }
        for command in ["status --json", "explain --json", "session list", "refresh", "login --fresh"] {
            evidence.extend(self.run(command));
        }
        for fault in [
            Fault::Malformed,
            Fault::Missing("accessToken".into()),
            Fault::Missing("refreshToken".into()),
            Fault::Html(200),
            Fault::error(500, "server_error"),
            Fault::error(403, "TOKEN_EXPIRED"),
            Fault::error(400, "INVALID_REQUEST"),
        ] {
            self.end();
            self.aws.fault("CreateOAuth2Token", 3, fault);
            for command in ["session clear", "refresh", "logout", "login", "login", "login"] {
                evidence.extend(self.run(command));
            }
            self.aws.forget_faults();
            evidence.extend(self.run("login"));
        }
        for consent in [Consent::Tampered, Consent::Denied, Consent::Given] {
            self.aws.consent(consent);
            evidence.extend(self.run("login --fresh"));
        }
        evidence.extend(self.run("login --fresh --device-code"));
        let session = self.aws.console_session(-60, KeyForm::Pkcs8);
        self.world.write(FILE, session.to_string().replace("PRIVATE KEY", "KEY"));
        evidence.extend(self.run("exec -- true"));
        self.world.write(FILE, session.to_string().replace("refreshToken", "token"));
        evidence.extend(self.run("exec -- true"));
        evidence.extend(self.run("login"));
        evidence
    }
}

#[test]
fn nobody_who_uses_a_console_session_shows_keeps_or_passes_on_a_secret() {
    let mut me = Me::of(World::new());
    let mut evidence = me.commands();
    for shell in SHELLS {
        evidence.extend(me.run("session clear"));
        me.end();
        evidence.extend(shells::session(&me.world, &me.env(), shell, "me", "ASIA"));
    }
    evidence.extend(me.world.files(&[&PLANTED[..], &[CACHE]].concat()));
    let shown =
        |what: &str| evidence.iter().any(|evidence| String::from_utf8_lossy(&evidence.bytes).contains(what));
    for what in [
        "<h1>Signed in</h1>",
        "CreateOAuth2Token in eu-central-1 at 127.0.0.1:",
        "the keys are renewed",
        "nobody can bring back what the page shows",
    ] {
        assert!(shown(what), "{what}");
    }
    let leaks = me.everything().leaks(&evidence);
    assert!(leaks.is_empty(), "secrets were found:\n{}", leaks.join("\n"));
    evidence.extend(me.world.files(&PLANTED));
    let leaks = me.everything().leaks(&evidence);
    assert!(leaks.iter().all(|leak| leak.contains("login/cache")) && !leaks.is_empty(), "{leaks:?}");
}
