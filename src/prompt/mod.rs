//! What the hook runs: files and text, nothing slow.

pub mod env_file;
