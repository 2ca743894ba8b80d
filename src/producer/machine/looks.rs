//! What can be seen of the machine from outside, besides its metrics.

use std::sync::Arc;

use super::Machine;
use crate::cluster::{ClusterDescription, NodeId};
use crate::config::Acks;
use crate::producer::ticket::Ticket;

impl<W> Machine<W> {
    /// How many partitions a topic has, for a caller that places its records; `None`
    /// while that is not known or earlier records of the topic wait to be placed. A record that
    /// is handed over without a partition then waits behind them.
    pub fn partitions(&self, topic: &str) -> Option<i32> {
        let topic = &self.queues[self.cluster.find(topic)?];
        let free = topic.count > 0 && !topic.has_unassigned();
        free.then_some(topic.count as i32)
    }

    /// The partitions of a topic and who leads each; none while they are not known.
    pub fn leaders(&self, topic: &str) -> Vec<Option<NodeId>> {
        let known = self.cluster.find(topic).map(|index| self.cluster.topic(index).leaders());
        known.into_iter().flatten().collect()
    }

    /// The cluster as it last described itself after [`Self::describe_cluster`].
    pub fn described(&self) -> Option<Arc<ClusterDescription>> {
        self.cluster.described()
    }

    /// Whether a record still waits for memory.
    pub fn waits_for_memory(&self, ticket: Ticket) -> bool {
        self.memory.is_waiting(ticket)
    }

    /// How many records that were handed over before a [flush](Self::flush) are not settled.
    pub fn unsettled_before(&self, before: Ticket) -> usize {
        let delayed = self.memory.waiting_before(before) + self.unassigned.before(before);
        let busy = self.queues.each_busy();
        delayed + busy.map(|(_, partition)| partition.unsettled_before(before)).sum::<usize>()
    }

    /// How many records were handed over and are not settled.
    pub fn unsettled(&self) -> usize {
        self.unsettled_before(Ticket::MAX)
    }

    /// Grows whenever a batch or a record that waited comes to its end.
    pub fn progress(&self) -> u64 {
        self.results.progress()
    }

    /// Whether every record and every call has been settled.
    pub fn is_idle(&self) -> bool {
        self.tickets.is_idle() && self.calls.is_empty()
    }

    /// Bytes of records that are held until they are acknowledged.
    pub fn memory_used(&self) -> usize {
        self.memory.used()
    }

    /// How many records wait for memory.
    pub fn waiting_for_memory(&self) -> usize {
        self.memory.waiting()
    }

    /// How many records were given up because the producer was closed.
    pub fn abandoned(&self) -> usize {
        self.results.abandoned()
    }

    /// Whether it was closed and there is nothing left to do.
    pub fn is_finished(&self) -> bool {
        self.shutdown.is_over()
    }

    /// Whether answers are to be waited for at all.
    pub fn is_acknowledged(&self) -> bool {
        self.config.acks != Acks::None
    }
}
