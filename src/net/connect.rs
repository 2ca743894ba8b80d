//! Resolves a host name and connects a socket to one of its addresses.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::descriptors::Socket;
use super::opening::{ConnectError, ConnectStage, Opening};
use super::race::first_of;
use super::transport::describe;

/// Delay before the next address is tried while the previous one has not answered, as RFC 8305
/// recommends.
const HEAD_START: Duration = Duration::from_millis(250);

/// Connects to the host's first address that answers.
///
/// # Cancel safety
/// Dropping the future closes every socket that it opened.
pub(super) async fn connect(opening: &Opening<'_>) -> Result<Socket, ConnectError> {
    let addresses = resolve(opening).await?;
    connect_any(opening, &addresses, Socket::connect).await
}

async fn resolve(opening: &Opening<'_>) -> Result<Vec<SocketAddr>, ConnectError> {
    let address = opening.address();
    let host = (address.host.as_str(), address.port);
    let cause = match timeout_at(opening.deadline(), tokio::net::lookup_host(host)).await {
        Ok(Ok(found)) => {
            let found: Vec<_> = found.collect();
            if !found.is_empty() {
                return Ok(found);
            }
            "the host has no address".into()
        }
        Ok(Err(error)) => describe(&error),
        Err(_) => opening.no_answer(),
    };
    Err(opening.unreachable(ConnectStage::Dns, cause))
}

/// Tries every address before the deadline, even if earlier ones hang.
async fn connect_any<T>(
    opening: &Opening<'_>,
    addresses: &[SocketAddr],
    connect: impl AsyncFn(SocketAddr) -> io::Result<T>,
) -> Result<T, ConnectError> {
    let connect = &connect;
    let attempts = addresses.iter().map(|&address| async move {
        let cause = match timeout_at(opening.deadline(), connect(address)).await {
            Ok(Ok(socket)) => return Ok(socket),
            Ok(Err(error)) => describe(&error),
            Err(_) => opening.no_answer(),
        };
        Err((address.ip(), cause))
    });
    let left = opening.deadline().saturating_duration_since(Instant::now());
    let head_start = HEAD_START.min(left / addresses.len().max(1) as u32);
    let connected = first_of(attempts, head_start, |_| false).await;
    connected.map_err(|failures| opening.unreachable(ConnectStage::Tcp, all_causes(&failures)))
}

/// Returns the common cause if all addresses share it, as both of "localhost" usually do. Otherwise
/// lists the cause of each address.
fn all_causes(failures: &[(IpAddr, String)]) -> String {
    match failures {
        [(_, first), rest @ ..] if rest.iter().all(|(_, cause)| cause == first) => first.clone(),
        _ => {
            let each: Vec<_> =
                failures.iter().map(|(address, cause)| format!("{address}: {cause}")).collect();
            each.join(", ")
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use super::*;
    use crate::config::Address;
    use crate::error::ErrorKind;

    const LIMIT: Duration = Duration::from_millis(200);
    const FIRST: &str = "192.0.2.1:9092";
    const SECOND: &str = "192.0.2.2:9092";

    /// Opens a connection to a host with these addresses. Returns the result and the elapsed time.
    async fn open<T>(
        addresses: &[&str],
        connect: impl AsyncFn(&str) -> io::Result<T>,
    ) -> (Result<T, ConnectError>, Duration) {
        let host = Address { host: "broker".into(), port: 9092 };
        let resolved: Vec<_> =
            addresses.iter().map(|address| address.parse().expect("an address")).collect();
        let start = Instant::now();
        let opening = Opening::new(&host, LIMIT);
        let connect = async |address: SocketAddr| connect(&address.to_string()).await;
        let connected = connect_any(&opening, &resolved, connect).await;
        (connected, start.elapsed())
    }

    #[tokio::test(start_paused = true)]
    async fn addresses_that_hang_share_one_deadline() {
        let hang = async |_: &str| pending::<io::Result<()>>().await;
        let (connected, took) = open(&[FIRST, SECOND], hang).await;
        let error = connected.expect_err("both hang");
        assert_eq!(took, LIMIT);
        assert_eq!((error.stage, error.kind), (ConnectStage::Tcp, ErrorKind::Unreachable));
        assert_eq!(error.to_string(), "broker:9092 (TCP: no answer within 200ms)");
    }

    /// [`HEAD_START`] is longer than the whole limit here.
    #[tokio::test(start_paused = true)]
    async fn the_last_address_is_tried_before_the_deadline() {
        let last_answers = async |address: &str| match address {
            FIRST => pending().await,
            _ => Ok(address.to_owned()),
        };
        let (connected, took) = open(&[FIRST, SECOND], last_answers).await;
        assert_eq!(connected.expect("one answers"), SECOND);
        assert_eq!(took, LIMIT / 2);
    }

    #[tokio::test(start_paused = true)]
    async fn each_address_has_its_own_cause() {
        let fail = async |address: &str| match address {
            FIRST => pending::<io::Result<()>>().await,
            _ => Err(io::Error::from_raw_os_error(libc::ECONNREFUSED)),
        };
        let (connected, _) = open(&[FIRST, SECOND], fail).await;
        let said = connected.expect_err("neither answers").to_string();
        let causes = "192.0.2.1: no answer within 200ms, 192.0.2.2: Connection refused";
        assert_eq!(said, format!("broker:9092 (TCP: {causes})"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_cause_that_all_addresses_share_is_named_once() {
        let refuse = async |_: &str| Err::<(), _>(io::Error::from_raw_os_error(libc::ECONNREFUSED));
        let (connected, _) = open(&["127.0.0.1:9092", "[::1]:9092"], refuse).await;
        let said = connected.expect_err("both refuse").to_string();
        assert_eq!(said, "broker:9092 (TCP: Connection refused)");
    }
}
