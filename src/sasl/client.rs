//! The client's side of a login, by any mechanism.

use zeroize::Zeroizing;

use super::keys::{Hash, Keys};
use super::messages::malformed;
use super::next::Next;
use super::plain;
use super::scram::Scram;
use crate::config::{Mechanism, Secret};
use crate::error::{Result, shown};

/// One login.
#[derive(Debug)]
pub struct Client {
    mechanism: Mechanism,
    user: String,
    is_token: bool,
    login: Login,
}

enum Login {
    Plain(Zeroizing<Vec<u8>>),
    Scram(Scram),
}

impl std::fmt::Debug for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Plain(_) => f.write_str("Plain(***)"),
            Self::Scram(scram) => f.debug_tuple("Scram").field(scram).finish(),
        }
    }
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
            None => Login::Plain(plain::message(user, password)?),
            Some(hash) => Login::Scram(Scram::new(hash, user, password, is_token, nonce)),
        };
        Ok(Self { mechanism, user: user.to_owned(), is_token, login })
    }

    /// The first message.
    pub fn first(&self) -> Zeroizing<Vec<u8>> {
        match &self.login {
            Login::Plain(message) => message.clone(),
            Login::Scram(scram) => scram.first(),
        }
    }

    /// Takes in a message of the server.
    pub fn answer(&mut self, server: &[u8]) -> Result<Next> {
        match &mut self.login {
            // Kafka answers with nothing; what other servers may add means nothing.
            Login::Plain(_) => Ok(Next::Done),
            Login::Scram(scram) => scram.answer(server),
        }
    }

    /// Takes in the keys of [`Next::Derive`].
    pub fn derived(&mut self, keys: Keys) -> Result<Next> {
        match &mut self.login {
            Login::Plain(_) => Err(malformed("PLAIN has no keys")),
            Login::Scram(scram) => scram.derived(keys),
        }
    }

    /// Why the server refused the last message, as far as that can be known, and what to do.
    pub fn refusal(&self, said: Option<&str>) -> String {
        let (user, mechanism) = (shown(&self.user), self.mechanism.name());
        let cause = match &self.login {
            Login::Plain(_) => {
                format!("the broker refuses user \"{user}\" or the password by PLAIN; check both")
            }
            Login::Scram(_) if self.is_token => format!(
                "the broker refuses the delegation token \"{user}\" by {mechanism}; it may have \
                 expired, or its HMAC is wrong"
            ),
            Login::Scram(scram) if scram.is_at_proof() => format!(
                "the password of user \"{user}\" is wrong: the broker refuses it by {mechanism}"
            ),
            Login::Scram(_) => format!(
                "the broker has no user \"{user}\" for {mechanism}; check the name, or create its \
                 credentials for this mechanism with kafka-configs.sh"
            ),
        };
        match said.map(str::trim).filter(|said| !said.is_empty()) {
            Some(said) => format!("{cause} (the broker says: {})", shown(said)),
            None => cause,
        }
    }
}
