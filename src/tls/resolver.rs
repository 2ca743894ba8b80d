//! Presents the client's certificate, and records the broker's request for it.

use std::fmt;
use std::sync::Arc;

use rustls::SignatureScheme;
use rustls::client::ResolvesClientCert;
use rustls::sign::CertifiedKey;

use super::identity::Identity;
use super::notes::{Notes, Request};

/// Maximum number of recorded authorities. Java lists all that it trusts, which can be hundreds.
const MOST_AUTHORITIES: usize = 50;

pub(super) struct Resolver {
    pub(super) identity: Option<Arc<Identity>>,
    pub(super) notes: Arc<Notes>,
}

impl ResolvesClientCert for Resolver {
    /// Ignores the broker's list of authorities, which may omit intermediates.
    fn resolve(
        &self,
        authorities: &[&[u8]],
        schemes: &[SignatureScheme],
    ) -> Option<Arc<CertifiedKey>> {
        let certified = self.identity.as_ref().map(|identity| Arc::clone(&identity.certified));
        let signs = |certified: &Arc<CertifiedKey>| certified.key.choose_scheme(schemes).is_some();
        let authorities = authorities.iter().take(MOST_AUTHORITIES).map(|name| name.to_vec());
        self.notes.lock().request = Some(Request {
            authorities: authorities.collect(),
            refuses_key: certified.as_ref().is_some_and(|certified| !signs(certified)),
        });
        certified
    }

    fn has_certs(&self) -> bool {
        self.identity.is_some()
    }
}

impl fmt::Debug for Resolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resolver").finish_non_exhaustive()
    }
}
