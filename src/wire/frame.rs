//! Frames: a four-byte length, followed by a message.

use std::fmt;

pub const LENGTH_SIZE: usize = 4;

/// Maximum accepted frame: 100 MiB, the default of the brokers' `socket.request.max.bytes`. A larger
/// length is garbage, most often the first bytes of a TLS alert or of an HTTP response.
pub const MAX_FRAME: usize = 100 * 1024 * 1024;

/// The frame's length is negative or exceeds [`MAX_FRAME`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameTooLarge {
    /// The four bytes read as the length.
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

/// Decodes a frame's length.
pub fn frame_length(prefix: [u8; LENGTH_SIZE]) -> Result<usize, FrameTooLarge> {
    usize::try_from(i32::from_be_bytes(prefix))
        .ok()
        .filter(|length| *length <= MAX_FRAME)
        .ok_or(FrameTooLarge { prefix })
}
