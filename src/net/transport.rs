//! What a connection reads and writes: plain TCP today. The pipeline knows no more of it than
//! this, so an encrypted stream takes the socket's place without a change there.

use std::cell::RefCell;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A stream of bytes in both directions.
pub(super) trait Transport: AsyncRead + AsyncWrite + Unpin + 'static {}

impl<T: AsyncRead + AsyncWrite + Unpin + 'static> Transport for T {}

/// Splits a transport into its directions. Both must be polled by one task: the cell stands for
/// the lock that `tokio::io::split` takes in each call, and a transport may remember one waker
/// only.
pub(super) fn split<T: Transport>(transport: &RefCell<T>) -> (ReadHalf<'_, T>, WriteHalf<'_, T>) {
    (ReadHalf(transport), WriteHalf(transport))
}

/// The direction from the broker.
#[derive(Debug)]
pub(super) struct ReadHalf<'a, T>(&'a RefCell<T>);

/// The direction to the broker.
#[derive(Debug)]
pub(super) struct WriteHalf<'a, T>(&'a RefCell<T>);

impl<T: Transport> AsyncRead for ReadHalf<'_, T> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.0.borrow_mut()).poll_read(context, buffer)
    }
}

impl<T: Transport> AsyncWrite for WriteHalf<'_, T> {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut *self.0.borrow_mut()).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut *self.0.borrow_mut()).poll_write_vectored(context, pieces)
    }

    fn is_write_vectored(&self) -> bool {
        self.0.borrow().is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.0.borrow_mut()).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.0.borrow_mut()).poll_shutdown(context)
    }
}

/// An operating system's error without the number that Rust adds.
pub(super) fn describe(error: &io::Error) -> String {
    if error.kind() == io::ErrorKind::UnexpectedEof {
        // Of TLS: the connection ended without a message that says so, as a broker's crash does.
        return "the broker closed the connection".to_owned();
    }
    let text = error.to_string();
    match text.split_once(" (os error ") {
        Some((text, _)) => text.to_owned(),
        None => text,
    }
}
