//! Elliptic-curve private keys without the public half, as Java and `openssl ec -no_public` write
//! them. ring refuses such keys and cannot compute the public half, so it is copied from the
//! certificate. ring then checks that both halves match.

use pkcs8::der::asn1::AnyRef;
use pkcs8::der::{Tag, TagNumber};
use rustls::pki_types::PrivateKeyDer;
use zeroize::Zeroizing;

use super::der;

/// The private half of a key whose file has no public half.
pub(super) struct PrivateHalf<'a>(&'a [u8]);

/// Tag number of the field with the public half.
const PUBLIC_KEY: TagNumber = TagNumber(1);

/// The first field of `ECPrivateKey`: the integer 1.
const VERSION: [u8; 3] = [0x02, 1, 1];

impl<'a> PrivateHalf<'a> {
    /// Reads a key in SEC1 or PKCS#8; `None` if it has a public half or is not an EC key.
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
        let has_public = optional.iter().any(|field| der::context(*field) == Some(PUBLIC_KEY.0));
        (!has_public).then(|| Self(private.value()))
    }

    /// Returns the whole key in SEC1, given the certificate's `SubjectPublicKeyInfo`. Does not
    /// check that the halves match.
    pub(super) fn with_public_half_of(&self, key_info: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let [_algorithm, public] = der::sequence(key_info)?[..] else { return None };
        let private = tagged(Tag::OctetString, &[self.0])?;
        let bits = tagged(Tag::BitString, &[&[0], der::bits(public)?])?;
        let public_key = Tag::ContextSpecific { constructed: true, number: PUBLIC_KEY };
        let public = tagged(public_key, &[&bits])?;
        tagged(Tag::Sequence, &[&VERSION, &private, &public])
    }
}

/// Encodes the concatenation of `parts` as one DER value.
fn tagged(tag: Tag, parts: &[&[u8]]) -> Option<Zeroizing<Vec<u8>>> {
    let value = Zeroizing::new(parts.concat());
    der::encoded(AnyRef::new(tag, &value).ok()?).map(Zeroizing::new)
}
