//! The loop of a batch call that hands messages over. A slice runs for half a millisecond: it
//! creates records, a lot at a time, and hands each lot to the core under one lock. Items that are
//! only text and bytes take a faster path.

use std::time::Instant;

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyList;

use super::{BatchCall, Slice, Work};
use crate::client::HandedMany;
use crate::py::base::calls::method;
use crate::py::base::clock::now_ms;
use crate::py::base::slice::SLICE;
use crate::py::input::payload::Payload;
use crate::py::input::ready::Ready;
use crate::py::input::template::Plain;
use crate::py::waiters::waiter::{Member, Waiter};
use crate::record::Record;

/// Maximum number of messages that go to the core under one lock.
const LOT: usize = 64;

impl BatchCall {
    /// Hands lots over until the slice's time is over, or memory is full.
    pub(super) fn slice(&self, py: Python<'_>, work: &mut Work) -> PyResult<Slice> {
        let until = Instant::now() + SLICE;
        let items = self.items.bind(py);
        let now = now_ms();
        if !work.waits.is_empty() {
            // These are admitted, and may wait for their topic now: they can still be cancelled.
            let admitted = std::mem::take(&mut work.waits);
            work.held.extend(admitted);
            self.give_up_if_starved(py, work);
        }
        let plain = match self.topic.get().producer().settings.partitioner {
            None => self.topic.get().template().plain(py, now)?,
            Some(_) => None,
        };
        while work.next < self.count {
            let lot = plain.as_ref().map(|_| self.plain_lot(items, work)).transpose()?;
            match (&plain, lot) {
                (Some(plain), Some(lot)) if !lot.is_empty() => {
                    self.hand_over_plain(work, plain, &lot)?;
                }
                _ => {
                    let lot = self.lot(items, work, now, until)?;
                    self.hand_over(work, &lot)?;
                }
            }
            if !work.waits.is_empty() {
                self.running.client.ship();
                return Ok(Slice::Full);
            }
            if Instant::now() >= until && work.next < self.count {
                return Ok(Slice::More);
            }
        }
        self.running.client.ship();
        method(items, intern!(py, "clear"), [])?;
        Ok(Slice::Done)
    }

    /// Reads keys and values up to the first item that has anything else.
    fn plain_lot<'py>(
        &self,
        items: &Bound<'py, PyList>,
        work: &mut Work,
    ) -> PyResult<Vec<(Payload<'py>, Payload<'py>)>> {
        let config = &self.topic.get().producer().settings.config;
        let (first, mut size) = (work.next, 0);
        let end = self.count.min(first + self.most_at_once());
        let mut lot = Vec::with_capacity(end - first);
        while work.next < end && size < config.batch_size {
            let Some((key, value)) = self.shape.plain(&items.get_item(work.next)?) else { break };
            size += key.len() + value.len();
            lot.push((key, value));
            work.next += 1;
        }
        work.lot = first..work.next;
        Ok(lot)
    }

    /// Maximum number of messages of a lot: no more than may wait for memory.
    fn most_at_once(&self) -> usize {
        match self.topic.get().producer().settings.config.max_waiting {
            // No record waits: each is refused on its own.
            0 => LOT,
            most => most.min(LOT),
        }
    }

    fn hand_over_plain(
        &self,
        work: &mut Work,
        plain: &Plain<'_>,
        lot: &[(Payload<'_>, Payload<'_>)],
    ) -> PyResult<()> {
        let topic = plain.topic.to_str()?;
        let common = plain.key.bytes()?;
        let headers = plain.headers.as_ref().map(|headers| headers.bytes()).unwrap_or_default();
        let records = work.lot.clone().zip(lot).map(|(index, (key, value))| {
            // `plain_lot` has checked that these have bytes.
            let record = Record {
                timestamp: plain.timestamp,
                key: key.bytes().unwrap_or_default().or(common),
                value: value.bytes().unwrap_or_default(),
                headers: &headers,
            };
            (topic, plain.partition, record, self.who(index as u32))
        });
        let handed = self.running.client.produce_many(records);
        self.note(work, handed, |_| Ok(topic))
    }

    /// Checks and serializes the next items.
    fn lot<'py>(
        &self,
        items: &Bound<'py, PyList>,
        work: &mut Work,
        now: i64,
        until: Instant,
    ) -> PyResult<Vec<(u32, Ready<'py>)>> {
        let core = self.topic.get().producer();
        let config = &core.settings.config;
        let most = self.most_at_once();
        let mut lot = Vec::with_capacity(most.min(self.count - work.next));
        let runs_code =
            core.settings.partitioner.is_some() || self.topic.get().template().runs_code();
        let mut size = 0;
        work.lot = work.next..work.next;
        let end = self.count.min(work.next + most);
        while size < config.batch_size && work.next < end {
            let index = work.next;
            work.next += 1;
            let item = items.get_item(index)?;
            let ready =
                self.shape.ready(self.topic.get().template(), &item, now).and_then(|mut ready| {
                    // A serializer may have forked.
                    self.check_ours()?;
                    ready.settle(&core.settings, &self.running.client)?;
                    Ok(ready)
                });
            self.check_ours()?;
            let takes_time = runs_code || ready.is_err();
            match ready {
                Ok(ready) => {
                    size += ready.size();
                    lot.push((index as u32, ready));
                }
                Err(error) => self.refuse(work, index, &item, error)?,
            }
            // The user's code may take any time, and creating an exception is slow.
            if takes_time && Instant::now() >= until {
                break;
            }
        }
        work.lot.end = work.next;
        Ok(lot)
    }

    /// Fails one message. `KeyboardInterrupt` and `SystemExit` end the call.
    fn refuse(
        &self,
        work: &mut Work,
        index: usize,
        item: &Bound<'_, PyAny>,
        error: PyErr,
    ) -> PyResult<()> {
        let error = self.refusal(index, item, error)?;
        work.refused.push((index as u32, error.unbind()));
        self.group.refuse(index as u32);
        Ok(())
    }

    fn hand_over(&self, work: &mut Work, lot: &[(u32, Ready<'_>)]) -> PyResult<()> {
        let headers: PyResult<Vec<_>> = lot.iter().map(|(_, ready)| ready.headers()).collect();
        let headers = headers?;
        let records = lot.iter().zip(&headers).map(|((index, ready), headers)| {
            let record = ready.record(headers)?;
            Ok((ready.topic().to_str()?, ready.partition(), record, self.who(*index)))
        });
        // Collected first: no Python runs under the core's lock.
        let records: Vec<_> = records.collect::<PyResult<_>>()?;
        let handed = self.running.client.produce_many(records.into_iter());
        self.note(work, handed, |index| {
            let refused = lot.iter().find(|(number, _)| *number == index);
            refused.map_or(Ok(""), |(_, ready)| ready.topic().to_str())
        })
    }

    /// Records what the core did with a lot. `topic_of` returns the topic of one of its messages.
    fn note<'a>(
        &self,
        work: &mut Work,
        handed: HandedMany<Waiter>,
        topic_of: impl Fn(u32) -> PyResult<&'a str>,
    ) -> PyResult<()> {
        work.held.extend(handed.held);
        work.waits = handed.waits;
        for (error, waiter) in handed.refused {
            let Some(Waiter::Member { index, .. }) = waiter else { continue };
            self.group.fail(index..index + 1, error.topic(&topic_of(index)?.into()));
        }
        Ok(())
    }

    fn who(&self, index: u32) -> Member<'_> {
        Member { group: &self.group, index }
    }
}
