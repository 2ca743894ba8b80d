//! Records what happens during a handshake, to explain a failure later.

use std::sync::{Mutex, MutexGuard, PoisonError};

use rustls::pki_types::CertificateDer;

/// Notes that the verifier and the resolver of one connection share.
#[derive(Debug, Default)]
pub(super) struct Notes(Mutex<Noted>);

#[derive(Debug, Default)]
pub(super) struct Noted {
    /// The certificates that the broker presented, its own first.
    pub(super) chain: Vec<CertificateDer<'static>>,
    /// Why the chain, or a signature made with its key, was refused.
    pub(super) refusal: Option<rustls::Error>,
    /// Why the name was refused. Separate, because an error of the chain would hide it.
    pub(super) name_refusal: Option<rustls::Error>,
    pub(super) request: Option<Request>,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Request {
    /// Encoded names of the authorities that it accepts.
    pub(super) authorities: Vec<Vec<u8>>,
    /// True if it accepts no signature scheme of the client's key.
    pub(super) refuses_key: bool,
}

impl Notes {
    /// Locks the notes for a short time. A panic leaves them consistent, so poison is ignored.
    pub(super) fn lock(&self) -> MutexGuard<'_, Noted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
