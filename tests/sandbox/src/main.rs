//! `awsenv-sandbox --scenario FILE [--log FILE]`: runs a sandbox until its standard input ends. Prints its URL
//! as one line of JSON once it is ready.

use std::fs::File;
use std::io::{Read, Write};

use awsenv_sandbox::{Sandbox, Scenario};

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
    let mut stdout = std::io::stdout();
    writeln!(stdout, "{}", serde_json::json!({ "url": sandbox.url() }))?;
    stdout.flush()?;
    std::io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}
