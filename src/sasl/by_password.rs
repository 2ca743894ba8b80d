//! The client's side of a login by a password: PLAIN and SCRAM.

use zeroize::Zeroizing;

use super::keys::{Hash, Keys};
use super::messages::malformed;
use super::next::Next;
use super::plain;
use super::scram::Scram;
use crate::config::{Mechanism, Secret};
use crate::error::{Error, ErrorKind, Result};

/// What a SCRAM server says in place of its message if it refuses the client's.
const REFUSAL: &[u8] = b"e=";

/// One login.
#[derive(Debug)]
pub(super) struct ByPassword {
    pub(super) mechanism: Mechanism,
    pub(super) user: String,
    pub(super) password: Secret,
    pub(super) is_token: bool,
    exchange: Exchange,
}

/// What the server judges by the client's last message.
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
            // Kafka answers with nothing; what other servers may add means nothing.
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

    /// What the server judges by the last message.
    pub(super) fn stage(&self) -> Stage {
        match &self.exchange {
            Exchange::Plain => Stage::Both,
            Exchange::Scram(scram) if scram.is_at_proof() => Stage::Proof,
            Exchange::Scram(_) => Stage::Name,
        }
    }
}
