//! SASL as Kafka's brokers speak it: which requests a connection may send before it has
//! authenticated, and what the answers are.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use bytes::Bytes;
use ring::rand::{SecureRandom, SystemRandom};

use super::security::ListenerSasl;
use crate::error::ErrorCode;
use crate::protocol::{ApiKey, SaslAuthenticateResponse, SaslHandshakeResponse};
use crate::sasl::{Accepted, Known, Server, ServerMechanism, ServerNext};

/// Bytes of a server's nonce.
const NONCE_SIZE: usize = 18;

/// How often a connection may log in again, as Kafka's brokers have it.
const BETWEEN_LOGINS: Duration = Duration::from_secs(1);

/// Who has logged in by a connection, and how far its next login has come.
#[derive(Debug)]
pub(super) struct Login {
    stage: Stage,
    /// `None` before the first login.
    session: Option<Session>,
    /// When the client began to log in again.
    renewed_at: Option<Instant>,
}

/// How far a login has come. Kafka's brokers take the requests in this order alone.
#[derive(Debug)]
enum Stage {
    /// The client has asked for nothing yet.
    Opened,
    /// The client knows the versions.
    Negotiated,
    /// The client has chosen a mechanism, and takes its steps.
    Chosen(Server),
    /// The client may ask for everything.
    Done,
}

/// What a login has come to.
#[derive(Debug)]
struct Session {
    mechanism: ServerMechanism,
    user: String,
    /// When the client must have logged in again.
    ends_at: Option<Instant>,
}

/// What a step of a login depends on, besides what the client says.
#[derive(Debug, Clone, Copy)]
pub(super) struct Circumstances<'a> {
    /// `None` where clients need not log in.
    pub(super) sasl: Option<&'a ListenerSasl>,
    /// The error that was ordered.
    pub(super) error: Option<ErrorCode>,
    /// Users that are not let in.
    pub(super) locked_out: &'a BTreeSet<String>,
    /// The time.
    pub(super) now: Instant,
    /// The time in milliseconds since 1970.
    pub(super) now_ms: i64,
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
        let stage = if sasl.is_some() { Stage::Opened } else { Stage::Done };
        Self { stage, session: None, renewed_at: None }
    }

    /// Whether the client has authenticated, or need not.
    pub(super) fn is_done(&self) -> bool {
        matches!(self.stage, Stage::Done)
    }

    /// Whether a request of this API is answered. If not, the connection ends.
    pub(super) fn admits(&self, api: ApiKey, now: Instant) -> bool {
        match self.stage {
            Stage::Opened => matches!(api, ApiKey::ApiVersions | ApiKey::SaslHandshake),
            Stage::Negotiated => api == ApiKey::SaslHandshake,
            Stage::Chosen(_) => api == ApiKey::SaslAuthenticate,
            Stage::Done => {
                let ends_at = self.session.as_ref().and_then(|session| session.ends_at);
                api == ApiKey::SaslHandshake || ends_at.is_none_or(|ends_at| now < ends_at)
            }
        }
    }

    /// The client has got the list of versions. It may not ask for that again.
    pub(super) fn negotiated(&mut self) {
        if matches!(self.stage, Stage::Opened) {
            self.stage = Stage::Negotiated;
        }
    }

    /// The client chooses a mechanism.
    pub(super) fn choose(
        &mut self,
        name: &str,
        by: &Circumstances<'_>,
    ) -> Step<SaslHandshakeResponse> {
        let Some(sasl) = by.sasl.filter(|_| !self.is_done() || self.may_renew(by.now)) else {
            let error_code = by.error.unwrap_or(ErrorCode::ILLEGAL_SASL_STATE);
            let response = SaslHandshakeResponse { error_code, ..Default::default() };
            return Step { response, is_last: false };
        };
        let found = sasl.mechanisms.iter().find(|enabled| enabled.name() == name);
        let error_code = match (by.error, found) {
            (Some(code), _) => code,
            (None, None) => ErrorCode::UNSUPPORTED_SASL_MECHANISM,
            (None, Some(mechanism)) => {
                self.renewed_at = self.session.as_ref().map(|_| by.now);
                self.stage = Stage::Chosen(Server::new(*mechanism));
                ErrorCode::NONE
            }
        };
        let mechanisms = sasl.mechanisms.iter();
        let mechanisms = mechanisms.map(|enabled| enabled.name().to_owned()).collect();
        let response = SaslHandshakeResponse { error_code, mechanisms };
        Step { response, is_last: !error_code.is_success() }
    }

    /// Only sessions that end can be renewed.
    fn may_renew(&self, now: Instant) -> bool {
        let ends = self.session.as_ref().is_some_and(|session| session.ends_at.is_some());
        ends && self.renewed_at.is_none_or(|before| now >= before + BETWEEN_LOGINS)
    }

    /// The client takes a step of its mechanism.
    pub(super) fn authenticate(
        &mut self,
        token: &[u8],
        by: &Circumstances<'_>,
    ) -> Step<SaslAuthenticateResponse> {
        let (Some(sasl), Stage::Chosen(server)) = (by.sasl, &self.stage) else {
            let error = by.error.unwrap_or(ErrorCode::ILLEGAL_SASL_STATE);
            return refused(error, None, self.is_done());
        };
        if let Some(code) = by.error {
            return refused(code, Some("this error was ordered".to_owned()), false);
        }
        let mechanism = server.mechanism();
        let stepped = self.check_mechanism(mechanism).and_then(|()| step(server, sasl, token, by));
        let stepped = stepped.and_then(|next| {
            let (answer, lifetime) = match next {
                ServerNext::Continue(server, answer) => {
                    self.stage = Stage::Chosen(server);
                    (answer, None)
                }
                ServerNext::Done(accepted) => {
                    self.check_user(&accepted.user)?;
                    let lifetime = lifetime(&accepted, sasl, by.now_ms);
                    let Accepted { user, answer, .. } = accepted;
                    let ends_at = lifetime.map(|lifetime| by.now + lifetime);
                    self.session = Some(Session { mechanism, user, ends_at });
                    self.stage = Stage::Done;
                    (answer, lifetime)
                }
            };
            let response = SaslAuthenticateResponse {
                auth_bytes: Bytes::from(answer).into(),
                session_lifetime_ms: lifetime.unwrap_or_default().as_millis() as i64,
                ..SaslAuthenticateResponse::default()
            };
            Ok(Step { response, is_last: false })
        });
        stepped.unwrap_or_else(|message| {
            refused(ErrorCode::SASL_AUTHENTICATION_FAILED, Some(message), false)
        })
    }

    /// Whoever logs in again does so in the same way.
    fn check_mechanism(&self, mechanism: ServerMechanism) -> Result<(), String> {
        let before = self.session.as_ref().map(|session| session.mechanism);
        match before.filter(|before| *before != mechanism) {
            None => Ok(()),
            Some(before) => Err(format!(
                "SASL mechanism '{}' requested by client is not supported for re-authentication \
                 of mechanism '{}'",
                mechanism.name(),
                before.name()
            )),
        }
    }

    /// Whoever logs in again has the same name.
    fn check_user(&self, user: &str) -> Result<(), String> {
        let before = self.session.as_ref().map(|session| &*session.user);
        match before.filter(|before| *before != user) {
            None => Ok(()),
            Some(before) => Err(format!(
                "Cannot change principals during re-authentication from User.{before}: User.{user}"
            )),
        }
    }
}

/// What comes next; or why not, in Kafka's words.
fn step(
    server: &Server,
    sasl: &ListenerSasl,
    token: &[u8],
    by: &Circumstances<'_>,
) -> Result<ServerNext, String> {
    let mut nonce = [0; NONCE_SIZE];
    SystemRandom::new().fill(&mut nonce).map_err(|_| "the system is out of entropy")?;
    let Circumstances { locked_out, now_ms, .. } = *by;
    let ListenerSasl { users, tokens, salt, .. } = sasl;
    let known = Known { users, tokens, locked_out, salt: salt.as_bytes(), nonce: &nonce, now_ms };
    server.step(token, &known)
}

/// For how long a login holds: until its token ends, or as long as the listener has it.
fn lifetime(accepted: &Accepted, sasl: &ListenerSasl, now_ms: i64) -> Option<Duration> {
    let left = accepted.ends_at_ms.map(|ends_at_ms| u64::try_from(ends_at_ms - now_ms));
    let left = left.map(|left| Duration::from_millis(left.unwrap_or_default()));
    left.into_iter().chain(sasl.session_lifetime).min()
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
    use crate::wire::base64;

    fn sasl() -> ListenerSasl {
        let users = [("alice", "a-secret"), ("bob", "b-secret")];
        let secret =
            |(user, password): (&str, &str)| (user.to_owned(), Secret::new(password.into()));
        ListenerSasl {
            mechanisms: vec![
                Mechanism::Plain.into(),
                Mechanism::ScramSha256.into(),
                ServerMechanism::Bearer,
            ],
            session_lifetime: None,
            users: users.map(secret).into(),
            tokens: [secret(("token", "t-secret"))].into(),
            salt: "salt".to_owned(),
        }
    }

    const NOW_MS: i64 = 1_000_000;
    const ALICE: &[u8] = b"\0alice\0a-secret";
    const BOB: &[u8] = b"\0bob\0b-secret";

    /// The circumstances in which nothing goes wrong.
    fn at(sasl: &ListenerSasl, now: Instant) -> Circumstances<'_> {
        const NOBODY: &BTreeSet<String> = &BTreeSet::new();
        Circumstances { sasl: Some(sasl), error: None, locked_out: NOBODY, now, now_ms: NOW_MS }
    }

    fn chosen(mechanism: impl Into<ServerMechanism>) -> Login {
        let stage = Stage::Chosen(Server::new(mechanism));
        Login { stage, session: None, renewed_at: None }
    }

    /// The message with a token that ends after so many seconds.
    fn token(user: &str, lasts: i64) -> Vec<u8> {
        let claims = format!(r#"{{"sub":"{user}","exp":{}}}"#, NOW_MS / 1000 + lasts);
        let claims = base64::encode(claims.as_bytes());
        let claims = claims.trim_end_matches('=');
        format!("n,,\x01auth=Bearer e30.{claims}.\x01\x01").into_bytes()
    }

    #[test]
    fn requests_come_in_one_order_alone() {
        let (sasl, now) = (sasl(), Instant::now());
        let by = &at(&sasl, now);
        let apis = [ApiKey::ApiVersions, ApiKey::SaslHandshake, ApiKey::SaslAuthenticate];
        let admitted = |login: &Login| apis.map(|api| login.admits(api, now));
        let mut login = Login::new(Some(&sasl));
        assert_eq!(admitted(&login), [true, true, false]);
        assert!(!login.admits(ApiKey::Metadata, now));
        login.negotiated();
        assert_eq!(admitted(&login), [false, true, false]);
        assert!(!login.choose("PLAIN", by).is_last);
        assert_eq!(admitted(&login), [false, false, true]);
        let step = login.authenticate(BOB, by);
        assert!(!step.is_last && step.response.session_lifetime_ms == 0);
        assert!(login.is_done() && login.admits(ApiKey::Metadata, now));
        // Kafka answers this, and the connection goes on.
        for by in [by, &Circumstances { sasl: None, ..*by }] {
            let step = login.choose("PLAIN", by);
            assert_eq!(step.response.error_code, ErrorCode::ILLEGAL_SASL_STATE);
            assert!(!step.is_last && step.response.mechanisms.is_empty());
            let step = login.authenticate(b"", by);
            assert_eq!(step.response.error_code, ErrorCode::ILLEGAL_SASL_STATE);
            assert!(!step.is_last && login.is_done());
        }
    }

    #[test]
    fn an_unknown_mechanism_is_answered_with_those_that_are_enabled() {
        let sasl = sasl();
        for name in ["GSSAPI", "", "plain", "SCRAM-SHA-512"] {
            let step = Login::new(Some(&sasl)).choose(name, &at(&sasl, Instant::now()));
            assert_eq!(step.response.error_code, ErrorCode::UNSUPPORTED_SASL_MECHANISM);
            assert_eq!(step.response.mechanisms, ["PLAIN", "SCRAM-SHA-256", "OAUTHBEARER"]);
            assert!(step.is_last);
        }
    }

    #[test]
    fn plain_is_refused_in_kafkas_words() {
        let sasl = sasl();
        let by = &at(&sasl, Instant::now());
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
            let mut login = chosen(Mechanism::Plain);
            let step = login.authenticate(token, by);
            assert_eq!(step.response.error_code, ErrorCode::SASL_AUTHENTICATION_FAILED);
            assert_eq!(step.response.error_message.as_deref(), Some(message), "{token:?}");
            assert!(step.is_last && !login.is_done());
        }
        let mut login = chosen(Mechanism::Plain);
        assert!(!login.authenticate(b"bob\0bob\0b-secret", by).is_last);
    }

    #[test]
    fn an_error_that_was_ordered_ends_the_login() {
        let sasl = sasl();
        let code = ErrorCode::SASL_AUTHENTICATION_FAILED;
        let by = &Circumstances { error: Some(code), ..at(&sasl, Instant::now()) };
        let mut login = Login::new(Some(&sasl));
        let step = login.choose("PLAIN", by);
        assert!(step.is_last && step.response.error_code == code);
        let mut login = chosen(Mechanism::Plain);
        let step = login.authenticate(BOB, by);
        assert!(step.is_last && step.response.error_code == code && !login.is_done());
    }

    /// `scram` has the vectors; this is who is let that far.
    #[test]
    fn scram_challenges_users_and_tokens_alone() {
        let (sasl, now) = (sasl(), Instant::now());
        let by = &at(&sasl, now);
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
            let mut login = chosen(Mechanism::ScramSha256);
            let step = login.authenticate(token.as_bytes(), by);
            assert_eq!(step.response.error_message.as_deref(), message, "{token}");
            assert_eq!(step.is_last, message.is_some());
            assert!(!login.is_done() && login.admits(ApiKey::SaslAuthenticate, now));
            let step = login.authenticate(b"c=biws,r=1,p=AAAA", by);
            assert_eq!(step.response.error_message.as_deref(), Some(&*unexplained));
            assert!(step.is_last && !login.is_done());
        }
    }

    #[test]
    fn a_token_that_is_refused_is_answered_before_the_login_fails() {
        let sasl = sasl();
        let locked_out = &BTreeSet::from(["bob".to_owned()]);
        let by = &Circumstances { locked_out, ..at(&sasl, Instant::now()) };
        let json = r#"{"status":"invalid_token"}"#;
        for token in [token("alice", 0), token("bob", 60), b"n,,\x01auth=Bearer t\x01\x01".into()] {
            let mut login = chosen(ServerMechanism::Bearer);
            let step = login.authenticate(&token, by);
            assert!(!step.is_last && step.response.error_code.is_success());
            assert_eq!(&*step.response.auth_bytes, json.as_bytes());
            let step = login.authenticate(b"\x01", by);
            assert!(step.is_last && !login.is_done());
            assert_eq!(step.response.error_code, ErrorCode::SASL_AUTHENTICATION_FAILED);
            assert_eq!(step.response.error_message.as_deref(), Some(json));
        }
        let unexplained = invalid_credentials(ServerMechanism::Bearer);
        let other = "Authentication failed: Client requested an authorization id (bob) that is \
                     different from the token's principal name (alice)";
        let as_bob = [b"n,a=bob", &token("alice", 60)[2..]].concat();
        for (message, said) in [(&b""[..], &*unexplained), (ALICE, &unexplained), (&as_bob, other)]
        {
            let step = chosen(ServerMechanism::Bearer).authenticate(message, by);
            assert!(step.is_last);
            assert_eq!(step.response.error_message.as_deref(), Some(said));
        }
    }

    #[test]
    fn users_who_are_locked_out_are_refused_whatever_they_prove() {
        let sasl = sasl();
        let locked_out = &BTreeSet::from(["alice".to_owned()]);
        let by = &Circumstances { locked_out, ..at(&sasl, Instant::now()) };
        for (mechanism, first) in
            [(Mechanism::Plain, ALICE), (Mechanism::ScramSha256, b"n,,n=alice,r=1")]
        {
            let step = chosen(mechanism).authenticate(first, by);
            assert!(step.is_last && !step.response.error_code.is_success(), "{mechanism:?}");
        }
        assert!(!chosen(Mechanism::Plain).authenticate(BOB, by).is_last);
    }

    #[test]
    fn a_session_ends_with_its_token_or_when_the_listener_says() {
        let second = Duration::from_secs(1);
        let by_token = (ServerMechanism::Bearer, token("alice", 60));
        let by_password = (Mechanism::Plain.into(), ALICE.to_vec());
        for ((mechanism, message), at_most, seconds) in [
            (by_token.clone(), None, Some(60)),
            (by_token.clone(), Some(3), Some(3)),
            (by_token, Some(90), Some(60)),
            (by_password.clone(), Some(3), Some(3)),
            (by_password, None, None),
        ] {
            let session_lifetime = at_most.map(Duration::from_secs);
            let (sasl, now) = (ListenerSasl { session_lifetime, ..sasl() }, Instant::now());
            let mut login = chosen(mechanism);
            let step = login.authenticate(&message, &at(&sasl, now));
            let lifetime_ms = seconds.map_or(0, |seconds| seconds * 1000);
            assert_eq!(step.response.session_lifetime_ms, lifetime_ms);
            let end = now + second * seconds.unwrap_or(1000) as u32;
            assert!(login.admits(ApiKey::Produce, now + second / 2));
            assert_eq!(login.admits(ApiKey::Produce, end), seconds.is_none());
            assert!(login.admits(ApiKey::SaslHandshake, end));
        }
    }

    #[test]
    fn a_session_is_renewed_at_most_once_a_second_for_the_same_user() {
        let second = Duration::from_secs(1);
        let sasl = ListenerSasl { session_lifetime: Some(3 * second), ..sasl() };
        let begin = Instant::now();
        let mut login = chosen(Mechanism::Plain);
        login.authenticate(ALICE, &at(&sasl, begin));
        let later = begin + 2 * second;
        assert!(login.choose("PLAIN", &at(&sasl, later)).response.error_code.is_success());
        assert!(!login.admits(ApiKey::Produce, later));
        assert!(!login.authenticate(ALICE, &at(&sasl, later)).is_last);
        assert!(login.admits(ApiKey::Produce, later + 2 * second));
        let soon = login.choose("PLAIN", &at(&sasl, later + second / 2));
        assert_eq!(soon.response.error_code, ErrorCode::ILLEGAL_SASL_STATE);
        assert!(!soon.is_last);

        let later = &at(&sasl, later + second);
        for (name, message, said) in [
            (
                "PLAIN",
                BOB.to_vec(),
                "Cannot change principals during re-authentication from User.alice: User.bob",
            ),
            (
                "OAUTHBEARER",
                token("alice", 60),
                "SASL mechanism 'OAUTHBEARER' requested by client is not supported for \
                 re-authentication of mechanism 'PLAIN'",
            ),
        ] {
            let mut login = chosen(Mechanism::Plain);
            login.authenticate(ALICE, &at(&sasl, begin));
            assert!(!login.choose(name, later).is_last);
            let step = login.authenticate(&message, later);
            assert!(step.is_last && !login.is_done());
            assert_eq!(step.response.error_message.as_deref(), Some(said));
        }
    }
}
