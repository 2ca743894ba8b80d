//! A login by any mechanism, the client's side.

use zeroize::Zeroizing;

use super::bearer::Bearer;
use super::by_password::ByPassword;
use super::keys::Keys;
use super::messages::malformed;
use super::next::Next;
use super::token::Token;
use crate::config::{Mechanism, Secret};
use crate::error::Result;

#[derive(Debug)]
pub struct Client(Login);

#[derive(Debug)]
enum Login {
    Password(ByPassword),
    Bearer(Bearer),
}

impl Client {
    /// Starts a login by password. `nonce` must be random bytes that are used once. With
    /// `is_token`, the login uses a delegation token: the user is its id, and the password its
    /// HMAC.
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

    /// Starts a login by token. `extensions` are sent with it, unless the token has its own.
    pub fn bearer(token: &Token, extensions: &[(String, String)]) -> Result<Self> {
        Bearer::new(token, extensions).map(Login::Bearer).map(Self)
    }

    /// Returns the first message.
    pub fn first(&self) -> Zeroizing<Vec<u8>> {
        match &self.0 {
            Login::Password(login) => login.first(),
            Login::Bearer(login) => login.first(),
        }
    }

    /// Processes a message of the server.
    pub fn answer(&mut self, server: &[u8]) -> Result<Next> {
        match &mut self.0 {
            Login::Password(login) => login.answer(server),
            Login::Bearer(login) => login.answer(server),
        }
    }

    /// Processes the keys that [`Next::Derive`] asked for.
    pub fn derived(&mut self, keys: Keys) -> Result<Next> {
        match &mut self.0 {
            Login::Password(login) => login.derived(keys),
            Login::Bearer(_) => Err(malformed("a token has no keys")),
        }
    }

    /// Whether the server has refused the login, and expects one more message.
    pub fn is_refused(&self) -> bool {
        matches!(&self.0, Login::Bearer(login) if login.is_refused())
    }

    /// Explains why the server refused the last message, as far as that can be known, and what to
    /// do.
    pub fn refusal(&self, said: &str) -> String {
        match &self.0 {
            Login::Password(login) => login.refusal(said),
            Login::Bearer(login) => login.refusal(said),
        }
    }

    /// Quotes the server's text for an error message. Empty if the text repeats a secret.
    pub fn quote(&self, said: &str) -> String {
        match &self.0 {
            Login::Password(login) => login.quote(said),
            Login::Bearer(login) => login.quote(said),
        }
    }
}
