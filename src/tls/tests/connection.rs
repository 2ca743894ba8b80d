//! In-memory handshakes, run as `net` runs them over a socket.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustls::crypto::ring;
use rustls::pki_types::UnixTime;
use rustls::server::{ClientHello, ResolvesServerCert, WebPkiClientVerifier};
use rustls::sign::CertifiedKey;
use rustls::time_provider::TimeProvider;
use rustls::{
    ClientConnection, Connection, RootCertStore, ServerConfig, ServerConnection,
    SupportedProtocolVersion,
};

use super::authority::{Authority, HOST, Made};
use crate::config::{Secret, Tls};
use crate::error::{Error, ErrorKind};
use crate::tls::{ClientTls, Session};

/// 2060-01-01T00:00:00Z, for all handshakes.
pub(super) const NOW: u64 = 2_840_140_800;

#[derive(Debug)]
struct StillClock;

impl TimeProvider for StillClock {
    fn current_time(&self) -> Option<UnixTime> {
        Some(UnixTime::since_unix_epoch(Duration::from_secs(NOW)))
    }
}

/// Presents a certificate without checking it, as brokers do.
#[derive(Debug)]
struct Presents(Arc<CertifiedKey>);

impl ResolvesServerCert for Presents {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }
}

pub(super) struct Broker<'a> {
    pub(super) certificate: &'a Made,
    pub(super) versions: &'a [&'static SupportedProtocolVersion],
    /// The authority of accepted client certificates; `None` requests no client certificate.
    pub(super) clients: Option<&'a Authority>,
}

impl<'a> Broker<'a> {
    pub(super) fn new(certificate: &'a Made) -> Self {
        Self { certificate, versions: rustls::ALL_VERSIONS, clients: None }
    }

    fn config(&self) -> ServerConfig {
        let provider = Arc::new(ring::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(self.versions)
            .expect("versions");
        let builder = match self.clients {
            None => builder.with_no_client_auth(),
            Some(authority) => {
                let mut roots = RootCertStore::empty();
                roots.add(authority.certificate.clone()).expect("an authority");
                let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider);
                builder.with_client_cert_verifier(verifier.build().expect("a verifier"))
            }
        };
        let key = ring::sign::any_supported_type(&self.certificate.key).expect("a key");
        let certified = CertifiedKey::new(self.certificate.chain.clone(), key);
        builder.with_cert_resolver(Arc::new(Presents(Arc::new(certified))))
    }
}

/// Opens a client connection with a fixed clock.
pub(super) fn client(session: &Session) -> ClientConnection {
    let mut config = (*session.config()).clone();
    config.time_provider = Arc::new(StillClock);
    ClientConnection::new(Arc::new(config), session.server_name()).expect("a connection")
}

/// Runs the handshake, then exchanges one byte in each direction.
pub(super) fn shake(session: &Session, broker: &Broker<'_>) -> io::Result<()> {
    let mut client: Connection = client(session).into();
    let mut config = broker.config();
    config.time_provider = Arc::new(StillClock);
    let mut server: Connection = ServerConnection::new(Arc::new(config)).expect("a server").into();
    io::Write::write_all(&mut client.writer(), b"?")?;
    io::Write::write_all(&mut server.writer(), b"!")?;
    loop {
        let sent = carry(&mut client, &mut server)?;
        let refused = server.process_new_packets().is_err();
        let answered = carry(&mut server, &mut client)?;
        client
            .process_new_packets()
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        if refused {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if sent + answered == 0 {
            let mut byte = [0];
            return io::Read::read_exact(&mut client.reader(), &mut byte);
        }
    }
}

/// Transfers pending bytes from one side to the other, and returns their number.
fn carry(from: &mut Connection, to: &mut Connection) -> io::Result<usize> {
    let mut bytes = Vec::new();
    while from.wants_write() {
        from.write_tls(&mut bytes)?;
    }
    let mut rest = &bytes[..];
    while !rest.is_empty() {
        to.read_tls(&mut rest)?;
        if rest.is_empty() {
            break;
        }
        // Processing makes room in the buffer. The caller reports the error.
        if to.process_new_packets().is_err() {
            break;
        }
    }
    Ok(bytes.len())
}

pub(super) fn session(settings: &Tls) -> Session {
    session_for(settings, None, HOST)
}

pub(super) fn session_for(settings: &Tls, password: Option<&Secret>, host: &str) -> Session {
    let tls = ClientTls::load(settings, password).expect("sound settings");
    tls.session(host).expect("a sound host")
}

/// Returns the explanation of a handshake that must fail.
#[track_caller]
pub(super) fn refusal(session: &Session, broker: &Broker<'_>) -> Error {
    let error = shake(session, broker).expect_err("a refusal");
    let explained = session.explain(&error).unwrap_or_else(|| panic!("no explanation of {error}"));
    assert_eq!(explained.kind(), ErrorKind::Tls, "{explained}");
    explained
}

/// Asserts that a broker with this certificate is refused, and returns the explanation.
#[track_caller]
pub(super) fn refused(settings: &Tls, certificate: &Made) -> String {
    refusal(&session(settings), &Broker::new(certificate)).to_string()
}

#[track_caller]
pub(super) fn accepted(settings: &Tls, certificate: &Made) {
    let session = session(settings);
    if let Err(error) = shake(&session, &Broker::new(certificate)) {
        panic!("{error}: {:?}", session.explain(&error).map(|error| error.to_string()));
    }
}
