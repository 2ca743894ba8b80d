//! A digest of all events into the machine and all actions that it requests, with their times. A
//! refactoring does not change it.
//!
//! Everything has an explicit name here rather than its `Debug` text, so types and fields may be
//! renamed.

use std::time::Duration;

use dekaf::error::{Error, ErrorKind};
use dekaf::producer::{
    Answer, Event, MetadataWanted, Notice, RequestId, SealedRequest, Settled, SettledBatch,
    Severity,
};
use dekaf::protocol::{MetadataRequest, ProduceRequest, encode_response};
use dekaf::record::SealedBatch;

use super::ledger::Waiter;

/// FNV-1a, which is the same in every compiler release.
const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const PRIME: u64 = 0x0000_0100_0000_01b3;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Digest(u64);

impl Default for Digest {
    fn default() -> Self {
        Self(OFFSET)
    }
}

impl Digest {
    pub(crate) fn value(self) -> u64 {
        self.0
    }

    pub(crate) fn number(&mut self, number: impl Into<i128>) -> &mut Self {
        self.raw(&number.into().to_be_bytes())
    }

    fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.number(bytes.len() as u64).raw(bytes)
    }

    fn raw(&mut self, bytes: &[u8]) -> &mut Self {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(PRIME);
        }
        self
    }

    pub(crate) fn name(&mut self, name: &str) -> &mut Self {
        self.bytes(name.as_bytes())
    }

    pub(crate) fn time(&mut self, at: Duration) -> &mut Self {
        self.number(at.as_nanos() as u64)
    }

    fn maybe(&mut self, number: Option<impl Into<i128>>) -> &mut Self {
        match number {
            Some(number) => self.name("some").number(number),
            None => self.name("none"),
        }
    }

    // -- inputs ------------------------------------------------------------------------------

    pub(super) fn event(&mut self, event: &Event) {
        match event {
            Event::Answered(Answer::Metadata(wanted, Ok(response))) => {
                self.name("described").wanted(wanted);
                self.bytes(&encode_response::<MetadataRequest>(response, 12, 0));
            }
            Event::Answered(Answer::Metadata(wanted, Err(error))) => {
                self.name("not described").wanted(wanted).error(error);
            }
            Event::Answered(Answer::ProducerId(Ok((id, epoch)))) => {
                self.name("identified").number(*id).number(*epoch);
            }
            Event::Answered(Answer::ProducerId(Err(error))) => {
                self.name("not identified").error(error);
            }
            Event::Connected(node) => {
                self.name("connected").number(*node);
            }
            Event::ConnectFailed(node, error) => {
                self.name("not connected").number(*node).error(error);
            }
            Event::Disconnected(node) => {
                self.name("disconnected").number(*node);
            }
            Event::Sealed(sealed) => {
                self.name("sealed").request(sealed);
            }
            Event::Produced(id, response) => {
                self.name("produced").number(*id);
                // One version contains topic names, the other topic ids.
                self.bytes(&encode_response::<ProduceRequest>(response, 12, 0));
                self.bytes(&encode_response::<ProduceRequest>(response, 13, 0));
            }
            Event::Written(id) => {
                self.name("written").number(*id);
            }
            Event::Lost(id, error) => {
                self.name("lost").number(*id).error(error);
            }
        }
    }

    pub(super) fn handed_back(&mut self, id: RequestId, batches: &[SealedBatch]) {
        self.name("handed back").number(id);
        for batch in batches {
            self.number(batch.count()).number(batch.size() as u64);
        }
    }

    // -- outputs -----------------------------------------------------------------------------

    pub(super) fn settled(&mut self, settled: &Settled<Waiter>) {
        match settled {
            Settled::Call { waiter, result } => {
                self.name("call").waiter(*waiter);
                match result {
                    Ok(()) => self.name("done"),
                    Err(error) => self.error(error),
                };
            }
            Settled::Batch(batch) => {
                let SettledBatch { topic, partition, outcome, waiting, unclaimed } = batch;
                self.name("batch").name(topic).number(*partition).number(*unclaimed as u64);
                match outcome {
                    Ok(stored) => self.number(stored.base_offset).maybe(stored.log_append_time),
                    Err(error) => self.error(error),
                };
                for waiting in waiting {
                    self.number(waiting.index).number(waiting.count).number(waiting.timestamp);
                    self.waiter(waiting.waiter);
                }
            }
        }
    }

    pub(super) fn notice(&mut self, notice: &Notice) {
        self.name(match notice.severity {
            Severity::Debug => "debug",
            Severity::Info => "info",
            Severity::Warning => "warning",
        });
        self.name(&notice.text);
    }

    pub(super) fn wanted(&mut self, wanted: &MetadataWanted) -> &mut Self {
        let MetadataWanted { topics, may_create, everything } = wanted;
        self.number(*may_create).number(*everything);
        for topic in topics {
            self.name(topic);
        }
        self
    }

    pub(super) fn request(&mut self, request: &SealedRequest) {
        self.number(request.id).number(request.node);
        for part in &request.batches {
            self.name(&part.topic).number(part.topic_id as i128).number(part.partition);
            self.bytes(&part.batch.to_bytes(part.identity));
        }
    }

    fn waiter(&mut self, waiter: Waiter) -> &mut Self {
        match waiter {
            Waiter::Record(id) => self.name("record").number(id),
            Waiter::Flush(before) => self.name("flush").number(before),
            Waiter::Close => self.name("close"),
            Waiter::Room(call) => self.name("room").number(call),
            Waiter::Admission(ticket) => self.name("admission").number(ticket),
            Waiter::Cluster(before) => self.name("cluster").number(before),
        }
    }

    fn error(&mut self, error: &Error) -> &mut Self {
        let context = error.context();
        self.name(kind(error.kind())).name(&error.to_string());
        self.name(context.topic.as_deref().unwrap_or_default()).maybe(context.partition);
        self.maybe(context.code.map(|code| code.0));
        self.number(context.maybe_written).number(context.fatal)
    }
}

fn kind(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Config => "config",
        ErrorKind::Unreachable => "unreachable",
        ErrorKind::UnknownTopic => "unknown topic",
        ErrorKind::UnknownPartition => "unknown partition",
        ErrorKind::InvalidRecord => "invalid record",
        ErrorKind::DeliveryTimeout => "delivery timeout",
        ErrorKind::Broker => "broker",
        ErrorKind::Authentication => "authentication",
        ErrorKind::Authorization => "authorization",
        ErrorKind::Purged => "purged",
        ErrorKind::BufferFull => "buffer full",
        ErrorKind::OutOfMemory => "out of memory",
        ErrorKind::Gapless => "gapless",
        ErrorKind::Closed => "closed",
        ErrorKind::Disconnected => "disconnected",
        _ => unreachable!("no simulated run comes to {kind:?}"),
    }
}
