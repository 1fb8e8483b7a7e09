//! The profile by which programs get a directory's session (`deliver = "profile"`): its name, and its one setting.

use std::path::Path;

use super::chain::source_keys;
use super::config::SharedConfig;
use crate::limits::{self, Reason};

/// The only setting of such a profile.
pub const SETTING: &str = "credential_process";

/// A profile that stands for one session and no other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivered {
    /// What people see in `AWS_PROFILE`: whose session, and which.
    pub name: String,
    /// What AWS clients run.
    pub process: String,
}

impl Delivered {
    /// Of a session, by its display name and its key. `program`: awsenv itself.
    pub fn of(name: &str, session: &str, program: &Path) -> Result<Self, Reason> {
        let legal = |c: char| if limits::profile_name(&c.to_string()).is_ok() { c } else { '-' };
        let name: String = name.chars().map(legal).collect();
        let program = quoted(program)?;
        Ok(Self {
            name: format!("awsenv/{name}/{}", &session[..16]),
            process: format!("{program} lend {session}"),
        })
    }

    /// Whether the config has it, as it has to be: keys beside a process would be somebody else's.
    pub fn is_in(&self, config: &SharedConfig) -> bool {
        config.profile(&self.name).is_ok_and(|profile| {
            profile.get(SETTING) == Some(&self.process) && source_keys(&profile).eq([SETTING])
        })
    }
}

/// The session that a profile of this kind stands for.
pub fn session_of<'a>(config: &'a SharedConfig, name: &str) -> Option<&'a str> {
    config.profile(name).ok()?.get(SETTING)?.rsplit(' ').next()
}

/// botocore splits words by itself, others leave that to `sh`; in some parsers `#` and `;` begin a comment.
pub fn quoted(program: &Path) -> Result<String, Reason> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-+@%:=,".contains(&byte);
    let text = program.to_str().unwrap_or_default();
    if !text.is_empty() && text.bytes().all(plain) {
        return Ok(text.to_owned());
    }
    match !text.is_empty() && text.chars().all(|c| !c.is_control() && !"'\"\\#;".contains(c)) {
        true => Ok(format!("'{text}'")),
        false => Err(format!("awsenv lies at {}, which cannot be written there", program.display())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_whose_session_and_which() {
        let key = "0123456789abcdef0123456789abcdef01234567";
        let of = |name, program| Delivered::of(name, key, Path::new(program));
        let delivered = of("Developer@111122223333", "/usr/bin/awsenv").unwrap();
        assert_eq!(delivered.name, "awsenv/Developer@111122223333/0123456789abcdef");
        assert_eq!(delivered.process, format!("/usr/bin/awsenv lend {key}"));
        let odd = of("a b]\n", "/home/my user/awsenv").unwrap();
        assert_eq!(odd.name, "awsenv/a-b--/0123456789abcdef");
        assert_eq!(odd.process, format!("'/home/my user/awsenv' lend {key}"));
        for program in ["", "/a'b", "/a\nb", "/a #b", "/a\\b"] {
            assert!(of("a", program).is_err(), "{program:?}");
        }
    }
}
