//! Listener security, as in Kafka's `listener.security.protocol`: TLS with throw-away certificates,
//! and SASL with its users.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::ServerName;
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::{RootCertStore, ServerConfig};
use tokio_rustls::TlsAcceptor;

use super::certificates::{AltName, Authority};
use crate::config::Secret;
use crate::sasl::{Accounts, ServerMechanism};

/// The security of a listener; by default plain text without authentication.
#[derive(Debug, Default)]
pub struct ListenerSecurity {
    /// Encryption; `None` is plain text.
    pub tls: Option<ListenerTls>,
    pub sasl: Option<ListenerSasl>,
}

#[derive(Debug, Default)]
pub struct ListenerTls {
    /// An additional name for the server's certificate, besides the names of this machine.
    pub server_name: Option<String>,
    /// Whether clients must present a certificate that the in-process cluster has issued.
    pub client_certificates: bool,
}

#[derive(Debug)]
pub struct ListenerSasl {
    pub mechanisms: Vec<ServerMechanism>,
    /// The maximum lifetime of a login (`connections.max.reauth.ms`). Without it, a login by token
    /// ends with the token, and a login by password never.
    pub session_lifetime: Option<Duration>,
    pub users: Accounts,
    /// The secrets of delegation tokens, by token id.
    pub tokens: Accounts,
    /// SCRAM's salt. All accounts share it, because they only live as long as the process.
    pub salt: String,
}

/// The certificates that clients need, as PEM.
#[derive(Debug)]
pub struct Published {
    /// The certificate of the throw-away authority.
    pub ca: String,
    /// A client's certificate and private key, if clients must present one.
    pub client: Option<(String, Secret)>,
}

impl ListenerTls {
    /// Creates the certificates of a cluster that listens on `host`.
    pub(super) fn set_up(&self, host: IpAddr) -> io::Result<(TlsAcceptor, Published)> {
        let authority = Authority::new()?;
        let (certificate, key) = authority.issue_server(&self.names(host)?)?.into_parts();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?;
        let (builder, client) = if self.client_certificates {
            let mut roots = RootCertStore::empty();
            roots.add(authority.certificate()).map_err(io::Error::other)?;
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
            let verifier = verifier.build().map_err(io::Error::other)?;
            let client = authority.issue_client()?;
            let client = (client.pem(), client.key_pem());
            (builder.with_client_cert_verifier(verifier), Some(client))
        } else {
            (builder.with_no_client_auth(), None)
        };
        let mut config =
            builder.with_single_cert(vec![certificate], key).map_err(io::Error::other)?;
        // A resumed session would skip the certificate checks that tests are about.
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        Ok((Arc::new(config).into(), Published { ca: authority.pem(), client }))
    }

    fn names(&self, host: IpAddr) -> io::Result<Vec<AltName>> {
        let mut names = vec![
            AltName::Dns("localhost".to_owned()),
            AltName::Ip(Ipv4Addr::LOCALHOST.into()),
            AltName::Ip(Ipv6Addr::LOCALHOST.into()),
        ];
        let asked = self.server_name.as_deref().map(alt_name).transpose()?;
        let host = Some(host).filter(|host| !host.is_unspecified()).map(AltName::Ip);
        for name in host.into_iter().chain(asked) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        Ok(names)
    }
}

fn alt_name(name: &str) -> io::Result<AltName> {
    // Names in certificates have no trailing dot.
    match ServerName::try_from(name.strip_suffix('.').unwrap_or(name)) {
        Ok(ServerName::DnsName(name)) => Ok(AltName::Dns(name.as_ref().to_owned())),
        Ok(ServerName::IpAddress(address)) => Ok(AltName::Ip(address.into())),
        _ => {
            let message = format!("server_name={name:?} is no host name and no IP address");
            Err(io::Error::new(io::ErrorKind::InvalidInput, message))
        }
    }
}

#[cfg(test)]
mod tests {
    use rustls::client::WebPkiServerVerifier;
    use rustls::client::danger::ServerCertVerifier;
    use rustls::pki_types::UnixTime;

    use super::*;

    fn names(server_name: Option<&str>, host: &str) -> io::Result<Vec<AltName>> {
        let server_name = server_name.map(str::to_owned);
        let tls = ListenerTls { server_name, ..ListenerTls::default() };
        tls.names(host.parse().unwrap())
    }

    #[test]
    fn every_name_is_there_once() {
        assert_eq!(names(Some("127.0.0.1"), "::1").unwrap().len(), 3);
        assert_eq!(names(Some("localhost."), "0.0.0.0").unwrap().len(), 3);
        assert_eq!(names(Some("kafka.example"), "10.0.0.1").unwrap().len(), 5);
        let error = names(Some("not a name"), "127.0.0.1").unwrap_err();
        assert_eq!(
            error.to_string(),
            r#"server_name="not a name" is no host name and no IP address"#
        );
    }

    /// Verified with webpki, which checks the chain, dates, purposes and names strictly.
    #[test]
    fn webpki_accepts_the_certificates() {
        let authority = Authority::new().unwrap();
        let (server, _) = authority
            .issue_server(&names(Some("kafka.example"), "10.0.0.1").unwrap())
            .unwrap()
            .into_parts();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let trust = |authority: &Authority| {
            let mut roots = RootCertStore::empty();
            roots.add(authority.certificate()).unwrap();
            Arc::new(roots)
        };
        let verifier = |authority| {
            let provider = Arc::clone(&provider);
            WebPkiServerVerifier::builder_with_provider(trust(authority), provider).build().unwrap()
        };
        let (good, other) = (verifier(&authority), verifier(&Authority::new().unwrap()));
        let verify = |verifier: &WebPkiServerVerifier, name: &'static str| {
            let name = ServerName::try_from(name).unwrap();
            verifier.verify_server_cert(&server, &[], &name, &[], UnixTime::now())
        };
        for name in ["localhost", "127.0.0.1", "::1", "10.0.0.1", "kafka.example"] {
            verify(&good, name).unwrap();
        }
        assert!(verify(&good, "10.0.0.2").is_err());
        let unknown = rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer);
        assert_eq!(verify(&other, "localhost").unwrap_err(), unknown);

        let (client, _) = authority.issue_client().unwrap().into_parts();
        let verifier = WebPkiClientVerifier::builder_with_provider(trust(&authority), provider);
        verifier.build().unwrap().verify_client_cert(&client, &[], UnixTime::now()).unwrap();
        verify(&good, "localhost").unwrap();
    }
}
