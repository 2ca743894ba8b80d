//! From an address to a connected socket, and what to say when that fails.

use std::fmt;
use std::time::Duration;

use tokio::time::timeout;

use super::descriptors::Socket;
use super::race::first_of;
use super::transport::describe;
use crate::config::Address;

/// How far a connection got before it failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Finding the host's addresses.
    Dns,
    /// Reaching one of them.
    Tcp,
    /// Agreeing on versions of the protocol.
    ApiVersions,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Dns => "DNS",
            Self::Tcp => "TCP",
            Self::ApiVersions => "ApiVersions",
        })
    }
}

/// An address that could not be connected, and why.
#[derive(Debug, Clone)]
pub struct ConnectError {
    /// As configured, or as the cluster gave it.
    pub address: Address,
    /// How far it got.
    pub stage: Stage,
    /// What the operating system or the broker said.
    pub cause: String,
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}: {})", self.address, self.stage, self.cause)
    }
}

impl std::error::Error for ConnectError {}

/// How long one address of a host is waited for before the next is tried beside it: RFC 8305's
/// recommendation.
const HEAD_START: Duration = Duration::from_millis(250);

/// Connects to the first of the host's addresses that answers.
///
/// # Cancel safety
/// Dropping it closes what was opened.
pub(super) async fn connect(address: &Address, limit: Duration) -> Result<Socket, ConnectError> {
    let failed = |stage, cause| ConnectError { address: address.clone(), stage, cause };
    let found = timeout(limit, tokio::net::lookup_host((address.host.as_str(), address.port)));
    let found = match found.await {
        Ok(Ok(found)) => found,
        Ok(Err(error)) => return Err(failed(Stage::Dns, describe(&error))),
        Err(_) => return Err(failed(Stage::Dns, format!("no answer within {limit:?}"))),
    };
    let attempts = found.map(|resolved| async move {
        match timeout(limit, Socket::connect(resolved)).await {
            Ok(Ok(socket)) => Ok(socket),
            Ok(Err(error)) => Err(describe(&error)),
            Err(_) => Err(format!("no answer within {limit:?}")),
        }
    });
    first_of(attempts, HEAD_START).await.map_err(|mut causes| {
        // "localhost" alone has two addresses that are refused for the same reason.
        causes.dedup();
        if causes.is_empty() {
            return failed(Stage::Dns, "the host has no address".into());
        }
        failed(Stage::Tcp, causes.join(", "))
    })
}
