//! Frames: four bytes of length, then a message.

use std::fmt;

/// Bytes of a frame's length.
pub const LENGTH_SIZE: usize = 4;

/// The largest answer a client accepts, as in Kafka's own (100 MiB): more is garbage, most
/// often the first bytes of a TLS alert or of an HTTP answer.
pub const MAX_FRAME: usize = 100 * 1024 * 1024;

/// A frame announces a length that no peer would send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameTooLarge {
    /// The four bytes that were to be the length.
    pub prefix: [u8; LENGTH_SIZE],
}

impl fmt::Display for FrameTooLarge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let guess = match self.prefix {
            [0x15 | 0x16, 3, _, _] => "; it looks like TLS: is this a TLS listener?",
            [b'H', b'T', b'T', b'P'] => "; it looks like HTTP: is this Kafka's port?",
            _ => "; is this Kafka's port?",
        };
        write!(f, "the peer does not speak Kafka's protocol{guess}")
    }
}

impl std::error::Error for FrameTooLarge {}

/// The length of the message that follows `prefix`.
pub fn frame_length(prefix: [u8; LENGTH_SIZE]) -> Result<usize, FrameTooLarge> {
    usize::try_from(i32::from_be_bytes(prefix))
        .ok()
        .filter(|length| *length <= MAX_FRAME)
        .ok_or(FrameTooLarge { prefix })
}
