//! Names of algorithms and elliptic curves, and which keys the client can verify.

use std::fmt;

use pkcs8::der::asn1::{AnyRef, ObjectIdentifier};

use super::der;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum PublicKey {
    /// RSA, with the key size in bits.
    Rsa(usize),
    /// Another algorithm or an elliptic curve: its name, or its object identifier.
    Other(String),
}

/// The keys that the client can verify, for messages.
pub(super) const VERIFIED_KEYS: &str = "RSA of 2048 to 8192 bits, P-256, P-384 and Ed25519";

const RSA: &str = "1.2.840.113549.1.1.1";
const ELLIPTIC_CURVE: &str = "1.2.840.10045.2.1";

const NAMES: [(&str, &str); 25] = [
    ("1.2.840.10045.3.1.7", "P-256"),
    ("1.3.132.0.34", "P-384"),
    ("1.3.132.0.35", "P-521"),
    ("1.3.132.0.10", "secp256k1"),
    ("1.3.36.3.3.2.8.1.1.7", "brainpoolP256r1"),
    ("1.3.36.3.3.2.8.1.1.11", "brainpoolP384r1"),
    ("1.3.36.3.3.2.8.1.1.13", "brainpoolP512r1"),
    ("1.3.101.112", "Ed25519"),
    ("1.3.101.113", "Ed448"),
    ("1.2.840.10040.4.1", "DSA"),
    ("1.2.840.113549.1.1.10", "RSA-PSS"),
    ("1.2.840.113549.1.1.4", "MD5 with RSA"),
    ("1.2.840.113549.1.1.5", SHA1_WITH_RSA),
    ("1.2.840.113549.1.1.14", "SHA-224 with RSA"),
    ("1.2.840.113549.1.1.11", "SHA-256 with RSA"),
    ("1.2.840.113549.1.1.12", "SHA-384 with RSA"),
    ("1.2.840.113549.1.1.13", "SHA-512 with RSA"),
    ("1.2.840.10040.4.3", "SHA-1 with DSA"),
    ("2.16.840.1.101.3.4.3.2", "SHA-256 with DSA"),
    ("1.2.840.10045.4.1", SHA1_WITH_ECDSA),
    ("1.2.840.10045.4.3.1", "SHA-224 with ECDSA"),
    ("1.2.840.10045.4.3.2", "SHA-256 with ECDSA"),
    ("1.2.840.10045.4.3.3", "SHA-384 with ECDSA"),
    ("1.2.840.10045.4.3.4", "SHA-512 with ECDSA"),
    ("1.3.14.3.2.29", "SHA-1 with RSA"),
];

const SHA1_WITH_RSA: &str = "SHA-1 with RSA";
const SHA1_WITH_ECDSA: &str = "SHA-1 with ECDSA";

/// Returns the name of an algorithm or a curve, or its identifier if it is not in [`NAMES`].
pub(super) fn name(identifier: ObjectIdentifier) -> String {
    let identifier = identifier.to_string();
    let known = NAMES.iter().find(|(known, _)| **known == identifier);
    known.map_or(identifier, |(_, name)| (*name).to_owned())
}

impl PublicKey {
    pub(super) fn read(info: AnyRef<'_>) -> Option<Self> {
        let members = der::members(info)?;
        let [algorithm, key, ..] = members[..] else { return None };
        Self::of(&der::members(algorithm)?, key)
    }

    /// Reads the content of a `SubjectPublicKeyInfo`, which trust anchors store without its header.
    pub(super) fn read_content(content: &[u8]) -> Option<Self> {
        let members = der::values(content)?;
        let [algorithm, key, ..] = members[..] else { return None };
        Self::of(&der::members(algorithm)?, key)
    }

    fn of(algorithm: &[AnyRef<'_>], key: AnyRef<'_>) -> Option<Self> {
        let identifier = der::identifier(*algorithm.first()?)?;
        Some(match identifier.to_string().as_str() {
            RSA => {
                let numbers = der::sequence(der::bits(key)?)?;
                Self::Rsa(der::integer_bits(*numbers.first()?)?)
            }
            ELLIPTIC_CURVE => {
                let curve = algorithm.get(1).and_then(|curve| der::identifier(*curve));
                Self::Other(curve.map_or_else(|| "an unnamed curve".to_owned(), name))
            }
            _ => Self::Other(name(identifier)),
        })
    }

    /// Returns whether the client can verify signatures made with such a key.
    pub(super) fn is_verified(&self) -> bool {
        match self {
            Self::Rsa(bits) => (2048..=8192).contains(bits),
            Self::Other(name) => matches!(name.as_str(), "P-256" | "P-384" | "Ed25519"),
        }
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rsa(bits) => write!(f, "RSA of {bits} bits"),
            Self::Other(name) => f.write_str(name),
        }
    }
}
