//! docs/renewal.md: what a person sees while a renewal fails, and after. Each table there is what every shell shows
//! here. `AWSENV_REGENERATE=1 cargo test --test shells renewal_faults` writes the tables anew.

use std::fs;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use awsenv::clock::{self, Timestamp};
use awsenv::credentials::Expiry;
use awsenv::env::Env;
use awsenv::files;
use awsenv::places::Places;
use awsenv::prompt::runtime::Runtime;
use awsenv::session::failure::FailureRecord;
use awsenv::session::store::SessionStore;
use awsenv_sandbox::{Fault, Portal, Role, Sandbox, Scenario, User};

use crate::home::{Home, Rc};
use crate::pty::Terminal;
use crate::shell::{Kind, Shell};

every_shell! {
    sts_is_down it_is_tried_again_ever_more_slowly sts_throttles no_name_can_be_looked_up the_sign_in_is_dead
    the_clock_is_behind the_clock_is_ahead
}

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/renewal.md");
const USER: &str = "arn:aws:iam::111122223333:user/me";
const ROLE: &str = "arn:aws:iam::444455556666:role/Deploy";
const ACCOUNT: &str = "111122223333";
/// `sha1("corp")`, as the AWS CLI names a sign-in's file.
const SIGN_IN: &str = "home/.aws/sso/cache/ee0bfd2552fbd840c02cc48b6e823320543c450f.json";

const HEAD: &str = "| when | the prompt says | its segment | keys |\n|---|---|---|---|\n";

fn sts_is_down(shell: &Shell) {
    let down = || Fault::error(503, "ServiceUnavailable");
    story(
        shell,
        "STS is down",
        "deploy",
        |at| at.sandbox.fault("*", 99, down()),
        |at| at.sandbox.forget_faults(),
    );
}

fn sts_throttles(shell: &Shell) {
    let slower = || Fault::error(400, "Throttling");
    story(
        shell,
        "STS throttles",
        "deploy",
        |at| at.sandbox.fault("*", 99, slower()),
        |at| at.sandbox.forget_faults(),
    );
}

/// On the way to a proxy: its name is looked up like any other, and comes and goes with a variable.
fn no_name_can_be_looked_up(shell: &Shell) {
    let (set, unset) = (shell.export("http_proxy", "http://proxy.invalid:3128"), shell.unset("http_proxy"));
    let run = |at: &mut Scene<'_>, line: &str| drop(at.terminal.run(line));
    story(shell, "No name can be looked up", "deploy", |at| run(at, &set), |at| run(at, &unset));
}

fn the_sign_in_is_dead(shell: &Shell) {
    story(shell, "The sign-in is dead", "dev", |at| at.sandbox.revoke(), |at| sign_in(at.home, at.sandbox));
}

fn the_clock_is_behind(shell: &Shell) {
    the_clock_is_off(shell, "The clock is 20 minutes behind", 1200);
}

fn the_clock_is_ahead(shell: &Shell) {
    the_clock_is_off(shell, "The clock is 20 minutes ahead", -1200);
}

/// AWS's clock is the one that is moved. The SDK signs anew by it.
fn the_clock_is_off(shell: &Shell, title: &str, seconds: i64) {
    let (home, sandbox) = world();
    let mut at = Scene::start(shell, &home, &sandbox);
    at.says(&shell.unset("AWS_MAX_ATTEMPTS"));
    at.says("cd deploy");
    let mut table = HEAD.to_owned();
    for (offset, when) in
        [(seconds, "the session was renewed"), (0, "the clock is right, and it was renewed")]
    {
        sandbox.clock().set_offset(offset);
        // The first is of an hour, and the second 20 minutes shorter where the clock is ahead.
        at.age(Duration::from_secs(if offset == 0 && seconds < 0 { 35 * 60 } else { 55 * 60 }));
        let said = at.says("");
        at.renewals_end();
        let said = said + &at.says("");
        at.age(Duration::from_secs(30));
        let said = said + &at.says("");
        table += &at.row(when, &said);
        let said = at.says("");
        table += &at.row("the next prompt", &said);
    }
    is_on_the_page(title, &table);
}

/// Ten minutes of it, by the pauses that are kept: each is told to be over.
fn it_is_tried_again_ever_more_slowly(shell: &Shell) {
    let (home, sandbox) = world();
    let mut at = Scene::start(shell, &home, &sandbox);
    sandbox.fault("*", 99, Fault::error(503, "ServiceUnavailable"));
    at.says("cd deploy");
    let (mut pauses, mut calls) = (Vec::new(), sandbox.calls().len());
    while pauses.iter().sum::<u64>() < 600 {
        let pause = at.end_the_pause().unwrap();
        let shortest = (5 << pauses.len()).min(300);
        let expected = shortest - 3..=shortest * 5 / 4 + 1;
        assert!(expected.contains(&pause), "{pause} s after {pauses:?}");
        pauses.push(shortest);
        assert_eq!(at.says(""), "", "said once, however often it is tried");
        assert_eq!(at.terminal.text_of("AWS_ACCESS_KEY_ID"), None);
        let now = sandbox.calls().len();
        assert_eq!(now, calls + 1, "one try");
        calls = now;
    }
    let pauses: Vec<_> = pauses.iter().map(u64::to_string).collect();
    is_on_the_page(
        "Ever more slowly",
        &format!("| pauses, in seconds |\n|---|\n| {} |\n", pauses.join(", ")),
    );
    sandbox.forget_faults();
    at.end_the_pause();
    at.says("");
    at.has_good_keys();
}

/// From a good session to its end and beyond, with the trouble from a while before its end; then that is over.
fn story(
    shell: &Shell,
    title: &str,
    directory: &str,
    begin: impl FnOnce(&mut Scene<'_>),
    mend: impl FnOnce(&mut Scene<'_>),
) {
    let (home, sandbox) = world();
    let mut at = Scene::start(shell, &home, &sandbox);
    at.says(&format!("cd {directory}"));
    at.has_good_keys();
    begin(&mut at);
    let mut table = HEAD.to_owned();
    at.age(Duration::from_secs(54 * 60 + 30));
    let said = at.says("");
    at.renewals_end();
    let said = said + &at.says("");
    table += &at.row("the session ends in 5 minutes", &said);
    at.age(Duration::from_secs(5 * 60));
    at.end_the_pause();
    let said = at.says("");
    table += &at.row("it has ended", &said);
    at.prolong_the_pause();
    let calls = sandbox.calls().len();
    let said = at.says("");
    table += &at.row("the next prompt", &said);
    assert_eq!(sandbox.calls().len(), calls, "nobody is asked at each prompt");
    at.end_the_pause();
    let said = at.says("");
    table += &at.row("after a pause", &said);
    mend(&mut at);
    at.end_the_pause();
    let said = at.says("");
    // A while later, so that a slow machine shows the same minute.
    at.age(Duration::from_secs(30));
    let said = said + &at.says("");
    table += &at.row("it is over", &said);
    is_on_the_page(title, &table);
}

/// `deploy/` is a role, `dev/` a role of a sign-in.
fn world() -> (Home, Sandbox) {
    let home = Home::new();
    let user = User::new(USER, "AKIAALPHA", "secret/of+alpha");
    let portal = Portal::default().role(ACCOUNT, "Developer");
    let sandbox =
        Sandbox::start(Scenario::default().user(user).role(Role::new(ROLE, &[USER])).portal(portal));
    let config = format!(
        "[profile alpha]\n[profile deploy]\nrole_arn = {ROLE}\nsource_profile = alpha\nregion = eu-west-1\n\
         [sso-session corp]\nsso_start_url = https://acme.awsapps.com/start\nsso_region = us-east-1\n\
         [profile dev]\nsso_session = corp\nsso_account_id = {ACCOUNT}\nsso_role_name = Developer\nregion = eu-west-1\n"
    );
    home.write("home/.aws/config", config);
    home.write("home/.config/awsenv/config.toml", "wait = \"20s\"\n");
    sign_in(&home, &sandbox);
    home.pin("deploy", "profile = \"deploy\"\n");
    home.pin("dev", "profile = \"dev\"\n");
    (home, sandbox)
}

fn sign_in(home: &Home, sandbox: &Sandbox) {
    home.write(SIGN_IN, sandbox.signed_in(8 * 3600).to_string());
}

/// A shell and its AWS.
struct Scene<'a> {
    home: &'a Home,
    sandbox: &'a Sandbox,
    terminal: Terminal<'a>,
    places: Places,
}

impl<'a> Scene<'a> {
    fn start(shell: &Shell, home: &'a Home, sandbox: &'a Sandbox) -> Self {
        let url = sandbox.url();
        let env = [
            ("AWS_ENDPOINT_URL_STS", url),
            ("AWS_ENDPOINT_URL_SSO", url),
            ("AWS_ENDPOINT_URL_SSO_OIDC", url),
            ("AWS_MAX_ATTEMPTS", "1"),
            // A resolver is asked again in time, where its first answer is lost.
            ("RES_OPTIONS", "timeout:1"),
            ("USER", "me"),
        ];
        let terminal = Terminal::start_with(shell, home, &Rc::default(), &env);
        let places = Places {
            home: home.at("home"),
            settings: home.home(".config/awsenv/config.toml"),
            data: home.home(".local/share/awsenv"),
            state: home.home(".local/state/awsenv"),
            runtime: home.at("run/awsenv"),
        };
        Self { home, sandbox, terminal, places }
    }

    /// What awsenv says between a line and the next prompt. That it is at work depends on how long it takes.
    fn says(&mut self, line: &str) -> String {
        let shown = plain(&self.terminal.run(line));
        // fish draws its line first.
        let said = shown.lines().filter_map(|line| line.find("awsenv: ").map(|at| &line[at..]));
        said.filter(|line| !line.starts_with("awsenv: fetching ")).collect::<Vec<_>>().join("\n")
    }

    fn row(&mut self, when: &str, said: &str) -> String {
        // What a resolver says depends on the machine.
        let said = match said.split_once("AWS cannot be reached: ") {
            Some((before, after)) => {
                let hint = after.split_once("; ").map(|(_, hint)| hint).unwrap_or_default();
                format!("{before}AWS cannot be reached: …; {hint}")
            }
            None => said.to_owned(),
        };
        let shown = plain(&self.terminal.run(match self.terminal.shell.kind {
            Kind::Nu => "print $'(awsenv prompt)|'",
            _ => "awsenv prompt; echo '|'",
        }));
        let segment = shown.lines().find_map(|line| line.strip_suffix('|')).unwrap().to_owned();
        let keys = match self.terminal.text_of("AWS_PROFILE") {
            Some(sentence) => {
                self.terminal.has_no_keys();
                format!("none; `AWS_PROFILE` is `{sentence}`")
            }
            None => {
                self.has_good_keys();
                "the session's".to_owned()
            }
        };
        let code = |text: &str| {
            if text.is_empty() { "nothing".to_owned() } else { format!("`{}`", text.replace('`', "'")) }
        };
        format!("| {when} | {} | {} | {keys} |\n", code(&said), code(&segment))
    }

    /// They are whole, and AWS gave them out.
    #[track_caller]
    fn has_good_keys(&mut self) {
        let environment = self.terminal.environment();
        let text = |name: &str| Some(String::from_utf8_lossy(environment.get(name)?).into_owned());
        let secret = text("AWS_SECRET_ACCESS_KEY");
        let id = text("AWS_ACCESS_KEY_ID").unwrap_or_else(|| panic!("no keys\n{}", self.terminal.scene()));
        assert!(self.sandbox.secrets(&id).first() == secret.as_ref(), "{}", self.terminal.scene());
    }

    /// Every session made so much older, as if that time had gone by.
    fn age(&self, by: Duration) {
        let earlier = |instant: Timestamp| instant.checked_sub(by).unwrap();
        let store = SessionStore::new(&self.places);
        for (key, mut session) in store.list() {
            session.issued = earlier(session.issued);
            session.credentials.expiry = session.credentials.expiry.map(|expiry| Expiry(earlier(expiry.0)));
            store.save(&key, &session).unwrap();
        }
        self.tell_shells();
    }

    /// The pause after the last failure, as if it were over; how many seconds it was to take.
    fn end_the_pause(&self) -> Option<u64> {
        self.pauses_end(clock::now().checked_sub(Duration::from_secs(10)).unwrap())
    }

    /// As if it took an hour: a slow machine is not to see its end.
    fn prolong_the_pause(&self) {
        self.pauses_end(clock::now().checked_add(Duration::from_secs(3600)).unwrap());
    }

    fn pauses_end(&self, again: Timestamp) -> Option<u64> {
        let mut pause = None;
        for entry in fs::read_dir(self.places.state.join("failures")).ok()? {
            let path = entry.unwrap().path();
            let mut record: FailureRecord = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
            let kept = Timestamp::try_from(fs::metadata(&path).unwrap().modified().unwrap()).unwrap();
            let until = clock::parse(&record.again).unwrap();
            pause = u64::try_from(until.as_second() - kept.as_second()).ok();
            record.again = clock::rfc3339(again);
            files::write_private(&path, &serde_json::to_vec(&record).unwrap()).unwrap();
        }
        self.tell_shells();
        pause
    }

    fn tell_shells(&self) {
        Runtime::open(&self.places).unwrap().renew_token().unwrap();
    }

    /// Each holds its session's lock from before the prompt's answer to its end.
    fn renewals_end(&self) {
        for entry in fs::read_dir(self.places.state.join("sessions")).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|kind| kind == "lock") {
                drop(files::lock(&path).unwrap());
            }
        }
    }
}

/// Without what moves a cursor and switches the modes of a terminal.
fn plain(shown: &str) -> String {
    let mut parts = shown.split("\x1b[");
    let first = parts.next().unwrap_or_default().to_owned();
    let rest = parts
        .map(|part| part.trim_start_matches(|c: char| !c.is_ascii_alphabetic()).get(1..).unwrap_or_default());
    rest.fold(first, |text, part| text + part).replace('\r', "")
}

/// The chapter's table is this one.
#[track_caller]
fn is_on_the_page(title: &str, table: &str) {
    static PEN: Mutex<()> = Mutex::new(());
    let _pen = PEN.lock().unwrap_or_else(PoisonError::into_inner);
    let page = fs::read_to_string(PAGE).unwrap();
    let (before, rest) =
        page.split_once(&format!("\n## {title}\n")).unwrap_or_else(|| panic!("no chapter {title}"));
    let chapter = rest.split("\n## ").next().unwrap();
    let written: String =
        chapter.lines().filter(|line| line.starts_with('|')).map(|line| format!("{line}\n")).collect();
    if Env::of_this_process().text("AWSENV_REGENERATE").is_some() {
        let text: String =
            chapter.lines().filter(|line| !line.starts_with('|')).map(|line| format!("{line}\n")).collect();
        let after = &rest[chapter.len()..];
        let end = if after.is_empty() { "" } else { "\n" };
        fs::write(
            PAGE,
            format!(
                "{before}\n## {title}\n{}\n\n{table}{end}{}",
                text.trim_end(),
                after.trim_start_matches('\n')
            ),
        )
        .unwrap();
        return;
    }
    assert_eq!(written, table);
}
