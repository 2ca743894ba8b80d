//! Producing without I/O. The [`Machine`] accepts records, forms batches, decides which of them to
//! send to which broker and when, and settles each record exactly once. It uses no socket, no clock
//! and no Python: the time is an argument. A driver does what `poll_*` methods return, and passes
//! the results to `handle_*` methods.

mod calls;
mod counts;
mod delayed;
mod haste;
mod histogram;
mod machine;
mod memory;
mod metrics;
mod nodes;
mod notice;
mod notices;
mod outbox;
mod owned;
mod partition;
mod partitioner;
mod producer_ids;
mod question;
mod queues;
mod request;
mod response;
mod results;
mod sequence;
mod settled;
mod shutdown;
mod spares;
mod splitter;
mod ticket;
mod tickets;
mod timers;
mod turn;
mod unassigned;

pub use haste::Haste;
pub use machine::{
    Joined, Machine, NotWhole, Outgoing, Part, Placing, Produced, Purge, Unsent, Whole, whole_size,
};
pub use metrics::{
    BatchMetrics, BrokerMetrics, Errors, Latency, Metrics, Pending, RecordMetrics, RequestMetrics,
    ThrottleTime, TopicMetrics,
};
pub use notice::{Notice, Severity};
pub use owned::OwnedRecord;
pub use partition::Content;
pub use partitioner::{crc32_partition_of, murmur2, partition_of};
pub use question::{Answer, MetadataWanted, Question, Recipient, Subject};
pub use request::{PartitionBatch, RequestId, SealedRequest, encode_produce};
pub use sequence::Sequence;
pub use settled::{RecordPlace, Rest, Settled, SettledBatch, Stored, Waiting, Who};
pub use ticket::Ticket;
pub use turn::{Environment, Event, Turn, Turns};
