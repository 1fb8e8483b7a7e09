//! What was measured, as tables.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use awsenv_bench::{Row, Spread};

/// What belongs together.
pub(crate) struct Section {
    pub(crate) title: &'static str,
    pub(crate) rows: Vec<Row>,
}

/// All of it; `machine`: on what it was measured.
pub(crate) fn text(sections: &[Section], machine: &str) -> String {
    let mut text = format!("{machine}\n\n{}\n", verdict(sections));
    for section in sections {
        let _ = write!(text, "\n### {}\n\n{}", section.title, table(&section.rows));
    }
    text
}

/// Between the marks of README.md, and beside the other documents.
pub(crate) fn write(text: &str, plot: &str) {
    const BEGIN: &str = "<!-- table -->\n";
    const END: &str = "<!-- end -->";
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = root.join("benches/README.md");
    let old = fs::read_to_string(&readme).expect("benches/README.md is there");
    let (before, rest) = old.split_once(BEGIN).expect("it has the first mark");
    let (_, after) = rest.split_once(END).expect("it has the second mark");
    fs::write(&readme, format!("{before}{BEGIN}{text}{END}{after}")).expect("it is written");
    fs::write(root.join("docs/cost.svg"), plot).expect("docs/cost.svg is written");
}

/// Which promises were kept, before anybody has to look for them.
fn verdict(sections: &[Section]) -> String {
    let list = |which: fn(&Row) -> bool, none: &str, some: &str| {
        let rows = sections.iter().flat_map(|section| &section.rows);
        let those: Vec<_> =
            rows.filter(|row| which(row)).map(|row| format!("\n- {}", promise(row))).collect();
        if those.is_empty() { none.to_owned() } else { format!("{some}\n{}", those.concat()) }
    };
    let bounds = list(Row::is_broken, "Every bound is kept.", "**Bounds that are broken:**");
    let goals = list(Row::misses_its_goal, "Every goal is reached.", "Goals that are missed:");
    format!("{bounds}\n\n{goals}")
}

/// A row in a sentence.
pub(crate) fn promise(row: &Row) -> String {
    let ratio = row.ratio.map_or("not measured".to_owned(), |ratio| times(ratio.median));
    let bound = row.bound.map_or_else(String::new, |bound| format!(", bound {}", times(bound)));
    let goal = row.goal.map_or_else(String::new, |goal| format!(", goal {}", times(goal)));
    format!("{}: {ratio} of {}{bound}{goal}", row.what, row.against)
}

/// A markdown table.
pub(crate) fn table(rows: &[Row]) -> String {
    let mut text = String::from(
        "| what | awsenv | against | it takes | ratio | CPU, awsenv / it | bound | goal |\n\
         |---|---|---|---|---|---|---|---|\n",
    );
    for row in rows {
        let Row { what, against, .. } = row;
        let theirs = row.theirs.map_or("not here".to_owned(), spread);
        let ratio = row.ratio.map_or_else(String::new, |Spread { low, median, high }| {
            format!("**{}** ({}–{})", times(median), times(low), times(high))
        });
        let cpu = row
            .cpu
            .map_or_else(String::new, |(ours, theirs)| format!("{} / {}", micros(ours), micros(theirs)));
        let limit = |limit: Option<f64>, is_above: bool, words: [&str; 2]| {
            let said = if row.ratio.is_none() { "" } else { words[usize::from(is_above)] };
            limit.map_or_else(String::new, |limit| format!("{} {said}", times(limit)).trim_end().to_owned())
        };
        let bound = limit(row.bound, row.is_broken(), ["kept", "**broken**"]);
        let goal = limit(row.goal, row.misses_its_goal(), ["reached", "**missed**"]);
        let ours = spread(row.ours);
        let _ =
            writeln!(text, "| {what} | {ours} | {against} | {theirs} | {ratio} | {cpu} | {bound} | {goal} |");
    }
    text
}

fn spread(Spread { low, median, high }: Spread) -> String {
    let (size, unit) = unit(median);
    let [low, median, high] = [low, median, high].map(|time| digits(time / size));
    format!("**{median} {unit}** ({low}–{high})")
}

/// A time in the unit that people would use.
pub(crate) fn micros(time: f64) -> String {
    let (size, unit) = unit(time);
    format!("{} {unit}", digits(time / size))
}

fn unit(time: f64) -> (f64, &'static str) {
    match time {
        _ if time < 999.5 => (1.0, "µs"),
        _ if time < 999_500.0 => (1e3, "ms"),
        _ => (1e6, "s"),
    }
}

fn digits(value: f64) -> String {
    if value < 9.95 { format!("{value:.1}") } else { format!("{value:.0}") }
}

/// How many times as much; a part of it as `1/N`.
fn times(ratio: f64) -> String {
    if ratio < 0.95 {
        format!("1/{}", digits(1.0 / ratio).trim_end_matches(".0"))
    } else {
        format!("{ratio:.2}×")
    }
}
