//! What aws-vault keeps, for `key import`: its long-lived keys, by name. Nothing of it is ever changed. Its sessions
//! are not looked at. Of its backends those are known that another program can read: the Secret Service, files, `pass`.

use std::path::{Path, PathBuf};

use clap::ValueEnum;

use super::{Keys, Texts, os};
use crate::env::Env;
use crate::message::{Exit, Failure, nearest};
use crate::places::{expand_home, tilde};

mod file;
mod item;
mod jwe;
mod pass;

use item::Item;

/// How it is had of all other backends; what it prints is what `key add` reads.
const BY_HAND: &str = "`aws-vault export --no-session --format=json NAME | awsenv key add NAME --stdin` takes keys out of any backend";

/// Where aws-vault keeps its items.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Backend {
    /// A collection of the Secret Service
    SecretService,
    /// Encrypted files
    File,
    /// The password store
    Pass,
}

/// One of its stores.
#[derive(Debug)]
pub struct AwsVault<'a> {
    backend: Backend,
    original: &'a Env,
    home: &'a Path,
}

/// Keys under their name there, or why they cannot be taken.
#[derive(Debug)]
pub struct Found {
    /// Usually a profile's.
    pub name: String,
    /// Long-lived ones only.
    pub keys: Result<Keys, String>,
}

impl<'a> AwsVault<'a> {
    /// The backend that is asked for, else the one that `AWS_VAULT_BACKEND` names, else the only one with something
    /// in it.
    pub fn locate(backend: Option<Backend>, original: &'a Env, home: &'a Path) -> anyhow::Result<Self> {
        let of = |backend| Self { backend, original, home };
        if let Some(backend) = backend {
            return Ok(of(backend));
        }
        if let Some(name) = original.text("AWS_VAULT_BACKEND") {
            return match Backend::from_str(name, false) {
                Ok(backend) => Ok(of(backend)),
                Err(_) => {
                    Err(Failure::new(format!("AWS_VAULT_BACKEND={name}: awsenv cannot read this backend"))
                        .hint(BY_HAND)
                        .into())
                }
            };
        }
        let all = Backend::value_variants().iter().map(|backend| of(*backend));
        let mut there: Vec<_> = all.filter(Self::is_there).collect();
        match (there.pop(), &there[..]) {
            (Some(only), []) => Ok(only),
            (None, _) => Err(Failure::new(format!(
                "aws-vault keeps nothing in the collection {} of the Secret Service or in {}",
                of(Backend::SecretService).collection(),
                tilde(&of(Backend::File).dir(), home),
            ))
            .hint(BY_HAND)
            .into()),
            (Some(last), [first, ..]) => Err(Failure::new(format!(
                "aws-vault keeps keys in {} and in {}",
                first.shown(),
                last.shown()
            ))
            .hint("say which with --backend, or AWS_VAULT_BACKEND")
            .exit(Exit::Usage)
            .into()),
        }
    }

    /// The store, for people.
    pub fn shown(&self) -> String {
        match self.backend {
            Backend::SecretService => format!("the collection {} of the Secret Service", self.collection()),
            Backend::File => tilde(&self.dir(), self.home),
            Backend::Pass => {
                format!("the password store {}", tilde(&self.store().join(self.prefix()), self.home))
            }
        }
    }

    /// The keys of these names, or all of them. What is needed to read them is asked for.
    pub fn keys(&self, names: &[String]) -> anyhow::Result<Vec<Found>> {
        let wanted =
            |name: &str| !item::is_session(name) && (names.is_empty() || names.iter().any(|n| n == name));
        let items: Texts = match self.backend {
            Backend::SecretService => os::collection(self.collection(), self.original)?
                .ok_or_else(|| Failure::new(format!("there is no {}", self.shown())).hint(BY_HAND))?,
            Backend::File => file::items(&self.dir(), &self.shown(), self.original, wanted)?,
            Backend::Pass => self.pass().items(names, wanted)?,
        };
        let mut found: Vec<_> = items
            .iter()
            .map(|(name, text)| match Item::read(text) {
                Some(item) => Found { name: item.name.to_string(), keys: item.keys() },
                None => Found { name: name.clone(), keys: Err("aws-vault did not write it".to_owned()) },
            })
            .filter(|found| wanted(&found.name))
            .collect();
        // Which of them aws-vault would take, its store decides.
        found.sort_by(|a, b| a.name.cmp(&b.name));
        for same in found.chunk_by_mut(|a, b| a.name == b.name).filter(|same| same.len() > 1) {
            same.iter_mut().for_each(|found| found.keys = Err("more than one item has this name".to_owned()));
        }
        match names.iter().find(|name| found.iter().all(|found| found.name != **name)) {
            None => Ok(found),
            Some(missing) => {
                let failure =
                    Failure::new(format!("aws-vault has no keys named {missing} in {}", self.shown()));
                Err(match nearest(missing, items.iter().map(|(name, _)| name.as_str())) {
                    Some(near) => failure.hint(format!("did you mean `{near}`?")),
                    None => failure.hint("without a name, all are shown"),
                }
                .into())
            }
        }
    }

    /// Of the password store only below a prefix: without one, anything in it could be aws-vault's.
    fn is_there(&self) -> bool {
        let is_filled = |dir: PathBuf| dir.read_dir().is_ok_and(|mut entries| entries.next().is_some());
        match self.backend {
            Backend::SecretService => os::has_collection(self.collection(), self.original),
            Backend::File => is_filled(self.dir()),
            Backend::Pass => !self.prefix().is_empty() && is_filled(self.store().join(self.prefix())),
        }
    }

    fn collection(&self) -> &str {
        self.original.text("AWS_VAULT_SECRET_SERVICE_COLLECTION_NAME").unwrap_or("awsvault")
    }

    fn dir(&self) -> PathBuf {
        let dir = self.original.text("AWS_VAULT_FILE_DIR").unwrap_or("~/.awsvault/keys");
        // Without a slash at the end.
        expand_home(dir, self.home).components().collect()
    }

    fn prefix(&self) -> &str {
        self.original.text("AWS_VAULT_PASS_PREFIX").unwrap_or_default()
    }

    /// aws-vault overrides `PASSWORD_STORE_DIR` with its own setting, and knows no other default.
    fn store(&self) -> PathBuf {
        let of = |name| self.original.text(name);
        let dir = of("AWS_VAULT_PASS_PASSWORD_STORE_DIR").or(of("PASSWORD_STORE_DIR"));
        expand_home(dir.unwrap_or("~/.password-store"), self.home)
    }

    fn pass(&self) -> pass::Store<'_> {
        pass::Store {
            dir: self.store(),
            prefix: self.prefix(),
            command: self.original.text("AWS_VAULT_PASS_CMD").unwrap_or("pass"),
            original: self.original,
        }
    }
}
