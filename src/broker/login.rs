//! SASL as Kafka's brokers speak it: which requests a connection may send before it has
//! authenticated, and what the answers are.

mod scram;

use bytes::Bytes;
use ring::rand::{SecureRandom, SystemRandom};

use super::base64;
use super::security::ListenerSasl;
use crate::config::Mechanism;
use crate::error::ErrorCode;
use crate::protocol::{ApiKey, SaslAuthenticateResponse, SaslHandshakeResponse};
use scram::{Challenge, ClientFirst, Hash};

/// Bytes of a server's nonce.
const NONCE_SIZE: usize = 18;

/// How far a connection has come. Kafka's brokers take the requests in this order alone.
#[derive(Debug)]
pub(super) enum Login {
    /// The client has asked for nothing yet.
    Opened,
    /// The client knows the versions.
    Negotiated,
    /// The client has chosen a mechanism.
    Chosen(Mechanism),
    /// The client must prove that it knows the password.
    Challenged(Mechanism, Box<Challenge>),
    /// The client may ask for everything.
    Done,
}

/// An answer, and whether the connection ends behind it.
#[derive(Debug)]
pub(super) struct Step<T> {
    pub(super) response: T,
    pub(super) is_last: bool,
}

impl Login {
    /// The state of a new connection.
    pub(super) fn new(sasl: Option<&ListenerSasl>) -> Self {
        if sasl.is_some() { Self::Opened } else { Self::Done }
    }

    /// Whether the client has authenticated, or need not.
    pub(super) fn is_done(&self) -> bool {
        matches!(self, Self::Done)
    }

    /// Whether a request of this API is answered. If not, the connection ends.
    pub(super) fn admits(&self, api: ApiKey) -> bool {
        match self {
            Self::Opened => matches!(api, ApiKey::ApiVersions | ApiKey::SaslHandshake),
            Self::Negotiated => api == ApiKey::SaslHandshake,
            Self::Chosen(_) | Self::Challenged(..) => api == ApiKey::SaslAuthenticate,
            Self::Done => true,
        }
    }

    /// The client has got the list of versions. It may not ask for that again.
    pub(super) fn negotiated(&mut self) {
        if matches!(self, Self::Opened) {
            *self = Self::Negotiated;
        }
    }

    /// The client chooses a mechanism; `error` refuses it.
    pub(super) fn choose(
        &mut self,
        sasl: Option<&ListenerSasl>,
        name: &str,
        error: Option<ErrorCode>,
    ) -> Step<SaslHandshakeResponse> {
        let Some(sasl) = sasl.filter(|_| !self.is_done()) else {
            let error_code = error.unwrap_or(ErrorCode::ILLEGAL_SASL_STATE);
            let response = SaslHandshakeResponse { error_code, ..Default::default() };
            return Step { response, is_last: false };
        };
        let found = sasl.mechanisms.iter().find(|enabled| mechanism_name(**enabled) == name);
        let error_code = match (error, found) {
            (Some(code), _) => code,
            (None, None) => ErrorCode::UNSUPPORTED_SASL_MECHANISM,
            (None, Some(mechanism)) => {
                *self = Self::Chosen(*mechanism);
                ErrorCode::NONE
            }
        };
        let mechanisms = sasl.mechanisms.iter();
        let mechanisms = mechanisms.map(|enabled| mechanism_name(*enabled).to_owned()).collect();
        let response = SaslHandshakeResponse { error_code, mechanisms };
        Step { response, is_last: !error_code.is_success() }
    }

    /// The client takes a step of its mechanism; `error` refuses it.
    pub(super) fn authenticate(
        &mut self,
        sasl: Option<&ListenerSasl>,
        token: &[u8],
        error: Option<ErrorCode>,
    ) -> Step<SaslAuthenticateResponse> {
        let Some(sasl) = sasl.filter(|_| self.admits(ApiKey::SaslAuthenticate) && !self.is_done())
        else {
            return refused(error.unwrap_or(ErrorCode::ILLEGAL_SASL_STATE), None, self.is_done());
        };
        if let Some(code) = error {
            return refused(code, Some("this error was ordered".to_owned()), false);
        }
        match self.step(sasl, token) {
            Ok((next, answer)) => {
                *self = next;
                let auth_bytes = Bytes::from(answer).into();
                let response = SaslAuthenticateResponse { auth_bytes, ..Default::default() };
                Step { response, is_last: false }
            }
            Err(message) => refused(ErrorCode::SASL_AUTHENTICATION_FAILED, Some(message), false),
        }
    }

    /// What comes next, and the mechanism's answer; or why not, in Kafka's words.
    fn step(&self, sasl: &ListenerSasl, token: &[u8]) -> Result<(Self, String), String> {
        match self {
            Self::Challenged(mechanism, challenge) => {
                let answer = challenge.prove(token);
                answer
                    .map(|answer| (Self::Done, answer))
                    .ok_or_else(|| invalid_credentials(*mechanism))
            }
            Self::Chosen(mechanism) => {
                let hash = match mechanism {
                    Mechanism::Plain => {
                        return plain(sasl, token).map(|()| (Self::Done, String::new()));
                    }
                    Mechanism::ScramSha256 => Hash::Sha256,
                    Mechanism::ScramSha512 | Mechanism::Scram => Hash::Sha512,
                };
                let unknown = || invalid_credentials(*mechanism);
                let first = ClientFirst::parse(token).ok_or_else(unknown)?;
                let known = if first.is_token { &sasl.tokens } else { &sasl.users };
                let password = known.get(&first.user).ok_or_else(unknown)?;
                may_act_as(&first.acts_as, &first.user)?;
                let mut nonce = [0; NONCE_SIZE];
                SystemRandom::new().fill(&mut nonce).map_err(|_| unknown())?;
                let nonce = base64::encode(&nonce);
                let (challenge, answer) =
                    first.answer(hash, password.reveal(), sasl.salt.as_bytes(), &nonce);
                Ok((Self::Challenged(*mechanism, Box::new(challenge)), answer))
            }
            Self::Opened | Self::Negotiated | Self::Done => {
                unreachable!("requests that are not admitted do not come here")
            }
        }
    }
}

fn refused(
    error_code: ErrorCode,
    error_message: Option<String>,
    goes_on: bool,
) -> Step<SaslAuthenticateResponse> {
    let response = SaslAuthenticateResponse {
        error_code,
        error_message,
        ..SaslAuthenticateResponse::default()
    };
    Step { response, is_last: !goes_on }
}

/// PLAIN is one message: a name to act under, which is empty or the user's own, the user and the
/// password.
fn plain(sasl: &ListenerSasl, token: &[u8]) -> Result<(), String> {
    let text = str::from_utf8(token).unwrap_or_default();
    let parts: Vec<_> = text.splitn(3, '\0').collect();
    let [acts_as, user, password] = parts[..] else {
        return Err(invalid_credentials(Mechanism::Plain));
    };
    if user.is_empty() || password.is_empty() {
        return Err(invalid_credentials(Mechanism::Plain));
    }
    if sasl.users.get(user).is_none_or(|expected| expected.reveal() != password) {
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
fn invalid_credentials(mechanism: Mechanism) -> String {
    let name = mechanism_name(mechanism);
    format!(
        "Authentication failed during authentication due to invalid credentials with SASL \
         mechanism {name}"
    )
}

fn mechanism_name(mechanism: Mechanism) -> &'static str {
    match mechanism {
        Mechanism::Plain => "PLAIN",
        Mechanism::ScramSha256 => "SCRAM-SHA-256",
        Mechanism::ScramSha512 | Mechanism::Scram => "SCRAM-SHA-512",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Secret;

    fn sasl() -> ListenerSasl {
        let users = [("alice", "a-secret"), ("bob", "b-secret")];
        let secret =
            |(user, password): (&str, &str)| (user.to_owned(), Secret::new(password.into()));
        ListenerSasl {
            mechanisms: vec![Mechanism::Plain, Mechanism::ScramSha256],
            users: users.map(secret).into(),
            tokens: [secret(("token", "t-secret"))].into(),
            salt: "salt".to_owned(),
        }
    }

    #[test]
    fn requests_come_in_one_order_alone() {
        let sasl = sasl();
        let apis = [ApiKey::ApiVersions, ApiKey::SaslHandshake, ApiKey::SaslAuthenticate];
        let admitted = |login: &Login| apis.map(|api| login.admits(api));
        let mut login = Login::new(Some(&sasl));
        assert_eq!(admitted(&login), [true, true, false]);
        assert!(!login.admits(ApiKey::Metadata));
        login.negotiated();
        assert_eq!(admitted(&login), [false, true, false]);
        assert!(!login.choose(Some(&sasl), "PLAIN", None).is_last);
        assert_eq!(admitted(&login), [false, false, true]);
        assert!(!login.authenticate(Some(&sasl), b"\0bob\0b-secret", None).is_last);
        assert!(login.is_done() && login.admits(ApiKey::Metadata));
        // Kafka answers this, and the connection goes on.
        for sasl in [Some(&sasl), None] {
            let step = login.choose(sasl, "PLAIN", None);
            assert_eq!(step.response.error_code, ErrorCode::ILLEGAL_SASL_STATE);
            assert!(!step.is_last && step.response.mechanisms.is_empty());
            let step = login.authenticate(sasl, b"", None);
            assert_eq!(step.response.error_code, ErrorCode::ILLEGAL_SASL_STATE);
            assert!(!step.is_last && login.is_done());
        }
    }

    #[test]
    fn an_unknown_mechanism_is_answered_with_those_that_are_enabled() {
        let sasl = sasl();
        for name in ["GSSAPI", "", "plain", "SCRAM-SHA-512"] {
            let step = Login::new(Some(&sasl)).choose(Some(&sasl), name, None);
            assert_eq!(step.response.error_code, ErrorCode::UNSUPPORTED_SASL_MECHANISM);
            assert_eq!(step.response.mechanisms, ["PLAIN", "SCRAM-SHA-256"]);
            assert!(step.is_last);
        }
    }

    #[test]
    fn plain_is_refused_in_kafkas_words() {
        let sasl = sasl();
        let invalid = "Authentication failed: Invalid username or password";
        let unexplained = invalid_credentials(Mechanism::Plain);
        let other = "Authentication failed: Client requested an authorization id that is \
                     different from username";
        for (token, message) in [
            (&b"\0bob\0a-secret"[..], invalid),
            (b"\0mallory\0a-secret", invalid),
            (b"\0bob\0b-secret\0", invalid),
            (b"alice\0bob\0b-secret", other),
            (b"", &unexplained),
            (b"\0bob", &unexplained),
            (b"\0\0b-secret", &unexplained),
            (b"\0bob\0", &unexplained),
            (b"\0bob\0\xff", &unexplained),
        ] {
            let mut login = Login::Chosen(Mechanism::Plain);
            let step = login.authenticate(Some(&sasl), token, None);
            assert_eq!(step.response.error_code, ErrorCode::SASL_AUTHENTICATION_FAILED);
            assert_eq!(step.response.error_message.as_deref(), Some(message), "{token:?}");
            assert!(step.is_last && !login.is_done());
        }
        let mut login = Login::Chosen(Mechanism::Plain);
        assert!(!login.authenticate(Some(&sasl), b"bob\0bob\0b-secret", None).is_last);
    }

    #[test]
    fn an_error_that_was_ordered_ends_the_login() {
        let sasl = sasl();
        let code = ErrorCode::SASL_AUTHENTICATION_FAILED;
        let mut login = Login::new(Some(&sasl));
        let step = login.choose(Some(&sasl), "PLAIN", Some(code));
        assert!(step.is_last && step.response.error_code == code);
        let mut login = Login::Chosen(Mechanism::Plain);
        let step = login.authenticate(Some(&sasl), b"\0bob\0b-secret", Some(code));
        assert!(step.is_last && step.response.error_code == code && !login.is_done());
    }

    /// `scram` has the vectors; this is who is let that far.
    #[test]
    fn scram_challenges_users_and_tokens_alone() {
        let sasl = sasl();
        let unexplained = invalid_credentials(Mechanism::ScramSha256);
        for (token, message) in [
            ("n,,n=alice,r=1", None),
            ("n,a=alice,n=alice,r=1", None),
            ("n,,n=token,r=1,tokenauth=true", None),
            ("n,,n=token,r=1", Some(&*unexplained)),
            ("n,,n=alice,r=1,tokenauth=true", Some(&unexplained)),
            ("n,,n=mallory,r=1", Some(&unexplained)),
            ("", Some(&unexplained)),
        ] {
            let mut login = Login::Chosen(Mechanism::ScramSha256);
            let step = login.authenticate(Some(&sasl), token.as_bytes(), None);
            assert_eq!(step.response.error_message.as_deref(), message, "{token}");
            assert_eq!(step.is_last, message.is_some());
            assert!(!login.is_done() && login.admits(ApiKey::SaslAuthenticate));
            let step = login.authenticate(Some(&sasl), b"c=biws,r=1,p=AAAA", None);
            assert_eq!(step.response.error_message.as_deref(), Some(&*unexplained));
            assert!(step.is_last && !login.is_done());
        }
    }
}
