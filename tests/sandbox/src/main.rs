//! `awsenv-sandbox --scenario FILE [--log FILE]`: runs a sandbox until its standard input ends. Prints its URL
//! as one line of JSON once it is ready.
//!
//! Standard input says, line by line, what the person at the browser does from now on (`given`, `pending`,
//! `denied`, `tampered`), or `meet OPERATION`: the next two calls of it are answered once both are there.

use std::fs::File;
use std::io::{BufRead, Write};
use std::time::Duration;

use awsenv_sandbox::{Consent, Sandbox, Scenario};

/// Two calls that do not meet within this time are answered one by one.
const PATIENCE: Duration = Duration::from_secs(20);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let (mut scenario, mut log) = (None, None);
    while let Some(option) = arguments.next() {
        let value = arguments.next().ok_or_else(|| format!("{option} wants a file"))?;
        match option.as_str() {
            "--scenario" => scenario = Some(value),
            "--log" => log = Some(value),
            _ => return Err(format!("{option}: unknown; usage: --scenario FILE [--log FILE]").into()),
        }
    }
    let scenario: Scenario = match scenario {
        Some(path) => serde_json::from_str(&std::fs::read_to_string(path)?)?,
        None => Scenario::default(),
    };
    let sandbox = Sandbox::start(scenario);
    if let Some(path) = log {
        sandbox.log_to(File::create(path)?);
    }
    say(&serde_json::json!({ "url": sandbox.url() }))?;
    for line in std::io::stdin().lock().lines() {
        obey(&line?, &sandbox)?;
        say(&serde_json::Value::Null)?;
    }
    Ok(())
}

fn obey(line: &str, sandbox: &Sandbox) -> Result<(), String> {
    let consent = match line {
        "given" => Consent::Given,
        "pending" => Consent::Pending,
        "denied" => Consent::Denied,
        "tampered" => Consent::Tampered,
        _ => {
            let operation = line.strip_prefix("meet ").ok_or_else(|| format!("{line}: unknown"))?;
            let gate = sandbox.gate(operation);
            std::thread::spawn(move || gate.wait_for(2, PATIENCE));
            return Ok(());
        }
    };
    sandbox.consent(consent);
    Ok(())
}

/// A line that the other side can wait for.
fn say(value: &serde_json::Value) -> std::io::Result<()> {
    let mut stdout = std::io::stdout();
    writeln!(stdout, "{value}")?;
    stdout.flush()
}
