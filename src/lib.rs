//! The rooms of the house, so that tests, benches and fuzz targets can enter. See ARCHITECTURE.md.

pub mod aws;
pub mod cli;
pub mod clock;
pub mod commands;
pub mod credentials;
pub mod duration;
pub mod env;
pub mod files;
pub mod key_index;
pub mod keychain;
pub mod limits;
pub mod logging;
pub mod message;
pub mod places;
pub mod process;
pub mod profile;
pub mod prompt;
pub mod provider;
pub mod seal;
pub mod secret;
pub mod session;
pub mod settings;
pub mod terminal;
pub mod toml_walk;
pub mod volatile;
pub mod world;
