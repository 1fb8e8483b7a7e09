//! Calls to AWS, with all logging on: what it issues is the secret of the run. A role on top of another, a code of
//! an MFA device, an external id, answers that make no sense, a renewal that nobody sees.

use awsenv_sandbox::{Fault, Role, Sandbox, Scenario, User};

use crate::search::{Evidence, Search};
use crate::shells::{self, SHELLS};
use crate::tour::{self, PLANTED};
use crate::world::{ALL, Env, FILE_KEY, World};

const ME: &str = "arn:aws:iam::111122223333:user/me";
const DEVICE: &str = "arn:aws:iam::111122223333:mfa/me";
const ONE: &str = "arn:aws:iam::111122223333:role/One";
const TWO: &str = "arn:aws:iam::222222222222:role/Two";
const CODES: [&str; 2] = ["918273", "645546"];
const WRONG_CODE: &str = "372819";
/// Confidential, though no secret to AWS; `explain` shows it, nothing else does.
const EXTERNAL_ID: &str = "ExternalId_planted_uY6tR4eW2qA9sD7f";

/// A world whose profiles are roles, and the AWS that knows them.
struct Cloud {
    world: World,
    aws: Sandbox,
}

impl Cloud {
    fn of(world: World) -> Self {
        let me = User::new(ME, "AKIAIOSFODNN7EXAMPLE", FILE_KEY).mfa(DEVICE, &CODES);
        let one = Role { external_id: Some(EXTERNAL_ID.into()), ..Role::new(ONE, &[ME]) };
        let aws = Sandbox::start(Scenario::default().user(me).role(one).role(Role::new(TWO, &[ONE])));
        let roles = format!(
            "[profile one]\nrole_arn = {ONE}\nsource_profile = other\nexternal_id = {EXTERNAL_ID}\n\
             [profile two]\nrole_arn = {TWO}\nsource_profile = one\nregion = eu-central-1\n\
             [profile careful]\nrole_arn = {ONE}\nsource_profile = other\nexternal_id = {EXTERNAL_ID}\n\
             mfa_serial = {DEVICE}\n"
        );
        world.aws_files(&roles, "");
        world.write("work/acme/.awsenv", "profile = \"two\"\n");
        world.write("config/awsenv/config.toml", "wait = \"30s\"\n");
        Self { world, aws }
    }

    fn env(&self) -> Env {
        let mut env = self.world.env();
        env.insert("AWS_ENDPOINT_URL_STS".into(), self.aws.url().into());
        env.insert("AWSENV_MFA_CODE".into(), CODES[0].into());
        env
    }

    fn run(&self, command: &str) -> crate::world::Run {
        let words: Vec<_> = command.split(' ').collect();
        self.world.awsenv("work/acme", &words, &self.env())
    }

    /// The access key ids of every session issued so far.
    fn issued(&self) -> Vec<String> {
        self.aws.calls().into_iter().filter_map(|call| call.issued).collect()
    }

    /// What nobody else may learn of these sessions.
    fn secrets<'a>(&self, ids: impl IntoIterator<Item = &'a String>) -> Vec<String> {
        let secrets = ids.into_iter().flat_map(|id| self.aws.secrets(id));
        // Every token begins alike, as AWS's do.
        secrets.map(|secret| secret.trim_start_matches("IQoJb3JpZ2luX2Vj").to_owned()).collect()
    }

    /// Everything that must not be found.
    fn everything(&self) -> Search {
        let run = self.secrets(&self.issued());
        let planted = ALL.into_iter().chain(CODES).chain([WRONG_CODE, EXTERNAL_ID]);
        Search::of(&run.iter().map(String::as_str).chain(planted).collect::<Vec<_>>())
    }

    /// What a person reads, and what stays on disk.
    fn commands(&self) -> Vec<Evidence> {
        let mut evidence = Vec::new();
        for command in [
            "allow",
            "exec -- true",
            "exec -- true",
            "status --json",
            "session list",
            "session list --json",
            "refresh",
            "refresh careful",
            "refresh careful",
        ] {
            evidence.extend(self.run(command).evidence());
        }
        // While the device's session is kept, no code is sent.
        evidence.extend(self.run("session clear").evidence());
        let mut env = self.env();
        env.insert("AWSENV_MFA_CODE".into(), WRONG_CODE.into());
        evidence.extend(self.world.awsenv("work/acme", &["refresh", "careful"], &env).evidence());
        for fault in [
            Fault::Malformed,
            Fault::Missing("Expiration".into()),
            Fault::Missing("SecretAccessKey".into()),
            Fault::Html(200),
            Fault::Reset,
            Fault::error(403, "AccessDenied"),
        ] {
            self.aws.fault("AssumeRole", 1, fault);
            evidence.extend(self.run("refresh").evidence());
        }
        evidence.extend(self.kept());
        evidence.extend(self.run("session clear").evidence());
        evidence
    }

    fn kept(&self) -> Vec<Evidence> {
        self.world.files(&PLANTED)
    }

    /// What is meant to hold the last role's session: what is beside it, and those that hold anything else.
    fn answers(&self) -> (Vec<Evidence>, Vec<String>) {
        let (mut evidence, mut answers) = (Vec::new(), Vec::new());
        for command in
            ["exec -- env", "credentials", "credentials two --format process", "credentials --format json"]
        {
            let run = self.run(command);
            answers.push((command.to_owned(), run.stdout.clone()));
            evidence.extend(run.without_stdout());
        }
        for shell in SHELLS {
            evidence.extend(self.run("session clear").evidence());
            // What strace runs is over only when all that it started is: the renewal, too.
            tour::export(&self.world, shell, "work/acme", &self.env(), &mut evidence);
            let (_, set) = tour::export(&self.world, shell, "work/acme", &self.env(), &mut evidence);
            answers.push((format!("export {shell}"), set));
        }
        let wrong = answers.iter().filter_map(|(name, answer)| {
            let given = |id: &&String| answer.windows(id.len()).any(|window| window == id.as_bytes());
            let issued = self.issued();
            let (given, others): (Vec<_>, Vec<_>) = issued.iter().partition(given);
            assert_eq!(given.len(), 1, "{name} gives a session: {}", String::from_utf8_lossy(answer));
            let others = self.secrets(others);
            // A command is handed on what was in the environment before.
            let planted = if name == "exec -- env" { &[FILE_KEY][..] } else { &ALL };
            let search = others.iter().map(String::as_str).chain(CODES).chain([EXTERNAL_ID]);
            let search = search.chain(planted.iter().copied()).collect::<Vec<_>>();
            Search::of(&search).find(answer).map(|found| format!("{name}: {found}"))
        });
        let wrong = wrong.collect();
        (evidence, wrong)
    }

    #[track_caller]
    fn assert_clean(&self, evidence: &[Evidence]) {
        let leaks = self.everything().leaks(evidence);
        assert!(leaks.is_empty(), "secrets were found:\n{}", leaks.join("\n"));
    }
}

fn text<'a>(evidence: &'a [Evidence], place: &str) -> impl Iterator<Item = std::borrow::Cow<'a, str>> {
    let place = place.to_owned();
    evidence
        .iter()
        .filter(move |evidence| evidence.place.contains(&place))
        .map(|evidence| String::from_utf8_lossy(&evidence.bytes))
}

#[test]
fn no_command_that_calls_aws_shows_keeps_or_passes_on_what_it_got() {
    let cloud = Cloud::of(World::new());
    let evidence = cloud.commands();
    let log = text(&evidence, "stderr").collect::<String>();
    assert!(log.contains("debug: AssumeRole in eu-central-1 at 127.0.0.1:"), "the log is on");
    assert!(log.contains("MFA device"), "a code was asked for");
    assert!(evidence.iter().any(|evidence| evidence.place.starts_with("file state/awsenv/sessions/")));
    cloud.assert_clean(&evidence);
}

#[test]
fn what_is_meant_to_hold_a_session_holds_no_other_and_a_renewal_says_nothing() {
    let cloud = Cloud::of(World::new());
    let mut evidence = cloud.run("allow").evidence();
    let (beside, wrong) = cloud.answers();
    assert_eq!(wrong, [""; 0]);
    evidence.extend(beside);
    assert!(text(&evidence, "argv").any(|argv| argv.contains("\"renew\", \"")), "a renewal was seen");
    evidence.extend(cloud.kept());
    cloud.assert_clean(&evidence);
}

#[test]
fn no_shell_that_waits_for_a_renewal_lets_anything_slip() {
    let cloud = Cloud::of(World::new());
    let mut evidence = cloud.run("allow").evidence();
    for shell in SHELLS {
        evidence.extend(cloud.run("session clear").evidence());
        let shown = shells::session(&cloud.world, &cloud.env(), shell, "two", "ASIA");
        assert!(text(&shown, "argv").any(|argv| argv.contains(", \"wait\"]")), "{shell} came to phase 2");
        evidence.extend(shown);
    }
    evidence.extend(cloud.kept());
    cloud.assert_clean(&evidence);
}

/// Each way to leak, planted: the same tour must find it, in the place where it is.
#[test]
fn the_search_finds_what_slips_of_a_session() {
    const RUN: &str = "\"$AWSENV\" \"$@\"";
    const SECRETS: &str = "$(env -u AWSENV_LOG \"$AWSENV\" credentials two --format process)";
    let of = |command: &str, fault: &str| {
        format!("{RUN}\nstatus=$?\n[ \"$1\" != {command} ] || {fault}\nexit $status")
    };
    for (place, script) in [
        (
            "exec -- true (in work/acme) stderr",
            format!("{RUN}\n[ \"$1\" != exec ] || echo \"{SECRETS}\" >&2"),
        ),
        ("refresh (in work/acme) argv", of("refresh", &format!("/bin/true \"{SECRETS}\""))),
        ("refresh careful (in work/acme) stderr", of("refresh", "echo \"TokenCode=$AWSENV_MFA_CODE\" >&2")),
        ("session list (in work/acme) stdout", of("session", &format!("echo \"{SECRETS}\""))),
        (
            "session list (in work/acme) stderr",
            of("session", &format!("echo 'external id {EXTERNAL_ID}' >&2")),
        ),
        (
            "file state/awsenv/sessions/clear",
            of("refresh", &format!("echo \"{SECRETS}\" >\"$XDG_STATE_HOME/awsenv/sessions/clear\"")),
        ),
    ] {
        let cloud = Cloud::of(World::leaking(&script));
        assert_found(&cloud, &cloud.commands(), place);
    }
    let late = of("export", &format!("{{ setsid /bin/true \"{SECRETS}\" & }} >/dev/null 2>&1 </dev/null"));
    for (place, script) in [
        ("export bash 4242 5.2", late),
        ("export fish 4242 5.2", of("export", &format!("echo \"{SECRETS}\" >&2"))),
    ] {
        let cloud = Cloud::of(World::leaking(&script));
        cloud.run("allow");
        assert_found(&cloud, &cloud.answers().0, place);
    }
    let cloud = Cloud::of(World::leaking(&format!(
        "{RUN}\n[ \"$1\" != credentials ] || cat \"$HOME/.aws/credentials\""
    )));
    cloud.run("allow");
    assert!(
        cloud.answers().1.iter().any(|wrong| wrong.starts_with("credentials: ")),
        "a second secret is seen"
    );
}

#[track_caller]
fn assert_found(cloud: &Cloud, evidence: &[Evidence], place: &str) {
    let leaks = cloud.everything().leaks(evidence);
    assert!(leaks.iter().any(|leak| leak.contains(place)), "not found in {place}: {leaks:?}");
}
