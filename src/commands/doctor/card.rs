//! How the findings are shown: a line each, and below it what to do.

use std::io::IsTerminal;

use serde::Serialize;

use super::super::drawing::Canvas;
use super::{Finding, Verdict};
use crate::message::printable;
use crate::prompt::segment::{Look, Reader};
use crate::world::{self, World};

/// What stands before a finding: its mark, and the check.
const BEFORE: usize = 14;

/// The documented schema of `--json` (docs/json.md).
#[derive(Serialize)]
struct Told<'a> {
    /// Whether nothing is broken.
    healthy: bool,
    findings: &'a [Finding],
}

/// Prints them.
pub(super) fn print(findings: &[Finding], json: bool, world: &World) -> anyhow::Result<()> {
    if json {
        let healthy = !findings.iter().any(|finding| finding.result == Verdict::Broken);
        let told = Told { healthy, findings };
        return world::out(format!("{}\n", serde_json::to_string_pretty(&told)?).as_bytes());
    }
    let reader = if std::io::stdout().is_terminal() { Reader::Terminal } else { Reader::Plain };
    let look = Look::of(reader, &world.env, world.settings.colours);
    let canvas = Canvas::of_stdout(&world.env, world.settings.colours);
    // In a pipe a finding is one line, however long.
    let broken = |text: &str| canvas.map_or(vec![text.to_owned()], |canvas| canvas.broken(text, BEFORE));
    world::out(card(findings, look.is_ascii(), look.has_colours(), broken).as_bytes())
}

fn card(findings: &[Finding], ascii: bool, colours: bool, broken: impl Fn(&str) -> Vec<String>) -> String {
    let mut text = String::new();
    for Finding { check, result, seen, fix } in findings {
        let mark = mark(*result, ascii, colours);
        let seen = broken(&printable(seen)).join(&format!("\n{:BEFORE$}", ""));
        text.push_str(&format!("{mark} {:<11} {seen}\n", name(*check)));
        // Whole, since it is copied.
        if let Some(fix) = fix {
            text.push_str(&format!("{:BEFORE$}fix: {}\n", "", printable(fix)));
        }
    }
    let count = |verdict| findings.iter().filter(|finding| finding.result == verdict).count();
    let sum = match (count(Verdict::Broken), count(Verdict::Warning)) {
        (0, 0) => "nothing is broken".to_owned(),
        (0, warnings) => format!("nothing is broken; {}", of(warnings, "warning")),
        (broken, 0) => format!("{broken} broken"),
        (broken, warnings) => format!("{broken} broken; {}", of(warnings, "warning")),
    };
    text + &sum + "\n"
}

/// As the command line spells it.
fn name(check: super::Check) -> String {
    use clap::ValueEnum;
    check.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
}

fn of(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

fn mark(verdict: Verdict, ascii: bool, colours: bool) -> String {
    let (sign, plain, code) = match verdict {
        Verdict::Ok => ("✓", "+", 32),
        Verdict::Note => ("·", "-", 36),
        Verdict::Warning => ("!", "!", 33),
        Verdict::Broken => ("✗", "x", 31),
    };
    let sign = if ascii { plain } else { sign };
    if colours { format!("\x1b[{code}m{sign}\x1b[0m") } else { sign.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::super::Check;
    use super::*;

    fn whole(text: &str) -> Vec<String> {
        vec![text.to_owned()]
    }

    #[test]
    fn each_finding_has_its_mark_and_its_fix_and_the_sum_comes_last() {
        let findings = [
            Finding::ok(Check::Hook, "loaded"),
            Finding::note(Check::Peers, "direnv"),
            Finding::warning(Check::Variables, "a\x1b[2J", "unset it"),
            Finding::broken(Check::Config, "x:1", "mend it"),
        ];
        assert_eq!(
            card(&findings, false, false, whole),
            "✓ hook        loaded
· peers       direnv
! variables   a\\u{1b}[2J
              fix: unset it
✗ config      x:1
              fix: mend it
1 broken; 1 warning\n"
        );
        assert!(card(&findings, true, false, whole).is_ascii());
        assert!(card(&findings, false, true, whole).contains("\x1b[31m✗\x1b[0m"));
        let words = |text: &str| text.split(' ').map(str::to_owned).collect();
        let long = [Finding::ok(Check::Hook, "so long")];
        assert!(card(&long, true, false, words).starts_with("+ hook        so\n              long\n"));
        assert!(card(&findings[..2], false, false, whole).ends_with("nothing is broken\n"));
    }
}
