//! Applies the answer to a batch, or its loss: the partition decides, and the rest of the machine
//! follows.

use std::collections::BTreeMap;
use std::time::Instant;

use super::{Machine, wording};
use crate::cluster::{Backoff, Place};
use crate::error::{Error, ErrorCode, ErrorKind};
use crate::producer::nodes::InFlightBatch;
use crate::producer::partition::{
    BatchAction, BatchRefusal, Piece, Taken, VerdictContext, blames_some,
};
use crate::producer::settled::Stored;
use crate::protocol::BatchIndexError;
use crate::record::InvalidBatch;

impl<W> Machine<W> {
    /// Ends a batch that was stored. Its topic may have been created again since it was sent.
    #[inline]
    pub(super) fn batch_stored(&mut self, now: Instant, sent: InFlightBatch, mut stored: Stored) {
        let InFlightBatch { place, serial, topic_id } = sent;
        let topic = &mut self.queues[place.topic];
        let partition = &topic.partitions[place.partition];
        let Some(index) = partition.find_in_flight(serial) else { return };
        let is_first_try = partition.failures_at(index) == 0;
        stored.log_append_time = topic.append_time(stored.log_append_time, is_first_try);
        let is_same_topic = self.cluster.topic(place.topic).id() == topic_id;
        let leader = self.cluster.leader(place);
        let partition = &mut topic.partitions[place.partition];
        if let Some(taken) = partition.take_answered(index) {
            let removed = partition.acknowledge(now, taken, stored, leader, is_same_topic);
            self.finish_batch(now, place, removed);
        }
    }

    /// Handles a batch that was refused or lost: sends it again if that may help.
    pub(super) fn batch_refused(
        &mut self,
        now: Instant,
        place: Place,
        serial: u64,
        refusal: BatchRefusal<'_>,
    ) {
        let partition = self.queues.partition(place);
        let index = partition.find_in_flight(serial);
        let Some(mut taken) = index.and_then(|index| partition.take_answered(index)) else {
            return;
        };
        if refusal.code.refreshes_metadata() {
            self.cluster.want();
        }
        let context = VerdictContext {
            is_gapless: self.config.gapless,
            is_deleted: self.cluster.is_deleted(place),
        };
        match partition.decide(now, &mut taken, refusal, context) {
            BatchAction::Dropped => self.memory.release(taken.batch.charged()),
            BatchAction::Stored => {
                let stored = Stored { base_offset: -1, log_append_time: None };
                let leader = self.cluster.leader(place);
                let removed = partition.acknowledge(now, taken, stored, leader, true);
                self.finish_batch(now, place, removed);
            }
            BatchAction::Again => self.again(now, place, taken),
            BatchAction::Split => self.split(now, place, taken),
            BatchAction::TakeOut => self.take_out(now, place, taken, refusal),
            BatchAction::Failed => self.fail_refused(now, place, taken, refusal),
            BatchAction::Expired => {
                let error = self.timed_out(place, &taken.batch);
                self.fail(now, place, taken, &error);
            }
            BatchAction::Deleted => {
                let error =
                    self.partition_deleted(place).maybe_written(taken.batch.is_maybe_written());
                self.fail(now, place, taken, &error);
            }
        }
    }

    /// Puts a batch back into its place. The pause before its next try grows with its failures.
    fn again(&mut self, now: Instant, place: Place, taken: Taken<W>) {
        let failures = taken.batch.failures() + 1;
        let pause = Backoff::of(&self.config).after(failures, &mut self.random);
        let topic = self.cluster.topic(place.topic).name();
        self.notices.debug(now, || {
            let last = taken.batch.last_failure();
            let why = last.map_or(String::new(), |(code, _)| code.to_string());
            let place = wording::place(topic, place.partition);
            format!("{place}: {why}; the batch is sent again after {} ms", pause.as_millis())
        });
        self.queues.partition(place).put_back(taken, now + pause);
    }

    fn split(&mut self, now: Instant, place: Place, taken: Taken<W>) {
        let Taken { index, mut batch } = taken;
        // The broker does not report its limit, so try half the size.
        let target = (batch.size() / 2).max(1);
        let mut parts = match self.splitter.split(&mut batch, target) {
            Ok(parts) => parts,
            Err(error) => {
                let kind = match error {
                    InvalidBatch::OutOfMemory => ErrorKind::OutOfMemory,
                    _ => ErrorKind::InvalidRecord,
                };
                let error = Error::new(kind, error.to_string()).code(ErrorCode::MESSAGE_TOO_LARGE);
                return self.fail(now, place, Taken { index, batch }, &error);
            }
        };
        if parts.len() == 1 {
            // It cannot be made smaller.
            let mut whole = parts.remove(0);
            whole.inherit(&mut batch);
            let refusal = BatchRefusal {
                code: ErrorCode::MESSAGE_TOO_LARGE,
                said: None,
                records: &[],
                maybe_written: false,
            };
            let error = self.refused(place, refusal, &whole);
            return self.fail(now, place, Taken { index, batch: whole }, &error);
        }
        self.counts.split();
        if let Some(last) = parts.last_mut() {
            last.inherit(&mut batch);
        }
        self.memory.release(batch.charged());
        self.tickets.forget(batch.ticket());
        for (index, part) in (index..).zip(parts) {
            self.memory.charge(part.charged());
            self.tickets.keep(part.ticket());
            self.queues.partition(place).insert(index, part);
        }
    }

    /// Fails a batch that a broker refuses. Waiters of records that the broker blames get its
    /// message for these.
    fn fail_refused(
        &mut self,
        now: Instant,
        place: Place,
        taken: Taken<W>,
        refusal: BatchRefusal<'_>,
    ) {
        let Taken { index, mut batch } = taken;
        let error = self.refused(place, refusal, &batch);
        if blames_some(refusal, batch.count()) {
            let refused = self.refused_records(place, refusal, batch.is_maybe_written());
            for completion in self.splitter.end_apart(&mut batch, &refused, &error) {
                self.tickets.keep(completion.ticket);
                self.end(now, place, index, completion);
            }
            // The batch itself has no waiters left.
            batch.mark_given_up();
            self.tickets.forget(batch.ticket());
        }
        self.fail(now, place, Taken { index, batch }, &error);
    }

    fn refused_records(
        &self,
        place: Place,
        refusal: BatchRefusal<'_>,
        maybe_written: bool,
    ) -> BTreeMap<i32, Error> {
        let error = |blamed: &BatchIndexError| {
            let error = self.refused_record(place, refusal.code, blamed, maybe_written);
            (blamed.batch_index, error)
        };
        refusal.records.iter().map(error).collect()
    }

    /// Fails the records that a broker refuses, and sends the others of their batch again.
    fn take_out(&mut self, now: Instant, place: Place, taken: Taken<W>, refusal: BatchRefusal<'_>) {
        let Taken { index, mut batch } = taken;
        let refused = self.refused_records(place, refusal, false);
        let Ok(pieces) = self.splitter.take_out(&mut batch, &refused) else {
            let error = self.refused(place, refusal, &batch);
            return self.fail(now, place, Taken { index, batch }, &error);
        };
        self.counts.split();
        self.memory.release(batch.charged());
        let had = batch.count();
        let kept = had - refused.len() as i32;
        self.queues.partition(place).close_gap(batch.sequence(), had, kept);
        let mut at = index;
        for piece in pieces {
            match piece {
                Piece::Kept(part) => {
                    self.memory.charge(part.charged());
                    self.tickets.keep(part.ticket());
                    self.queues.partition(place).insert(at, part);
                    at += 1;
                }
                Piece::Refused(completion) => {
                    self.tickets.keep(completion.ticket);
                    self.end(now, place, at, completion);
                }
            }
        }
        for completion in batch.take_held_completions() {
            self.end(now, place, at, completion);
        }
        self.tickets.forget(batch.ticket());
    }
}
