//! The messages of an all-or-nothing batch call. None is sent before the core has accepted all.

use std::sync::Arc;
use std::time::{Duration, Instant};

use pyo3::exceptions::PyNotImplementedError;
use pyo3::prelude::*;

use crate::client::Client;
use crate::error::{Error, ErrorKind};
use crate::producer::{NotWhole, OwnedRecord, Whole, whole_size};
use crate::py::base::errors::to_python;
use crate::py::input::partitioner::choose_for_call;
use crate::py::input::settings::Settings;
use crate::py::waiters::waiter::Waiter;
use crate::record::Record;

#[derive(Debug)]
pub(crate) struct AtomicSet {
    topic: Arc<str>,
    records: Vec<(Option<i32>, OwnedRecord)>,
    since: Instant,
}

impl AtomicSet {
    /// Fails for messages of several topics.
    pub(crate) fn new(messages: Vec<(String, Option<i32>, OwnedRecord)>) -> PyResult<Option<Self>> {
        let mut set: Option<Self> = None;
        for (topic, partition, record) in messages {
            let set = set.get_or_insert_with(|| Self {
                topic: topic.as_str().into(),
                records: Vec::new(),
                since: Instant::now(),
            });
            if *set.topic != *topic {
                return Err(scattered(&format!("topics \"{}\" and \"{topic}\"", set.topic)));
            }
            set.records.push((partition, record));
        }
        Ok(set)
    }

    pub(crate) fn topic(&self) -> &str {
        &self.topic
    }

    /// The largest partition that a message names.
    pub(crate) fn partition(&self) -> Option<i32> {
        self.records.iter().filter_map(|(partition, _)| *partition).max()
    }

    /// The memory that the records need at once.
    pub(crate) fn size(&self) -> usize {
        self.with_records(whole_size)
    }

    /// Hands all records over if there is room. Returns whether there was; fails after `limit`
    /// without room. `waiters` creates the waiter of each message.
    pub(crate) fn hand_over(
        &mut self,
        py: Python<'_>,
        settings: &Settings,
        client: &Client<Waiter>,
        limit: Duration,
        waiters: impl Fn(usize) -> Waiter,
    ) -> PyResult<bool> {
        if self.since.elapsed() >= limit {
            return Err(self.starved(py, settings, limit));
        }
        self.place(py, settings, client)?;
        let waiters = (0..self.records.len()).map(waiters).collect();
        let whole = self.with_records(|records| {
            client.produce_whole(self.since, &self.topic, records, waiters)
        });
        match whole {
            Whole::Accepted => Ok(true),
            Whole::Full(_) if settings.config.max_waiting == 0 => Err(self.no_room(py, settings)),
            Whole::Full(_) => Ok(false),
            Whole::Refused(NotWhole::Scattered(one, other), _) => {
                let topic = &self.topic;
                Err(scattered(&format!("partitions {one} and {other} of topic \"{topic}\"")))
            }
            Whole::Refused(NotWhole::Error(error), _) => {
                Err(to_python(py, &error.topic(&self.topic)))
            }
        }
    }

    /// Asks the user's partitioner about the records that name no partition.
    fn place(
        &mut self,
        py: Python<'_>,
        settings: &Settings,
        client: &Client<Waiter>,
    ) -> PyResult<()> {
        let Some(partitioner) = &settings.partitioner else { return Ok(()) };
        let Some(count) = client.partitions(&self.topic) else { return Ok(()) };
        for (partition, record) in &mut self.records {
            if partition.is_none() {
                let key = record.key.as_deref();
                let partitioner = partitioner.bind(py);
                let topic = &self.topic;
                *partition = Some(choose_for_call(partitioner, client, topic, key, count)?);
            }
        }
        Ok(())
    }

    fn with_records<T>(&self, use_them: impl FnOnce(&[(Option<i32>, Record<'_>)]) -> T) -> T {
        let headers: Vec<Vec<_>> =
            self.records.iter().map(|(_, record)| record.headers()).collect();
        let records: Vec<_> = self
            .records
            .iter()
            .zip(&headers)
            .map(|((partition, record), headers)| (*partition, record.with_headers(headers)))
            .collect();
        use_them(&records)
    }

    fn no_room(&self, py: Python<'_>, settings: &Settings) -> PyErr {
        let message = format!(
            "there is no room in buffer_memory={} for all {} messages at once, and nobody is to \
             wait for some; raise it, or let messages wait for room with on_full=\"wait\"",
            settings.config.buffer_memory,
            self.records.len()
        );
        to_python(py, &Error::new(ErrorKind::BufferFull, message).topic(&self.topic))
    }

    fn starved(&self, py: Python<'_>, settings: &Settings, limit: Duration) -> PyErr {
        let message = format!(
            "there was no room in buffer_memory={} for all {} messages at once for {} ms; raise it, \
             or the time, or hand over less at a time",
            settings.config.buffer_memory,
            self.records.len(),
            limit.as_millis()
        );
        to_python(py, &Error::new(ErrorKind::BufferFull, message).topic(&self.topic))
    }
}

fn scattered(places: &str) -> PyErr {
    PyNotImplementedError::new_err(format!(
        "atomic=True: the messages go to {places}, and only a transaction makes these one, which \
         dekaf does not have yet; give all of them one partition, or one key"
    ))
}
