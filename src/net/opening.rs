//! One attempt to open a connection: its deadline and its errors. Each stage lives in another
//! module.

use std::fmt;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use crate::config::Address;
use crate::error::{Error, ErrorCode, ErrorKind, Result};

/// The stages of opening a connection, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConnectStage {
    Dns,
    Tcp,
    Tls,
    ApiVersions,
    Sasl,
}

impl fmt::Display for ConnectStage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Dns => "DNS",
            Self::Tcp => "TCP",
            Self::Tls => "TLS",
            Self::ApiVersions => "ApiVersions",
            Self::Sasl => "SASL",
        })
    }
}

#[derive(Debug, Clone)]
pub struct ConnectError {
    /// The broker's address, as configured or as listed in the cluster's metadata.
    pub address: Address,
    /// The stage that failed or timed out.
    pub stage: ConnectStage,
    /// `Unreachable` if another attempt may succeed; otherwise the broker refuses this client.
    pub kind: ErrorKind,
    /// The Kafka error code, if the broker sent one.
    pub code: Option<ErrorCode>,
    /// The message of the operating system, the broker or a decoder.
    pub cause: String,
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}: {})", self.address, self.stage, self.cause)
    }
}

impl std::error::Error for ConnectError {}

impl From<ConnectError> for Error {
    fn from(error: ConnectError) -> Self {
        let converted = Self::new(error.kind, error.to_string());
        match error.code {
            Some(code) => converted.code(code),
            None => converted,
        }
    }
}

/// An attempt to open a connection. All stages share one deadline.
#[derive(Debug)]
pub(super) struct Opening<'a> {
    address: &'a Address,
    limit: Duration,
    deadline: Instant,
}

impl<'a> Opening<'a> {
    /// Starts an attempt that may take `limit`.
    pub(super) fn new(address: &'a Address, limit: Duration) -> Self {
        Self { address, limit, deadline: Instant::now() + limit }
    }

    pub(super) fn address(&self) -> &'a Address {
        self.address
    }

    pub(super) fn deadline(&self) -> Instant {
        self.deadline
    }

    /// Returns the cause of a failure at the deadline. It names the limit of the whole attempt, not
    /// the time left for the stage.
    pub(super) fn no_answer(&self) -> String {
        format!("no answer within {:?}", self.limit)
    }

    /// Runs a stage until it ends or the deadline passes.
    pub(super) async fn stage<T>(
        &self,
        stage: ConnectStage,
        work: impl Future<Output = Result<T>>,
    ) -> Result<T, ConnectError> {
        match timeout_at(self.deadline, work).await {
            Ok(done) => done.map_err(|error| self.refused(stage, &error)),
            Err(_) => Err(self.unreachable(stage, self.no_answer())),
        }
    }

    /// Returns the error of a stage that reached no broker.
    pub(super) fn unreachable(&self, stage: ConnectStage, cause: String) -> ConnectError {
        let address = self.address.clone();
        ConnectError { address, stage, kind: ErrorKind::Unreachable, code: None, cause }
    }

    /// Returns the error of a stage that was refused, or that lost its connection.
    pub(super) fn refused(&self, stage: ConnectStage, error: &Error) -> ConnectError {
        let cause = error.to_string();
        match error.kind() {
            // Only the handshake was in flight, so the broker counts as unreachable.
            ErrorKind::Disconnected => self.unreachable(stage, cause),
            kind => {
                let address = self.address.clone();
                ConnectError { address, stage, kind, code: error.context().code, cause }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use tokio::time::sleep;

    use super::*;

    const LIMIT: Duration = Duration::from_millis(200);

    const CLUSTER_AUTHORIZATION_FAILED: ErrorCode = ErrorCode(31);

    fn address() -> Address {
        Address { host: "broker".into(), port: 9092 }
    }

    #[tokio::test(start_paused = true)]
    async fn stages_share_one_deadline() {
        let (address, start) = (address(), Instant::now());
        let opening = Opening::new(&address, LIMIT);
        let slow = async {
            sleep(LIMIT * 3 / 4).await;
            Ok("resolved")
        };
        assert_eq!(
            opening.stage(ConnectStage::Dns, slow).await.expect("it is in time"),
            "resolved"
        );
        let late = opening.stage(ConnectStage::ApiVersions, pending::<Result<()>>()).await;
        let late = late.expect_err("the broker hangs");
        assert_eq!(start.elapsed(), LIMIT);
        assert_eq!((late.kind, late.code), (ErrorKind::Unreachable, None));
        assert_eq!(late.to_string(), "broker:9092 (ApiVersions: no answer within 200ms)");
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_keeps_its_kind_and_code() {
        let refusals = [
            (ErrorKind::UnsupportedVersion, None),
            (ErrorKind::Protocol, None),
            (ErrorKind::Broker, Some(CLUSTER_AUTHORIZATION_FAILED)),
        ];
        let address = address();
        let opening = Opening::new(&address, LIMIT);
        for (kind, code) in refusals {
            let refusal = Error::new(kind, "no");
            let refusal = code.into_iter().fold(refusal, Error::code);
            let failed =
                opening.stage(ConnectStage::ApiVersions, async { Err::<(), _>(refusal) }).await;
            let error = Error::from(failed.expect_err("it is refused"));
            assert_eq!((error.kind(), error.context().code), (kind, code));
            assert_eq!(error.to_string(), "broker:9092 (ApiVersions: no)");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_lost_connection_is_an_unreachable_broker() {
        let address = address();
        let opening = Opening::new(&address, LIMIT);
        let lost = Error::new(ErrorKind::Disconnected, "gone").code(ErrorCode::NETWORK_EXCEPTION);
        let failed = opening.stage(ConnectStage::ApiVersions, async { Err::<(), _>(lost) }).await;
        let error = Error::from(failed.expect_err("it is lost"));
        assert_eq!((error.kind(), error.context().code), (ErrorKind::Unreachable, None));
    }
}
