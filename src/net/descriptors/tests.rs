//! The list belongs to the process, and other tests open and close sockets meanwhile. At any time,
//! every listed descriptor is open.

use std::fs;
use std::net::Ipv4Addr;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::*;

const LOOPBACK: (Ipv4Addr, u16) = (Ipv4Addr::LOCALHOST, 0);

/// Listed descriptors that are not open. A forked child would close an unrelated file that has got
/// the number meanwhile.
fn stale() -> Vec<RawFd> {
    let is_open = |descriptor: &RawFd| fs::metadata(format!("/dev/fd/{descriptor}")).is_ok();
    open().iter().copied().filter(|descriptor| !is_open(descriptor)).collect()
}

fn bound() -> Listed<std::net::TcpListener> {
    Listed::open(|| std::net::TcpListener::bind(LOOPBACK)).expect("a free port")
}

fn is_listed(descriptor: RawFd) -> bool {
    open().contains(&descriptor)
}

#[test]
fn a_socket_is_listed_while_it_is_open() {
    let socket = bound();
    let descriptor = socket.get().as_raw_fd();
    assert!(is_listed(descriptor));
    let socket = socket.convert(Ok).expect("nothing fails");
    assert_eq!(socket.get().as_raw_fd(), descriptor);
    assert!(is_listed(descriptor));
    drop(socket);
    assert_eq!(stale(), [0; 0]);
}

#[test]
fn a_socket_that_fails_while_it_is_made_is_not_listed() {
    let made = Listed::open(|| {
        let _closed = std::net::TcpListener::bind(LOOPBACK)?;
        Err::<TcpStream, _>(io::ErrorKind::InvalidInput.into())
    });
    assert_eq!(made.expect_err("refused").kind(), io::ErrorKind::InvalidInput);
    assert_eq!(stale(), [0; 0]);
}

#[test]
fn a_socket_that_a_conversion_closes_leaves_the_list() {
    let converted = bound().convert(|socket| {
        drop(socket);
        Err::<TcpListener, _>(io::ErrorKind::AlreadyExists.into())
    });
    assert_eq!(converted.expect_err("refused").kind(), io::ErrorKind::AlreadyExists);
    assert_eq!(stale(), [0; 0]);
}

#[test]
fn a_listener_that_finds_no_runtime_leaves_the_list() {
    let listener = Listener::bind(LOOPBACK.into()).expect("a free port");
    let listening = catch_unwind(AssertUnwindSafe(|| listener.listen()));
    assert!(listening.is_err(), "there is no runtime");
    assert_eq!(stale(), [0; 0]);
}

#[test]
fn connections_of_both_ends_are_listed() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(async {
        let listener = Listener::bind(LOOPBACK.into()).expect("a free port");
        let port = listener.port().expect("it is bound");
        let listening = listener.listen().expect("a runtime");
        assert!(is_listed(listening.socket.get().as_raw_fd()));
        let client = Socket::connect((Ipv4Addr::LOCALHOST, port).into()).await.expect("room");
        let server = listening.accept().await;
        for socket in [&client, &server] {
            let stream = socket.stream.get();
            assert!(is_listed(stream.as_raw_fd()));
            assert!(stream.nodelay().expect("it is open"));
        }
    });
    assert_eq!(stale(), [0; 0]);
}
