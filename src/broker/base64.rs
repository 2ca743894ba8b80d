//! Base64 (RFC 4648), as PEM and SCRAM write bytes.

const SYMBOLS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Writes bytes as text, with padding.
pub(super) fn encode(content: &[u8]) -> String {
    let mut out = String::with_capacity(content.len().div_ceil(3) * 4);
    for chunk in content.chunks(3) {
        let bits = chunk.iter().fold(0, |bits, byte| bits << 8 | u32::from(*byte));
        let bits = bits << (8 * (3 - chunk.len()));
        for n in 0..4 {
            let symbol = SYMBOLS[(bits >> (18 - 6 * n) & 0x3f) as usize];
            out.push(if n <= chunk.len() { char::from(symbol) } else { '=' });
        }
    }
    out
}

/// Reads what `encode` has written; `None` for everything else.
pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    for chunk in text.trim_end_matches('=').as_bytes().chunks(4) {
        let mut bits = 0;
        for n in 0..4 {
            let symbol = chunk.get(n).unwrap_or(&SYMBOLS[0]);
            let value = SYMBOLS.iter().position(|known| known == symbol)?;
            bits = bits << 6 | value as u32;
        }
        let bytes = &bits.to_be_bytes()[1..];
        out.extend_from_slice(&bytes[..chunk.len() * 6 / 8]);
    }
    // One way to write it alone: missing padding and leftover bits are mistakes.
    (encode(&out) == text).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vectors of RFC 4648.
    const VECTORS: [(&str, &str); 7] = [
        ("", ""),
        ("f", "Zg=="),
        ("fo", "Zm8="),
        ("foo", "Zm9v"),
        ("foob", "Zm9vYg=="),
        ("fooba", "Zm9vYmE="),
        ("foobar", "Zm9vYmFy"),
    ];

    #[test]
    fn what_is_written_is_read() {
        for (content, text) in VECTORS {
            assert_eq!(encode(content.as_bytes()), text);
            assert_eq!(decode(text).as_deref(), Some(content.as_bytes()));
        }
        let every: Vec<u8> = (0..=255).collect();
        assert_eq!(decode(&encode(&every)), Some(every));
    }

    #[test]
    fn everything_else_is_refused() {
        for text in ["Z", "Zg", "Zg=", "Zh==", "Zm9v=", "Zm 9", "Zm9*", "====", "Zg==Zg=="] {
            assert_eq!(decode(text), None, "{text}");
        }
    }
}
