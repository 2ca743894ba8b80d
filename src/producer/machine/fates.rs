//! How batches and records end: stored, sent again, expired or refused. Each waiter passes
//! through here exactly once.

use std::sync::Arc;
use std::time::Instant;

use super::Machine;
use crate::error::{Error, ErrorCode, ErrorKind};
use crate::producer::batch::{Batch, Progress};
use crate::producer::settled::{Settled, SettledBatch, Stored, Waiting};
use crate::producer::topic::{Place, Unassigned};

impl<W> Machine<W> {
    /// A batch was stored.
    pub(super) fn landed(&mut self, place: Place, stored: Stored) {
        if let Some(batch) = self.take_in_flight(place) {
            self.settle(place, batch, Ok(stored));
        }
    }

    /// A batch was not stored, or nobody knows: sends it again if that may help.
    pub(super) fn came_back(
        &mut self,
        now: Instant,
        place: Place,
        code: ErrorCode,
        said: Option<&str>,
    ) {
        let Some(mut batch) = self.take_in_flight(place) else { return };
        if code.refreshes_metadata() {
            self.refresh.want();
        }
        batch.maybe_written |= code.maybe_written();
        if !code.retriable() {
            let error = self.refused(place, code, said).maybe_written(batch.maybe_written);
            self.settle(place, batch, Err(error));
            return;
        }
        batch.last_failure = Some((code, said.map(str::to_owned)));
        if batch.progress == Progress::Expired || batch.deadline <= now {
            let error = self.timed_out(place, &batch);
            self.settle(place, batch, Err(error));
            return;
        }
        batch.progress = Progress::Queued;
        batch.failures += 1;
        batch.resume_at = Some(now + self.backoff.after(batch.failures, &mut self.random));
        self.partition(place).queue.push_front(batch);
    }

    fn take_in_flight(&mut self, place: Place) -> Option<Batch<W>> {
        let queue = &mut self.partition(place).queue;
        queue.front().filter(|front| front.is_in_flight())?;
        queue.pop_front()
    }

    /// Fails the batches whose time is over.
    pub(super) fn expire(&mut self, now: Instant, place: Place) {
        loop {
            let queue = &mut self.partition(place).queue;
            let old = queue
                .iter()
                .position(|batch| batch.progress != Progress::Expired && batch.deadline <= now);
            let Some(old) = old else { return };
            if queue[old].progress == Progress::InFlight {
                // The answer is still to come: the batch keeps its place in line until then.
                queue[old].progress = Progress::Expired;
                queue[old].maybe_written = true;
                let waiting = queue[old].take_waiting();
                let ticket = queue[old].ticket;
                let error = self.timed_out_in_flight(place);
                self.live.remove(&ticket);
                self.report(place, Err(error), waiting);
            } else if let Some(batch) = queue.remove(old) {
                let error = self.timed_out(place, &batch);
                self.settle(place, batch, Err(error));
            }
        }
    }

    pub(super) fn settle(
        &mut self,
        place: Place,
        mut batch: Batch<W>,
        outcome: Result<Stored, Error>,
    ) {
        self.live.remove(&batch.ticket);
        let waiting = batch.take_waiting();
        self.report(place, outcome, waiting);
    }

    fn report(&mut self, place: Place, outcome: Result<Stored, Error>, waiting: Vec<Waiting<W>>) {
        let topic = Arc::clone(&self.topics[place.topic].name);
        let partition = place.partition as i32;
        let outcome = outcome.map_err(|error| error.topic(&topic).partition(partition));
        let settled = SettledBatch { topic, partition, outcome, waiting };
        self.settled.push_back(Settled::Batch(settled));
    }

    pub(super) fn settle_unassigned(&mut self, topic: usize, record: Unassigned<W>, error: Error) {
        self.live.remove(&record.ticket);
        self.refuse(topic, record.partition, record.timestamp, record.waiter, error);
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
        let topic = Arc::clone(&self.topics[topic].name);
        self.refuse_named(topic, partition, timestamp, waiter, error);
    }

    /// The same for a topic that cannot be one.
    pub(super) fn refuse_named(
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
        let waiting =
            waiter.map(|waiter| Waiting { index: 0, timestamp, waiter }).into_iter().collect();
        self.settled.push_back(Settled::Batch(SettledBatch {
            topic,
            partition: partition.unwrap_or(-1),
            outcome: Err(error),
            waiting,
        }));
    }

    pub(super) fn finish_flushes(&mut self) {
        while let Some((before, _)) = self.flushing.front() {
            if self.live.first().is_some_and(|oldest| oldest < before) {
                return;
            }
            if let Some((_, waiter)) = self.flushing.pop_front() {
                self.settled.push_back(Settled::Call { waiter, result: Ok(()) });
            }
        }
    }

    // -- what the errors say --------------------------------------------------------------

    fn place_name(&self, place: Place) -> String {
        format!("partition {} of topic \"{}\"", place.partition, self.topics[place.topic].name)
    }

    fn refused(&self, place: Place, code: ErrorCode, said: Option<&str>) -> Error {
        let said = said.map(|said| format!(": {said}")).unwrap_or_default();
        let place = self.place_name(place);
        Error::new(ErrorKind::Broker, format!("{place}: the broker refused: {code}{said}"))
            .code(code)
    }

    fn timed_out(&self, place: Place, batch: &Batch<W>) -> Error {
        let last = batch.last_failure.as_ref();
        let topic = &self.topics[place.topic];
        let leader = topic.partitions[place.partition].leader;
        let unconnected = leader
            .and_then(|leader| self.nodes.get(&leader))
            .and_then(|node| node.last_failure.as_ref());
        let why = match (last, unconnected.or(self.refresh.last_failure.as_ref()), topic.refusal) {
            (Some((code, Some(said))), _, _) => format!("the last try ended with {code}: {said}"),
            (Some((code, None)), _, _) => format!("the last try ended with {code}"),
            (None, Some(error), _) => error.to_string(),
            (None, None, Some(code)) => format!("the cluster says {code} of the topic"),
            (None, None, None) => "it could not be sent before".into(),
        };
        let error = self.delivery_timeout(place, &why, batch.maybe_written);
        match last {
            Some((code, _)) => error.code(*code),
            None => error,
        }
    }

    fn timed_out_in_flight(&self, place: Place) -> Error {
        self.delivery_timeout(place, "it was sent, and the broker has not answered", true)
    }

    fn delivery_timeout(&self, place: Place, why: &str, maybe_written: bool) -> Error {
        let written = if maybe_written { "; it may have been written" } else { "" };
        Error::new(
            ErrorKind::DeliveryTimeout,
            format!(
                "{}: not acknowledged within delivery_timeout_ms={}: {why}{written}",
                self.place_name(place),
                self.config.delivery_timeout.as_millis(),
            ),
        )
        .maybe_written(maybe_written)
    }

    pub(super) fn unknown_topic(&self, topic: usize) -> Error {
        let Some(code) = self.topics[topic].refusal else { return self.unreachable() };
        let name = &self.topics[topic].name;
        let waited = self.config.metadata_timeout.as_millis();
        if code == ErrorCode::INVALID_TOPIC {
            return invalid_topic(name).code(code);
        }
        let message = match code {
            ErrorCode::UNKNOWN_TOPIC_OR_PARTITION => format!(
                "topic \"{name}\" does not exist and the cluster did not create it within \
                 metadata_timeout_ms={waited}; create the topic, or check its name"
            ),
            code if code.retriable() => format!(
                "topic \"{name}\" was not ready within metadata_timeout_ms={waited}: {code}"
            ),
            code => format!("topic \"{name}\" cannot be used: {code}"),
        };
        let kind = match code {
            code if code.retriable() => ErrorKind::UnknownTopic,
            _ => ErrorKind::Broker,
        };
        Error::new(kind, message).code(code)
    }

    pub(super) fn unknown_partition(&self, topic: usize, partition: i32) -> Error {
        let Self { topics, .. } = self;
        let count = topics[topic].partitions.len();
        Error::new(
            ErrorKind::UnknownPartition,
            format!(
                "topic \"{}\" has no partition {partition}: it has {count}, counted from 0",
                topics[topic].name
            ),
        )
        .code(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)
    }

    pub(super) fn too_large(&self, size: usize) -> Error {
        Error::new(
            ErrorKind::InvalidRecord,
            format!(
                "the record takes up to {size} bytes with its key and headers, more than \
                 max_request_size={}; raise that and the topic's max.message.bytes, or send less",
                self.config.max_request_size
            ),
        )
        .code(ErrorCode::MESSAGE_TOO_LARGE)
    }

    pub(super) fn unreachable(&self) -> Error {
        let waited = self.config.metadata_timeout.as_millis();
        let why = self
            .refresh
            .last_failure
            .as_ref()
            .map_or_else(|| "no broker has answered yet".to_owned(), ToString::to_string);
        Error::new(
            ErrorKind::Unreachable,
            format!("the cluster could not be reached within metadata_timeout_ms={waited}: {why}"),
        )
    }
}

pub(super) fn invalid_topic(name: &str) -> Error {
    let shown: String = name.chars().take(60).collect();
    let more = if shown.len() < name.len() { "…" } else { "" };
    Error::new(
        ErrorKind::InvalidRecord,
        format!(
            "\"{shown}{more}\" cannot be a topic's name: write 1 to 249 of the characters \
             a-z, A-Z, 0-9, '.', '_' and '-'"
        ),
    )
}
