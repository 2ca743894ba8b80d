//! Reads the fields of a certificate that messages show. The input is untrusted, and reading is
//! independent of verification.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::SystemTime;

use pkcs8::der::asn1::AnyRef;

use super::algorithm::{self, PublicKey};
use super::der;
use super::distinguished_name::DistinguishedName;
use crate::error::shown;

#[derive(Debug, Clone)]
pub(super) struct Certificate {
    pub(super) subject: DistinguishedName,
    pub(super) issuer: DistinguishedName,
    /// The entries of `subjectAltName`.
    pub(super) names: Vec<Name>,
    pub(super) not_before: SystemTime,
    pub(super) not_after: SystemTime,
    pub(super) key: Option<PublicKey>,
    /// The encoded `SubjectPublicKeyInfo`.
    pub(super) key_info: Vec<u8>,
    pub(super) signature: String,
}

/// An entry of a certificate's `subjectAltName`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Name {
    /// A DNS entry, escaped for messages.
    Host(String),
    Address(IpAddr),
}

impl Name {
    /// Returns the IP address in a DNS entry. Clients compare addresses only with IP entries.
    pub(super) fn address_as_host(&self) -> Option<IpAddr> {
        match self {
            Self::Host(host) => host.parse().ok(),
            Self::Address(_) => None,
        }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Host(host) if self.address_as_host().is_some() => {
                write!(f, "{host} (a DNS entry)")
            }
            Self::Host(host) => f.write_str(host),
            Self::Address(address) => write!(f, "{address}"),
        }
    }
}

const SUBJECT_ALTERNATIVE_NAME: &str = "2.5.29.17";

// Context-specific tag numbers: first of a certificate's fields, then of a name.
const VERSION: Option<u32> = Some(0);
const EXTENSIONS: Option<u32> = Some(3);
const DNS_NAME: Option<u32> = Some(2);
const ADDRESS: Option<u32> = Some(7);

impl Certificate {
    /// Reads a certificate; `None` if it is malformed.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let outer = der::sequence(bytes)?;
        let body = der::members(*outer.first()?)?;
        let body = &body[usize::from(der::context(*body.first()?) == VERSION)..];
        let [_serial, signature, issuer, validity, subject, key_info, ref rest @ ..] = *body else {
            return None;
        };
        let validity = der::members(validity)?;
        let [not_before, not_after] = validity[..] else { return None };
        let extensions = rest.iter().find(|field| der::context(**field) == EXTENSIONS);
        Some(Self {
            subject: DistinguishedName::read(subject)?,
            issuer: DistinguishedName::read(issuer)?,
            names: extensions.map(|field| names(*field).unwrap_or_default()).unwrap_or_default(),
            not_before: der::time(not_before)?,
            not_after: der::time(not_after)?,
            key: PublicKey::read(key_info),
            key_info: der::encoded(key_info)?,
            signature: algorithm::name(der::algorithm(signature)?),
        })
    }

    /// Returns whether subject and issuer have the same name; verifies no signature.
    pub(super) fn is_self_signed(&self) -> bool {
        self.subject.content == self.issuer.content
    }
}

/// Finds `subjectAltName` among a certificate's extensions and reads its DNS and IP entries.
fn names(extensions: AnyRef<'_>) -> Option<Vec<Name>> {
    for extension in der::sequence(extensions.value())? {
        let extension = der::members(extension)?;
        let is_wanted =
            der::identifier(*extension.first()?)?.to_string() == SUBJECT_ALTERNATIVE_NAME;
        if is_wanted {
            let names = der::sequence(extension.last()?.value())?;
            return Some(names.into_iter().filter_map(name).collect());
        }
    }
    None
}

fn name(name: AnyRef<'_>) -> Option<Name> {
    let value = name.value();
    match der::context(name) {
        DNS_NAME => Some(Name::Host(shown(&String::from_utf8_lossy(value)))),
        ADDRESS => match value.len() {
            4 => Some(Name::Address(Ipv4Addr::from(<[u8; 4]>::try_from(value).ok()?).into())),
            16 => Some(Name::Address(Ipv6Addr::from(<[u8; 16]>::try_from(value).ok()?).into())),
            _ => None,
        },
        _ => None,
    }
}
