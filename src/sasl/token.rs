//! A token for OAUTHBEARER.

use std::time::SystemTime;

use crate::config::Secret;

/// A token, and what is sent beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// The token itself.
    pub value: Secret,
    /// When it ends; `None` is unknown.
    pub expires_at: Option<SystemTime>,
    /// Names and values for the server, such as Confluent's `logicalCluster`.
    pub extensions: Vec<(String, String)>,
}
