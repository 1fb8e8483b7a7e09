//! Where in a `.awsenv` something is said, for a person to read: the values themselves carry no places.

use std::path::Path;

use super::read::{SOURCES, STAGE, TOP};
use crate::toml_walk::{Document, Table};

/// What stands for whichever key names the source.
pub const SOURCE: &str = "source";

/// The lines of a file's keys, those of one stage before the file's own.
#[derive(Debug, Default)]
pub struct Lines(Vec<(String, usize)>);

impl Lines {
    /// Of a file that can be read; of any other there are none.
    pub fn of(text: &str, path: &Path, stage: Option<&str>) -> Self {
        let mut lines = Vec::new();
        let Ok(document) = Document::parse(text, path) else { return Self::default() };
        let Ok(top) = document.top(&TOP) else { return Self::default() };
        if let (Some(item), Some(stage)) = (top.item("stage"), stage)
            && let Ok(stages) = item.names()
            && let Some(Ok(stage)) = stages.item(stage).map(|item| item.table(&STAGE))
        {
            take(&stage, &mut lines);
        }
        take(&top, &mut lines);
        Self(lines)
    }

    /// The line that says it.
    pub fn of_key(&self, key: &str) -> Option<usize> {
        self.0.iter().find(|(known, _)| known == key).map(|(_, line)| *line)
    }
}

fn take(table: &Table<'_>, lines: &mut Vec<(String, usize)>) {
    for item in table.items() {
        lines.push((item.key.to_owned(), item.line()));
        if SOURCES.contains(&item.key) {
            lines.push((SOURCE.to_owned(), item.line()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_speaks_before_its_file() {
        let text = "profile = \"dev\"\nregion = \"eu-west-1\"\n[stage.prod]\nprofile = \"prod\"\naccount = \"111122223333\"\n";
        let line = |stage, key| Lines::of(text, Path::new("x"), stage).of_key(key);
        assert_eq!(
            [line(None, SOURCE), line(None, "region"), line(None, "account")],
            [Some(1), Some(2), None]
        );
        let prod = Some("prod");
        assert_eq!(
            [line(prod, SOURCE), line(prod, "region"), line(prod, "account")],
            [Some(4), Some(2), Some(5)]
        );
        assert_eq!([line(Some("none"), "region"), line(prod, "deliver")], [Some(2), None]);
        assert!(Lines::of("profile =", Path::new("x"), None).of_key(SOURCE).is_none());
    }
}
