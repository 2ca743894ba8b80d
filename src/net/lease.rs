//! How long a login lasts.

use std::time::{Duration, SystemTime};

use tokio::time::Instant;

/// Less time is too short for another login: brokers take one a second, and the requests before it
/// are answered first.
const SHORTEST: Duration = Duration::from_secs(2);

/// The part of its life after which a login is renewed: from the first number to the sum of both, by
/// chance, so that connections that were opened together are not renewed together.
const RENEWED_AFTER: (f64, f64) = (0.8, 0.1);

/// The last part of its life, in which no login is begun: requests on their way must reach the broker
/// in time.
const MARGIN: f64 = 0.05;
const LONGEST_MARGIN: Duration = Duration::from_secs(10);

/// How long a login lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Lease {
    begun: Instant,
    /// How long the broker takes requests; `None` is for ever.
    lasts: Option<Duration>,
    /// Whether the broker takes another login on the same connection.
    is_renewable: bool,
}

impl Lease {
    /// The lease of a connection without a login, which has no end.
    pub(super) fn endless() -> Self {
        Self { begun: Instant::now(), lasts: None, is_renewable: false }
    }

    /// A login counts from when the client's last message was sent. `lifetime` is what the broker
    /// says, where zero is no limit. `expires_at` is when the token ends: a broker that sets no lifetime refuses
    /// another login, and may have accepted a token that ends within the difference of the clocks.
    pub(super) fn new(begun: Instant, lifetime: Duration, expires_at: Option<SystemTime>) -> Self {
        if !lifetime.is_zero() {
            return Self { begun, lasts: Some(lifetime), is_renewable: lifetime >= SHORTEST };
        }
        let left = expires_at.and_then(|at| at.duration_since(SystemTime::now()).ok());
        Self { begun, lasts: left, is_renewable: false }
    }

    /// When it began.
    pub(super) fn begun(&self) -> Instant {
        self.begun
    }

    /// Whether the broker takes another login on the same connection.
    pub(super) fn is_renewable(&self) -> bool {
        self.is_renewable
    }

    /// When to renew it, or to begin to end the connection; `None` is never. `chance` is between 0
    /// and 1.
    pub(super) fn due(&self, chance: f64) -> Option<Instant> {
        let (from, more) = RENEWED_AFTER;
        self.lasts.and_then(|lasts| self.begun.checked_add(lasts.mul_f64(from + more * chance)))
    }

    /// When the last request may be sent.
    pub(super) fn last_call(&self) -> Option<Instant> {
        let lasts = self.lasts?;
        let margin = lasts.mul_f64(MARGIN).min(LONGEST_MARGIN);
        self.begun.checked_add(lasts.saturating_sub(margin))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    #[test]
    fn the_brokers_word_counts_before_the_clock() {
        let begun = Instant::now();
        let expires_at = Some(SystemTime::now() + HOUR);
        let lease = Lease::new(begun, HOUR * 10, expires_at);
        assert_eq!(lease.due(0.0), Some(begun + HOUR * 8));
        assert_eq!(lease.due(1.0), Some(begun + HOUR * 9));
        assert_eq!(lease.last_call(), Some(begun + HOUR * 10 - LONGEST_MARGIN));
        assert!(lease.is_renewable());
    }

    #[test]
    fn short_leases_are_not_renewed() {
        let begun = Instant::now();
        let lease = Lease::new(begun, Duration::from_millis(1_999), None);
        assert!(!lease.is_renewable());
        assert!(lease.due(1.0) < lease.last_call());
        assert!(lease.last_call() < Some(begun + Duration::from_millis(1_999)));
        assert!(Lease::new(begun, SHORTEST, None).is_renewable());
    }

    #[test]
    fn a_token_ends_where_the_broker_sets_no_end() {
        let begun = Instant::now();
        let lease = Lease::new(begun, Duration::ZERO, Some(SystemTime::now() + HOUR));
        assert!(!lease.is_renewable());
        let due = lease.due(0.0).expect("the token ends");
        assert!(due > begun + HOUR / 2 && due <= begun + HOUR.mul_f64(0.8));
    }

    #[test]
    fn nothing_else_ends() {
        let begun = Instant::now();
        let over = SystemTime::now() - HOUR;
        for lease in [
            Lease::new(begun, Duration::ZERO, None),
            Lease::new(begun, Duration::ZERO, Some(over)),
            Lease::new(begun, Duration::from_millis(i64::MAX as u64), None),
        ] {
            assert_eq!(lease.due(0.5).filter(|due| *due < begun + HOUR), None);
        }
    }
}
