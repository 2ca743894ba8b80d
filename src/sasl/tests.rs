//! Client and server against each other, and against the test vectors of the RFC.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::config::{Mechanism, Secret};
use crate::error::{Error, ErrorKind};
use crate::wire::base64;

const MECHANISMS: [Mechanism; 3] =
    [Mechanism::Plain, Mechanism::ScramSha256, Mechanism::ScramSha512];

fn secret(text: &str) -> Secret {
    Secret::new(text.to_owned())
}

/// Runs a login. Returns the result on the client's side, with the server's text if it refuses.
fn log_in(
    mechanism: Mechanism,
    (user, password): (&str, &str),
    users: &Accounts,
    spoil: impl Fn(usize, Vec<u8>) -> Vec<u8>,
) -> Result<(), Error> {
    let mut client = Client::new(mechanism, user, &secret(password), false, b"client nonce")?;
    let tokens = Accounts::new();
    let known = known(users, &tokens);
    let mut server = Server::new(mechanism);
    let mut message = client.first();
    for step in 0.. {
        let answer = match server.step(&message, &known) {
            Ok(ServerNext::Continue(next, answer)) => {
                server = next;
                answer
            }
            Ok(ServerNext::Done(accepted)) => accepted.answer,
            Err(said) => {
                let refusal = client.refusal(&said);
                return Err(Error::new(ErrorKind::Authentication, refusal));
            }
        };
        let next = match client.answer(&spoil(step, answer.into_bytes()))? {
            Next::Derive(derivation) => client.derived(derivation.run())?,
            next => next,
        };
        match next {
            Next::Send(next) => message = next,
            Next::Done => return Ok(()),
            Next::Derive(_) => panic!("keys are derived once"),
        }
    }
    unreachable!("a login ends")
}

fn as_it_is(_: usize, answer: Vec<u8>) -> Vec<u8> {
    answer
}

/// A server's knowledge at the beginning of 1970.
fn known<'a>(users: &'a Accounts, tokens: &'a Accounts) -> Known<'a> {
    const NOBODY: &BTreeSet<String> = &BTreeSet::new();
    let (salt, nonce) = (b"a salt", b"server nonce");
    Known { users, tokens, locked_out: NOBODY, salt, nonce, now_ms: 0 }
}

fn users(user: &str, password: &str) -> Accounts {
    Accounts::from([(user.to_owned(), secret(password))])
}

/// Returns a client of `user`/`pencil` with its proof.
fn at_proof(mechanism: Mechanism, nonce: &[u8], server_first: &str) -> (Client, String) {
    let mut client = Client::new(mechanism, "user", &secret("pencil"), false, nonce).unwrap();
    let Next::Derive(derivation) = client.answer(server_first.as_bytes()).unwrap() else {
        panic!("keys are needed first")
    };
    let Next::Send(proof) = client.derived(derivation.run()).unwrap() else {
        panic!("the proof follows")
    };
    (client, String::from_utf8(proof.to_vec()).unwrap())
}

/// Returns the client with its proof in the exchange of RFC 7677, section 3. The RFC's nonce is
/// given as the bytes whose Base64 it is.
fn at_proof_of_the_rfc(mechanism: Mechanism) -> (Client, String) {
    let nonce = base64::decode("rOprNGfwEbeRWgbNEkqO").unwrap();
    let first =
        "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
    at_proof(mechanism, &nonce, first)
}

#[test]
fn the_vector_of_rfc_7677() {
    let (mut client, proof) = at_proof_of_the_rfc(Mechanism::ScramSha256);
    assert_eq!(&**client.first(), b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO");
    assert_eq!(
        proof,
        "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,\
         p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
    );
    let last = b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=";
    assert!(matches!(client.answer(last), Ok(Next::Done)));
}

/// The same exchange with SHA-512, for which no RFC has a vector; computed with Python's hashlib.
#[test]
fn the_same_exchange_by_sha_512() {
    let (mut client, proof) = at_proof_of_the_rfc(Mechanism::ScramSha512);
    let expected = "p=gMGXRcevScNtxZ6/8lQYpGtnsNAc3mGcmNomv+xnoOMw+3R2xNJdMNnzMlTN8PPC6wdp6dybEmDYXYTx\
                    wnYPJQ==";
    assert!(proof.ends_with(expected), "{proof}");
    let last =
        b"v=ZQnYEgWQMFmmsM8aQMF0nDDCy/AgCzkwk8CmMZYcMg0vSVlKDanekLtifDSeVGT4+5ZxXnJq199RVG2r\
                 R7N7Zw==";
    assert!(matches!(client.answer(last), Ok(Next::Done)));
}

#[test]
fn logins_succeed_with_the_right_password_alone() {
    for mechanism in MECHANISMS {
        let users = users("alice", "alice-secret");
        log_in(mechanism, ("alice", "alice-secret"), &users, as_it_is).unwrap();
        for (who, cause) in [
            (("alice", "bob-secret"), "the password of user \"alice\" is wrong"),
            (("mallory", "alice-secret"), "the broker has no user \"mallory\" for SCRAM-SHA-"),
        ] {
            let error = log_in(mechanism, who, &users, as_it_is).expect_err("it is refused");
            let cause = match mechanism {
                Mechanism::Plain => "the broker refuses user",
                _ => cause,
            };
            assert!(error.to_string().starts_with(cause), "{error}");
            assert!(
                error.to_string().contains("the broker says: Authentication failed"),
                "{error}"
            );
            assert!(!error.to_string().contains("secret"), "{error}");
        }
    }
}

#[test]
fn a_delegation_token_is_marked() {
    let token = Client::new(Mechanism::ScramSha256, "id", &secret("hmac"), true, b"nonce").unwrap();
    assert_eq!(&**token.first(), b"n,,n=id,r=bm9uY2U=,tokenauth=true");
    assert!(token.refusal("").starts_with("the broker has no delegation token \"id\""));
}

#[test]
fn a_refusal_for_another_reason_says_it_first() {
    let client = Client::new(Mechanism::Plain, "user", &secret("pencil"), false, b"").unwrap();
    for said in ["Too many connects", "Authentication failed: the account is locked"] {
        let expected = format!("the broker refuses the login of \"user\" by PLAIN: {said}");
        assert_eq!(client.refusal(said), expected);
    }
    for said in ["Authentication failed.", " ", "Invalid username or password"] {
        assert!(client.refusal(said).contains("check both"), "{said}");
    }
}

#[test]
fn a_limit_of_logins_is_not_about_credentials() {
    assert!(is_for_now("[8c3f]: Too many connects"));
    for said in ["", "Authentication failed: too many wrong passwords", "the account is locked"] {
        assert!(!is_for_now(said), "{said}");
    }
}

#[test]
fn a_server_that_repeats_the_password_is_not_quoted() {
    for mechanism in MECHANISMS {
        let mut client = Client::new(mechanism, "user", &secret("pencil"), false, b"12").unwrap();
        let sent = base64::encode(b"\0user\0pencil");
        let mut refusals = vec![
            client.refusal("Authentication failed: no user with the password pencil"),
            client.refusal("pencil"),
            client.quote("pencil"),
        ];
        match mechanism {
            Mechanism::Plain => refusals.push(client.refusal(&sent)),
            _ => refusals.push(client.answer(b"e=pencil").expect_err("e=").to_string()),
        }
        for refusal in refusals {
            assert!(!refusal.contains("pencil") && !refusal.contains(&sent), "{refusal}");
            assert!(refusal.ends_with("they contain the password)"), "{refusal}");
        }
    }
}

#[test]
fn what_the_server_must_not_say_is_refused() {
    let refused = |message: &str| {
        let mut client =
            Client::new(Mechanism::ScramSha256, "user", &secret("pencil"), false, b"12").unwrap();
        client.answer(message.as_bytes()).expect_err(message).to_string()
    };
    // The nonce is "MTI=".
    for (message, cause) in [
        ("", "r= is missing"),
        ("m=1,r=MTI=x,s=AA==,i=4096", "an extension"),
        ("r=other,s=AA==,i=4096", "does not extend"),
        ("r=MTI=,s=AA==,i=4096", "does not extend"),
        ("r=MTI=x,s=,i=4096", "salt"),
        ("r=MTI=x,s=?,i=4096", "salt"),
        ("r=MTI=x,s=AA==", "i= is missing"),
        ("r=MTI=x,s=AA==,i=many", "not a number"),
        ("r=MTI=x,s=AA==,i=+4096", "not a number"),
        ("r=MTI=x,s=AA==,i=4095", "asks for 4095 iterations"),
        ("r=MTI=x,s=AA==,i=1000001", "asks for 1000001 iterations"),
        ("r=MTI=x,s=AA==,i=99999999999", "asks for 99999999999 iterations"),
        ("r=MTI=x,s=AA==,i=", "not a number"),
        ("e=unknown-user", "the broker has no user \"user\""),
        ("e=server-busy", "the login of \"user\" by SCRAM-SHA-256: server-busy"),
        (&"r".repeat(5_000), "it has 5000 bytes"),
    ] {
        let said = refused(message);
        assert!(said.contains(cause), "{message}: {said}");
    }
}

#[test]
fn a_server_that_does_not_know_the_password_is_refused() {
    let (mut client, _) = at_proof(Mechanism::ScramSha512, b"12", "r=MTI=x,s=AA==,i=4096");
    let forged = format!("v={}", base64::encode(&[7; 64]));
    for (message, kind, cause) in [
        (&*forged, ErrorKind::Authentication, "could not prove"),
        ("v=AA==", ErrorKind::Authentication, "could not prove"),
        ("v=?", ErrorKind::Protocol, "not Base64"),
        ("e=invalid-proof", ErrorKind::Authentication, "the password of user \"user\" is wrong"),
        ("e=other-error\u{1b}", ErrorKind::Authentication, "SCRAM-SHA-512: other-error\\u{1b}"),
    ] {
        let error = client.answer(message.as_bytes()).expect_err(message);
        assert_eq!(error.kind(), kind);
        assert!(error.to_string().contains(cause), "{error}");
    }
}

#[test]
fn keys_are_kept_and_forgotten() {
    let derivation = |salt: u8| Derivation {
        hash: keys::Hash::Sha256,
        password: secret("pencil"),
        salt: vec![salt],
        iterations: std::num::NonZeroU32::MIN,
    };
    let mut cache = KeyCache::default();
    for salt in 0..20 {
        let keys = derivation(salt).run();
        cache.put(derivation(salt), keys.clone());
        assert_eq!(cache.get(&derivation(salt)), Some(keys));
    }
    assert_eq!((0..20).filter(|salt| cache.get(&derivation(*salt)).is_some()).count(), 8);
    let other = Derivation { password: secret("other"), ..derivation(19) };
    assert_eq!(cache.get(&other), None);
}

#[test]
fn nothing_shows_a_password() {
    let password = "pencil-9f86d081";
    for mechanism in MECHANISMS {
        let mut client = Client::new(mechanism, "user", &secret(password), false, b"12").unwrap();
        let mut shown = vec![format!("{client:?}")];
        if let Ok(Next::Derive(derivation)) = client.answer(b"r=MTI=x,s=AA==,i=4096") {
            shown.push(format!("{derivation:?}{:?}", derivation.run()));
            client.derived(derivation.run()).unwrap();
            shown.push(format!("{client:?}"));
        }
        let shown = shown.concat();
        assert!(!shown.contains("pencil"), "{shown}");
        let bytes = password.as_bytes().iter().map(u8::to_string).collect::<Vec<_>>().join(", ");
        assert!(!shown.contains(&bytes), "{shown}");
    }
}

#[test]
fn plain_cannot_send_a_nul() {
    for (user, password, name) in [("a\0b", "c", "user"), ("a", "b\0c", "password")] {
        let error = Client::new(Mechanism::Plain, user, &secret(password), false, b"");
        let error = error.expect_err(name).to_string();
        assert!(error.starts_with(&format!("{name}: a NUL")), "{error}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_user_and_password_log_in(user in "[^\0]{1,20}", password in "[^\0]{1,20}") {
        for mechanism in MECHANISMS {
            log_in(mechanism, (&user, &password), &users(&user, &password), as_it_is).unwrap();
        }
    }

    /// A changed salt or count makes a wrong proof, and a later change is noticed.
    #[test]
    fn a_changed_answer_never_logs_in(step in 0_usize..2, at in any::<prop::sample::Index>(), to: u8) {
        let mechanism = Mechanism::ScramSha256;
        let users = users("alice", "alice-secret");
        let spoil = |now: usize, mut answer: Vec<u8>| {
            let at = at.index(answer.len());
            if now == step && answer[at] != to {
                answer[at] = to;
            } else if now == step {
                answer[at] = to.wrapping_add(1);
            }
            answer
        };
        prop_assert!(log_in(mechanism, ("alice", "alice-secret"), &users, spoil).is_err());
    }

    #[test]
    fn hostile_bytes_do_no_harm(server in proptest::collection::vec(any::<u8>(), 0..64)) {
        for mechanism in MECHANISMS {
            let mut client = Client::new(mechanism, "u", &secret("p"), false, b"12").unwrap();
            let _refused = client.answer(&server);
            let (users, tokens) = (users("u", "p"), Accounts::new());
            let known = known(&users, &tokens);
            let _refused = Server::new(mechanism).step(&server, &known);
            let _refused = Server::new(ServerMechanism::Bearer).step(&server, &known);
            let challenged = Server::new(Mechanism::ScramSha256).step(b"n,,n=u,r=1", &known);
            if let Ok(ServerNext::Continue(challenged, _)) = challenged {
                let _refused = challenged.step(&server, &known);
            }
        }
    }
}
