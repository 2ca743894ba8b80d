//! Counters of TLS handshakes and logins.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// Counters that the core thread updates and any thread may read.
#[derive(Debug, Default)]
pub struct SecurityCounts {
    tls_handshakes: AtomicU64,
    tls_failures: AtomicU64,
    logins: AtomicU64,
    login_failures: AtomicU64,
    renewals: AtomicU64,
    renewal_failures: AtomicU64,
    /// Seconds since 1970; 0 if unknown.
    expires_at: AtomicU64,
}

/// A snapshot of the counters.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SecurityMetrics {
    /// Successful TLS handshakes.
    pub tls_handshakes: u64,
    pub tls_failures: u64,
    /// Successful logins.
    pub logins: u64,
    pub login_failures: u64,
    /// Logins that were renewed on an open connection before they expired.
    pub renewals: u64,
    /// Renewals that the broker refused or did not answer.
    pub renewal_failures: u64,
    /// Earliest expiry of the certificates in use, the client's and the brokers', in seconds since
    /// 1970.
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

    pub(super) fn expires_at(&self, time: Option<SystemTime>) {
        let time = time.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        self.expires_at.store(time.map_or(0, |time| time.as_secs().max(1)), Ordering::Relaxed);
    }

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
