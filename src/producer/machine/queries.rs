//! Queries about the machine's state, besides its metrics.

use std::sync::Arc;

use super::Machine;
use crate::cluster::{ClusterDescription, NodeId};
use crate::config::Acks;
use crate::producer::ticket::Ticket;

impl<W> Machine<W> {
    /// Returns how many partitions a topic has, for a caller that chooses them. `None` while that
    /// is not known, or while earlier records of the topic wait for a partition. A record that is
    /// handed over without one then waits behind them.
    pub fn partitions(&self, topic: &str) -> Option<i32> {
        let topic = &self.queues[self.cluster.find(topic)?];
        let free = topic.count > 0 && !topic.has_unassigned();
        free.then_some(topic.count as i32)
    }

    /// Returns the leader of each partition of a topic; none while they are not known.
    pub fn leaders(&self, topic: &str) -> Vec<Option<NodeId>> {
        let known = self.cluster.find(topic).map(|index| self.cluster.topic(index).leaders());
        known.into_iter().flatten().collect()
    }

    /// Returns the cluster's last description of itself after [`Self::describe_cluster`].
    pub fn described(&self) -> Option<Arc<ClusterDescription>> {
        self.cluster.described()
    }

    pub fn waits_for_memory(&self, ticket: Ticket) -> bool {
        self.memory.is_waiting(ticket)
    }

    /// Returns the number of unsettled records that were handed over before a [flush](Self::flush).
    pub fn unsettled_before(&self, before: Ticket) -> usize {
        let delayed = self.memory.waiting_before(before) + self.unassigned.before(before);
        let busy = self.queues.each_busy();
        delayed + busy.map(|(_, partition)| partition.unsettled_before(before)).sum::<usize>()
    }

    pub fn unsettled(&self) -> usize {
        self.unsettled_before(Ticket::MAX)
    }

    /// Grows whenever a batch or a waiting record ends.
    pub fn progress(&self) -> u64 {
        self.results.progress()
    }

    /// Returns whether every record and every call is settled.
    pub fn is_idle(&self) -> bool {
        self.tickets.is_idle() && self.calls.is_empty()
    }

    pub fn memory_used(&self) -> usize {
        self.memory.used()
    }

    pub fn waiting_for_memory(&self) -> usize {
        self.memory.waiting()
    }

    /// Returns the number of records dropped because the producer was closed or has panicked.
    pub fn abandoned(&self) -> usize {
        self.results.abandoned()
    }

    /// Returns whether it was closed and nothing is left to do.
    pub fn is_finished(&self) -> bool {
        self.shutdown.is_over()
    }

    /// Returns whether brokers acknowledge records at all.
    pub fn is_acknowledged(&self) -> bool {
        self.config.acks != Acks::None
    }
}
