//! Handshakes that end with an alert, on a port without TLS, or with a closed connection.

use std::io;

use rustls::version::{TLS12, TLS13};

use super::authority::Authority;
use super::connection::{Broker, client, refusal, session, session_for};
use super::{says, trusting};
use crate::config::{Tls, TlsVersion};
use crate::error::{Error, ErrorKind};
use crate::tls::Session;

fn any_session() -> Session {
    session(&trusting(&Authority::new("CA").pem))
}

/// Returns the explained error after these bytes answer the client's first message.
fn answered(bytes: &[u8]) -> Error {
    let session = any_session();
    let mut client = client(&session);
    client.write_tls(&mut io::sink()).expect("a hello");
    client.read_tls(&mut &bytes[..]).expect("room");
    let error = client.process_new_packets().expect_err("an error");
    let error = io::Error::new(io::ErrorKind::InvalidData, error);
    session.explain(&error).expect("an explanation")
}

fn alert(number: u8) -> String {
    let error = answered(&[0x15, 3, 3, 0, 2, 2, number]);
    assert_eq!(error.kind(), ErrorKind::Tls);
    error.to_string()
}

#[test]
fn alerts_are_explained() {
    says(&alert(70), &["no version of TLS", "ssl.enabled.protocols"]);
    says(&alert(40), &["alert handshake_failure", "ssl.cipher.suites"]);
    says(&alert(112), &["does not know the name \"broker.example\"", "server_name="]);
    says(&alert(80), &["alert internal_error", "the broker's log"]);
    says(&alert(46), &["alert certificate_unknown"]);
}

#[test]
fn versions_must_have_one_in_common() {
    let authority = Authority::new("CA");
    let broker = authority.sign_broker();
    let settings = Tls { min_version: TlsVersion::V1_3, ..trusting(&authority.pem) };
    let session = session_for(&settings, None, super::authority::HOST);
    let old = Broker { versions: &[&TLS12], ..Broker::new(&broker) };
    says(&refusal(&session, &old).to_string(), &["version", "min_version="]);
    let new = Broker { versions: &[&TLS13], ..Broker::new(&broker) };
    super::connection::shake(&session, &new).expect("TLS 1.3");
}

#[test]
fn a_port_without_tls_is_recognised() {
    for bytes in [
        &b"HTTP/1.1 400 Bad Request\r\n"[..],
        b"SSH-2.0-OpenSSH_9.6\r\n",
        &[0, 0, 0, 6, 0, 0, 0, 1, 0, 35],
    ] {
        let error = answered(bytes);
        assert_eq!(error.kind(), ErrorKind::Tls);
        says(&error.to_string(), &["does not speak TLS", "switch TLS off"]);
    }
}

/// The error cannot name the cause; `net` checks whether the port speaks plain text.
#[test]
fn a_port_that_closes_at_once_may_be_anything() {
    for kind in [io::ErrorKind::UnexpectedEof, io::ErrorKind::ConnectionReset] {
        let error = any_session().explain(&kind.into()).expect("an explanation");
        assert_eq!(error.kind(), ErrorKind::Disconnected);
        says(&error.to_string(), &["load balancer", "server_name=", "P-521"]);
    }
}

#[test]
fn other_errors_are_not_of_tls() {
    assert!(any_session().explain(&io::ErrorKind::TimedOut.into()).is_none());
    assert!(any_session().explain(&io::Error::other("full")).is_none());
    let authority = Authority::new("CA");
    let session = session(&trusting(&authority.pem));
    let broker = authority.sign_broker();
    super::connection::shake(&session, &Broker::new(&broker)).expect("a handshake");
    assert!(session.explain(&io::ErrorKind::ConnectionReset.into()).is_none());
}
