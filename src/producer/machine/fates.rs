//! How batches and records end: stored, sent again, cut up, expired or refused.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use super::wording::Limit;
use super::{Machine, Purge, wording};
use crate::cluster::Backoff;
use crate::error::{Error, ErrorCode, ErrorKind};
use crate::producer::batch::{Batch, Ended, Piece, Progress, Ticket};
use crate::producer::delayed::{Delayed, Target};
use crate::producer::nodes::Sent;
use crate::producer::owned::OwnedRecord;
use crate::producer::settled::{Stored, Waiting};
use crate::producer::topic::Place;
use crate::protocol::BatchIndexError;
use crate::record::InvalidBatch;

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
    /// The broker names the records that it refuses: the others are sent again.
    TakeOut,
    Fail,
}

/// What a broker, or the loss of one, says of a batch that is not acknowledged.
#[derive(Debug, Clone, Copy)]
pub(super) struct Refusal<'a> {
    pub(super) code: ErrorCode,
    pub(super) said: Option<&'a str>,
    /// Records that the broker blames for it (KIP-467).
    pub(super) records: &'a [BatchIndexError],
    pub(super) maybe_written: bool,
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
        self.settle(now, place, index, batch, Ok(stored));
    }

    /// A batch was not stored, or nobody knows: sends it again if that may help.
    pub(super) fn came_back(
        &mut self,
        now: Instant,
        place: Place,
        serial: u64,
        refusal: Refusal<'_>,
    ) {
        let Refusal { code, said, maybe_written, .. } = refusal;
        let Some((index, mut batch)) = self.take_answered(place, serial) else { return };
        if code.refreshes_metadata() {
            self.questions.want();
        }
        batch.maybe_written |= maybe_written;
        batch.last_failure = Some((code, said.map(str::to_owned)));
        // From here on one at a time, in order, until the leader acknowledges again.
        self.partition(place).idempotence.acked_by = None;
        if batch.progress == Progress::GivenUp {
            return self.drop_unacknowledged(place, &batch);
        }
        match self.reaction(refusal, &batch) {
            Reaction::Stored => {
                if let Some(sequence) = batch.sequence {
                    self.acknowledged(place, index, sequence, batch.count(), true);
                }
                let stored = Stored { base_offset: -1, log_append_time: None };
                self.settle(now, place, index, batch, Ok(stored));
            }
            _ if self.has_vanished(place) => {
                let error = self.vanished(place).maybe_written(batch.maybe_written);
                self.fail(now, place, index, batch, &error);
            }
            Reaction::Fail => self.fail_refused(now, place, index, batch, refusal),
            Reaction::TakeOut => self.take_out(now, place, index, batch, refusal),
            _ if batch.deadline <= now => {
                let error = self.timed_out(place, &batch);
                self.fail(now, place, index, batch, &error);
            }
            Reaction::Split => self.split(now, place, index, batch),
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

    fn reaction(&self, refusal: Refusal<'_>, batch: &Batch<W>) -> Reaction {
        let numbered = batch.sequence.is_some();
        let may_be_cut = !batch.maybe_written && !batch.is_whole();
        match refusal.code {
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
            ErrorCode::MESSAGE_TOO_LARGE if batch.count() > 1 && may_be_cut => Reaction::Split,
            code if code.retriable() => Reaction::Again,
            // A gapless partition sends nothing behind a record that failed.
            _ if may_be_cut && !self.config.gapless && blames_some(refusal, batch.count()) => {
                Reaction::TakeOut
            }
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
        let pause = Backoff::of(&self.config).after(batch.failures, &mut self.random);
        batch.resume_at = Some(now + pause);
        let topic = &self.topics[place.topic].name;
        self.notices.debug(now, || {
            let why =
                batch.last_failure.as_ref().map_or(String::new(), |(code, _)| code.to_string());
            let place = wording::place(topic, place.partition);
            format!("{place}: {why}; the batch is sent again after {} ms", pause.as_millis())
        });
        self.partition(place).queue.insert(index, batch);
    }

    /// Cuts up a batch that is too large for the topic.
    fn split(&mut self, now: Instant, place: Place, index: usize, mut batch: Batch<W>) {
        // A broker that refuses a full batch allows less; how much less it does not say.
        let target = (batch.size() / 2).max(1);
        let mut parts = match self.cutter.split(&mut batch, target) {
            Ok(parts) => parts,
            Err(error) => {
                let kind = match error {
                    InvalidBatch::OutOfMemory => ErrorKind::OutOfMemory,
                    _ => ErrorKind::InvalidRecord,
                };
                let error = Error::new(kind, error.to_string()).code(ErrorCode::MESSAGE_TOO_LARGE);
                return self.fail(now, place, index, batch, &error);
            }
        };
        if parts.len() == 1 {
            // It does not get smaller than that.
            let mut whole = parts.remove(0);
            whole.behind = std::mem::take(&mut batch.behind);
            let refusal = Refusal {
                code: ErrorCode::MESSAGE_TOO_LARGE,
                said: None,
                records: &[],
                maybe_written: false,
            };
            let error = self.refused(place, refusal, &whole);
            return self.fail(now, place, index, whole, &error);
        }
        self.counts.split();
        if let Some(last) = parts.last_mut() {
            last.behind = std::mem::take(&mut batch.behind);
        }
        self.memory.release(batch.charged);
        self.memory.charge(parts.iter().map(|part| part.charged).sum());
        self.tickets.forget(batch.ticket);
        for (offset, part) in parts.into_iter().enumerate() {
            self.tickets.keep(part.ticket);
            self.partition(place).queue.insert(index + offset, part);
        }
    }

    /// Fails a batch that a broker refuses. Records that it blames are told what it says of them.
    fn fail_refused(
        &mut self,
        now: Instant,
        place: Place,
        index: usize,
        mut batch: Batch<W>,
        refusal: Refusal<'_>,
    ) {
        let error = self.refused(place, refusal, &batch);
        if blames_some(refusal, batch.count()) {
            let refused = self.refused_records(place, refusal, batch.maybe_written);
            for ended in self.cutter.end_apart(&mut batch, &refused, &error) {
                self.tickets.keep(ended.ticket);
                self.end(now, place, index, ended);
            }
            // The batch itself has no waiters left.
            batch.progress = Progress::GivenUp;
            self.tickets.forget(batch.ticket);
        }
        self.fail(now, place, index, batch, &error);
    }

    fn refused_records(
        &self,
        place: Place,
        refusal: Refusal<'_>,
        maybe_written: bool,
    ) -> BTreeMap<i32, Error> {
        let error = |blamed: &BatchIndexError| {
            let error = self.refused_record(place, refusal.code, blamed, maybe_written);
            (blamed.batch_index, error)
        };
        refusal.records.iter().map(error).collect()
    }

    /// Fails the records that a broker refuses, and sends the others of their batch again.
    fn take_out(
        &mut self,
        now: Instant,
        place: Place,
        index: usize,
        mut batch: Batch<W>,
        refusal: Refusal<'_>,
    ) {
        let refused = self.refused_records(place, refusal, false);
        let Ok(pieces) = self.cutter.take_out(&mut batch, &refused) else {
            let error = self.refused(place, refusal, &batch);
            return self.fail(now, place, index, batch, &error);
        };
        self.counts.split();
        self.memory.release(batch.charged);
        let kept = batch.count() - refused.len() as i32;
        let idempotence = &mut self.partition(place).idempotence;
        match batch.sequence {
            // Nothing behind it is numbered yet: there will be no gap.
            Some(sequence) if idempotence.next == sequence.after(batch.count()) => {
                idempotence.next = sequence.after(kept);
            }
            _ => {}
        }
        let mut at = index;
        for piece in pieces {
            match piece {
                Piece::Kept(part) => {
                    self.memory.charge(part.charged);
                    self.tickets.keep(part.ticket);
                    self.partition(place).queue.insert(at, part);
                    at += 1;
                }
                Piece::Refused(ended) => {
                    self.tickets.keep(ended.ticket);
                    self.end(now, place, at, ended);
                }
            }
        }
        for ended in std::mem::take(&mut batch.behind) {
            self.end(now, place, at, ended);
        }
        self.tickets.forget(batch.ticket);
    }

    /// Fails the batches whose time is over.
    pub(super) fn expire(&mut self, now: Instant, place: Place) {
        loop {
            let queue = &mut self.partition(place).queue;
            let old = queue
                .iter()
                .position(|batch| batch.progress != Progress::GivenUp && batch.deadline <= now);
            let Some(old) = old else { break };
            if queue[old].is_in_flight() {
                let error = self.timed_out_in_flight(place);
                self.give_up(now, place, old, error);
            } else if let Some(batch) = queue.remove(old) {
                let error = self.timed_out(place, &batch);
                self.fail(now, place, old, batch, &error);
            }
        }
        let early = &mut self.partition(place).early;
        if early.first().is_some_and(|first| *first <= now) {
            early.retain(|deadline| *deadline > now);
            self.tell_overdue(now, place);
        }
    }

    /// Tells the waiters of a batch in flight that it failed. The batch keeps its place in the
    /// queue.
    fn give_up(&mut self, now: Instant, place: Place, index: usize, error: Error) {
        let batch = &mut self.partition(place).queue[index];
        batch.progress = Progress::GivenUp;
        let ended = batch.end(Err(error));
        let behind = std::mem::take(&mut batch.behind);
        for ended in std::iter::once(ended).chain(behind) {
            self.end(now, place, index, ended);
        }
    }

    /// A batch that was given up is not acknowledged: its numbers are in doubt.
    fn drop_unacknowledged(&mut self, place: Place, batch: &Batch<W>) {
        self.partition(place).idempotence.unresolved |= batch.sequence.is_some();
        self.memory.release(batch.charged);
    }

    /// Fails a batch for good, and in a gapless partition all that follows.
    fn fail(&mut self, now: Instant, place: Place, index: usize, batch: Batch<W>, error: &Error) {
        self.partition(place).idempotence.unresolved |= batch.sequence.is_some();
        self.settle(now, place, index, batch, Err(error.clone()));
        if self.config.gapless && self.partition(place).stopped.is_none() {
            self.stop(now, place, error);
        }
    }

    /// Stops a gapless partition: what is queued fails, and so does what comes later.
    pub(super) fn stop(&mut self, now: Instant, place: Place, cause: &Error) {
        let stopped = self.gapless(place, cause);
        self.partition(place).stopped = Some(stopped.clone());
        self.drop_queued(now, place, |maybe_written| stopped.clone().maybe_written(maybe_written));
    }

    /// Fails every batch of a partition that is not in flight, and says how many records those had.
    pub(super) fn drop_queued(
        &mut self,
        now: Instant,
        place: Place,
        error: impl Fn(bool) -> Error,
    ) -> usize {
        let (mut index, mut records) = (0, 0);
        while let Some(batch) = self.partition(place).queue.get(index) {
            if batch.is_in_flight() {
                index += 1;
            } else if let Some(batch) = self.partition(place).queue.remove(index) {
                records += batch.count() as usize;
                self.partition(place).idempotence.unresolved |= batch.sequence.is_some();
                let error = error(batch.maybe_written);
                self.settle(now, place, index, batch, Err(error));
            }
        }
        records
    }

    /// Gives up every batch of a partition that is in flight, and says how many records those had.
    fn give_up_in_flight(&mut self, now: Instant, place: Place, error: &Error) -> usize {
        let mut records = 0;
        for index in 0..self.partition(place).queue.len() {
            let batch = &self.partition(place).queue[index];
            if batch.progress == Progress::InFlight {
                records += batch.count() as usize;
                self.give_up(now, place, index, error.clone());
            }
        }
        records
    }

    /// Ends a batch that was at a place in its queue. Its waiters are told in the order of the
    /// partition's batches.
    fn settle(
        &mut self,
        now: Instant,
        place: Place,
        index: usize,
        mut batch: Batch<W>,
        outcome: Result<Stored, Error>,
    ) {
        self.memory.release(batch.charged);
        if !batch.is_given_up() {
            let ended = batch.end(outcome);
            self.end(now, place, index, ended);
        }
        for ended in std::mem::take(&mut batch.behind) {
            self.end(now, place, index, ended);
        }
        if let Some(memory) = batch.into_memory() {
            self.memory.recycle(memory);
        }
    }

    /// Fails the records that are in none of a topic's partitions yet.
    pub(super) fn refuse_unassigned(&mut self, topic: usize, error: &Error) {
        while let Some(ticket) = self.topics[topic].unassigned.pop_front() {
            self.refuse_one_unassigned(ticket, error.clone());
        }
    }

    /// Fails a record that has been struck off its topic's list.
    pub(super) fn refuse_one_unassigned(&mut self, ticket: Ticket, error: Error) {
        let Some(delayed) = self.pending.take(ticket) else { return };
        self.memory.release(delayed.charged);
        self.tickets.forget(ticket);
        let Target { topic, partition, .. } = delayed.target;
        self.refuse(topic, partition, delayed.record.timestamp, delayed.waiter, error);
    }

    /// Fails a record that waits for memory.
    fn refuse_waiting(&mut self, error: Error) {
        let Some((ticket, delayed)) = self.memory.pop() else { return };
        self.tickets.forget(ticket);
        let Target { topic, partition, .. } = delayed.target;
        self.refuse(topic, partition, delayed.record.timestamp, delayed.waiter, error);
    }

    /// Fails a record that is in no batch; after the batches of its partition, if it names one.
    fn drop_delayed(&mut self, now: Instant, ticket: Ticket, delayed: Delayed<W>, error: Error) {
        let Target { topic, partition, deadline, .. } = delayed.target;
        let Delayed { record: OwnedRecord { timestamp, .. }, waiter, .. } = delayed;
        let partitions = self.topics[topic].partitions.len();
        let named = partition.and_then(|index| usize::try_from(index).ok());
        let Some(partition) = named.filter(|index| *index < partitions) else {
            self.tickets.forget(ticket);
            return self.refuse(topic, partition, timestamp, waiter, error);
        };
        let place = Place { topic, partition };
        let waiting = waiter.map(|waiter| Waiting { index: 0, count: 1, timestamp, waiter });
        let ended = Ended {
            ticket,
            deadline,
            count: 1,
            record_bytes: 0,
            waiting: waiting.into_iter().collect(),
            outcome: Err(error),
        };
        let last = self.partition(place).queue.len();
        self.end(now, place, last, ended);
    }

    /// Records whose waiting, for memory, for their topic or to be placed, has been too long.
    pub(super) fn expire_delayed(&mut self, now: Instant) {
        // A bounded number at a time: callers wait for the machine, and `poll_timeout` says that
        // there is more.
        for _ in 0..EXPIRED_AT_ONCE {
            if self.memory.next_event().is_none_or(|until| until > now) {
                break;
            }
            let error = self.starved();
            self.refuse_waiting(error);
        }
        let mut freed = BTreeSet::new();
        for _ in 0..EXPIRED_AT_ONCE {
            let Some((ticket, first)) = self.pending.first_unknown() else { break };
            if first.until > now {
                break;
            }
            let Target { topic, partition, deadline, .. } = first.target;
            let limit = if first.until == deadline {
                Limit::Delivery(self.config.delivery_timeout)
            } else {
                self.metadata_limit()
            };
            let error = match partition {
                Some(partition) if self.topics[topic].is_known() => {
                    self.unasked_partition(topic, partition, limit)
                }
                _ => self.unknown_topic(topic, limit),
            };
            self.strike_unassigned(topic, ticket);
            self.refuse_one_unassigned(ticket, error);
            freed.insert(topic);
        }
        for _ in 0..EXPIRED_AT_ONCE {
            let Some((ticket, first)) = self.pending.first_unplaced() else { break };
            if first.until > now {
                break;
            }
            let topic = first.target.topic;
            let error = if self.topics[topic].is_known() {
                self.placed_too_late(&first.target)
            } else {
                self.unknown_topic(topic, Limit::Delivery(self.config.delivery_timeout))
            };
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

    /// Fails the records that `what` chooses, and returns how many there were: first those that are
    /// in batches, as they were handed over before the others of their partition.
    pub(super) fn drop_records(
        &mut self,
        now: Instant,
        what: Purge,
        error: impl Fn(&str, bool) -> Error,
    ) -> usize {
        let mut records = 0;
        self.for_each_place(|machine, place| {
            let acknowledged = "it was acknowledged";
            if what.in_flight {
                let error = error(acknowledged, true);
                records += machine.give_up_in_flight(now, place, &error);
            }
            if what.in_queue {
                let error = |maybe_written| error(acknowledged, maybe_written);
                records += machine.drop_queued(now, place, error);
            }
        });
        if what.in_queue {
            records += self.memory.waiting() + self.pending.unknown() + self.pending.unplaced();
            for topic in 0..self.topics.len() {
                let known = self.topics[topic].is_known();
                let before = if known { "its partition was chosen" } else { "its topic was known" };
                let error = error(before, false);
                while let Some(ticket) = self.topics[topic].unassigned.pop_front() {
                    let Some(delayed) = self.pending.take(ticket) else { continue };
                    self.memory.release(delayed.charged);
                    self.drop_delayed(now, ticket, delayed, error.clone());
                }
            }
            while let Some((ticket, delayed)) = self.memory.pop() {
                self.drop_delayed(now, ticket, delayed, error("there was memory for it", false));
            }
        }
        records
    }

    pub(super) fn finish_flushes(&mut self) {
        while let Some(waiter) = self.tickets.pop_flush() {
            self.told.call(waiter, Ok(()));
        }
    }

    pub(super) fn finish_closing(&mut self, now: Instant) {
        let Some(by) = self.ending.next_event() else { return };
        if by <= now {
            self.abandon(now);
        }
        if self.is_idle() {
            self.finish();
        }
    }

    /// Lets go of everything. Requests that are under way end with their connections.
    fn finish(&mut self) {
        self.nodes.finish();
        self.for_each_place(|machine, place| {
            while let Some(batch) = machine.partition(place).queue.pop_front() {
                machine.memory.release(batch.charged);
            }
            machine.arm(place, None);
        });
        for waiter in self.ending.finish() {
            self.told.call(waiter, Ok(()));
        }
    }
}

/// Whether a broker says which records of a batch it refuses.
fn blames_some(refusal: Refusal<'_>, count: i32) -> bool {
    let mut blamed = refusal.records.iter();
    !refusal.records.is_empty() && blamed.all(|record| (0..count).contains(&record.batch_index))
}
