//! tcsh 6.20 and later. It evaluates one line at a time, so an answer is one, and the guard is an alias.

use std::ffi::OsStr;
use std::io;
use std::path::Path;

use super::super::guard::{Abilities, Terms};
use super::super::memory::{NO_ANSWER, STATE};
use super::Drawn;
use super::dialect::Dialect;
use crate::settings::Settings;

pub(super) struct Tcsh;

impl Dialect for Tcsh {
    /// `'…'`, and outside of it, each after a backslash: `'`; the backslash, which `backslash_quote` reads inside of
    /// `'…'` too; and what means history there: `!`, or what `histchars` has in its place. A line break, which no line
    /// holds, is a variable; before one tcsh takes a backslash away, so there are two.
    fn quote(&self, bytes: &[u8]) -> Vec<u8> {
        let mut text = b"'".to_vec();
        for (at, byte) in bytes.iter().enumerate() {
            match byte {
                b'\\' if bytes.get(at + 1) == Some(&b'\n') => text.extend_from_slice(br"'\\\\'"),
                b'\'' | b'\\' | b'!' | b'%' | b'^' | b',' | b'@' | b'#' | b'+' | b'~' => {
                    text.extend_from_slice(&[b'\'', b'\\', *byte, b'\'']);
                }
                b'\n' => text.extend_from_slice(b"'\"$__awsenv_line_break:q\"'"),
                _ => text.push(*byte),
            }
        }
        text.push(b'\'');
        text
    }

    /// The state whole or not at all: cut off in a parenthesis, nothing is done. What follows can then be understood.
    fn export(&self, variables: &[(&str, &OsStr)]) -> Vec<u8> {
        let set = |(name, value): &(&str, &OsStr)| {
            let value = self.quote(value.as_encoded_bytes());
            if *name == STATE {
                let set = [b"set __awsenv_state = ( ", &value[..], b" )\n"].concat();
                return [&set[..], b"setenv AWSENV_STATE \"$__awsenv_state[1]:q\"\n"].concat();
            }
            [b"setenv ", name.as_bytes(), b" ", &value, b"\n"].concat()
        };
        variables.iter().flat_map(set).collect()
    }

    fn unset(&self, names: &[&str]) -> Vec<u8> {
        format!("unsetenv {}\n", names.join(" ")).into_bytes()
    }

    fn pending(&self) -> &'static [u8] {
        b"set __awsenv_pending = 1\n"
    }

    /// Quoted once more: cut off, it lacks a quote, but where a quote was just closed. A quoted value holds no line break.
    fn answer(&self, statements: &[u8], guard: &[u8]) -> Vec<u8> {
        let all = [statements, guard, b"__awsenv_answered"].concat();
        let line = all.split(|byte| *byte == b'\n').collect::<Vec<_>>().join(&b" ; "[..]);
        [b"eval ", &self.quote(&line)[..], b"\n"].concat()
    }

    /// As of now, and how it is drawn while nothing changes.
    fn segment(&self, drawn: &Drawn<'_>, _: Abilities) -> Vec<u8> {
        let (before, after) = (self.quote(drawn.before.as_bytes()), self.quote(drawn.after.as_bytes()));
        let draw = match drawn.until {
            None => [b"set awsenv_prompt = ", &before[..], &after].concat(),
            Some(until) => {
                let left = format!("@ __awsenv_left = {until} - $__awsenv_now && __awsenv_count && ");
                let text = [b"set awsenv_prompt = ", &before[..], b"\"$__awsenv_time\"", &after].concat();
                [left.as_bytes(), &text].concat()
            }
        };
        let now = format!("set __awsenv_now = {}\n", drawn.now);
        [now.as_bytes(), &draw, b"\n", &alias("draw", &self.quote(&draw))].concat()
    }

    /// An alias that fails where it does nothing. The mark comes first: cut off behind it, it is understood.
    fn put_away(&self, known: &[(&str, &OsStr)], names: &[&str]) -> Vec<u8> {
        if names.is_empty() {
            return alias("away", b"'@ status = 1'");
        }
        let (empty, known): (Vec<_>, Vec<_>) = known.iter().partition(|(_, value)| value.is_empty());
        let are_set: String = known.iter().map(|(name, _)| format!(" && $?{name}")).collect();
        let are_unset: String = empty.iter().map(|(name, _)| format!(" && ! $?{name}")).collect();
        let same = known.iter().map(|(name, value)| {
            let value = self.quote(value.as_encoded_bytes());
            [b" && \"$", name.as_bytes(), b":q\" == ", &value].concat()
        });
        let names = names.iter().filter(|name| **name != "AWS_PROFILE");
        let unset: String = names.map(|name| format!(" && unsetenv {name}")).collect();
        let text = [
            format!(
                "@ status = ! ( $?AWSENV_STATE{are_set}{are_unset} ) && \
                 @ status = ! ( \"$AWSENV_STATE:q\" =~ 1:on:*"
            )
            .into_bytes(),
            same.collect::<Vec<_>>().concat(),
            format!(
                " ) && setenv AWSENV_STATE \"$AWSENV_STATE:s/on/away/:q\" && setenv AWS_PROFILE \"{NO_ANSWER}\"{unset} \
                 && @ status = ( $?AWS_EC2_METADATA_DISABLED ) && setenv AWS_EC2_METADATA_DISABLED true"
            )
            .into_bytes(),
        ];
        alias("away", &self.quote(&text.concat()))
    }

    /// The size and the inode beside the time, which is in seconds.
    fn guard(&self, terms: &Terms<'_>) -> io::Result<Vec<u8>> {
        let path = |path: &Path| self.quote(path.as_os_str().as_encoded_bytes());
        let (between, wanted) = terms.values_as_one()?;
        let (directory, set) = terms.values.split_first().ok_or(io::ErrorKind::InvalidInput)?;
        debug_assert_eq!(directory.0, "PWD");
        let is_set = set.iter().map(|(name, _)| format!("$?{name}"));
        // A variable that is empty asks the program at each prompt: to read one that is not there is an error.
        let is_unset = terms.empty.iter().map(|name| format!("! $?{name}"));
        let names = is_set.chain(is_unset).collect::<Vec<_>>().join(" && ");
        let between = char::from(between);
        let read = set.iter().map(|(name, _)| format!("${{{name}:q}}{between}")).collect::<String>();
        let read = format!("\"$cwd:q{between}{read}\" == ");
        let mut tests = vec![[read.as_bytes(), &self.quote(&wanted)].concat()];
        tests.extend(terms.present.iter().map(|there| [b"-e ", &path(there)[..]].concat()));
        for file in terms.watched {
            let (stamp, path) = (file.stamp, path(&file.path));
            for (what, number) in [
                ("-M", stamp.seconds.to_string()),
                ("-Z", stamp.size.to_string()),
                ("-I", stamp.inode.to_string()),
            ] {
                tests.push([what.as_bytes(), b" ", &path, b" == ", number.as_bytes()].concat());
            }
        }
        tests.extend(terms.absent.iter().map(|absent| [b"! -f ", &path(absent)[..]].concat()));
        let tests = tests.join(&b" && "[..]);
        let test = [b"@ status = ! ( ", names.as_bytes(), b" ) && @ status = ! ( ", &tests, b" )"].concat();
        let test = [&test[..], &clock(terms, path)?].concat();
        Ok(alias("ok", &self.quote(&test)))
    }

    fn no_guard(&self) -> Vec<u8> {
        alias("ok", b"'@ status = 1'")
    }

    fn disabled(&self) -> Vec<u8> {
        alias("ok", b"'@ status = ! $?AWSENV_DISABLE'")
    }

    fn program(&self, word: &[u8]) -> Vec<u8> {
        [b"set __awsenv_bin = ", word, b" ;\n"].concat()
    }

    fn version(&self, digest: &str) -> Vec<u8> {
        format!("set __awsenv_digest = {digest} ;\n").into_bytes()
    }

    /// Without its comments, which would be all of the rest of the line that eval makes of it.
    fn hook(&self, _: &Settings) -> Vec<&'static str> {
        let text = include_str!("../../../shell/awsenv.tcsh");
        text.split_inclusive('\n').filter(|line| !line.starts_with('#') && *line != "\n").collect()
    }

    fn unsayable(&self) -> Option<&'static str> {
        Some("set __awsenv_line_break = \"\\\n\"\n")
    }

    fn source(&self, word: &[u8]) -> Vec<u8> {
        [b"source ", word, b" ;\n"].concat()
    }

    fn sees_whole_seconds(&self, _: (u32, u32)) -> bool {
        true
    }

    /// None: what `%$name` shows in a prompt has the width of its characters.
    fn ink(&self, _: u8) -> String {
        String::new()
    }
}

/// One of two of this name, of which the hook uses the other until the answer is whole: a parenthesis that is not closed
/// spoils whatever has such an alias in it.
fn alias(name: &str, quoted: &[u8]) -> Vec<u8> {
    [b"alias __awsenv_", name.as_bytes(), b"$__awsenv_slot ", quoted, b"\n"].concat()
}

/// What time it is, by a file that it touches.
fn clock(terms: &Terms<'_>, path: impl Fn(&Path) -> Vec<u8>) -> io::Result<Vec<u8>> {
    let Some((from, until)) = terms.time else { return Ok(Vec::new()) };
    let clock = path(&terms.runtime.clock_of(terms.abilities.pid)?);
    let test = format!(" && @ status = ! ( $__awsenv_now >= {from} && $__awsenv_now < {until} )");
    Ok([b" && : >! ", &clock[..], b" && @ __awsenv_now = -M ", &clock, test.as_bytes()].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn history_and_line_breaks_are_told_apart() {
        for (value, expected) in [
            ("eu-west-1", "'eu-west-1'"),
            ("it's!", r"'it'\''s'\!''"),
            (r"x\' ; y", r"'x'\\''\'' ; y'"),
            ("ho%s", r"'ho'\%'s'"),
            ("a\nb", "'a'\"$__awsenv_line_break:q\"'b'"),
            ("a\\\nb", "'a'\\\\\\\\''\"$__awsenv_line_break:q\"'b'"),
        ] {
            assert_eq!(String::from_utf8(Tcsh.quote(value.as_bytes())).unwrap(), expected);
        }
    }

    #[test]
    fn an_answer_is_one_line_and_one_word() {
        let statements = [Tcsh.export(&[("A", OsStr::new("x!"))]), Tcsh.unset(&["B", "C"])].concat();
        let answer = Tcsh.answer(&statements, &Tcsh.no_guard());
        let line = r"setenv A 'x'\!'' ; unsetenv B C ; alias __awsenv_ok$__awsenv_slot '@ status = 1' ; __awsenv_answered";
        let expected = [b"eval ", &Tcsh.quote(line.as_bytes())[..], b"\n"].concat();
        let expected = String::from_utf8(expected).unwrap();
        assert_eq!(String::from_utf8(answer).unwrap(), expected);
    }

    #[test]
    fn the_hook_has_no_comment_for_eval_to_take_all_else_for() {
        let text = Tcsh.hook(&Settings::default()).concat();
        assert!(!text.contains('#') && text.trim_end().ends_with(';'), "{text}");
    }
}
