//! What is noted during a handshake, to explain later why it failed.

use std::sync::{Mutex, MutexGuard, PoisonError};

use rustls::pki_types::CertificateDer;

/// What the verifier and the resolver of one connection have seen.
#[derive(Debug, Default)]
pub(super) struct Notes(Mutex<Noted>);

/// The notes themselves.
#[derive(Debug, Default)]
pub(super) struct Noted {
    /// The certificates that the broker presented, its own first.
    pub(super) chain: Vec<CertificateDer<'static>>,
    /// Why the chain was refused, or a signature with its key.
    pub(super) refusal: Option<rustls::Error>,
    /// Why the name was refused, which an error of the chain would hide.
    pub(super) name_refusal: Option<rustls::Error>,
    /// What the broker said when it asked for a client certificate.
    pub(super) request: Option<Request>,
}

/// A broker's request for a client certificate.
#[derive(Debug, Clone, Default)]
pub(super) struct Request {
    /// The names of the authorities that it accepts, as encoded.
    pub(super) authorities: Vec<Vec<u8>>,
    /// Whether it accepts no signature that the client's key can make.
    pub(super) refuses_key: bool,
}

impl Notes {
    /// The notes. None is long held, and a panic leaves them as they are.
    pub(super) fn lock(&self) -> MutexGuard<'_, Noted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
