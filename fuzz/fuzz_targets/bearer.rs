//! OAUTHBEARER, both sides. The first byte selects the rest: the server's answer to a token, the
//! token, the client's message, or the claims of a token in that message. Errors about an answer
//! never contain the token. A token cannot forge other parts of the message. A server accepts no
//! token without a user.
#![no_main]

use std::collections::BTreeSet;

use bytes::Bytes;
use dekaf::config::Secret;
use dekaf::sasl::{Accounts, Client, Known, Next, Server, ServerMechanism, ServerNext, Token};
use dekaf::wire::base64;
use libfuzzer_sys::fuzz_target;

const TOKEN: &str = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbGljZSJ9.";

/// More than any error needs, for a message of any length.
const LONGEST_ERROR: usize = 3_000;

fuzz_target!(|data: &[u8]| {
    let Some((choice, rest)) = data.split_first() else { return };
    match choice % 4 {
        0 => hear(&Bytes::copy_from_slice(rest)),
        1 => send(&String::from_utf8_lossy(rest)),
        2 => serve(&Bytes::copy_from_slice(rest)),
        _ => serve(&with_claims(rest)),
    }
});

fn token(value: &str, extensions: Vec<(String, String)>) -> Token {
    Token { value: Secret::new(value.to_owned()), expires_at: None, extensions }
}

/// Passes a server's answer to the client, and checks the text of the refusal.
fn hear(said: &Bytes) {
    let mut client = Client::bearer(&token(TOKEN, Vec::new()), &[]).expect("the token is right");
    let answered = dekaf_fuzz::decode_within_bounds(said, |said| client.answer(said));
    let is_accepted = matches!(answered, Ok(Next::Done));
    assert_eq!(is_accepted, said.is_empty());
    assert_eq!(client.is_refused(), !is_accepted);
    for text in [&*String::from_utf8_lossy(said), ""] {
        let refusal = client.refusal(text);
        assert!(refusal.len() <= LONGEST_ERROR && !refusal.contains(TOKEN), "{refusal}");
    }
}

/// Sends a token, an extension's name and its value, separated by newlines.
fn send(text: &str) {
    let mut parts = text.splitn(3, '\n').map(str::to_owned);
    let value = parts.next().unwrap_or_default();
    let extensions: Vec<_> = parts.next().zip(parts.next()).into_iter().collect();
    let count = extensions.len();
    let Ok(client) = Client::bearer(&token(&value, extensions), &[]) else { return };
    let message = client.first();
    let separators = message.iter().filter(|byte| **byte == 1).count();
    assert_eq!(separators, 3 + count, "{message:?}");
    assert!(message.starts_with(b"n,,\x01auth=Bearer ") && message.ends_with(b"\x01\x01"));
}

/// Builds the client's message with a token that has these claims.
fn with_claims(claims: &[u8]) -> Bytes {
    format!("n,,\x01auth=Bearer e30.{}.\x01\x01", base64::encode_url(claims)).into()
}

/// Passes the client's message to a server.
fn serve(message: &Bytes) {
    let (accounts, locked_out) = (Accounts::new(), BTreeSet::new());
    let (users, tokens) = (&accounts, &accounts);
    let known =
        Known { users, tokens, locked_out: &locked_out, salt: b"", nonce: b"", now_ms: 1_000 };
    let server = Server::new(ServerMechanism::Bearer);
    let answered =
        dekaf_fuzz::decode_within_bounds(message, |message| server.step(message, &known));
    if let Ok(ServerNext::Done(accepted)) = answered {
        assert!(!accepted.user.is_empty() && accepted.ends_at_ms > Some(known.now_ms));
    }
}
