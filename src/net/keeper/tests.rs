//! Tests of logins that expire, with a broker at the other end of a pipe.

use std::cell::Cell;
use std::sync::Arc;

use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::task::{LocalSet, spawn_local};

use super::*;
use crate::config::{BearerLogin, Mechanism, Password, PasswordLogin, Sasl, Secret, Security};
use crate::error::ErrorCode;
use crate::net::pipeline::{PendingAnswer, PipelineSettings};
use crate::net::program::{Program, ProgramRequest};
use crate::net::security::NoProgram;
use crate::protocol::{
    ApiKey, ApiVersion, ApiVersionsResponse, MetadataRequest, Request, SaslAuthenticateRequest,
    SaslAuthenticateResponse, SaslHandshakeRequest, SaslHandshakeResponse, encode_request,
    encode_response,
};

const LONG: Duration = Duration::from_secs(3600);
const REQUEST_TIMEOUT: Duration = Duration::from_secs(120);
const LIFETIME: Duration = Duration::from_secs(100);

/// A connection, opened at the start of the test.
struct Connection {
    pipeline: Rc<Pipeline>,
    broker: Broker,
    begun: Instant,
    security: Rc<LinkSecurity>,
}

/// The broker's end of the connection.
struct Broker(DuplexStream);

/// A request: its API, version and number.
type Asked = (ApiKey, i16, i32);

impl Broker {
    /// Returns the next request, or `None` at the end of the connection.
    async fn next(&mut self) -> Option<Asked> {
        let length = self.0.read_u32().await.ok()?;
        let mut frame = vec![0; length as usize];
        self.0.read_exact(&mut frame).await.ok()?;
        let number = |at: usize| i16::from_be_bytes([frame[at], frame[at + 1]]);
        let id = i32::from_be_bytes(frame[4..8].try_into().expect("four bytes"));
        let api = ApiKey::ALL.into_iter().find(|api| *api as i16 == number(0));
        Some((api.expect("a known API"), number(2), id))
    }

    async fn answer<R: Request>(&mut self, asked: Asked, response: &R::Response) {
        let (_, version, id) = asked;
        let frame = encode_response::<R>(response, version, id);
        self.0.write_all(&frame).await.expect("the client listens");
    }

    /// Answers a request with only its number.
    async fn answer_plainly(&mut self, (_, _, id): Asked) {
        let frame = [&4_u32.to_be_bytes()[..], &id.to_be_bytes()].concat();
        self.0.write_all(&frame).await.expect("the client listens");
    }

    /// Takes a request, which must be of this API.
    async fn expect(&mut self, api: ApiKey) -> Asked {
        let asked = self.next().await.expect("a request");
        assert_eq!(asked.0, api);
        asked
    }

    /// Accepts a login with this session lifetime.
    async fn let_in(&mut self, lifetime: Duration) {
        let asked = self.expect(ApiKey::SaslHandshake).await;
        self.answer::<SaslHandshakeRequest>(asked, &SaslHandshakeResponse::default()).await;
        let asked = self.expect(ApiKey::SaslAuthenticate).await;
        let session_lifetime_ms = lifetime.as_millis() as i64;
        let response = SaslAuthenticateResponse { session_lifetime_ms, ..Default::default() };
        self.answer::<SaslAuthenticateRequest>(asked, &response).await;
    }
}

impl Connection {
    fn keep(&self, lease: Lease) {
        let range =
            |key: ApiKey| ApiVersion { api_key: key as i16, min_version: 0, max_version: 2 };
        let keeper = Keeper {
            pipeline: Rc::clone(&self.pipeline),
            versions: Rc::new(Versions::new(&[range(ApiKey::SaslAuthenticate)])),
            security: Rc::clone(&self.security),
            tls: None,
        };
        assert!(keeper.is_needed(lease));
        spawn_local(keeper.run(lease));
    }

    fn send(&self) -> PendingAnswer {
        self.pipeline.send(|id| vec![encode_request(&MetadataRequest::default(), 1, id, "test")])
    }

    /// After a renewal: expects the queued request, and answers both.
    async fn expect_both(&mut self, in_flight: PendingAnswer, queued: PendingAnswer) {
        let second = self.broker.expect(ApiKey::Metadata).await;
        self.broker.answer_plainly(second).await;
        assert!(in_flight.wait().await.is_ok() && queued.wait().await.is_ok());
        assert_eq!(self.renewals(), (1, 0));
    }

    fn renewals(&self) -> (u64, u64) {
        let counted = self.security.counts().read();
        (counted.renewals, counted.renewal_failures)
    }
}

/// Counts the requests that it drops.
#[derive(Debug, Default)]
struct Counting(Rc<Cell<usize>>);

impl Program for Counting {
    fn ask(&self, _: ProgramRequest) {
        self.0.set(self.0.get() + 1);
    }

    fn warn(&self, _: String) {}
}

/// Runs a test with a connection. The clock is paused, and advances when every task is idle.
fn run(test: impl AsyncFnOnce(Connection)) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime");
    LocalSet::new().block_on(&runtime, async {
        let (client, broker) = duplex(64 * 1024);
        let settings = PipelineSettings {
            client_id: "test".into(),
            request_timeout: REQUEST_TIMEOUT,
            idle_timeout: LONG,
        };
        let sasl = Some(Sasl::Password(PasswordLogin {
            mechanism: Mechanism::Plain,
            user: "user".into(),
            password: Password::Text(Secret::new("secret".into())),
            is_token: false,
        }));
        let security = Security { tls: None, sasl };
        let security = LinkSecurity::new(security, NoProgram, Arc::default());
        test(Connection {
            pipeline: Rc::new(Pipeline::start(client, settings)),
            broker: Broker(broker),
            begun: Instant::now(),
            security: Rc::new(security),
        })
        .await;
    });
}

fn failed(answer: Result<Bytes>) -> (String, bool) {
    let error = answer.expect_err("no answer comes");
    assert_eq!(error.kind(), ErrorKind::Disconnected);
    (error.to_string(), error.context().maybe_written)
}

#[test]
fn a_login_is_renewed_behind_what_is_in_flight_and_before_what_is_queued() {
    run(async |mut connection| {
        sleep(Duration::from_millis(1)).await;
        connection.keep(Lease::new(connection.begun, LIFETIME, None));
        sleep(LIFETIME / 2).await;
        let in_flight = connection.send();
        let first = connection.broker.expect(ApiKey::Metadata).await;
        let asked = connection.broker.expect(ApiKey::SaslHandshake).await;
        let at = connection.begun.elapsed();
        assert!(at >= LIFETIME.mul_f64(0.8) && at <= LIFETIME.mul_f64(0.91), "{at:?}");
        let queued = connection.send();
        // The request in flight is answered first, and the queue waits for the login.
        connection.broker.answer_plainly(first).await;
        connection
            .broker
            .answer::<SaslHandshakeRequest>(asked, &SaslHandshakeResponse::default())
            .await;
        let asked = connection.broker.expect(ApiKey::SaslAuthenticate).await;
        let response =
            SaslAuthenticateResponse { session_lifetime_ms: 100_000, ..Default::default() };
        connection.broker.answer::<SaslAuthenticateRequest>(asked, &response).await;
        connection.expect_both(in_flight, queued).await;
    });
}

#[test]
fn a_login_is_renewed_again_and_again() {
    run(async |mut connection| {
        connection.keep(Lease::new(connection.begun, LIFETIME, None));
        for number in 1..=20 {
            sleep(Duration::from_millis(1)).await;
            let answer = connection.send();
            let asked = connection.broker.expect(ApiKey::Metadata).await;
            connection.broker.answer_plainly(asked).await;
            assert!(answer.wait().await.is_ok());
            connection.broker.let_in(LIFETIME).await;
            while connection.renewals().0 < number {
                tokio::task::yield_now().await;
            }
        }
        assert!(connection.begun.elapsed() > LIFETIME * 15);
    });
}

#[test]
fn an_unused_connection_ends_instead() {
    run(async |mut connection| {
        connection.keep(Lease::new(connection.begun, LIFETIME, None));
        let fence = connection.broker.expect(ApiKey::ApiVersions).await;
        connection
            .broker
            .answer::<ApiVersionsRequest>(fence, &ApiVersionsResponse::default())
            .await;
        assert_eq!(connection.broker.next().await, None);
        connection.pipeline.closed().await;
        let at = connection.begun.elapsed();
        assert!(at >= LIFETIME.mul_f64(0.8) && at < LIFETIME, "{at:?}");
        assert_eq!(connection.renewals(), (0, 0));
    });
}

/// Expects a request that confirms that all earlier ones were processed, then the end.
async fn expect_the_end(mut connection: Connection, reason: &str) {
    sleep(Duration::from_millis(1)).await;
    let in_flight = connection.send();
    let first = connection.broker.expect(ApiKey::Metadata).await;
    let fence = connection.broker.expect(ApiKey::ApiVersions).await;
    assert_eq!(fence.1, 0);
    let queued = connection.send();
    connection.broker.answer_plainly(first).await;
    assert!(in_flight.wait().await.is_ok());
    // No error, and no APIs.
    connection.broker.answer::<ApiVersionsRequest>(fence, &ApiVersionsResponse::default()).await;
    assert_eq!(failed(queued.wait().await), (reason.to_owned(), false));
    assert_eq!(connection.broker.next().await, None);
    assert_eq!(connection.renewals(), (0, 0));
}

#[test]
fn a_login_that_cannot_be_renewed_ends_with_nothing_in_flight() {
    run(async |connection| {
        let short = Duration::from_millis(1_500);
        connection.keep(Lease::new(connection.begun, short, None));
        expect_the_end(connection, "the login ends").await;
    });
    run(async |connection| {
        let expires_at = SystemTime::now() + LIFETIME;
        connection.keep(Lease::new(connection.begun, Duration::ZERO, Some(expires_at)));
        expect_the_end(connection, "the login ends").await;
    });
}

#[test]
fn a_login_without_credentials_to_renew_it_ends_with_nothing_in_flight() {
    run(async |mut connection| {
        let missing = Some(Sasl::Bearer(BearerLogin::default()));
        // Never answered, because the program has no token.
        let security = Security { tls: None, sasl: missing };
        connection.security = Rc::new(LinkSecurity::new(security, NoProgram, Arc::default()));
        connection.keep(Lease::new(connection.begun, LIFETIME, None));
        expect_the_end(connection, "the login ends, and there is no other").await;
    });
}

#[test]
fn a_refused_renewal_ends_the_connection_and_loses_nothing() {
    run(async |mut connection| {
        connection.keep(Lease::new(connection.begun, LIFETIME, None));
        sleep(Duration::from_millis(1)).await;
        let in_flight = connection.send();
        let first = connection.broker.expect(ApiKey::Metadata).await;
        let asked = connection.broker.expect(ApiKey::SaslHandshake).await;
        let queued = connection.send();
        connection.broker.answer_plainly(first).await;
        connection
            .broker
            .answer::<SaslHandshakeRequest>(asked, &SaslHandshakeResponse::default())
            .await;
        let asked = connection.broker.expect(ApiKey::SaslAuthenticate).await;
        let refusal = SaslAuthenticateResponse {
            error_code: ErrorCode::SASL_AUTHENTICATION_FAILED,
            error_message: Some("Cannot change principals during re-authentication".to_owned()),
            ..Default::default()
        };
        connection.broker.answer::<SaslAuthenticateRequest>(asked, &refusal).await;
        assert!(in_flight.wait().await.is_ok());
        let (message, maybe_written) = failed(queued.wait().await);
        assert!(message.starts_with("the broker does not renew the login: "), "{message}");
        assert!(message.contains("Cannot change principals"), "{message}");
        assert!(!maybe_written);
        assert_eq!(connection.renewals(), (0, 1));
    });
}

#[test]
fn a_broker_that_does_not_answer_a_renewal_is_given_up() {
    run(async |mut connection| {
        connection.keep(Lease::new(connection.begun, LIFETIME, None));
        sleep(Duration::from_millis(1)).await;
        let answer = connection.send();
        let asked = connection.broker.expect(ApiKey::Metadata).await;
        connection.broker.answer_plainly(asked).await;
        assert!(answer.wait().await.is_ok());
        connection.broker.expect(ApiKey::SaslHandshake).await;
        let queued = connection.send();
        let (message, maybe_written) = failed(queued.wait().await);
        assert_eq!(message, "the broker did not answer within request_timeout_ms");
        assert!(!maybe_written);
    });
}

#[test]
fn a_renewal_waits_for_slow_answers() {
    run(async |mut connection| {
        connection.keep(Lease::new(connection.begun, LIFETIME, None));
        sleep(LIFETIME.mul_f64(0.79)).await;
        let in_flight = connection.send();
        let first = connection.broker.expect(ApiKey::Metadata).await;
        // Within the request's time, but later than the login was due.
        sleep(REQUEST_TIMEOUT.mul_f64(0.9)).await;
        let queued = connection.send();
        connection.broker.answer_plainly(first).await;
        connection.broker.let_in(LIFETIME).await;
        connection.expect_both(in_flight, queued).await;
    });
}

#[test]
fn nothing_is_done_for_a_connection_that_has_ended() {
    run(async |mut connection| {
        let missing = Some(Sasl::Bearer(BearerLogin::default()));
        let security = Security { tls: None, sasl: missing };
        let program = Counting::default();
        let asked = Rc::clone(&program.0);
        connection.security = Rc::new(LinkSecurity::new(security, program, Arc::default()));
        connection.keep(Lease::new(connection.begun, LIFETIME, None));
        sleep(Duration::from_millis(1)).await;
        let lost = connection.send();
        connection.broker.expect(ApiKey::Metadata).await;
        drop(connection.broker);
        assert!(lost.wait().await.is_err());
        sleep(LIFETIME).await;
        assert_eq!((asked.get(), Rc::strong_count(&connection.pipeline)), (0, 1));
    });
}

#[test]
fn an_answer_that_is_not_needed_does_not_count_as_use() {
    run(async |mut connection| {
        let used = Cell::new(false);
        let then = Instant::now();
        sleep(Duration::from_millis(1)).await;
        let fence = async {
            let request = ApiVersionsRequest::default();
            let _answered = connection.pipeline.call_ahead(&request, 0).await;
            used.set(connection.pipeline.was_used_since(then));
        };
        let broker = async {
            let asked = connection.broker.expect(ApiKey::ApiVersions).await;
            connection
                .broker
                .answer::<ApiVersionsRequest>(asked, &ApiVersionsResponse::default())
                .await;
        };
        tokio::join!(fence, broker);
        assert!(!used.get());
    });
}
