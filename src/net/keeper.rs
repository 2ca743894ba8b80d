//! What keeps an open connection usable: logs in again before the login ends, and makes way for a
//! connection with a newer certificate.

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

/// How long to wait before credentials are asked for again.
const BETWEEN_TRIES: Duration = Duration::from_secs(1);

/// When to look for a newer certificate: this part of the old one's life before its end, and at most
/// so long before.
const BEFORE_EXPIRY: f64 = 0.2;
const LONGEST_BEFORE_EXPIRY: Duration = Duration::from_secs(3600);

/// How often to look from then on.
const BETWEEN_LOOKS: Duration = Duration::from_secs(60);
const SHORTEST_BETWEEN_LOOKS: Duration = Duration::from_secs(2);

/// An open connection, and what it was opened with.
#[derive(Debug)]
pub(super) struct Keeper {
    pub(super) pipeline: Rc<Pipeline>,
    pub(super) versions: Rc<Versions>,
    pub(super) security: Rc<LinkSecurity>,
    pub(super) tls: Option<Rc<ClientTls>>,
}

impl Keeper {
    /// Whether there is anything to do.
    pub(super) fn is_needed(&self, lease: Lease) -> bool {
        lease.due(0.0).is_some() || self.ending_certificate().is_some()
    }

    /// Keeps the connection usable until it has ended.
    pub(super) async fn run(self, lease: Lease) {
        tokio::select! {
            () = self.pipeline.closed() => {}
            reason = self.keep(lease) => {
                self.drained().await;
                self.pipeline.end(&reason);
            }
        }
    }

    /// Renews the login whenever that is due. Returns why the connection must end.
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
                    // Every request before it is answered.
                    self.pipeline.end(&format!("the broker does not renew the login: {error}"));
                    return pending().await;
                }
            };
        }
    }

    /// Logs in again; `None` is that until then no credentials were to be had.
    async fn renewed(&self, last_call: Instant) -> Result<Option<Lease>> {
        let login = loop {
            match timeout_at(last_call, self.security.renewal()).await {
                Ok(Ok(Some(login))) => break login,
                Ok(Ok(None)) | Err(_) => return Ok(None),
                Ok(Err(_)) if Instant::now() + BETWEEN_TRIES >= last_call => return Ok(None),
                Ok(Err(_)) => sleep(BETWEEN_TRIES).await,
            }
        };
        // Behind the requests that are written, before those that are queued: none may come between.
        // Brokers answer the requests before it first, each within `request_timeout`.
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

    /// Returns when the connection's own certificate is about to end, and a newer one is there.
    /// Without a newer one the connection stays: brokers look at certificates when it is opened.
    async fn newer_certificate(&self) {
        let Some((tls, expires_at)) = self.ending_certificate() else { return pending().await };
        let left = || expires_at.duration_since(SystemTime::now()).unwrap_or_default();
        let before = left().mul_f64(BEFORE_EXPIRY).min(LONGEST_BEFORE_EXPIRY);
        sleep(left().saturating_sub(before)).await;
        loop {
            // What cannot be loaded is logged there.
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

    /// The client's own certificate, if it can be replaced, and when it ends.
    fn ending_certificate(&self) -> Option<(&Rc<ClientTls>, SystemTime)> {
        let tls = self.tls.as_ref().filter(|_| self.security.tls_may_change())?;
        Some((tls, tls.expires_at()?))
    }

    /// Takes no more requests, and waits until every one that is written has been processed. Brokers
    /// answer in order, and read what asks for no answer before what comes behind it.
    async fn drained(&self) {
        self.pipeline.stop();
        // If it fails, the connection has ended by itself.
        let _ended = self.pipeline.call_ahead(&ApiVersionsRequest::default(), 0).await;
    }
}

/// A number between 0 and 1.
fn chance() -> f64 {
    let mut byte = [0];
    // Without randomness, connections are renewed together.
    let _without = SystemRandom::new().fill(&mut byte);
    f64::from(byte[0]) / 255.0
}

#[cfg(test)]
mod tests;
