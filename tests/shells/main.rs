//! Real shells on a terminal: what a person types, and what the next command then sees. What one shell does,
//! every shell is asked. A shell that is missing is a failure. `AWSENV_TEST_BASHES=/path:/path` asks further
//! bashes too.

#![allow(clippy::unwrap_used, reason = "a story that cannot go on has failed")]

use awsenv_parts::{home, program, pty, shell};

mod exceptions;

/// Each story as a test of each shell: `roads::fish::in_and_out`.
macro_rules! every_shell {
    (@in $shell:ident $kind:ident $($story:ident)*) => {
        mod $shell {
            $(#[test] fn $story() {
                crate::exceptions::tell(crate::shell::Kind::$kind, stringify!($story), super::$story);
            })*
        }
    };
    ($($story:ident)*) => {
        mod bash {
            $(#[test] fn $story() { crate::shell::bashes().iter().for_each(super::$story) })*
        }
        every_shell! { @in zsh Zsh $($story)* }
        every_shell! { @in fish Fish $($story)* }
        every_shell! { @in xonsh Xonsh $($story)* }
        every_shell! { @in nu Nu $($story)* }
        every_shell! { @in elvish Elvish $($story)* }
        every_shell! { @in tcsh Tcsh $($story)* }
    };
}

/// Each story as a test of bash, in every version at hand.
macro_rules! only_bash {
    ($($story:ident)*) => {
        mod only_bash {
            $(#[test] fn $story() { crate::shell::bashes().iter().for_each(super::$story) })*
        }
    };
}

/// Each story as a test of zsh.
macro_rules! only_zsh {
    ($($story:ident)*) => {
        mod only_zsh {
            $(#[test] fn $story() { super::$story(&crate::shell::installed(crate::shell::Kind::Zsh)) })*
        }
    };
}

/// Each story as a test of fish.
macro_rules! only_fish {
    ($($story:ident)*) => {
        mod only_fish {
            $(#[test] fn $story() { super::$story(&crate::shell::installed(crate::shell::Kind::Fish)) })*
        }
    };
}

mod asleep;
mod by_hand;
mod choose;
mod completion;
mod doctor;
mod edits;
mod hidden;
mod installing;
mod interrupt;
#[cfg(target_os = "linux")]
mod moved_clock;
mod names;
mod options;
mod processes;
mod renewal_faults;
mod roads;
mod secrets;
mod segment;
mod status;
mod terms;
mod trouble;
mod values;
