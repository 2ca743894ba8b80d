//! Password-protected private keys.

use pkcs8::der::{Decode, SecretDocument};
use pkcs8::{EncryptedPrivateKeyInfoRef, PrivateKeyInfoRef};

use super::der;
use crate::config::Secret;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Refusal {
    /// It is not an encrypted key, or its algorithm is unknown.
    Unknown,
    /// Its algorithm is from PKCS#5 v1.5 or PKCS#12: too weak, and not supported.
    Outdated,
    /// The password is wrong, or the key is damaged.
    WrongPassword,
}

const PBES2: &str = "1.2.840.113549.1.5.13";

/// Prefixes of the identifiers of PBES1 and of PKCS#12's algorithms.
const OUTDATED: [&str; 2] = ["1.2.840.113549.1.5.", "1.2.840.113549.1.12.1."];

/// Decrypts a PKCS#8 `EncryptedPrivateKeyInfo` to a `PrivateKeyInfo`.
pub(super) fn decrypt(encrypted: &[u8], password: &Secret) -> Result<SecretDocument, Refusal> {
    check(encrypted)?;
    let info = EncryptedPrivateKeyInfoRef::from_der(encrypted).map_err(|_| Refusal::Unknown)?;
    match info.decrypt(password.reveal()) {
        // 1 in 256 wrong passwords yields valid padding, so the content is parsed, too.
        Ok(key) if PrivateKeyInfoRef::from_der(key.as_bytes()).is_ok() => Ok(key),
        Err(pkcs8::Error::EncryptedPrivateKey(
            pkcs8::pkcs5::Error::UnsupportedAlgorithm { .. }
            | pkcs8::pkcs5::Error::AlgorithmParametersInvalid { .. },
        )) => Err(Refusal::Unknown),
        Ok(_) | Err(_) => Err(Refusal::WrongPassword),
    }
}

/// Fails if keys with this algorithm cannot be decrypted.
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
