//! The TLS stage of opening a connection.

use std::cell::Cell;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::timeout_at;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::descriptors::Socket;
use super::opening::{ConnectError, ConnectStage, Opening};
use super::security::as_tls;
use super::transport::describe;
use crate::error::{Error, ErrorKind};
use crate::tls::{ClientTls, Session};

/// Bytes of a request that are encrypted at a time. A few large writes cost fewer system calls.
const BUFFER: usize = 256 * 1024;

/// A socket that records whether the broker has sent anything.
#[derive(Debug)]
pub(super) struct Noting {
    socket: Socket,
    has_read: Rc<Cell<bool>>,
}

impl AsyncRead for Noting {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.socket).poll_read(context, buffer);
        if buffer.filled().len() > before {
            self.has_read.set(true);
        }
        polled
    }
}

impl AsyncWrite for Noting {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write_vectored(context, pieces)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(context)
    }
}

#[derive(Debug)]
pub(super) struct NotEncrypted {
    pub(super) error: ConnectError,
    /// True if the connection ended before the broker's first byte, as at ports without TLS.
    pub(super) is_silent: bool,
}

/// Runs the TLS handshake. Also returns the session, which explains failures after the handshake.
pub(super) async fn encrypt(
    opening: &Opening<'_>,
    tls: &ClientTls,
    socket: Socket,
) -> Result<(TlsStream<Noting>, Session), NotEncrypted> {
    let failed = |error| NotEncrypted { error, is_silent: false };
    let session = tls.session(&opening.address().host);
    let session =
        session.map_err(|error| failed(opening.refused(ConnectStage::Tls, &as_tls(&error))))?;
    let has_read = Rc::new(Cell::new(false));
    let socket = Noting { socket, has_read: Rc::clone(&has_read) };
    let connector = TlsConnector::from(session.config());
    let shaking = connector.connect_with(session.server_name(), socket, |connection| {
        connection.set_buffer_limit(Some(BUFFER));
    });
    match timeout_at(opening.deadline(), shaking).await {
        Ok(Ok(stream)) => Ok((stream, session)),
        Ok(Err(error)) => {
            let explained = explain(&session, &error, has_read.get());
            let error = opening.refused(ConnectStage::Tls, &explained);
            Err(NotEncrypted { error, is_silent: !has_read.get() })
        }
        Err(_) => Err(failed(opening.unreachable(ConnectStage::Tls, opening.no_answer()))),
    }
}

/// A connection that ends between the broker's first byte and its certificate gives no hint at the
/// cause. It is reported as a plain disconnection.
fn explain(session: &Session, error: &io::Error, has_read: bool) -> Error {
    let is_cut = error.kind() != io::ErrorKind::InvalidData
        && has_read
        && session.peer_expires_at().is_none();
    let explained = if is_cut { None } else { session.explain(error) };
    explained.unwrap_or_else(|| Error::new(ErrorKind::Disconnected, describe(error)))
}

/// Explains why the first exchange after the handshake failed. In TLS 1.3, a broker refuses a
/// client's certificate only then.
pub(super) fn explain_late(session: &Session, error: Error) -> Error {
    if error.kind() != ErrorKind::Disconnected {
        return error;
    }
    let source = std::error::Error::source(&error);
    let explained = match source.and_then(|source| source.downcast_ref::<io::Error>()) {
        Some(cause) => session.explain(cause),
        None => session.explain(&io::ErrorKind::UnexpectedEof.into()),
    };
    explained.filter(|explained| explained.kind() == ErrorKind::Tls).unwrap_or(error)
}
