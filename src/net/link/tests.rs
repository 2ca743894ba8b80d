//! Tests of connections over loopback, to a broker that does as little as each test needs.

mod hostile;

use std::cell::RefCell;
use std::rc::Rc;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{LocalSet, spawn_local};
use tokio::time::timeout;

use super::*;
use crate::error::{ErrorCode, ErrorKind};
use crate::net::ConnectStage;
use crate::protocol::{
    ApiVersionsRequest, ApiVersionsResponse, MetadataRequest, decode_response, encode_request,
};

/// Much longer than anything here takes.
const LONG: Duration = Duration::from_secs(60);
const SHORT: Duration = Duration::from_millis(50);

const CLUSTER_AUTHORIZATION_FAILED: ErrorCode = ErrorCode(31);

/// An ApiVersions response without APIs: correlation id, no error, no APIs, no throttling, no
/// tagged fields.
const NO_VERSIONS: [u8; 16] = [0, 0, 0, 12, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0];

fn settings() -> PipelineSettings {
    PipelineSettings { client_id: "test".into(), request_timeout: LONG, idle_timeout: LONG }
}

fn security() -> Rc<LinkSecurity> {
    Rc::new(LinkSecurity::none())
}

/// Opens a port that accepts connections. Returns its address as well.
async fn listen() -> (TcpListener, Address) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("it is bound").port();
    (listener, Address { host: "127.0.0.1".into(), port })
}

/// Opens a connection. Returns the broker's end as well.
async fn open(pipeline: PipelineSettings) -> (Link, TcpStream) {
    let (listener, address) = listen().await;
    let settings = LinkSettings { setup_timeout: LONG, security: security(), pipeline };
    let accepting = async {
        let (mut broker, _) = listener.accept().await.expect("the link connects");
        take(&mut broker).await;
        broker.write_all(&NO_VERSIONS).await.expect("the link reads");
        broker
    };
    let (link, broker) = tokio::join!(Link::open(&address, &settings), accepting);
    (link.expect("the broker answers"), broker)
}

/// Connects to a broker that answers requests with these frames in turn, and then nothing. Returns
/// the client's error. The broker waits for the end of the connection.
async fn refused(answers: &[Vec<u8>], setup_timeout: Duration) -> ConnectError {
    let (listener, address) = listen().await;
    let settings = LinkSettings { setup_timeout, security: security(), pipeline: settings() };
    let refusing = async {
        let (mut broker, _) = listener.accept().await.expect("the link connects");
        for answer in answers {
            take(&mut broker).await;
            broker.write_all(answer).await.expect("the link reads");
        }
        broker
    };
    let (opened, mut broker) = tokio::join!(Link::open(&address, &settings), refusing);
    let error = opened.expect_err("it is not opened");
    assert_eq!((&error.address, error.stage), (&address, ConnectStage::ApiVersions));
    let mut rest = Vec::new();
    broker.read_to_end(&mut rest).await.expect("the connection is closed");
    error
}

/// An ApiVersions response with an error code and no APIs.
fn refusal(correlation_id: u8, code: ErrorCode) -> Vec<u8> {
    let [high, low] = code.0.to_be_bytes();
    vec![0, 0, 0, 10, 0, 0, 0, correlation_id, high, low, 0, 0, 0, 0]
}

/// Reads one frame.
async fn take(broker: &mut (impl AsyncRead + Unpin)) {
    let length = broker.read_u32().await.expect("a frame's length");
    let mut frame = vec![0; length as usize];
    broker.read_exact(&mut frame).await.expect("a frame");
}

fn request(correlation_id: i32) -> Vec<Bytes> {
    vec![encode_request(&MetadataRequest::default(), 1, correlation_id, "test")]
}

fn run<F: Future>(test: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    LocalSet::new().block_on(&runtime.expect("a runtime"), test)
}

fn failed(answer: Result<Bytes>) -> (String, bool) {
    let error = answer.expect_err("no answer comes");
    assert_eq!(error.kind(), ErrorKind::Disconnected);
    (error.to_string(), error.context().maybe_written)
}

#[test]
fn the_versions_of_nothing_are_well_formed() {
    let frame = Bytes::from_static(&NO_VERSIONS[4..]);
    let response = decode_response::<ApiVersionsRequest>(&frame, 3);
    assert_eq!(response, Ok(ApiVersionsResponse::default()));
}

#[test]
fn a_broker_that_never_answers_is_unreachable_at_the_deadline() {
    run(async {
        let error = refused(&[], SHORT).await;
        assert_eq!((error.kind, error.code), (ErrorKind::Unreachable, None));
        assert_eq!(error.cause, "no answer within 50ms");
    });
}

#[test]
fn a_broker_that_refuses_every_version_says_so() {
    run(async {
        let refusals = [0, 1].map(|id| refusal(id, ErrorCode::UNSUPPORTED_VERSION));
        let error = refused(&refusals[..1], SHORT).await;
        assert_eq!(error.kind, ErrorKind::Unreachable, "version 0 is tried next: {error}");
        let code = Some(ErrorCode::UNSUPPORTED_VERSION);
        let error = refused(&refusals, LONG).await;
        assert_eq!((error.kind, error.code), (ErrorKind::UnsupportedVersion, code));
    });
}

#[test]
fn a_refusal_keeps_its_code() {
    run(async {
        let refusals =
            [refusal(0, ErrorCode::UNSUPPORTED_VERSION), refusal(1, CLUSTER_AUTHORIZATION_FAILED)];
        let error = refused(&refusals, LONG).await;
        assert_eq!(
            (error.kind, error.code),
            (ErrorKind::Broker, Some(CLUSTER_AUTHORIZATION_FAILED))
        );
    });
}

#[test]
fn an_unused_connection_ends() {
    run(async {
        let (link, mut broker) = open(PipelineSettings { idle_timeout: SHORT, ..settings() }).await;
        link.closed().await;
        assert_eq!(broker.read(&mut [0]).await.expect("a clean end"), 0);
        // A request that comes too late is reported as not written.
        let (said, maybe_written) = failed(link.send(request).wait().await);
        assert!(said.contains("has ended"), "{said}");
        assert!(!maybe_written);
    });
}

#[test]
fn a_request_without_an_answer_uses_the_connection() {
    run(async {
        let (link, mut broker) = open(PipelineSettings { idle_timeout: SHORT, ..settings() }).await;
        let answer = link.send(request);
        take(&mut broker).await;
        let patient = timeout(4 * SHORT, link.closed()).await;
        assert!(patient.is_err(), "it ended although a request waits");
        broker.write_all(&[0, 0, 0, 4, 0, 0, 0, 1]).await.expect("the link reads");
        assert_eq!(answer.wait().await.expect("an answer"), [0, 0, 0, 1][..]);
    });
}

#[test]
fn a_request_that_is_not_answered_in_time_may_be_written() {
    run(async {
        let (link, mut broker) =
            open(PipelineSettings { request_timeout: SHORT, ..settings() }).await;
        let answer = link.send(request);
        take(&mut broker).await;
        let (said, maybe_written) = failed(answer.wait().await);
        assert!(said.contains("request_timeout_ms"), "{said}");
        assert!(maybe_written);
    });
}

#[test]
fn a_request_behind_one_that_the_broker_does_not_take_is_not_written() {
    run(async {
        let (link, broker) = open(PipelineSettings { request_timeout: SHORT, ..settings() }).await;
        // More than the buffers of two sockets hold.
        let large = link.send_unanswered(|_| vec![Bytes::from(vec![0; 64 << 20])]);
        let behind = link.send_unanswered(request);
        let (said, maybe_written) = failed(behind.wait().await);
        assert!(said.contains("took no bytes"), "{said}");
        assert!(!maybe_written);
        let (_, maybe_written) = failed(large.wait().await);
        assert!(maybe_written);
        drop(broker);
    });
}

#[test]
fn the_end_of_the_connection_fails_every_request() {
    run(async {
        let (link, mut broker) = open(settings()).await;
        let answers = [link.send(request), link.send(request)];
        take(&mut broker).await;
        take(&mut broker).await;
        drop(broker);
        for answer in answers {
            let (said, maybe_written) = failed(answer.wait().await);
            assert!(said.contains("closed the connection"), "{said}");
            assert!(maybe_written);
        }
    });
}

#[test]
fn a_wrong_correlation_id_ends_every_request_as_maybe_written() {
    run(async {
        let (link, mut broker) = open(settings()).await;
        let answers = [link.send(request), link.send(request)];
        take(&mut broker).await;
        take(&mut broker).await;
        broker.write_all(&[0, 0, 0, 4, 0, 0, 0, 99]).await.expect("the link reads");
        for answer in answers {
            let error = answer.wait().await.expect_err("no request has this id");
            assert_eq!(error.kind(), ErrorKind::Protocol);
            assert!(error.context().maybe_written, "{error}");
        }
    });
}

#[test]
fn requests_fail_before_the_link_is_seen_to_close() {
    run(async {
        let (link, mut broker) = open(settings()).await;
        let link = Rc::new(link);
        // The watcher waits first, as the driver's does: if tasks woke in the order in which they
        // began to wait, the end of the connection would be reported first.
        let ends = Rc::new(RefCell::new(Vec::new()));
        let (watched, seen) = (Rc::clone(&link), Rc::clone(&ends));
        let mut tasks = vec![spawn_local(async move {
            watched.closed().await;
            seen.borrow_mut().push("closed");
        })];
        // The first is larger than the buffers of two sockets, so the second stays queued.
        let writing = link.send(|_| vec![Bytes::from(vec![0; 64 << 20])]);
        let queued = link.send(request);
        for (name, answer) in [("writing", writing), ("queued", queued)] {
            let seen = Rc::clone(&ends);
            tasks.push(spawn_local(async move {
                failed(answer.wait().await);
                seen.borrow_mut().push(name);
            }));
        }
        assert_eq!(broker.read(&mut [0]).await.expect("the first byte"), 1);
        drop(broker);
        for task in tasks {
            task.await.expect("no task panics");
        }
        assert_eq!(*ends.borrow(), ["writing", "queued", "closed"]);
    });
}
