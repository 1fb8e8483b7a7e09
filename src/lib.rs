//! The rooms of the house, so that tests, benches and fuzz targets can enter. See ARCHITECTURE.md.

pub mod clock;
pub mod credentials;
pub mod duration;
pub mod env;
pub mod message;
pub mod profile;
pub mod prompt;
pub mod secret;
pub mod settings;
pub mod toml_walk;
