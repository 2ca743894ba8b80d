//! Splits batches, and assigns serial numbers to batches.

use std::collections::BTreeMap;

use super::partition::{Batch, Codecs, Completion, Piece};
use super::settled::Rest;
use crate::error::Error;
use crate::record::InvalidBatch;

#[derive(Debug)]
pub(super) struct Splitter<W> {
    codecs: Codecs,
    rest: Rest<W>,
    next_serial: u64,
}

impl<W> Splitter<W> {
    /// `rest` splits waiters for several records.
    pub(super) fn new(rest: Rest<W>) -> Self {
        Self { codecs: Codecs::default(), rest, next_serial: 0 }
    }

    /// Returns the serial number of a new batch.
    pub(super) fn serial(&mut self) -> u64 {
        let serial = self.next_serial;
        self.next_serial += 1;
        serial
    }

    /// See [`Batch::split`]. A batch that does not get smaller uses up no serial number.
    pub(super) fn split(
        &mut self,
        batch: &mut Batch<W>,
        target: usize,
    ) -> Result<Vec<Batch<W>>, InvalidBatch> {
        let parts = batch.split(target, self.next_serial, &mut self.codecs, self.rest)?;
        if parts.len() > 1 {
            self.next_serial += parts.len() as u64;
        }
        Ok(parts)
    }

    /// See [`Batch::take_out`].
    pub(super) fn take_out(
        &mut self,
        batch: &mut Batch<W>,
        refused: &BTreeMap<i32, Error>,
    ) -> Result<Vec<Piece<W>>, InvalidBatch> {
        let pieces = batch.take_out(refused, self.next_serial, &mut self.codecs, self.rest)?;
        self.next_serial += pieces.len() as u64;
        Ok(pieces)
    }

    /// See [`Batch::end_apart`].
    pub(super) fn end_apart(
        &self,
        batch: &mut Batch<W>,
        refused: &BTreeMap<i32, Error>,
        others: &Error,
    ) -> Vec<Completion<W>> {
        batch.end_apart(refused, others, self.rest)
    }
}
