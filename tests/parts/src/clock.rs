//! A clock that can be moved, for all that is told of it in its environment, and for the sandbox.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant, SystemTime};

use awsenv_sandbox::Sandbox;

use crate::home::Home;

/// Longer than a renewal takes on a slow machine. One that was killed is never done.
const PATIENCE: Duration = Duration::from_secs(20);

/// So many seconds later than the machine's: that, and the counts of processes, are in a file (`clock.c`).
pub struct Clock {
    page: File,
    path: PathBuf,
    library: PathBuf,
    start: Instant,
    /// When that was, in seconds since 1970.
    pub begin: i64,
    ahead: i64,
}

/// Processes of awsenv, by what they were to do.
pub struct Started {
    /// `awsenv export`.
    pub exports: u64,
    /// `awsenv renew`.
    pub renewals: u64,
}

impl Clock {
    /// Right still. It is made by the C compiler that links Rust's programs, too.
    pub fn new(home: &Home) -> Self {
        let (path, library) = (home.at("clock"), home.at("clock.so"));
        std::fs::write(&path, [0; 32]).unwrap();
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/src/clock.c");
        let mut compiler = Command::new("cc");
        compiler.args(["-O1", "-Wall", "-Werror", "-shared", "-fPIC", source, "-o"]).arg(&library);
        assert!(compiler.status().unwrap().success(), "{compiler:?}");
        let page = File::options().read(true).write(true).open(&path).unwrap();
        let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
        let begin = i64::try_from(since_1970.as_secs()).unwrap();
        Self { page, path, library, start: Instant::now(), begin, ahead: 0 }
    }

    /// What a process has to be given.
    pub fn environment(&self) -> [(&'static str, &str); 2] {
        [("LD_PRELOAD", self.library.to_str().unwrap()), ("SCALE_CLOCK", self.path.to_str().unwrap())]
    }

    /// So many seconds after the beginning, or later where the machine was not quick enough: it is never set back, nor
    /// moved in the middle of a renewal, for which minutes would pass.
    pub fn set(&mut self, seconds: i64, sandbox: &Sandbox) {
        let patience = Instant::now() + PATIENCE;
        while self.count(16) != self.count(24) && Instant::now() < patience {
            std::thread::park_timeout(Duration::from_millis(1));
        }
        let elapsed = i64::try_from(self.start.elapsed().as_secs()).unwrap();
        self.ahead = self.ahead.max(seconds - elapsed);
        self.page.write_at(&self.ahead.to_ne_bytes(), 0).unwrap();
        sandbox.clock().set_offset(self.ahead);
    }

    /// How often awsenv was started so far.
    pub fn started(&self) -> Started {
        Started { exports: self.count(8), renewals: self.count(16) }
    }

    fn count(&self, at: u64) -> u64 {
        let mut bytes = [0; 8];
        self.page.read_exact_at(&mut bytes, at).unwrap();
        u64::from_ne_bytes(bytes)
    }
}
