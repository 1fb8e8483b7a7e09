//! What was exported where, as whom, until when: a line each time, for `awsenv history`. No key stands in it, and no
//! argument of a command. Nobody depends on it: where it cannot be written, nothing else changes.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::files::{self, Lock};
use crate::places::Places;

/// Some four thousand lines. One older file of as much is kept.
const LARGEST: u64 = 1024 * 1024;
/// So much of a file is read: what a last line may add to that, many times over.
const LIMIT: u64 = 2 * LARGEST;
/// How a line begins; one that was cut off has the next one behind it.
const OPENING: &str = "{\"at\":";

/// One line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Seconds since 1970: a prompt has no time to write a date.
    pub at: i64,
    /// What happened.
    pub event: Event,
    /// The shell, or the program that got them, without its arguments.
    pub by: String,
    /// The process that has them: a shell, a command, or who asked for them.
    pub pid: u32,
    /// Where.
    pub directory: String,
    /// The display name.
    pub profile: Option<String>,
    /// The stage of the `.awsenv`, where one was chosen.
    pub stage: Option<String>,
    /// Twelve digits, where known.
    pub account: Option<String>,
    /// The last role's name; none for keys of a user.
    pub role: Option<String>,
    /// The end of the credentials, likewise.
    pub expiration: Option<i64>,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// A shell got credentials, in the place of others perhaps.
    Load,
    /// It got the next ones of the same.
    Renew,
    /// It has none any more.
    Unload,
    /// A command was started with them.
    Exec,
    /// direnv got them for a shell.
    Direnv,
    /// They were printed.
    Credentials,
    /// A session for a SAML assertion was printed.
    Saml,
    /// The web console was signed in with them.
    Console,
    /// An AWS client got them by a profile.
    Lend,
}

impl Event {
    /// As the file and people call it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Load => "load",
            Self::Renew => "renew",
            Self::Unload => "unload",
            Self::Exec => "exec",
            Self::Direnv => "direnv",
            Self::Credentials => "credentials",
            Self::Saml => "saml",
            Self::Console => "console",
            Self::Lend => "lend",
        }
    }
}

/// What is kept, oldest first.
#[derive(Debug, Default)]
pub struct History {
    /// The lines that can be read.
    pub records: Vec<Record>,
    /// How many cannot.
    pub damaged: usize,
}

impl History {
    /// Reads it all; of a file that nobody could put aside, the end.
    pub fn read(places: &Places) -> io::Result<Self> {
        let mut history = Self::default();
        for path in [older(places), path(places)] {
            let Some((bytes, is_cut)) = files::read_end(&path, LIMIT)? else { continue };
            // Where it was cut, the first line is part of one.
            let lines = bytes.split(|byte| *byte == b'\n').skip(usize::from(is_cut));
            for line in lines.filter(|line| !line.is_empty()) {
                history.take(line);
            }
        }
        Ok(history)
    }

    fn take(&mut self, line: &[u8]) {
        if let Ok(record) = serde_json::from_slice(line) {
            return self.records.push(record);
        }
        self.damaged += 1;
        let text = String::from_utf8_lossy(line);
        let behind = text.rfind(OPENING).filter(|at| *at > 0);
        self.records.extend(behind.and_then(|at| serde_json::from_str(&text[at..]).ok()));
    }
}

/// Adds a line, in one write: two shells' lines never mix.
pub fn append(places: &Places, record: &Record) -> io::Result<()> {
    let mut line = serde_json::to_vec(record)?;
    line.push(b'\n');
    let path = path(places);
    let mut file = match open(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            files::private_dir(&places.state)?;
            create(&path)?
        }
        opened => opened?,
    };
    let metadata = file.metadata()?;
    if metadata.uid() != files::uid() {
        return Err(io::Error::other(format!("{} belongs to another user", path.display())));
    }
    if metadata.mode() & 0o077 != 0 {
        file.set_permissions(fs::Permissions::from_mode(0o600))?;
    }
    if metadata.len() > LARGEST && turn(&file, places)? {
        file = create(&path)?;
    }
    file.write(&line).map(drop)
}

/// Forgets it all.
pub fn clear(places: &Places) -> io::Result<()> {
    files::check_own(&places.state)?;
    files::remove(&path(places)).and(files::remove(&older(places)))
}

/// Where it is.
pub fn path(places: &Places) -> PathBuf {
    places.state.join("history")
}

fn older(places: &Places) -> PathBuf {
    places.state.join("history.1")
}

/// Never waits: neither for a FIFO that somebody has put there, nor by way of a link.
fn open(path: &Path) -> io::Result<File> {
    to_append().open(path)
}

/// The same, where there may be none yet.
fn create(path: &Path) -> io::Result<File> {
    to_append().create(true).open(path)
}

fn to_append() -> OpenOptions {
    let flags = rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::NOFOLLOW;
    let mut options = OpenOptions::new();
    options.append(true).mode(0o600).custom_flags(flags.bits().cast_signed());
    options
}

/// Puts a full file aside. Of two that see it full, one does it; says whether there is a new one to be made.
fn turn(full: &File, places: &Places) -> io::Result<bool> {
    // Where there are no locks, as on some NFS, it is put aside all the same: of two at once, one then costs lines, and
    // that is less than a file that grows for ever.
    let _turn = match Lock::try_on(full.try_clone()?) {
        Ok(None) => return Ok(false),
        turn => turn,
    };
    let path = path(places);
    let is_in_place =
        fs::metadata(&path).is_ok_and(|there| full.metadata().is_ok_and(|own| own.ino() == there.ino()));
    if is_in_place {
        fs::rename(&path, older(places))?;
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(directory: &str) -> Record {
        Record {
            at: 1_795_348_800,
            event: Event::Load,
            by: "bash".into(),
            pid: 7,
            directory: directory.into(),
            profile: Some("dev".into()),
            stage: None,
            account: None,
            role: None,
            expiration: None,
        }
    }

    fn places() -> (tempfile::TempDir, Places) {
        let dir = tempfile::tempdir().unwrap();
        let places = Places::below(dir.path());
        (dir, places)
    }

    #[test]
    fn lines_come_back_in_their_order_and_nobody_else_reads_them() {
        let (_dir, places) = places();
        assert!(History::read(&places).unwrap().records.is_empty());
        for directory in ["/a", "/b\n\x1b[31m"] {
            append(&places, &record(directory)).unwrap();
        }
        assert_eq!(History::read(&places).unwrap().records, [record("/a"), record("/b\n\x1b[31m")]);
        let mode = || fs::metadata(path(&places)).unwrap().mode() & 0o777;
        assert_eq!(mode(), 0o600);
        fs::set_permissions(path(&places), fs::Permissions::from_mode(0o644)).unwrap();
        append(&places, &record("/c")).unwrap();
        assert_eq!(mode(), 0o600);
        clear(&places).unwrap();
        assert!(!path(&places).exists());
    }

    #[test]
    fn a_full_file_is_put_aside_once_and_the_one_before_goes() {
        let (_dir, places) = places();
        append(&places, &record("/first")).unwrap();
        for round in ["/second", "/third"] {
            let long = Record { by: "x".repeat(LARGEST as usize), ..record("/long") };
            append(&places, &long).unwrap();
            append(&places, &record(round)).unwrap();
            assert_eq!(fs::read_to_string(path(&places)).unwrap().lines().count(), 1, "{round}");
        }
        let kept: Vec<_> =
            History::read(&places).unwrap().records.into_iter().map(|record| record.directory).collect();
        assert_eq!(kept, ["/second", "/long", "/third"]);
        // Who still has the file that was put aside does not put the next one aside.
        let late = File::open(older(&places)).unwrap();
        assert!(turn(&late, &places).unwrap());
        assert_eq!(fs::read_to_string(path(&places)).unwrap().lines().count(), 1);
    }

    #[test]
    fn where_there_are_no_locks_it_is_put_aside_and_while_another_does_it_not() {
        let (_dir, places) = places();
        append(&places, &record("/first")).unwrap();
        let other = files::lock(&path(&places)).unwrap();
        assert!(!turn(&File::open(path(&places)).unwrap(), &places).unwrap());
        drop(other);
        // flock(2): such a file has no lock.
        #[cfg(target_os = "linux")]
        {
            let path_only = rustix::fs::OFlags::PATH.bits().cast_signed();
            let lockless = OpenOptions::new().read(true).custom_flags(path_only).open(path(&places)).unwrap();
            assert!(Lock::try_on(lockless.try_clone().unwrap()).is_err());
            assert!(turn(&lockless, &places).unwrap());
            assert!(!path(&places).exists() && older(&places).exists());
        }
    }

    #[test]
    fn of_what_has_grown_too_long_the_end_is_read() {
        let (_dir, places) = places();
        append(&places, &Record { by: "x".repeat(LIMIT as usize), ..record("/long") }).unwrap();
        fs::rename(path(&places), older(&places)).unwrap();
        append(&places, &record("/a")).unwrap();
        let line = fs::read(path(&places)).unwrap();
        fs::write(path(&places), line.repeat(LIMIT as usize / line.len() + 7)).unwrap();
        let history = History::read(&places).unwrap();
        assert_eq!((history.records.len(), history.damaged), (LIMIT as usize / line.len(), 0));
    }

    #[test]
    fn a_damaged_line_is_counted_and_costs_no_other() {
        let (_dir, places) = places();
        append(&places, &record("/a")).unwrap();
        let whole = fs::read(path(&places)).unwrap();
        for damaged in ["nonsense\n", "{}\n", "\0\n", "{\"at\":1795348800,\"event\":\"lo"] {
            fs::write(path(&places), [&whole, damaged.as_bytes(), &whole].concat()).unwrap();
            let history = History::read(&places).unwrap();
            assert_eq!((history.records.len(), history.damaged), (2, 1), "{damaged:?}");
        }
    }

    #[test]
    fn where_nothing_can_be_written_it_is_an_error_and_no_wait() {
        let (dir, places) = places();
        fs::write(&places.state, "").unwrap();
        assert!(append(&places, &record("/a")).is_err());
        fs::remove_file(&places.state).unwrap();
        fs::create_dir(&places.state).unwrap();
        files::make_fifo(&path(&places));
        assert!(append(&places, &record("/a")).is_err());
        fs::remove_file(path(&places)).unwrap();
        std::os::unix::fs::symlink(dir.path().join("elsewhere"), path(&places)).unwrap();
        assert!(append(&places, &record("/a")).is_err());
        assert!(!dir.path().join("elsewhere").exists());
    }
}
