//! Sealing of batches, and whether it takes so long that another core should do it while the
//! core's thread goes on with its connections.

use std::cell::RefCell;

use crate::config::{Codec, Compression};
use crate::producer::{Content, Part, PartitionBatch};
use crate::record::Compressor;

/// What the core's thread may spend on one request. A hand-over costs a tenth of it.
const LONG_NS: u64 = 100_000;

thread_local! {
    /// Its contexts are costly to make; threads that seal keep theirs.
    static COMPRESSOR: RefCell<Compressor> = RefCell::default();
}

/// Whether sealing these would keep the connections waiting.
pub(super) fn takes_long(parts: &[Part], compression: Compression) -> bool {
    let open = parts.iter().map(|part| match &part.content {
        Content::Open(builder) => builder.size() as u64,
        Content::Sealed(_) => 0,
    });
    open.sum::<u64>() * ns_per_byte(compression) > LONG_NS
}

/// Orders of magnitude; `benches/record.rs` measures them.
fn ns_per_byte(compression: Compression) -> u64 {
    match (compression.codec(), compression.level()) {
        (Codec::None, _) => 0,
        (Codec::Snappy | Codec::Lz4, _) | (Codec::Zstd, ..0) => 1,
        (Codec::Zstd, 0..=4) => 2,
        (Codec::Gzip, 0..=3) => 5,
        (Codec::Zstd, 5..=9) | (Codec::Gzip, _) => 20,
        (Codec::Zstd, _) => 200,
    }
}

/// Seals what is open.
pub(super) fn seal(parts: Vec<Part>, compression: Compression) -> Vec<PartitionBatch> {
    COMPRESSOR.with_borrow_mut(|compressor| {
        parts.into_iter().map(|part| part.seal(compression, compressor)).collect()
    })
}
