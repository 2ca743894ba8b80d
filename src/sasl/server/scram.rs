//! SCRAM (RFC 5802), the server's side, with the rules of Kafka's brokers.

use std::num::NonZeroU32;

use crate::config::Secret;
use crate::sasl::keys::{Derivation, Hash, Keys};
use crate::sasl::messages::unescape;
use crate::wire::base64;

/// Kafka's `ScramMechanism.minIterations`.
const ITERATIONS: NonZeroU32 = NonZeroU32::new(4096).expect("it is not zero");

/// The client's first message.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ClientFirst {
    pub(super) user: String,
    /// The name that the client wants to act as; empty for its own.
    pub(super) acts_as: String,
    /// Whether the user is the id of a delegation token.
    pub(super) is_token: bool,
    nonce: String,
    /// The header, which is compared with the channel binding, and the rest, which is signed.
    header: String,
    bare: String,
}

/// A server that has answered the first message, and expects the proof.
#[derive(Debug)]
pub(super) struct Challenge {
    hash: Hash,
    keys: Keys,
    header: String,
    nonce: String,
    /// The first messages of client and server, as they are signed.
    so_far: String,
}

impl ClientFirst {
    /// Parses the message. Returns `None` if it is malformed.
    pub(super) fn parse(message: &[u8]) -> Option<Self> {
        let message = str::from_utf8(message).ok()?;
        let rest = message.strip_prefix("n,")?;
        let (acts_as, bare) = rest.split_once(',')?;
        let acts_as = match acts_as {
            "" => String::new(),
            name => unescape(name.strip_prefix("a=")?)?,
        };
        let mut parts = bare.split(',');
        let user = unescape(parts.next()?.strip_prefix("n=")?)?;
        let nonce = parts.next()?.strip_prefix("r=")?.to_owned();
        let is_token = parts.any(|part| part == "tokenauth=true");
        if user.is_empty() || nonce.is_empty() {
            return None;
        }
        let header = message[..message.len() - bare.len()].to_owned();
        Some(Self { user, acts_as, is_token, nonce, header, bare: bare.to_owned() })
    }

    /// Returns the answer: a salt, and the continued nonce.
    pub(super) fn answer(
        self,
        hash: Hash,
        password: &Secret,
        salt: &[u8],
        nonce: &str,
    ) -> (Challenge, String) {
        let nonce = self.nonce + nonce;
        let answer = format!("r={nonce},s={},i={ITERATIONS}", base64::encode(salt));
        let so_far = format!("{},{answer}", self.bare);
        let (password, salt) = (password.clone(), salt.to_vec());
        let keys = Derivation { hash, password, salt, iterations: ITERATIONS }.run();
        (Challenge { hash, keys, header: self.header, nonce, so_far }, answer)
    }
}

impl Challenge {
    /// Checks the client's proof. Returns the server's, or `None` if the proof is wrong.
    pub(super) fn prove(&self, message: &[u8]) -> Option<String> {
        let message = str::from_utf8(message).ok()?;
        let (content, proof) = message.rsplit_once(",p=")?;
        let proof = base64::decode(proof)?;
        let mut parts = content.split(',');
        let channel = base64::decode(parts.next()?.strip_prefix("c=")?)?;
        let nonce = parts.next()?.strip_prefix("r=")?;
        if channel != self.header.as_bytes() || nonce != self.nonce {
            return None;
        }
        let signed = format!("{},{content}", self.so_far);
        let stored_key = self.hash.digest(&self.keys.client);
        let signature = self.hash.sign(stored_key.as_ref(), signed.as_bytes());
        let signature = signature.as_ref();
        if proof.len() != signature.len() {
            return None;
        }
        let shown: Vec<_> = proof.iter().zip(signature).map(|(one, other)| one ^ other).collect();
        if self.hash.digest(&shown).as_ref() != stored_key.as_ref() {
            return None;
        }
        let signature = self.hash.sign(&self.keys.server, signed.as_bytes());
        Some(format!("v={}", base64::encode(signature.as_ref())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The exchange of RFC 7677.
    #[test]
    fn the_exchange_of_the_rfc() {
        let first = ClientFirst::parse(b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO").unwrap();
        assert_eq!((&*first.user, &*first.acts_as, first.is_token), ("user", "", false));
        let salt = base64::decode("W22ZaJ0SNY7soEsUEjb6gQ==").unwrap();
        let nonce = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
        let (challenge, answer) =
            first.answer(Hash::Sha256, &Secret::new("pencil".into()), &salt, nonce);
        let whole = format!("rOprNGfwEbeRWgbNEkqO{nonce}");
        assert_eq!(answer, format!("r={whole},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"));
        let proof = "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
        let last = format!("c=biws,r={whole},p={proof}");
        let signature = "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=";
        assert_eq!(challenge.prove(last.as_bytes()).as_deref(), Some(signature));
        for wrong in [
            format!("c=biws,r={whole},p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVR="),
            format!("c=biws,r={whole},p=dHzb"),
            format!("c=biws,r={whole},p="),
            format!("c=biws,r={whole}"),
            format!("c=eSws,r={whole},p={proof}"),
            format!("c=biws,r={nonce},p={proof}"),
            format!("r={whole},c=biws,p={proof}"),
            format!("c=biws,p={proof}"),
            String::new(),
        ] {
            assert_eq!(challenge.prove(wrong.as_bytes()), None, "{wrong}");
        }
    }

    #[test]
    fn the_first_message_is_taken_apart() {
        let parse = |message: &str| ClientFirst::parse(message.as_bytes());
        let first = parse("n,a=x,n=a=2Cb=3Dc,r=1,tokenauth=true").unwrap();
        assert_eq!((&*first.user, &*first.acts_as, first.is_token), ("a,b=c", "x", true));
        for wrong in [
            "",
            "n",
            "n,",
            "n,,",
            "n,,n=user",
            "n,,r=1,n=user",
            "n,,n=,r=1",
            "n,,n=user,r=",
            "n,,n=us=er,r=1",
            "n,,n=us=2",
            "n,x,n=user,r=1",
            "y,,n=user,r=1",
            "p=tls-unique,,n=user,r=1",
            "n,,m=1,n=user,r=1",
        ] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
        assert_eq!(ClientFirst::parse(b"n,,n=\xff,r=1"), None);
    }
}
