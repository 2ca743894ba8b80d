//! Distinguished names, such as `CN=broker,O=Example`, in the notation of Java and RFC 4514.

use pkcs8::der::Tag;
use pkcs8::der::asn1::AnyRef;

use super::der;
use crate::error::shown;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct DistinguishedName {
    /// Content of the DER encoding; two names are equal if it is.
    pub(super) content: Vec<u8>,
    /// The common name, escaped for messages.
    pub(super) common_name: Option<String>,
    text: String,
}

const COMMON_NAME: &str = "2.5.4.3";

const KEYS: [(&str, &str); 9] = [
    (COMMON_NAME, "CN"),
    ("2.5.4.6", "C"),
    ("2.5.4.7", "L"),
    ("2.5.4.8", "ST"),
    ("2.5.4.10", "O"),
    ("2.5.4.11", "OU"),
    ("1.2.840.113549.1.9.1", "emailAddress"),
    ("0.9.2342.19200300.100.1.25", "DC"),
    ("0.9.2342.19200300.100.1.1", "UID"),
];

impl DistinguishedName {
    /// Reads a name: a sequence of sets of key-value pairs.
    pub(super) fn read(name: AnyRef<'_>) -> Option<Self> {
        (der::tag(name) == Tag::Sequence).then(|| Self::read_content(name.value()))?
    }

    /// Reads a name from its full DER encoding.
    pub(super) fn from_der(bytes: &[u8]) -> Option<Self> {
        Self::read(*der::values(bytes)?.first()?)
    }

    /// Reads the content of a name, which trust anchors store without its header.
    pub(super) fn read_content(content: &[u8]) -> Option<Self> {
        let mut parts = Vec::new();
        let mut common_name = None;
        for set in der::values(content)? {
            for pair in der::members(set)? {
                let pair = der::members(pair)?;
                let [key, value, ..] = pair[..] else { return None };
                let key = der::identifier(key)?.to_string();
                let value = text_of(value);
                let known = KEYS.iter().find(|(known, _)| *known == key);
                if key == COMMON_NAME {
                    common_name = Some(shown(&value));
                }
                parts.push(format!("{}={value}", known.map_or(key.as_str(), |(_, name)| name)));
            }
        }
        parts.reverse();
        let text = shown(&parts.join(","));
        Some(Self { content: content.to_vec(), common_name, text })
    }
}

impl std::fmt::Display for DistinguishedName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.text.as_str() {
            "" => f.write_str("(no name)"),
            text => write!(f, "\"{text}\""),
        }
    }
}

fn text_of(value: AnyRef<'_>) -> String {
    match der::tag(value) {
        Tag::BmpString => {
            let units =
                value.value().chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
            char::decode_utf16(units)
                .map(|char| char.unwrap_or(char::REPLACEMENT_CHARACTER))
                .collect()
        }
        _ => String::from_utf8_lossy(value.value()).into_owned(),
    }
}
