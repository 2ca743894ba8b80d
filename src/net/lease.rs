//! The lifetime of a login: when to renew it, and when it ends.

use std::time::{Duration, SystemTime};

use tokio::time::Instant;

/// Shortest lifetime that is renewed. Brokers accept one login a second, and first answer the
/// earlier requests.
const SHORTEST: Duration = Duration::from_secs(2);

/// Fraction of its lifetime after which a login is renewed: from the first number to the sum of
/// both, at random. Connections that were opened together are so renewed at different times.
const RENEWED_AFTER: (f64, f64) = (0.8, 0.1);

/// Last fraction of the lifetime, in which no login is started: requests in flight must reach the
/// broker before the login ends.
const MARGIN: f64 = 0.05;
const LONGEST_MARGIN: Duration = Duration::from_secs(10);

/// The lifetime of one login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Lease {
    begun: Instant,
    /// How long the broker accepts requests; `None` if there is no limit.
    lasts: Option<Duration>,
    /// Whether the broker accepts another login on the same connection.
    is_renewable: bool,
}

impl Lease {
    /// Returns the lease of a connection without a login.
    pub(super) fn endless() -> Self {
        Self { begun: Instant::now(), lasts: None, is_renewable: false }
    }

    /// Creates the lease of a login whose last message was sent at `begun`. `lifetime` is the
    /// broker's limit, and zero if it sets none. Then the token's `expires_at` counts, and the
    /// broker refuses another login. A token that has expired is ignored: the broker accepted it,
    /// so the clocks differ.
    pub(super) fn new(begun: Instant, lifetime: Duration, expires_at: Option<SystemTime>) -> Self {
        if !lifetime.is_zero() {
            return Self { begun, lasts: Some(lifetime), is_renewable: lifetime >= SHORTEST };
        }
        let left = expires_at.and_then(|at| at.duration_since(SystemTime::now()).ok());
        Self { begun, lasts: left, is_renewable: false }
    }

    pub(super) fn begun(&self) -> Instant {
        self.begun
    }

    pub(super) fn is_renewable(&self) -> bool {
        self.is_renewable
    }

    /// Returns when to renew the login or start to close the connection; `None` if never. `chance`
    /// is from 0 to 1.
    pub(super) fn due(&self, chance: f64) -> Option<Instant> {
        let (from, more) = RENEWED_AFTER;
        self.lasts.and_then(|lasts| self.begun.checked_add(lasts.mul_f64(from + more * chance)))
    }

    /// Returns when the last request may be sent.
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
