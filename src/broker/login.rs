//! The broker's side of SASL, as in Kafka: the requests that an unauthenticated connection may
//! send, and their responses.

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

const NONCE_SIZE: usize = 18;

/// Minimum time between two re-authentications of a connection, as in Kafka's brokers.
const BETWEEN_LOGINS: Duration = Duration::from_secs(1);

/// A connection's authenticated user, and the progress of its next login.
#[derive(Debug)]
pub(super) struct Login {
    stage: Stage,
    /// `None` before the first login.
    session: Option<Session>,
    /// When the client started its last re-authentication.
    renewed_at: Option<Instant>,
}

/// The progress of a login. As in Kafka, requests must come in this order.
#[derive(Debug)]
enum Stage {
    /// The client has sent no request.
    Opened,
    /// The client has received the API versions.
    Negotiated,
    /// The client has chosen a mechanism and is authenticating.
    Authenticating(Server),
    /// The client may send any request.
    Done,
}

/// A successful login.
#[derive(Debug)]
struct Session {
    mechanism: ServerMechanism,
    user: String,
    /// When the client must have authenticated again.
    ends_at: Option<Instant>,
}

/// The inputs of a login step besides the client's message.
#[derive(Debug, Clone, Copy)]
pub(super) struct LoginContext<'a> {
    /// `None` if clients need not authenticate.
    pub(super) sasl: Option<&'a ListenerSasl>,
    /// The injected error.
    pub(super) error: Option<ErrorCode>,
    pub(super) locked_out: &'a BTreeSet<String>,
    pub(super) now: Instant,
    /// Milliseconds since 1970.
    pub(super) now_ms: i64,
}

/// A response, and whether the connection closes after it.
#[derive(Debug)]
pub(super) struct Step<T> {
    pub(super) response: T,
    pub(super) is_last: bool,
}

impl Login {
    pub(super) fn new(sasl: Option<&ListenerSasl>) -> Self {
        let stage = if sasl.is_some() { Stage::Opened } else { Stage::Done };
        Self { stage, session: None, renewed_at: None }
    }

    /// Returns whether the client has authenticated, or need not.
    pub(super) fn is_done(&self) -> bool {
        matches!(self.stage, Stage::Done)
    }

    /// Returns whether a request of this API is allowed. If not, the connection closes.
    pub(super) fn allows(&self, api: ApiKey, now: Instant) -> bool {
        match self.stage {
            Stage::Opened => matches!(api, ApiKey::ApiVersions | ApiKey::SaslHandshake),
            Stage::Negotiated => api == ApiKey::SaslHandshake,
            Stage::Authenticating(_) => api == ApiKey::SaslAuthenticate,
            Stage::Done => {
                let ends_at = self.session.as_ref().and_then(|session| session.ends_at);
                api == ApiKey::SaslHandshake || ends_at.is_none_or(|ends_at| now < ends_at)
            }
        }
    }

    /// Called after an `ApiVersions` response. The client may not request the versions again before
    /// it has authenticated.
    pub(super) fn negotiated(&mut self) {
        if matches!(self.stage, Stage::Opened) {
            self.stage = Stage::Negotiated;
        }
    }

    pub(super) fn choose(
        &mut self,
        name: &str,
        by: &LoginContext<'_>,
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
                self.stage = Stage::Authenticating(Server::new(*mechanism));
                ErrorCode::NONE
            }
        };
        let mechanisms = sasl.mechanisms.iter();
        let mechanisms = mechanisms.map(|enabled| enabled.name().to_owned()).collect();
        let response = SaslHandshakeResponse { error_code, mechanisms };
        Step { response, is_last: !error_code.is_success() }
    }

    /// Returns whether the client may authenticate again. Only sessions with an end can be renewed.
    fn may_renew(&self, now: Instant) -> bool {
        let ends = self.session.as_ref().is_some_and(|session| session.ends_at.is_some());
        ends && self.renewed_at.is_none_or(|before| now >= before + BETWEEN_LOGINS)
    }

    pub(super) fn authenticate(
        &mut self,
        token: &[u8],
        by: &LoginContext<'_>,
    ) -> Step<SaslAuthenticateResponse> {
        let (Some(sasl), Stage::Authenticating(server)) = (by.sasl, &self.stage) else {
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

    /// Continues or completes the login after an accepted message. A renewal by another user fails.
    fn advance(
        &mut self,
        mechanism: ServerMechanism,
        next: ServerNext,
        sasl: &ListenerSasl,
        by: &LoginContext<'_>,
    ) -> Result<Step<SaslAuthenticateResponse>, String> {
        let (answer, lifetime) = match next {
            ServerNext::Continue(server, answer) => {
                self.stage = Stage::Authenticating(server);
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

    /// A session must be renewed with its original mechanism.
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

    /// A session must be renewed by its original user.
    fn check_user(&self, user: &str) -> Result<(), String> {
        match &self.session {
            Some(Session { user: before, .. }) if before != user => Err(format!(
                "Cannot change principals during re-authentication from User.{before}: User.{user}"
            )),
            _ => Ok(()),
        }
    }
}

/// Returns the next state, or Kafka's error message.
fn step(
    server: &Server,
    sasl: &ListenerSasl,
    token: &[u8],
    by: &LoginContext<'_>,
) -> Result<ServerNext, String> {
    let mut nonce = [0; NONCE_SIZE];
    SystemRandom::new().fill(&mut nonce).map_err(|_| "the system is out of entropy")?;
    let LoginContext { locked_out, now_ms, .. } = *by;
    let ListenerSasl { users, tokens, salt, .. } = sasl;
    let known = Known { users, tokens, locked_out, salt: salt.as_bytes(), nonce: &nonce, now_ms };
    server.step(token, &known)
}

/// Returns how long a login is valid: until its token expires, but at most the listener's limit.
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
