//! How connections are secured: encryption, and who the client says it is. Plain values, which
//! `tls` and `sasl` give their meaning.

use std::path::{Path, PathBuf};

use super::secret::Secret;

/// How connections are secured. By default they are not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Security {
    /// Encryption; `None` is plain text.
    pub tls: Option<Tls>,
    /// Authentication by SASL.
    pub sasl: Option<Sasl>,
}

/// How connections are encrypted, and what the broker's certificate must show.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tls {
    /// Which certificate authorities are trusted.
    pub trust: Trust,
    /// The client's own certificate and key, for brokers that ask for one.
    pub identity: Option<Identity>,
    /// The name that the broker's certificate must have; `None` is the host's.
    pub server_name: Option<String>,
    /// How much of the broker's certificate is verified.
    pub verification: Verification,
    /// The oldest version that is spoken.
    pub min_version: TlsVersion,
    /// A file to which session keys are appended, for tools that decrypt captured traffic.
    pub key_log: Option<PathBuf>,
}

/// Which certificate authorities are trusted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Trust {
    /// Those of the system.
    #[default]
    System,
    /// These, and no others.
    Only(Pem),
}

/// Where PEM text comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pem {
    /// A file, or a directory of files.
    Path(PathBuf),
    /// The text itself, which may hold a private key.
    Text {
        /// The text.
        text: Secret,
        /// The file that it was made of, for messages.
        made_of: Option<PathBuf>,
    },
    /// The embedding program makes it, of this file if there is one: see `client::Sink::provide`. It
    /// is made anew when the file has changed.
    Asked(Option<PathBuf>),
}

impl Pem {
    /// Text that was made of no file.
    pub fn text(text: String) -> Self {
        Self::Text { text: Secret::new(text), made_of: None }
    }

    /// Whether it is text with a private key that needs a password.
    pub fn is_encrypted(&self) -> bool {
        matches!(self, Self::Text { text, .. } if text.reveal().contains("ENCRYPTED"))
    }

    /// The file or the directory that it comes from.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::Path(path) => Some(path),
            Self::Text { made_of: path, .. } | Self::Asked(path) => path.as_deref(),
        }
    }
}

/// The client's certificate and key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The certificate, and those between it and its authority.
    pub certificate: Pem,
    /// The private key; `None` is in the same PEM as the certificate.
    pub key: Option<Pem>,
    /// What decrypts the private key.
    pub key_password: Option<Password>,
}

/// How much of the broker's certificate is verified.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Verification {
    /// Its chain, its dates and its names.
    #[default]
    Full,
    /// Its chain and its dates. Any broker of the same authority can pose as another.
    WithoutHostname,
    /// Nothing. Anyone between the client and the broker can read and change everything.
    Nothing,
}

/// A version of TLS.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum TlsVersion {
    /// TLS 1.2.
    #[default]
    V1_2,
    /// TLS 1.3.
    V1_3,
}

/// How the client proves who it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sasl {
    /// By a password.
    Password(PasswordLogin),
    /// By a token (`OAUTHBEARER`).
    Bearer(BearerLogin),
}

/// A login by a token, which the embedding program provides: see `client::Sink::provide`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BearerLogin {
    /// Names and values that are sent beside each token, such as Confluent's `logicalCluster`. Those
    /// that come with a token take their place.
    pub extensions: Vec<(String, String)>,
}

/// Who the client says it is, and the password that proves it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasswordLogin {
    /// How the password is proved.
    pub mechanism: Mechanism,
    /// The user, or the id of a delegation token.
    pub user: String,
    /// The password, or the secret of a delegation token.
    pub password: Password,
    /// Whether these are of a delegation token (SCRAM only).
    pub is_token: bool,
}

/// A SASL mechanism that proves a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mechanism {
    /// `PLAIN`: the password itself.
    Plain,
    /// `SCRAM-SHA-256`.
    ScramSha256,
    /// `SCRAM-SHA-512`.
    ScramSha512,
    /// `SCRAM-SHA-512`, or `SCRAM-SHA-256` if the broker has that one alone.
    Scram,
}

/// Where a password comes from. Except for the text, it is read anew for each connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Password {
    /// The password itself.
    Text(Secret),
    /// A file that holds the password, with or without a newline behind it.
    File(PathBuf),
    /// The embedding program provides it: see `client::Sink::provide`.
    Asked,
}
