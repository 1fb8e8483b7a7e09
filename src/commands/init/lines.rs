//! What is set and what is called in a text of shell, make, dotenv or mise. Nothing is run or expanded: a word that a
//! shell would decide is not a plain one. It doesn't know any tool.

use toml::de::{DeTable, DeValue};

/// How a text is written.
#[derive(Clone, Copy, Debug)]
pub(super) enum Language {
    Shell,
    Dotenv,
    Make,
    Mise,
}

/// One command, or one assignment: its words are then the name with a `=` behind it, and the value.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Statement {
    /// Its line, from 1.
    pub(super) line: usize,
    pub(super) words: Vec<String>,
}

/// Stands for a word that is not plain: no name, and no option either.
const OPEN: &str = "$";

/// Brackets in brackets are followed so far: the text is somebody else's, and the stack has an end.
const DEEPEST: usize = 32;

/// Words before a command, which do not change what it is.
const BEFORE: [&str; 19] = [
    "if", "then", "elif", "else", "while", "until", "do", "!", "{", "time", "exec", "command", "builtin",
    "nohup", "sudo", "env", "eval", "source", ".",
];

/// All of a text, in its order but for what stands in `$( )`, which comes before the command around it.
pub(super) fn statements(text: &str, language: Language) -> Vec<Statement> {
    let mut found = Vec::new();
    match language {
        Language::Shell => shell(text, 0, text, &mut found),
        Language::Dotenv => text.lines().for_each(|line| variable(line, text, &mut found)),
        Language::Make => logical_lines(text).for_each(|line| make(line, text, &mut found)),
        Language::Mise => {
            if let Ok(root) = DeTable::parse(text) {
                mise(root.get_ref(), "", text, &mut found);
            }
        }
    }
    found
}

fn line_of(text: &str, at: usize) -> usize {
    text.as_bytes()[..at.min(text.len())].iter().filter(|byte| **byte == b'\n').count() + 1
}

/// Where a part of the text begins in it.
fn offset(part: &str, text: &str) -> usize {
    (part.as_ptr() as usize).saturating_sub(text.as_ptr() as usize)
}

/// Lines with those that a backslash joins to them.
fn logical_lines(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let ends = rest.match_indices('\n').map(|(at, _)| at + 1);
        let end = ends.into_iter().find(|end| !rest[..end - 1].ends_with('\\')).unwrap_or(rest.len());
        let (line, behind) = rest.split_at(end);
        rest = behind;
        (!line.is_empty()).then_some(line)
    })
}

fn make(line: &str, text: &str, found: &mut Vec<Statement>) {
    // make prints no line that begins with @.
    if let Some(recipe) = line.strip_prefix('\t') {
        let recipe = recipe.trim_start_matches([' ', '\t', '@', '-', '+']);
        return shell(recipe, offset(recipe, text), text, found);
    }
    // `deploy: AWS_PROFILE = x` is for one target.
    let target = line.split_once(':').filter(|(names, rest)| {
        !names.contains(['=', '$', '#', '?']) && !rest.trim_start_matches(':').starts_with('=')
    });
    variable(target.map_or(line, |(_, rest)| rest), text, found);
}

/// `[export] NAME = value`, the value one word and the last.
fn variable(line: &str, text: &str, found: &mut Vec<Statement>) {
    let mut assignment = line.trim();
    while let Some(rest) = ["export ", "override "].iter().find_map(|word| assignment.strip_prefix(word)) {
        assignment = rest.trim_start();
    }
    let Some((name, value)) = assignment.split_once('=') else { return };
    let name = name.trim_end_matches([':', '?', ' ', '\t']);
    let mut raw = Vec::new();
    commands(value, 0, 0, &mut raw);
    if let (true, [Raw { words, .. }]) = (is_name(name), &raw[..])
        && let [value] = words[..]
    {
        let words = assigned(name, value);
        found.push(Statement { line: line_of(text, offset(assignment, text)), words });
    }
}

/// Variables under any table, and what tasks and hooks run.
fn mise(table: &DeTable<'_>, of: &str, text: &str, found: &mut Vec<Statement>) {
    for (key, value) in table {
        let key = key.get_ref().as_ref();
        let values = match value.get_ref() {
            DeValue::Array(values) => values.iter().collect(),
            _ => vec![value],
        };
        for value in values {
            match value.get_ref() {
                DeValue::Table(inner) => mise(inner, key, text, found),
                DeValue::String(script) if key == "run" || matches!(of, "tasks" | "hooks") => {
                    let span = value.span();
                    let inside = text.get(span.clone()).and_then(|text| text.find(script.as_ref()));
                    shell(script, span.start + inside.unwrap_or_default(), text, found);
                }
                DeValue::String(set) => {
                    let words = vec![format!("{key}="), set.to_string()];
                    found.push(Statement { line: line_of(text, value.span().start), words });
                }
                _ => {}
            }
        }
    }
}

/// A script that begins there in the text.
fn shell(script: &str, begin: usize, text: &str, found: &mut Vec<Statement>) {
    let mut raw = Vec::new();
    commands(script, 0, 0, &mut raw);
    for Raw { at, words } in raw {
        let line = line_of(text, begin + at);
        let mut words = words.into_iter().skip_while(|word| is_before(word)).peekable();
        let mut set = Vec::new();
        while let Some((name, value)) = words.peek().and_then(|word| assignment(word)) {
            set.push(assigned(name, value));
            words.next();
            while words.next_if(|word| is_before(word)).is_some() {}
        }
        let words: Vec<_> = words.collect();
        if let ["export" | "make" | "gmake" | "$(MAKE)" | "${MAKE}", arguments @ ..] = &words[..] {
            let more = arguments.iter().filter_map(|word| assignment(word));
            set.extend(more.map(|(name, value)| assigned(name, value)));
        }
        found.extend(set.into_iter().map(|words| Statement { line, words }));
        let words: Vec<_> = words.into_iter().map(|word| plain(word).unwrap_or(OPEN).to_owned()).collect();
        if !words.is_empty() {
            found.push(Statement { line, words });
        }
    }
}

fn is_before(word: &str) -> bool {
    BEFORE.contains(&word) || word.ends_with("()")
}

fn assigned(name: &str, value: &str) -> Vec<String> {
    vec![format!("{name}="), plain(value).unwrap_or(OPEN).to_owned()]
}

fn assignment(word: &str) -> Option<(&str, &str)> {
    word.split_once('=').filter(|(name, _)| is_name(name))
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// A word without quotes, or all of it in one pair, with nothing in it that a shell would replace.
fn plain(word: &str) -> Option<&str> {
    let inside = |quote| word.strip_prefix(quote).and_then(|word| word.strip_suffix(quote));
    let bare = inside('"').or_else(|| inside('\'')).unwrap_or(word);
    (!bare.contains(['"', '\'', '$', '`', '\\', '('])).then_some(bare)
}

/// The words of a command as they are written, and where it begins.
struct Raw<'t> {
    at: usize,
    words: Vec<&'t str>,
}

/// Reads commands from there; above level 0, to the bracket that closes them. Where it has come to.
fn commands<'t>(text: &'t str, from: usize, level: usize, found: &mut Vec<Raw<'t>>) -> usize {
    let bytes = text.as_bytes();
    let (mut at, mut depth) = (from, 0_usize);
    let mut begun: Option<usize> = None;
    let mut command = Raw { at: from, words: Vec::new() };
    let mut documents = Vec::new();
    loop {
        let byte = bytes.get(at).copied();
        let is_redirection = byte == Some(b'&')
            && (bytes.get(at + 1) == Some(&b'>') || at > from && matches!(bytes[at - 1], b'>' | b'<'));
        // `f()` and `a=(b c)` are words.
        let is_in_word = byte == Some(b'(') && begun.is_some();
        let is_part = is_in_word || is_redirection;
        let ends_command = !is_part && matches!(byte, None | Some(b'\n' | b';' | b'&' | b'|' | b'(' | b')'));
        let is_continued = text[at.min(text.len())..].starts_with("\\\n");
        if ends_command || is_continued || matches!(byte, Some(b' ' | b'\t' | b'\r')) {
            if let Some(begin) = begun.take() {
                if command.words.is_empty() {
                    command.at = begin;
                }
                command.words.push(&text[begin..at.min(text.len())]);
            }
            if ends_command && !command.words.is_empty() {
                found.push(Raw { at: command.at, words: std::mem::take(&mut command.words) });
            }
            at += if is_continued { 2 } else { 1 };
            match byte {
                None => return text.len(),
                Some(b'\n') => at = documents.drain(..).fold(at, |at, end| behind_document(text, at, end)),
                Some(b'(') => depth += 1,
                Some(b')') if level > 0 && depth == 0 => return at,
                Some(b')') => depth = depth.saturating_sub(1),
                Some(_) => {}
            }
            continue;
        }
        if byte == Some(b'#') && begun.is_none() {
            at = text[at..].find('\n').map_or(text.len(), |end| at + end);
            continue;
        }
        begun.get_or_insert(at);
        at = match byte {
            Some(b'\'') => text[at + 1..].find('\'').map_or(text.len(), |end| at + end + 2),
            Some(b'(') if level < DEEPEST => commands(text, at + 1, level + 1, found),
            Some(b'"') => double_quoted(text, at + 1, level, found),
            Some(b'<') => {
                let behind = text[at..].trim_start_matches('<');
                documents.extend(document(&text[at..]));
                text.len() - behind.len()
            }
            _ => one_more(text, at, level, found),
        };
    }
}

fn double_quoted<'t>(text: &'t str, mut at: usize, level: usize, found: &mut Vec<Raw<'t>>) -> usize {
    while let Some(byte) = text.as_bytes().get(at) {
        if *byte == b'"' {
            return at + 1;
        }
        at = one_more(text, at, level, found);
    }
    text.len()
}

/// Behind a character, with all that a shell would put in its place.
fn one_more<'t>(text: &'t str, at: usize, level: usize, found: &mut Vec<Raw<'t>>) -> usize {
    let closing = |end: char| text[at + 1..].find(end).map_or(text.len(), |end| at + 1 + end);
    match text.as_bytes()[at..] {
        [b'$', b'(', ..] if level < DEEPEST => commands(text, at + 2, level + 1, found),
        [b'$', b'{', ..] => (closing('}') + 1).min(text.len()),
        [b'`', ..] => {
            let end = closing('`');
            commands(&text[..end], at + 1, 0, found);
            (end + 1).min(text.len())
        }
        _ => {
            let escaped = usize::from(text[at..].starts_with('\\'));
            at + text[at..].chars().take(1 + escaped).map(char::len_utf8).sum::<usize>()
        }
    }
}

/// The word that ends a here-document, if one begins here.
fn document(text: &str) -> Option<&str> {
    let word = text
        .strip_prefix("<<")
        .filter(|word| !word.starts_with('<'))?
        .trim_start_matches(['-', ' ', '\t', '"', '\'', '\\']);
    let end = word.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(word.len());
    word[..end].starts_with(|c: char| c.is_ascii_alphabetic() || c == '_').then_some(&word[..end])
}

/// Where the text goes on; a document that nothing ends is none.
fn behind_document(text: &str, from: usize, end: &str) -> usize {
    let mut at = from;
    for line in text.get(from..).unwrap_or_default().split_inclusive('\n') {
        at += line.len();
        if line.trim() == end {
            return at;
        }
    }
    from
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str, language: Language) -> Vec<String> {
        let shown = |Statement { line, words }: Statement| format!("{line}: {}", words.join(" "));
        statements(text, language).into_iter().map(shown).collect()
    }

    #[test]
    fn shells_commands_are_found_where_they_begin() {
        let script = "\
f() { if a; then b 'c d' && { e \"f $(g h | i)\" >&2; }; fi } # j
K=1 L=\"m n\" o \\
  p `q r`
cat <<END
s
END
(t; u) & v=w\"x\" z=(1 2)
echo 'one
A=two
' y";
        let expected = [
            "1: a",
            "1: b c d",
            "1: g h",
            "1: i",
            "1: e $ >&2",
            "1: }",
            "1: fi }",
            "2: K= 1",
            "2: L= m n",
            "3: q r",
            "2: o p $",
            "4: cat <<END",
            "7: t",
            "7: u",
            "7: v= $",
            "7: z= $",
            "7: 1 2",
            "8: echo one\nA=two\n y",
        ];
        let mut found = said(script, Language::Shell);
        found.sort();
        let mut expected = expected.map(str::to_owned).to_vec();
        expected.sort();
        assert_eq!(found, expected);
    }

    #[test]
    fn make_dotenv_and_mise_have_variables_of_their_own() {
        let make = "A := b # c\nexport D ?= e\nifeq ($(F),g)\nh: I = j\nK = l m\n\nn:\n\t@o p \\\n\t  q\n";
        assert_eq!(said(make, Language::Make), ["1: A= b", "2: D= e", "4: I= j", "8: o p q"]);
        assert_eq!(
            said("A=b\nexport C='d'\nE=f g\nH=don't\n", Language::Dotenv),
            ["1: A= b", "2: C= d", "4: H= $"]
        );
        let mise =
            "[env]\nA = 'b c'\n[tasks.d]\ndescription = 'e'\nrun = [\"f\", '''\ng h''']\nenv = { I = 'j' }\n";
        let mut found = said(mise, Language::Mise);
        found.sort();
        assert_eq!(found, ["2: A= b c", "4: description= e", "5: f", "6: g h", "7: I= j"]);
    }

    #[test]
    fn no_text_is_too_deep() {
        for text in ["$(", "\"$(", "a(", "a.", "(", "`$("] {
            for language in [Language::Shell, Language::Dotenv, Language::Make, Language::Mise] {
                statements(&format!("\tA={}A=b", text.repeat(5_000)), language);
                statements(&format!("{}A='b'", text.repeat(5_000)), language);
            }
        }
    }

    #[test]
    fn what_nothing_closes_ends_with_the_text() {
        for text in ["'", "\"", "`", "$(", "${", "\\", "<<E", "a\\é", "\"$(\"`", "$((1<<2))", "\t\\\n", "a=`"]
        {
            for language in [Language::Shell, Language::Dotenv, Language::Make, Language::Mise] {
                statements(text, language);
                statements(&format!("\t{text}"), language);
            }
        }
    }
}
