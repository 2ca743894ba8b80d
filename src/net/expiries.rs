//! Expiry times of the certificates in use: the client's own and the brokers'.

use std::collections::HashMap;
use std::time::SystemTime;

use crate::config::Address;

#[derive(Debug, Default)]
pub(super) struct Expiries {
    own: Option<SystemTime>,
    peers: HashMap<Address, SystemTime>,
}

impl Expiries {
    /// Sets the expiry of the client's own certificates.
    pub(super) fn set_own(&mut self, at: Option<SystemTime>) {
        self.own = at;
    }

    /// Sets the expiry of a broker's certificate, in place of its previous one.
    pub(super) fn set_peer(&mut self, broker: &Address, at: SystemTime) {
        self.peers.insert(broker.clone(), at);
    }

    /// Returns the earliest expiry. Drops expired broker certificates: such a broker is gone or has
    /// a new one.
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
