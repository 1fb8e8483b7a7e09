//! Credentials for programs that ask again by themselves: the container-credentials protocol of the AWS SDKs on
//! loopback, and its life. Knows no session and no shell; whoever opens an endpoint says what it lends.

pub mod endpoint;
pub mod life;
