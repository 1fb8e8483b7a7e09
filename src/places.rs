//! Where things live: the platform's directories, and how private they must be.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::env::Env;
use crate::message::Failure;

/// The directories awsenv reads and writes. Made once, handed on.
#[derive(Clone, Debug)]
pub struct Places {
    /// `$HOME`: where `~/` points.
    pub home: PathBuf,
    /// `awsenv/config.toml` in the platform's config directory, or `AWSENV_CONFIG`.
    pub settings: PathBuf,
    /// What a person decided: the allow list.
    pub data: PathBuf,
    /// What may be lost without harm, but should outlive a reboot: originals set aside, sessions.
    pub state: PathBuf,
    /// What must not outlive a reboot, on tmpfs where there is one: token, references.
    pub runtime: PathBuf,
}

impl Places {
    /// All of them below one directory of a test.
    #[cfg(test)]
    pub(crate) fn below(dir: &Path) -> Self {
        let at = |name: &str| dir.join(name);
        Self { home: at("h"), settings: at("c"), data: at("d"), state: at("s"), runtime: at("r") }
    }

    /// What the agent and the prompts tell each other by.
    pub fn agent(&self) -> PathBuf {
        self.runtime.join("agent")
    }

    /// The platform's directories (XDG on Linux, `~/Library` on macOS, `%APPDATA%` on Windows).
    /// `None` without a home directory: nothing can be trusted or kept then. `env` is that of this process, which the
    /// platform is asked by.
    pub fn of(env: &Env) -> Option<Self> {
        let home = match env.text("HOME") {
            Some(home) if Path::new(home).is_absolute() => PathBuf::from(home),
            // A relative one would move home with each cd.
            _ => dirs::home_dir().filter(|home| home.is_absolute())?,
        };
        let data = dirs::data_local_dir()?.join("awsenv");
        Some(Self {
            settings: match named_settings(env) {
                Some(path) => path,
                None => dirs::config_dir()?.join("awsenv/config.toml"),
            },
            state: dirs::state_dir().map_or_else(|| data.join("state"), |dir| dir.join("awsenv")),
            runtime: runtime(env),
            home,
            data,
        })
    }
}

/// The settings file that the environment names.
pub fn named_settings(env: &Env) -> Option<PathBuf> {
    env.get("AWSENV_CONFIG").filter(|path| !path.is_empty()).map(PathBuf::from)
}

/// `$XDG_RUNTIME_DIR/awsenv`, else a directory of ours in the temporary directory: its owner and mode are
/// checked whenever it is used, since anybody may create it there first.
fn runtime(env: &Env) -> PathBuf {
    // After `su` it may still be the other user's: nothing of ours is made there.
    let mine =
        |dir: &PathBuf| std::fs::metadata(dir).is_ok_and(|metadata| metadata.uid() == crate::files::uid());
    match dirs::runtime_dir().filter(mine) {
        Some(dir) => dir.join("awsenv"),
        None => {
            let temporary =
                env.get("TMPDIR").filter(|dir| !dir.is_empty()).map_or("/tmp".into(), PathBuf::from);
            temporary.join(format!("awsenv-{}", crate::files::uid()))
        }
    }
}

/// `~` and `~/…` as the shell would read them; `~name/` is left alone, as the AWS SDKs do.
pub fn expand_home(text: &str, home: &Path) -> PathBuf {
    match text.strip_prefix('~') {
        Some("") => home.to_path_buf(),
        Some(rest) if rest.starts_with('/') => home.join(rest.trim_start_matches('/')),
        _ => PathBuf::from(text),
    }
}

/// Where the AWS CLI keeps console sessions. `None`: the variable names a path that depends on the directory, which is
/// nobody's place for secrets.
pub fn login_cache(original: &Env, home: &Path) -> Option<PathBuf> {
    let path = match original.text(LOGIN_CACHE) {
        Some(named) => expand_home(named, home),
        None => home.join(".aws/login/cache"),
    };
    path.is_absolute().then_some(path)
}

/// What is wrong with it.
pub fn relative_login_cache() -> Failure {
    Failure::new(format!("{LOGIN_CACHE} is no absolute path, and none that begins with ~/"))
}

/// The variable that names another place.
const LOGIN_CACHE: &str = "AWS_LOGIN_CACHE_DIRECTORY";

/// A path as people write it: below home with `~/`.
pub fn tilde(path: &Path, home: &Path) -> String {
    match path.strip_prefix(home) {
        Ok(rest) if home != Path::new("/") && !rest.as_os_str().is_empty() => format!("~/{}", rest.display()),
        _ => path.display().to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn home_is_expanded_only_where_shells_do() {
        let home = Path::new("/home/me");
        let cases =
            [("~", "/home/me"), ("~/x/y", "/home/me/x/y"), ("~you/x", "~you/x"), ("/a/~/b", "/a/~/b")];
        for (text, path) in cases {
            assert_eq!(expand_home(text, home), Path::new(path), "{text}");
        }
        assert_eq!(tilde(Path::new("/home/me/acme/.awsenv"), home), "~/acme/.awsenv");
        assert_eq!(tilde(Path::new("/srv/acme"), home), "/srv/acme");
    }
}
