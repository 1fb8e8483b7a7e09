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

/// Every block of a text; the number of the line at which one is damaged.
pub(super) fn blocks(text: &str) -> Result<Vec<Block>, usize> {
    let mut blocks = Vec::new();
    let mut lines = text.lines().enumerate();
    while let Some((first, line)) = lines.next() {
        let Some(label) = line.trim().strip_prefix("-----BEGIN ").and_then(|rest| rest.strip_suffix("-----"))
        else {
            continue;
        };
        let end = format!("-----END {label}-----");
        let (mut has_headers, mut body) = (false, Zeroizing::new(String::with_capacity(text.len())));
        loop {
            let (_, line) = lines.next().ok_or(first + 1)?;
            match line.trim() {
                line if line == end => break,
                line if line.contains(':') => has_headers = true,
                line => body.push_str(line),
            }
        }
        let der = match has_headers {
            true => Vec::new(),
            false => base64::decode(body.as_str()).map_err(|_| first + 1)?,
        };
        blocks.push(Block { label: label.to_owned(), has_headers, der: Zeroizing::new(der) });
    }
    Ok(blocks)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(text: &str) -> Result<Vec<(String, Vec<u8>)>, usize> {
        blocks(text).map(|blocks| blocks.into_iter().map(|block| (block.label, block.der.to_vec())).collect())
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
            assert_eq!(labels(text), Err(2), "{text}");
        }
    }

    #[test]
    fn headers_are_noticed() {
        let text = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\naGVs\n-----END RSA PRIVATE KEY-----\n";
        assert!(blocks(text).unwrap()[0].has_headers);
    }
}
