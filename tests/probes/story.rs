//! A random sequence of steps for a partition: batches in and out of order, of several producers
//! and epochs, repeated, damaged and deleted. A seed reproduces it.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use dekaf::broker::log::{Appended, PartitionLog, Refusal};
use dekaf::config::Compression;
use dekaf::error::ErrorCode;
use dekaf::random::Random;
use dekaf::record::{BatchBuilder, Compressor, Identity, Record, offset};

/// Returns milliseconds since 1970.
pub(crate) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock after 1970");
    since.as_millis() as i64
}

/// An answer of either side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) code: i16,
    offset: i64,
    /// Whether the answer has an append time: the model cannot know the broker's clock.
    append_time: Option<i64>,
    log_start: i64,
    /// The indexes of the invalid records.
    blamed: Vec<i32>,
}

impl Answer {
    pub(crate) fn new(
        code: i16,
        offset: i64,
        append_time: i64,
        log_start: i64,
        blamed: Vec<i32>,
    ) -> Self {
        if code != 0 {
            return Self { code, offset: -1, append_time: None, log_start: -1, blamed };
        }
        // For a duplicate it is the batch's timestamp, which the story chose.
        let append_time = Some(append_time).filter(|at| *at >= 0).map(|at| at.min(CHOSEN));
        Self { code, offset, append_time, log_start, blamed }
    }

    pub(crate) fn of(appended: Result<Appended, Refusal>, log: &PartitionLog) -> Self {
        match appended {
            Ok(Appended { base_offset, log_append_time, .. }) => {
                Self::new(0, base_offset, log_append_time, log.start_offset(), Vec::new())
            }
            Err(refusal) => {
                let blamed = refusal.record_errors.iter().map(|error| error.batch_index);
                Self::new(refusal.code.0, -1, -1, -1, blamed.collect())
            }
        }
    }

    pub(crate) fn of_deletion(deleted: Result<i64, ErrorCode>) -> Self {
        match deleted {
            Ok(start) => Self::new(0, -1, -1, start, Vec::new()),
            Err(code) => Self::new(code.0, -1, -1, -1, Vec::new()),
        }
    }
}

/// Later than the timestamp of any record, and before any broker's clock.
const CHOSEN: i64 = 1_700_000_000_000;

/// A step to run on both sides.
#[derive(Debug)]
pub(crate) enum Step {
    Produce { records: Bytes, what: String },
    DeleteBefore(i64),
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Produce { what, .. } => f.write_str(what),
            Self::DeleteBefore(offset) => write!(f, "delete what is before {offset}"),
        }
    }
}

pub(crate) struct Story {
    random: Random,
    /// The first of its producers' ids.
    first_id: i64,
    /// Accepted batches, for duplicates.
    accepted: Vec<(Bytes, String)>,
}

impl Story {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            random: Random::new(seed),
            first_id: 1_000_000 + 10 * seed as i64,
            accepted: Vec::new(),
        }
    }

    /// Returns the next step for a log in this state.
    pub(crate) fn next(&mut self, log: &PartitionLog) -> Step {
        match self.random.below(100) {
            0..4 => Step::DeleteBefore(self.random.below(log.end_offset() as u64 + 4) as i64 - 2),
            4..20 if !self.accepted.is_empty() => {
                // One of the last batches: Kafka remembers five of each producer.
                let recent = self.accepted.len().min(14);
                let back = 1 + self.random.below(recent as u64) as usize;
                let (records, what) = self.accepted[self.accepted.len() - back].clone();
                Step::Produce { records, what: format!("again {what}") }
            }
            20..30 => {
                let (records, what) = self.batch(Identity::NONE);
                Step::Produce { records, what }
            }
            30..45 => {
                let identity = self.next_identity(log);
                let (records, what) = self.batch(identity);
                let (records, damage) = self.damage(&records);
                Step::Produce { records, what: format!("{what}, {damage}") }
            }
            _ => {
                let identity = self.next_identity(log);
                let (records, what) = self.batch(identity);
                Step::Produce { records, what }
            }
        }
    }

    /// Records the answer to a step.
    pub(crate) fn told(&mut self, step: Step, answer: &Answer) {
        if let Step::Produce { records, what } = step
            && answer.code == 0
        {
            self.accepted.push((records, what));
        }
    }

    /// Returns an identity of one of three producers, usually the one that the log expects next.
    fn next_identity(&mut self, log: &PartitionLog) -> Identity {
        let producer_id = self.first_id + self.random.below(3) as i64;
        let (epoch, expected) = match log.last_written(producer_id) {
            Some(last) => (last.epoch, last.last_sequence.wrapping_add(1) & i32::MAX),
            // Some begin near the end of the sequence numbers.
            None => (3, [0, 0, 7, i32::MAX - 5, i32::MAX][self.random.below(5) as usize]),
        };
        let jump = self.random.below(20) as i32 - 10;
        let (epoch, base_sequence) = match self.random.below(20) {
            0 => (epoch + 1, 0),
            1 => (epoch + 2, expected),
            2 => (epoch - 1, expected),
            3..5 => (epoch, expected.wrapping_add(jump) & i32::MAX),
            _ => (epoch, expected),
        };
        Identity { producer_id, epoch: epoch.max(0), base_sequence }
    }

    fn batch(&mut self, identity: Identity) -> (Bytes, String) {
        let count = 1 + self.random.below(4);
        let codec = ["none", "gzip", "snappy", "lz4", "zstd"][self.random.below(5) as usize];
        let compression = Compression::new(codec.parse().expect("a codec"), None).expect("one");
        let mut builder = BatchBuilder::with_capacity(100);
        let mut keyless = 0;
        for _ in 0..count {
            let value = vec![b'v'; self.random.below(80) as usize];
            let key = (self.random.below(20) > 0).then_some(&b"key"[..]);
            keyless += usize::from(key.is_none());
            let timestamp = match self.random.below(40) {
                0 => -1,
                1 => now() + 7_200_000,
                2 => CHOSEN,
                _ => now() - 1000,
            };
            builder.append(&Record { timestamp, key, value: Some(&value), headers: &[] });
        }
        let sealed = builder.seal(compression, &mut Compressor::new());
        let what = format!("{count} records, {keyless} without key, {codec}, {identity:?}");
        (sealed.to_bytes(identity), what)
    }

    fn damage(&mut self, batch: &Bytes) -> (Bytes, &'static str) {
        let attributes =
            i16::from_be_bytes([batch[offset::ATTRIBUTES], batch[offset::ATTRIBUTES + 1]]);
        let with_bit =
            |bit: i16| with_field(batch, offset::ATTRIBUTES, &(attributes | bit).to_be_bytes());
        let with_count = |count: i32| with_field(batch, offset::COUNT, &count.to_be_bytes());
        match self.random.below(18) {
            0 => (Bytes::new(), "but empty"),
            1 => (batch.slice(..16), "but cut in its header"),
            2 => (batch.slice(..batch.len() - 1), "but cut at its end"),
            3 => ([&batch[..], batch].concat().into(), "and once more"),
            4 => ([&batch[..], b"rest"].concat().into(), "and some bytes"),
            5 => (with_field(batch, offset::MAGIC, &[1]), "but of format 1"),
            6 => (with_field(batch, offset::MAGIC, &[3]), "but of format 3"),
            7 => (with_field(batch, 0, &1_i64.to_be_bytes()), "but at offset 1"),
            8 => {
                (with_field(batch, offset::LEADER_EPOCH, &[0, 0, 0, 99]), "but in leader epoch 99")
            }
            9 => (with_field(batch, offset::LAST_OFFSET_DELTA, &[0, 0, 0, 9]), "but to offset 9"),
            10 => (with_count(-1), "but claiming −1 records"),
            11 => (with_count(0), "but claiming no records"),
            12 => (with_bit(1 << 5), "but as a control batch"),
            13 => (with_bit(1 << 3), "but claiming the broker's clock"),
            14 => (with_bit(7), "but with a codec that there is not"),
            15 => (with_field(batch, offset::BASE_SEQUENCE, &[0xff; 4]), "but without sequence"),
            16 => (with_field(batch, batch.len() - 1, &[0x55]), "but with another last byte"),
            _ => {
                let mut flipped = batch.to_vec();
                let bit = self.random.below(8 * (batch.len() - offset::CRC) as u64) as usize;
                let (byte, bit) = (offset::CRC + bit / 8, 1 << (bit % 8));
                // Kafka checks for transactions in the request, before any batch.
                if (byte, bit) != (offset::ATTRIBUTES + 1, 1 << 4) {
                    flipped[byte] ^= bit;
                }
                (flipped.into(), "but with a flipped bit")
            }
        }
    }
}

/// Returns a copy with a field changed and the checksum updated.
fn with_field(batch: &Bytes, at: usize, field: &[u8]) -> Bytes {
    let mut bytes = batch.to_vec();
    bytes[at..at + field.len()].copy_from_slice(field);
    let crc = crc32c::crc32c(&bytes[offset::ATTRIBUTES..]);
    bytes[offset::CRC..offset::ATTRIBUTES].copy_from_slice(&crc.to_be_bytes());
    bytes.into()
}
