//! TLS at ports that do not speak it.

use std::sync::Arc;
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::LocalSet;

use super::*;
use crate::config::{Address, Pem, Secret, Security, Tls, Trust};
use crate::net::security::NoProgram;

const LONG: Duration = Duration::from_secs(60);

/// The first byte of a TLS handshake.
const HANDSHAKE: u8 = 22;

/// Versions of nothing: correlation id, no error, no APIs, no throttling, no tagged fields.
const NO_VERSIONS: [u8; 16] = [0, 0, 0, 12, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0];

fn security() -> LinkSecurity {
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().expect("a key");
    let pem = authority.self_signed(&key).expect("a certificate").pem();
    let tls = Tls { trust: Trust::Only(Pem::Text(Secret::new(pem))), ..Tls::default() };
    LinkSecurity::new(Security { tls: Some(tls), sasl: None }, NoProgram, Arc::default())
}

/// What comes of TLS at a port that treats each connection in this way.
fn refused<F: Future<Output = ()>>(serve: impl Fn(TcpStream) -> F) -> ConnectError {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    LocalSet::new().block_on(&runtime.expect("a runtime"), async {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("it is bound").port();
        let address = Address { host: "127.0.0.1".into(), port };
        let opening = Opening::new(&address, LONG);
        let security = security();
        let prepared = Prepared::new(&security, &opening).await.expect("the settings are right");
        let settings = PipelineSettings {
            client_id: "test".into(),
            request_timeout: LONG,
            idle_timeout: LONG,
        };
        let serving = async {
            loop {
                let (client, _) = listener.accept().await.expect("the client connects");
                serve(client).await;
            }
        };
        tokio::select! {
            () = serving => unreachable!("it serves for ever"),
            opened = prepared.open(&opening, &settings) => opened.expect_err("nobody speaks TLS"),
        }
    })
}

/// As Kafka, which takes the handshake for a request of enormous size.
#[test]
fn a_port_that_speaks_plain_text_is_told() {
    let error = refused(|mut client| async move {
        let mut frame = [0; 1024];
        let size = client.read(&mut frame).await.expect("the client is there");
        if size > 0 && frame[0] != HANDSHAKE {
            client.write_all(&NO_VERSIONS).await.expect("the client reads");
            let _end = client.read(&mut frame).await;
        }
    });
    assert_eq!((error.stage, error.kind), (ConnectStage::Tls, ErrorKind::Tls));
    assert_eq!(error.cause, SPEAKS_PLAIN_TEXT);
}

/// As a load balancer whose brokers are away: they may come back.
#[test]
fn a_port_that_closes_every_connection_may_pass() {
    let error = refused(|client| async { drop(client) });
    assert_eq!((error.stage, error.kind), (ConnectStage::Tls, ErrorKind::Unreachable));
}
