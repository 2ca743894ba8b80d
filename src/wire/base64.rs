//! Base64 (RFC 4648): the standard alphabet with padding, used by SCRAM and PEM, and the URL-safe
//! alphabet without padding, used by tokens.

use base64ct::{Base64, Base64UrlUnpadded, Encoding};

pub fn encode(bytes: &[u8]) -> String {
    Base64::encode_string(bytes)
}

/// Returns `None` if `text` is not canonical: not exactly the output of [`encode`].
pub fn decode(text: &str) -> Option<Vec<u8>> {
    Base64::decode_vec(text).ok()
}

/// Encodes with the URL-safe alphabet, without padding.
pub fn encode_url(bytes: &[u8]) -> String {
    Base64UrlUnpadded::encode_string(bytes)
}

/// Decodes the URL-safe alphabet; `None` if `text` is invalid or has padding.
pub fn decode_url(text: &str) -> Option<Vec<u8>> {
    Base64UrlUnpadded::decode_vec(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Test vectors of RFC 4648.
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
        assert_eq!(encode(&[0xfb, 0xff]), "+/8=");
        let every: Vec<u8> = (0..=255).collect();
        assert_eq!(decode(&encode(&every)), Some(every));
    }

    #[test]
    fn the_alphabet_of_urls_is_written_and_read() {
        for (content, text) in VECTORS {
            let text = text.trim_end_matches('=');
            assert_eq!(encode_url(content.as_bytes()), text);
            assert_eq!(decode_url(text).as_deref(), Some(content.as_bytes()));
        }
        assert_eq!(encode_url(&[0xfb, 0xff]), "-_8");
        assert_eq!(decode_url("-_8"), Some(vec![0xfb, 0xff]));
        for text in ["Z", "Zg==", "+/8", "Zh"] {
            assert_eq!(decode_url(text), None, "{text}");
        }
    }

    #[test]
    fn everything_else_is_refused() {
        for text in [
            "Z", "Zg", "Zg=", "Zh==", "Zm9v=", "Zm 9", "Zm9*", "====", "Zg==Zg==", "Zm9v\n", "Zm-_",
        ] {
            assert_eq!(decode(text), None, "{text}");
        }
    }
}
