//! Samples taken turn by turn, and what they say.

type Sampler<'a> = Box<dyn FnMut() -> f64 + 'a>;

/// What is to be measured in turns: ours first, then what it is compared with.
pub struct Comparison<'a> {
    what: String,
    ours: Sampler<'a>,
    theirs: Vec<Contender<'a>>,
    is_a_process: bool,
}

struct Contender<'a> {
    name: String,
    /// `None`: it is not here.
    sample: Option<Sampler<'a>>,
    bound: Option<f64>,
    goal: Option<f64>,
}

/// One comparison. Times are microseconds.
#[derive(Debug)]
pub struct Row {
    /// What was done.
    pub what: String,
    /// By awsenv.
    pub ours: Spread,
    /// Compared with what.
    pub against: String,
    /// What that takes. `None`: it is not here.
    pub theirs: Option<Spread>,
    /// Ours to theirs, by the rounds.
    pub ratio: Option<Spread>,
    /// User and system time of both, where a process is what is measured.
    pub cpu: Option<(f64, f64)>,
    /// The ratio is at most this, or the bench fails.
    pub bound: Option<f64>,
    /// The ratio should be at most this.
    pub goal: Option<f64>,
}

/// The middle of many samples, and where a quarter and three quarters of them lie.
#[derive(Clone, Copy, Debug)]
pub struct Spread {
    /// A quarter is below.
    pub low: f64,
    /// Half.
    pub median: f64,
    /// A quarter is above.
    pub high: f64,
}

impl<'a> Comparison<'a> {
    /// Ours, by a function that gives microseconds.
    pub fn of(what: impl Into<String>, ours: impl FnMut() -> f64 + 'a) -> Self {
        Self { what: what.into(), ours: Box::new(ours), theirs: Vec::new(), is_a_process: false }
    }

    /// With something that is always here.
    #[must_use]
    pub fn against(self, name: impl Into<String>, sample: impl FnMut() -> f64 + 'a) -> Self {
        self.against_peer(name, Some(sample))
    }

    /// With something that may not be here.
    #[must_use]
    pub fn against_peer(mut self, name: impl Into<String>, sample: Option<impl FnMut() -> f64 + 'a>) -> Self {
        let sample = sample.map(|sample| Box::new(sample) as Sampler<'a>);
        self.theirs.push(Contender { name: name.into(), sample, bound: None, goal: None });
        self
    }

    /// The last one is to be at least so much slower: ours takes at most `bound` of it.
    #[must_use]
    pub fn within(mut self, bound: f64) -> Self {
        self.theirs.last_mut().expect("something is compared").bound = Some(bound);
        self
    }

    /// The same, as a goal.
    #[must_use]
    pub fn aiming_at(mut self, goal: f64) -> Self {
        self.theirs.last_mut().expect("something is compared").goal = Some(goal);
        self
    }

    /// Each sample is a process that has ended, so its processor time is known.
    #[must_use]
    pub fn of_processes(mut self) -> Self {
        self.is_a_process = true;
        self
    }

    /// One sample of each, and the next round the other way round: what the machine does meanwhile it does to all, and
    /// none always comes after the same one.
    pub fn take(mut self, rounds: usize) -> Vec<Row> {
        let here = self.theirs.iter_mut().filter_map(|theirs| theirs.sample.as_mut());
        let mut all: Vec<_> = std::iter::once(&mut self.ours).chain(here).collect();
        // The first round fills caches.
        for sample in &mut all {
            sample();
        }
        let mut samples = vec![Vec::with_capacity(rounds); all.len()];
        for round in 0..rounds {
            for turn in 0..all.len() {
                let at = if round % 2 == 0 { turn } else { all.len() - 1 - turn };
                samples[at].push(all[at]());
            }
        }
        let is_a_process = self.is_a_process;
        let cpu = |(sample, samples): (&mut &mut Sampler<'a>, &Vec<f64>)| {
            // Ticks are coarse: a second of each, but a few runs of what takes long.
            let runs = (1e6 / Spread::of(samples.clone()).median) as usize;
            is_a_process.then(|| cpu(runs.clamp(5, 300), sample)).flatten()
        };
        let cpu: Vec<_> = all.iter_mut().zip(&samples).map(cpu).collect();
        drop(all);
        self.rows(&samples, &cpu)
    }

    fn rows(self, samples: &[Vec<f64>], cpu: &[Option<f64>]) -> Vec<Row> {
        let ours = &samples[0];
        let mut there = samples.iter().zip(cpu).skip(1);
        let row = |Contender { name, sample, bound, goal }| {
            let measured = sample.and_then(|_| there.next());
            let ratios = |theirs: &Vec<f64>| ours.iter().zip(theirs).map(|(a, b)| a / b).collect();
            Row {
                what: self.what.clone(),
                ours: Spread::of(ours.clone()),
                against: name,
                theirs: measured.map(|(theirs, _)| Spread::of(theirs.clone())),
                ratio: measured.map(|(theirs, _)| Spread::of(ratios(theirs))),
                cpu: measured.and_then(|(_, theirs)| cpu[0].zip(*theirs)),
                bound,
                goal,
            }
        };
        self.theirs.into_iter().map(row).collect()
    }
}

impl Row {
    /// Whether a bound was measured, and the ratio is above it.
    pub fn is_broken(&self) -> bool {
        self.is_above(self.bound)
    }

    /// Whether a goal was measured, and the ratio is above it.
    pub fn misses_its_goal(&self) -> bool {
        self.is_above(self.goal)
    }

    /// Whether there is anything to be held to: a bound, and the peer.
    pub fn is_bound(&self) -> bool {
        self.bound.is_some() && self.ratio.is_some()
    }

    fn is_above(&self, limit: Option<f64>) -> bool {
        self.ratio.zip(limit).is_some_and(|(ratio, limit)| ratio.median > limit)
    }
}

impl Spread {
    fn of(mut samples: Vec<f64>) -> Self {
        samples.sort_by(f64::total_cmp);
        let at = |quarters: usize| samples[(samples.len() - 1) * quarters / 4];
        Self { low: at(1), median: at(2), high: at(3) }
    }
}

/// User and system time of one run in a row of many, where the system tells (Linux).
fn cpu(runs: usize, run: &mut Sampler<'_>) -> Option<f64> {
    /// Microseconds of a tick of proc(5)'s clock.
    const TICK: f64 = 10_000.0;
    // Of children that have ended: cutime and cstime, the 14th and 15th after the name.
    let ticks = || -> Option<f64> {
        let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
        let fields = stat.rsplit(')').next()?.split_whitespace().skip(13).take(2);
        fields.map(|ticks| ticks.parse::<f64>().ok()).sum()
    };
    let before = ticks()?;
    for _ in 0..runs {
        run();
    }
    Some((ticks()? - before) * TICK / runs as f64)
}
