//! What was measured, as a picture: bars on a logarithmic scale, in colours for light and dark pages.

use std::fmt::Write as _;

use awsenv_bench::Row;

use crate::report::{Section, micros};

/// What is drawn: a heading, the rows' name, and what of awsenv is measured.
const CHARTS: [(&str, &str, &str); 5] = [
    ("a prompt where nothing has changed (bash)", "unchanged prompt, bash", "awsenv"),
    ("cd into a directory and out again (bash)", "cd in and out, bash", "awsenv"),
    ("the process behind it", "export, entering", "awsenv export"),
    ("credentials that are kept", "credentials, kept", "awsenv credentials"),
    ("credentials from AWS (on loopback)", "credentials, AssumeRole", "awsenv credentials"),
];

const WIDTH: f64 = 760.0;
/// Names end here, and bars begin.
const LEFT: f64 = 190.0;
/// Room for the last bar's time.
const RIGHT: f64 = 70.0;
const LINE: f64 = 20.0;

/// A bar.
struct Bar<'a> {
    name: &'a str,
    time: f64,
    is_ours: bool,
}

/// Those of our bars and the others' that there are.
pub(crate) fn svg(sections: &[Section]) -> String {
    let charts: Vec<_> = CHARTS
        .iter()
        .map(|(heading, what, ours)| (*heading, bars(sections, what, ours)))
        .filter(|(_, bars)| !bars.is_empty())
        .collect();
    let all = || charts.iter().flat_map(|(_, bars)| bars.iter().map(|bar| bar.time));
    let (first, last) =
        (all().fold(f64::MAX, f64::min).log10().floor(), all().fold(1.0, f64::max).log10().ceil());
    let scale = (WIDTH - LEFT - RIGHT) / (last - first);
    let at = |time: f64| LEFT + (time.log10() - first) * scale;

    let mut marks = String::new();
    let mut y = 10.0;
    for (heading, bars) in &charts {
        y += LINE * 1.3;
        let _ = writeln!(marks, r#"<text class="heading" x="{LEFT}" y="{y}">{heading}</text>"#);
        for bar in bars {
            y += LINE;
            let (class, name, end) =
                (if bar.is_ours { "ours" } else { "theirs" }, escaped(bar.name), at(bar.time));
            let _ = writeln!(
                marks,
                r#"<text class="name" x="{}" y="{y}">{name}</text><rect class="{class}" x="{LEFT}" y="{}" width="{:.1}" height="13" rx="2"/><text x="{:.1}" y="{y}">{}</text>"#,
                LEFT - 8.0,
                y - 11.0,
                (end - LEFT).max(2.0),
                end.max(LEFT + 2.0) + 6.0,
                micros(bar.time),
            );
        }
    }
    y += LINE * 0.8;
    let mut lines = String::new();
    for power in first as i32..=last as i32 {
        let (time, x) = (10f64.powi(power), LEFT + (f64::from(power) - first) * scale);
        let _ = writeln!(
            lines,
            r#"<line x1="{x:.1}" y1="14" x2="{x:.1}" y2="{y}"/><text class="axis" x="{x:.1}" y="{}">{}</text>"#,
            y + 16.0,
            micros(time).replace(".0 ", " "),
        );
    }
    let height = y + 28.0;
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" \
         aria-label=\"What awsenv and others take, on a logarithmic scale\">\n{STYLE}\n{lines}{marks}</svg>\n"
    )
}

/// One grey is readable on white and on black, so that no page has to be asked what it is.
const STYLE: &str = "<style>
text { font: 12px system-ui, sans-serif; fill: #6e7781; }
.heading { font-weight: 600; }
.name { text-anchor: end; }
.axis { text-anchor: middle; font-size: 11px; }
.ours { fill: #2da44e; }
.theirs { fill: #8c959f; }
line { stroke: #8c959f; stroke-opacity: 0.3; }
</style>";

/// The fastest first.
fn bars<'a>(sections: &'a [Section], what: &str, ours: &'a str) -> Vec<Bar<'a>> {
    let rows: Vec<&Row> =
        sections.iter().flat_map(|section| &section.rows).filter(|row| row.what == what).collect();
    let own = rows.first().map(|row| Bar { name: ours, time: row.ours.median, is_ours: true });
    let theirs = rows
        .iter()
        .filter_map(|row| Some(Bar { name: &row.against, time: row.theirs?.median, is_ours: false }));
    let mut bars: Vec<_> = own.into_iter().chain(theirs).collect();
    bars.sort_by(|a, b| a.time.total_cmp(&b.time));
    bars
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}
