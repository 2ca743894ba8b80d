//! Parses PEM blocks. Unlike the parser of `rustls`, it returns blocks with unknown labels, accepts
//! PEM on a single line (as in properties files), and detects encryption headers.

use base64ct::{Base64, Encoding};
use zeroize::Zeroizing;

/// One block: `-----BEGIN label-----`, base64, `-----END label-----`.
#[derive(PartialEq, Eq)]
pub(super) struct Block {
    /// The type, such as `CERTIFICATE`.
    pub(super) label: String,
    /// Number of the line with the begin marker, or with the end marker if that is the only one.
    pub(super) line: usize,
    /// True if its headers announce OpenSSL's legacy encryption.
    pub(super) is_encrypted: bool,
    /// The decoded content; `None` if it is malformed.
    pub(super) content: Option<Zeroizing<Vec<u8>>>,
}

const BEGIN: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"-----END ";
const DASHES: &[u8] = b"-----";

/// A longer label is not a marker.
const LONGEST_LABEL: usize = 64;

/// Parses all blocks of a text. A block without its begin or end marker has no content.
pub(super) fn blocks(text: &[u8]) -> Vec<Block> {
    let mut blocks = Vec::new();
    let (mut rest, mut line) = (text, 1);
    while let Some((before, begins, after)) = marker(rest) {
        line += lines(before);
        rest = after;
        let label = split(after, DASHES).filter(|(label, _)| is_label(label));
        let Some((label, after)) = label else { continue };
        let name = String::from_utf8_lossy(label).into_owned();
        if !begins {
            // The begin marker is damaged. Skipping the block would hide that.
            blocks.push(Block { label: name, line, is_encrypted: false, content: None });
            continue;
        }
        let (body, is_whole) = match marker(after) {
            Some((body, false, end)) if end.starts_with(label) => (body, true),
            Some((body, ..)) => (body, false),
            None => (after, false),
        };
        let is_encrypted = split(body, b"ENCRYPTED").is_some();
        let content = if is_whole { decode(body) } else { None };
        blocks.push(Block { label: name, line, is_encrypted, content });
        line += lines(body);
        let end = if is_whole { END.len() } else { 0 };
        rest = &after[body.len() + end..];
    }
    blocks
}

/// Finds the first begin or end marker. Returns the text before it, true for a begin marker, and
/// the text after it.
fn marker(text: &[u8]) -> Option<(&[u8], bool, &[u8])> {
    (0..text.len()).find_map(|at| {
        let (before, rest) = text.split_at(at);
        let begins = rest.strip_prefix(BEGIN).map(|after| (before, true, after));
        begins.or_else(|| rest.strip_prefix(END).map(|after| (before, false, after)))
    })
}

fn lines(text: &[u8]) -> usize {
    text.split(|byte| *byte == b'\n').skip(1).count()
}

fn is_label(label: &[u8]) -> bool {
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b" #.".contains(byte);
    label.len() <= LONGEST_LABEL && label.iter().all(is_plain)
}

/// Returns the text before and after the first occurrence of a pattern.
fn split<'a>(text: &'a [u8], pattern: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let at = text.windows(pattern.len()).position(|window| window == pattern)?;
    Some((&text[..at], &text[at + pattern.len()..]))
}

/// Decodes base64, ignoring white space. Runs in constant time, because it may be a key.
fn decode(body: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let dense = Zeroizing::new(
        body.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect::<Vec<u8>>(),
    );
    let mut content = Zeroizing::new(vec![0; dense.len()]);
    let length = Base64::decode(dense.as_slice(), &mut content).ok()?.len();
    content.truncate(length);
    (length > 0).then_some(content)
}
