//! The homes that are compared.

use std::path::{Path, PathBuf};

use awsenv_bench::{Crowd, Home, Peers, Programs, Tool};

/// A home like many.
pub(crate) const USUAL: Crowd = Crowd { profiles: 10, sessions: 1 };

pub(crate) struct Stage {
    pub(crate) programs: Programs,
    /// A role, and its session in the store.
    pub(crate) session: Home,
    /// Keys that stand in a file.
    pub(crate) keys: Home,
    /// As `session`, and more of something: of what.
    pub(crate) crowded: Vec<(String, Home)>,
    /// Two thousand names to complete.
    pub(crate) names: Home,
    /// As `session`, and AWS is there.
    pub(crate) aws: Home,
    /// The same variables as `session`, by those that are here.
    pub(crate) direnv: Option<Home>,
    pub(crate) mise: Option<Home>,
    pub(crate) starship: Option<PathBuf>,
    /// The AWS CLI, and a python with boto3 and awsume.
    pub(crate) cli: Option<PathBuf>,
    pub(crate) python: Option<PathBuf>,
    /// Our side is to be slower than promised.
    pub(crate) planted: bool,
}

impl Stage {
    pub(crate) fn set(
        below: &Path,
        programs: Programs,
        peers: &Peers,
        sessions: usize,
        planted: bool,
    ) -> Self {
        let home = |name: &str, crowd: Crowd| role(below, name, &programs.awsenv, crowd);
        let session = home("session", USUAL);
        let peer = |name: &str, tool: Tool, program: &Option<PathBuf>| {
            Some(Home::of_peer(below.join(name), tool, program.as_deref()?, &session))
        };
        Self {
            keys: Home::with_keys(below.join("keys"), programs.awsenv.clone()),
            crowded: vec![
                ("1,000 profiles".into(), home("profiles-1000", Crowd { profiles: 1000, ..USUAL })),
                ("10,000 profiles".into(), home("profiles-10000", Crowd { profiles: 10_000, ..USUAL })),
                (format!("{} sessions", thousands(sessions)), home("sessions", Crowd { sessions, ..USUAL })),
            ],
            names: home("names", Crowd { profiles: 2000, ..USUAL }),
            aws: Home::with_aws(below.join("aws"), programs.awsenv.clone(), USUAL),
            direnv: peer("direnv", Tool::Direnv, &peers.direnv),
            mise: peer("mise", Tool::Mise, &peers.mise),
            starship: peers.starship.clone(),
            cli: peers.aws.clone(),
            python: peers.python.clone(),
            session,
            programs,
            planted,
        }
    }

    /// What a crowd is compared with.
    pub(crate) fn usual(what: &str) -> String {
        if what.ends_with("sessions") { "1 session".into() } else { format!("{} profiles", USUAL.profiles) }
    }

    /// Our program; with a planted fault a slow one.
    pub(crate) fn awsenv(&self) -> PathBuf {
        let slow = || {
            let program = self.programs.awsenv.display();
            self.session.script("slow", &format!("sleep 0.06\nexec '{program}' \"$@\""))
        };
        if self.planted { slow() } else { self.programs.awsenv.clone() }
    }
}

/// A home with a role, and its session in the store.
pub(crate) fn role(below: &Path, name: &str, program: &Path, crowd: Crowd) -> Home {
    Home::with_session(below.join(name), program.to_owned(), crowd)
}

fn thousands(number: usize) -> String {
    if number < 1000 { number.to_string() } else { format!("{},{:03}", number / 1000, number % 1000) }
}
