//! What can be wrong with a machine: how it begins, and how it ends.

use std::fs::{self, File};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use awsenv::files::{is_locked, uid};
use awsenv::session::key;
use awsenv_sandbox::Gate;
use rustix::process::{Pid, Signal, kill_process};

use crate::cloud::{self, places};
use crate::desktop::login;
use crate::files::below;
use crate::machine::Scene;
use crate::mounts::{mount, unmount};

/// How it ends.
pub(crate) enum Ends {
    /// Once everybody has been answered.
    After(Box<dyn FnOnce(&mut Scene)>),
    /// Once somebody waits.
    Meanwhile(Box<dyn FnOnce(&Scene)>),
}

/// Something that is wrong.
pub(crate) struct Trouble {
    pub(crate) name: &'static str,
    /// Begins it. `None`: not on this machine.
    pub(crate) begin: fn(&mut Scene) -> Option<Ends>,
    /// Before all else.
    pub(crate) prepare: fn(&mut Scene),
    /// It takes mounts of one's own.
    pub(crate) mounts: bool,
    /// What is sealed goes with it, and is fetched anew.
    pub(crate) loses_sessions: bool,
    /// A prompt has to be there long before it is over.
    pub(crate) hangs: bool,
    /// An agent that has lost its directory ends, once it notices.
    pub(crate) ends_agent: bool,
    /// A sign-in knows nothing of it.
    pub(crate) of_roles_alone: bool,
}

const fn of(name: &'static str, begin: fn(&mut Scene) -> Option<Ends>) -> Trouble {
    Trouble {
        name,
        begin,
        prepare: |_| (),
        mounts: false,
        loses_sessions: false,
        hangs: false,
        ends_agent: false,
        of_roles_alone: false,
    }
}

const fn mounted(name: &'static str, begin: fn(&mut Scene) -> Option<Ends>) -> Trouble {
    Trouble { mounts: true, ..of(name, begin) }
}

const fn lossy(name: &'static str, begin: fn(&mut Scene) -> Option<Ends>) -> Trouble {
    Trouble { loses_sessions: true, ..of(name, begin) }
}

pub(crate) const TROUBLES: [Trouble; 26] = [
    Trouble {
        prepare: |scene| scene.mount(scene.world.home(), small),
        ..mounted("the disk is full", |scene| fill(&scene.world.home()))
    },
    mounted("the disk is read-only", |scene| {
        let home = scene.world.home();
        let path = home.to_str().unwrap();
        mount(["--bind", path, path]);
        mount(["-o", "remount,bind,ro", path]);
        after(move |_| unmount(&home))
    }),
    mounted("home cannot be written (mode 0500)", |scene| {
        let home = scene.world.home();
        let dirs: Vec<_> = below(&home).into_iter().filter(|path| path.is_dir()).collect();
        let modes: Vec<_> = dirs.iter().map(|dir| dir.metadata().unwrap().permissions()).collect();
        dirs.iter().for_each(|dir| open_to(dir, 0o500));
        after(move |_| dirs.iter().zip(modes).for_each(|(dir, mode)| fs::set_permissions(dir, mode).unwrap()))
    }),
    Trouble {
        prepare: |scene| scene.mount(scene.world.runtime(), small),
        ..mounted("the runtime directory's disk is full", |scene| {
            keyring(scene)?;
            fill(&scene.world.runtime())
        })
    },
    mounted("`HOME` is not set", |scene| {
        scene.env.unset("HOME");
        after(|_| ())
    }),
    mounted("`HOME` is empty", |scene| {
        scene.env.set("HOME", "");
        after(|_| ())
    }),
    of("`HOME` is no absolute path", |scene| {
        scene.env.set("HOME", "home");
        after(|_| ())
    }),
    of("`HOME` is not there, and cannot be made", |scene| {
        scene.env.set("HOME", "/proc/nobody");
        for name in ["CONFIG", "DATA", "STATE"] {
            scene.env.unset(format!("XDG_{name}_HOME"));
        }
        after(|_| ())
    }),
    of("there is no runtime directory", |scene| {
        keyring(scene)?;
        scene.env.set("XDG_RUNTIME_DIR", "/proc/nobody");
        scene.env.set("TMPDIR", "/proc/nobody");
        after(|_| ())
    }),
    of("awsenv's files are open to all (0777, 0666)", |scene| {
        keyring(scene)?;
        open_all(scene, 0o777, 0o666);
        // What nobody has touched since stays as it was.
        after(|scene| open_all(scene, 0o700, 0o600))
    }),
    Trouble {
        of_roles_alone: true,
        ..of("the allow list is open to all (0777)", |scene| {
            let data = places(&scene.world).data;
            open_to(&data, 0o777);
            after(move |_| open_to(&data, 0o700))
        })
    },
    Trouble {
        of_roles_alone: true,
        ..mounted("the allow list belongs to somebody else", |scene| given_away(&places(&scene.world).data))
    },
    mounted("the state directory belongs to somebody else", |scene| given_away(&places(&scene.world).state)),
    of("the state directory is a link", |scene| linked(places(&scene.world).state)),
    of("the state directory is a file", |scene| {
        let state = places(&scene.world).state;
        let away = state.with_extension("away");
        let _ = fs::rename(&state, &away);
        fs::create_dir_all(state.parent().unwrap()).unwrap();
        fs::write(&state, "").unwrap();
        after(move |_| {
            fs::remove_file(&state).unwrap();
            let _ = fs::rename(away, state);
        })
    }),
    Trouble {
        ends_agent: true,
        ..mounted("the runtime directory belongs to somebody else", |scene| {
            keyring(scene)?;
            given_away(&places(&scene.world).runtime)
        })
    },
    of("the runtime directory is a link", |scene| {
        keyring(scene)?;
        linked(places(&scene.world).runtime)
    }),
    of("who fetches it is killed", |scene| {
        let (mut other, _gate) = somebody(scene);
        other.kill().unwrap();
        other.wait().unwrap();
        after(|_| ())
    }),
    Trouble {
        hangs: true,
        of_roles_alone: true,
        ..of("who fetches it hangs", |scene| {
            let (mut other, gate) = somebody(scene);
            signal(&other, Signal::STOP);
            gate.open();
            Some(Ends::Meanwhile(Box::new(move |_| {
                signal(&other, Signal::CONT);
                other.wait().unwrap();
            })))
        })
    },
    of("who tells the shells hangs", |scene| {
        let dir = places(&scene.world).runtime;
        fs::create_dir_all(&dir).unwrap();
        let holder = held(&dir.join("lock"));
        signal(&holder.0, Signal::STOP);
        after(move |_| drop(holder))
    }),
    lossy("what it keeps is empty", |scene| each_kept(scene, |_| Vec::new())),
    lossy("what it keeps is half there", |scene| each_kept(scene, |bytes| bytes[..bytes.len() / 2].to_vec())),
    lossy("what it keeps is all zeroes", |scene| each_kept(scene, |bytes| vec![0; bytes.len()])),
    lossy("what it keeps is garbage", |scene| {
        each_kept(scene, |bytes| bytes.iter().map(|byte| byte.rotate_left(3) ^ 0x5a).collect())
    }),
    lossy("what it keeps is of a newer awsenv", |scene| each_kept(scene, newer)),
    lossy("what it keeps is a directory", |scene| {
        let kept = kept(scene);
        let before: Vec<_> = kept.iter().map(|path| fs::read(path).unwrap()).collect();
        for path in &kept {
            fs::remove_file(path).unwrap();
            fs::create_dir(path).unwrap();
        }
        after(move |_| {
            for (path, bytes) in kept.iter().zip(before).filter(|(path, _)| path.is_dir()) {
                fs::remove_dir(path).unwrap();
                awsenv::files::write_private(path, &bytes).unwrap();
            }
        })
    }),
];

/// The same where the keys are in a keychain.
pub(crate) const KEYCHAIN: [Trouble; 8] = [
    of("there is no D-Bus session", |scene| {
        scene.env.unset("DBUS_SESSION_BUS_ADDRESS");
        after(|_| ())
    }),
    of("the keyring has been killed", |scene| {
        scene.desktop.as_mut().unwrap().kill();
        after(|scene| scene.desktop.as_mut().unwrap().log_in(&scene.world))
    }),
    of("the keyring hangs", |scene| {
        let keyring = Pid::from_raw(scene.desktop.as_ref().unwrap().keyring().cast_signed()).unwrap();
        kill_process(keyring, Signal::STOP).unwrap();
        after(move |_| kill_process(keyring, Signal::CONT).unwrap())
    }),
    of("the keyring is locked", |scene| {
        scene.desktop.as_ref().unwrap().lock(&login());
        after(|scene| scene.desktop.as_ref().unwrap().unlock())
    }),
    of("the list of keys is empty", |scene| list_of_keys(scene, |_| Vec::new())),
    of("the list of keys is garbage", |scene| list_of_keys(scene, |bytes| bytes[1..].to_vec())),
    of("the list of keys is of a newer awsenv", |scene| {
        list_of_keys(scene, |bytes| String::from_utf8_lossy(bytes).replacen(":1,", ":2,", 1).into_bytes())
    }),
    of("the list of keys is open to all (0666)", |scene| {
        let list = places(&scene.world).data.join("keys/index");
        open_to(&list, 0o666);
        after(move |_| open_to(&list, 0o600))
    }),
];

fn list_of_keys(scene: &Scene, change: fn(&[u8]) -> Vec<u8>) -> Option<Ends> {
    let list = places(&scene.world).data.join("keys/index");
    let before = fs::read(&list).unwrap();
    assert_ne!(change(&before), before);
    fs::write(&list, change(&before)).unwrap();
    after(move |_| fs::write(list, before).unwrap())
}

fn after(over: impl FnOnce(&mut Scene) + 'static) -> Option<Ends> {
    Some(Ends::After(Box::new(over)))
}

/// Where the key that seals rests in the runtime directory, all that is sealed hangs on that.
fn keyring(scene: &Scene) -> Option<()> {
    matches!(key::place(&places(&scene.world)), key::Place::Keyring).then_some(())
}

fn open_to(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// What goes meanwhile, an agent or a renewal has taken away.
fn open_all(scene: &Scene, dirs: u32, files: u32) {
    let places = places(&scene.world);
    for path in [&places.state, &places.runtime].into_iter().flat_map(|dir| below(dir)) {
        let mode = if path.is_dir() { dirs } else { files };
        let _ = fs::set_permissions(path, fs::Permissions::from_mode(mode));
    }
}

/// Only root can.
fn given_away(dir: &Path) -> Option<Ends> {
    fs::create_dir_all(dir).unwrap();
    let all = below(dir);
    // From below: what is somebody else's cannot be looked into.
    let is_given = all.iter().rev().try_for_each(|path| chown(path, Some(65_534), Some(65_534))).is_ok();
    is_given.then_some(())?;
    after(move |_| {
        let own = all.iter().map(|path| chown(path, Some(uid()), None));
        own.filter_map(Result::err).for_each(|error| assert_eq!(error.kind(), ErrorKind::NotFound));
    })
}

fn linked(dir: PathBuf) -> Option<Ends> {
    let target = dir.with_extension("target");
    fs::create_dir_all(&dir).unwrap();
    fs::rename(&dir, &target).unwrap();
    symlink(&target, &dir).unwrap();
    after(move |_| {
        fs::remove_file(&dir).unwrap();
        fs::rename(target, dir).unwrap();
    })
}

/// Puts a directory on a small disk of its own, with all that is there.
fn small(dir: &Path) {
    let script = "set -e; cp -a \"$1\" \"$1.copy\"; mount -t tmpfs -o size=4m,mode=700 tmpfs \"$1\"; \
                  cp -a \"$1.copy/.\" \"$1\"; rm -r \"$1.copy\"";
    let output = Command::new("sh").args(["-c", script, "sh"]).arg(dir).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn fill(dir: &Path) -> Option<Ends> {
    let path = dir.join("filler");
    let mut filler = File::create(&path).unwrap();
    let full = (0..).find_map(|_| filler.write_all(&[1; 4096]).err()).unwrap();
    assert_eq!(full.kind(), ErrorKind::StorageFull);
    after(move |_| fs::remove_file(path).unwrap())
}

/// Somebody who does the same, and waits for AWS's answer.
fn somebody(scene: &Scene) -> (Child, Gate) {
    let operation = if scene.same[0] == "login" { "CreateToken" } else { "AssumeRole" };
    let gate = scene.sandbox.gate(operation);
    let child = scene.command(scene.same).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    gate.wait_for(1, cloud::DEADLINE);
    (child, gate)
}

/// A process that holds a lock, whatever becomes of the test.
struct Holder(Child);

impl Drop for Holder {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn held(lock: &Path) -> Holder {
    let script = "umask 077; exec 9>>\"$1\"; flock 9; echo; exec sleep 1000";
    let mut holder = Command::new("sh")
        .args(["-c", script, "sh"])
        .arg(lock)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    holder.stdout.as_mut().unwrap().read_exact(&mut [0]).unwrap();
    assert!(is_locked(lock));
    Holder(holder)
}

fn signal(child: &Child, signal: Signal) {
    kill_process(Pid::from_child(child), signal).unwrap();
}

/// All that awsenv has written into its state directory, but locks.
fn kept(scene: &Scene) -> Vec<PathBuf> {
    let is_content = |path: &PathBuf| path.is_file() && path.metadata().unwrap().len() > 0;
    below(&places(&scene.world).state).into_iter().filter(is_content).collect()
}

fn each_kept(scene: &Scene, change: impl Fn(&[u8]) -> Vec<u8>) -> Option<Ends> {
    for path in kept(scene) {
        let bytes = fs::read(&path).unwrap();
        fs::write(&path, change(&bytes)).unwrap();
    }
    after(|_| ())
}

/// What is sealed begins with its version; what is not is JSON, to which members may be added.
fn newer(bytes: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(bytes);
    if let Some(rest) = text.strip_prefix('{') {
        return format!("{{\"newer\":[1],{rest}").into_bytes();
    }
    let mut newer = bytes.to_vec();
    newer[0] += 1;
    newer
}
