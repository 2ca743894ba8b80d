//! OAUTHBEARER, the client's side. The first byte chooses what the rest is: what a server says to the
//! token, or the token itself. The first never shows the token, and the second forges no other part
//! of the message.
#![no_main]

use bytes::Bytes;
use dekaf::config::Secret;
use dekaf::sasl::{Client, Next, Token};
use libfuzzer_sys::fuzz_target;

const TOKEN: &str = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbGljZSJ9.";

/// More than any error needs, however long the message was.
const LONGEST_ERROR: usize = 3_000;

fuzz_target!(|data: &[u8]| {
    let Some((choice, rest)) = data.split_first() else { return };
    match choice % 2 {
        0 => hear(&Bytes::copy_from_slice(rest)),
        _ => send(&String::from_utf8_lossy(rest)),
    }
});

fn token(value: &str, extensions: Vec<(String, String)>) -> Token {
    Token { value: Secret::new(value.to_owned()), expires_at: None, extensions }
}

/// Takes in a server's answer to the token, and the text of its refusal.
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

/// Sends a token, an extension's name and its value, which are separated by line ends.
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
