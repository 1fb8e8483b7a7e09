//! The web console, with all logging on: the keys that sign in, and the token that a browser gets for them, are the
//! secrets of the run. Only what was asked for by `--print` and `--json` holds the token.

use awsenv_sandbox::{Fault, Role, Sandbox, Scenario, User};

use crate::search::{Evidence, Search};
use crate::tour::PLANTED;
use crate::world::{ALL, Env, FILE_KEY, Run, World};

const ME: &str = "arn:aws:iam::111122223333:user/me";
const ONE: &str = "arn:aws:iam::111122223333:role/One";

/// It goes where it is told, and tells nobody what it finds.
const BROWSER: &str = r#"#!/bin/bash
rest=${1#http://}
exec 3<>"/dev/tcp/${rest%%:*}/$(h=${rest%%/*}; printf %s "${h##*:}")"
printf 'GET /%s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n' "${rest#*/}" "${rest%%/*}" >&3
read -r status <&3
printf %s "$status" >"$HOME/visited"
while read -r line <&3; do :; done
"#;

struct Visitor {
    world: World,
    aws: Sandbox,
}

impl Visitor {
    fn of(world: World) -> Self {
        let me = User::new(ME, "AKIAIOSFODNN7EXAMPLE", FILE_KEY);
        let aws = Sandbox::start(Scenario::default().user(me).role(Role::new(ONE, &[ME])));
        world.aws_files(&format!("[profile one]\nrole_arn = {ONE}\nsource_profile = other\n"), "");
        world.write("work/acme/.awsenv", "profile = \"one\"\n");
        awsenv_parts::script::write(&world.path("browser"), BROWSER);
        let settings = format!("browser = \"{}\"\n", world.path("browser").display());
        world.write("config/awsenv/config.toml", settings);
        Self { world, aws }
    }

    fn env(&self) -> Env {
        let mut env = self.world.env();
        env.insert("AWS_ENDPOINT_URL_STS".into(), self.aws.url().into());
        env.insert("AWSENV_FEDERATION_URL".into(), self.aws.url().into());
        env.insert("AWS_MAX_ATTEMPTS".into(), "1".into());
        env
    }

    fn run(&self, command: &str) -> Run {
        let words: Vec<_> = command.split(' ').collect();
        self.world.awsenv("work/acme", &words, &self.env())
    }

    /// Keys that were issued, and tokens that nobody has used: no browser here goes so far.
    fn everything(&self) -> Search {
        let issued = self.aws.calls().into_iter().filter_map(|call| call.issued);
        let sessions = issued.flat_map(|id| self.aws.secrets(&id));
        let all = sessions.chain(self.aws.signin_tokens());
        let all: Vec<_> =
            all.map(|secret| secret.trim_start_matches("IQoJb3JpZ2luX2Vj").to_owned()).collect();
        assert!(!self.aws.signin_tokens().is_empty());
        Search::of(&all.iter().map(String::as_str).chain(ALL).collect::<Vec<_>>())
    }

    fn commands(&self) -> Vec<Evidence> {
        let mut evidence = self.run("allow").evidence();
        for command in
            ["console", "console other", "console --service s3 --region us-west-2", "console --copy"]
        {
            evidence.extend(self.run(command).evidence());
        }
        let visited = std::fs::read_to_string(self.world.path("home/visited")).unwrap();
        assert!(visited.starts_with("HTTP/1.1 303"), "{visited}");
        for command in ["console --print", "console --json", "console other --print"] {
            let run = self.run(command);
            assert!(String::from_utf8_lossy(&run.stdout).contains("SigninToken="), "{command}");
            evidence.extend(run.without_stdout());
        }
        for fault in [
            Fault::Malformed,
            Fault::Missing("SigninToken".into()),
            Fault::Html(200),
            Fault::Html(400),
            Fault::Html(503),
            Fault::Reset,
        ] {
            self.aws.fault("getSigninToken", 1, fault);
            evidence.extend(self.run("console").evidence());
        }
        evidence
    }
}

#[test]
fn nobody_on_the_way_to_the_console_sees_keys_or_token() {
    let visitor = Visitor::of(World::new());
    let mut evidence = visitor.commands();
    evidence.extend(visitor.world.files(&PLANTED));
    let shown =
        |what: &str| evidence.iter().any(|evidence| String::from_utf8_lossy(&evidence.bytes).contains(what));
    for what in ["getSigninToken in us-west-2 at 127.0.0.1:", "/browser\", [", "opens in the browser"] {
        assert!(shown(what), "{what}");
    }
    let leaks = visitor.everything().leaks(&evidence);
    assert!(leaks.is_empty(), "secrets were found:\n{}", leaks.join("\n"));
}

/// As if the browser was given the address itself.
#[test]
fn the_search_finds_a_token_on_a_command_line() {
    let opens =
        "case $1 in console) /bin/true \"$(\"$AWSENV\" \"$@\" --print)\" ;; *) \"$AWSENV\" \"$@\" ;; esac";
    let visitor = Visitor::of(World::leaking(opens));
    visitor.run("allow");
    let evidence = visitor.run("console").evidence();
    let leaks = visitor.everything().leaks(&evidence);
    assert!(leaks.iter().any(|leak| leak.contains("argv")), "{leaks:?}");
}
