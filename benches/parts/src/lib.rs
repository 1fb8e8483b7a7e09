//! What awsenv's benches are made of: scratch homes, shells that wait to be told, samples taken in turns. It knows
//! the program by its path alone.
#![expect(clippy::disallowed_methods, reason = "time and environment are what is measured")]

mod asked;
mod comparison;
mod deploy;
mod home;
mod judge;
mod program;
mod shell;
mod tool;

pub use asked::Asked;
pub use comparison::{Comparison, Row, Spread};
pub use deploy::{deploy, scenario};
pub use home::{BASH_VERSION, Crowd, Env, Home, PID};
pub use judge::faults;
pub use program::{Peers, Programs, target, time};
pub use shell::{KINDS, Shell, Shells, assert_none_ran, counter};
pub use tool::Tool;
