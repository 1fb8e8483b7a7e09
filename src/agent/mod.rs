//! Credentials for programs that ask again by themselves: the container-credentials protocol of the AWS SDKs on
//! loopback, the socket by which commands speak to the process that serves it, and what wakes that. Knows no session
//! and no shell; whoever opens an endpoint says what it lends.

pub mod alarm;
pub mod control;
pub mod endpoint;
pub mod grants;
pub mod life;
pub mod watch;
