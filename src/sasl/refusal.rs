//! Explains why a server refused a login.

use super::by_password::{ByPassword, Stage};
use crate::config::Mechanism;
use crate::error::shown;
use crate::wire::base64;

/// Words by which brokers and RFC 5802 say that the credentials are wrong.
const OF_CREDENTIALS: [&str; 4] = ["credential", "password", "unknown-user", "invalid-proof"];

impl ByPassword {
    /// Explains why the server refused the last message, as far as that can be known, and what to
    /// do.
    pub(super) fn refusal(&self, said: &str) -> String {
        let said = said.trim();
        if is_of_credentials(said) || self.gives_away(said) {
            return self.cause() + &self.quote(said);
        }
        let (user, mechanism) = (shown(&self.user), self.mechanism.name());
        format!("the broker refuses the login of \"{user}\" by {mechanism}: {}", shown(said))
    }

    /// Quotes the server's text for an error message. Empty if the text repeats a secret.
    pub(super) fn quote(&self, said: &str) -> String {
        if self.gives_away(said) {
            return " (the broker's words are not shown, as they contain the password)".to_owned();
        }
        quoted(said)
    }

    /// The likely cause, if the server refuses the credentials at this stage.
    fn cause(&self) -> String {
        let (user, mechanism) = (shown(&self.user), self.mechanism.name());
        match (self.stage(), self.is_token) {
            (Stage::Name, false) => format!(
                "the broker has no user \"{user}\" for {mechanism}; check the name, or create its \
                 credentials for this mechanism with kafka-configs.sh"
            ),
            (Stage::Name, true) => format!(
                "the broker has no delegation token \"{user}\"; it may have expired: create \
                 another with kafka-delegation-tokens.sh"
            ),
            (Stage::Proof, false) => format!(
                "the password of user \"{user}\" is wrong: the broker refuses it by {mechanism}"
            ),
            (Stage::Proof, true) => format!(
                "the HMAC of the delegation token \"{user}\" is wrong: the broker refuses it by \
                 {mechanism}; give it as kafka-delegation-tokens.sh shows it"
            ),
            (Stage::Both, _) => format!(
                "the broker refuses user \"{user}\" or the password by {mechanism}; check both"
            ),
        }
    }

    /// Whether a text contains the password, or PLAIN's message in Base64.
    fn gives_away(&self, said: &str) -> bool {
        let is_plain = self.mechanism == Mechanism::Plain;
        said.contains(self.password.reveal())
            || is_plain && said.contains(&base64::encode(&self.first()))
    }
}

/// Whether a refusal is temporary: brokers of Amazon MSK say "Too many connects", with the error
/// code of a wrong password.
pub fn is_for_now(said: &str) -> bool {
    said.to_ascii_lowercase().contains("too many connect")
}

/// Quotes the server's text for an error message.
pub(super) fn quoted(said: &str) -> String {
    if said.is_empty() { String::new() } else { format!(" (the broker says: {})", shown(said)) }
}

/// Whether a text says only that the credentials are wrong. Brokers use the same code for other
/// reasons: too many connections, a disabled account.
pub(super) fn is_of_credentials(said: &str) -> bool {
    let said = said.to_ascii_lowercase();
    let reason = said.trim_start_matches("authentication failed").trim_matches([':', '.', ' ']);
    reason.is_empty() || OF_CREDENTIALS.iter().any(|word| reason.contains(word))
}
