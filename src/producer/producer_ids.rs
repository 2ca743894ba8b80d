//! The producer's id and epoch, by which brokers recognize batches that they have stored already.

use std::time::Instant;

use super::sequence::ProducerEpoch;
use crate::cluster::{Backoff, Refresh};
use crate::error::Error;
use crate::random::Random;

#[derive(Debug)]
pub(super) struct ProducerIds {
    /// `None` before a broker has assigned one, and once the last epoch of an id is spent.
    current: Option<ProducerEpoch>,
    /// The last epoch with sequence numbers that were forgotten.
    retired: Option<ProducerEpoch>,
    question: Refresh,
}

impl ProducerIds {
    pub(super) fn new(backoff: Backoff) -> Self {
        Self { current: None, retired: None, question: Refresh::new(None, backoff) }
    }

    #[inline]
    pub(super) fn current(&self) -> Option<ProducerEpoch> {
        self.current
    }

    /// Requests an id from a broker unless there is one. Returns whether there is one.
    #[inline]
    pub(super) fn want(&mut self) -> bool {
        if self.current.is_none() {
            self.question.want_news();
        }
        self.current.is_some()
    }

    /// The same, for a partition that has no numbers yet. It gets a fresh epoch if numbers of the
    /// current one were forgotten: they may have been this partition's.
    pub(super) fn want_for_new(&mut self) -> bool {
        if self.retired.is_some() && self.retired == self.current {
            self.replace(self.current);
        }
        self.want()
    }

    /// Notes that the sequence numbers of a partition are forgotten.
    pub(super) fn retire(&mut self, producer: Option<ProducerEpoch>) {
        if producer.is_some() && producer == self.current {
            self.retired = producer;
        }
    }

    /// Returns whether a partition may come back whose numbers were forgotten.
    pub(super) fn has_retired(&self) -> bool {
        self.retired.is_some()
    }

    /// Returns the replacement of a spent epoch. Another partition may have replaced it before.
    pub(super) fn replace(&mut self, spent: Option<ProducerEpoch>) -> Option<ProducerEpoch> {
        if spent == self.current {
            // The last epoch of an id has no successor: a new id is requested.
            self.current = spent
                .filter(|spent| spent.epoch < i16::MAX)
                .map(|spent| ProducerEpoch { epoch: spent.epoch + 1, ..spent });
        }
        self.want();
        self.current
    }

    // -- requesting an id ---------------------------------------------------------------------

    /// Returns whether a broker must be asked now.
    pub(super) fn poll(&mut self, now: Instant) -> bool {
        self.question.poll(now)
    }

    pub(super) fn next_event(&self) -> Option<Instant> {
        self.question.next_event()
    }

    pub(super) fn given(&mut self, now: Instant, given: ProducerEpoch, random: &mut Random) {
        self.current = Some(given);
        self.question.succeeded(now, true, random);
    }

    /// Notes that no broker has assigned an id. Another attempt follows if `again`.
    pub(super) fn failed(
        &mut self,
        now: Instant,
        error: Error,
        again: bool,
        backoff: Backoff,
        random: &mut Random,
    ) {
        self.question.failed(now, error, again, backoff, random);
    }
}
