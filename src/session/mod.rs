//! What is kept between runs, sealed: for now the originals a shell had before awsenv. Knows nothing of
//! shells, providers or the network.

pub mod aside;
pub mod key;
pub mod seal;
