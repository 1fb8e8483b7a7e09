//! `AWSENV_LOG`: what the program does, for whoever looks for a fault: on stderr, one line an event. Only events
//! of our own come here. The SDK's go by way of `tracing`, where nobody listens: they hold signatures, tokens
//! and bodies.

use std::io::Write;

use log::{Level, Log, Metadata, Record};

use crate::clock;
use crate::env::Env;
use crate::message::{printable, shown};

/// Logs from here on, if the user asks for it. A word that is no level is said, and nothing else comes of it.
pub fn start(env: &Env) {
    let Some(asked) = env.get("AWSENV_LOG").filter(|asked| !asked.is_empty()) else { return };
    let asked = asked.to_string_lossy();
    match asked.parse::<Level>() {
        Ok(level) if log::set_logger(&Stderr).is_ok() => {
            log::set_max_level(level.to_level_filter());
            log::debug!("this is awsenv {}", env!("CARGO_PKG_VERSION"));
        }
        Ok(_) => {}
        Err(_) => write(&format!(
            "awsenv: AWSENV_LOG={}: unknown level; known levels: error, warn, info, debug, trace",
            shown(&asked)
        )),
    }
}

struct Stderr;

impl Log for Stderr {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        // A crate we use may speak to `log` one day, too.
        metadata.target().split("::").next() == Some(env!("CARGO_CRATE_NAME"))
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            let time = clock::now().strftime("%H:%M:%S%.3fZ");
            let level = record.level().as_str().to_ascii_lowercase();
            write(&printable(&format!("awsenv: {time} {level}: {}", record.args())));
        }
    }

    fn flush(&self) {}
}

/// In one piece, so that the lines of two processes do not mix; nobody there is fine.
fn write(line: &str) {
    let _ = std::io::stderr().lock().write_all(format!("{line}\n").as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_events_of_our_own_pass() {
        let passes = |target| Stderr.enabled(&Metadata::builder().target(target).level(Level::Error).build());
        assert!(passes("awsenv") && passes("awsenv::clock"));
        assert!(!passes("aws_smithy_runtime::client") && !passes("rustls") && !passes("awsenv_sandbox"));
    }
}
