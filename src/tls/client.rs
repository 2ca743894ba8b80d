//! The client's TLS settings, certificates and keys: loaded once, used for every connection.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use rustls::client::Resumption;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::ServerName;
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};

use super::identity::Identity;
use super::key_log::KeyLogFile;
use super::roots::Roots;
use super::server_name::server_name;
use super::session::Session;
use crate::config::{Secret, Tls, TlsVersion, Verification};
use crate::error::{Error, ErrorKind, Result, shown};

pub struct ClientTls {
    base: ClientConfig,
    provider: Arc<CryptoProvider>,
    roots: Arc<Roots>,
    identity: Option<Arc<Identity>>,
    server_name: Option<ServerName<'static>>,
    verification: Verification,
}

impl ClientTls {
    /// Reads certificates and keys from files and the system's store; blocks. Errors have the kind
    /// `Config`, and name the setting, the file and the remedy.
    ///
    /// `key_password` is the password that the caller read from `settings.identity.key_password`.
    pub fn load(settings: &Tls, key_password: Option<&Secret>) -> Result<Self> {
        let provider = Arc::new(ring::default_provider());
        let roots = match settings.verification {
            Verification::Nothing => Roots::none(),
            Verification::Full | Verification::WithoutHostname => Roots::load(&settings.trust)?,
        };
        let identity = settings.identity.as_ref();
        let identity =
            identity.map(|identity| Identity::load(identity, key_password)).transpose()?;
        let name = settings.server_name.as_deref();
        let name = name
            .map(|name| server_name(name).ok_or_else(|| unusable("security.server_name", name)))
            .transpose()?;
        Ok(Self {
            base: base(&provider, settings)?,
            provider,
            roots: Arc::new(roots),
            identity: identity.map(Arc::new),
            server_name: name,
            verification: settings.verification,
        })
    }

    pub fn session(&self, host: &str) -> Result<Session> {
        let name = match &self.server_name {
            Some(name) => name.clone(),
            None => server_name(host).ok_or_else(|| unusable("host", host))?,
        };
        Ok(Session::new(
            &self.base,
            &self.provider,
            &self.roots,
            self.identity.as_ref(),
            name,
            self.verification,
        ))
    }

    /// Returns the earliest expiry in the client's certificate chain; `None` without a chain.
    pub fn expires_at(&self) -> Option<SystemTime> {
        self.identity.as_ref().map(|identity| identity.expires_at)
    }
}

/// Builds the configuration that all connections share. Each session replaces its verifier and
/// resolver.
fn base(provider: &Arc<CryptoProvider>, settings: &Tls) -> Result<ClientConfig> {
    let versions: &[&SupportedProtocolVersion] = match settings.min_version {
        TlsVersion::V1_2 => &[&TLS13, &TLS12],
        TlsVersion::V1_3 => &[&TLS13],
    };
    let builder = ClientConfig::builder_with_provider(Arc::clone(provider))
        .with_protocol_versions(versions)
        .map_err(|error| Error::new(ErrorKind::Config, format!("security.min_version: {error}")))?;
    let mut config = builder.with_root_certificates(RootCertStore::empty()).with_no_client_auth();
    // A resumed session would skip verification, and saves only 0.1 ms.
    config.resumption = Resumption::disabled();
    if let Some(path) = &settings.key_log {
        let log = KeyLogFile::open(path).map_err(|error| {
            let path = path.display();
            let message = format!("security.key_log: \"{path}\" cannot be opened: {error}");
            Error::new(ErrorKind::Config, message)
        })?;
        config.key_log = Arc::new(log);
    }
    Ok(config)
}

fn unusable(what: &str, name: &str) -> Error {
    let name = shown(name);
    let message = format!(
        "{what} \"{name}\" is no host name or address that a certificate can have; set \
         server_name= to a name that the broker's certificate has"
    );
    Error::new(ErrorKind::Config, message)
}

impl fmt::Debug for ClientTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientTls")
            .field("roots", &format_args!("{}", self.roots))
            .field("identity", &self.identity.as_ref().map(|identity| &identity.subject))
            .field("server_name", &self.server_name)
            .field("verification", &self.verification)
            .finish_non_exhaustive()
    }
}
