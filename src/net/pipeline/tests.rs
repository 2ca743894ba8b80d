//! Tests of a pipeline on transports other than sockets.

use std::cell::RefCell;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, BufStream, ReadBuf, duplex};
use tokio::task::LocalSet;

use super::*;

/// Much longer than anything here takes.
const LONG: Duration = Duration::from_secs(60);

fn settings() -> PipelineSettings {
    PipelineSettings { client_id: "test".into(), request_timeout: LONG, idle_timeout: LONG }
}

fn run<F: Future>(test: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    LocalSet::new().block_on(&runtime.expect("a runtime"), test)
}

/// Records the sizes of the pieces of each write. It never has anything to read.
#[derive(Debug, Default)]
struct Recorder(Rc<RefCell<Vec<Vec<usize>>>>);

impl AsyncRead for Recorder {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        _: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Poll::Pending
    }
}

impl AsyncWrite for Recorder {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(context, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let sizes: Vec<_> = pieces.iter().map(|piece| piece.len()).collect();
        let written = sizes.iter().sum();
        self.0.borrow_mut().push(sizes);
        Poll::Ready(Ok(written))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[test]
fn the_pieces_of_a_frame_are_written_together_and_not_joined() {
    run(async {
        let recorder = Recorder::default();
        let writes = Rc::clone(&recorder.0);
        let pipeline = Pipeline::start(recorder, settings());
        let pieces = || ["one", "two", "three"].map(|piece| Bytes::from_static(piece.as_bytes()));
        let written = pipeline.send_unanswered(|_| pieces().into()).wait().await;
        assert_eq!(written.expect("nothing fails"), "");
        assert_eq!(*writes.borrow(), [[3, 3, 5]]);
    });
}

#[test]
fn a_transport_that_buffers_is_flushed_after_each_frame() {
    run(async {
        let (near, mut far) = duplex(1024);
        let pipeline = Pipeline::start(BufStream::new(near), settings());
        for frame in ["first", "other"] {
            let answer = pipeline.send(|_| vec![Bytes::from_static(frame.as_bytes())]);
            let mut arrived = [0; 5];
            far.read_exact(&mut arrived).await.expect("the frame is flushed");
            assert_eq!(arrived, frame.as_bytes());
            drop(answer);
        }
    });
}

/// A connection on which the broker has sent a reason and then reset it.
#[derive(Debug)]
struct Refused;

impl AsyncRead for Refused {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        _: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Poll::Ready(Err(io::Error::other("an alert")))
    }
}

impl AsyncWrite for Refused {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, _: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[test]
fn what_the_broker_has_said_is_read_before_a_write_fails() {
    run(async {
        // Repeated, because the right order may come by chance.
        for _ in 0..32 {
            let pipeline = Pipeline::start(Refused, settings());
            let answer = pipeline.send(|_| vec![Bytes::from_static(b"request")]);
            let error = answer.wait().await.expect_err("nothing answers");
            assert_eq!(error.to_string(), "an alert");
        }
    });
}

#[test]
fn a_dropped_pipeline_closes_its_transport_even_while_it_writes() {
    run(async {
        let (near, mut far) = duplex(8);
        let pipeline = Pipeline::start(near, settings());
        let answer = pipeline.send(|_| vec![Bytes::from_static(b"more than eight bytes")]);
        // The task needs more room than this makes.
        far.read_exact(&mut [0; 1]).await.expect("it has begun to write");
        drop(pipeline);
        let error = answer.wait().await.expect_err("nothing answers");
        assert!(error.context().maybe_written, "{error}");
        assert_eq!(error.to_string(), "the connection has ended", "it was not aborted at once");
        let mut rest = Vec::new();
        far.read_to_end(&mut rest).await.expect("a clean end");
        assert!(rest.len() < 20, "the whole frame was written");
    });
}
