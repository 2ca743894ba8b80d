//! SCRAM (RFC 5802, RFC 7677), the client's side, by Kafka's rules: no channel binding, names in
//! UTF-8 without `SASLprep`, at least 4096 iterations.

use std::num::NonZeroU32;
use std::ops::RangeInclusive;

use zeroize::Zeroizing;

use super::keys::{Derivation, Hash, Keys};
use super::messages::{escape, malformed, take, text};
use super::next::Next;
use crate::config::Secret;
use crate::error::{Error, ErrorKind, Result, shown};
use crate::wire::base64;

/// With fewer iterations a password is easy to guess. More would keep a core busy for seconds.
const ITERATIONS: RangeInclusive<u32> = 4_096..=1_000_000;

/// The header of a client without channel binding.
pub(super) const HEADER: &str = "n,,";
pub(super) const HEADER_ENCODED: &str = "biws";

#[derive(Debug)]
pub(super) struct Scram {
    hash: Hash,
    nonce: String,
    /// The first message, without its header.
    first: String,
    state: State,
}

#[derive(Debug)]
enum State {
    /// Waiting for the server's first message.
    First,
    /// Waiting for the derived keys.
    Deriving { server_first: String, nonce: String },
    /// Waiting for the server's last message.
    Final { keys: Keys, signed: String },
}

impl Scram {
    pub(super) fn new(hash: Hash, user: &str, is_token: bool, nonce: &[u8]) -> Self {
        let nonce = base64::encode(nonce);
        let extension = if is_token { ",tokenauth=true" } else { "" };
        let first = format!("n={},r={nonce}{extension}", escape(user));
        Self { hash, nonce, first, state: State::First }
    }

    pub(super) fn first(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(format!("{HEADER}{}", self.first).into_bytes())
    }

    /// Whether the server now checks the password.
    pub(super) fn is_at_proof(&self) -> bool {
        matches!(self.state, State::Final { .. })
    }

    pub(super) fn answer(&mut self, server: &[u8], password: &Secret) -> Result<Next> {
        let server = text(server)?;
        match &self.state {
            State::First => self.take_first(server, password),
            State::Deriving { .. } => Err(malformed("it came before the client's")),
            State::Final { keys, signed } => self.verify(server, keys, signed),
        }
    }

    fn take_first(&mut self, server: &str, password: &Secret) -> Result<Next> {
        let mut rest = server;
        if server.starts_with("m=") {
            return Err(malformed("it demands an extension that is not known"));
        }
        let nonce = take(&mut rest, 'r')?;
        let (salt, iterations) = (take(&mut rest, 's')?, take(&mut rest, 'i')?);
        if !nonce.starts_with(&self.nonce) || nonce.len() == self.nonce.len() {
            return Err(malformed("its nonce does not extend the client's"));
        }
        let salt = base64::decode(salt).filter(|salt| !salt.is_empty());
        let salt = salt.ok_or_else(|| malformed("its salt is not Base64"))?;
        let iterations = accepted(iterations)?;
        self.state = State::Deriving { server_first: server.into(), nonce: nonce.into() };
        let (hash, password) = (self.hash, password.clone());
        Ok(Next::Derive(Derivation { hash, password, salt, iterations }))
    }

    pub(super) fn derived(&mut self, keys: Keys) -> Result<Next> {
        let State::Deriving { server_first, nonce } = &self.state else {
            return Err(malformed("no keys were asked for"));
        };
        let bare = format!("c={HEADER_ENCODED},r={nonce}");
        let signed = format!("{},{server_first},{bare}", self.first);
        let stored = self.hash.digest(&keys.client);
        let signature = self.hash.sign(stored.as_ref(), signed.as_bytes());
        let proof: Zeroizing<Vec<u8>> = Zeroizing::new(
            keys.client.iter().zip(signature.as_ref()).map(|(key, byte)| key ^ byte).collect(),
        );
        let message = format!("{bare},p={}", base64::encode(&proof));
        self.state = State::Final { keys, signed };
        Ok(Next::Send(Zeroizing::new(message.into_bytes())))
    }

    /// Verifies the server's proof that it knows the password.
    fn verify(&self, server: &str, keys: &Keys, signed: &str) -> Result<Next> {
        let mut rest = server;
        let signature = base64::decode(take(&mut rest, 'v')?)
            .ok_or_else(|| malformed("its signature is not Base64"))?;
        if !self.hash.verifies(&keys.server, signed.as_bytes(), &signature) {
            return Err(Error::new(
                ErrorKind::Authentication,
                "the broker could not prove that it knows the password: something else may have \
                 answered in its place",
            ));
        }
        Ok(Next::Done)
    }
}

/// Parses the number of iterations. Fails if it is out of range.
fn accepted(iterations: &str) -> Result<NonZeroU32> {
    if iterations.is_empty() || !iterations.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(malformed("its iterations are not a number"));
    }
    let number = iterations.parse().ok().filter(|number| ITERATIONS.contains(number));
    number.and_then(NonZeroU32::new).ok_or_else(|| {
        let (iterations, least, most) = (shown(iterations), ITERATIONS.start(), ITERATIONS.end());
        let message = format!(
            "the broker asks for {iterations} iterations of SCRAM, and dekaf accepts {least} to \
             {most}; create the user's credentials anew"
        );
        Error::new(ErrorKind::Authentication, message)
    })
}
