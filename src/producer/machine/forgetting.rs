//! Forgets topics that were not used for long, so that a producer may name any number of them over
//! its life.

use std::time::Instant;

use super::Machine;
use crate::producer::calls::Need;

impl<W> Machine<W> {
    /// Forgets topics that were not used for `metadata_max_idle`, unless they have unsettled
    /// records or open calls.
    pub(super) fn forget_unused(&mut self, now: Instant) {
        let unused = self.timers.take_unused(now, |topic| self.queues[topic].uses());
        if unused.is_empty() {
            return;
        }
        self.queues.tidy();
        for topic in unused {
            if self.is_topic_idle(topic) {
                self.forget(topic);
            } else {
                self.timers.watch(topic);
            }
        }
    }

    fn is_topic_idle(&self, topic: usize) -> bool {
        let is_about = |need| matches!(need, Need::Topic { index, .. } if index == topic);
        self.queues.is_idle(topic) && !self.memory.has_whole_of(topic) && !self.calls.ask(is_about)
    }

    /// Forgets a topic. Brokers remember its sequence numbers for longer: if it comes back, they
    /// must not take its first batches for duplicates.
    fn forget(&mut self, topic: usize) {
        let forgotten = self.queues.forget(topic);
        for partition in &forgotten.partitions {
            self.producer_ids.retire(partition.producer());
        }
        self.counts.forget(forgotten.records);
        self.cluster.forget(topic);
    }
}
