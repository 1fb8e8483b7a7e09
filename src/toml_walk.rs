//! A TOML file, read key by key; what is wrong is said with file, line, key and the nearest known key.
//! It doesn't know what any key means. The prompt reads files through it: values are borrowed, no serde.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Result;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::limits::Reason;
use crate::message::{Failure, did_you_mean, printable, shown, shown_path};

/// A longer file is a mistake or an attack.
pub const LONGEST: usize = 64 * 1024;

/// A file that is good TOML.
#[derive(Debug)]
pub struct Document<'t> {
    path: &'t Path,
    text: &'t str,
    root: DeTable<'t>,
}

/// One table of a document. Its keys are known ones, or free names that the caller checks.
#[derive(Debug)]
pub struct Table<'t> {
    document: &'t Document<'t>,
    /// Dotted; empty for the top of the file.
    name: String,
    at: usize,
    entries: &'t DeTable<'t>,
}

/// A key and its value, or one element of a list; it knows its place, so that errors can name it.
#[derive(Clone, Copy, Debug)]
pub struct Item<'t> {
    table: &'t Table<'t>,
    /// The key as parsed: from the file, so not yet fit to print.
    pub key: &'t str,
    at: usize,
    value: &'t Spanned<DeValue<'t>>,
}

impl<'t> Document<'t> {
    /// Parses a file's text; the path is only for messages.
    pub fn parse(text: &'t str, path: &'t Path) -> Result<Self> {
        if text.len() > LONGEST {
            return Err(Failure::new(format!("{}: longer than 64 KiB", shown_path(path))).into());
        }
        match DeTable::parse(text) {
            Ok(root) => Ok(Self { path, text, root: root.into_inner() }),
            Err(error) => Err(syntax_failure(text, path, error).into()),
        }
    }

    /// The keys outside any `[table]`.
    pub fn top(&'t self, known: &[&str]) -> Result<Table<'t>> {
        Table { document: self, name: String::new(), at: 0, entries: &self.root }.only(known)
    }
}

impl<'t> Table<'t> {
    /// The table's dotted name, fit to print; empty for the top of the file.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The value of a key, if the file has it.
    pub fn item(&'t self, key: &str) -> Option<Item<'t>> {
        self.entries.get_key_value(key).map(|entry| self.item_of(entry))
    }

    /// All keys, sorted by name.
    pub fn items(&'t self) -> impl Iterator<Item = Item<'t>> {
        self.entries.iter().map(|entry| self.item_of(entry))
    }

    /// A text that passed a check, if the file has it.
    pub fn checked(
        &self,
        key: &str,
        check: impl FnOnce(&str) -> Result<(), Reason>,
    ) -> Result<Option<String>> {
        self.item(key).map(|item| item.checked(check).map(str::to_owned)).transpose()
    }

    /// A text that must be there and pass a check.
    pub fn required(&self, key: &str, check: impl FnOnce(&str) -> Result<(), Reason>) -> Result<String> {
        Ok(self.needed(key)?.checked(check)?.to_owned())
    }

    /// A key that must be there.
    pub fn needed(&'t self, key: &str) -> Result<Item<'t>> {
        self.item(key).ok_or_else(|| {
            let key = dotted(&self.name, key);
            self.document.failure(self.at, &format!("{key}: this key is required")).into()
        })
    }

    /// `true` or `false`, if the file says.
    pub fn flag(&self, key: &str) -> Result<Option<bool>> {
        self.item(key).map(|item| item.flag()).transpose()
    }

    /// A duration that passed a check, if the file has it.
    pub fn duration(
        &self,
        key: &str,
        check: impl FnOnce(Duration) -> Result<(), Reason>,
    ) -> Result<Option<Duration>> {
        self.item(key).map(|item| item.duration(check)).transpose()
    }

    /// One of a few words, if the file has it.
    pub fn choice<T: Copy>(&self, key: &str, words: &[(&str, T)]) -> Result<Option<T>> {
        self.item(key).map(|item| item.choice(words)).transpose()
    }

    fn item_of(
        &'t self,
        (key, value): (&'t Spanned<toml::de::DeString<'t>>, &'t Spanned<DeValue<'t>>),
    ) -> Item<'t> {
        Item { table: self, key: key.as_ref(), at: key.span().start, value }
    }

    /// The same table, if it has no other keys. The topmost stranger is named.
    fn only(self, known: &[&str]) -> Result<Self> {
        let stranger = self
            .entries
            .keys()
            .filter(|key| !known.contains(&key.as_ref().as_ref()))
            .min_by_key(|key| key.span().start);
        let Some(key) = stranger else { return Ok(self) };
        let what = format!("{}: unknown key", dotted(&self.name, key.as_ref()));
        let failure = self.document.failure(key.span().start, &what);
        Err(failure.hint(did_you_mean(key.as_ref(), "known keys", known.iter().copied())).into())
    }
}

impl<'t> Item<'t> {
    /// The key with the tables it stands in, fit to print.
    pub fn name(&self) -> String {
        dotted(&self.table.name, self.key)
    }

    /// The line of the key, from 1.
    pub fn line(&self) -> usize {
        line(self.table.document.text, self.at)
    }

    /// `PATH:LINE` of the key.
    pub fn place(&self) -> String {
        format!("{}:{}", self.table.document.path.display(), self.line())
    }

    /// What is wrong with it.
    pub fn failure(&self, what: &str) -> Failure {
        self.table.document.failure(self.at, &format!("{}: {what}", self.name()))
    }

    /// A check's refusal as an error that names this key.
    pub fn ok<T>(&self, checked: Result<T, Reason>) -> Result<T> {
        checked.map_err(|why| self.failure(&why).into())
    }

    /// Text on one line.
    pub fn text(&self) -> Result<&'t str> {
        self.text_without(char::is_control)
    }

    /// Text that may have line breaks and tabs.
    pub fn lines(&self) -> Result<&'t str> {
        self.text_without(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
    }

    /// Text that passed a check.
    pub fn checked(&self, check: impl FnOnce(&str) -> Result<(), Reason>) -> Result<&'t str> {
        let text = self.text()?;
        self.ok(check(text))?;
        Ok(text)
    }

    /// `true` or `false`.
    pub fn flag(&self) -> Result<bool> {
        self.value.as_ref().as_bool().ok_or_else(|| self.wrong_type("true or false").into())
    }

    /// A whole number.
    pub fn integer(&self) -> Result<i64> {
        let integer = self.value.as_ref().as_integer().ok_or_else(|| self.wrong_type("an integer"))?;
        let number = i64::from_str_radix(integer.as_str(), integer.radix());
        number.map_err(|_| self.failure("the number is too large").into())
    }

    /// A duration that passed a check.
    pub fn duration(&self, check: impl FnOnce(Duration) -> Result<(), Reason>) -> Result<Duration> {
        if !self.value.as_ref().is_str() {
            let failure = self.wrong_type("text like \"1h\"");
            return Err(match self.integer() {
                Ok(seconds @ 0..) => failure.hint(format!("for seconds write \"{seconds}s\"")).into(),
                _ => failure.into(),
            });
        }
        let duration = self.ok(crate::duration::parse(self.text()?))?;
        self.ok(check(duration))?;
        Ok(duration)
    }

    /// One of a few words.
    pub fn choice<T: Copy>(&self, words: &[(&str, T)]) -> Result<T> {
        let text = self.text()?;
        if let Some((_, meaning)) = words.iter().find(|(word, _)| *word == text) {
            return Ok(*meaning);
        }
        let failure = self.failure(&format!("unknown word {}", shown(text)));
        Err(failure.hint(did_you_mean(text, "known words", words.iter().map(|(word, _)| *word))).into())
    }

    /// The path of a file. `~/` is home; a relative path stays relative.
    pub fn path(&self, home: &Path) -> Result<PathBuf> {
        let text = self.text()?;
        match text.strip_prefix('~') {
            None if text.is_empty() => Err(self.failure("a path is expected").into()),
            None => Ok(PathBuf::from(text)),
            Some("") => Ok(home.to_owned()),
            Some(rest) => match rest.strip_prefix('/') {
                Some(below) => Ok(home.join(below.trim_start_matches('/'))),
                None => Err(self.failure("only your own home can be written with ~, as ~/").into()),
            },
        }
    }

    /// The elements of a list.
    pub fn list(&self) -> Result<impl Iterator<Item = Item<'t>>> {
        let elements = self.value.as_ref().as_array().ok_or_else(|| self.wrong_type("a list"))?;
        let Self { table, key, .. } = *self;
        Ok(elements.iter().map(move |value| Item { table, key, at: value.span().start, value }))
    }

    /// A list of texts that passed a check.
    pub fn texts(&self, check: impl Fn(&str) -> Result<(), Reason>) -> Result<Vec<String>> {
        self.list()?.map(|item| item.checked(&check).map(str::to_owned)).collect()
    }

    /// The tables of a list, `[[like]]` this one, with no keys but these.
    pub fn tables(&self, known: &[&str]) -> Result<impl Iterator<Item = Result<Table<'t>>>> {
        if self.value.as_ref().is_table() {
            let name = self.name();
            let failure = self.wrong_type("a list");
            return Err(failure.hint(format!("begin it with [[{name}]], not [{name}]")).into());
        }
        Ok(self.list()?.map(|item| item.table(known)))
    }

    /// A table with no keys but these.
    pub fn table(&self, known: &[&str]) -> Result<Table<'t>> {
        self.names()?.only(known)
    }

    /// A table whose keys are names that the caller checks.
    pub fn names(&self) -> Result<Table<'t>> {
        let entries = self.value.as_ref().as_table().ok_or_else(|| self.wrong_type("a table"))?;
        Ok(Table { document: self.table.document, name: self.name(), at: self.at, entries })
    }

    fn text_without(&self, unwelcome: impl Fn(char) -> bool) -> Result<&'t str> {
        let DeValue::String(text) = self.value.as_ref() else { return Err(self.not_text().into()) };
        match text.chars().find(|c| unwelcome(*c)) {
            Some(c) => {
                Err(self.failure(&format!("control character {} in the text", c.escape_default())).into())
            }
            None => Ok(text),
        }
    }

    fn not_text(&self) -> Failure {
        let failure = self.wrong_type("text");
        let value = self.value.as_ref();
        if value.is_array() || value.is_table() {
            return failure;
        }
        let written = self.table.document.text.get(self.value.span()).unwrap_or_default();
        failure.hint(format!("write it in quotes: \"{}\"", shown(written)))
    }

    fn wrong_type(&self, expected: &str) -> Failure {
        self.failure(&format!("expected {expected}, found {}", kind(self.value.as_ref())))
    }
}

impl Document<'_> {
    fn failure(&self, at: usize, what: &str) -> Failure {
        Failure::new(format!("{}:{}: {what}", shown_path(self.path), line(self.text, at)))
    }
}

/// TOML's parser reports what it met last first; people read a file from the top.
fn syntax_failure(text: &str, path: &Path, error: toml::de::Error) -> Failure {
    let start = |error: &toml::de::Error| error.span().map_or(usize::MAX, |span| span.start);
    let (_, all) = DeTable::parse_recoverable(text);
    let error = all.into_iter().min_by_key(start).unwrap_or(error);
    let place = match error.span() {
        Some(span) => format!("{}:{}", shown_path(path), line(text, span.start)),
        None => shown_path(path),
    };
    let what = printable(error.message().lines().next().unwrap_or_default());
    let key = error.span().filter(|_| what == "duplicate key").and_then(|span| text.get(span));
    Failure::new(match key {
        Some(key) => format!("{place}: {}: {what}", shown(key)),
        None => format!("{place}: {what}"),
    })
}

fn dotted(table: &str, key: &str) -> String {
    let key = if key.is_empty() { "\"\"".to_owned() } else { shown(key) };
    if table.is_empty() { key } else { format!("{table}.{key}") }
}

fn line(text: &str, at: usize) -> usize {
    1 + text.bytes().take(at).filter(|b| *b == b'\n').count()
}

fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "text",
        DeValue::Integer(_) => "an integer",
        DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}
