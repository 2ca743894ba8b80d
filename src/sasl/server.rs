//! The server's side of a login, for the broker in the box.

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use zeroize::Zeroizing;

use super::base64;
use super::keys::{Derivation, Hash, Keys};
use super::messages::{take, text, unescape};
use super::plain;
use super::scram::{HEADER, HEADER_ENCODED};
use crate::config::{Mechanism, Secret};

/// Kafka's least, and default.
const ITERATIONS: NonZeroU32 = NonZeroU32::new(4_096).unwrap();

/// Who may log in.
pub type Users = BTreeMap<String, Secret>;

/// What follows a message of the client.
#[derive(Debug)]
pub enum ServerNext {
    /// This is the answer, and another message is to come.
    Continue(Vec<u8>),
    /// This is the answer, and the client is who it says.
    Done(Vec<u8>),
    /// The client is refused, with this text.
    Refuse(String),
}

/// One login.
#[derive(Debug)]
pub struct Server {
    mechanism: Mechanism,
    state: State,
}

#[derive(Debug)]
enum State {
    First { salt: Vec<u8>, nonce: String },
    Proof(Box<Proof>),
    Ended,
}

/// What a client is to prove.
#[derive(Debug)]
struct Proof {
    hash: Hash,
    keys: Keys,
    nonce: String,
    /// Both first messages, as they are signed.
    signed: String,
}

impl Server {
    /// Starts a login. `salt` and `nonce` are random bytes.
    pub fn new(mechanism: Mechanism, salt: &[u8], nonce: &[u8]) -> Self {
        let state = State::First { salt: salt.to_vec(), nonce: base64::encode(nonce) };
        Self { mechanism, state }
    }

    /// Takes in a message of the client.
    pub fn step(&mut self, client: &[u8], users: &Users) -> ServerNext {
        let state = std::mem::replace(&mut self.state, State::Ended);
        let next = match (state, Hash::of(self.mechanism)) {
            (State::First { .. }, None) => plain_login(client, users),
            (State::First { salt, nonce }, Some(hash)) => first(hash, client, users, salt, &nonce)
                .map(|(proof, answer)| {
                    self.state = State::Proof(Box::new(proof));
                    ServerNext::Continue(answer)
                }),
            (State::Proof(proof), _) => proof.check(client).map(ServerNext::Done),
            (State::Ended, _) => None,
        };
        next.unwrap_or_else(|| ServerNext::Refuse(self.refusal()))
    }

    /// Kafka's text.
    fn refusal(&self) -> String {
        match self.mechanism {
            Mechanism::Plain => "Authentication failed: Invalid username or password".to_owned(),
            _ => format!(
                "Authentication failed during authentication due to invalid credentials with SASL \
                 mechanism {}",
                self.mechanism.name()
            ),
        }
    }
}

fn plain_login(client: &[u8], users: &Users) -> Option<ServerNext> {
    let (user, password) = plain::read(client)?;
    let known = users.get(user)?.reveal().as_bytes();
    // In constant time, though the box is for tests: people learn from it.
    let key = b"compared by their hashes";
    let given = Hash::Sha256.sign(key, password.as_bytes());
    Hash::Sha256.verifies(key, known, given.as_ref()).then(|| ServerNext::Done(Vec::new()))
}

fn first(
    hash: Hash,
    client: &[u8],
    users: &Users,
    salt: Vec<u8>,
    nonce: &str,
) -> Option<(Proof, Vec<u8>)> {
    let first = text(client).ok()?.strip_prefix(HEADER)?;
    let mut rest = first;
    let user = unescape(take(&mut rest, 'n').ok()?)?;
    let password = users.get(&user)?.clone();
    let nonce = format!("{}{nonce}", take(&mut rest, 'r').ok()?);
    let answer = format!("r={nonce},s={},i={ITERATIONS}", base64::encode(&salt));
    let keys = Derivation { hash, password, salt, iterations: ITERATIONS }.run();
    let signed = format!("{first},{answer}");
    Some((Proof { hash, keys, nonce, signed }, answer.into_bytes()))
}

impl Proof {
    fn check(&self, client: &[u8]) -> Option<Vec<u8>> {
        let message = text(client).ok()?;
        let (bare, proof) = message.rsplit_once(",p=")?;
        let mut rest = bare;
        let header = take(&mut rest, 'c').ok()?;
        if header != HEADER_ENCODED || take(&mut rest, 'r').ok()? != self.nonce {
            return None;
        }
        let signed = format!("{},{bare}", self.signed);
        let stored = self.hash.digest(&self.keys.client);
        let signature = self.hash.sign(stored.as_ref(), signed.as_bytes());
        let proof = base64::decode(proof).filter(|proof| proof.len() == self.hash.size())?;
        let key: Zeroizing<Vec<u8>> = Zeroizing::new(
            proof.iter().zip(signature.as_ref()).map(|(byte, mask)| byte ^ mask).collect(),
        );
        // The hashes are compared, not the keys: how long that takes says nothing of the key.
        if self.hash.digest(&key).as_ref() != stored.as_ref() {
            return None;
        }
        let signature = self.hash.sign(&self.keys.server, signed.as_bytes());
        Some(format!("v={}", base64::encode(signature.as_ref())).into_bytes())
    }
}
