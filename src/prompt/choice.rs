//! What `awsenv use` has chosen for one shell. It lives in that shell's own state, so that no other shell sees
//! it, shells within inherit it, and nothing is left when the shell ends. Decoded as hostile input.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::env_file::{Pin, PinSource};
use super::memory;
use crate::limits;

/// A choice, and where it counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    /// The nearest file that counted when it was made, as [`memory::named`] has it; none: where no file counts.
    #[serde(rename = "f", default, skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    /// What was chosen.
    #[serde(rename = "w")]
    pub what: What,
}

/// What one can choose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum What {
    /// A stage of the file; `true`: a person has agreed that it is protected.
    #[serde(rename = "s")]
    Stage(String, bool),
    /// A profile in place of the file; `true`: a stage that is protected means the same one.
    #[serde(rename = "p")]
    Profile(String, bool),
}

/// What has been said on how to read a directory's file.
#[derive(Clone, Copy, Debug)]
pub enum Chosen<'a> {
    /// Nothing: as it is written.
    Nothing,
    /// A stage, on the command line: it has to be there.
    Stage(&'a str),
    /// A choice of this shell, if it was made for what counts here.
    Shell(&'a Choice),
}

impl Choice {
    /// A choice where this is the nearest file that counts.
    pub fn made(what: What, file: Option<&Path>) -> Self {
        Self { what, file: file.map(name) }
    }

    /// Whether it was made where this is the nearest file that counts.
    pub fn counts_at(&self, file: Option<&Path>) -> bool {
        self.file == file.map(name)
    }

    /// Whether it is spelled as one of ours.
    pub fn is_sane(&self) -> bool {
        limits::profile_name(self.what.name()).is_ok()
    }
}

impl What {
    /// What one types for it.
    pub fn name(&self) -> &str {
        let (Self::Stage(name, _) | Self::Profile(name, _)) = self;
        name
    }

    /// As people read it, and as the session index tells one from another.
    pub fn text(&self) -> String {
        match self {
            Self::Stage(name, _) => format!("stage {name}"),
            Self::Profile(name, _) => format!("profile {name}"),
        }
    }

    /// The pin that takes the place of the file's: nothing of that goes with somebody else.
    pub fn replacement(&self) -> Option<Pin> {
        match self {
            Self::Stage(..) => None,
            Self::Profile(name, protected) => Some(Pin {
                source: Some(PinSource::Profile(name.clone())),
                protected: *protected,
                ..Pin::default()
            }),
        }
    }
}

impl<'a> Chosen<'a> {
    /// The choice, where it counts.
    pub fn at(self, file: Option<&Path>) -> Option<&'a Choice> {
        match self {
            Self::Shell(choice) if choice.counts_at(file) => Some(choice),
            _ => None,
        }
    }

    /// The stage of the nearest file.
    pub fn stage_of(self, file: &Path) -> Option<&'a str> {
        match self {
            Self::Stage(stage) => Some(stage),
            _ => match &self.at(Some(file))?.what {
                What::Stage(stage, _) => Some(stage),
                What::Profile(..) => None,
            },
        }
    }
}

impl<'a> From<Option<&'a Choice>> for Chosen<'a> {
    fn from(choice: Option<&'a Choice>) -> Self {
        choice.map_or(Self::Nothing, Self::Shell)
    }
}

fn name(file: &Path) -> String {
    memory::named(&[file.to_owned()]).remove(0)
}
