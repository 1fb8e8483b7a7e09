//! What the benches share that have shells on terminals: the parts of `tests/shells`, what was typed after `--`, and a
//! role to assume.

use std::str::FromStr;

use awsenv_sandbox::{Role, Scenario, User};

#[allow(dead_code, reason = "the stories of tests/shells need more of it")]
#[path = "../tests/shells/home.rs"]
pub(crate) mod home;
#[allow(dead_code, reason = "as above")]
#[path = "../tests/shells/program.rs"]
pub(crate) mod program;
#[allow(dead_code, reason = "as above")]
#[path = "../tests/shells/pty.rs"]
pub(crate) mod pty;
#[allow(dead_code, reason = "as above")]
#[path = "../tests/shells/shell.rs"]
pub(crate) mod shell;
#[allow(dead_code, reason = "as above")]
#[path = "../tests/shells/words/mod.rs"]
pub(crate) mod words;

pub(crate) const USER: &str = "arn:aws:iam::111122223333:user/me";
pub(crate) const ROLE: &str = "arn:aws:iam::444455556666:role/Deploy";

/// What a person has typed after `--`.
pub(crate) struct Asked(Vec<String>);

impl Asked {
    /// `None`: `cargo test --all-targets` starts this too, without cargo's word.
    pub(crate) fn of_a_bench() -> Option<Self> {
        let asked: Vec<_> = std::env::args().collect();
        asked.iter().any(|word| word == "--bench").then_some(Self(asked))
    }

    /// The number behind a word.
    pub(crate) fn number<T: FromStr>(&self, word: &str, usual: T) -> T {
        let given = self.0.iter().position(|own| own == word).map(|at| &self.0[at + 1]);
        given.map_or(usual, |given| given.parse().unwrap_or_else(|_| panic!("{word}: {given} is no number")))
    }

    /// The bench has to break what it promises.
    pub(crate) fn is_planted(&self) -> bool {
        self.0.iter().any(|word| word == "--planted-fault")
    }
}

/// A user, and the role that trusts it.
pub(crate) fn scenario() -> Scenario {
    let user = User::new(USER, "AKIAALPHA", "secret/of+alpha");
    Scenario::default().user(user).role(Role::new(ROLE, &[USER]))
}

/// The profile of that role: `more` are further settings of it.
pub(crate) fn deploy(more: &str) -> String {
    format!("[profile deploy]\nrole_arn = {ROLE}\nsource_profile = alpha\n{more}region = eu-west-1\n")
}
