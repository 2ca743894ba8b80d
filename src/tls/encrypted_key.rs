//! Private keys that a password protects.

use pkcs8::der::{Decode, SecretDocument};
use pkcs8::{EncryptedPrivateKeyInfoRef, PrivateKeyInfoRef};

use super::der;
use crate::config::Secret;

/// Why a key could not be decrypted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Refusal {
    /// It is not an encrypted key, or one of an unknown algorithm.
    Unknown,
    /// Its algorithm is of PKCS#5 v1.5 or PKCS#12: too weak, and not built in.
    Outdated,
    /// The password does not fit, or the key is damaged.
    WrongPassword,
}

const PBES2: &str = "1.2.840.113549.1.5.13";

/// Identifiers of older algorithms: PBES1 and those of PKCS#12.
const OUTDATED: [&str; 2] = ["1.2.840.113549.1.5.", "1.2.840.113549.1.12.1."];

/// Decrypts a PKCS#8 `EncryptedPrivateKeyInfo` to a `PrivateKeyInfo`.
pub(super) fn decrypt(encrypted: &[u8], password: &Secret) -> Result<SecretDocument, Refusal> {
    check(encrypted)?;
    let info = EncryptedPrivateKeyInfoRef::from_der(encrypted).map_err(|_| Refusal::Unknown)?;
    match info.decrypt(password.reveal()) {
        // A wrong password can leave sound padding behind: one in 256 times.
        Ok(key) if PrivateKeyInfoRef::from_der(key.as_bytes()).is_ok() => Ok(key),
        Err(pkcs8::Error::EncryptedPrivateKey(
            pkcs8::pkcs5::Error::UnsupportedAlgorithm { .. }
            | pkcs8::pkcs5::Error::AlgorithmParametersInvalid { .. },
        )) => Err(Refusal::Unknown),
        Ok(_) | Err(_) => Err(Refusal::WrongPassword),
    }
}

/// Whether its algorithm is one that can be decrypted.
pub(super) fn check(encrypted: &[u8]) -> Result<(), Refusal> {
    let algorithm = der::sequence(encrypted)
        .and_then(|members| der::algorithm(*members.first()?))
        .map(|identifier| identifier.to_string())
        .ok_or(Refusal::Unknown)?;
    match algorithm.as_str() {
        PBES2 => Ok(()),
        other if OUTDATED.iter().any(|prefix| other.starts_with(prefix)) => Err(Refusal::Outdated),
        _ => Err(Refusal::Unknown),
    }
}
