//! PEM (RFC 7468): blocks with a label between lines of their own. What stands round them is not read, so that a
//! bundle may have its comments.

use aws_smithy_types::base64;
use zeroize::Zeroizing;

/// One block.
pub(super) struct Block {
    /// `CERTIFICATE`, `EC PRIVATE KEY`.
    pub(super) label: String,
    /// It has headers, which only keys encrypted in OpenSSL's old way have.
    pub(super) has_headers: bool,
    /// Its content, DER.
    pub(super) der: Zeroizing<Vec<u8>>,
}

/// More are no machine's own.
pub(super) const MOST: usize = 100;

/// What keeps a text from being read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Damage {
    /// A block that begins at this line.
    Block(usize),
    /// More than [`MOST`] blocks.
    TooMany,
}

/// Every block of a text. Comments may be in any encoding.
pub(super) fn blocks(bytes: &[u8]) -> Result<Vec<Block>, Damage> {
    // Some editors of Windows begin a file with it.
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let lines = || bytes.split(|byte| *byte == b'\n').map(|line| str::from_utf8(line).unwrap_or("?"));
    let mut blocks = Vec::new();
    let mut lines = lines().enumerate();
    while let Some((first, line)) = lines.next() {
        let Some(label) = line.trim().strip_prefix("-----BEGIN ").and_then(|rest| rest.strip_suffix("-----"))
        else {
            continue;
        };
        let end = format!("-----END {label}-----");
        if blocks.len() == MOST {
            return Err(Damage::TooMany);
        }
        let damaged = || Damage::Block(first + 1);
        // Of its size at once: growing leaves a copy behind.
        let rest = lines.clone().map(|(_, line)| line.trim());
        let size = rest.take_while(|line| *line != end).map(str::len).sum();
        let (mut has_headers, mut body) = (false, Zeroizing::new(String::with_capacity(size)));
        loop {
            let (_, line) = lines.next().ok_or_else(damaged)?;
            match line.trim() {
                line if line == end => break,
                line if line.contains(':') => has_headers = true,
                line => body.push_str(line),
            }
        }
        let der = match has_headers {
            true => Vec::new(),
            false => base64::decode(body.as_str()).map_err(|_| damaged())?,
        };
        blocks.push(Block { label: label.to_owned(), has_headers, der: Zeroizing::new(der) });
    }
    Ok(blocks)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(text: &str) -> Result<Vec<(String, Vec<u8>)>, Damage> {
        blocks(text.as_bytes())
            .map(|blocks| blocks.into_iter().map(|block| (block.label, block.der.to_vec())).collect())
    }

    #[test]
    fn blocks_are_found_among_comments() {
        let text = "subject=CN = a\r\n-----BEGIN A B-----\r\naGVs\r\nbG8=\r\n-----END A B-----\r\nx\n  -----BEGIN C-----\n-----END C-----";
        assert_eq!(labels(text), Ok(vec![("A B".into(), b"hello".to_vec()), ("C".into(), Vec::new())]));
        assert_eq!(labels("nothing"), Ok(Vec::new()));
    }

    #[test]
    fn a_damaged_block_is_named_by_its_line() {
        for text in [
            "\n-----BEGIN A-----\naGVs",
            "\n-----BEGIN A-----\naG!s\n-----END A-----",
            "\n-----BEGIN A-----\naGVs\n-----END B-----\n",
        ] {
            assert_eq!(labels(text), Err(Damage::Block(2)), "{text}");
        }
    }

    #[test]
    fn a_mark_before_the_first_block_and_comments_in_any_encoding_are_no_part_of_it() {
        let text = b"\xef\xbb\xbf-----BEGIN A-----\naGVsbG8=\n-----END A-----\n# M\xfcller\n-----BEGIN B-----\n-----END B-----\n";
        let found = blocks(text).unwrap();
        let labels: Vec<_> = found.iter().map(|block| block.label.as_str()).collect();
        assert_eq!((labels, &*found[0].der), (vec!["A", "B"], &b"hello".to_vec()));
    }

    #[test]
    fn no_more_than_a_hundred_blocks_are_read() {
        let text = |count| "-----BEGIN A-----\naGVs\n-----END A-----\n".repeat(count);
        assert_eq!(labels(&text(MOST)).unwrap().len(), MOST);
        assert_eq!(labels(&text(MOST + 1)), Err(Damage::TooMany));
    }

    #[test]
    fn headers_are_noticed() {
        let text = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\naGVs\n-----END RSA PRIVATE KEY-----\n";
        assert!(blocks(text.as_bytes()).unwrap()[0].has_headers);
    }
}
