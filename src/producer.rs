//! Producing without I/O: the [`Machine`] takes records, forms batches, decides what goes to
//! which broker and when, and settles each record exactly once. It knows no socket, no clock
//! and no Python: the time is an argument, and whoever turns it does what its `poll_*` say and
//! tells it through `handle_*` what came of it.

mod backoff;
mod batch;
mod machine;
mod metadata;
mod partitioner;
mod random;
mod request;
mod settled;
mod topic;

pub use backoff::Backoff;
pub use machine::{Machine, MetadataWanted, Outgoing, RequestId};
pub use partitioner::{murmur2, partition_of};
pub use random::Random;
pub use request::{PartitionBatch, encode_produce};
pub use settled::{Settled, SettledBatch, Stored, Waiting};
