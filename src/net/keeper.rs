//! Keeps an open connection usable: renews its login, and ends the connection when a newer
//! certificate is available.

use std::future::pending;
use std::pin::pin;
use std::rc::Rc;
use std::time::{Duration, SystemTime};

use ring::rand::{SecureRandom, SystemRandom};
use tokio::time::{Instant, sleep, sleep_until, timeout_at};

use super::authentication::{LoggedIn, log_in};
use super::lease::Lease;
use super::pipeline::Pipeline;
use super::security::LinkSecurity;
use super::versions::Versions;
use crate::error::{Error, ErrorKind, Result};
use crate::protocol::ApiVersionsRequest;
use crate::tls::ClientTls;

/// Pause between two requests for credentials.
const BETWEEN_TRIES: Duration = Duration::from_secs(1);

/// When to start looking for a newer certificate: at this fraction of the validity that was left
/// when the connection opened, and at most an hour before expiry.
const BEFORE_EXPIRY: f64 = 0.2;
const LONGEST_BEFORE_EXPIRY: Duration = Duration::from_secs(3600);

/// Bounds of the pause between two checks for a newer certificate, before jitter.
const BETWEEN_LOOKS: Duration = Duration::from_secs(60);
const SHORTEST_BETWEEN_LOOKS: Duration = Duration::from_secs(2);

/// An open connection with the TLS settings that it was opened with.
#[derive(Debug)]
pub(super) struct Keeper {
    pub(super) pipeline: Rc<Pipeline>,
    pub(super) versions: Rc<Versions>,
    pub(super) security: Rc<LinkSecurity>,
    pub(super) tls: Option<Rc<ClientTls>>,
}

impl Keeper {
    /// Returns whether the login or the certificate will expire.
    pub(super) fn is_needed(&self, lease: Lease) -> bool {
        lease.due(0.0).is_some() || self.ending_certificate().is_some()
    }

    /// Runs until the connection has ended.
    pub(super) async fn run(self, lease: Lease) {
        tokio::select! {
            () = self.pipeline.closed() => {}
            reason = self.keep(lease) => {
                self.drained().await;
                self.pipeline.end(&reason);
            }
        }
    }

    /// Renews the login whenever due. Returns why the connection must end.
    async fn keep(&self, mut lease: Lease) -> String {
        let mut newer = pin!(self.newer_certificate());
        loop {
            let due = async {
                match lease.due(chance()) {
                    Some(due) => sleep_until(due).await,
                    None => pending().await,
                }
            };
            tokio::select! {
                () = due => {}
                () = &mut newer => return "a newer certificate is there".to_owned(),
            }
            if !self.pipeline.was_used_since(lease.begun()) {
                return "the login of an unused connection ends".to_owned();
            }
            let Some(last_call) = lease.last_call().filter(|_| lease.is_renewable()) else {
                return "the login ends".to_owned();
            };
            lease = match self.renewed(last_call).await {
                Ok(Some(lease)) => lease,
                Ok(None) => return "the login ends, and there is no other".to_owned(),
                Err(error) => {
                    // The broker has answered every earlier request, so no request in flight is
                    // lost.
                    self.pipeline.end(&format!("the broker does not renew the login: {error}"));
                    return pending().await;
                }
            };
        }
    }

    /// Logs in again. Returns `None` if no credentials are available before `last_call`.
    async fn renewed(&self, last_call: Instant) -> Result<Option<Lease>> {
        let login = loop {
            match timeout_at(last_call, self.security.renewal()).await {
                Ok(Ok(Some(login))) => break login,
                Ok(Ok(None)) | Err(_) => return Ok(None),
                Ok(Err(_)) if Instant::now() + BETWEEN_TRIES >= last_call => return Ok(None),
                Ok(Err(_)) => sleep(BETWEEN_TRIES).await,
            }
        };
        // The login follows the requests already written and precedes the queued ones: no request
        // may come between its messages. Brokers answer the earlier requests first, each within
        // `request_timeout`.
        let _held = self.pipeline.hold();
        let renewed = match log_in(&self.pipeline, &self.versions, &login).await {
            Ok(LoggedIn::Yes(lease)) => Ok(Some(lease)),
            Ok(LoggedIn::Again) => {
                Err(Error::new(ErrorKind::Authentication, "it offers another mechanism now"))
            }
            Err(error) => Err(error),
        };
        self.security.counts().renewal(renewed.is_ok());
        renewed
    }

    /// Returns once the client's certificate is about to expire and a newer one is loaded. Without
    /// a newer one the connection stays open: brokers check certificates only when it is opened.
    async fn newer_certificate(&self) {
        let Some((tls, expires_at)) = self.ending_certificate() else { return pending().await };
        let left = || expires_at.duration_since(SystemTime::now()).unwrap_or_default();
        let before = left().mul_f64(BEFORE_EXPIRY).min(LONGEST_BEFORE_EXPIRY);
        sleep(left().saturating_sub(before)).await;
        loop {
            // A load failure is logged by `tls()`.
            if let Ok(Some(loaded)) = self.security.tls().await
                && !Rc::ptr_eq(tls, &loaded)
                && loaded.expires_at().is_none_or(|at| at > expires_at)
            {
                return;
            }
            let is_over = left().is_zero();
            let pause = if is_over { BETWEEN_LOOKS } else { before / 4 };
            let pause = pause.clamp(SHORTEST_BETWEEN_LOOKS, BETWEEN_LOOKS);
            sleep(pause.mul_f64(0.5 + chance() / 2.0)).await;
        }
    }

    /// Returns the client's certificate and its expiry, if the certificate can be replaced.
    fn ending_certificate(&self) -> Option<(&Rc<ClientTls>, SystemTime)> {
        let tls = self.tls.as_ref().filter(|_| self.security.tls_may_change())?;
        Some((tls, tls.expires_at()?))
    }

    /// Stops writing queued requests, and waits until the broker has processed all written ones.
    /// Brokers answer in order. They also read requests without an answer in order.
    async fn drained(&self) {
        self.pipeline.stop();
        // This fails only if the connection has ended.
        let _ended = self.pipeline.call_ahead(&ApiVersionsRequest::default(), 0).await;
    }
}

/// Returns a random number from 0 to 1, for jitter.
fn chance() -> f64 {
    let mut byte = [0];
    // Without randomness, all connections are renewed at the same time.
    let _without = SystemRandom::new().fill(&mut byte);
    f64::from(byte[0]) / 255.0
}

#[cfg(test)]
mod tests;
