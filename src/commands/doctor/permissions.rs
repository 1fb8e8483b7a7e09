//! Who may read and write what: the AWS files, awsenv's own, and the directories above them.

use std::fs::Metadata;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use super::{Check, Finding};
use crate::files;
use crate::places::tilde;
use crate::profile::config::ConfigFiles;
use crate::world::World;

const CHECK: Check = Check::Permissions;
/// `S_ISVTX`: in such a directory, files are their owners' own.
const STICKY: u32 = 0o1000;

/// What others may do with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Meant {
    /// Nothing at all: secrets are in it.
    Private,
    /// Read it.
    Readable,
}

pub(super) fn check(world: &World) -> Vec<Finding> {
    let home = &world.places.home;
    let aws = home.join(".aws");
    let files = ConfigFiles::locate(&world.original, home);
    let mut found = Vec::new();
    let mut look = |path: &Path, meant| found.extend(judged(path, meant, home));
    look(&aws, Meant::Readable);
    look(&files.config, if holds_secrets(&files) { Meant::Private } else { Meant::Readable });
    look(&files.credentials, Meant::Private);
    for dir in ["sso/cache", "cli/cache", "login/cache", "boto/cache"] {
        // Programs make these directories readable; what is in them must not be.
        inside(&aws.join(dir)).iter().for_each(|path| look(path, Meant::Private));
    }
    look(&world.places.settings, Meant::Readable);
    for dir in [&world.places.data, &world.places.state, &world.places.runtime] {
        look(dir, Meant::Private);
        inside(dir).iter().for_each(|path| look(path, Meant::Readable));
    }
    let above =
        [&aws, &world.places.settings, &world.places.data, &world.places.state, &world.places.runtime];
    let mut parents: Vec<_> =
        above.iter().flat_map(|path| path.ancestors().skip(1)).map(PathBuf::from).collect();
    parents.sort();
    parents.dedup();
    found.extend(parents.iter().filter_map(|dir| above_ours(dir, home)));
    if found.is_empty() {
        found.push(Finding::ok(CHECK, "only you can read what is secret, and write what counts"));
    }
    found
}

/// The config is read by many programs, and is private only for keys.
fn holds_secrets(files: &ConfigFiles) -> bool {
    let text = files.text(crate::profile::config::File::Config);
    text.is_ok_and(|text| text.expose().contains("aws_secret_access_key"))
}

fn inside(dir: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(dir).map(|entries| entries.flatten().map(|entry| entry.path()).collect());
    let mut paths: Vec<_> = entries.unwrap_or_default();
    paths.sort();
    paths
}

fn judged(path: &Path, meant: Meant, home: &Path) -> Option<Finding> {
    let metadata = path.metadata().ok()?;
    let shown = tilde(path, home);
    let mode = metadata.mode();
    if !is_mine(&metadata) {
        let seen = format!("{shown} belongs to another user (uid {})", metadata.uid());
        return Some(Finding::broken(CHECK, seen, format!("sudo chown \"$USER\" {shown}")));
    }
    if mode & 0o002 != 0 && !metadata.file_type().is_socket() {
        return Some(Finding::broken(
            CHECK,
            format!("everybody may write {shown}"),
            format!("chmod o-w {shown}"),
        ));
    }
    if meant == Meant::Private && mode & 0o077 != 0 {
        let seen = format!("others may read {shown} (mode {:03o})", mode & 0o777);
        return Some(Finding::warning(CHECK, seen, format!("chmod go= {shown}")));
    }
    (mode & 0o020 != 0 && metadata.is_file()).then(|| {
        Finding::warning(CHECK, format!("your group may write {shown}"), format!("chmod g-w {shown}"))
    })
}

/// Who may write a directory may put another file in the place of one that is in it.
fn above_ours(dir: &Path, home: &Path) -> Option<Finding> {
    let metadata = dir.metadata().ok()?;
    let shown = tilde(dir, home);
    if !is_mine(&metadata) && metadata.uid() != 0 {
        let seen = format!("{shown}, above files of yours, belongs to another user (uid {})", metadata.uid());
        return Some(Finding::warning(CHECK, seen, "move those files, or have it given to you"));
    }
    (metadata.mode() & 0o002 != 0 && metadata.mode() & STICKY == 0).then(|| {
        let seen = format!("everybody may write {shown}, and so replace files of yours below it");
        Finding::broken(CHECK, seen, format!("chmod o-w {shown}"))
    })
}

fn is_mine(metadata: &Metadata) -> bool {
    metadata.uid() == files::uid()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::super::Verdict;
    use super::*;

    #[test]
    fn a_file_is_judged_by_what_it_is_for() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x");
        fs::write(&path, "").unwrap();
        let verdict = |mode, meant| {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            judged(&path, meant, Path::new("/")).map(|finding| finding.result)
        };
        assert_eq!(verdict(0o600, Meant::Private), None);
        assert_eq!(verdict(0o644, Meant::Readable), None);
        assert_eq!(verdict(0o644, Meant::Private), Some(Verdict::Warning));
        assert_eq!(verdict(0o664, Meant::Readable), Some(Verdict::Warning));
        assert_eq!(verdict(0o646, Meant::Readable), Some(Verdict::Broken));
        assert_eq!(judged(&dir.path().join("absent"), Meant::Private, Path::new("/")), None);
    }

    #[test]
    fn a_directory_that_everybody_writes_is_fine_only_where_files_stay_their_owners() {
        let dir = tempfile::tempdir().unwrap();
        let verdict = |mode| {
            fs::set_permissions(dir.path(), fs::Permissions::from_mode(mode)).unwrap();
            above_ours(dir.path(), Path::new("/")).map(|finding| finding.result)
        };
        assert_eq!(verdict(0o755), None);
        assert_eq!(verdict(0o1777), None);
        assert_eq!(verdict(0o777), Some(Verdict::Broken));
    }
}
