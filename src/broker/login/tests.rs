//! Tests of the order of requests, of Kafka's error messages, and of session lifetimes.

use super::*;
use crate::config::{Mechanism, Secret};
use crate::sasl::invalid_credentials;
use crate::wire::base64;

fn sasl() -> ListenerSasl {
    let users = [("alice", "a-secret"), ("bob", "b-secret")];
    let secret = |(user, password): (&str, &str)| (user.to_owned(), Secret::new(password.into()));
    ListenerSasl {
        mechanisms: vec![
            Mechanism::Plain.into(),
            Mechanism::ScramSha256.into(),
            ServerMechanism::Bearer,
        ],
        session_lifetime: None,
        users: users.map(secret).into(),
        tokens: [secret(("token", "t-secret"))].into(),
        salt: "salt".to_owned(),
    }
}

const NOW_MS: i64 = 1_000_000;
const ALICE: &[u8] = b"\0alice\0a-secret";
const BOB: &[u8] = b"\0bob\0b-secret";

/// Inputs of a step that succeeds.
fn at(sasl: &ListenerSasl, now: Instant) -> LoginContext<'_> {
    const NOBODY: &BTreeSet<String> = &BTreeSet::new();
    LoginContext { sasl: Some(sasl), error: None, locked_out: NOBODY, now, now_ms: NOW_MS }
}

fn chosen(mechanism: impl Into<ServerMechanism>) -> Login {
    let stage = Stage::Authenticating(Server::new(mechanism));
    Login { stage, session: None, renewed_at: None }
}

/// Builds a client message with a token that expires after `lasts` seconds.
fn token(user: &str, lasts: i64) -> Vec<u8> {
    let claims = format!(r#"{{"sub":"{user}","exp":{}}}"#, NOW_MS / 1000 + lasts);
    let claims = base64::encode_url(claims.as_bytes());
    format!("n,,\x01auth=Bearer e30.{claims}.\x01\x01").into_bytes()
}

#[test]
fn login_requests_must_come_in_order() {
    let (sasl, now) = (sasl(), Instant::now());
    let by = &at(&sasl, now);
    let apis = [ApiKey::ApiVersions, ApiKey::SaslHandshake, ApiKey::SaslAuthenticate];
    let admitted = |login: &Login| apis.map(|api| login.allows(api, now));
    let mut login = Login::new(Some(&sasl));
    assert_eq!(admitted(&login), [true, true, false]);
    assert!(!login.allows(ApiKey::Metadata, now));
    login.negotiated();
    assert_eq!(admitted(&login), [false, true, false]);
    assert!(!login.choose("PLAIN", by).is_last);
    assert_eq!(admitted(&login), [false, false, true]);
    let step = login.authenticate(BOB, by);
    assert!(!step.is_last && step.response.session_lifetime_ms == 0);
    assert!(login.is_done() && login.allows(ApiKey::Metadata, now));
    // Kafka answers these with an error and keeps the connection open.
    for by in [by, &LoginContext { sasl: None, ..*by }] {
        let step = login.choose("PLAIN", by);
        assert_eq!(step.response.error_code, ErrorCode::ILLEGAL_SASL_STATE);
        assert!(!step.is_last && step.response.mechanisms.is_empty());
        let step = login.authenticate(b"", by);
        assert_eq!(step.response.error_code, ErrorCode::ILLEGAL_SASL_STATE);
        assert!(!step.is_last && login.is_done());
    }
}

#[test]
fn an_unknown_mechanism_is_answered_with_those_that_are_enabled() {
    let sasl = sasl();
    for name in ["GSSAPI", "", "plain", "SCRAM-SHA-512"] {
        let step = Login::new(Some(&sasl)).choose(name, &at(&sasl, Instant::now()));
        assert_eq!(step.response.error_code, ErrorCode::UNSUPPORTED_SASL_MECHANISM);
        assert_eq!(step.response.mechanisms, ["PLAIN", "SCRAM-SHA-256", "OAUTHBEARER"]);
        assert!(step.is_last);
    }
}

#[test]
fn plain_refusals_have_kafkas_messages() {
    let sasl = sasl();
    let by = &at(&sasl, Instant::now());
    let invalid = "Authentication failed: Invalid username or password";
    let unexplained = invalid_credentials(Mechanism::Plain);
    let other = "Authentication failed: Client requested an authorization id that is \
                 different from username";
    for (token, message) in [
        (&b"\0bob\0a-secret"[..], invalid),
        (b"\0mallory\0a-secret", invalid),
        (b"\0bob\0b-secret\0", invalid),
        (b"alice\0bob\0b-secret", other),
        (b"", &unexplained),
        (b"\0bob", &unexplained),
        (b"\0\0b-secret", &unexplained),
        (b"\0bob\0", &unexplained),
        (b"\0bob\0\xff", &unexplained),
    ] {
        let mut login = chosen(Mechanism::Plain);
        let step = login.authenticate(token, by);
        assert_eq!(step.response.error_code, ErrorCode::SASL_AUTHENTICATION_FAILED);
        assert_eq!(step.response.error_message.as_deref(), Some(message), "{token:?}");
        assert!(step.is_last && !login.is_done());
    }
    let mut login = chosen(Mechanism::Plain);
    assert!(!login.authenticate(b"bob\0bob\0b-secret", by).is_last);
}

#[test]
fn an_injected_error_ends_the_login() {
    let sasl = sasl();
    let code = ErrorCode::SASL_AUTHENTICATION_FAILED;
    let by = &LoginContext { error: Some(code), ..at(&sasl, Instant::now()) };
    let mut login = Login::new(Some(&sasl));
    let step = login.choose("PLAIN", by);
    assert!(step.is_last && step.response.error_code == code);
    let mut login = chosen(Mechanism::Plain);
    let step = login.authenticate(BOB, by);
    assert!(step.is_last && step.response.error_code == code && !login.is_done());
}

/// Tests which accounts get a challenge; `scram` has the test vectors.
#[test]
fn scram_challenges_only_known_users_and_tokens() {
    let (sasl, now) = (sasl(), Instant::now());
    let by = &at(&sasl, now);
    let unexplained = invalid_credentials(Mechanism::ScramSha256);
    for (token, message) in [
        ("n,,n=alice,r=1", None),
        ("n,a=alice,n=alice,r=1", None),
        ("n,,n=token,r=1,tokenauth=true", None),
        ("n,,n=token,r=1", Some(&*unexplained)),
        ("n,,n=alice,r=1,tokenauth=true", Some(&unexplained)),
        ("n,,n=mallory,r=1", Some(&unexplained)),
        ("", Some(&unexplained)),
    ] {
        let mut login = chosen(Mechanism::ScramSha256);
        let step = login.authenticate(token.as_bytes(), by);
        assert_eq!(step.response.error_message.as_deref(), message, "{token}");
        assert_eq!(step.is_last, message.is_some());
        assert!(!login.is_done() && login.allows(ApiKey::SaslAuthenticate, now));
        let step = login.authenticate(b"c=biws,r=1,p=AAAA", by);
        assert_eq!(step.response.error_message.as_deref(), Some(&*unexplained));
        assert!(step.is_last && !login.is_done());
    }
}

#[test]
fn a_token_that_is_refused_is_answered_before_the_login_fails() {
    let sasl = sasl();
    let locked_out = &BTreeSet::from(["bob".to_owned()]);
    let by = &LoginContext { locked_out, ..at(&sasl, Instant::now()) };
    let json = r#"{"status":"invalid_token"}"#;
    for token in [token("alice", 0), token("bob", 60), b"n,,\x01auth=Bearer t\x01\x01".into()] {
        let mut login = chosen(ServerMechanism::Bearer);
        let step = login.authenticate(&token, by);
        assert!(!step.is_last && step.response.error_code.is_success());
        assert_eq!(&*step.response.auth_bytes, json.as_bytes());
        let step = login.authenticate(b"\x01", by);
        assert!(step.is_last && !login.is_done());
        assert_eq!(step.response.error_code, ErrorCode::SASL_AUTHENTICATION_FAILED);
        assert_eq!(step.response.error_message.as_deref(), Some(json));
    }
    let unexplained = invalid_credentials(ServerMechanism::Bearer);
    let other = "Authentication failed: Client requested an authorization id (bob) that is \
                 different from the token's principal name (alice)";
    let as_bob = [b"n,a=bob", &token("alice", 60)[2..]].concat();
    for (message, said) in [(&b""[..], &*unexplained), (ALICE, &unexplained), (&as_bob, other)] {
        let step = chosen(ServerMechanism::Bearer).authenticate(message, by);
        assert!(step.is_last);
        assert_eq!(step.response.error_message.as_deref(), Some(said));
    }
}

#[test]
fn locked_out_users_are_refused_with_valid_credentials() {
    let sasl = sasl();
    let locked_out = &BTreeSet::from(["alice".to_owned()]);
    let by = &LoginContext { locked_out, ..at(&sasl, Instant::now()) };
    for (mechanism, first) in
        [(Mechanism::Plain, ALICE), (Mechanism::ScramSha256, b"n,,n=alice,r=1")]
    {
        let step = chosen(mechanism).authenticate(first, by);
        assert!(step.is_last && !step.response.error_code.is_success(), "{mechanism:?}");
    }
    assert!(!chosen(Mechanism::Plain).authenticate(BOB, by).is_last);
}

#[test]
fn a_session_ends_with_its_token_or_the_listeners_limit() {
    let second = Duration::from_secs(1);
    let by_token = (ServerMechanism::Bearer, token("alice", 60));
    let by_password = (Mechanism::Plain.into(), ALICE.to_vec());
    for ((mechanism, message), at_most, seconds) in [
        (by_token.clone(), None, Some(60)),
        (by_token.clone(), Some(3), Some(3)),
        (by_token, Some(90), Some(60)),
        (by_password.clone(), Some(3), Some(3)),
        (by_password, None, None),
    ] {
        let session_lifetime = at_most.map(Duration::from_secs);
        let (sasl, now) = (ListenerSasl { session_lifetime, ..sasl() }, Instant::now());
        let mut login = chosen(mechanism);
        let step = login.authenticate(&message, &at(&sasl, now));
        let lifetime_ms = seconds.map_or(0, |seconds| seconds * 1000);
        assert_eq!(step.response.session_lifetime_ms, lifetime_ms);
        let end = now + second * seconds.unwrap_or(1000) as u32;
        assert!(login.allows(ApiKey::Produce, now + second / 2));
        assert_eq!(login.allows(ApiKey::Produce, end), seconds.is_none());
        assert!(login.allows(ApiKey::SaslHandshake, end));
    }
}

#[test]
fn a_session_is_renewed_at_most_once_a_second_for_the_same_user() {
    let second = Duration::from_secs(1);
    let sasl = ListenerSasl { session_lifetime: Some(3 * second), ..sasl() };
    let begin = Instant::now();
    let mut login = chosen(Mechanism::Plain);
    login.authenticate(ALICE, &at(&sasl, begin));
    let later = begin + 2 * second;
    assert!(login.choose("PLAIN", &at(&sasl, later)).response.error_code.is_success());
    assert!(!login.allows(ApiKey::Produce, later));
    assert!(!login.authenticate(ALICE, &at(&sasl, later)).is_last);
    assert!(login.allows(ApiKey::Produce, later + 2 * second));
    let soon = login.choose("PLAIN", &at(&sasl, later + second / 2));
    assert_eq!(soon.response.error_code, ErrorCode::ILLEGAL_SASL_STATE);
    assert!(!soon.is_last);

    let later = &at(&sasl, later + second);
    for (name, message, said) in [
        (
            "PLAIN",
            BOB.to_vec(),
            "Cannot change principals during re-authentication from User.alice: User.bob",
        ),
        (
            "OAUTHBEARER",
            token("alice", 60),
            "SASL mechanism 'OAUTHBEARER' requested by client is not supported for \
             re-authentication of mechanism 'PLAIN'",
        ),
    ] {
        let mut login = chosen(Mechanism::Plain);
        login.authenticate(ALICE, &at(&sasl, begin));
        assert!(!login.choose(name, later).is_last);
        let step = login.authenticate(&message, later);
        assert!(step.is_last && !login.is_done());
        assert_eq!(step.response.error_message.as_deref(), Some(said));
    }
}
