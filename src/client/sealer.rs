//! Seals batches, and estimates whether another thread should do it, so that the core thread can
//! serve its connections meanwhile.

use std::cell::RefCell;

use crate::config::{Codec, Compression};
use crate::producer::{Content, Part, PartitionBatch};
use crate::record::Compressor;

/// Maximum time that the core thread spends on sealing one request. A hand-over to another thread
/// costs a tenth of it.
const LONG_NS: u64 = 100_000;

thread_local! {
    /// Compression contexts are costly to create, so each thread that seals keeps its own.
    static COMPRESSOR: RefCell<Compressor> = RefCell::default();
}

/// Returns whether sealing these parts would delay the connections.
pub(super) fn takes_long(parts: &[Part], compression: Compression) -> bool {
    let open = parts.iter().map(|part| match &part.content {
        Content::Open(builder) => builder.size() as u64,
        Content::Sealed(_) => 0,
    });
    open.sum::<u64>() * ns_per_byte(compression) > LONG_NS
}

/// Returns an order of magnitude; `benches/record.rs` measures it.
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

/// Seals the batches that are still open.
pub(super) fn seal(parts: Vec<Part>, compression: Compression) -> Vec<PartitionBatch> {
    COMPRESSOR.with_borrow_mut(|compressor| {
        parts.into_iter().map(|part| part.seal(compression, compressor)).collect()
    })
}
