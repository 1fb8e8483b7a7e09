//! The least a program of this language costs: what `awsenv export` is measured against. Compiled by itself.

fn main() {}
