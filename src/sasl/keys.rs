//! SCRAM's keys. Deriving them from a password takes many rounds of a hash, so they are kept for
//! later connections.

use std::fmt;
use std::num::NonZeroU32;

use ring::{digest, hmac, pbkdf2};
use zeroize::Zeroizing;

use crate::config::{Mechanism, Secret};

/// Maximum number of kept keys. A cluster's brokers share a user's salt, so one is usually enough.
const KEPT: usize = 8;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hash {
    Sha256,
    Sha512,
}

impl Hash {
    /// `None` for a mechanism without a hash.
    pub(super) fn of(mechanism: Mechanism) -> Option<Self> {
        match mechanism {
            Mechanism::Plain => None,
            Mechanism::ScramSha256 => Some(Self::Sha256),
            Mechanism::ScramSha512 | Mechanism::Scram => Some(Self::Sha512),
        }
    }

    fn hmac(self) -> hmac::Algorithm {
        match self {
            Self::Sha256 => hmac::HMAC_SHA256,
            Self::Sha512 => hmac::HMAC_SHA512,
        }
    }

    fn pbkdf2(self) -> pbkdf2::Algorithm {
        match self {
            Self::Sha256 => pbkdf2::PBKDF2_HMAC_SHA256,
            Self::Sha512 => pbkdf2::PBKDF2_HMAC_SHA512,
        }
    }

    /// Returns `H(bytes)`.
    pub(super) fn digest(self, bytes: &[u8]) -> digest::Digest {
        match self {
            Self::Sha256 => digest::digest(&digest::SHA256, bytes),
            Self::Sha512 => digest::digest(&digest::SHA512, bytes),
        }
    }

    /// Returns `HMAC(key, text)`.
    pub(super) fn sign(self, key: &[u8], text: &[u8]) -> hmac::Tag {
        hmac::sign(&hmac::Key::new(self.hmac(), key), text)
    }

    /// Compares `tag` with `HMAC(key, text)`, in constant time.
    pub(super) fn verifies(self, key: &[u8], text: &[u8], tag: &[u8]) -> bool {
        hmac::verify(&hmac::Key::new(self.hmac(), key), text, tag).is_ok()
    }

    /// The size of a key in bytes.
    pub(super) fn size(self) -> usize {
        match self {
            Self::Sha256 => digest::SHA256_OUTPUT_LEN,
            Self::Sha512 => digest::SHA512_OUTPUT_LEN,
        }
    }
}

/// The keys with which client and server prove that they know the password.
#[derive(Clone, PartialEq, Eq)]
pub struct Keys {
    pub(super) client: Zeroizing<Vec<u8>>,
    pub(super) server: Zeroizing<Vec<u8>>,
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keys(***)")
    }
}

/// The parameters of a key derivation. Running it takes milliseconds, so it belongs on a thread
/// that may be busy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Derivation {
    pub(super) hash: Hash,
    pub(super) password: Secret,
    pub(super) salt: Vec<u8>,
    pub(super) iterations: NonZeroU32,
}

impl Derivation {
    /// Derives the keys.
    pub fn run(&self) -> Keys {
        let Self { hash, password, salt, iterations } = self;
        let mut salted = Zeroizing::new(vec![0; hash.size()]);
        let password = password.reveal().as_bytes();
        pbkdf2::derive(hash.pbkdf2(), *iterations, salt, password, &mut salted);
        let key = |name: &[u8]| Zeroizing::new(hash.sign(&salted, name).as_ref().to_vec());
        Keys { client: key(b"Client Key"), server: key(b"Server Key") }
    }
}

/// Derived keys, by the parameters of their derivation.
#[derive(Debug, Default)]
pub struct KeyCache {
    kept: Vec<(Derivation, Keys)>,
}

impl KeyCache {
    /// Returns the keys of an earlier derivation.
    pub fn get(&self, derivation: &Derivation) -> Option<Keys> {
        self.kept.iter().find(|(known, _)| known == derivation).map(|(_, keys)| keys.clone())
    }

    /// Keeps keys. Evicts the oldest if there are too many.
    pub fn put(&mut self, derivation: Derivation, keys: Keys) {
        if self.get(&derivation).is_none() {
            self.kept.truncate(KEPT - 1);
            self.kept.insert(0, (derivation, keys));
        }
    }
}
