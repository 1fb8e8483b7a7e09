//! PowerShell 7.3 and later on Linux and macOS. Nobody has run this one: its quoting follows the language's specification.

use std::ffi::OsStr;
use std::io;
use std::path::Path;

use super::super::guard::{Abilities, Terms};
use super::Drawn;
use super::dialect::Dialect;
use crate::settings::Settings;

pub(super) struct PowerShell;

/// How many 100 nanoseconds there are between the year 1 and 1970.
const TICKS_TO_1970: i64 = 621_355_968_000_000_000;

impl Dialect for PowerShell {
    /// ASCII only: what a program prints is decoded by the console's encoding, where another byte may be a curly
    /// quote, which ends a string. Text that is not UTF-8 is none there: such an answer fails as a whole.
    fn quote(&self, bytes: &[u8]) -> Vec<u8> {
        let Ok(text) = std::str::from_utf8(bytes) else {
            return b"$(throw 'awsenv: a value is not UTF-8')".to_vec();
        };
        if text.is_ascii() {
            return format!("'{}'", text.replace('\'', "''")).into_bytes();
        }
        let escaped = text.chars().map(|c| match c {
            '`' | '"' | '$' => format!("`{c}"),
            c if c.is_ascii() => c.to_string(),
            c => format!("`u{{{:x}}}", u32::from(c)),
        });
        format!("\"{}\"", escaped.collect::<String>()).into_bytes()
    }

    fn export(&self, variables: &[(&str, &OsStr)]) -> Vec<u8> {
        let set = |(name, value): &(&str, &OsStr)| {
            let value = self.quote(value.as_encoded_bytes());
            let set = format!("[Environment]::SetEnvironmentVariable('{name}', ");
            [set.as_bytes(), &value, b")\n"].concat()
        };
        variables.iter().flat_map(set).collect()
    }

    fn unset(&self, names: &[&str]) -> Vec<u8> {
        let unset = |name: &&str| format!("[Environment]::SetEnvironmentVariable('{name}', $null)\n");
        names.iter().map(unset).collect::<String>().into_bytes()
    }

    fn pending(&self) -> &'static [u8] {
        b"$global:__awsenv_pending = $true\n"
    }

    /// Read as a whole before any of it is done. Cut off between two lines, it lacks the brace.
    fn answer(&self, statements: &[u8], guard: &[u8]) -> Vec<u8> {
        let answered = b"$global:__awsenv_answered = $true\n";
        [b"& {\n$ErrorActionPreference = 'Stop'\n", statements, guard, answered, b"}\n"].concat()
    }

    fn segment(&self, drawn: &Drawn, _: Abilities) -> Vec<u8> {
        let (before, after) = (self.quote(drawn.before.as_bytes()), self.quote(drawn.after.as_bytes()));
        let until = drawn.until.map_or_else(|| "$null".to_owned(), |until| until.to_string());
        [
            b"$global:__awsenv_before = ",
            &before[..],
            b"; $global:__awsenv_until = ",
            until.as_bytes(),
            b"; $global:__awsenv_after = ",
            &after,
            b"\n",
        ]
        .concat()
    }

    fn guard(&self, terms: &Terms<'_>) -> io::Result<Vec<u8>> {
        let path = |path: &Path| self.quote(path.as_os_str().as_encoded_bytes());
        let mut tests = Vec::new();
        for (name, value) in &terms.values {
            let read = if *name == "PWD" { "$PWD.ProviderPath".to_owned() } else { format!("$env:{name}") };
            tests.push(is_equal(&read, &self.quote(value.as_encoded_bytes())));
        }
        tests.extend(terms.empty.iter().map(|name| format!("-not $env:{name}").into_bytes()));
        let exists = |file: &Path| [b"[IO.File]::Exists(", &path(file)[..], b")"].concat();
        tests.extend(terms.present.iter().map(|there| exists(there)));
        for file in terms.watched {
            // Of a link, .NET may say how old the link is.
            if file.target.is_some() {
                return Err(io::ErrorKind::Unsupported.into());
            }
            let ticks = TICKS_TO_1970 + file.stamp.seconds * 10_000_000 + file.stamp.nanos / 100;
            let (path, ticks) = (path(&file.path), format!(").Ticks -eq {ticks}"));
            tests.push([b"[IO.File]::GetLastWriteTimeUtc(", &path[..], ticks.as_bytes()].concat());
        }
        tests.extend(terms.absent.iter().map(|absent| [b"-not ", &exists(absent)[..]].concat()));
        if let Some((from, until)) = terms.time {
            let now = "[DateTimeOffset]::UtcNow.ToUnixTimeSeconds()";
            tests.push(format!("{now} -ge {from} -and {now} -lt {until}").into_bytes());
        }
        let tests = tests.join(&b") -and ("[..]);
        Ok([b"Set-Item function:global:__awsenv_ok { (", &tests[..], b") }\n"].concat())
    }

    fn no_guard(&self) -> Vec<u8> {
        b"Set-Item function:global:__awsenv_ok { $false }\n".to_vec()
    }

    fn disabled(&self) -> Vec<u8> {
        b"Set-Item function:global:__awsenv_ok { [bool]$env:AWSENV_DISABLE }\n".to_vec()
    }

    fn program(&self, word: &[u8]) -> Vec<u8> {
        [b"$global:__awsenv_bin = ", word, b"\n"].concat()
    }

    fn version(&self, digest: &str) -> Vec<u8> {
        format!("$global:__awsenv_text = '{digest}'\n").into_bytes()
    }

    fn hook(&self, _: &Settings) -> Vec<&'static str> {
        vec![include_str!("../../../shell/awsenv.ps1")]
    }
}

/// `-ceq` compares by culture: it passes over U+200D, and takes NFC and NFD for the same.
fn is_equal(read: &str, quoted: &[u8]) -> Vec<u8> {
    [b"[string]::Equals(", read.as_bytes(), b", ", quoted, b", 'Ordinal')"].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_character_ends_a_string_in_any_encoding_of_the_console() {
        for (value, expected) in [
            ("eu-west-1", "'eu-west-1'"),
            ("it's $x `n \"", "'it''s $x `n \"'"),
            ("a\u{2018}'b\u{201c}", "\"a`u{2018}'b`u{201c}\""),
            ("é $x `n \" \u{1f600}", "\"`u{e9} `$x ``n `\" `u{1f600}\""),
        ] {
            assert_eq!(String::from_utf8(PowerShell.quote(value.as_bytes())).unwrap(), expected);
        }
        assert!(PowerShell.quote(b"\xff").starts_with(b"$(throw "));
    }

    #[test]
    fn a_guard_compares_code_point_by_code_point() {
        let test = is_equal("$env:AWS_PROFILE", &PowerShell.quote("e\u{301}".as_bytes()));
        let expected = "[string]::Equals($env:AWS_PROFILE, \"e`u{301}\", 'Ordinal')";
        assert_eq!(String::from_utf8(test).unwrap(), expected);
    }

    #[test]
    fn an_answer_is_one_block_that_says_at_its_end_that_it_is_whole() {
        let statements = [PowerShell.export(&[("A", OsStr::new("x"))]), PowerShell.unset(&["B"])].concat();
        let answer = PowerShell.answer(&statements, &PowerShell.no_guard());
        let expected = "& {\n$ErrorActionPreference = 'Stop'\n\
             [Environment]::SetEnvironmentVariable('A', 'x')\n\
             [Environment]::SetEnvironmentVariable('B', $null)\n\
             Set-Item function:global:__awsenv_ok { $false }\n$global:__awsenv_answered = $true\n}\n";
        assert_eq!(String::from_utf8(answer).unwrap(), expected);
    }
}
