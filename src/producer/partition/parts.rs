//! Splits batches: into smaller ones, or around the records that a broker refuses.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Range;

use super::batch::{Batch, BatchState, Completion, Content, Intake};
use crate::error::Error;
use crate::producer::sequence::Sequence;
use crate::producer::settled::{Rest, Waiting};
use crate::record::{Compressor, Decompressor, InvalidBatch, SealedBatch};

/// The codecs for splitting a batch that may be compressed.
#[derive(Debug, Default)]
pub(in crate::producer) struct Codecs {
    compressor: Compressor,
    decompressor: Decompressor,
}

impl<W> Batch<W> {
    /// Splits it into batches of at most `target` bytes, with serial numbers from `serial` on.
    /// `rest` splits a waiter for records of several parts.
    pub(in crate::producer) fn split(
        &mut self,
        target: usize,
        serial: u64,
        codecs: &mut Codecs,
        rest: Rest<W>,
    ) -> Result<Vec<Self>, InvalidBatch> {
        let Codecs { compressor, decompressor } = codecs;
        let parts = self.as_sent().split(target, compressor, decompressor)?;
        let mut waiting = VecDeque::from(std::mem::take(&mut self.waiting));
        let mut first = 0;
        let parts = parts.into_iter().zip(serial..).map(|(part, serial)| {
            let end = first + part.count();
            let mine = waiting_for(&mut waiting, first..end, rest);
            let sequence = self.sequence.map(|sequence| sequence.after(first));
            first = end;
            self.part(part, serial, mine, sequence)
        });
        Ok(parts.collect())
    }

    /// Removes the records that `refused` names by index. Returns, in order, an end with its error
    /// for each of them, and a batch for each run of records in between. The batches get serial
    /// numbers as in [`Self::split`], and sequence numbers without gaps.
    pub(in crate::producer) fn take_out(
        &mut self,
        refused: &BTreeMap<i32, Error>,
        serial: u64,
        codecs: &mut Codecs,
        rest: Rest<W>,
    ) -> Result<Vec<Piece<W>>, InvalidBatch> {
        let bounds: Vec<i32> = refused.keys().copied().chain([self.count]).collect();
        let starts = [0].into_iter().chain(refused.keys().map(|index| index + 1));
        let ranges: Vec<Range<i32>> =
            starts.zip(&bounds).map(|(start, end)| start..*end).filter(|r| !r.is_empty()).collect();
        let Codecs { compressor, decompressor } = codecs;
        let parts = self.as_sent().select(&ranges, compressor, decompressor)?;
        let mut parts = ranges.into_iter().zip(parts).zip(serial..).peekable();
        let mut waiting = VecDeque::from(std::mem::take(&mut self.waiting));
        let (mut pieces, mut kept) = (Vec::new(), 0);
        for bound in bounds {
            if let Some(((range, part), serial)) =
                parts.next_if(|((range, _), _)| range.end == bound)
            {
                let mine = waiting_for(&mut waiting, range, rest);
                let sequence = self.sequence.map(|sequence| sequence.after(kept));
                kept += part.count();
                // The refusal of other records is no failure of this part.
                let part = Self { last_failure: None, ..self.part(part, serial, mine, sequence) };
                pieces.push(Piece::Kept(part));
            }
            if let Some(error) = refused.get(&bound) {
                let waiting = waiting_for(&mut waiting, bound..bound + 1, rest);
                pieces.push(Piece::Refused(self.end_of(waiting, error)));
            }
        }
        Ok(pieces)
    }

    /// Ends it with individual errors for the records in `refused`, and with `others` for the rest.
    pub(in crate::producer) fn end_apart(
        &mut self,
        refused: &BTreeMap<i32, Error>,
        others: &Error,
        rest: Rest<W>,
    ) -> Vec<Completion<W>> {
        let mut waiting = VecDeque::from(std::mem::take(&mut self.waiting));
        let mut ends = Vec::new();
        let mut first = 0;
        for (index, error) in refused {
            ends.extend((first < *index).then_some((first..*index, others)));
            ends.push((*index..index + 1, error));
            first = index + 1;
        }
        ends.extend((first < self.count).then_some((first..self.count, others)));
        let end = |(range, error): (Range<i32>, &Error)| {
            let count = range.len() as i32;
            Completion { count, ..self.end_of(waiting_for(&mut waiting, range, rest), error) }
        };
        ends.into_iter().map(end).collect()
    }

    /// Returns the end of one failed record, with its waiter.
    fn end_of(&self, waiting: Vec<Waiting<W>>, error: &Error) -> Completion<W> {
        Completion {
            ticket: self.ticket,
            deadline: self.deadline,
            count: 1,
            record_bytes: 0,
            waiting,
            outcome: Err(error.clone()),
        }
    }

    pub(super) fn as_sent(&self) -> &SealedBatch {
        let Some(Content::Sealed(whole)) = &self.content else {
            unreachable!("only a batch that was sent can be refused");
        };
        whole
    }

    /// Returns a part of it, to be sent in its place.
    fn part(
        &self,
        part: SealedBatch,
        serial: u64,
        waiting: Vec<Waiting<W>>,
        sequence: Option<Sequence>,
    ) -> Self {
        Self {
            serial,
            ticket: self.ticket,
            count: part.count(),
            charged: part.size(),
            content: Some(Content::Sealed(part)),
            waiting,
            deadline: self.deadline,
            lingers_until: self.lingers_until,
            hurried: true,
            intake: Intake::Closed,
            state: BatchState::Queued,
            sequence,
            overtaken: self.overtaken,
            tries: 0,
            failures: self.failures,
            resume_at: None,
            maybe_written: self.maybe_written,
            last_failure: self.last_failure.clone(),
            held_completions: Vec::new(),
        }
    }
}

/// A piece of a batch that records were removed from.
#[derive(Debug)]
pub(in crate::producer) enum Piece<W> {
    Kept(Batch<W>),
    Refused(Completion<W>),
}

/// Removes the waiters for a range of records, which are at the front. Their indices then count
/// from its start.
fn waiting_for<W>(
    waiting: &mut VecDeque<Waiting<W>>,
    range: Range<i32>,
    rest: Rest<W>,
) -> Vec<Waiting<W>> {
    let mut mine = Vec::new();
    while waiting.front().is_some_and(|next| next.index < range.end)
        && let Some(mut next) = waiting.pop_front()
    {
        let here = next.count.min(range.end - next.index);
        if here < next.count {
            let index = next.index + here;
            let waiter = rest(&next.waiter, here);
            waiting.push_front(Waiting { index, count: next.count - here, waiter, ..next });
            next.count = here;
        }
        next.index -= range.start;
        mine.push(next);
    }
    mine
}
