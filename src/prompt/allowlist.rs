//! Trust: an `.awsenv` counts only once a person has allowed exactly this content at exactly this path.
//!
//! `allow/<digest of path>/<digest of path and content>` and `deny/<digest of path>`: existence is the
//! answer, so nothing is parsed. The content is read once; what was approved is what is used.

use std::fmt;
use std::fs;
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use anyhow::Context;
use sha2::{Digest, Sha256};

use crate::files::{self, Stamp};
use crate::message::Failure;
use crate::places::Places;
use crate::settings::Settings;

/// The largest `.awsenv`.
const LIMIT: u64 = 64 * 1024;

/// What to do about a file where a person's yes is all that is missing.
pub const LOOK: &str = "look at it, then run `awsenv allow`";

/// Bytes of a digest in a file's name.
const DIGEST: usize = 20;

/// Who may be believed.
#[derive(Debug)]
pub struct Allowlist<'a> {
    places: &'a Places,
    settings: &'a Settings,
}

/// A file whose content a person approved. Only [`Allowlist::read`] makes one.
#[derive(Debug)]
pub struct ApprovedFile {
    /// Without links.
    pub path: PathBuf,
    /// What was approved, and read only once.
    pub text: String,
    /// Names path and content.
    pub digest: String,
    /// Approved by a trusted prefix of the settings only: that never covers `[env]`.
    pub by_prefix: bool,
}

/// A file, and what the allow list says of it.
#[derive(Debug)]
pub struct Look {
    /// Whether it counts.
    pub standing: Standing,
    /// What it was when it was read; `None` for something that is no regular file.
    pub stamp: Option<Stamp>,
    /// Where it really lies, if that is not where it was looked for: a link on the way may be repointed.
    pub target: Option<PathBuf>,
    /// The allow list's own file that says yes: gone, and the yes is taken back.
    pub entry: Option<PathBuf>,
}

/// What the allow list says of a file.
#[derive(Debug)]
pub enum Standing {
    /// It counts.
    Allowed(ApprovedFile),
    /// Nobody has looked at it yet: it changes nothing.
    Unknown,
    /// A person said no: as if it were not there.
    Denied,
    /// It was allowed and has changed since, or can no longer be believed: no credentials until a person
    /// has looked.
    Broken(Doubt),
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Allowed(file) if file.by_prefix => "trusted by the settings",
            Self::Allowed(_) => "allowed",
            Self::Unknown => "not allowed",
            Self::Denied => "denied",
            Self::Broken(doubt) => &doubt.why,
        })
    }
}

/// Why a file is not believed, and what to do about it.
#[derive(Debug)]
pub struct Doubt {
    /// What is said behind the file's name.
    pub why: String,
    /// What to do.
    pub hint: &'static str,
}

impl Doubt {
    fn new(why: impl Into<String>, hint: &'static str) -> Self {
        Self { why: why.into(), hint }
    }
}

/// What [`Allowlist::allow`] did.
#[derive(Debug)]
pub struct Approval {
    /// The file, without links.
    pub path: PathBuf,
    /// Other decisions on it went: others could have made them.
    pub has_forgotten: bool,
}

/// One line of `awsenv trust list`.
#[derive(Debug, PartialEq, Eq, serde::Serialize)]
pub struct Entry {
    /// The file, without links.
    pub path: PathBuf,
    /// `allowed`, `changed`, `gone`, `denied`.
    pub standing: &'static str,
}

impl<'a> Allowlist<'a> {
    /// The allow list of this user.
    pub fn new(places: &'a Places, settings: &'a Settings) -> Self {
        Self { places, settings }
    }

    /// Whether the settings could not be read, and with them the trusted prefixes.
    pub fn settings_are_broken(&self) -> bool {
        self.settings.broken
    }

    /// Looks at `path`; `None` if nothing is there.
    pub fn read(&self, path: &Path) -> Option<Look> {
        let there = fs::symlink_metadata(path).ok()?;
        let place = place(path)?;
        let target = if there.is_symlink() { fs::canonicalize(path).ok() } else { Some(place.clone()) };
        let target = target.filter(|target| target != path);
        let metadata = if there.is_symlink() { fs::metadata(path).ok() } else { Some(there.clone()) };
        let stamp = metadata.filter(fs::Metadata::is_file).as_ref().map(Stamp::of);
        let mut look = Look { standing: Standing::Denied, stamp, target, entry: None };
        // Who cannot tell whether a file was ever allowed must not take it for one that was not.
        let not_readable = || {
            let why = "cannot be looked up: the allow list is not readable";
            Standing::Broken(Doubt::new(why, "`awsenv doctor disk` says more"))
        };
        let (allowed, denied) = self.decisions_on(&place);
        match denied.try_exists() {
            Ok(true) => return Some(look),
            Ok(false) => {}
            Err(_) => return Some(Look { standing: not_readable(), ..look }),
        }
        let content = read_safely(path).map(|(text, stamp)| {
            look.stamp = Some(stamp);
            (digest(&place, &link(&there, path), &text), text)
        });
        if let Ok((digest, _)) = &content {
            look.entry = Some(allowed.join(digest)).filter(|entry| is_believed(entry));
        }
        // Whether any other content was ever allowed is asked only where this one was not.
        let (allowed_once, all_believed) = match look.entry {
            Some(_) => (true, true),
            None => match decisions(&allowed) {
                Ok(decisions) => (!decisions.is_empty(), decisions.iter().all(|entry| is_believed(entry))),
                Err(_) => return Some(Look { standing: not_readable(), ..look }),
            },
        };
        if allowed_once && !(all_believed && self.is_mine_alone(&allowed)) {
            let why = format!(
                "cannot be looked up: others could have written the allow list (`awsenv trust list` shows it; {}: \
                 chown, chmod go-w)",
                self.places.data.display()
            );
            return Some(Look { standing: Standing::Broken(Doubt::new(why, LOOK)), ..look });
        }
        let believed_before = allowed_once || path.parent().is_some_and(|dir| self.settings.trusts(dir));
        let by_prefix = !allowed_once && self.settings.trusts(path);
        look.standing = match content {
            Ok((digest, text)) if look.entry.is_some() || by_prefix => {
                Standing::Allowed(ApprovedFile { path: place, text, digest, by_prefix })
            }
            // A directory, say: a virtual environment of that name.
            Err(_) if look.stamp.is_none() && !believed_before && !there.is_file() => return None,
            // A file nobody ever allowed changes nothing, however broken it is.
            _ if !believed_before => Standing::Unknown,
            Ok(_) => Standing::Broken(Doubt::new("has changed since it was allowed", LOOK)),
            Err(doubt) => Standing::Broken(doubt),
        };
        Some(look)
    }

    /// Allows the file as it is now. `check` has the last word on the content that will be approved.
    pub fn allow(
        &self,
        path: &Path,
        check: impl FnOnce(&str, &Path) -> anyhow::Result<()>,
    ) -> anyhow::Result<Approval> {
        let (place, there) = found(path)?;
        let (text, _) = read_safely(path).map_err(|Doubt { why, hint }| {
            Failure::new(format!("cannot allow {}: it {why}", place.display())).hint(hint)
        })?;
        check(&text, &place)?;
        let (allowed, denied) = self.decisions_on(&place);
        // Once it is ours alone again, nobody sees any more that others could have put a yes there.
        let was_open = !self.is_mine_alone(&allowed);
        self.prepare(&allowed)?;
        let cannot_write = || format!("cannot write below {}", self.places.data.display());
        let has_forgotten = forget(&allowed, was_open).with_context(cannot_write)?;
        files::write_private(
            &allowed.join(digest(&place, &link(&there, path), &text)),
            place.as_os_str().as_bytes(),
        )
        .and_then(|()| files::remove(&denied))
        .with_context(cannot_write)?;
        Ok(Approval { path: place, has_forgotten })
    }

    /// Denies the file, whatever it will contain.
    pub fn deny(&self, path: &Path) -> anyhow::Result<PathBuf> {
        let (place, _) = found(path)?;
        let (allowed, denied) = self.decisions_on(&place);
        self.prepare(denied.parent().expect("deny/ is above it"))?;
        files::write_private(&denied, place.as_os_str().as_bytes())
            .and_then(|()| match fs::remove_dir_all(allowed) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
                _ => Ok(()),
            })
            .with_context(|| format!("cannot write below {}", self.places.data.display()))?;
        Ok(place)
    }

    /// Every decision made so far, by path.
    pub fn list(&self) -> anyhow::Result<Vec<Entry>> {
        let mut entries = Vec::new();
        for dir in decisions(&self.places.data.join("allow"))? {
            let Some(file) = decisions(&dir)?.into_iter().rfind(|file| of_mine(file).is_some()) else {
                continue;
            };
            let path = PathBuf::from(std::ffi::OsString::from_vec(fs::read(&file)?));
            let standing = match self.read(&path).map(|look| look.standing) {
                Some(Standing::Allowed(_)) => "allowed",
                // A `deny` that was cut short; it is listed below.
                Some(Standing::Denied) => continue,
                Some(_) => "changed",
                None => "gone",
            };
            entries.push(Entry { path, standing });
        }
        for file in decisions(&self.places.data.join("deny"))? {
            let path = PathBuf::from(std::ffi::OsString::from_vec(fs::read(&file)?));
            entries.push(Entry { path, standing: "denied" });
        }
        entries.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(entries)
    }

    fn prepare(&self, dir: &Path) -> anyhow::Result<()> {
        let own = [&self.places.data, dir.parent().unwrap_or(dir), dir];
        own.iter()
            .try_for_each(|dir| files::private_dir(dir))
            .with_context(|| format!("cannot make {}", dir.display()))
    }

    /// Whether nobody but this user, or root, could have put these decisions there.
    fn is_mine_alone(&self, decisions: &Path) -> bool {
        let is_mine = |dir: &Path| {
            fs::metadata(dir).is_ok_and(|found| {
                (found.uid() == files::uid() || found.uid() == 0) && found.mode() & 0o022 == 0
            })
        };
        decisions.ancestors().take_while(|dir| dir.starts_with(&self.places.data)).all(is_mine)
    }

    /// The directory of every yes to a file, and its no.
    fn decisions_on(&self, place: &Path) -> (PathBuf, PathBuf) {
        let name = digest(place, Path::new(""), "");
        (self.places.data.join("allow").join(&name), self.places.data.join("deny").join(name))
    }
}

/// Where trust is looked up: the real directory, and the name in it. A link of that name is not followed, or
/// an allowed file could be had by pointing at it.
fn place(path: &Path) -> Option<PathBuf> {
    Some(fs::canonicalize(path.parent()?).ok()?.join(path.file_name()?))
}

fn found(path: &Path) -> anyhow::Result<(PathBuf, fs::Metadata)> {
    let there = fs::symlink_metadata(path).with_context(|| format!("cannot find {}", path.display()))?;
    let place = place(path).with_context(|| format!("cannot find {}", path.display()))?;
    Ok((place, there))
}

/// Where a link leads is part of what was approved.
fn link(there: &fs::Metadata, path: &Path) -> PathBuf {
    if there.is_symlink() { fs::canonicalize(path).unwrap_or_default() } else { PathBuf::new() }
}

/// What a directory of decisions holds, by digest. A writer that was killed leaves a longer name.
fn decisions(dir: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.with_context(|| format!("cannot read {}", dir.display()))?,
    };
    let is_digest = |path: &PathBuf| path.file_name().is_some_and(|name| name.len() == 2 * DIGEST);
    Ok(entries.flatten().map(|entry| entry.path()).filter(is_digest).collect())
}

/// A regular file of this user, or root's.
fn of_mine(entry: &Path) -> Option<fs::Metadata> {
    let found = fs::symlink_metadata(entry).ok()?;
    (found.is_file() && (found.uid() == files::uid() || found.uid() == 0)).then_some(found)
}

/// Whether a decision is this user's, or root's: others may have put one there while the directory was open.
fn is_believed(entry: &Path) -> bool {
    of_mine(entry).is_some_and(|found| found.mode() & 0o022 == 0)
}

/// Removes the decisions that others could have put there: all, if the directory `was_open`. Whether there were any.
fn forget(decisions: &Path, was_open: bool) -> io::Result<bool> {
    let mut any = false;
    for entry in fs::read_dir(decisions)? {
        let entry = entry?.path();
        if !was_open && is_believed(&entry) {
            continue;
        }
        match fs::symlink_metadata(&entry)?.is_dir() {
            true => fs::remove_dir_all(&entry)?,
            false => files::remove(&entry)?,
        }
        any = true;
    }
    Ok(any)
}

/// What to do about a file that others may write.
const CLOSE: &str = "run that chmod, and look at what it says";

/// Reads the file and checks on the very same open file that only its owner decides what is in it.
fn read_safely(path: &Path) -> Result<(String, Stamp), Doubt> {
    const READABLE: &str = "it has to be a regular file that you may read";
    let (bytes, metadata) = files::read_limited(path, LIMIT)
        .map_err(|error| {
            let is_large = error.kind() == io::ErrorKind::FileTooLarge;
            let hint = if is_large { "it has to be no larger than 64 KiB" } else { READABLE };
            Doubt::new(format!("cannot be read ({error})"), hint)
        })?
        .ok_or_else(|| Doubt::new("is gone", READABLE))?;
    if metadata.uid() != files::uid() && metadata.uid() != 0 {
        return Err(Doubt::new("belongs to another user", "it has to be yours, or root's"));
    }
    if metadata.mode() & 0o002 != 0 {
        return Err(Doubt::new("can be written by anybody (chmod o-w)", CLOSE));
    }
    if metadata.mode() & 0o020 != 0 && !is_my_own_group(metadata.gid()) {
        return Err(Doubt::new("can be written by a group (chmod g-w)", CLOSE));
    }
    let text = String::from_utf8(bytes).map_err(|_| Doubt::new("is not UTF-8 text", "it has to be UTF-8"))?;
    Ok((text, Stamp::of(&metadata)))
}

/// A user private group: root's group for root, else one called like the user, with nobody else in it. Read
/// from the plain files; a group that only a directory service knows is not ours alone.
fn is_my_own_group(gid: u32) -> bool {
    let read = |path| fs::read_to_string(path).unwrap_or_default();
    is_private_group(&read("/etc/passwd"), &read("/etc/group"), files::uid(), gid)
}

fn is_private_group(passwd: &str, group: &str, uid: u32, gid: u32) -> bool {
    let (uid, gid) = (uid.to_string(), gid.to_string());
    let users: Vec<Vec<&str>> = passwd.lines().map(|line| line.split(':').collect()).collect();
    let Some(me) = users.iter().find(|user| user.get(2) == Some(&uid.as_str())).map(|user| user[0]) else {
        return false;
    };
    let only_mine = users.iter().filter(|user| user.get(3) == Some(&gid.as_str())).all(|user| user[0] == me);
    only_mine
        && group.lines().map(|line| line.split(':').collect::<Vec<_>>()).any(|line| {
            line.len() == 4 && line[2] == gid && line[0] == me && (line[3].is_empty() || line[3] == me)
        })
}

fn digest(place: &Path, link: &Path, text: &str) -> String {
    let mut sha = Sha256::new();
    for part in [place.as_os_str().as_bytes(), link.as_os_str().as_bytes(), text.as_bytes()] {
        sha.update((part.len() as u64).to_le_bytes());
        sha.update(part);
    }
    files::hex(&sha.finalize()[..DIGEST])
}

#[cfg(test)]
mod tests;
