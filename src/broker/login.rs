//! SASL as Kafka's brokers speak it: which requests a connection may send before it has
//! authenticated, and what the answers are.

#[cfg(test)]
mod tests;

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
        let next = self.check_mechanism(mechanism).and_then(|()| step(server, sasl, token, by));
        let answered = next.and_then(|next| self.advance(mechanism, next, sasl, by));
        answered.unwrap_or_else(|message| {
            refused(ErrorCode::SASL_AUTHENTICATION_FAILED, Some(message), false)
        })
    }

    /// The client's message was accepted. Its user may still be the wrong one.
    fn advance(
        &mut self,
        mechanism: ServerMechanism,
        next: ServerNext,
        sasl: &ListenerSasl,
        by: &Circumstances<'_>,
    ) -> Result<Step<SaslAuthenticateResponse>, String> {
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
            session_lifetime_ms: lifetime.map_or(0, |lifetime| lifetime.as_millis() as i64),
            ..SaslAuthenticateResponse::default()
        };
        Ok(Step { response, is_last: false })
    }

    /// A session is renewed by the mechanism that it began with.
    fn check_mechanism(&self, mechanism: ServerMechanism) -> Result<(), String> {
        match &self.session {
            Some(session) if session.mechanism != mechanism => Err(format!(
                "SASL mechanism '{}' requested by client is not supported for re-authentication \
                 of mechanism '{}'",
                mechanism.name(),
                session.mechanism.name()
            )),
            _ => Ok(()),
        }
    }

    /// A session is renewed by the user that it began with.
    fn check_user(&self, user: &str) -> Result<(), String> {
        match &self.session {
            Some(Session { user: before, .. }) if before != user => Err(format!(
                "Cannot change principals during re-authentication from User.{before}: User.{user}"
            )),
            _ => Ok(()),
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
    let left = accepted.ends_at_ms.map(|ends_at_ms| (ends_at_ms - now_ms).max(0));
    let left = left.map(|left| Duration::from_millis(left as u64));
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
