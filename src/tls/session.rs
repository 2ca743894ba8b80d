//! What one connection needs, and what it saw.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::SystemTime;

use rustls::ClientConfig;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::ServerName;

use super::certificate::Certificate;
use super::explain::Handshake;
use super::identity::Identity;
use super::notes::Notes;
use super::resolver::Resolver;
use super::roots::Roots;
use super::verifier::Verifier;
use crate::config::Verification;
use crate::error::Error;

/// The TLS of one connection.
pub struct Session {
    config: Arc<ClientConfig>,
    server_name: ServerName<'static>,
    roots: Arc<Roots>,
    identity: Option<Arc<Identity>>,
    notes: Arc<Notes>,
}

impl Session {
    pub(super) fn new(
        base: &ClientConfig,
        provider: &Arc<CryptoProvider>,
        roots: &Arc<Roots>,
        identity: Option<&Arc<Identity>>,
        server_name: ServerName<'static>,
        verification: Verification,
    ) -> Self {
        let notes = Arc::new(Notes::default());
        let mut config = base.clone();
        config.client_auth_cert_resolver =
            Arc::new(Resolver { identity: identity.cloned(), notes: Arc::clone(&notes) });
        config.dangerous().set_certificate_verifier(Arc::new(Verifier {
            provider: Arc::clone(provider),
            roots: Arc::clone(roots),
            verification,
            notes: Arc::clone(&notes),
        }));
        Self {
            config: Arc::new(config),
            server_name,
            roots: Arc::clone(roots),
            identity: identity.cloned(),
            notes,
        }
    }

    /// The configuration of this connection alone: it takes notes.
    pub fn config(&self) -> Arc<ClientConfig> {
        Arc::clone(&self.config)
    }

    /// The name that the broker's certificate must have.
    pub fn server_name(&self) -> ServerName<'static> {
        self.server_name.clone()
    }

    /// Explains why the handshake failed, or the first exchange behind it: in TLS 1.3, a broker
    /// refuses a client's certificate only then.
    ///
    /// The error is of kind `Tls`, or `Disconnected` where TLS may be the cause and may not. `None`
    /// is that it has nothing to do with TLS.
    pub fn explain(&self, error: &io::Error) -> Option<Error> {
        let noted = self.notes.lock();
        let handshake = Handshake {
            noted: &noted,
            roots: &self.roots,
            identity: self.identity.as_deref(),
            server_name: &self.server_name,
        };
        handshake.explain(error)
    }

    /// When the broker's certificate expires; `None` before it was seen.
    pub fn peer_expires_at(&self) -> Option<SystemTime> {
        let noted = self.notes.lock();
        Some(Certificate::read(noted.chain.first()?)?.not_after)
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("server_name", &self.server_name).finish_non_exhaustive()
    }
}
