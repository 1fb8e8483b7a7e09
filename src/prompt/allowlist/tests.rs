use super::*;
use std::os::unix::fs::PermissionsExt;

struct Place {
    dir: tempfile::TempDir,
    places: Places,
    settings: Settings,
}

impl Place {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        let places = Places {
            home: at("home"),
            settings: at("config"),
            data: at("data"),
            state: at("state"),
            runtime: at("run"),
        };
        Self { places, dir, settings: Settings::default() }
    }

    fn list(&self) -> Allowlist<'_> {
        Allowlist::new(&self.places, &self.settings)
    }

    fn write(&self, text: &str) -> PathBuf {
        let path = self.dir.path().join(".awsenv");
        fs::write(&path, text).unwrap();
        path
    }

    fn standing(&self, path: &Path) -> String {
        match self.list().read(path).map(|look| look.standing) {
            None => "none".into(),
            Some(Standing::Allowed(file)) => format!("allowed {}", file.text),
            Some(Standing::Unknown) => "unknown".into(),
            Some(Standing::Denied) => "denied".into(),
            Some(Standing::Broken(doubt)) => doubt.why,
        }
    }

    fn allow(&self, path: &Path) {
        self.list().allow(path, |_, _| Ok(())).unwrap();
    }
}

#[test]
fn only_this_content_at_this_path_counts() {
    let place = Place::new();
    let path = place.write("a");
    assert_eq!(place.standing(&path), "unknown");
    place.allow(&path);
    assert_eq!(place.standing(&path), "allowed a");
    place.write("b");
    assert_eq!(place.standing(&path), "has changed since it was allowed");
    place.write("a");
    assert_eq!(place.standing(&path), "allowed a", "back on the branch that was looked at");
    let copy = place.dir.path().join("copy");
    fs::copy(&path, &copy).unwrap();
    assert_eq!(place.standing(&copy), "unknown");
}

#[test]
fn a_no_is_by_path_and_outlives_edits_until_a_yes() {
    let place = Place::new();
    let path = place.write("a");
    place.allow(&path);
    place.list().deny(&path).unwrap();
    place.write("b");
    assert_eq!(place.standing(&path), "denied");
    place.allow(&path);
    assert_eq!(place.standing(&path), "allowed b");
}

#[test]
fn a_file_others_may_write_is_not_believed() {
    let place = Place::new();
    let path = place.write("a");
    let mode = |mode| fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    mode(0o666);
    assert_eq!(place.standing(&path), "unknown");
    assert!(place.list().allow(&path, |_, _| Ok(())).is_err());
    mode(0o644);
    place.allow(&path);
    mode(0o646);
    assert_eq!(place.standing(&path), "can be written by anybody (chmod o-w)");
}

#[test]
fn a_group_is_mine_alone_or_it_is_not() {
    let passwd = "root:x:0:0::/root:/bin/sh\nme:x:1000:1000::/home/me:/bin/sh\nyou:x:1001:1000::/:/bin/sh\n";
    let alone = "root:x:0:0::/root:/bin/sh\nme:x:1000:1000::/home/me:/bin/sh\n";
    let group = "root:x:0:\nme:x:1000:\nstaff:x:50:me\n";
    assert!(is_private_group(alone, group, 1000, 1000));
    assert!(!is_private_group(passwd, group, 1000, 1000), "you are in it by your primary group");
    assert!(!is_private_group(alone, "me:x:1000:you\n", 1000, 1000));
    assert!(!is_private_group(alone, group, 1000, 50));
    assert!(!is_private_group("", "", 1000, 1000));
}

#[test]
fn a_link_is_not_the_file_it_points_at() {
    let place = Place::new();
    let path = place.write("a");
    place.allow(&path);
    let other = place.dir.path().join("other");
    fs::create_dir(&other).unwrap();
    let link = other.join(".awsenv");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    assert_eq!(place.standing(&link), "unknown");
    place.allow(&link);
    assert_eq!(place.standing(&link), "allowed a");
    fs::remove_file(&link).unwrap();
    fs::write(place.dir.path().join("same"), "a").unwrap();
    std::os::unix::fs::symlink(place.dir.path().join("same"), &link).unwrap();
    assert_eq!(place.standing(&link), "has changed since it was allowed", "it leads elsewhere now");
    fs::remove_file(&link).unwrap();
    std::os::unix::fs::symlink("nowhere", &link).unwrap();
    assert_eq!(place.standing(&link), "is gone");
    fs::remove_file(&link).unwrap();
    fs::create_dir(&link).unwrap();
    assert!(place.standing(&link).starts_with("cannot be read"));
}

#[test]
fn an_allow_list_that_cannot_be_read_is_not_taken_for_an_empty_one() {
    let place = Place::new();
    let path = place.write("a");
    fs::create_dir_all(&place.places.data).unwrap();
    fs::write(place.places.data.join("allow"), "a file where a directory belongs").unwrap();
    assert_eq!(place.standing(&path), "cannot be looked up: the allow list is not readable");
}

#[test]
fn a_check_that_fails_allows_nothing() {
    let place = Place::new();
    let path = place.write("a");
    assert!(place.list().allow(&path, |_, _| anyhow::bail!("no")).is_err());
    assert_eq!(place.standing(&path), "unknown");
}

#[test]
fn what_is_no_file_is_not_there() {
    let place = Place::new();
    let path = place.dir.path().join(".awsenv");
    assert_eq!(place.standing(&path), "none");
    fs::create_dir(&path).unwrap();
    assert_eq!(place.standing(&path), "none");
}

#[test]
fn the_list_names_every_decision() {
    let place = Place::new();
    let path = place.write("a");
    place.allow(&path);
    let other = place.dir.path().join("other");
    fs::write(&other, "x").unwrap();
    place.list().deny(&other).unwrap();
    place.write("changed");
    let entries = place.list().list().unwrap();
    let told: Vec<_> = entries
        .iter()
        .map(|entry| (entry.path.file_name().unwrap().to_str().unwrap(), entry.standing))
        .collect();
    assert_eq!(told, [(".awsenv", "changed"), ("other", "denied")]);
}

#[test]
fn a_list_that_others_could_have_written_is_not_believed() {
    let place = Place::new();
    let path = place.write("a");
    place.allow(&path);
    let entry = place.list().read(&path).unwrap().entry.unwrap();
    let own: Vec<_> = entry.ancestors().skip(1).take(3).map(Path::to_owned).collect();
    assert_eq!(own.last(), Some(&place.places.data));
    for dir in own {
        for mode in [0o777, 0o720] {
            fs::set_permissions(&dir, fs::Permissions::from_mode(mode)).unwrap();
            let standing = place.standing(&path);
            assert!(standing.starts_with("cannot be looked up: others could have written"), "{standing}");
        }
        place.allow(&path);
        assert_eq!(place.standing(&path), "allowed a", "a person has looked again, and it is ours alone");
    }
}

/// What somebody else could do while the directory was open: a yes to content that nobody looked at.
fn planted(place: &Place, path: &Path) -> PathBuf {
    place.allow(path);
    let yes = place.list().read(path).unwrap().entry.unwrap();
    place.write("theirs");
    let (text, there) = ("theirs", fs::symlink_metadata(path).unwrap());
    yes.with_file_name(digest(&super::place(path).unwrap(), &link(&there, path), text))
}

#[test]
fn a_yes_that_is_not_this_users_is_not_believed() {
    type Plant = fn(&Path);
    let ways: [(&str, Plant); 4] = [
        ("others may write to it", |at| {
            fs::write(at, "").unwrap();
            fs::set_permissions(at, fs::Permissions::from_mode(0o622)).unwrap();
        }),
        ("a link to a file of this user", |at| {
            let yes = fs::read_dir(at.parent().unwrap()).unwrap().next().unwrap().unwrap().path();
            std::os::unix::fs::symlink(yes, at).unwrap();
        }),
        ("a directory", |at| fs::create_dir(at).unwrap()),
        ("another user's", |at| {
            fs::write(at, "").unwrap();
            fs::set_permissions(at, fs::Permissions::from_mode(0o600)).unwrap();
            std::os::unix::fs::chown(at, Some(4242), None).unwrap();
        }),
    ];
    for (what, plant) in ways {
        // Only root gives a file away.
        if what == "another user's" && files::uid() != 0 {
            continue;
        }
        let place = Place::new();
        let path = place.write("a");
        let theirs = planted(&place, &path);
        plant(&theirs);
        let standing = place.standing(&path);
        assert!(standing.starts_with("cannot be looked up: others could have written"), "{what}: {standing}");
        place.write("a");
        assert_eq!(place.standing(&path), "allowed a", "{what}: what a person looked at still counts");
        let approval = place.list().allow(&path, |_, _| Ok(())).unwrap();
        assert!(approval.has_forgotten && fs::symlink_metadata(&theirs).is_err(), "{what}");
    }
}

#[test]
fn what_was_put_there_while_the_list_was_open_is_forgotten_when_a_person_allows() {
    let place = Place::new();
    let path = place.write("a");
    let theirs = planted(&place, &path);
    let mine = fs::read_dir(theirs.parent().unwrap()).unwrap().next().unwrap().unwrap().path();
    let open = |mode| {
        fs::set_permissions(theirs.parent().unwrap(), fs::Permissions::from_mode(mode)).unwrap();
    };
    open(0o777);
    // Theirs by its name alone: the file itself is this user's.
    fs::rename(mine, &theirs).unwrap();
    place.write("b");
    assert!(place.list().allow(&path, |_, _| Ok(())).unwrap().has_forgotten);
    place.write("theirs");
    assert_eq!(place.standing(&path), "has changed since it was allowed");
    place.write("c");
    assert!(!place.list().allow(&path, |_, _| Ok(())).unwrap().has_forgotten);
    place.write("b");
    assert_eq!(place.standing(&path), "allowed b", "what was allowed since counts on");
}
