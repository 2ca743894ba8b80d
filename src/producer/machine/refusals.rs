//! Connections that are refused by the broker or by this client: a wrong password, an unknown
//! certificate authority. Before the first success the settings must be wrong, so records fail at
//! once. Later the refusal may be temporary, so it is retried like a lost connection, with longer
//! pauses.

use std::time::{Duration, Instant};

use super::{Machine, Purge};
use crate::cluster::{Backoff, NodeId, Place};
use crate::error::Error;

/// Pauses after a refusal. Brokers may lock a user out after too many attempts.
const PAUSES: Backoff = Backoff { initial: Duration::from_secs(1), max: Duration::from_secs(10) };

impl<W> Machine<W> {
    /// Returns the pauses before the next connection, after this error.
    pub(super) fn backoff_after(&self, error: &Error) -> Backoff {
        if error.refuses_connection() { PAUSES } else { Backoff::of(&self.config) }
    }

    /// Fails everything if the error is a refusal and the cluster was never reached. Returns
    /// whether it did.
    pub(super) fn refused_by_cluster(&mut self, now: Instant, error: &Error) -> bool {
        if !error.refuses_connection() || self.cluster.was_reached() {
            return false;
        }
        let places = self.queues.busy();
        self.drop_records(now, Purge::ALL, |_, maybe| error.clone().maybe_written(maybe));
        self.update_partitions(now, places);
        self.drop_calls(error);
        self.finish_flushes();
        true
    }

    /// Fails what is queued for a broker if the error is a refusal and no broker was ever connected
    /// for producing. Returns whether it did.
    pub(super) fn refused_by_broker(&mut self, now: Instant, node: NodeId, error: &Error) -> bool {
        if !error.refuses_connection() || self.nodes.were_connected() {
            return false;
        }
        for place in self.queues.busy() {
            if self.cluster.leader(place).node == Some(node) {
                self.drop_refused(now, place, error);
            }
        }
        self.admit(now);
        self.finish_flushes();
        true
    }

    fn drop_refused(&mut self, now: Instant, place: Place, error: &Error) {
        self.drop_queued(now, place, |maybe| error.clone().maybe_written(maybe));
        if self.config.gapless && self.queues.partition(place).stopped().is_none() {
            self.stop(now, place, error);
        }
        self.update_partition(now, place);
    }
}
