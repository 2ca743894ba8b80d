//! Writes DER, the binary encoding of certificates, and PEM, its text form.

use crate::wire::base64;

pub(super) const BOOLEAN: u8 = 0x01;
pub(super) const INTEGER: u8 = 0x02;
pub(super) const BIT_STRING: u8 = 0x03;
pub(super) const OCTET_STRING: u8 = 0x04;
pub(super) const OBJECT_ID: u8 = 0x06;
pub(super) const UTF8_STRING: u8 = 0x0c;
pub(super) const UTC_TIME: u8 = 0x17;
pub(super) const GENERALIZED_TIME: u8 = 0x18;
pub(super) const SEQUENCE: u8 = 0x30;
pub(super) const SET: u8 = 0x31;

const CONSTRUCTED: u8 = 0x20;
const CONTEXT: u8 = 0x80;

const PEM_LINE: usize = 64;

/// Returns the tag of a context-specific field.
pub(super) const fn context(number: u8, is_constructed: bool) -> u8 {
    CONTEXT | number | if is_constructed { CONSTRUCTED } else { 0 }
}

/// Encodes a tag, a length and the concatenated parts.
pub(super) fn node(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let size: usize = parts.iter().map(|part| part.len()).sum();
    let mut out = vec![tag];
    let length = size.to_be_bytes();
    let length = &length[length.iter().take_while(|byte| **byte == 0).count()..];
    if size < 0x80 {
        out.push(size as u8);
    } else {
        out.push(0x80 | length.len() as u8);
        out.extend_from_slice(length);
    }
    for part in parts {
        out.extend_from_slice(part);
    }
    out
}

pub(super) fn pem(label: &str, content: &[u8]) -> String {
    let mut lines = String::new();
    for (n, symbol) in base64::encode(content).chars().enumerate() {
        if n > 0 && n % PEM_LINE == 0 {
            lines.push('\n');
        }
        lines.push(symbol);
    }
    format!("-----BEGIN {label}-----\n{lines}\n-----END {label}-----\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_have_the_shortest_encoding() {
        for (size, head) in [
            (0, &[4, 0][..]),
            (127, &[4, 127]),
            (128, &[4, 0x81, 128]),
            (255, &[4, 0x81, 255]),
            (256, &[4, 0x82, 1, 0]),
            (70_000, &[4, 0x83, 1, 0x11, 0x70]),
        ] {
            let content = vec![7; size];
            let written = node(OCTET_STRING, &[&content[..size / 2], &content[size / 2..]]);
            assert_eq!(&written[..head.len()], head);
            assert_eq!(written[head.len()..], content);
        }
    }

    #[test]
    fn pem_has_lines_of_64_symbols() {
        let text = pem("THING", &[0; 49]);
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines[0], "-----BEGIN THING-----");
        assert_eq!((lines[1].len(), lines[2]), (64, "AA=="));
        assert_eq!(lines[3..], ["-----END THING-----"]);
    }
}
