//! The names of mechanisms in `SaslHandshake`.

use crate::config::Mechanism;

impl Mechanism {
    /// The name to request first.
    pub fn name(self) -> &'static str {
        match self {
            Self::Plain => "PLAIN",
            Self::ScramSha256 => "SCRAM-SHA-256",
            Self::ScramSha512 | Self::Scram => "SCRAM-SHA-512",
        }
    }

    /// Returns the mechanism with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Plain, Self::ScramSha256, Self::ScramSha512].into_iter().find(|it| it.name() == name)
    }

    /// Returns the mechanism to request next if the server offers only these.
    #[must_use]
    pub fn instead(self, offered: &[String]) -> Option<Self> {
        let offers = |name| offered.iter().any(|offer| offer == name);
        (self == Self::Scram && offers(Self::ScramSha256.name())).then_some(Self::ScramSha256)
    }
}
