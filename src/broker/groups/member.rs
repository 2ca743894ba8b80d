//! A member of a group.

use std::time::{Duration, Instant};

use bytes::Bytes;

use super::{Join, WaitId};

#[derive(Debug)]
pub(super) struct Member {
    pub(super) instance_id: Option<String>,
    pub(super) client_id: String,
    session_timeout: Duration,
    pub(super) rebalance_timeout: Duration,
    pub(super) protocols: Vec<(String, Bytes)>,
    pub(super) assignment: Bytes,
    /// When the session expires, unless the member waits for other members.
    expires_at: Instant,
    /// Whether the member has been assigned an id but has not joined yet.
    pub(super) is_pending: bool,
    /// Tickets of the member's waiting requests.
    pub(super) joining: Option<WaitId>,
    pub(super) syncing: Option<WaitId>,
}

impl Member {
    pub(super) fn new(now: Instant, join: Join) -> Self {
        Self {
            instance_id: join.instance_id,
            client_id: join.client_id,
            session_timeout: join.session_timeout,
            rebalance_timeout: join.rebalance_timeout,
            protocols: join.protocols,
            assignment: Bytes::new(),
            expires_at: now + join.session_timeout,
            is_pending: false,
            joining: None,
            syncing: None,
        }
    }

    /// Replaces the member's parameters when it joins again.
    pub(super) fn renew(&mut self, join: Join) {
        self.session_timeout = join.session_timeout;
        self.rebalance_timeout = join.rebalance_timeout;
        self.protocols = join.protocols;
        self.is_pending = false;
    }

    pub(super) fn touch(&mut self, now: Instant) {
        self.expires_at = now + self.session_timeout;
    }

    /// Returns when the session expires, or `None` while the member waits for other members.
    pub(super) fn expires_at(&self) -> Option<Instant> {
        (self.joining.is_none() && self.syncing.is_none()).then_some(self.expires_at)
    }

    pub(super) fn metadata(&self, protocol: &str) -> Bytes {
        let known = self.protocols.iter().find(|(name, _)| name == protocol);
        known.map(|(_, metadata)| metadata.clone()).unwrap_or_default()
    }
}
