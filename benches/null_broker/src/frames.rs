//! Splits a byte stream into requests, each of which follows its size.

use std::io::{self, Read};

/// Maximum size of a request: Kafka's `socket.request.max.bytes`.
const LARGEST: usize = 100 << 20;

/// The size of the size field.
const PREFIX: usize = 4;

pub struct Frames {
    bytes: Vec<u8>,
    /// The start of the unprocessed bytes.
    start: usize,
    /// The end of the unprocessed bytes.
    end: usize,
}

impl Frames {
    pub fn new() -> Self {
        Self { bytes: vec![0; 1 << 20], start: 0, end: 0 }
    }

    /// Reads available bytes and returns their number; 0 at the end.
    pub fn fill(&mut self, source: &mut impl Read) -> io::Result<usize> {
        self.make_room();
        let count = source.read(&mut self.bytes[self.end..])?;
        self.end += count;
        Ok(count)
    }

    /// Returns the next request, if it is complete.
    pub fn next(&mut self) -> Result<Option<&[u8]>, String> {
        let Some(size) = self.size() else { return Ok(None) };
        if size > LARGEST {
            return Err(format!("a request of {size} bytes is too large"));
        }
        let begin = self.start + PREFIX;
        if begin + size > self.end {
            return Ok(None);
        }
        self.start = begin + size;
        Ok(Some(&self.bytes[begin..begin + size]))
    }

    fn size(&self) -> Option<usize> {
        let prefix = self.bytes[self.start..self.end].first_chunk::<PREFIX>()?;
        Some(u32::from_be_bytes(*prefix) as usize)
    }

    /// Ensures that the incomplete request fits into the buffer.
    fn make_room(&mut self) {
        let wanted = PREFIX + self.size().unwrap_or(0);
        if self.start == self.end || self.start + wanted > self.bytes.len() {
            self.bytes.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        if wanted > self.bytes.len() {
            self.bytes.resize(wanted.next_power_of_two(), 0);
        }
    }
}
