//! TLS: a certificate for this run, and a socket that decrypts.
//!
//! The server only offers TLS 1.3 with AES-256-GCM, so that every client uses the same cipher.

use std::fs;
use std::io::{self, BufReader, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa};
use rcgen::{Issuer, KeyPair, KeyUsagePurpose};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection};

/// Buffer size of the socket: rustls itself only reads 4 KiB at a time.
const READ_AHEAD: usize = 1 << 20;

/// Creates an authority and a certificate for `host`. Writes the authority to the file `ca`.
pub fn config(host: &str, ca: &str) -> Result<Arc<ServerConfig>, String> {
    let (authority, certificate, key) = certificates(host).map_err(|error| error.to_string())?;
    fs::write(ca, authority).map_err(|error| format!("{ca} cannot be written: {error}"))?;
    // An explicit provider: the process has no default.
    let provider = CryptoProvider {
        cipher_suites: vec![ring::cipher_suite::TLS13_AES_256_GCM_SHA384],
        ..ring::default_provider()
    };
    let config = ServerConfig::builder_with_provider(Arc::new(provider))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(|error| error.to_string())?
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key.into())
        .map_err(|error| error.to_string())?;
    Ok(Arc::new(config))
}

/// Returns the authority as PEM, and the server's certificate with its key.
fn certificates(
    host: &str,
) -> Result<(String, CertificateDer<'static>, PrivatePkcs8KeyDer<'static>), rcgen::Error> {
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    authority.distinguished_name.push(DnType::CommonName, "null-broker's authority");
    let authority_key = KeyPair::generate()?;
    let pem = authority.self_signed(&authority_key)?.pem();

    // An IP address becomes an address entry instead of a name.
    let mut server = CertificateParams::new([host.to_owned()])?;
    server.distinguished_name.push(DnType::CommonName, host);
    server.use_authority_key_identifier_extension = true;
    server.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let key = KeyPair::generate()?;
    let certificate = server.signed_by(&key, &Issuer::new(authority, authority_key))?;
    Ok((pem, certificate.der().clone(), key.serialize_der().into()))
}

/// A client's connection. Reading performs the handshake.
pub struct Encrypted {
    socket: BufReader<TcpStream>,
    tls: ServerConnection,
}

impl Encrypted {
    pub fn new(socket: TcpStream, config: Arc<ServerConfig>) -> Result<Self, String> {
        let tls = ServerConnection::new(config).map_err(|error| error.to_string())?;
        Ok(Self { socket: BufReader::with_capacity(READ_AHEAD, socket), tls })
    }

    /// Sends encrypted data and handshake messages.
    fn send(&mut self) -> io::Result<()> {
        while self.tls.wants_write() {
            self.tls.write_tls(self.socket.get_mut())?;
        }
        Ok(())
    }
}

impl Read for Encrypted {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.tls.reader().read(bytes) {
                // A client that is killed sends no close_notify.
                Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(0),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                done => return done,
            }
            let count = self.tls.read_tls(&mut self.socket)?;
            let processed = self.tls.process_new_packets();
            self.send()?; // including an alert after a failure
            processed.map_err(|error| io::Error::new(ErrorKind::InvalidData, error))?;
            if count == 0 && self.tls.is_handshaking() {
                return Ok(0);
            }
        }
    }
}

impl Write for Encrypted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.tls.writer().write(bytes)?;
        self.send()?;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.send()
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::thread;

    use rustls::pki_types::ServerName;
    use rustls::pki_types::pem::PemObject;
    use rustls::{ClientConfig, ClientConnection, RootCertStore, Stream};

    use super::*;

    fn client(ca: &std::path::Path) -> ClientConnection {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(ca).expect("it is PEM")).expect("it is a CA");
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("ring has them")
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name = ServerName::try_from("127.0.0.1").expect("it is an address");
        ClientConnection::new(Arc::new(config), name).expect("it is a client")
    }

    #[test]
    fn a_client_that_trusts_the_authority_is_decrypted() {
        let ca = std::env::temp_dir().join(format!("null-broker-{}.pem", std::process::id()));
        let config = config("127.0.0.1", ca.to_str().expect("it is a path")).expect("it is TLS");
        let mut client = client(&ca);
        fs::remove_file(&ca).expect("it was written");
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let address = listener.local_addr().expect("it is bound");

        let server = thread::spawn(move || {
            let (socket, _) = listener.accept().expect("a client comes");
            let mut encrypted = Encrypted::new(socket, config).expect("it is a server");
            let mut came = Vec::new();
            while !came.ends_with(b"end") {
                let mut some = [0; 1000];
                let count = encrypted.read(&mut some).expect("it decrypts");
                assert_ne!(count, 0);
                came.extend_from_slice(&some[..count]);
            }
            encrypted.write_all(b"thanks").expect("it encrypts");
            // The client closes the connection without a close_notify.
            assert_eq!(encrypted.read(&mut [0]).expect("that is no error"), 0);
            came.len()
        });

        let mut socket = TcpStream::connect(address).expect("it listens");
        let mut stream = Stream::new(&mut client, &mut socket);
        let long = [vec![7; 100_000], b"end".to_vec()].concat();
        stream.write_all(&long).expect("it is read");
        let mut answer = [0; 6];
        stream.read_exact(&mut answer).expect("it is answered");
        assert_eq!(&answer, b"thanks");
        drop(socket);
        assert_eq!(server.join().expect("nothing panicked"), long.len());
    }
}
