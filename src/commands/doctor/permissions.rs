//! Who may read and write what: the AWS files, awsenv's own, and the directories above them; and who may read the
//! private keys that certificates sign with.

use std::collections::BTreeSet;
use std::fs::Metadata;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::{Check, Finding};
use crate::files;
use crate::key_index::KeyIndex;
use crate::places::tilde;
use crate::profile::chain::{self, Asked, RolesAnywhere, Source};
use crate::profile::config::ConfigFiles;
use crate::prompt::allowlist::Allowlist;
use crate::prompt::directory::{Directory, Verdict};
use crate::prompt::env_file::PinSource;
use crate::prompt::shell::Shell;
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
    private_keys(&files, world).iter().for_each(|path| look(path, Meant::Private));
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

/// The config is read by many programs, and is private only for keys, and for what opens them.
fn holds_secrets(files: &ConfigFiles) -> bool {
    let text = files.text(crate::profile::config::File::Config);
    let secret = ["aws_secret_access_key", "--pkcs8-password", "pin-value="];
    text.is_ok_and(|text| secret.iter().any(|name| text.expose().contains(name)))
}

/// Those of this user that profiles name, or the `.awsenv` here. Of another's, it is that one's business who may read it.
fn private_keys(files: &ConfigFiles, world: &World) -> BTreeSet<PathBuf> {
    let keys = KeyIndex::load(&world.places).unwrap_or_default();
    let config = files.read().ok();
    let sources = config.iter().flat_map(|config| {
        let source = |name| chain::resolve(config, &keys, name, &world.original, &Asked::default()).ok();
        config.profiles().into_iter().filter_map(source).map(|chain| chain.source)
    });
    let key = |source: RolesAnywhere| source.private_key.file().map(Path::to_path_buf);
    let of_profiles = sources.filter_map(|source| match source {
        Source::RolesAnywhere(source) => key(source),
        _ => None,
    });
    let allowlist = Allowlist::new(&world.places, &world.settings);
    let here = Directory::find(&world.pwd(), &allowlist, &world.places, world.choice.as_ref().into());
    let of_here = match here.verdict {
        Verdict::Pinned(pinned) => match pinned.pin.source {
            Some(PinSource::RolesAnywhere(source)) => key(source),
            _ => None,
        },
        _ => None,
    };
    let is_mine = |path: &PathBuf| path.metadata().is_ok_and(|metadata| metadata.uid() == files::uid());
    of_profiles.chain(of_here).filter(is_mine).collect()
}

fn inside(dir: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(dir).map(|entries| entries.flatten().map(|entry| entry.path()).collect());
    let mut paths: Vec<_> = entries.unwrap_or_default();
    paths.sort();
    paths
}

fn judged(path: &Path, meant: Meant, home: &Path) -> Option<Finding> {
    judge(path, &path.metadata().ok()?, meant, home, files::uid())
}

/// What a path leads to, for a user.
fn judge(path: &Path, metadata: &Metadata, meant: Meant, home: &Path, me: u32) -> Option<Finding> {
    // A device (`AWS_CONFIG_FILE=/dev/null`) or a socket keeps nothing.
    if !metadata.is_file() && !metadata.is_dir() {
        return None;
    }
    let (shown, word) = (tilde(path, home), word(path, home));
    let mode = metadata.mode();
    if metadata.uid() != me {
        // Root may do all that its files let it do. A link may lead to what others look after, as that of nix does:
        // it is not given to anybody here.
        let is_roots = metadata.uid() == 0 && mode & 0o022 == 0;
        let seen = format!("{shown} belongs to another user (uid {})", metadata.uid());
        return (!is_roots)
            .then(|| Finding::broken(CHECK, seen, "ask whose it is, or put one of your own in its place"));
    }
    if mode & 0o002 != 0 {
        return Some(Finding::broken(
            CHECK,
            format!("everybody may write {shown}"),
            format!("chmod o-w {word}"),
        ));
    }
    if meant == Meant::Private && mode & 0o077 != 0 {
        let seen = format!("others may read {shown} (mode {:03o})", mode & 0o777);
        return Some(Finding::warning(CHECK, seen, format!("chmod go= {word}")));
    }
    (mode & 0o020 != 0 && metadata.is_file()).then(|| {
        Finding::warning(CHECK, format!("your group may write {shown}"), format!("chmod g-w {word}"))
    })
}

/// The path as one word for a shell. A `~/` stays bare, or it would be a name.
fn word(path: &Path, home: &Path) -> String {
    let shown = tilde(path, home);
    let below = path.strip_prefix(home).ok().filter(|_| shown.starts_with("~/"));
    let (start, rest) = below.map_or(("", path), |below| ("~/", below));
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-+,@%".contains(&byte);
    match rest.as_os_str().as_bytes().iter().copied().all(is_plain) {
        true => shown,
        false => start.to_owned() + &String::from_utf8_lossy(&Shell::Bash.quote(rest)),
    }
}

/// Who may write a directory may put another file in the place of one that is in it.
fn above_ours(dir: &Path, home: &Path) -> Option<Finding> {
    let metadata = dir.metadata().ok()?;
    let shown = tilde(dir, home);
    if metadata.uid() != files::uid() && metadata.uid() != 0 {
        let seen = format!("{shown}, above files of yours, belongs to another user (uid {})", metadata.uid());
        return Some(Finding::warning(CHECK, seen, "move those files, or have it given to you"));
    }
    (metadata.mode() & 0o002 != 0 && metadata.mode() & STICKY == 0).then(|| {
        let seen = format!("everybody may write {shown}, and so replace files of yours below it");
        Finding::broken(CHECK, seen, format!("chmod o-w {}", word(dir, home)))
    })
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
    fn what_keeps_nothing_or_is_roots_own_is_nobodys_fault() {
        let dir = tempfile::tempdir().unwrap();
        let (path, home) = (dir.path().join("x"), Path::new("/"));
        assert_eq!(judged(Path::new("/dev/null"), Meant::Private, home), None);
        fs::write(&path, "").unwrap();
        std::os::unix::fs::symlink("/etc/passwd", dir.path().join("link")).unwrap();
        let mine = path.metadata().unwrap();
        let roots = dir.path().join("link").metadata().unwrap();
        assert_eq!(roots.uid(), 0);
        assert_eq!(judge(&path, &roots, Meant::Private, home, mine.uid() + 1), None);
        // Another's, root's eyes included: it may be the owner who works in this container.
        if mine.uid() != 0 {
            let finding = judge(&path, &mine, Meant::Readable, home, 0).unwrap();
            assert!(!finding.fix.unwrap().contains("chown"));
        }
        let _ = std::os::unix::fs::chown(&path, Some(1000), None);
        let others = path.metadata().unwrap();
        let finding = judge(&path, &others, Meant::Readable, home, others.uid() + 1);
        assert!(others.uid() == 0 || !finding.unwrap().fix.unwrap().contains("chown"));
    }

    #[test]
    fn a_path_is_one_word_of_what_is_to_be_typed() {
        let home = Path::new("/home/me");
        for (path, typed) in [
            ("/home/me/.aws/config", "~/.aws/config"),
            ("/home/me/.aws/sso/cache/a; touch PWN.json", "~/'.aws/sso/cache/a; touch PWN.json'"),
            ("/srv/a b", "'/srv/a b'"),
            ("/srv/config", "/srv/config"),
            ("/home/me", "/home/me"),
        ] {
            assert_eq!(word(Path::new(path), home), typed);
        }
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
