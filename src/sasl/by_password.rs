//! Logins by password, the client's side: PLAIN and SCRAM.

use zeroize::Zeroizing;

use super::keys::{Hash, Keys};
use super::messages::malformed;
use super::next::Next;
use super::plain;
use super::scram::Scram;
use crate::config::{Mechanism, Secret};
use crate::error::{Error, ErrorKind, Result};

/// The start of a SCRAM server's message if it refuses the client's.
const REFUSAL: &[u8] = b"e=";

#[derive(Debug)]
pub(super) struct ByPassword {
    pub(super) mechanism: Mechanism,
    pub(super) user: String,
    pub(super) password: Secret,
    pub(super) is_token: bool,
    exchange: Exchange,
}

/// What the client's last message lets the server check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// The user's name.
    Name,
    /// The proof that the client knows the password.
    Proof,
    /// The name and the password.
    Both,
}

#[derive(Debug)]
enum Exchange {
    Plain,
    Scram(Scram),
}

impl ByPassword {
    pub(super) fn new(
        mechanism: Mechanism,
        user: &str,
        password: &Secret,
        is_token: bool,
        nonce: &[u8],
    ) -> Result<Self> {
        let exchange = match Hash::of(mechanism) {
            None => {
                plain::check(user, password)?;
                Exchange::Plain
            }
            Some(hash) => Exchange::Scram(Scram::new(hash, user, is_token, nonce)),
        };
        let (user, password) = (user.to_owned(), password.clone());
        Ok(Self { mechanism, user, password, is_token, exchange })
    }

    pub(super) fn first(&self) -> Zeroizing<Vec<u8>> {
        match &self.exchange {
            Exchange::Plain => plain::message(&self.user, &self.password),
            Exchange::Scram(scram) => scram.first(),
        }
    }

    pub(super) fn answer(&mut self, server: &[u8]) -> Result<Next> {
        match &mut self.exchange {
            // Kafka sends an empty message. Other servers may add text, which has no meaning.
            Exchange::Plain => Ok(Next::Done),
            Exchange::Scram(scram) => match server.strip_prefix(REFUSAL) {
                Some(said) => {
                    let refusal = self.refusal(&String::from_utf8_lossy(said));
                    Err(Error::new(ErrorKind::Authentication, refusal))
                }
                None => scram.answer(server, &self.password),
            },
        }
    }

    pub(super) fn derived(&mut self, keys: Keys) -> Result<Next> {
        match &mut self.exchange {
            Exchange::Plain => Err(malformed("PLAIN has no keys")),
            Exchange::Scram(scram) => scram.derived(keys),
        }
    }

    /// What the last message lets the server check.
    pub(super) fn stage(&self) -> Stage {
        match &self.exchange {
            Exchange::Plain => Stage::Both,
            Exchange::Scram(scram) if scram.is_at_proof() => Stage::Proof,
            Exchange::Scram(_) => Stage::Name,
        }
    }
}
