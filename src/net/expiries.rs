//! When certificates expire that connections use: the client's own, and the brokers'.

use std::collections::HashMap;
use std::time::SystemTime;

use crate::config::Address;

/// When certificates expire.
#[derive(Debug, Default)]
pub(super) struct Expiries {
    own: Option<SystemTime>,
    peers: HashMap<Address, SystemTime>,
}

impl Expiries {
    /// The client's own certificates were loaded.
    pub(super) fn set_own(&mut self, at: Option<SystemTime>) {
        self.own = at;
    }

    /// A broker has shown its certificate. It takes the place of that which it showed before.
    pub(super) fn set_peer(&mut self, broker: &Address, at: SystemTime) {
        self.peers.insert(broker.clone(), at);
    }

    /// The first of them. Brokers whose certificates have expired since are gone or have another.
    pub(super) fn first(&mut self) -> Option<SystemTime> {
        let now = SystemTime::now();
        self.peers.retain(|_, at| *at > now);
        self.peers.values().chain(&self.own).min().copied()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_renewed_certificate_takes_the_place_of_the_old_one() {
        let broker = |port| Address { host: "broker".into(), port };
        let hours = |hours: u64| SystemTime::now() + Duration::from_secs(3600 * hours);
        let (one, two, three, four) = (hours(1), hours(2), hours(3), hours(4));
        let mut expiries = Expiries::default();
        assert_eq!(expiries.first(), None);
        expiries.set_own(Some(two));
        expiries.set_peer(&broker(1), one);
        expiries.set_peer(&broker(2), three);
        assert_eq!(expiries.first(), Some(one));
        expiries.set_peer(&broker(1), four);
        assert_eq!(expiries.first(), Some(two));
        expiries.set_own(None);
        expiries.set_peer(&broker(3), SystemTime::UNIX_EPOCH);
        assert_eq!(expiries.first(), Some(three));
    }
}
