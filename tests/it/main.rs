//! The program as people meet it: every test runs the real binary in a [`world::World`] of its own.
//! One file or folder a feature.
#![cfg(test)]

use awsenv_parts::door;

mod agent;
mod cloud;
mod console;
#[cfg(target_os = "linux")]
mod desktop;
#[cfg(target_os = "linux")]
mod harm;
mod mounts;
mod pki;
mod portal;
mod run;
mod shell;
mod terminal;
mod world;

mod assignments;
mod choose;
mod counts;
mod credentials;
mod deliver;
mod direnv;
mod doctor;
mod endpoint;
mod exec;
mod explain;
mod export;
mod fail_closed;
mod faults;
mod files;
mod generated;
mod guard;
mod guides;
mod help;
mod hidden;
mod history;
mod hops;
mod hostile;
mod house;
mod import;
mod inherit;
mod init_edit;
mod init_traces;
mod json;
#[cfg(target_os = "linux")]
mod keyring;
mod keys;
mod logging;
mod login;
mod login_session;
mod logout;
#[cfg(target_os = "linux")]
mod machine;
mod metadata;
mod mfa;
mod output;
mod packaging;
#[cfg(feature = "pkcs11")]
mod pkcs11;
mod populate;
mod process;
mod process_endless;
mod properties;
mod renewal;
mod roles_anywhere;
mod roles_anywhere_forms;
mod roles_anywhere_refused;
#[cfg(target_os = "linux")]
mod root;
mod rotate;
mod saml;
mod segment;
mod sessions;
mod sources;
mod sso;
mod status;
mod sts;
mod tour;
mod trust;
mod web_console;
mod web_identity;
