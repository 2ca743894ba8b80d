//! OAUTHBEARER (RFC 7628), the server's side, with the rules of Kafka's brokers for unsigned
//! tokens. Signatures are not verified.

use serde_json::Value;

use crate::sasl::messages::unescape;
use crate::wire::base64;

/// Kafka's answer to a token that it refuses.
pub(super) const INVALID_TOKEN: &str = r#"{"status":"invalid_token"}"#;

/// The client's reply to a refusal.
pub(super) const ACKNOWLEDGEMENT: &[u8] = b"\x01";

const PARTS_OF_A_JWT: usize = 3;

/// The client's message.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ClientToken {
    token: String,
    /// The name that the client wants to act as; empty for the token's.
    pub(super) acts_as: String,
}

/// The claims that are checked.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Claims {
    /// The owner of the token (`sub`).
    pub(super) user: String,
    /// When the token expires (`exp`), in milliseconds since 1970.
    pub(super) ends_at_ms: i64,
}

impl ClientToken {
    /// Parses the message. Returns `None` if it is malformed.
    pub(super) fn parse(message: &[u8]) -> Option<Self> {
        let message = str::from_utf8(message).ok()?;
        let (acts_as, parts) = message.strip_prefix("n,")?.split_once(",\x01")?;
        let acts_as = match acts_as {
            "" => String::new(),
            name => unescape(name.strip_prefix("a=")?)?,
        };
        let mut token = None;
        for part in parts.strip_suffix('\x01')?.split_inclusive('\x01') {
            let (name, value) = part.strip_suffix('\x01')?.split_once('=')?;
            let is_name = !name.is_empty() && name.bytes().all(|it| it.is_ascii_alphabetic());
            let is_text =
                |it: u8| it.is_ascii_graphic() || matches!(it, b' ' | b'\t' | b'\r' | b'\n');
            if !is_name || value.is_empty() || !value.bytes().all(is_text) {
                return None;
            }
            if name == "auth" {
                let (scheme, value) = value.split_once(' ')?;
                token =
                    scheme.eq_ignore_ascii_case("bearer").then(|| value.trim_start().to_owned());
            }
        }
        token.map(|token| Self { token, acts_as })
    }

    /// Reads the token. Returns `None` if it is no JWT, has no user or no expiry, has expired, or
    /// was issued in the future.
    pub(super) fn claims(&self, now_ms: i64) -> Option<Claims> {
        let parts: Vec<_> = self.token.split('.').collect();
        if parts.len() != PARTS_OF_A_JWT {
            return None;
        }
        let claims: Value = serde_json::from_slice(&base64::decode_url(parts[1])?).ok()?;
        let time = |name| claims.get(name).map(|it| Some((it.as_f64()? * 1000.0) as i64));
        let user = claims.get("sub")?.as_str().filter(|user| !user.is_empty())?.to_owned();
        let ends_at_ms = time("exp")??;
        let issued_at_ms = time("iat").unwrap_or(Some(i64::MIN))?;
        let is_of_now = issued_at_ms <= now_ms && now_ms < ends_at_ms;
        is_of_now.then_some(Claims { user, ends_at_ms })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW_MS: i64 = 1_000_000;

    fn claims(claims: &str) -> Option<Claims> {
        let token = format!("e30.{}.", base64::encode_url(claims.as_bytes()));
        ClientToken { token, acts_as: String::new() }.claims(NOW_MS)
    }

    #[test]
    fn the_message_of_the_rfc_is_read() {
        let message = b"n,a=us=2Cer,\x01host=server\x01port=143\x01auth=Bearer dG9rZW4=\x01\x01";
        let expected = ClientToken { token: "dG9rZW4=".into(), acts_as: "us,er".into() };
        assert_eq!(ClientToken::parse(message), Some(expected));
        for message in [
            &b""[..],
            b"n,,",
            b"n,,\x01\x01",
            b"y,,\x01auth=Bearer t\x01\x01",
            b"n,user,\x01auth=Bearer t\x01\x01",
            b"n,,\x01auth=Bearer t\x01",
            b"n,,\x01auth=Basic t\x01\x01",
            b"n,,\x01auth=Bearer\x01\x01",
            b"n,,\x01auth=Bearer t\x01e1=v\x01\x01",
            b"n,,\x01auth=Bearer t\x01e=\x01\x01",
            b"n,,\x01auth=Bearer t\x01e=\x02\x01\x01",
            b"n,,\x01auth=Bearer \xff\x01\x01",
        ] {
            assert_eq!(ClientToken::parse(message), None, "{}", message.escape_ascii());
        }
    }

    #[test]
    fn a_token_has_a_user_and_an_end() {
        let ends_at_ms = NOW_MS + 500;
        let expected = Claims { user: "alice".into(), ends_at_ms };
        assert_eq!(claims(r#"{"sub":"alice","exp":1000.5}"#), Some(expected));
        assert!(claims(r#"{"sub":"alice","exp":1001,"iat":1000}"#).is_some());
        for refused in [
            "",
            "[]",
            r#"{"sub":"alice"}"#,
            r#"{"exp":2000}"#,
            r#"{"sub":"","exp":2000}"#,
            r#"{"sub":1,"exp":2000}"#,
            r#"{"sub":"alice","exp":"2000"}"#,
            r#"{"sub":"alice","exp":1000}"#,
            r#"{"sub":"alice","exp":2000,"iat":1001}"#,
            r#"{"sub":"alice","exp":2000,"iat":null}"#,
        ] {
            assert_eq!(claims(refused), None, "{refused}");
        }
        for token in ["", "opaque", "e30.e30", "e30.*.", "e30.e30.e30.e30"] {
            let token = ClientToken { token: token.into(), acts_as: String::new() };
            assert_eq!(token.claims(NOW_MS), None, "{token:?}");
        }
    }
}
