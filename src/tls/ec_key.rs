//! Private keys on elliptic curves without their public half, as Java and `openssl ec -no_public`
//! write them. ring refuses such keys and cannot compute the public half, so it is taken from the
//! certificate; ring then checks that both halves belong together.

use pkcs8::der::asn1::AnyRef;
use pkcs8::der::{Tag, TagNumber};
use rustls::pki_types::PrivateKeyDer;
use zeroize::Zeroizing;

use super::der;

/// The private half of a key that has no other.
pub(super) struct PrivateHalf<'a>(&'a [u8]);

/// The number of the field that has the public half.
const PUBLIC_KEY: TagNumber = TagNumber(1);

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
        let has_public = optional.iter().any(|field| der::context(*field) == Some(PUBLIC_KEY.0));
        (!has_public).then(|| Self(private.value()))
    }

    /// The whole key in SEC1, given the certificate's `SubjectPublicKeyInfo`. Whether the halves
    /// belong together is not checked here.
    pub(super) fn with_public_half_of(&self, key_info: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let [_algorithm, public] = der::sequence(key_info)?[..] else { return None };
        let private = tagged(Tag::OctetString, &[self.0])?;
        let bits = tagged(Tag::BitString, &[&[0], der::bits(public)?])?;
        let public_key = Tag::ContextSpecific { constructed: true, number: PUBLIC_KEY };
        let public = tagged(public_key, &[&bits])?;
        tagged(Tag::Sequence, &[&VERSION, &private, &public])
    }
}

/// A value in DER, which is given in parts.
fn tagged(tag: Tag, parts: &[&[u8]]) -> Option<Zeroizing<Vec<u8>>> {
    let value = Zeroizing::new(parts.concat());
    der::encoded(AnyRef::new(tag, &value).ok()?).map(Zeroizing::new)
}
