//! Tests against minimal brokers on the loopback interface.

use bytes::{Buf, Bytes};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{LocalSet, spawn_local};
use tokio::time::Instant;

use super::*;
use crate::error::ErrorCode;
use crate::net::NoProgram;
use crate::protocol::{
    ApiKey, ApiVersion, ApiVersionsRequest, ApiVersionsResponse, MetadataBroker, encode_response,
};

const METADATA_VERSION: i16 = 4;

/// Runs a test on a clock that advances only while every task waits. All tasks are on the local
/// set: the runtime sees their wake-ups, so the clock does not overtake data that arrives on a
/// socket.
fn run<F: Future>(test: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .expect("a runtime");
    LocalSet::new().block_on(&runtime, test)
}

/// Returns a listener and its address.
async fn listen() -> (TcpListener, Address) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("it is bound").port();
    (listener, Address { host: "127.0.0.1".into(), port })
}

fn brokers(addresses: &[Address], metadata_timeout: Duration) -> Brokers {
    let mut config = Config::new("127.0.0.1:9").expect("an address");
    config.bootstrap_servers = addresses.to_vec();
    config.metadata_timeout = metadata_timeout;
    Brokers::new(&config, NoProgram, &Arc::default())
}

fn everything() -> MetadataWanted {
    MetadataWanted { topics: vec![], may_create: false, everything: true }
}

/// Answers ApiVersions and Metadata as broker `node_id`, until the client disconnects.
async fn serve(listener: TcpListener, node_id: i32) {
    let (mut client, _) = listener.accept().await.expect("a client connects");
    while let Some((api, correlation_id)) = take(&mut client).await {
        let frame = if api == ApiKey::ApiVersions as i16 {
            let response = ApiVersionsResponse {
                api_keys: vec![ApiVersion {
                    api_key: ApiKey::Metadata as i16,
                    min_version: METADATA_VERSION,
                    max_version: METADATA_VERSION,
                }],
                ..Default::default()
            };
            encode_response::<ApiVersionsRequest>(&response, 3, correlation_id)
        } else {
            let broker =
                MetadataBroker { node_id, host: "broker".into(), port: 9, ..Default::default() };
            let response = MetadataResponse { brokers: vec![broker], ..Default::default() };
            encode_response::<MetadataRequest>(&response, METADATA_VERSION, correlation_id)
        };
        client.write_all(&frame).await.expect("the client reads");
    }
}

/// Reads one request. Returns its API key and correlation id.
async fn take(client: &mut TcpStream) -> Option<(i16, i32)> {
    let length = client.read_u32().await.ok()?;
    let mut frame = vec![0; length as usize];
    client.read_exact(&mut frame).await.expect("a frame");
    let mut frame = Bytes::from(frame);
    let (api, _version) = (frame.get_i16(), frame.get_i16());
    Some((api, frame.get_i32()))
}

#[test]
fn a_second_broker_answers_within_the_metadata_timeout() {
    run(async {
        let metadata_timeout = Duration::from_millis(900);
        let ((_silent, first), (listener, second)) = (listen().await, listen().await);
        let brokers = brokers(&[first, second], metadata_timeout);
        spawn_local(serve(listener, 2));
        let start = Instant::now();
        let response = brokers.describe(&everything()).await.expect("one answers");
        assert_eq!(response.brokers[0].node_id, 2);
        assert_eq!(start.elapsed(), metadata_timeout / 3, "the first has had its time");
    });
}

#[test]
fn brokers_that_never_answer_are_named_with_their_stage() {
    run(async {
        let ((_silent, first), (_too, second)) = (listen().await, listen().await);
        let brokers = brokers(&[first.clone(), second.clone()], Duration::from_millis(900));
        let error = brokers.describe(&everything()).await.expect_err("both hang");
        assert_eq!(error.kind(), ErrorKind::Unreachable);
        let each = |address| format!("{address} (ApiVersions: no answer within 300ms)");
        assert_eq!(error.to_string(), format!("{}, {}", each(first), each(second)));
    });
}

#[test]
fn failures_keep_the_kind_and_code_that_they_share() {
    let refused = |code| Error::new(ErrorKind::Broker, "refused").code(ErrorCode(code));
    let unreachable = Error::new(ErrorKind::Unreachable, "gone");
    let reason = |failures: &[&Error]| {
        let error = all_failed(failures.iter().map(|&error| error.clone()).collect());
        (error.kind(), error.context().code, error.to_string())
    };
    let shared = (ErrorKind::Broker, Some(ErrorCode(31)), "refused, refused".to_owned());
    assert_eq!(reason(&[&refused(31), &refused(31)]), shared);
    let other_codes = (ErrorKind::Unreachable, None, "refused, refused".to_owned());
    assert_eq!(reason(&[&refused(31), &refused(58)]), other_codes);
    let other_kinds = (ErrorKind::Unreachable, None, "refused, gone".to_owned());
    assert_eq!(reason(&[&refused(31), &unreachable]), other_kinds);
    let wrong = Error::new(ErrorKind::Authentication, "wrong").code(ErrorCode(58));
    let refused_by_one = (ErrorKind::Authentication, Some(ErrorCode(58)), "gone, wrong".to_owned());
    assert_eq!(reason(&[&unreachable, &wrong]), refused_by_one);
    assert_eq!(reason(&[&unreachable]).2, "gone");
}
