//! The least a program of this language costs: what `cost` measures `awsenv export` against.

fn main() {}
