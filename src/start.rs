//! The program's own `main` of C, and one function of C's math library: what makes `export` start quickly.
//!
//! Rust's start-up reads `/proc/self/maps` to find the end of the stack, so that an overflow can be named. At
//! each prompt that is a tenth of a whole `export` (`cargo bench --bench cost`). What else it does is done here.
//!
//! The one file with code that the compiler does not check; `tests/it/house.rs` sees to that. No crate does it safely:
//! who defines a symbol of C's has to say so here; rustix has no `signal`, and nix's is unsafe, since it may install a
//! handler; std's `pre_exec` is, since it runs between fork and exec.
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
// SAFETY: `no_mangle` is unsafe where another `main` could be linked, or a caller expects another signature. `no_main` in
// main.rs keeps rustc's away, and the linker takes no two. The C library calls it once, with an int and an array of
// strings; nothing is done with either. A panic that came here would abort, as in any `extern "C"` function.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn main(_argc: c_int, _argv: *const *const c_char) -> c_int {
    fill_standard_streams();
    // SAFETY: signal(2) is unsafe for the handler that it may install, which runs between any two instructions. There is
    // none here: the default is exchanged for SIG_IGN. What signal(2) leaves open (several threads) is not so yet.
    let before = unsafe { libc::signal(libc::SIGPIPE, libc::SIG_IGN) };
    let prepare = if before == libc::SIG_IGN { ignore_sigpipe } else { |_: &mut Command| () };
    std::process::exit(crate::start(prepare).into())
}

/// As the caller had it (`trap '' PIPE`); `Command` would give the default to what is started.
fn ignore_sigpipe(command: &mut Command) {
    // SAFETY: between fork and exec, only what signal-safety(7) lists may be called, for another thread may hold a lock,
    // the allocator's too. signal(2) stands there. It allocates nothing and takes no lock; its answer is not needed,
    // since SIG_IGN for SIGPIPE cannot fail (EINVAL is for SIGKILL, SIGSTOP and numbers that are no signal).
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
// SAFETY: whoever calls `pow` gets this one, in libraries too. The signature is libm's own (two doubles in, one out), and
// so is what it computes, but for `errno` (C99 7.12.1 leaves that to an implementation), which nobody here asks for.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn pow(x: f64, y: f64) -> f64 {
    libm::pow(x, y)
}
