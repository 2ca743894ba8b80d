//! How much memory hostile bytes may cost. The fuzz targets hold the same bounds.

use dekaf::record::Codec;

/// The smallest thing that is counted is a record's header with an empty name and a null value,
/// two bytes that become 56. While a `Vec` of them grows, its old and its new half stand side by
/// side, three times what it holds: 84. Small arrays have room for four.
const MULTIPLE: usize = 96;
const SMALL: usize = 1024;

/// What gunzipping takes besides its output, whatever comes: its window, and up to 64 KiB for an
/// extra field in a member's header. And the least that a `Vec` takes.
pub(super) const INFLATE: usize = 144 * 1024;
const LEAST: usize = 64;

/// What decoding `size` bytes may take.
pub(super) fn decoding(size: usize) -> usize {
    MULTIPLE * size + SMALL
}

/// What decompressing up to `limit` bytes may take, however many there are to begin with: while
/// the output grows, its old and its new half stand side by side, three times the limit.
pub(super) fn decompressing(codec: Codec, limit: usize) -> usize {
    3 * limit + if codec == Codec::Gzip { INFLATE } else { LEAST }
}
