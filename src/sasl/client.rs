//! The client's side of a login, by any mechanism.

use zeroize::Zeroizing;

use super::bearer::Bearer;
use super::by_password::ByPassword;
use super::keys::Keys;
use super::messages::malformed;
use super::next::Next;
use super::token::Token;
use crate::config::{Mechanism, Secret};
use crate::error::Result;

/// One login.
#[derive(Debug)]
pub struct Client(Login);

#[derive(Debug)]
enum Login {
    Password(ByPassword),
    Bearer(Bearer),
}

impl Client {
    /// Starts a login by a password. `nonce` is random bytes that are used once. An `is_token` login
    /// is by a delegation token: the user is its id, and the password its HMAC.
    pub fn new(
        mechanism: Mechanism,
        user: &str,
        password: &Secret,
        is_token: bool,
        nonce: &[u8],
    ) -> Result<Self> {
        let login = ByPassword::new(mechanism, user, password, is_token, nonce)?;
        Ok(Self(Login::Password(login)))
    }

    /// Starts a login by a token. `extensions` are sent beside it, unless the token has its own.
    pub fn bearer(token: &Token, extensions: &[(String, String)]) -> Result<Self> {
        Bearer::new(token, extensions).map(Login::Bearer).map(Self)
    }

    /// The first message.
    pub fn first(&self) -> Zeroizing<Vec<u8>> {
        match &self.0 {
            Login::Password(login) => login.first(),
            Login::Bearer(login) => login.first(),
        }
    }

    /// Takes in a message of the server.
    pub fn answer(&mut self, server: &[u8]) -> Result<Next> {
        match &mut self.0 {
            Login::Password(login) => login.answer(server),
            Login::Bearer(login) => login.answer(server),
        }
    }

    /// Takes in the keys of [`Next::Derive`].
    pub fn derived(&mut self, keys: Keys) -> Result<Next> {
        match &mut self.0 {
            Login::Password(login) => login.derived(keys),
            Login::Bearer(_) => Err(malformed("a token has no keys")),
        }
    }

    /// Whether the server has refused the login already, and awaits one more message.
    pub fn is_refused(&self) -> bool {
        matches!(&self.0, Login::Bearer(login) if login.is_refused())
    }

    /// Why the server refused the last message, as far as that can be known, and what to do.
    pub fn refusal(&self, said: &str) -> String {
        match &self.0 {
            Login::Password(login) => login.refusal(said),
            Login::Bearer(login) => login.refusal(said),
        }
    }

    /// The server's words as an addition to a message. A server may repeat what it was sent: then
    /// they are left out.
    pub fn quote(&self, said: &str) -> String {
        match &self.0 {
            Login::Password(login) => login.quote(said),
            Login::Bearer(login) => login.quote(said),
        }
    }
}
