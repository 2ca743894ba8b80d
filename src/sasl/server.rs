//! Logins by any mechanism, the server's side, with the rules and texts of Kafka's brokers. The
//! in-process broker uses it, and the client is tested against it.

mod bearer;
mod scram;

use std::collections::{BTreeSet, HashMap};

use super::bearer::OAUTHBEARER;
use super::keys::Hash;
use crate::config::{Mechanism, Secret};
use crate::wire::base64;
use bearer::{ACKNOWLEDGEMENT, ClientToken, INVALID_TOKEN};
use scram::{Challenge, ClientFirst};

/// Passwords by user.
pub type Accounts = HashMap<String, Secret>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServerMechanism {
    /// The client proves a password.
    Password(Mechanism),
    /// The client sends a token: `OAUTHBEARER`.
    Bearer,
}

impl ServerMechanism {
    /// The mechanism's name in `SaslHandshake`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Password(mechanism) => mechanism.name(),
            Self::Bearer => OAUTHBEARER,
        }
    }
}

impl From<Mechanism> for ServerMechanism {
    fn from(mechanism: Mechanism) -> Self {
        Self::Password(mechanism)
    }
}

/// What the server knows when a client logs in.
#[derive(Debug)]
pub struct Known<'a> {
    pub users: &'a Accounts,
    /// The HMACs of delegation tokens, by token id.
    pub tokens: &'a Accounts,
    /// Users that are always refused.
    pub locked_out: &'a BTreeSet<String>,
    /// The salt of SCRAM's keys.
    pub salt: &'a [u8],
    /// Random bytes that are used once.
    pub nonce: &'a [u8],
    /// The current time, in milliseconds since 1970.
    pub now_ms: i64,
}

impl<'a> Known<'a> {
    /// Returns the secret of an account, if it exists and is not locked out.
    fn secret_of(&self, accounts: &'a Accounts, name: &str) -> Option<&'a Secret> {
        accounts.get(name).filter(|_| !self.locked_out.contains(name))
    }
}

/// A login that waits for the client's next message.
#[derive(Debug)]
pub struct Server {
    mechanism: ServerMechanism,
    expected: Expected,
}

/// The message that the server expects next.
#[derive(Debug)]
enum Expected {
    First,
    Proof { user: String, challenge: Box<Challenge> },
    Acknowledgement,
}

/// The result of a message that was accepted.
#[derive(Debug)]
pub enum ServerNext {
    /// Send this answer, and expect another message.
    Continue(Server, String),
    /// The client is authenticated.
    Done(Accepted),
}

/// A client that has logged in.
#[derive(Debug, PartialEq, Eq)]
pub struct Accepted {
    pub user: String,
    /// The last answer.
    pub answer: String,
    /// When the client's token expires, in milliseconds since 1970. Passwords do not expire.
    pub ends_at_ms: Option<i64>,
}

impl Server {
    pub fn new(mechanism: impl Into<ServerMechanism>) -> Self {
        Self { mechanism: mechanism.into(), expected: Expected::First }
    }

    pub fn mechanism(&self) -> ServerMechanism {
        self.mechanism
    }

    /// Processes a message of the client. Returns the reason for a refusal in Kafka's words.
    pub fn step(&self, client: &[u8], known: &Known<'_>) -> Result<ServerNext, String> {
        match (&self.expected, self.mechanism) {
            (Expected::First, ServerMechanism::Bearer) => self.bearer(client, known),
            (Expected::First, ServerMechanism::Password(mechanism)) => match Hash::of(mechanism) {
                Some(hash) => self.challenge(client, hash, known),
                None => plain(client, known),
            },
            (Expected::Proof { user, challenge }, _) => {
                let answer = challenge.prove(client).ok_or_else(|| self.invalid())?;
                Ok(done(user, answer))
            }
            (Expected::Acknowledgement, _) if client == ACKNOWLEDGEMENT => {
                Err(INVALID_TOKEN.to_owned())
            }
            (Expected::Acknowledgement, _) => Err(self.invalid()),
        }
    }

    fn challenge(
        &self,
        client: &[u8],
        hash: Hash,
        known: &Known<'_>,
    ) -> Result<ServerNext, String> {
        let first = ClientFirst::parse(client).ok_or_else(|| self.invalid())?;
        let accounts = if first.is_token { known.tokens } else { known.users };
        let password = known.secret_of(accounts, &first.user).ok_or_else(|| self.invalid())?;
        may_act_as(&first.acts_as, &first.user)?;
        let user = first.user.clone();
        let nonce = base64::encode(known.nonce);
        let (challenge, answer) = first.answer(hash, password, known.salt, &nonce);
        Ok(self.then(Expected::Proof { user, challenge: Box::new(challenge) }, answer))
    }

    /// Checks a token. If it is refused, the client receives the reason, and the login fails with
    /// its next message.
    fn bearer(&self, client: &[u8], known: &Known<'_>) -> Result<ServerNext, String> {
        let shown = ClientToken::parse(client).ok_or_else(|| self.invalid())?;
        let claims = shown.claims(known.now_ms);
        let Some(claims) = claims.filter(|it| !known.locked_out.contains(&it.user)) else {
            return Ok(self.then(Expected::Acknowledgement, INVALID_TOKEN.to_owned()));
        };
        let (acts_as, user) = (shown.acts_as, claims.user);
        if !acts_as.is_empty() && acts_as != user {
            return Err(format!(
                "Authentication failed: Client requested an authorization id ({acts_as}) that is \
                 different from the token's principal name ({user})"
            ));
        }
        let ends_at_ms = Some(claims.ends_at_ms);
        Ok(ServerNext::Done(Accepted { user, answer: String::new(), ends_at_ms }))
    }

    fn then(&self, expected: Expected, answer: String) -> ServerNext {
        ServerNext::Continue(Self { mechanism: self.mechanism, expected }, answer)
    }

    fn invalid(&self) -> String {
        invalid_credentials(self.mechanism)
    }
}

fn done(user: &str, answer: String) -> ServerNext {
    ServerNext::Done(Accepted { user: user.to_owned(), answer, ends_at_ms: None })
}

/// Checks PLAIN's message: the authorization id, which is empty or the user's own, the user and the
/// password.
fn plain(token: &[u8], known: &Known<'_>) -> Result<ServerNext, String> {
    let text = str::from_utf8(token).unwrap_or_default();
    let parts: Vec<_> = text.splitn(3, '\0').collect();
    let [acts_as, user, password] = parts[..] else {
        return Err(invalid_credentials(Mechanism::Plain));
    };
    if user.is_empty() || password.is_empty() {
        return Err(invalid_credentials(Mechanism::Plain));
    }
    let expected = known.secret_of(known.users, user);
    if expected.is_none_or(|expected| expected.reveal() != password) {
        return Err("Authentication failed: Invalid username or password".to_owned());
    }
    may_act_as(acts_as, user)?;
    Ok(done(user, String::new()))
}

fn may_act_as(name: &str, user: &str) -> Result<(), String> {
    if name.is_empty() || name == user {
        return Ok(());
    }
    let reason = "Client requested an authorization id that is different from username";
    Err(format!("Authentication failed: {reason}"))
}

/// Kafka's text for every reason that it does not reveal to an unauthenticated client.
pub fn invalid_credentials(mechanism: impl Into<ServerMechanism>) -> String {
    let name = mechanism.into().name();
    format!(
        "Authentication failed during authentication due to invalid credentials with SASL \
         mechanism {name}"
    )
}
