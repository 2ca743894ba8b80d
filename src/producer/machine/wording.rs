//! The messages of the machine's errors: what happened, where, and what to try.

use std::fmt;
use std::time::Duration;

use super::Machine;
use crate::cluster::{Cluster, Place, Topic};
use crate::config::Config;
use crate::error::{Error, ErrorCode, ErrorKind};
use crate::producer::delayed::Target;
use crate::producer::partition::{Batch, BatchRefusal};
use crate::protocol::BatchIndexError;

pub(super) fn place(topic: &str, partition: usize) -> String {
    format!("partition {partition} of topic \"{topic}\"")
}

pub(super) fn closed() -> Error {
    Error::new(ErrorKind::Closed, "the producer is closed; create another one")
}

pub(super) fn closed_before_start() -> Error {
    Error::new(ErrorKind::Closed, "the producer was closed before it had started")
}

pub(super) fn closed_before_delivery(what: &str, maybe_written: bool) -> Error {
    Error::new(ErrorKind::Closed, format!("the producer was closed before {what}"))
        .maybe_written(maybe_written)
}

pub(super) fn purged(what: &str, maybe_written: bool) -> Error {
    Error::new(ErrorKind::Purged, format!("the record was purged before {what}"))
        .maybe_written(maybe_written)
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

pub(super) fn whole_too_large(size: usize, setting: &str, limit: usize) -> Error {
    Error::new(
        ErrorKind::InvalidRecord,
        format!(
            "together the records take up to {size} bytes, more than {setting}={limit}, and what \
             is to be stored together is one batch; raise that, or send less at a time"
        ),
    )
    .code(ErrorCode::MESSAGE_TOO_LARGE)
}

/// A timeout, as errors name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Limit {
    Delivery(Duration),
    Metadata(Duration),
    /// An argument of the call.
    Call(Duration),
}

impl Limit {
    /// Returns the limit of a call, which may be that of the setting.
    pub(super) fn of_call(limit: Duration, config: &Config) -> Self {
        if limit == config.metadata_timeout { Self::Metadata(limit) } else { Self::Call(limit) }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Delivery(limit) => write!(f, "delivery_timeout_ms={}", limit.as_millis()),
            Self::Metadata(limit) => write!(f, "metadata_timeout_ms={}", limit.as_millis()),
            Self::Call(limit) => write!(f, "{} ms", limit.as_millis()),
        }
    }
}

fn written(maybe_written: bool) -> &'static str {
    if maybe_written { "; it may have been written" } else { "" }
}

fn refusal_kind(code: ErrorCode) -> ErrorKind {
    if code.is_authorization() { ErrorKind::Authorization } else { ErrorKind::Broker }
}

/// The error of a record that waited for memory until its deadline.
pub(super) fn starved(config: &Config) -> Error {
    Error::new(
        ErrorKind::DeliveryTimeout,
        format!(
            "not sent within delivery_timeout_ms={}: buffer_memory={} was full of records that \
             brokers had not acknowledged",
            config.delivery_timeout.as_millis(),
            config.buffer_memory,
        ),
    )
}

pub(super) fn buffer_full(config: &Config) -> Error {
    let memory = config.buffer_memory;
    let message = match config.max_waiting {
        0 => format!(
            "buffer_memory={memory} is full of records that brokers have not acknowledged; \
             hand over less at a time, raise it, or let records wait for room with \
             on_full=\"wait\""
        ),
        most => format!(
            "buffer_memory={memory} is full, and max_waiting={most} records wait for room; \
             hand over less at a time, or raise one of them"
        ),
    };
    Error::new(ErrorKind::BufferFull, message)
}

pub(super) fn metadata_limit(config: &Config) -> Limit {
    Limit::Metadata(config.metadata_timeout)
}

pub(super) fn placed_too_late(config: &Config, target: &Target) -> Error {
    let whose = match target.partition {
        None => "the record",
        Some(_) => "one before it",
    };
    Error::new(
        ErrorKind::DeliveryTimeout,
        format!(
            "not sent within delivery_timeout_ms={}: the partitioner has not said where \
             {whose} goes; let nothing block the thread or the event loop in which it runs",
            config.delivery_timeout.as_millis(),
        ),
    )
}

pub(super) fn too_large(config: &Config, size: usize) -> Error {
    Error::new(
        ErrorKind::InvalidRecord,
        format!(
            "the record takes up to {size} bytes with its key and headers, more than \
             max_request_size={}; raise that and the topic's max.message.bytes, or send less",
            config.max_request_size
        ),
    )
    .code(ErrorCode::MESSAGE_TOO_LARGE)
}

pub(super) fn larger_than_memory(config: &Config, size: usize) -> Error {
    Error::new(
        ErrorKind::InvalidRecord,
        format!(
            "the record takes up to {size} bytes with its key and headers, more than \
             buffer_memory={}; raise that, or send less",
            config.buffer_memory
        ),
    )
    .code(ErrorCode::MESSAGE_TOO_LARGE)
}

pub(super) fn unreachable(cluster: &Cluster, limit: Limit) -> Error {
    let why = cluster
        .last_failure()
        .map_or_else(|| "no broker has answered yet".to_owned(), ToString::to_string);
    let message = format!("the cluster could not be reached within {limit}: {why}");
    // The user must fix a refusal that has outlasted every retry.
    match cluster.last_failure().filter(|failure| failure.refuses_connection()) {
        Some(refusal) => {
            let error = Error::new(refusal.kind(), message);
            refusal.context().code.into_iter().fold(error, Error::code)
        }
        None => Error::new(ErrorKind::Unreachable, message),
    }
}

/// The error for a topic that is not known within a limit, or not any more.
pub(super) fn unknown_topic(cluster: &Cluster, topic: usize, limit: Limit) -> Error {
    let Some(code) = cluster.topic(topic).refusal() else {
        return unreachable(cluster, limit);
    };
    let name = cluster.topic(topic).name();
    if code == ErrorCode::INVALID_TOPIC {
        return invalid_topic(name).code(code);
    }
    let message = match code {
        ErrorCode::UNKNOWN_TOPIC_OR_PARTITION => format!(
            "topic \"{name}\" does not exist and the cluster did not create it within {limit}; \
             create the topic, or check its name"
        ),
        code if code.retriable() => {
            format!("topic \"{name}\" was not ready within {limit}: {code}")
        }
        ErrorCode::TOPIC_AUTHORIZATION_FAILED => format!(
            "topic \"{name}\": the user is not allowed to use it, or it does not exist: {code}; \
             grant Write and Describe on the topic, and Create if it is to be created"
        ),
        code => format!("topic \"{name}\" cannot be used: {code}"),
    };
    let kind = match code {
        code if code.retriable() => ErrorKind::UnknownTopic,
        code => refusal_kind(code),
    };
    Error::new(kind, message).code(code)
}

/// The error for a partition that the cluster could not be asked about again.
pub(super) fn unasked_partition(
    cluster: &Cluster,
    topic: usize,
    partition: i32,
    limit: Limit,
) -> Error {
    let topic = cluster.topic(topic);
    let message = format!(
        "topic \"{}\" had no partition {partition} when it was last described, with {} of \
         them; since then, {}",
        topic.name(),
        topic.count(),
        unreachable(cluster, limit),
    );
    Error::new(ErrorKind::Unreachable, message)
}

pub(super) fn unknown_partition(topic: &Topic, partition: i32) -> Error {
    let count = topic.count();
    let name = topic.name();
    Error::new(
        ErrorKind::UnknownPartition,
        format!("topic \"{name}\" has no partition {partition}: it has {count}, counted from 0"),
    )
    .code(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)
}

/// The error of a record for which the partitioner failed.
pub(super) fn not_placed(topic: &Topic, reason: &str) -> Error {
    Error::new(
        ErrorKind::InvalidRecord,
        format!(
            "the partitioner failed for a record of topic \"{}\": {reason}; it must return a \
             partition from 0 to {}",
            topic.name(),
            topic.extent().saturating_sub(1),
        ),
    )
}

pub(super) fn misplaced(topic: &Topic, partition: i32) -> Error {
    Error::new(
        ErrorKind::UnknownPartition,
        format!(
            "the partitioner chose partition {partition} of topic \"{}\": it must return one \
             from 0 to {}",
            topic.name(),
            topic.extent().saturating_sub(1),
        ),
    )
    .code(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)
}

impl<W> Machine<W> {
    fn place_name(&self, at: Place) -> String {
        place(self.cluster.topic(at.topic).name(), at.partition)
    }

    /// The error of a batch that a broker refused permanently.
    pub(super) fn refused(
        &self,
        place: Place,
        refusal: BatchRefusal<'_>,
        batch: &Batch<W>,
    ) -> Error {
        let BatchRefusal { code, said, records, .. } = refusal;
        let (name, written) = (self.place_name(place), written(batch.is_maybe_written()));
        let blamed = records.first().and_then(|blamed| {
            let message = blamed.batch_index_error_message.as_deref()?;
            Some(format!("record {} of {}: {message}", blamed.batch_index, batch.count()))
        });
        let said = blamed.or_else(|| said.map(str::to_owned));
        let said = said.map(|said| format!(": {said}")).unwrap_or_default();
        let advice = if code == ErrorCode::MESSAGE_TOO_LARGE {
            format!(
                ": {} bytes are more than the topic's max.message.bytes, or the broker's \
                 message.max.bytes, though not more than max_request_size={}; raise the topic's \
                 limit, or send less",
                batch.size(),
                self.config.max_request_size
            )
        } else {
            String::new()
        };
        let message = format!("{name}: the broker refused: {code}{said}{advice}{written}");
        Error::new(refusal_kind(code), message).code(code).maybe_written(batch.is_maybe_written())
    }

    pub(super) fn refused_record(
        &self,
        place: Place,
        code: ErrorCode,
        blamed: &BatchIndexError,
        maybe_written: bool,
    ) -> Error {
        let said = blamed.batch_index_error_message.as_deref();
        let said = said.map(|said| format!(": {said}")).unwrap_or_default();
        let (place, written) = (self.place_name(place), written(maybe_written));
        let message = format!("{place}: the broker refused the record: {code}{said}{written}");
        Error::new(refusal_kind(code), message).code(code).maybe_written(maybe_written)
    }

    pub(super) fn timed_out(&self, place: Place, batch: &Batch<W>) -> Error {
        let last = batch.last_failure();
        let topic = self.cluster.topic(place.topic);
        let leader = self.cluster.leader(place).node;
        let unconnected = leader.and_then(|leader| self.nodes.last_failure(leader));
        let throttled = leader.is_some_and(|leader| self.nodes.is_throttled(leader));
        let is_refused = unconnected.is_some_and(Error::refuses_connection);
        let why = match (last, unconnected.or(self.cluster.last_failure()), topic.refusal()) {
            // The refusal keeps the record from being sent again, whatever ended the last try.
            (Some(_), Some(error), _) if is_refused => error.to_string(),
            (Some((code, Some(said))), _, _) => format!("the last try ended with {code}: {said}"),
            (Some((code, None)), _, _) => format!("the last try ended with {code}"),
            (None, Some(error), _) => error.to_string(),
            (None, None, Some(code)) => format!("the cluster says {code} of the topic"),
            (None, None, None) if throttled => {
                "the broker asked for silence until then: a quota, perhaps".into()
            }
            (None, None, None) => "it could not be sent before".into(),
        };
        let error = self.delivery_timeout(place, &why, batch.is_maybe_written());
        match last {
            Some((code, _)) => error.code(code),
            None => error,
        }
    }

    pub(super) fn timed_out_in_flight(&self, place: Place) -> Error {
        self.delivery_timeout(place, "it was sent, and the broker has not answered", true)
    }

    fn delivery_timeout(&self, place: Place, why: &str, maybe_written: bool) -> Error {
        let written = written(maybe_written);
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

    pub(super) fn gapless(&self, place: Place, cause: &Error) -> Error {
        let place = self.place_name(place);
        Error::new(
            ErrorKind::Gapless,
            format!(
                "{place}: it is gapless, and stopped when an earlier record failed: {cause}; \
                 create another producer to go on behind the gap"
            ),
        )
    }

    pub(super) fn partition_deleted(&self, place: Place) -> Error {
        let topic = self.cluster.topic(place.topic);
        Error::new(
            ErrorKind::UnknownPartition,
            format!(
                "partition {} of topic \"{}\" is gone: the topic was created anew with {} \
                 partitions; produce the record again, without a partition or with one of these",
                place.partition,
                topic.name(),
                topic.extent(),
            ),
        )
        .code(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)
    }
}
