//! The server's side of SCRAM (RFC 5802), with the rules of Kafka's brokers.

use std::num::NonZeroU32;

use ring::{digest, hmac, pbkdf2};

use crate::broker::base64;

/// `ScramMechanism.minIterations` of Kafka.
const ITERATIONS: NonZeroU32 = NonZeroU32::new(4096).expect("it is not zero");

/// One of the hash functions that SCRAM is used with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hash {
    Sha256,
    Sha512,
}

/// What the client says first.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ClientFirst {
    pub(super) user: String,
    /// Under which name the client wants to act; empty for its own.
    pub(super) acts_as: String,
    /// Whether the user is the id of a delegation token.
    pub(super) is_token: bool,
    nonce: String,
    /// What channel binding is compared with, and the rest, which is signed.
    header: String,
    bare: String,
}

/// A server that has answered the first message, and waits for the proof.
#[derive(Debug)]
pub(in crate::broker) struct Challenge {
    hash: Hash,
    salted_password: Vec<u8>,
    header: String,
    nonce: String,
    /// The client's first message and the server's, as they are signed.
    so_far: String,
}

impl ClientFirst {
    /// Takes the message apart; `None` if it is none.
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

    /// Answers with a salt, and what the nonce is continued with.
    pub(super) fn answer(
        self,
        hash: Hash,
        password: &str,
        salt: &[u8],
        nonce: &str,
    ) -> (Challenge, String) {
        let nonce = self.nonce + nonce;
        let answer = format!("r={nonce},s={},i={ITERATIONS}", base64::encode(salt));
        let so_far = format!("{},{answer}", self.bare);
        let salted_password = hash.salted(password, salt);
        (Challenge { hash, salted_password, header: self.header, nonce, so_far }, answer)
    }
}

impl Challenge {
    /// Checks the client's proof, and answers with the server's; `None` if it proves nothing.
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
        let client_key = self.hash.mac(&self.salted_password, b"Client Key");
        let stored_key = self.hash.digest(&client_key);
        let signature = self.hash.mac(&stored_key, signed.as_bytes());
        if proof.len() != signature.len() {
            return None;
        }
        let shown: Vec<_> = proof.iter().zip(&signature).map(|(one, other)| one ^ other).collect();
        if self.hash.digest(&shown) != stored_key {
            return None;
        }
        let server_key = self.hash.mac(&self.salted_password, b"Server Key");
        Some(format!("v={}", base64::encode(&self.hash.mac(&server_key, signed.as_bytes()))))
    }
}

impl Hash {
    fn salted(self, password: &str, salt: &[u8]) -> Vec<u8> {
        let (algorithm, size) = match self {
            Self::Sha256 => (pbkdf2::PBKDF2_HMAC_SHA256, digest::SHA256_OUTPUT_LEN),
            Self::Sha512 => (pbkdf2::PBKDF2_HMAC_SHA512, digest::SHA512_OUTPUT_LEN),
        };
        let mut salted = vec![0; size];
        pbkdf2::derive(algorithm, ITERATIONS, salt, password.as_bytes(), &mut salted);
        salted
    }

    fn mac(self, key: &[u8], content: &[u8]) -> Vec<u8> {
        let algorithm = match self {
            Self::Sha256 => hmac::HMAC_SHA256,
            Self::Sha512 => hmac::HMAC_SHA512,
        };
        hmac::sign(&hmac::Key::new(algorithm, key), content).as_ref().to_vec()
    }

    fn digest(self, content: &[u8]) -> Vec<u8> {
        let algorithm = match self {
            Self::Sha256 => &digest::SHA256,
            Self::Sha512 => &digest::SHA512,
        };
        digest::digest(algorithm, content).as_ref().to_vec()
    }
}

/// A name in which a comma and an equals sign are written in other words.
fn unescape(name: &str) -> Option<String> {
    let mut parts = name.split('=');
    let mut out = parts.next()?.to_owned();
    for part in parts {
        let (symbol, rest) = part.split_at_checked(2)?;
        out.push(match symbol {
            "2C" => ',',
            "3D" => '=',
            _ => return None,
        });
        out.push_str(rest);
    }
    Some(out)
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
        let (challenge, answer) = first.answer(Hash::Sha256, "pencil", &salt, nonce);
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
