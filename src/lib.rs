//! The rooms of the house, so that tests, benches and fuzz targets can enter. See ARCHITECTURE.md.

pub mod clock;
pub mod credentials;
pub mod env;
pub mod message;
pub mod profile;
pub mod secret;
