//! Servers that misbehave in one stage of opening a connection, in plain text and within TLS. Each
//! attempt ends with an error of that stage.

use std::sync::Arc;

use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::{ServerConfig, ServerConnection};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsAcceptor;

use super::*;
use crate::config::{Mechanism, Password, PasswordLogin, Pem, Sasl, Secret, Security, Tls, Trust};
use crate::net::handshake::SPEAKS_PLAIN_TEXT;
use crate::net::security::NoProgram;
use crate::protocol::{ApiVersion, SaslHandshakeRequest, SaslHandshakeResponse, encode_response};

/// The first byte of a TLS handshake.
const HANDSHAKE: u8 = 22;

/// A server's behaviour in place of an answer.
#[derive(Debug, Clone)]
enum Trick {
    /// Sends these bytes, and waits for the client to close the connection.
    Say(Vec<u8>),
    /// Sends these bytes and closes the connection.
    Close(Vec<u8>),
    /// Sends these bytes and nothing more. The paused clock then advances at once.
    Silence(Vec<u8>),
}

impl Trick {
    async fn play(self, mut stream: impl AsyncRead + AsyncWrite + Unpin) {
        let (Self::Say(bytes) | Self::Close(bytes) | Self::Silence(bytes)) = &self;
        stream.write_all(bytes).await.expect("the client reads");
        stream.flush().await.expect("the client reads");
        match self {
            Self::Close(_) => return,
            Self::Say(_) => {}
            // From here on, the client waits only for its deadline.
            Self::Silence(_) => tokio::time::pause(),
        }
        // The client may close without a close_notify, or with unread bytes.
        let _end = stream.read_to_end(&mut Vec::new()).await;
    }
}

/// The stages in which the client sends a request: one each.
const STAGES: [ConnectStage; 3] =
    [ConnectStage::ApiVersions, ConnectStage::Sasl, ConnectStage::Sasl];

/// Answers requests like a broker, up to the one that it tricks.
async fn deceive(mut stream: impl AsyncRead + AsyncWrite + Unpin, request: usize, trick: Trick) {
    let versions = ApiVersionsResponse {
        api_keys: vec![ApiVersion { api_key: 36, min_version: 0, max_version: 2 }],
        ..ApiVersionsResponse::default()
    };
    let answers = [
        encode_response::<ApiVersionsRequest>(&versions, 3, 0),
        encode_response::<SaslHandshakeRequest>(&SaslHandshakeResponse::default(), 1, 1),
    ];
    for answer in &answers[..request] {
        take(&mut stream).await;
        stream.write_all(answer).await.expect("the client reads");
        stream.flush().await.expect("the client reads");
    }
    take(&mut stream).await;
    trick.play(stream).await;
}

/// A server's certificate, and the settings of a client that trusts it.
fn tls() -> (Arc<ServerConfig>, Tls) {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).expect("a certificate");
    let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key.into())
        .expect("a certificate");
    let trust = Trust::Only(Pem::text(made.cert.pem()));
    (Arc::new(config), Tls { trust, ..Tls::default() })
}

/// Connects to a server that does this with the connection. Returns the client's error.
fn opened(tls: Option<Tls>, serve: impl AsyncFnOnce(TcpStream)) -> ConnectError {
    opened_at(tls, async |listener| serve(accept(&listener).await).await)
}

async fn accept(listener: &TcpListener) -> TcpStream {
    listener.accept().await.expect("the client connects").0
}

/// Connects to a port on which a server does this. Returns the client's error.
fn opened_at(tls: Option<Tls>, serve: impl AsyncFnOnce(TcpListener)) -> ConnectError {
    run(async {
        let (listener, address) = listen().await;
        let sasl = Some(Sasl::Password(PasswordLogin {
            mechanism: Mechanism::Plain,
            user: "user".into(),
            password: Password::Text(Secret::new("secret".into())),
            is_token: false,
        }));
        let security = LinkSecurity::new(Security { tls, sasl }, NoProgram, Arc::default());
        let settings =
            LinkSettings { setup_timeout: LONG, security: Rc::new(security), pipeline: settings() };
        let (opened, ()) = tokio::join!(Link::open(&address, &settings), serve(listener));
        opened.expect_err("it is not opened")
    })
}

/// Plays a trick on each request, in plain text and within TLS.
fn refusals(trick: impl Fn(u8) -> Trick) -> Vec<ConnectError> {
    let mut errors = Vec::new();
    for (request, stage) in STAGES.into_iter().enumerate() {
        let (config, trusting) = tls();
        let trick = trick(request as u8);
        let plain = trick.clone();
        let plain = opened(None, async |socket| deceive(socket, request, plain).await);
        let encrypted = opened(Some(trusting), async |socket| {
            let stream = TlsAcceptor::from(config).accept(socket).await.expect("a handshake");
            deceive(stream, request, trick).await;
        });
        for error in [plain, encrypted] {
            assert_eq!(error.stage, stage, "{error}");
            errors.push(error);
        }
    }
    errors
}

/// Checks that all errors have this kind and contain this text.
#[track_caller]
fn are(errors: &[ConnectError], kind: ErrorKind, cause: &str) {
    for error in errors {
        assert_eq!(error.kind, kind, "{error}");
        assert!(error.cause.contains(cause), "{cause:?} is missing in: {error}");
    }
}

#[test]
fn a_length_that_no_broker_sends_is_refused_at_once() {
    for length in [i32::MAX, i32::MIN, -1, 100 * 1024 * 1024 + 1] {
        let errors = refusals(|_| Trick::Say(length.to_be_bytes().into()));
        are(&errors, ErrorKind::Protocol, "does not speak Kafka's protocol");
    }
    let errors = refusals(|_| Trick::Say(b"HTTP/1.1 400 Bad Request\r\n".into()));
    are(&errors, ErrorKind::Protocol, "it looks like HTTP");
}

#[test]
fn answers_to_other_requests_are_refused() {
    for answer in [&[0, 0, 0, 4, 0, 0, 0, 9][..], &[0, 0, 0, 4, 0xff, 0xff, 0xff, 0xff], &[0; 4]] {
        let errors = refusals(|_| Trick::Say(answer.into()));
        are(&errors, ErrorKind::Protocol, "answered another request");
    }
}

#[test]
fn answers_that_make_no_sense_are_refused() {
    let errors = refusals(|id| Trick::Say(vec![0, 0, 0, 4, 0, 0, 0, id]));
    are(&errors, ErrorKind::Protocol, "the broker's answer is malformed");
    // No error, then a list, a string or bytes whose length exceeds the frame.
    let errors =
        refusals(|id| Trick::Say([&[0, 0, 0, 14, 0, 0, 0, id, 0, 0], &[0x7f; 8][..]].concat()));
    are(&errors, ErrorKind::Protocol, "the broker's answer is malformed");
}

#[test]
fn a_connection_that_ends_is_an_unreachable_broker() {
    // Before an answer, within its length, and within the answer.
    for bytes in [&b""[..], &[0, 0], &[0, 0, 1, 0, 0, 0, 0]] {
        let errors = refusals(|_| Trick::Close(bytes.into()));
        are(&errors, ErrorKind::Unreachable, "closed the connection");
    }
}

#[test]
fn silence_ends_at_the_deadline() {
    let longest = [6, 0x40, 0, 0];
    for bytes in [&b""[..], &[0, 0], &longest] {
        let errors = refusals(|_| Trick::Silence(bytes.into()));
        are(&errors, ErrorKind::Unreachable, "no answer within 60s");
    }
}

/// Connects with TLS to a server that reads the client's first message and then does this. Returns
/// the error.
fn shaken(trick: impl FnOnce(Vec<u8>) -> Trick) -> ConnectError {
    let (config, trusting) = tls();
    let error = opened(Some(trusting), async |mut socket| {
        let mut server = ServerConnection::new(config).expect("a server");
        let mut hello = vec![0; 5];
        socket.read_exact(&mut hello).await.expect("a record");
        let length = u16::from_be_bytes([hello[3], hello[4]]);
        hello.resize(5 + usize::from(length), 0);
        socket.read_exact(&mut hello[5..]).await.expect("a record");
        server.read_tls(&mut &hello[..]).expect("room");
        server.process_new_packets().expect("a hello");
        let mut flight = Vec::new();
        while server.wants_write() {
            server.write_tls(&mut flight).expect("a vector takes it");
        }
        trick(flight).play(socket).await;
    });
    assert_eq!(error.stage, ConnectStage::Tls, "{error}");
    error
}

#[test]
fn garbage_in_place_of_a_handshake_is_refused() {
    for bytes in [
        &b"HTTP/1.1 400 Bad Request\r\n"[..],
        // Records and a message with lengths that TLS forbids.
        &[0x16, 3, 3, 0xff, 0xff],
        &[0x17, 3, 3, 0xff, 0xff],
        &[0x16, 3, 3, 0, 4, 2, 0xff, 0xff, 0xff],
        &[0xff; 64],
    ] {
        let error = shaken(|_| Trick::Say(bytes.into()));
        are(&[error], ErrorKind::Tls, "the port does not speak TLS");
    }
}

#[test]
fn a_handshake_that_is_damaged_is_refused() {
    let error = shaken(|mut flight| {
        *flight.last_mut().expect("a flight") ^= 1;
        Trick::Say(flight)
    });
    are(&[error], ErrorKind::Tls, "the TLS handshake failed");
}

#[test]
fn a_handshake_that_ends_early_is_an_unreachable_broker() {
    for part in [3, 60, 400] {
        let error = shaken(|flight| Trick::Close(flight[..part].into()));
        are(&[error], ErrorKind::Unreachable, "closed the connection");
    }
}

/// Kafka's plain-text port takes a TLS handshake for a huge request.
#[test]
fn a_port_that_speaks_plain_text_is_told() {
    let error = opened_at(Some(tls().1), async |listener| {
        assert_eq!(accept(&listener).await.read_u8().await.expect("a handshake"), HANDSHAKE);
        let mut asking = accept(&listener).await;
        take(&mut asking).await;
        asking.write_all(&NO_VERSIONS).await.expect("the client reads");
        asking.read_to_end(&mut Vec::new()).await.expect("the connection is closed");
    });
    assert_eq!((error.stage, error.kind), (ConnectStage::Tls, ErrorKind::Tls));
    assert_eq!(error.cause, SPEAKS_PLAIN_TEXT);
}

/// A load balancer without brokers, which may come back.
#[test]
fn a_port_that_closes_every_connection_may_pass() {
    let error = opened_at(Some(tls().1), async |listener| {
        for _ in 0..2 {
            drop(accept(&listener).await);
        }
    });
    assert_eq!((error.stage, error.kind), (ConnectStage::Tls, ErrorKind::Unreachable));
}

#[test]
fn a_handshake_that_halts_ends_at_the_deadline() {
    for part in [0, 3, 60, 400] {
        let error = shaken(|flight| Trick::Silence(flight[..part].into()));
        are(&[error], ErrorKind::Unreachable, "no answer within 60s");
    }
}
