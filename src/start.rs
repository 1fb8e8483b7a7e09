//! The program's own `main` of C, and one function of C's math library: what makes `export` start quickly.
//!
//! Rust's start-up reads `/proc/self/maps` to find the end of the stack, so that an overflow can be named. At
//! each prompt that is a tenth of a whole `export` (`cargo bench --bench cost`). What else it does is done here.
#![expect(
    unsafe_code,
    reason = "symbols of C's are defined, and a signal is ignored, here and in what follows"
)]

use std::ffi::{c_char, c_int};
use std::fs::File;
use std::os::fd::{AsRawFd, IntoRawFd};
use std::os::unix::process::CommandExt;
use std::process::Command;

/// C's `main` (C99 5.1.2.2.1). The arguments come from `std::env`, which glibc has handed them before.
// Sound: it is called once, by the C library, with the signature that this expects; nothing is done with the
// pointers.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn main(_argc: c_int, _argv: *const *const c_char) -> c_int {
    fill_standard_streams();
    // SAFETY: no handler is installed, the default is exchanged for "ignore", and no other thread runs yet.
    let before = unsafe { libc::signal(libc::SIGPIPE, libc::SIG_IGN) };
    let prepare = if before == libc::SIG_IGN { ignore_sigpipe } else { |_: &mut Command| () };
    std::process::exit(crate::start(prepare).into())
}

/// As the caller had it (`trap '' PIPE`); `Command` would give the default to what is started.
fn ignore_sigpipe(command: &mut Command) {
    // SAFETY: signal(2) is async-signal-safe, and nothing else is done.
    unsafe {
        command.pre_exec(|| {
            libc::signal(libc::SIGPIPE, libc::SIG_IGN);
            Ok(())
        })
    };
}

/// Where a caller closed one of the three streams, the next file opened would become it, and a message would
/// be written into the file.
fn fill_standard_streams() {
    while let Ok(null) = File::options().read(true).write(true).open("/dev/null") {
        if null.as_raw_fd() > 2 {
            break;
        }
        let _ = null.into_raw_fd();
    }
}

/// `x` to the power of `y`, as C99 says (7.12.7.4). The AWS SDK's retries use it, and nothing else of libm:
/// loading libm.so at each prompt costs 5 % of a whole `export`.
// Sound: the signature is libm's own, and no other `pow` is linked.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn pow(x: f64, y: f64) -> f64 {
    libm::pow(x, y)
}
