//! The AWS shared config, and what it means: values by the SDK's own parser, their place by a small
//! locator beside it, and from both the role chain. Reads files it is told of; knows no network, no
//! shell, no session.

pub mod ahead_of_endpoint;
pub mod chain;
pub mod config;
pub mod delivered;
pub mod edit;
pub mod endpoints;
pub mod lint;
pub mod locator;
pub mod owned;
// The folder is named after the AWS shared config's profiles, and so is what stands in this file.
#[expect(clippy::module_inception, reason = "a profile, in the room about profiles")]
mod profile;

pub use config::{ConfigFiles, SharedConfig};
pub use profile::{Profile, SsoSession};

/// Numbers below what each call says, the same in every run (Numerical Recipes' constants): a failure comes again.
#[cfg(test)]
fn repeatable() -> impl FnMut(usize) -> usize {
    let mut state = 1_u32;
    move |below| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as usize % below
    }
}
