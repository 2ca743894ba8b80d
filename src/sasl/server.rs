//! The server's side of a login, by any mechanism, with the rules and the texts of Kafka's brokers.
//! The broker in the box runs it, and the client is tested against it.

mod scram;

use std::collections::HashMap;

use super::keys::Hash;
use crate::config::{Mechanism, Secret};
use crate::wire::base64;
use scram::{Challenge, ClientFirst};

/// Who may log in, with which passwords.
pub type Accounts = HashMap<String, Secret>;

/// What a server knows when a client logs in.
#[derive(Debug)]
pub struct Known<'a> {
    /// The users.
    pub users: &'a Accounts,
    /// The delegation tokens, by their ids.
    pub tokens: &'a Accounts,
    /// What SCRAM salts passwords with.
    pub salt: &'a [u8],
    /// Random bytes that are used once.
    pub nonce: &'a [u8],
}

/// A login that waits for the client's next message.
#[derive(Debug)]
pub struct Server {
    mechanism: Mechanism,
    /// What the client must prove, from the second message on.
    challenge: Option<Box<Challenge>>,
}

/// What follows a message that was accepted.
#[derive(Debug)]
pub enum ServerNext {
    /// This is the answer, and another message is to come.
    Continue(Server, String),
    /// This is the answer, and the client is who it says.
    Done(String),
}

impl Server {
    /// Starts a login by a mechanism.
    pub fn new(mechanism: Mechanism) -> Self {
        Self { mechanism, challenge: None }
    }

    /// Takes in a message of the client; or says why not, in Kafka's words.
    pub fn step(&self, client: &[u8], known: &Known<'_>) -> Result<ServerNext, String> {
        let mechanism = self.mechanism;
        let invalid = || invalid_credentials(mechanism);
        if let Some(challenge) = &self.challenge {
            return challenge.prove(client).map(ServerNext::Done).ok_or_else(invalid);
        }
        let Some(hash) = Hash::of(mechanism) else {
            return plain(client, known.users).map(|()| ServerNext::Done(String::new()));
        };
        let first = ClientFirst::parse(client).ok_or_else(invalid)?;
        let accounts = if first.is_token { known.tokens } else { known.users };
        let password = accounts.get(&first.user).ok_or_else(invalid)?;
        may_act_as(&first.acts_as, &first.user)?;
        let nonce = base64::encode(known.nonce);
        let (challenge, answer) = first.answer(hash, password, known.salt, &nonce);
        Ok(ServerNext::Continue(Self { mechanism, challenge: Some(Box::new(challenge)) }, answer))
    }
}

/// PLAIN is one message: a name to act under, which is empty or the user's own, the user and the
/// password.
fn plain(token: &[u8], users: &Accounts) -> Result<(), String> {
    let text = str::from_utf8(token).unwrap_or_default();
    let parts: Vec<_> = text.splitn(3, '\0').collect();
    let [acts_as, user, password] = parts[..] else {
        return Err(invalid_credentials(Mechanism::Plain));
    };
    if user.is_empty() || password.is_empty() {
        return Err(invalid_credentials(Mechanism::Plain));
    }
    if users.get(user).is_none_or(|expected| expected.reveal() != password) {
        return Err("Authentication failed: Invalid username or password".to_owned());
    }
    may_act_as(acts_as, user)
}

fn may_act_as(name: &str, user: &str) -> Result<(), String> {
    if name.is_empty() || name == user {
        return Ok(());
    }
    let reason = "Client requested an authorization id that is different from username";
    Err(format!("Authentication failed: {reason}"))
}

/// Kafka's words for everything that it will not explain to a stranger.
pub fn invalid_credentials(mechanism: Mechanism) -> String {
    let name = mechanism.name();
    format!(
        "Authentication failed during authentication due to invalid credentials with SASL \
         mechanism {name}"
    )
}
