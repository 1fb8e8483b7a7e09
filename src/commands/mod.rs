//! What the user types: one file a command. `subject.rs` answers whose credentials a command is about.

pub mod allow;
pub mod choose;
pub mod completions;
pub mod credentials;
pub mod edit;
pub mod exec;
pub mod explain;
pub mod export;
pub mod hook;
pub mod init;
pub mod key;
pub mod login;
pub mod logout;
pub mod man;
mod progress;
pub mod prompt;
pub mod refresh;
pub mod renew;
pub mod serve;
pub mod session;
pub mod sso;
mod standing;
pub mod status;
pub mod subject;
pub mod trust;
