//! Explains why the broker's certificate was refused, and how to make one that is accepted.

use std::net::IpAddr;

use rustls::CertificateError;
use rustls::pki_types::{ServerName, UnixTime};

use super::super::algorithm::{PublicKey, VERIFIED_KEYS};
use super::super::certificate::Certificate;
use super::super::text;
use super::{Handshake, issuer};
use crate::error::shown;

impl Handshake<'_> {
    /// Explains the refusal of the chain, the name, or both.
    pub(super) fn explain_certificate(&self) -> String {
        let chain: Vec<_> =
            self.noted.chain.iter().filter_map(|link| Certificate::read(link)).collect();
        let Some(own) = chain.first() else {
            return "the broker's certificate is malformed".to_owned();
        };
        let presented = Presented { handshake: self, own, chain: &chain };
        let name = self.noted.name_refusal.as_ref().map(|_| presented.wrong_name());
        match (&self.noted.refusal, name) {
            (Some(refusal), name) => {
                let cause = presented.refused(refusal);
                // A cause with `subjectAltName` has a command that also corrects the name.
                match name.filter(|_| !cause.contains("subjectAltName")) {
                    Some(name) => format!("{cause}. Moreover, {name}"),
                    None => cause,
                }
            }
            (None, Some(name)) => name,
            (None, None) => "the broker's certificate was refused".to_owned(),
        }
    }

    pub(super) fn shown_server_name(&self) -> String {
        format!("\"{}\"", self.server_name.to_str())
    }
}

struct Presented<'a> {
    handshake: &'a Handshake<'a>,
    own: &'a Certificate,
    chain: &'a [Certificate],
}

impl Presented<'_> {
    fn refused(&self, error: &rustls::Error) -> String {
        use CertificateError as Refusal;
        let rustls::Error::InvalidCertificate(refusal) = error else {
            return format!("the broker's certificate was refused: {}", shown(&error.to_string()));
        };
        match refusal {
            Refusal::UnknownIssuer => issuer::unknown(self.own, self.chain, self.handshake.roots),
            Refusal::ExpiredContext { time, not_after } => {
                let link = self.link(|link| link.not_after == system_time(*not_after));
                let date = text::date(system_time(*not_after));
                format!("{} expired on {date} ({}); renew it", whose(link), clock(*time))
            }
            Refusal::NotValidYetContext { time, not_before } => {
                let link = self.link(|link| link.not_before == system_time(*not_before));
                let date = text::date(system_time(*not_before));
                format!(
                    "{} is not valid before {date} ({}); wait, or correct the clock",
                    whose(link),
                    clock(*time)
                )
            }
            Refusal::BadSignature => self.bad_signature(),
            Refusal::UnsupportedSignatureAlgorithmContext { .. }
            | Refusal::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => {
                self.unsupported()
            }
            Refusal::InvalidPurposeContext { presented, .. } => {
                let purposes: Vec<_> = presented.iter().map(ToString::to_string).collect();
                format!(
                    "{} is not for servers, but for {}; make one with extendedKeyUsage=serverAuth",
                    whose(self.own),
                    text::list(&purposes)
                )
            }
            Refusal::Other(other) => match other.0.downcast_ref() {
                Some(error) => self.refused_by_webpki(error),
                None => self.plainly(&other.to_string()),
            },
            other => self.plainly(&other.to_string()),
        }
    }

    fn plainly(&self, cause: &str) -> String {
        format!("{} was refused: {}", whose(self.own), shown(cause))
    }

    fn refused_by_webpki(&self, error: &webpki::Error) -> String {
        match error {
            webpki::Error::CaUsedAsEndEntity => format!(
                "{} is an authority's (CA:TRUE), which cannot be a broker's; set ca= to that very \
                 certificate, or make one for the broker: {}",
                whose(self.own),
                self.good_certificate()
            ),
            webpki::Error::UnsupportedCertVersion => format!(
                "{} is of version 1 of X.509, which has no names of hosts, so it cannot be verified; \
                 make one of version 3: {}",
                whose(self.own),
                self.good_certificate()
            ),
            other => self.plainly(&format!("{other:?}")),
        }
    }

    /// Explains a bad signature: a key of an unsupported size or kind, or an authority whose key
    /// was replaced under the same name.
    fn bad_signature(&self) -> String {
        if let Some((name, key)) = self.keys().find(|(_, key)| !key.is_verified()) {
            return format!(
                "the key of {name} is {key}, which the client does not accept; it accepts \
                 {VERIFIED_KEYS}. Make the certificate anew with another key"
            );
        }
        let issuer = &issuer::top(self.own, self.chain).issuer;
        format!(
            "{} is not signed by the key of {issuer} in {}; that authority may have been made anew \
             under the same name: set ca= to its present certificate",
            whose(self.own),
            self.handshake.roots
        )
    }

    fn unsupported(&self) -> String {
        let sha1 = |link: &&Certificate| {
            link.signature.starts_with("SHA-1") || link.signature.starts_with("MD5")
        };
        if let Some(link) = self
            .chain
            .iter()
            .filter(|link| !link.is_self_signed() || self.chain.len() == 1)
            .find(sha1)
        {
            return format!(
                "{} is signed by {}, which is broken and not accepted; make it anew with SHA-256: {}",
                whose(link),
                link.signature,
                self.good_certificate()
            );
        }
        if let Some((name, key)) = self.keys().find(|(_, key)| !key.is_verified()) {
            return format!(
                "the key of {name} is {key}, which the client does not support; it supports \
                 {VERIFIED_KEYS}. Make the certificate anew with another key"
            );
        }
        format!(
            "{} is signed by {} with a key that does not go with it, or is not supported; the client \
             supports {VERIFIED_KEYS}",
            whose(self.own),
            self.own.signature
        )
    }

    /// Returns each subject in the chain with its key, then the trusted authorities that issued
    /// links of it.
    fn keys(&self) -> impl Iterator<Item = (String, PublicKey)> {
        let presented = self
            .chain
            .iter()
            .filter_map(|link| Some((link.subject.to_string(), link.key.clone()?)));
        let root = self.chain.iter().filter_map(|link| {
            let key = self.handshake.roots.key_of(&link.issuer.content)?;
            Some((link.issuer.to_string(), PublicKey::read_content(key)?))
        });
        presented.chain(root)
    }

    fn wrong_name(&self) -> String {
        let wanted = self.handshake.shown_server_name();
        if self.has_address_as_host() {
            return format!(
                "{} has the address {wanted} as a DNS entry of its subjectAltName, but addresses \
                 have to be IP entries; make one for IP:{}: {}",
                whose(self.own),
                self.handshake.server_name.to_str(),
                self.good_certificate()
            );
        }
        match (&self.own.names[..], &self.own.subject.common_name) {
            ([], Some(common_name)) => format!(
                "{} names its host in its common name alone (CN={common_name}), where names are no \
                 longer looked for; make one for {wanted} with a subjectAltName: {}",
                whose(self.own),
                self.good_certificate()
            ),
            ([], None) => format!(
                "{} has no host name; make one for {wanted} with a subjectAltName: {}",
                whose(self.own),
                self.good_certificate()
            ),
            (names, _) => format!(
                "the broker's certificate is not for {wanted}, but for {}; connect to one of these \
                 names, or set server_name= to one",
                text::list(&names.iter().map(ToString::to_string).collect::<Vec<_>>())
            ),
        }
    }

    /// Returns whether the certificate has the address of the connection as a DNS entry.
    fn has_address_as_host(&self) -> bool {
        let ServerName::IpAddress(wanted) = self.handshake.server_name else { return false };
        let wanted = IpAddr::from(*wanted);
        self.own.names.iter().any(|name| name.address_as_host() == Some(wanted))
    }

    /// Returns the first link of the chain that matches, or else the broker's own certificate.
    fn link(&self, applies: impl Fn(&Certificate) -> bool) -> &Certificate {
        self.chain.iter().find(|link| applies(link)).unwrap_or(self.own)
    }

    /// Returns a command that makes an acceptable certificate.
    fn good_certificate(&self) -> String {
        let name = self.handshake.server_name.to_str();
        let kind = match self.handshake.server_name {
            ServerName::IpAddress(_) => "IP",
            _ => "DNS",
        };
        if self.own.is_self_signed() {
            return format!(
                "openssl req -x509 -newkey rsa:2048 -nodes -sha256 -days 365 -subj \"/CN=broker\" \
                 -addext \"subjectAltName={kind}:{name}\" -addext \"basicConstraints=CA:FALSE\" \
                 -keyout broker.key -out broker.pem"
            );
        }
        format!(
            "echo \"subjectAltName={kind}:{name}\" > broker.ext && openssl x509 -req -sha256 -days 365 \
             -in broker.csr -CA ca.pem -CAkey ca.key -CAcreateserial -extfile broker.ext -out broker.pem"
        )
    }
}

fn whose(certificate: &Certificate) -> String {
    format!("the certificate of {}", certificate.subject)
}

fn clock(time: UnixTime) -> String {
    format!("this machine's clock says {}", text::date(system_time(time)))
}

fn system_time(time: UnixTime) -> std::time::SystemTime {
    std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(time.as_secs())
}
