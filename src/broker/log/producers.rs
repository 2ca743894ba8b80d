//! The broker's side of idempotence: the epoch and the last five batches of each producer id
//! (KIP-98, `ProducerStateManager`). Classifies a batch as next, duplicate or invalid.

use std::collections::{BTreeMap, VecDeque};

use super::batch::{StoredBatch, add_to_sequence};
use super::config::FirstSequence;
use super::refusal::Refusal;
use crate::error::ErrorCode;

/// The number of batches of a producer that are recognized as duplicates.
const REMEMBERED: usize = 5;

/// The state of every producer that has written with a producer id.
#[derive(Debug, Clone, Default)]
pub(super) struct Producers {
    by_id: BTreeMap<i64, Producer>,
}

#[derive(Debug, Clone)]
struct Producer {
    epoch: i16,
    /// Never empty, the newest last, all of the same epoch.
    batches: VecDeque<Written>,
}

/// A batch that is recognized as a duplicate when it is sent again.
#[derive(Debug, Clone, Copy)]
pub(super) struct Written {
    first_sequence: i32,
    last_sequence: i32,
    pub(super) base_offset: i64,
    pub(super) last_offset: i64,
    pub(super) timestamp: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LastWritten {
    pub epoch: i16,
    pub last_sequence: i32,
    pub last_offset: i64,
}

impl Producer {
    fn last(&self) -> &Written {
        self.batches.back().expect("a producer is known by what it wrote")
    }
}

impl Producers {
    /// Returns the stored original of a duplicate, or `None` if the batch is the next to append.
    pub(super) fn check(
        &self,
        batch: &StoredBatch,
        first: FirstSequence,
        never_written: bool,
    ) -> Result<Option<&Written>, Refusal> {
        let identity = batch.identity();
        if identity.producer_id < 0 {
            return Ok(None);
        }
        let sequence = identity.base_sequence;
        let Some(producer) = self.by_id.get(&identity.producer_id) else {
            return match first {
                FirstSequence::MustBeZero if sequence != 0 && never_written => Err(
                    Refusal::out_of_order(format!("the first sequence is {sequence} and not 0")),
                ),
                FirstSequence::ZeroOrUnknown if sequence != 0 => {
                    let message = format!("a producer without state begins with {sequence}");
                    Err(Refusal::new(ErrorCode::UNKNOWN_PRODUCER_ID, message))
                }
                _ => Ok(None),
            };
        };
        if identity.epoch == producer.epoch {
            let known = producer.batches.iter().find(|written| {
                written.first_sequence == sequence && written.last_sequence == batch.last_sequence()
            });
            let expected = add_to_sequence(producer.last().last_sequence, 1);
            if known.is_none() && sequence != expected {
                let message = format!("the sequence is {sequence}, and {expected} was expected");
                return Err(Refusal::out_of_order(message));
            }
            return Ok(known);
        }
        if identity.epoch < producer.epoch {
            let message = format!("epoch {} is over: it is {}", identity.epoch, producer.epoch);
            return Err(Refusal::new(ErrorCode::INVALID_PRODUCER_EPOCH, message));
        }
        if sequence != 0 {
            let message = format!("a new epoch begins with sequence {sequence} and not 0");
            return Err(Refusal::out_of_order(message));
        }
        Ok(None)
    }

    /// Adds a batch that has been appended.
    pub(super) fn update(&mut self, batch: &StoredBatch) {
        let identity = batch.identity();
        if identity.producer_id < 0 {
            return;
        }
        let producer = self.by_id.entry(identity.producer_id).or_insert_with(|| Producer {
            epoch: identity.epoch,
            batches: VecDeque::with_capacity(REMEMBERED),
        });
        if producer.epoch != identity.epoch {
            producer.epoch = identity.epoch;
            producer.batches.clear();
        }
        if producer.batches.len() == REMEMBERED {
            producer.batches.pop_front();
        }
        producer.batches.push_back(Written {
            first_sequence: identity.base_sequence,
            last_sequence: batch.last_sequence(),
            base_offset: batch.base_offset(),
            last_offset: batch.last_offset(),
            timestamp: batch.max_timestamp(),
        });
    }

    /// Removes producers without a record at or after `offset`.
    pub(super) fn forget_before(&mut self, offset: i64) {
        self.by_id.retain(|_, producer| producer.last().last_offset >= offset);
    }

    /// Removes producers that have not written since `time`.
    pub(super) fn expire(&mut self, time: i64) {
        self.by_id.retain(|_, producer| producer.last().timestamp >= time);
    }

    pub(super) fn keep_last_batches(&mut self) {
        for producer in self.by_id.values_mut() {
            producer.batches.drain(..producer.batches.len() - 1);
        }
    }

    pub(super) fn last_written(&self, producer_id: i64) -> Option<LastWritten> {
        self.by_id.get(&producer_id).map(|producer| LastWritten {
            epoch: producer.epoch,
            last_sequence: producer.last().last_sequence,
            last_offset: producer.last().last_offset,
        })
    }
}
