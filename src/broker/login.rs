//! SASL as Kafka's brokers speak it: which requests a connection may send before it has
//! authenticated, and what the answers are.

use bytes::Bytes;
use ring::rand::{SecureRandom, SystemRandom};

use super::security::ListenerSasl;
use crate::error::ErrorCode;
use crate::protocol::{ApiKey, SaslAuthenticateResponse, SaslHandshakeResponse};
use crate::sasl::{Known, Server, ServerNext};

/// Bytes of a server's nonce.
const NONCE_SIZE: usize = 18;

/// How far a connection has come. Kafka's brokers take the requests in this order alone.
#[derive(Debug)]
pub(super) enum Login {
    /// The client has asked for nothing yet.
    Opened,
    /// The client knows the versions.
    Negotiated,
    /// The client has chosen a mechanism, and takes its steps.
    Chosen(Server),
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
            Self::Chosen(_) => api == ApiKey::SaslAuthenticate,
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
        let found = sasl.mechanisms.iter().find(|enabled| enabled.name() == name);
        let error_code = match (error, found) {
            (Some(code), _) => code,
            (None, None) => ErrorCode::UNSUPPORTED_SASL_MECHANISM,
            (None, Some(mechanism)) => {
                *self = Self::Chosen(Server::new(*mechanism));
                ErrorCode::NONE
            }
        };
        let mechanisms = sasl.mechanisms.iter();
        let mechanisms = mechanisms.map(|enabled| enabled.name().to_owned()).collect();
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
        let Self::Chosen(server) = self else {
            unreachable!("requests that are not admitted do not come here")
        };
        let mut nonce = [0; NONCE_SIZE];
        SystemRandom::new().fill(&mut nonce).map_err(|_| "the system is out of entropy")?;
        let ListenerSasl { users, tokens, salt, .. } = sasl;
        let known = Known { users, tokens, salt: salt.as_bytes(), nonce: &nonce };
        Ok(match server.step(token, &known)? {
            ServerNext::Continue(server, answer) => (Self::Chosen(server), answer),
            ServerNext::Done(answer) => (Self::Done, answer),
        })
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Mechanism, Secret};
    use crate::sasl::invalid_credentials;

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
            let mut login = Login::Chosen(Server::new(Mechanism::Plain));
            let step = login.authenticate(Some(&sasl), token, None);
            assert_eq!(step.response.error_code, ErrorCode::SASL_AUTHENTICATION_FAILED);
            assert_eq!(step.response.error_message.as_deref(), Some(message), "{token:?}");
            assert!(step.is_last && !login.is_done());
        }
        let mut login = Login::Chosen(Server::new(Mechanism::Plain));
        assert!(!login.authenticate(Some(&sasl), b"bob\0bob\0b-secret", None).is_last);
    }

    #[test]
    fn an_error_that_was_ordered_ends_the_login() {
        let sasl = sasl();
        let code = ErrorCode::SASL_AUTHENTICATION_FAILED;
        let mut login = Login::new(Some(&sasl));
        let step = login.choose(Some(&sasl), "PLAIN", Some(code));
        assert!(step.is_last && step.response.error_code == code);
        let mut login = Login::Chosen(Server::new(Mechanism::Plain));
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
            let mut login = Login::Chosen(Server::new(Mechanism::ScramSha256));
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
