//! Explains a failed handshake from its error and from the notes taken during it.

mod alert;
mod certificate;
mod issuer;

use std::io;

use rustls::pki_types::ServerName;
use rustls::{InvalidMessage, PeerIncompatible};

use super::distinguished_name::DistinguishedName;
use super::identity::Identity;
use super::notes::Noted;
use super::roots::Roots;
use super::text;
use crate::error::{Error, ErrorKind, shown};

pub(super) struct Handshake<'a> {
    pub(super) noted: &'a Noted,
    pub(super) roots: &'a Roots,
    pub(super) identity: Option<&'a Identity>,
    pub(super) server_name: &'a ServerName<'static>,
}

impl Handshake<'_> {
    /// Explains the error; `None` if it has nothing to do with TLS.
    pub(super) fn explain(&self, error: &io::Error) -> Option<Error> {
        let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
        match inner {
            Some(inner) => {
                let message = self.explain_tls(inner);
                Some(Error::new(ErrorKind::Tls, message).caused_by(inner.clone()))
            }
            None if is_closed(error.kind()) => self.explain_close(),
            None => None,
        }
    }

    fn explain_tls(&self, error: &rustls::Error) -> String {
        match error {
            rustls::Error::AlertReceived(alert) => self.explain_alert(*alert),
            // A malformed message before the certificate means that the port does not speak TLS.
            rustls::Error::InvalidMessage(message) if !self.saw_certificate() => no_tls(*message),
            rustls::Error::PeerIncompatible(why) => incompatible(why),
            _ if self.noted.refusal.is_some() || self.noted.name_refusal.is_some() => {
                self.explain_certificate()
            }
            other => format!("the TLS handshake failed: {}", shown(&other.to_string())),
        }
    }

    /// Explains a connection that the broker closed without an alert.
    fn explain_close(&self) -> Option<Error> {
        if !self.saw_certificate() {
            let message = "the connection ended on the TLS handshake's first message, without an \
                           answer. A load balancer does so while no broker is behind it; a proxy, if \
                           it does not know the host's name: set server_name=; a broker, if its key \
                           is on the curve P-521, which dekaf does not verify: use P-256 or P-384";
            return Some(Error::new(ErrorKind::Disconnected, message));
        }
        self.noted.request.as_ref()?;
        Some(match self.identity {
            None => Error::new(ErrorKind::Tls, self.certificate_required()),
            Some(identity) => {
                let message = format!(
                    "the broker asked for a client certificate and closed the connection on {}; it \
                     may have refused it: see the broker's log",
                    identity.subject
                );
                Error::new(ErrorKind::Disconnected, message)
            }
        })
    }

    fn saw_certificate(&self) -> bool {
        !self.noted.chain.is_empty()
    }

    /// Returns a clause that names the authorities that the broker accepts.
    fn accepted_authorities(&self) -> String {
        let request = self.noted.request.as_ref();
        let names = request.map(|request| &request.authorities[..]).unwrap_or_default();
        let names: Vec<_> = names
            .iter()
            .filter_map(|name| DistinguishedName::from_der(name))
            .map(|name| name.to_string())
            .collect();
        match &names[..] {
            [] => "the broker does not say which authorities it accepts".to_owned(),
            names => format!("the broker accepts those issued by {}", text::list(names)),
        }
    }

    fn certificate_required(&self) -> String {
        let accepted = self.accepted_authorities();
        format!(
            "the broker requires a client certificate, and none is set; set certificate= and key= \
             ({accepted})"
        )
    }
}

fn is_closed(kind: io::ErrorKind) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    matches!(kind, BrokenPipe | ConnectionAborted | ConnectionReset | UnexpectedEof)
}

fn no_tls(message: InvalidMessage) -> String {
    format!(
        "the port does not speak TLS: it answered with something else ({message:?}); use the port \
         of a TLS listener (SSL or SASL_SSL), or switch TLS off"
    )
}

fn incompatible(why: &PeerIncompatible) -> String {
    use PeerIncompatible as Why;
    match why {
        Why::ServerTlsVersionIsDisabledByOurConfig
        | Why::ServerDoesNotSupportTls12Or13
        | Why::Tls12NotOffered
        | Why::Tls12NotOfferedOrEnabled
        | Why::SupportedVersionsExtensionRequired => {
            "the broker speaks only versions of TLS that the client does not, by min_version= or \
             because they are older than TLS 1.2; set ssl.enabled.protocols=TLSv1.2,TLSv1.3 on the \
             broker, or min_version= to TLS 1.2"
                .to_owned()
        }
        other => format!(
            "the broker and the client have no way to encrypt in common ({other:?}); the broker's \
             ssl.cipher.suites may be too narrow"
        ),
    }
}
