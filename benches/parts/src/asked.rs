//! What was typed after `--`.

use std::str::FromStr;

/// What a person has typed after `--`.
pub struct Asked(Vec<String>);

impl Asked {
    /// `None`: `cargo test --all-targets` starts this too, without cargo's word.
    pub fn of_a_bench() -> Option<Self> {
        let asked: Vec<_> = std::env::args().collect();
        asked.iter().any(|word| word == "--bench").then_some(Self(asked))
    }

    /// The number behind a word.
    ///
    /// # Panics
    /// If there is none.
    pub fn number<T: FromStr>(&self, word: &str, usual: T) -> T {
        let given = self.0.iter().position(|own| own == word).map(|at| &self.0[at + 1]);
        given.map_or(usual, |given| given.parse().unwrap_or_else(|_| panic!("{word}: {given} is no number")))
    }

    /// Whether this word is among them.
    pub fn says(&self, word: &str) -> bool {
        self.0.iter().any(|own| own == word)
    }

    /// The bench has to break what it promises.
    pub fn is_planted(&self) -> bool {
        self.says("--planted-fault")
    }
}
