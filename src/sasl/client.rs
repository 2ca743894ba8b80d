//! The client's side of a login, by any mechanism.

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
pub struct Client {
    pub(super) mechanism: Mechanism,
    pub(super) user: String,
    pub(super) password: Secret,
    pub(super) is_token: bool,
    login: Login,
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
enum Login {
    Plain,
    Scram(Scram),
}

impl Client {
    /// Starts a login. `nonce` is random bytes that are used once. An `is_token` login is by a
    /// delegation token: the user is its id, and the password its HMAC.
    pub fn new(
        mechanism: Mechanism,
        user: &str,
        password: &Secret,
        is_token: bool,
        nonce: &[u8],
    ) -> Result<Self> {
        let login = match Hash::of(mechanism) {
            None => {
                plain::check(user, password)?;
                Login::Plain
            }
            Some(hash) => Login::Scram(Scram::new(hash, user, is_token, nonce)),
        };
        let (user, password) = (user.to_owned(), password.clone());
        Ok(Self { mechanism, user, password, is_token, login })
    }

    /// The first message.
    pub fn first(&self) -> Zeroizing<Vec<u8>> {
        match &self.login {
            Login::Plain => plain::message(&self.user, &self.password),
            Login::Scram(scram) => scram.first(),
        }
    }

    /// Takes in a message of the server.
    pub fn answer(&mut self, server: &[u8]) -> Result<Next> {
        match &mut self.login {
            // Kafka answers with nothing; what other servers may add means nothing.
            Login::Plain => Ok(Next::Done),
            Login::Scram(scram) => match server.strip_prefix(REFUSAL) {
                Some(said) => {
                    let refusal = self.refusal(&String::from_utf8_lossy(said));
                    Err(Error::new(ErrorKind::Authentication, refusal))
                }
                None => scram.answer(server, &self.password),
            },
        }
    }

    /// Takes in the keys of [`Next::Derive`].
    pub fn derived(&mut self, keys: Keys) -> Result<Next> {
        match &mut self.login {
            Login::Plain => Err(malformed("PLAIN has no keys")),
            Login::Scram(scram) => scram.derived(keys),
        }
    }

    /// What the server judges by the last message.
    pub(super) fn stage(&self) -> Stage {
        match &self.login {
            Login::Plain => Stage::Both,
            Login::Scram(scram) if scram.is_at_proof() => Stage::Proof,
            Login::Scram(_) => Stage::Name,
        }
    }
}
