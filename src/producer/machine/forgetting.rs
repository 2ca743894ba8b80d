//! Topics that were not used for long are forgotten, so that a producer may name any number of them
//! over its life.

use std::time::Instant;

use super::Machine;
use crate::producer::calls::Need;

impl<W> Machine<W> {
    /// Forgets what was not used for `metadata_max_idle`, unless something of it is on its way.
    pub(super) fn forget_unused(&mut self, now: Instant) {
        let unused = self.timers.take_unused(now, |topic| self.queues[topic].uses());
        if unused.is_empty() {
            return;
        }
        self.queues.tidy();
        for topic in unused {
            if self.is_at_rest(topic) {
                self.forget(topic);
            } else {
                self.timers.watch(topic);
            }
        }
    }

    fn is_at_rest(&self, topic: usize) -> bool {
        let is_about = |need| matches!(need, Need::Topic { index, .. } if index == topic);
        self.queues.is_at_rest(topic)
            && !self.memory.has_whole_of(topic)
            && !self.calls.ask(is_about)
    }

    /// Brokers remember its sequence numbers longer than the machine does. If it comes back, the
    /// first of its batches must not be taken for one that they have.
    fn forget(&mut self, topic: usize) {
        let forgotten = self.queues.forget(topic);
        for partition in &forgotten.partitions {
            self.producer_ids.retire(partition.producer());
        }
        self.counts.forget(forgotten.records);
        self.cluster.forget(topic);
    }
}
