//! The TLS configuration of one connection, and the notes taken during its handshake.

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

    /// Returns the configuration. Use it for this connection only, because it records notes.
    pub fn config(&self) -> Arc<ClientConfig> {
        Arc::clone(&self.config)
    }

    pub fn server_name(&self) -> ServerName<'static> {
        self.server_name.clone()
    }

    /// Explains why the handshake or the first exchange after it failed. In TLS 1.3, a broker
    /// refuses a client certificate only after the handshake.
    ///
    /// The error has the kind `Tls`, or `Disconnected` if TLS is only a possible cause. Returns
    /// `None` if the error has nothing to do with TLS.
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

    /// Returns when the broker's certificate expires; `None` before the broker sent it.
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
