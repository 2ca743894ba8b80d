//! Private keys on elliptic curves without their public half, as Java and `openssl ec -no_public`
//! write them. ring refuses such keys and cannot compute the public half, so it is taken from the
//! certificate; ring then checks that both halves belong together.

use rustls::pki_types::PrivateKeyDer;
use zeroize::Zeroizing;

use super::der;

/// The private half of a key that has no other.
pub(super) struct PrivateHalf<'a>(&'a [u8]);

// Tags of DER.
const SEQUENCE: u8 = 0x30;
const OCTET_STRING: u8 = 0x04;
const BIT_STRING: u8 = 0x03;
const PUBLIC_KEY: u8 = 0xa1;

/// `ECPrivateKey` begins with an integer, which is 1.
const VERSION: [u8; 3] = [0x02, 1, 1];

impl<'a> PrivateHalf<'a> {
    /// Reads a key in SEC1 or PKCS#8; `None` if it has a public half, or is of another kind.
    pub(super) fn of(key: &'a PrivateKeyDer<'_>) -> Option<Self> {
        let members = match key {
            PrivateKeyDer::Sec1(key) => der::sequence(key.secret_sec1_der())?,
            PrivateKeyDer::Pkcs8(key) => {
                let [_version, algorithm, key, ..] = der::sequence(key.secret_pkcs8_der())?[..]
                else {
                    return None;
                };
                let is_ec = der::algorithm(algorithm)?.to_string() == "1.2.840.10045.2.1";
                is_ec.then(|| der::sequence(key.value()))??
            }
            _ => return None,
        };
        let [_version, private, ref optional @ ..] = members[..] else { return None };
        let has_public = optional.iter().any(|field| der::context(*field) == Some(1));
        (!has_public).then(|| Self(private.value()))
    }

    /// The whole key in SEC1, given the certificate's `SubjectPublicKeyInfo`. Whether the halves
    /// belong together is not checked here.
    pub(super) fn with_public_half_of(&self, key_info: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let [_algorithm, public] = der::sequence(key_info)?[..] else { return None };
        let private = tagged(OCTET_STRING, &[self.0])?;
        let public = tagged(PUBLIC_KEY, &[&tagged(BIT_STRING, &[&[0], der::bits(public)?])?])?;
        tagged(SEQUENCE, &[&VERSION, &private, &public])
    }
}

/// A value in DER, of up to 255 bytes; keys on P-384 have 165.
fn tagged(tag: u8, parts: &[&[u8]]) -> Option<Zeroizing<Vec<u8>>> {
    let length = u8::try_from(parts.iter().map(|part| part.len()).sum::<usize>()).ok()?;
    // Its room is taken at once: growing would leave copies of the key behind.
    let mut value = Zeroizing::new(Vec::with_capacity(3 + usize::from(length)));
    value.push(tag);
    if length >= 0x80 {
        value.push(0x81);
    }
    value.push(length);
    for part in parts {
        value.extend_from_slice(part);
    }
    Some(value)
}
