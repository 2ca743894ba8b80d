//! Records whose caller chooses ("places") the partition: held until then, asked about in order,
//! appended in order. Nothing here runs the caller's code. A thread that may run it asks for such
//! records ([`Machine::poll_placing`]), and answers at any later time ([`Machine::place`]).

use super::{Machine, Placing, wording};
use crate::config::Partitioner;
use crate::error::Result;
use crate::producer::delayed::{Delayed, Target};
use crate::producer::ticket::Ticket;

impl<W> Machine<W> {
    /// Returns whether a record's partition is chosen without its caller.
    pub(super) fn is_placed(&self, target: &Target) -> bool {
        target.partition.is_some() || self.config.partitioner != Partitioner::Caller
    }

    /// Holds a record that is on its topic's list, until it and those before it are placed. Returns
    /// whether the caller must be woken: no earlier record waited to be placed.
    pub(super) fn hold_unplaced(&mut self, ticket: Ticket, delayed: Delayed<W>) -> bool {
        let until = delayed.target.deadline;
        let asks = !self.is_placed(&delayed.target);
        self.unassigned.add_unplaced(ticket, Delayed { until, ..delayed }, asks)
    }

    /// Sorts a topic's records without a partition, after the topic was described. Records whose
    /// partition exists now wait only for earlier ones, or for their caller. Records whose
    /// partition does not exist fail, if the cluster was asked after they were handed over.
    pub(super) fn sort_out_unassigned(&mut self, topic: usize) {
        let has = |held: &Delayed<W>| self.cluster.topic(topic).has(held.target.partition);
        let is_blocked = self.queues[topic]
            .unassigned()
            .any(|ticket| self.unassigned.get_unknown(ticket).is_some_and(|held| !has(held)));
        if !is_blocked && self.config.partitioner != Partitioner::Caller {
            // All of them can be appended now.
            return;
        }
        let tickets: Vec<_> = self.queues[topic].unassigned().collect();
        for ticket in tickets {
            let Some(delayed) = self.unassigned.get_unknown(ticket) else { continue };
            if self.cluster.topic(topic).has(delayed.target.partition)
                && let Some(delayed) = self.unassigned.take_unknown(ticket)
            {
                self.hold_unplaced(ticket, delayed);
            }
        }
        let described_by = self.cluster.topic(topic).described_by();
        let is_answered = |held: &Delayed<W>| held.asked_before < described_by;
        let tickets = self.queues[topic].unassigned();
        let refused: Vec<_> = tickets
            .filter_map(|ticket| Some((ticket, self.unassigned.get_unknown(ticket)?)))
            .filter(|(_, held)| is_answered(held))
            .map(|(ticket, held)| (ticket, held.target.partition.unwrap_or(-1)))
            .collect();
        for (ticket, partition) in refused {
            let error = wording::unknown_partition(self.cluster.topic(topic), partition);
            self.queues.remove_unassigned(topic, ticket);
            self.refuse_one_unassigned(ticket, error);
        }
        let mut tickets = self.queues[topic].unassigned();
        if tickets.any(|ticket| self.unassigned.get_unknown(ticket).is_some()) {
            // The answered question was asked before they were handed over.
            self.cluster.want();
        }
    }

    /// Returns the next record whose caller must be asked. Skips records that are gone, or that
    /// were placed without being asked about.
    pub(super) fn next_to_place(&mut self) -> Option<Ticket> {
        let caller_places = self.config.partitioner == Partitioner::Caller;
        self.unassigned.next_to_ask(|held| caller_places && held.target.partition.is_none())
    }

    pub(super) fn placing(&self, ticket: Ticket) -> Option<Placing<'_, W>> {
        let held = self.unassigned.get_unplaced(ticket)?;
        let topic = self.cluster.topic(held.target.topic);
        Some(Placing {
            ticket,
            topic: topic.name(),
            partitions: topic.extent() as i32,
            key: held.record.key.as_deref(),
            waiter: held.waiter.as_ref(),
        })
    }

    fn waits_for_caller(&self, ticket: Ticket) -> bool {
        self.unassigned.get_unplaced(ticket).is_some_and(|held| !self.is_placed(&held.target))
    }

    /// Checks that a topic has the chosen partition. It may have more than when the caller was
    /// asked, or fewer if it was created again.
    pub(super) fn check_placing(&self, topic: usize, said: Result<i32, String>) -> Result<()> {
        let partition =
            said.map_err(|reason| wording::not_placed(self.cluster.topic(topic), &reason))?;
        let count = self.cluster.topic(topic).extent() as i32;
        if (0..count).contains(&partition) {
            Ok(())
        } else {
            Err(wording::misplaced(self.cluster.topic(topic), partition))
        }
    }

    /// Removes the first record from a topic's list, unless it must still wait.
    pub(super) fn take_assignable(&mut self, topic: usize) -> Option<Delayed<W>> {
        if !self.cluster.topic(topic).is_known() {
            return None;
        }
        let ticket = self.queues.first_unassigned(topic)?;
        let held = self.unassigned.get_unknown(ticket);
        if held.is_some_and(|held| !self.cluster.topic(topic).has(held.target.partition)) {
            return None;
        }
        if self.waits_for_caller(ticket) {
            return None;
        }
        self.queues.pop_unassigned(topic);
        self.unassigned.take(ticket)
    }
}
