//! What awsenv's tests and benches share: shells on terminals and the words of each, an agent and an endpoint as others
//! see them, a company by a clock that is moved. It knows the program by its path alone.
#![expect(clippy::disallowed_methods, reason = "these stand outside the program")]
#![expect(clippy::unwrap_used, reason = "a story that cannot go on has failed")]

pub mod agent;
mod cargo;
pub mod clock;
pub mod company;
pub mod door;
pub mod home;
pub mod program;
pub mod pty;
pub mod script;
pub mod shell;
pub mod words;
pub mod worker;

pub use cargo::cargo;
