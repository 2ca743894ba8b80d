//! Recognises files that are not PEM, and suggests the command that converts them.

use pkcs8::der::Tag;

use super::der;

/// Format of a file without a usable PEM block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Empty,
    /// A Java keystore, JKS or JCEKS.
    JavaKeystore,
    /// PKCS#12, the format of Java's newer keystores.
    Pkcs12,
    Pkcs7Der,
    Pkcs7Pem,
    /// One certificate in DER.
    DerCertificate,
    DerKey,
    Unknown,
}

/// Containers from before 2021 use ciphers that OpenSSL 3 supports only with `-legacy`.
const OLD: &str = " (with -legacy if OpenSSL says \"unsupported\")";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    /// Certificates of authorities.
    Authorities,
    /// The client's certificate, a key, or both.
    Identity,
}

const SIGNED_DATA: &str = "1.2.840.113549.1.7.2";

impl Format {
    /// Recognises a format by its magic number or its DER structure.
    pub(super) fn of(bytes: &[u8]) -> Self {
        match bytes {
            _ if bytes.trim_ascii().is_empty() => Self::Empty,
            [0xfe, 0xed, 0xfe, 0xed, ..] | [0xce, 0xce, 0xce, 0xce, ..] => Self::JavaKeystore,

            [0x30, ..] => Self::of_der(bytes).unwrap_or(Self::Unknown),
            _ => Self::Unknown,
        }
    }

    fn of_der(bytes: &[u8]) -> Option<Self> {
        let members = der::sequence(bytes)?;
        let [first, ref rest @ ..] = *members else { return None };
        Some(match (der::tag(first), first.value(), rest) {
            (Tag::Integer, [3], _) => Self::Pkcs12,
            (Tag::Integer, _, _) => Self::DerKey,
            // A certificate ends with a bit string; an encrypted key is an octet string.
            (Tag::Sequence, _, [.., last]) if der::tag(*last) == Tag::BitString => {
                Self::DerCertificate
            }
            (Tag::Sequence, _, [last]) if der::tag(*last) == Tag::OctetString => Self::DerKey,
            (Tag::ObjectIdentifier, _, _) if der::identifier(first)?.to_string() == SIGNED_DATA => {
                Self::Pkcs7Der
            }
            _ => Self::Unknown,
        })
    }

    /// Returns the predicate of a message, such as "is PKCS#12, not PEM".
    pub(super) fn describe(self) -> &'static str {
        match self {
            Self::Empty => "is empty",
            Self::JavaKeystore => "is a Java keystore (JKS), not PEM",
            Self::Pkcs12 => "is PKCS#12, not PEM",
            Self::Pkcs7Der | Self::Pkcs7Pem => "is PKCS#7, not a PEM certificate",
            Self::DerCertificate => "is a certificate in DER, not PEM",
            Self::DerKey => "is a private key in DER, not PEM",
            Self::Unknown => "is not PEM",
        }
    }

    /// Returns the command that converts a file to PEM; `None` if there is none. It writes to a new
    /// file, because a command that overwrites its own input would destroy it.
    pub(super) fn command(self, wanted: Wanted, file: &str) -> Option<String> {
        let command = match (self, wanted) {
            (Self::JavaKeystore, Wanted::Authorities) => {
                format!("keytool -list -rfc -keystore {file} > converted.pem")
            }
            (Self::JavaKeystore, Wanted::Identity) => format!(
                "keytool -importkeystore -srckeystore {file} -destkeystore converted.p12 \
                 -deststoretype PKCS12 && openssl pkcs12 -in converted.p12 -nodes -out converted.pem"
            ),
            (Self::Pkcs12, Wanted::Authorities) => {
                format!("openssl pkcs12 -in {file} -nokeys -out converted.pem{OLD}")
            }
            (Self::Pkcs12, Wanted::Identity) => {
                format!("openssl pkcs12 -in {file} -nodes -out converted.pem{OLD}")
            }
            (Self::Pkcs7Der, _) => {
                format!("openssl pkcs7 -inform der -print_certs -in {file} -out converted.pem")
            }
            (Self::Pkcs7Pem, _) => {
                format!("openssl pkcs7 -print_certs -in {file} -out converted.pem")
            }
            (Self::DerCertificate, _) => {
                format!("openssl x509 -inform der -in {file} -out converted.pem")
            }
            (Self::DerKey, _) => format!("openssl pkey -inform der -in {file} -out converted.key"),
            (Self::Empty | Self::Unknown, _) => return None,
        };
        Some(command)
    }
}
