//! OAUTHBEARER (RFC 7628), the client's side: a token, in one message.

use std::fmt;

use zeroize::Zeroizing;

use super::next::Next;
use super::refusal::{is_of_credentials, quoted};
use super::token::Token;
use crate::error::{Error, ErrorKind, Result, shown};

/// The mechanism's name in `SaslHandshake`.
pub const OAUTHBEARER: &str = "OAUTHBEARER";

/// Separates the parts of a message, and is the whole reply to a refusal.
const SEPARATOR: u8 = 1;

pub(super) struct Bearer {
    token: Token,
    /// The reason why the server refuses the token, as JSON. The login fails after one more
    /// message.
    refused: Option<String>,
}

/// Without the server's text, which may repeat the token.
impl fmt::Debug for Bearer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bearer").field("token", &self.token).finish_non_exhaustive()
    }
}

impl Bearer {
    pub(super) fn new(token: &Token, extensions: &[(String, String)]) -> Result<Self> {
        let mut token = token.clone();
        let own = token.extensions.len();
        for (name, value) in extensions {
            if !token.extensions[..own].iter().any(|(known, _)| known == name) {
                token.extensions.push((name.clone(), value.clone()));
            }
        }
        check(&token)?;
        Ok(Self { token, refused: None })
    }

    pub(super) fn first(&self) -> Zeroizing<Vec<u8>> {
        let Token { value, extensions, .. } = &self.token;
        let parts: usize =
            extensions.iter().map(|(name, value)| name.len() + value.len() + 2).sum();
        // With the final capacity: growing would leave copies of the token in memory.
        let mut message = Zeroizing::new(Vec::with_capacity(value.reveal().len() + parts + 32));
        message.extend_from_slice(b"n,,\x01auth=Bearer ");
        message.extend_from_slice(value.reveal().as_bytes());
        message.push(SEPARATOR);
        for (name, value) in extensions {
            for part in [name.as_bytes(), b"=", value.as_bytes(), &[SEPARATOR]] {
                message.extend_from_slice(part);
            }
        }
        message.push(SEPARATOR);
        message
    }

    /// A server that accepts the token sends an empty message.
    pub(super) fn answer(&mut self, server: &[u8]) -> Result<Next> {
        if self.is_refused() {
            return Err(Error::new(ErrorKind::Authentication, self.refusal("")));
        }
        if server.is_empty() {
            return Ok(Next::Done);
        }
        self.refused = Some(String::from_utf8_lossy(server).into_owned());
        Ok(Next::Send(Zeroizing::new(vec![SEPARATOR])))
    }

    /// Whether the server has refused the token. True even if the connection then fails.
    pub(super) fn is_refused(&self) -> bool {
        self.refused.is_some()
    }

    pub(super) fn refusal(&self, said: &str) -> String {
        let said = said.trim();
        let json = self.refused.as_deref().map(str::trim);
        // Kafka's text often repeats the JSON, which is more specific.
        let words = match json {
            Some(json) if is_of_credentials(said) || said.contains(json) => json,
            _ => said,
        };
        if json.is_none() && !is_of_credentials(said) && !self.gives_away(said) {
            return format!("the broker refuses the login by OAUTHBEARER: {}", shown(said));
        }
        format!(
            "the broker refuses the token; check that it is for this cluster (its issuer, audience \
             and scope), and that the clocks agree{}",
            self.quote(words)
        )
    }

    pub(super) fn quote(&self, said: &str) -> String {
        if self.gives_away(said) {
            return " (the broker's words are not shown, as they contain the token)".to_owned();
        }
        quoted(said)
    }

    fn gives_away(&self, said: &str) -> bool {
        said.contains(self.token.value.reveal())
    }
}

/// Refuses characters that would end a part of the message early, and so forge another part.
fn check(token: &Token) -> Result<()> {
    let refused = |what: &str| Err(Error::new(ErrorKind::Authentication, what));
    if !is_token(token.value.reveal()) {
        return refused("the token is empty, or has a character that OAUTHBEARER cannot carry");
    }
    for (name, value) in &token.extensions {
        if name == "auth" || name.is_empty() || !name.bytes().all(|it| it.is_ascii_alphabetic()) {
            return refused(
                "an extension's name must be of the letters A to Z alone, and not auth",
            );
        }
        if !value.bytes().all(|it| matches!(it, b'\t' | b'\n' | b'\r' | b' '..=b'~')) {
            return refused("an extension's value must be of printable ASCII characters");
        }
    }
    Ok(())
}

/// Whether the text matches `b64token` of RFC 6750.
fn is_token(text: &str) -> bool {
    let body = text.trim_end_matches('=');
    let is_allowed = |it: u8| it.is_ascii_alphanumeric() || b"-._~+/".contains(&it);
    !body.is_empty() && body.bytes().all(is_allowed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Secret;

    const TOKEN: &str = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbGljZSJ9.";

    fn token(value: &str, extensions: &[(&str, &str)]) -> Token {
        Token {
            value: Secret::new(value.to_owned()),
            expires_at: None,
            extensions: owned(extensions),
        }
    }

    fn owned(extensions: &[(&str, &str)]) -> Vec<(String, String)> {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        extensions.iter().map(owned).collect()
    }

    #[test]
    fn the_message_of_the_rfc() {
        let bearer = Bearer::new(&token("vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==", &[]), &[]);
        let expected = b"n,,\x01auth=Bearer vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==\x01\x01";
        assert_eq!(&**bearer.unwrap().first(), expected);
        let extensions = [("logicalCluster", "lkc-1"), ("identityPoolId", "pool-1")];
        let bearer = Bearer::new(&token(TOKEN, &extensions[..1]), &owned(&extensions)).unwrap();
        let expected = format!(
            "n,,\x01auth=Bearer {TOKEN}\x01logicalCluster=lkc-1\x01identityPoolId=pool-1\x01\x01"
        );
        assert_eq!(&**bearer.first(), expected.as_bytes());
    }

    #[test]
    fn a_refusal_is_answered_and_explained() {
        let mut bearer = Bearer::new(&token(TOKEN, &[]), &[]).unwrap();
        assert!(matches!(bearer.answer(b""), Ok(Next::Done)));
        let json = r#"{"status":"invalid_token"}"#;
        let Ok(Next::Send(last)) = bearer.answer(json.as_bytes()) else { panic!("it is answered") };
        assert_eq!(&**last, b"\x01");
        for said in ["", json, "Authentication failed due to invalid credentials"] {
            let refusal = bearer.refusal(said);
            assert!(refusal.starts_with("the broker refuses the token; check"), "{refusal}");
            assert!(refusal.contains(json), "{refusal}");
        }
        for more in ["", json] {
            let error = bearer.answer(more.as_bytes()).expect_err("it was refused before");
            assert_eq!(error.kind(), ErrorKind::Authentication);
            assert_eq!(error.to_string(), bearer.refusal(""));
        }
        assert!(bearer.refusal("the issuer is unknown").contains("the issuer is unknown"));
    }

    #[test]
    fn the_brokers_own_reason_comes_first() {
        let bearer = Bearer::new(&token(TOKEN, &[]), &[]).unwrap();
        let refusal = bearer.refusal("Too many connects");
        assert_eq!(refusal, "the broker refuses the login by OAUTHBEARER: Too many connects");
    }

    #[test]
    fn the_token_is_never_shown() {
        let mut bearer = Bearer::new(&token(TOKEN, &[]), &[]).unwrap();
        let said = format!("no such token: {TOKEN}");
        let mut shown = vec![bearer.refusal(&said), bearer.quote(&said)];
        let json = format!(r#"{{"token":"{TOKEN}"}}"#);
        bearer.answer(json.as_bytes()).expect("it is refused in the end");
        shown.extend([bearer.refusal(&said), bearer.refusal(""), format!("{bearer:?}")]);
        for text in shown {
            assert!(!text.contains(TOKEN), "{text}");
        }
    }

    #[test]
    fn nothing_can_be_forged() {
        for value in ["", "=", "a b", "a\x01auth=Bearer b", "a\n", "a=b", "ä", "a,b"] {
            Bearer::new(&token(value, &[]), &[]).expect_err(value);
        }
        for (name, value) in [("auth", "x"), ("", "x"), ("a1", "x"), ("a", "x\x01y"), ("a", "ä")] {
            Bearer::new(&token(TOKEN, &[(name, value)]), &[]).expect_err(name);
            Bearer::new(&token(TOKEN, &[]), &owned(&[(name, value)])).expect_err(name);
        }
        Bearer::new(&token("a.b-c_d~e+f/g==", &[("a", " b\t=")]), &[]).unwrap();
    }
}
