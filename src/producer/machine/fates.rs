//! How batches and records end: stored, sent again, cut up, expired or refused. Each waiter
//! passes through here exactly once.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

use super::admission::Target;
use super::{Machine, Sent};
use crate::error::{Error, ErrorCode, ErrorKind};
use crate::producer::batch::{Batch, Progress, Ticket};
use crate::producer::settled::{Settled, SettledBatch, Stored, Waiting, waited_for};
use crate::producer::topic::Place;

/// How many records that waited too long are failed in one go.
const EXPIRED_AT_ONCE: usize = 1_000;

/// What to do about a batch that came back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reaction {
    Again,
    /// The broker misses what came before it, or has forgotten everything.
    Renumber,
    /// It is stored; the broker no longer knows where.
    Stored,
    Split,
    Fail,
}

impl<W> Machine<W> {
    /// A batch was stored, in the topic that had its id then.
    pub(super) fn landed(&mut self, now: Instant, sent: Sent, mut stored: Stored) {
        let Sent { place, serial, topic_id } = sent;
        let Some((index, batch)) = self.take_answered(place, serial) else { return };
        let topic = &mut self.topics[place.topic];
        let is_same_topic = topic.id == topic_id;
        if batch.failures == 0 {
            topic.append_time = stored.log_append_time.is_some();
        } else if !topic.append_time {
            // Of a repetition, brokers tell the largest timestamp as if it were their clock's.
            stored.log_append_time = None;
        }
        if let Some(sequence) = batch.sequence {
            self.acknowledged(place, index, sequence, batch.count(), is_same_topic);
        }
        self.acknowledge(now, place, batch, stored);
    }

    /// A batch was not stored, or nobody knows: sends it again if that may help.
    pub(super) fn came_back(
        &mut self,
        now: Instant,
        place: Place,
        serial: u64,
        code: ErrorCode,
        said: Option<&str>,
        maybe_written: bool,
    ) {
        let Some((index, mut batch)) = self.take_answered(place, serial) else { return };
        if code.refreshes_metadata() {
            self.refresh.want();
        }
        batch.maybe_written |= maybe_written;
        batch.last_failure = Some((code, said.map(str::to_owned)));
        // From here on one at a time, in order, until the leader acknowledges again.
        self.partition(place).idempotence.acked_by = None;
        if batch.progress == Progress::GivenUp {
            return self.drop_unacknowledged(place, &batch);
        }
        match Self::reaction(code, &batch) {
            Reaction::Stored => {
                if let Some(sequence) = batch.sequence {
                    self.acknowledged(place, index, sequence, batch.count(), true);
                }
                let stored = Stored { base_offset: -1, log_append_time: None };
                self.acknowledge(now, place, batch, stored);
            }
            Reaction::Fail => {
                let error = self.refused(place, code, said, batch.maybe_written);
                self.fail(place, batch, &error);
            }
            _ if batch.deadline <= now => {
                let error = self.timed_out(place, &batch);
                self.fail(place, batch, &error);
            }
            Reaction::Split => self.split(place, index, batch),
            Reaction::Renumber if index == 0 => {
                // Nothing before it is open, so what the broker misses will never come.
                self.partition(place).idempotence.bump = true;
                self.again(now, place, index, batch);
            }
            Reaction::Renumber | Reaction::Again => self.again(now, place, index, batch),
        }
    }

    /// An answer says that a batch failed, and where it was stored.
    pub(super) fn may_be_written(&mut self, place: Place, serial: u64) {
        let mut queue = self.partition(place).queue.iter_mut();
        if let Some(batch) = queue.find(|batch| batch.serial == serial) {
            batch.maybe_written = true;
        }
    }

    fn reaction(code: ErrorCode, batch: &Batch<W>) -> Reaction {
        let numbered = batch.sequence.is_some();
        match code {
            ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER
            | ErrorCode::UNKNOWN_PRODUCER_ID
            | ErrorCode::INVALID_PRODUCER_EPOCH
                if numbered =>
            {
                Reaction::Renumber
            }
            ErrorCode::DUPLICATE_SEQUENCE_NUMBER if numbered => Reaction::Stored,
            // A broker measures before it looks for repetitions. If an earlier try was stored
            // while the topic allowed more, the parts would be strangers to it.
            ErrorCode::MESSAGE_TOO_LARGE
                if batch.count() > 1 && !batch.maybe_written && !batch.is_whole() =>
            {
                Reaction::Split
            }
            code if code.retriable() => Reaction::Again,
            _ => Reaction::Fail,
        }
    }

    /// Takes a batch that was in flight out of its queue, with its place in line.
    fn take_answered(&mut self, place: Place, serial: u64) -> Option<(usize, Batch<W>)> {
        let partition = self.partition(place);
        let answered = |batch: &Batch<W>| batch.serial == serial && batch.is_in_flight();
        let index = partition.queue.iter().position(answered)?;
        let batch = partition.queue.remove(index)?;
        partition.in_flight -= 1;
        Some((index, batch))
    }

    /// Puts a batch back into its place, after a pause that grows with its failures.
    fn again(&mut self, now: Instant, place: Place, index: usize, mut batch: Batch<W>) {
        batch.progress = Progress::Queued;
        batch.failures += 1;
        batch.resume_at = Some(now + self.backoff.after(batch.failures, &mut self.random));
        self.partition(place).queue.insert(index, batch);
    }

    /// Cuts up a batch that is too large for the topic.
    fn split(&mut self, place: Place, index: usize, mut batch: Batch<W>) {
        // A broker that refuses a full batch allows less; how much less it does not say.
        let target = (batch.size() / 2).max(1);
        let serial = self.next_serial;
        let mut parts = match batch.split(target, serial, &mut self.codecs, self.rest) {
            Ok(parts) => parts,
            Err(error) => {
                let error = Error::new(ErrorKind::InvalidRecord, error.to_string())
                    .code(ErrorCode::MESSAGE_TOO_LARGE);
                return self.fail(place, batch, &error);
            }
        };
        if parts.len() == 1 {
            // It does not get smaller than that.
            batch = parts.remove(0);
            let error = self.refused(place, ErrorCode::MESSAGE_TOO_LARGE, None, false);
            return self.fail(place, batch, &error);
        }
        self.next_serial += parts.len() as u64;
        self.counts.splits += 1;
        self.release(batch.charged);
        self.charge(parts.iter().map(|part| part.charged).sum());
        self.forget(batch.ticket);
        for (offset, part) in parts.into_iter().enumerate() {
            self.keep(part.ticket);
            self.partition(place).queue.insert(index + offset, part);
        }
    }

    /// Fails the batches whose time is over.
    pub(super) fn expire(&mut self, now: Instant, place: Place) {
        loop {
            let queue = &mut self.partition(place).queue;
            let old = queue
                .iter()
                .position(|batch| batch.progress != Progress::GivenUp && batch.deadline <= now);
            let Some(old) = old else { return };
            if queue[old].is_in_flight() {
                let error = self.timed_out_in_flight(place);
                self.give_up(place, old, error);
            } else if let Some(batch) = queue.remove(old) {
                let error = self.timed_out(place, &batch);
                self.fail(place, batch, &error);
            }
        }
    }

    /// Tells those who wait for a batch in flight that it failed. It keeps its place in line.
    fn give_up(&mut self, place: Place, index: usize, error: Error) {
        let batch = &mut self.partition(place).queue[index];
        batch.progress = Progress::GivenUp;
        let waiting = batch.take_waiting();
        let (ticket, count) = (batch.ticket, batch.count());
        self.forget(ticket);
        self.report(place, Err(error), waiting, count);
    }

    /// A batch that was given up is not acknowledged: its numbers are in doubt.
    fn drop_unacknowledged(&mut self, place: Place, batch: &Batch<W>) {
        self.partition(place).idempotence.unresolved |= batch.sequence.is_some();
        self.release(batch.charged);
    }

    /// Fails a batch for good, and in a gapless partition all that follows.
    fn fail(&mut self, place: Place, batch: Batch<W>, error: &Error) {
        self.partition(place).idempotence.unresolved |= batch.sequence.is_some();
        self.settle(place, batch, Err(error.clone()));
        if self.config.gapless && self.partition(place).stopped.is_none() {
            self.stop(place, error);
        }
    }

    /// Stops a gapless partition: what is queued fails, and so does what comes later.
    fn stop(&mut self, place: Place, cause: &Error) {
        let stopped = self.gapless(place, cause);
        self.partition(place).stopped = Some(stopped.clone());
        let mut queue = std::mem::take(&mut self.partition(place).queue);
        let (mine, others): (Vec<_>, Vec<_>) = queue.drain(..).partition(Batch::is_in_flight);
        self.partition(place).queue = mine.into();
        for batch in others {
            self.partition(place).idempotence.unresolved |= batch.sequence.is_some();
            let error = stopped.clone().maybe_written(batch.maybe_written);
            self.settle(place, batch, Err(error));
        }
    }

    fn acknowledge(&mut self, now: Instant, place: Place, batch: Batch<W>, stored: Stored) {
        if !batch.is_given_up() {
            self.count_acknowledged(now, place, &batch);
        }
        self.settle(place, batch, Ok(stored));
    }

    fn settle(&mut self, place: Place, mut batch: Batch<W>, outcome: Result<Stored, Error>) {
        self.release(batch.charged);
        if batch.progress != Progress::GivenUp {
            self.forget(batch.ticket);
            let waiting = batch.take_waiting();
            self.report(place, outcome, waiting, batch.count());
        }
        if let Some(memory) = batch.into_memory() {
            self.spares.give(memory);
        }
    }

    fn report(
        &mut self,
        place: Place,
        outcome: Result<Stored, Error>,
        waiting: Vec<Waiting<W>>,
        count: i32,
    ) {
        if outcome.is_err() {
            self.topics[place.topic].records.failed += count as u64;
        }
        let topic = self.name_of(place.topic);
        let partition = place.partition as i32;
        let outcome = outcome.map_err(|error| error.topic(&topic).partition(partition));
        let unclaimed = count as usize - waited_for(&waiting);
        self.progress += 1;
        let settled = SettledBatch { topic, partition, outcome, waiting, unclaimed };
        self.settled.push_back(Settled::Batch(settled));
    }

    /// Fails a record that never got into a batch.
    pub(super) fn refuse(
        &mut self,
        topic: usize,
        partition: Option<i32>,
        timestamp: i64,
        waiter: Option<W>,
        error: Error,
    ) {
        self.topics[topic].records.failed += 1;
        self.report_refused(self.name_of(topic), partition, timestamp, waiter, error);
    }

    pub(super) fn report_refused(
        &mut self,
        topic: Arc<str>,
        partition: Option<i32>,
        timestamp: i64,
        waiter: Option<W>,
        error: Error,
    ) {
        let mut error = error.topic(&topic);
        if let Some(partition) = partition {
            error = error.partition(partition);
        }
        let waiting = waiter.map(|waiter| Waiting { index: 0, count: 1, timestamp, waiter });
        self.progress += 1;
        self.settled.push_back(Settled::Batch(SettledBatch {
            topic,
            partition: partition.unwrap_or(-1),
            outcome: Err(error),
            unclaimed: usize::from(waiting.is_none()),
            waiting: waiting.into_iter().collect(),
        }));
    }

    /// Fails the records that are in none of a topic's partitions yet.
    pub(super) fn refuse_unassigned(&mut self, topic: usize, error: &Error) {
        while let Some(ticket) = self.topics[topic].unassigned.pop_front() {
            self.refuse_one_unassigned(ticket, error.clone());
        }
    }

    /// Fails a record that has been struck off its topic's list.
    pub(super) fn refuse_one_unassigned(&mut self, ticket: Ticket, error: Error) {
        let Some(delayed) = self.take_unassigned(ticket) else { return };
        self.release(delayed.charged);
        self.forget(ticket);
        let Target { topic, partition, .. } = delayed.target;
        self.refuse(topic, partition, delayed.record.timestamp, delayed.waiter, error);
    }

    /// Fails a record that waits for memory.
    fn refuse_waiting(&mut self, error: Error) {
        let Some((ticket, delayed)) = self.waiting.pop_first() else { return };
        self.forget(ticket);
        let Target { topic, partition, .. } = delayed.target;
        self.refuse(topic, partition, delayed.record.timestamp, delayed.waiter, error);
    }

    /// Records whose waiting, for memory, for their topic or to be placed, has been too long.
    pub(super) fn expire_delayed(&mut self, now: Instant) {
        // A bounded number at a time: callers wait for the machine, and `poll_timeout` says that
        // there is more.
        for _ in 0..EXPIRED_AT_ONCE {
            if self.waiting.values().next().is_none_or(|first| first.until > now) {
                break;
            }
            let error = self.starved();
            self.refuse_waiting(error);
        }
        for _ in 0..EXPIRED_AT_ONCE {
            let Some((&ticket, first)) = self.unassigned.first_key_value() else { break };
            if first.until > now {
                break;
            }
            let topic = first.target.topic;
            let error = self.unknown_topic(topic);
            self.strike_unassigned(topic, ticket);
            self.refuse_one_unassigned(ticket, error);
        }
        let mut freed = BTreeSet::new();
        for _ in 0..EXPIRED_AT_ONCE {
            let Some((&ticket, first)) = self.unplaced.first_key_value() else { break };
            if first.until > now {
                break;
            }
            let topic = first.target.topic;
            let error = self.placed_too_late(&first.target);
            self.strike_unassigned(topic, ticket);
            self.refuse_one_unassigned(ticket, error);
            freed.insert(topic);
        }
        // Those behind go on: as old as these, they are gone by now.
        for topic in freed {
            self.assign_unassigned(now, topic);
        }
    }

    /// Takes a ticket off its topic's list of records without a partition; it is nearly always
    /// the first, or the last where several are un-sent.
    pub(super) fn strike_unassigned(&mut self, topic: usize, ticket: Ticket) {
        let unassigned = &mut self.topics[topic].unassigned;
        if unassigned.front() == Some(&ticket) {
            unassigned.pop_front();
        } else if unassigned.back() == Some(&ticket) {
            unassigned.pop_back();
        } else {
            unassigned.retain(|other| *other != ticket);
        }
    }

    /// Drops everything that is not settled, and says how many records that were.
    pub(super) fn drop_everything(&mut self, error: impl Fn(&str, bool) -> Error) -> usize {
        let mut records = self.waiting.len() + self.unassigned.len() + self.unplaced.len();
        while !self.waiting.is_empty() {
            self.refuse_waiting(error("there was memory for it", false));
        }
        for topic in 0..self.topics.len() {
            let known = self.topics[topic].is_known();
            let before = if known { "its partition was chosen" } else { "its topic was known" };
            self.refuse_unassigned(topic, &error(before, false));
        }
        self.for_each_place(|machine, place| {
            let mut index = 0;
            while let Some(batch) = machine.partition(place).queue.get(index) {
                let count = batch.count() as usize;
                match batch.progress {
                    Progress::GivenUp => index += 1,
                    Progress::InFlight => {
                        records += count;
                        machine.give_up(place, index, error("it was acknowledged", true));
                        index += 1;
                    }
                    Progress::Queued => {
                        records += count;
                        if let Some(batch) = machine.partition(place).queue.remove(index) {
                            let partition = machine.partition(place);
                            partition.idempotence.unresolved |= batch.sequence.is_some();
                            let error = error("it was acknowledged", batch.maybe_written);
                            machine.settle(place, batch, Err(error));
                        }
                    }
                }
            }
        });
        records
    }

    pub(super) fn finish_flushes(&mut self) {
        while let Some((before, _)) = self.flushing.front() {
            if self.live.keys().next().is_some_and(|oldest| oldest < before) {
                return;
            }
            if let Some((_, waiter)) = self.flushing.pop_front() {
                self.settled.push_back(Settled::Call { waiter, result: Ok(()) });
            }
        }
    }

    /// Tells those who wait for a place in memory that is there, or not needed any more.
    pub(super) fn settle_admissions(&mut self) {
        let waits = |(ticket, _): &mut (Ticket, W)| !self.waiting.contains_key(ticket);
        let admitted: Vec<_> = self.admissions.extract_if(.., waits).collect();
        let told = admitted.into_iter();
        self.settled.extend(told.map(|(_, waiter)| Settled::Call { waiter, result: Ok(()) }));
    }

    pub(super) fn finish_closing(&mut self, now: Instant) {
        let Some(by) = self.closing_by.filter(|_| !self.finished) else { return };
        if by <= now {
            self.abandon();
        }
        if self.is_idle() {
            self.finish();
        }
    }

    /// Lets go of everything. Requests that are under way end with their connections.
    fn finish(&mut self) {
        self.finished = true;
        self.requests.clear();
        for node in self.nodes.values_mut() {
            node.connected = false;
            node.in_flight = 0;
        }
        self.for_each_place(|machine, place| {
            while let Some(batch) = machine.partition(place).queue.pop_front() {
                machine.release(batch.charged);
            }
            machine.arm(place, None);
        });
        for waiter in std::mem::take(&mut self.closing) {
            self.settled.push_back(Settled::Call { waiter, result: Ok(()) });
        }
    }
}
