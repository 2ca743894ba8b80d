//! What is counted of secured connections.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// Counts of secured connections. The core's thread counts, and any thread reads.
#[derive(Debug, Default)]
pub struct SecurityCounts {
    tls_handshakes: AtomicU64,
    tls_failures: AtomicU64,
    logins: AtomicU64,
    login_failures: AtomicU64,
    renewals: AtomicU64,
    renewal_failures: AtomicU64,
    /// In seconds since 1970; 0 before any is known.
    expires_at: AtomicU64,
}

/// The counts at one moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SecurityMetrics {
    /// TLS handshakes that succeeded.
    pub tls_handshakes: u64,
    /// TLS handshakes that failed.
    pub tls_failures: u64,
    /// Logins that succeeded.
    pub logins: u64,
    /// Logins that failed.
    pub login_failures: u64,
    /// Logins that were renewed on an open connection, before they ended.
    pub renewals: u64,
    /// Renewals that brokers refused or did not answer.
    pub renewal_failures: u64,
    /// When the first of the certificates in use expires, in seconds since 1970: the client's own and
    /// the brokers'.
    pub certificate_expires_at: Option<u64>,
}

impl SecurityCounts {
    pub(super) fn handshake(&self, succeeded: bool) {
        let count = if succeeded { &self.tls_handshakes } else { &self.tls_failures };
        count.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn login(&self, succeeded: bool) {
        let count = if succeeded { &self.logins } else { &self.login_failures };
        count.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn renewal(&self, succeeded: bool) {
        let count = if succeeded { &self.renewals } else { &self.renewal_failures };
        count.fetch_add(1, Ordering::Relaxed);
    }

    /// The first of the certificates in use expires then.
    pub(super) fn expires_at(&self, time: Option<SystemTime>) {
        let time = time.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        self.expires_at.store(time.map_or(0, |time| time.as_secs().max(1)), Ordering::Relaxed);
    }

    /// The counts now.
    pub fn read(&self) -> SecurityMetrics {
        let load = |count: &AtomicU64| count.load(Ordering::Relaxed);
        SecurityMetrics {
            tls_handshakes: load(&self.tls_handshakes),
            tls_failures: load(&self.tls_failures),
            logins: load(&self.logins),
            login_failures: load(&self.login_failures),
            renewals: load(&self.renewals),
            renewal_failures: load(&self.renewal_failures),
            certificate_expires_at: Some(load(&self.expires_at)).filter(|at| *at > 0),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_is_counted_is_read() {
        let counts = SecurityCounts::default();
        assert_eq!(counts.read(), SecurityMetrics::default());
        counts.expires_at(Some(UNIX_EPOCH + Duration::from_secs(100)));
        counts.handshake(true);
        counts.login(false);
        counts.renewal(true);
        let expected = SecurityMetrics {
            tls_handshakes: 1,
            login_failures: 1,
            renewals: 1,
            certificate_expires_at: Some(100),
            ..SecurityMetrics::default()
        };
        assert_eq!(counts.read(), expected);
    }
}
