//! The program as people meet it: every test runs the real binary in a [`world::World`] of its own.
//! One file a feature.
#![cfg(test)]

mod run;
mod shell;
mod world;

mod generated;
mod house;
