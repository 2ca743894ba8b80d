//! A connection to a broker, open and ready for requests in versions that both sides support.

use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use tokio::task::{AbortHandle, spawn_local};

use super::authentication::list;
use super::handshake::Prepared;
use super::keeper::Keeper;
use super::opening::{ConnectError, ConnectStage, Opening};
use super::pipeline::{PendingAnswer, Pipeline, PipelineSettings};
use super::security::LinkSecurity;
use super::versions::Versions;
use crate::config::Address;
use crate::error::{Error, ErrorKind, Result};
use crate::protocol::Request;

#[derive(Debug, Clone)]
pub struct LinkSettings {
    /// Maximum time to open a connection, all stages together.
    pub setup_timeout: Duration,
    pub security: Rc<LinkSecurity>,
    pub pipeline: PipelineSettings,
}

/// A connection that is ready for requests. Dropping it closes the connection.
#[derive(Debug)]
pub struct Link {
    pipeline: Rc<Pipeline>,
    versions: Rc<Versions>,
    keeper: Option<AbortHandle>,
}

impl Link {
    /// Opens a connection within `setup_timeout`, after its certificates and credentials are
    /// loaded.
    ///
    /// # Cancel safety
    /// Dropping the future closes the connection.
    pub async fn open(address: &Address, settings: &LinkSettings) -> Result<Self, ConnectError> {
        let opening = || Opening::new(address, settings.setup_timeout);
        let prepared = Prepared::new(&settings.security, &opening()).await?;
        let (pipeline, versions, lease) = prepared.open(&opening(), &settings.pipeline).await?;
        let (pipeline, versions) = (Rc::new(pipeline), Rc::new(versions));
        let keeper = Keeper {
            pipeline: Rc::clone(&pipeline),
            versions: Rc::clone(&versions),
            security: Rc::clone(&settings.security),
            tls: prepared.tls.clone(),
        };
        let keeper = keeper.is_needed(lease).then(|| spawn_local(keeper.run(lease)).abort_handle());
        Ok(Self { pipeline, versions, keeper })
    }

    /// Explains why a broker closed the connection of a client without a login. Returns an error if
    /// the broker requires a login.
    pub async fn explain_closed(
        address: &Address,
        settings: &LinkSettings,
    ) -> Option<ConnectError> {
        if settings.security.has_login() {
            return None;
        }
        let opening = Opening::new(address, settings.setup_timeout);
        let prepared = Prepared::new(&settings.security, &opening).await.ok()?;
        let offered = prepared.offered(&opening, &settings.pipeline).await?;
        let message = format!(
            "the broker wants a login, and closes connections without one; it offers {}: give \
             security=Security.sasl_scram(user, password), or sasl_plain",
            list(&offered)
        );
        let error = Error::new(ErrorKind::Authentication, message);
        Some(opening.refused(ConnectStage::Sasl, &error))
    }

    pub fn versions(&self) -> &Versions {
        &self.versions
    }

    /// Returns whether new requests fail.
    pub fn is_closed(&self) -> bool {
        self.pipeline.is_closed()
    }

    /// Returns once the connection has ended. Unless it was aborted, its requests fail before that.
    pub async fn closed(&self) {
        self.pipeline.closed().await;
    }

    /// Sends a request in the newest version that both sides support, and waits for the answer.
    pub async fn call<R: Request>(&self, request: &R) -> Result<R::Response> {
        let version = self.versions.best::<R>()?;
        self.pipeline.call(request, version).await
    }

    /// Sends a frame that `encode` builds for a correlation id. The frame is queued when this
    /// returns.
    pub fn send(&self, encode: impl FnOnce(i32) -> Vec<Bytes>) -> PendingAnswer {
        self.pipeline.send(encode)
    }

    /// Sends a frame that the broker does not answer. Once written, it completes with an empty
    /// frame.
    pub fn send_unanswered(&self, encode: impl FnOnce(i32) -> Vec<Bytes>) -> PendingAnswer {
        self.pipeline.send_unanswered(encode)
    }

    /// Closes the connection, even with requests in flight.
    pub fn abort(&self) {
        self.pipeline.abort();
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        // The keeper task shares the pipeline, and drops it only when the runtime next polls it.
        self.pipeline.abort();
        if let Some(keeper) = &self.keeper {
            keeper.abort();
        }
    }
}

#[cfg(test)]
mod tests;
