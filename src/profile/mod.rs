//! The AWS shared config, and what it means: values by the SDK's own parser, their place by a small
//! locator beside it, and from both the role chain. Reads files it is told of; knows no network, no
//! shell, no session.

pub mod chain;
pub mod limits;
