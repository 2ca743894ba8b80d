//! The SASL stage of opening a connection: negotiates a mechanism and runs its messages.

use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;
use zeroize::Zeroizing;

use super::lease::Lease;
use super::pipeline::{Pipeline, decode};
use super::security::Login;
use super::versions::Versions;
use crate::error::{Error, ErrorCode, ErrorKind, Result, shown};
use crate::protocol::{
    Request, SaslAuthenticateRequest, SaslAuthenticateResponse, SaslHandshakeRequest,
    encode_request,
};
use crate::sasl::{Client, Next, is_for_now};

/// The broker's answer to a requested mechanism.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Offer {
    /// The mechanism is enabled, and the broker expects its first message.
    Accepted,
    /// The mechanism is not enabled. Lists those that are. The broker closes the connection.
    Others(Vec<String>),
    /// The listener does not use SASL.
    NoSasl,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LoggedIn {
    Yes(Lease),
    /// Another mechanism must be tried, on a new connection.
    Again,
}

pub(super) async fn choose(pipeline: &Pipeline, mechanism: &str) -> Result<Offer> {
    let request = SaslHandshakeRequest { mechanism: mechanism.to_owned() };
    let response = pipeline.call_ahead(&request, SaslHandshakeRequest::VERSIONS.1).await?;
    match response.error_code {
        code if code.is_success() => Ok(Offer::Accepted),
        ErrorCode::UNSUPPORTED_SASL_MECHANISM => Ok(Offer::Others(response.mechanisms)),
        ErrorCode::ILLEGAL_SASL_STATE => Ok(Offer::NoSasl),
        code => {
            let message = format!("the broker answered {code} to SaslHandshake");
            Err(Error::new(ErrorKind::Authentication, message).code(code))
        }
    }
}

pub(super) async fn log_in(
    pipeline: &Pipeline,
    versions: &Versions,
    login: &Login<'_>,
) -> Result<LoggedIn> {
    let mechanism = login.mechanism();
    match choose(pipeline, mechanism).await? {
        Offer::Accepted => authenticate(pipeline, versions, login).await.map(LoggedIn::Yes),
        Offer::Others(offered) if login.adapt(&offered) => Ok(LoggedIn::Again),
        Offer::Others(offered) => {
            let message = format!(
                "the broker does not offer {mechanism}; it offers {}: use one of these, or enable \
                 {mechanism} in the listener's sasl.enabled.mechanisms",
                list(&offered)
            );
            let error = Error::new(ErrorKind::Authentication, message);
            Err(error.code(ErrorCode::UNSUPPORTED_SASL_MECHANISM))
        }
        Offer::NoSasl => {
            let message = "the listener does not use SASL; leave user and password out, or connect \
                           to the port of the broker's SASL listener";
            let error = Error::new(ErrorKind::Authentication, message);
            Err(error.code(ErrorCode::ILLEGAL_SASL_STATE))
        }
    }
}

/// Formats mechanism names for an error. They come from the broker and are not trusted.
pub(super) fn list(offered: &[String]) -> String {
    if offered.is_empty() {
        return "none".to_owned();
    }
    let names: Vec<_> = offered.iter().take(10).map(|name| shown(name)).collect();
    names.join(", ")
}

/// Exchanges SASL messages until the login succeeds or fails.
async fn authenticate(
    pipeline: &Pipeline,
    versions: &Versions,
    login: &Login<'_>,
) -> Result<Lease> {
    let version = versions.best::<SaslAuthenticateRequest>()?;
    let mut client = login.start()?;
    let mut message = client.first();
    let mut derived = None;
    loop {
        // The broker starts its count later, so the lease ends slightly early.
        let begun = Instant::now();
        let response = match exchange(pipeline, version, message).await {
            // The broker sent the reason in its previous answer, then closed the connection.
            Err(_) if client.is_refused() => {
                login.forget();
                return Err(Error::new(ErrorKind::Authentication, client.refusal("")));
            }
            response => response?,
        };
        match response.error_code {
            code if code.is_success() => {}
            code => {
                let said = response.error_message.unwrap_or_default();
                let refusal = refused(&client, code, &said);
                if refusal.refuses_connection() {
                    login.forget();
                }
                return Err(refusal);
            }
        }
        let answered = client.answer(&response.auth_bytes).inspect_err(|_| login.forget());
        let next = match answered? {
            Next::Derive(derivation) => {
                let (derivation, keys) = login.keys(derivation).await?;
                let next = client.derived(keys.clone())?;
                derived = Some((derivation, keys));
                next
            }
            next => next,
        };
        message = match next {
            Next::Send(message) => message,
            Next::Done => {
                if let Some((derivation, keys)) = derived {
                    login.keep(derivation, keys);
                }
                let lifetime = Duration::from_millis(response.session_lifetime_ms.max(0) as u64);
                return Ok(Lease::new(begun, lifetime, login.expires_at()));
            }
            Next::Derive(_) => unreachable!("keys are derived once"),
        };
    }
}

fn refused(client: &Client, code: ErrorCode, said: &str) -> Error {
    let message = if code == ErrorCode::SASL_AUTHENTICATION_FAILED {
        client.refusal(said)
    } else {
        format!("the broker answered {code} to SaslAuthenticate{}", client.quote(said))
    };
    let kind = if is_for_now(said) { ErrorKind::Unreachable } else { ErrorKind::Authentication };
    Error::new(kind, message).code(code)
}

/// Sends one SASL message. Its copies are zeroized, as it may hold a password.
async fn exchange(
    pipeline: &Pipeline,
    version: i16,
    message: Zeroizing<Vec<u8>>,
) -> Result<SaslAuthenticateResponse> {
    let answer = pipeline.send_ahead(|correlation_id| {
        let request = SaslAuthenticateRequest { auth_bytes: Bytes::from_owner(message).into() };
        let frame = encode_request(&request, version, correlation_id, pipeline.client_id());
        vec![Bytes::from_owner(Zeroizing::new(Vec::from(frame)))]
    });
    decode::<SaslAuthenticateRequest>(&answer.wait().await?, version)
}
