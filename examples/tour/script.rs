//! The tour step by step: what is typed, what came of it, and whether that is what it should be.

use std::fs;

use anyhow::{Context, ensure};
use awsenv::env::Env;

use crate::say;
use crate::stage::Stage;
use crate::terminal::Terminal;

/// Plays it to the end, or to the first step that does not hold.
pub(crate) fn play(stage: &Stage) -> anyhow::Result<()> {
    let mut tour = Tour { stage, terminal: Terminal::start(stage)?, place: "~" };

    tour.tell("A directory pins a role. A file that nobody has looked at counts for nothing.")?;
    tour.place = "~/acme";
    let shown = tour.step_from("~", "cd acme")?;
    tour.check(shown.contains("acme/.awsenv is not allowed"), "awsenv says so, once")?;
    let env = tour.environment()?;
    tour.check(env.get("AWS_ACCESS_KEY_ID").is_none(), "no credentials")?;

    tour.tell("Look at it, and let it count. The session is fetched while the prompt waits for it.")?;
    tour.step("cat .awsenv")?;
    let shown = tour.step("awsenv allow")?;
    tour.check(shown.contains("awsenv: allowed ~/acme/.awsenv"), "it is allowed, as it is now")?;
    let env = tour.environment()?;
    tour.is_deploy(&env)?;
    tour.check(env.text("AWSENV_ACCOUNT") == Some("444455556666"), "of the account the file asks for")?;
    tour.step("awsenv status")?;
    tour.step("awsenv explain")?;

    tour.tell(
        "A session is renewed before it ends. AWS's clock is moved, so that the next one lasts ten seconds.",
    )?;
    stage.sandbox.clock().set_offset(-890);
    tour.step("awsenv refresh")?;
    stage.sandbox.clock().set_offset(0);
    let short = key_of(&tour.environment()?)?;
    tour.check(short != key_of(&env)?, "the shell has the new session at once")?;
    let mut prompts = 0;
    let renewed = loop {
        // A prompt, as if Enter was pressed now and then.
        tour.terminal.run("read -r -t 0.5 <> <(:)")?;
        prompts += 1;
        let env = tour.environment()?;
        if key_of(&env)? != short {
            break env;
        }
        ensure!(prompts < 100, "the session was not renewed");
    };
    tour.is_deploy(&renewed)?;
    let told = format!("in none of {prompts} prompts was the shell without keys");
    tour.check(prompts > 0, &told)?;
    tour.step("awsenv session list")?;

    tour.tell("The file changes, as by a `git pull`: no credentials before you have looked at it.")?;
    let shown = tour.step("echo '# edit' >> .awsenv")?;
    tour.check(shown.contains("has changed since it was allowed"), "awsenv says so")?;
    let env = tour.environment()?;
    tour.check(env.get("AWS_ACCESS_KEY_ID").is_none(), "the keys are gone")?;
    let sentence = env.text("AWS_PROFILE").unwrap_or_default();
    tour.check(sentence.contains("run awsenv allow"), "AWS clients that still try show what to do")?;
    tour.step("awsenv allow")?;
    let env = tour.environment()?;
    tour.is_deploy(&env)?;

    tour.tell("Leave, and everything is as it was.")?;
    tour.place = "~";
    let shown = tour.step_from("~/acme", "cd ..")?;
    tour.check(shown.is_empty(), "without a word")?;
    let env = tour.environment()?;
    let left: Vec<_> =
        env.iter().filter_map(|(name, _)| name.to_str()).filter(|name| name.starts_with("AWS")).collect();
    tour.check(left == ["AWS_ENDPOINT_URL_STS"], "nothing is left but what was there before")?;

    let calls = stage.sandbox.calls().len();
    say(&format!("\nThat was the tour: {calls} calls to AWS, all on loopback. The scratch home is gone."))
}

struct Tour<'a> {
    stage: &'a Stage,
    terminal: Terminal,
    /// Where the shell is, for the reader.
    place: &'static str,
}

impl Tour<'_> {
    fn tell(&self, text: &str) -> anyhow::Result<()> {
        say(&format!("\n# {text}"))
    }

    fn step(&mut self, line: &str) -> anyhow::Result<String> {
        self.step_from(self.place, line)
    }

    fn step_from(&mut self, place: &str, line: &str) -> anyhow::Result<String> {
        say(&format!("{place} $ {line}"))?;
        let home = self.stage.home();
        let shown = self.terminal.run(line)?.replace(home.to_str().context("home is text")?, "~");
        if !shown.is_empty() {
            say(shown.trim_end())?;
        }
        Ok(shown)
    }

    fn check(&self, holds: bool, what: &str) -> anyhow::Result<()> {
        ensure!(holds, "this did not hold: {what}");
        say(&format!("  ✓ {what}"))
    }

    /// What a command started now would have. It goes through a file: no secret is shown.
    fn environment(&mut self) -> anyhow::Result<Env> {
        let file = self.stage.home().join("environment");
        self.terminal.run("command env -0 > ~/environment")?;
        let bytes = fs::read(&file).context("the shell did not write its environment")?;
        fs::remove_file(&file)?;
        let text = String::from_utf8(bytes)?;
        Ok(text.split('\0').filter_map(|pair| pair.split_once('=')).collect())
    }

    /// The keys are those of the pinned role, in AWS's eyes.
    fn is_deploy(&self, env: &Env) -> anyhow::Result<()> {
        let secret = env.text("AWS_SECRET_ACCESS_KEY").unwrap_or_default();
        let token = env.text("AWS_SESSION_TOKEN");
        let arn = self.stage.sandbox.verify(&key_of(env)?, secret, token).unwrap_or_default();
        let role = "arn:aws:sts::444455556666:assumed-role/Deploy/";
        self.check(arn.starts_with(role), &format!("AWS takes these keys for {arn}"))
    }
}

fn key_of(env: &Env) -> anyhow::Result<String> {
    env.text("AWS_ACCESS_KEY_ID").map(str::to_owned).context("there are no keys in the shell")
}
