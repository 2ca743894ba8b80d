//! PEM blocks. In contrast to the parser of `rustls`, it sees what it does not know, reads
//! what properties files make of PEM (all on one line), and notices encryption headers.

use base64ct::{Base64, Encoding};
use zeroize::Zeroizing;

/// One block: `-----BEGIN label-----`, base64, `-----END label-----`.
#[derive(PartialEq, Eq)]
pub(super) struct Block {
    /// What it says it is, such as `CERTIFICATE`.
    pub(super) label: String,
    /// Whether its headers say that it is encrypted in OpenSSL's old way.
    pub(super) is_encrypted: bool,
    /// Its content; `None` if it is malformed.
    pub(super) content: Option<Zeroizing<Vec<u8>>>,
}

const BEGIN: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"-----END ";
const DASHES: &[u8] = b"-----";

/// Labels that are longer are no labels.
const LONGEST_LABEL: usize = 64;

/// All blocks of a text. One without an end has no content.
pub(super) fn blocks(text: &[u8]) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut rest = text;
    while let Some((_, after)) = split(rest, BEGIN) {
        let Some((label, after)) = split(after, DASHES).filter(|(label, _)| is_label(label)) else {
            rest = after;
            continue;
        };
        let (body, is_whole) = match split(after, END) {
            Some((body, end)) if end.starts_with(label) => (body, true),
            Some((body, _)) => (body, false),
            None => (after, false),
        };
        rest = &after[body.len()..];
        let is_encrypted = split(body, b"ENCRYPTED").is_some();
        let content = if is_whole { decode(body) } else { None };
        blocks.push(Block { label: String::from_utf8_lossy(label).into(), is_encrypted, content });
    }
    blocks
}

fn is_label(label: &[u8]) -> bool {
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b" #.".contains(byte);
    label.len() <= LONGEST_LABEL && label.iter().all(is_plain)
}

/// What stands before and behind the first place of a pattern.
fn split<'a>(text: &'a [u8], pattern: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let at = text.windows(pattern.len()).position(|window| window == pattern)?;
    Some((&text[..at], &text[at + pattern.len()..]))
}

/// Decodes base64 with any white space within, in constant time, as it may be a key.
fn decode(body: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let dense = Zeroizing::new(
        body.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect::<Vec<u8>>(),
    );
    let mut content = Zeroizing::new(vec![0; dense.len()]);
    let length = Base64::decode(dense.as_slice(), &mut content).ok()?.len();
    content.truncate(length);
    (length > 0).then_some(content)
}
