//! Samples taken turn by turn, and what they say.

/// One comparison. Times are microseconds, medians over all rounds; the ratio is the median of the rounds'.
pub(crate) struct Row {
    pub(crate) what: String,
    pub(crate) ours: f64,
    pub(crate) against: &'static str,
    pub(crate) theirs: f64,
    pub(crate) ratio: f64,
    pub(crate) bound: Option<f64>,
    /// User and system time of both, where one process is what is measured.
    pub(crate) cpu: Option<(f64, f64)>,
}

impl Row {
    pub(crate) fn of(
        what: String,
        against: &'static str,
        (ours, theirs): (Vec<f64>, Vec<f64>),
        bound: Option<f64>,
    ) -> Self {
        let ratios = ours.iter().zip(&theirs).map(|(ours, theirs)| ours / theirs).collect();
        Self {
            what,
            ours: median(ours),
            against,
            theirs: median(theirs),
            ratio: median(ratios),
            bound,
            cpu: None,
        }
    }

    pub(crate) fn is_broken(&self) -> bool {
        self.bound.is_some_and(|bound| self.ratio > bound)
    }

    /// The bound in words.
    pub(crate) fn promise(&self) -> String {
        let bound =
            self.bound.map_or_else(String::new, |bound| format!(", promised at most {}", times(bound)));
        format!("{}: {} of {}{bound}", self.what, times(self.ratio), self.against)
    }
}

/// One sample of each, and the next round the other way round: what the machine does meanwhile, it does to
/// both, and neither always comes after the other.
pub(crate) fn in_turns(
    rounds: usize,
    mut ours: impl FnMut() -> f64,
    mut theirs: impl FnMut() -> f64,
) -> (Vec<f64>, Vec<f64>) {
    // The first round fills caches.
    ours();
    theirs();
    let round = |round: usize| match round % 2 {
        0 => (ours(), theirs()),
        _ => {
            let theirs = theirs();
            (ours(), theirs)
        }
    };
    (0..rounds).map(round).unzip()
}

/// A markdown table.
pub(crate) fn print(rows: &[Row]) {
    println!(
        "| what | awsenv µs | against | µs | user+sys µs | ratio | bound |\n|---|---|---|---|---|---|---|"
    );
    for row in rows {
        let Row { what, ours, against, theirs, .. } = row;
        let bound = match row.bound {
            None => String::new(),
            Some(bound) if row.is_broken() => format!("≤ {} BROKEN", times(bound)),
            Some(bound) => format!("≤ {}", times(bound)),
        };
        let cpu = row.cpu.map_or_else(String::new, |(ours, theirs)| format!("{ours:.0} / {theirs:.0}"));
        let ratio = times(row.ratio);
        let (ours, theirs) = (micros(*ours), micros(*theirs));
        println!("| {what} | {ours} | {against} | {theirs} | {cpu} | {ratio} | {bound} |");
    }
}

fn micros(time: f64) -> String {
    if time < 100.0 { format!("{time:.1}") } else { format!("{time:.0}") }
}

fn times(ratio: f64) -> String {
    if ratio < 0.2 { format!("1/{:.0}", 1.0 / ratio) } else { format!("{ratio:.2}×") }
}

fn median(mut samples: Vec<f64>) -> f64 {
    samples.sort_by(f64::total_cmp);
    samples[samples.len() / 2]
}
