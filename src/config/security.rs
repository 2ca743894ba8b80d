//! Security settings: encryption and authentication. Plain values, which `tls` and `sasl` apply.

use std::path::{Path, PathBuf};

use super::secret::Secret;

/// How connections are secured. By default they are not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Security {
    /// `None` for plain text.
    pub tls: Option<Tls>,
    pub sasl: Option<Sasl>,
}

/// How connections are encrypted, and what the broker's certificate must prove.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tls {
    pub trust: Trust,
    /// For brokers that require a client certificate.
    pub identity: Option<Identity>,
    /// The name that the broker's certificate must have; `None` for the host's name.
    pub server_name: Option<String>,
    pub verification: Verification,
    pub min_version: TlsVersion,
    /// A file to which session keys are appended, for tools that decrypt captured traffic.
    pub key_log: Option<PathBuf>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Trust {
    #[default]
    System,
    /// These, and not the system's.
    Only(Pem),
}

/// The source of PEM text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pem {
    /// A file, or a directory of files.
    Path(PathBuf),
    /// The text itself, which may contain a private key.
    Text {
        text: Secret,
        /// The file that the text was converted from, for messages.
        made_of: Option<PathBuf>,
    },
    /// The embedding program provides the text, converted from this file if there is one: see
    /// `client::Sink::provide`. It is requested again when the file has changed.
    Asked(Option<PathBuf>),
}

impl Pem {
    /// Returns text that comes from no file.
    pub fn text(text: String) -> Self {
        Self::Text { text: Secret::new(text), made_of: None }
    }

    /// Returns whether it is text with an encrypted private key.
    pub fn is_encrypted(&self) -> bool {
        matches!(self, Self::Text { text, .. } if text.reveal().contains("ENCRYPTED"))
    }

    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::Path(path) => Some(path),
            Self::Text { made_of: path, .. } | Self::Asked(path) => path.as_deref(),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The certificate, and the intermediate ones up to its authority.
    pub certificate: Pem,
    /// The private key; `None` if it is in the same PEM as the certificate.
    pub key: Option<Pem>,
    pub key_password: Option<Password>,
}

/// The checks of the broker's certificate.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Verification {
    /// The chain, the dates and the names.
    #[default]
    Full,
    /// The chain and the dates. A broker with a certificate of the same authority can impersonate
    /// any other.
    WithoutHostname,
    /// No checks. An attacker between the client and the broker can read and change everything.
    Nothing,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum TlsVersion {
    #[default]
    V1_2,
    V1_3,
}

/// How the client authenticates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sasl {
    Password(PasswordLogin),
    /// By a token (`OAUTHBEARER`).
    Bearer(BearerLogin),
}

/// A login with a token, which the embedding program provides: see `client::Sink::provide`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BearerLogin {
    /// SASL extensions sent with each token, such as Confluent's `logicalCluster`. An extension of
    /// the token replaces one of the same name.
    pub extensions: Vec<(String, String)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasswordLogin {
    pub mechanism: Mechanism,
    /// The user, or the id of a delegation token.
    pub user: String,
    /// The password, or the secret of a delegation token.
    pub password: Password,
    /// Whether these belong to a delegation token (SCRAM only).
    pub is_token: bool,
}

/// A SASL mechanism that uses a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mechanism {
    /// Sends the password itself.
    Plain,
    ScramSha256,
    ScramSha512,
    /// `SCRAM-SHA-512`, or `SCRAM-SHA-256` if the broker supports only that.
    Scram,
}

/// The source of a password. Except for `Text`, it is read again for each connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Password {
    Text(Secret),
    /// A file that holds the password, with or without a newline at the end.
    File(PathBuf),
    /// The embedding program provides it: see `client::Sink::provide`.
    Asked,
}
