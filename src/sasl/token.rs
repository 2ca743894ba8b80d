//! A token for OAUTHBEARER.

use std::time::SystemTime;

use crate::config::Secret;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    pub value: Secret,
    /// When the token expires; `None` if unknown.
    pub expires_at: Option<SystemTime>,
    /// Names and values for the server, such as Confluent's `logicalCluster`.
    pub extensions: Vec<(String, String)>,
}
