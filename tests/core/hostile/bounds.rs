//! Limits of the memory that hostile bytes may cost. The fuzz targets use the same limits.

use dekaf::record::Codec;

/// The worst case is a record header with an empty name and a null value: two bytes that become 56.
/// While a `Vec` of them grows, the old and the new buffer exist together, which takes three times
/// the content: 84 bytes for each byte of input. A small `Vec` has room for four elements.
const MULTIPLE: usize = 96;
const SMALL: usize = 1024;

/// The memory for gunzipping besides its output: the window, and up to 64 KiB for an extra field in
/// a member's header. `LEAST` is the minimum size of a `Vec`.
pub(super) const INFLATE: usize = 144 * 1024;
const LEAST: usize = 64;

pub(super) fn decoding(size: usize) -> usize {
    MULTIPLE * size + SMALL
}

/// Returns the limit for decompressing up to `limit` bytes, for an input of any size. While the
/// output grows, the old and the new buffer exist together, three times the limit.
pub(super) fn decompressing(codec: Codec, limit: usize) -> usize {
    3 * limit + if codec == Codec::Gzip { INFLATE } else { LEAST }
}
