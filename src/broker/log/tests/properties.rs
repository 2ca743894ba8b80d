//! Property tests: the log against a model that keeps everything, and against random bytes.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use super::*;

/// A stored batch. Its first sequence is relative to `ORIGIN` and never wraps.
#[derive(Debug, Clone, Copy)]
struct Sent {
    first: i64,
    count: i64,
    offset: i64,
}

/// All batches of one producer in one epoch, with sequences that never wrap.
#[derive(Default)]
struct Model {
    stored: Vec<Sent>,
    end: i64,
}

impl Model {
    fn put(&mut self, first: i64, count: i64) -> Result<i64, i16> {
        let last_five = self.stored.iter().rev().take(5);
        if let Some(known) =
            last_five.clone().find(|sent| sent.first == first && sent.count == count)
        {
            return Ok(known.offset);
        }
        if self.stored.last().is_some_and(|sent| sent.first + sent.count != first) {
            return Err(45);
        }
        self.stored.push(Sent { first, count, offset: self.end });
        self.end += count;
        Ok(self.end - count)
    }
}

/// The sequence number of the model's 0. It is close enough to the wrap to pass it.
const ORIGIN: i64 = (1 << 31) - 20;

fn on_the_wire(sequence: i64) -> i32 {
    ((ORIGIN + sequence) % (1 << 31)) as i32
}

/// Fixed cases, and no files of past failures.
fn config() -> ProptestConfig {
    ProptestConfig {
        rng_seed: RngSeed::Fixed(1),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_producer_is_answered_as_by_a_model_that_never_wraps(
        steps in vec((-8_i64..9, 1_i64..6), 1..60),
    ) {
        let mut log = PartitionLog::default();
        let mut model = Model::default();
        let mut next = 0;
        for (jump, count) in steps {
            // The next sequence, an old one, or occasionally one after a gap.
            let first = if (1..8).contains(&jump) { next } else { (next + jump).max(0) };
            let expected = model.put(first, count);
            prop_assert_eq!(log.put(&numbered(on_the_wire(first), count as usize)), expected);
            next = model.stored.last().map_or(0, |sent| sent.first + sent.count);
        }
        prop_assert_eq!(log.end_offset(), model.end);
    }

    #[test]
    fn truncated_and_replicated_logs_know_their_producers_as_if_written_anew(
        counts in vec(1_usize..4, 1..20),
        at in 0_i64..40,
    ) {
        let mut log = PartitionLog::default();
        let mut sequence = 0;
        for count in counts {
            log.put(&numbered(sequence, count)).unwrap();
            sequence += count as i32;
        }
        let mut anew = PartitionLog::default();
        for batch in log.batches_from(0).filter(|batch| batch.last_offset() < at) {
            anew.append_replicated(batch.clone());
        }
        log.truncate_to(at);
        prop_assert_eq!(log.end_offset(), anew.end_offset());
        prop_assert_eq!(log.last_written(7), anew.last_written(7));
        prop_assert_eq!(log.values(0), anew.values(0));
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in vec(any::<u8>(), 0..200), validate_records: bool) {
        let mut log = log_with(|config| config.validate_records = validate_records);
        prop_assert!(log.put(&bytes.into()).is_err());
    }

    #[test]
    fn no_damage_makes_it_panic_or_store_what_cannot_be_read(
        at in 0_usize..80,
        byte: u8,
        cut in 0_usize..80,
    ) {
        let mut bytes = numbered(0, 2).to_vec();
        let length = bytes.len();
        bytes[at % length] = byte;
        bytes.truncate(length - cut.min(length));
        let mut log = log_with(|config| config.validate_records = true);
        if log.put(&bytes.into()).is_ok() {
            prop_assert_eq!(log.values(0).len(), 2);
        }
    }
}
