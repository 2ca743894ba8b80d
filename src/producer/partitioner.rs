//! Chooses the partition of a record: by its key as the Java client does, and without a key one
//! partition for a while, so that batches fill (KIP-794).

use crate::config::Partitioner;
use crate::random::Random;

/// The Java client's hash, so that a key maps to the same partition in both.
pub fn murmur2(data: &[u8]) -> i32 {
    const SEED: u32 = 0x9747_b28c;
    const M: u32 = 0x5bd1_e995;
    const R: u32 = 24;
    let mut hash = SEED ^ data.len() as u32;
    let mut words = data.chunks_exact(4);
    for word in &mut words {
        let mut k = u32::from_le_bytes([word[0], word[1], word[2], word[3]]);
        k = k.wrapping_mul(M);
        k ^= k >> R;
        hash = hash.wrapping_mul(M) ^ k.wrapping_mul(M);
    }
    let tail = words.remainder();
    if !tail.is_empty() {
        for (index, byte) in tail.iter().enumerate() {
            hash ^= u32::from(*byte) << (8 * index);
        }
        hash = hash.wrapping_mul(M);
    }
    hash ^= hash >> 13;
    hash = hash.wrapping_mul(M);
    hash ^= hash >> 15;
    hash as i32
}

/// Returns the partition of a key, out of all partitions, with or without a leader.
pub fn partition_of(key: &[u8], partitions: i32) -> i32 {
    (murmur2(key) & i32::MAX) % partitions
}

/// Returns the partition that librdkafka by default chooses for a key that is not empty.
pub fn crc32_partition_of(key: &[u8], partitions: i32) -> i32 {
    (i64::from(crc32fast::hash(key)) % i64::from(partitions)) as i32
}

/// Returns the partition that a key always maps to; `None` if the key does not decide.
pub(super) fn of_key(partitioner: Partitioner, key: Option<&[u8]>, partitions: i32) -> Option<i32> {
    match (partitioner, key) {
        (Partitioner::Java, Some(key)) => Some(partition_of(key, partitions)),
        (Partitioner::Crc32, Some(key)) if !key.is_empty() => {
            Some(crc32_partition_of(key, partitions))
        }
        _ => None,
    }
}

/// The state of a topic's partitioner for records whose key does not decide.
#[derive(Debug, Default)]
pub(super) struct Spread {
    sticky: Sticky,
    turn: i32,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Choice<'a> {
    pub(super) count: i32,
    /// Partitions with a leader.
    pub(super) led: &'a [i32],
}

impl Choice<'_> {
    /// Returns a random partition with a leader, or any partition if none has one.
    fn any(&self, random: &mut Random) -> i32 {
        if self.led.is_empty() {
            random.below(self.count as u64) as i32
        } else {
            self.led[random.below(self.led.len() as u64) as usize]
        }
    }
}

impl Spread {
    pub(super) fn choose(
        &mut self,
        partitioner: Partitioner,
        key: Option<&[u8]>,
        choice: Choice<'_>,
        random: &mut Random,
    ) -> i32 {
        if let Some(partition) = of_key(partitioner, key, choice.count) {
            return partition;
        }
        match partitioner {
            Partitioner::Java => self.sticky.choose(choice, random),
            Partitioner::Crc32 | Partitioner::Random => choice.any(random),
            Partitioner::RoundRobin => {
                self.turn = (self.turn + 1) % choice.count;
                self.turn
            }
            Partitioner::Caller => unreachable!("such a record is held until it is placed"),
        }
    }

    /// Returns the partition of a record with this key if it is decided already: by the key, or by
    /// the sticky partition.
    pub(super) fn decided(
        &self,
        partitioner: Partitioner,
        key: Option<&[u8]>,
        count: i32,
    ) -> Option<i32> {
        if count == 0 {
            return None;
        }
        let kept = (partitioner == Partitioner::Java).then_some(self.sticky.partition).flatten();
        of_key(partitioner, key, count).or(kept)
    }

    /// Counts an appended record for the sticky partition.
    pub(super) fn appended(&mut self, size: usize, batch_size: usize, batch_full: bool) {
        self.sticky.appended(size, batch_size, batch_full);
    }

    /// Forgets the sticky partition: the partitions or their leaders have changed.
    pub(super) fn changed(&mut self) {
        self.sticky.forget();
    }
}

/// The partition that records without a key go to at present.
#[derive(Debug, Default)]
struct Sticky {
    partition: Option<i32>,
    bytes: usize,
}

impl Sticky {
    fn choose(&mut self, choice: Choice<'_>, random: &mut Random) -> i32 {
        *self.partition.get_or_insert_with(|| choice.any(random))
    }

    /// Leaves the partition once a batch's worth went to it and its batch is full. At twice that
    /// size it is left in any case, or a batch that never fills would keep it.
    fn appended(&mut self, size: usize, batch_size: usize, batch_full: bool) {
        self.bytes += size;
        if (self.bytes >= batch_size && batch_full) || self.bytes >= 2 * batch_size {
            self.forget();
        }
    }

    fn forget(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn murmur2_is_the_java_clients() {
        // Computed by org.apache.kafka.common.utils.Utils.murmur2.
        let vectors: [(&[u8], i32); 6] = [
            (b"", 275_646_681),
            (b"a", -1_563_381_124),
            (b"21", -973_932_308),
            (b"foobar", -790_332_482),
            (b"abc", 479_470_107),
            (&[0xff, 0x80, 0x00, 0x7f, 0xfe], 768_357_719),
        ];
        for (key, hash) in vectors {
            assert_eq!(murmur2(key), hash, "{key:?}");
        }
    }

    const ALL: Choice<'_> = Choice { count: 64, led: &[] };

    #[test]
    fn crc32_is_librdkafkas() {
        // The check value of CRC-32, as librdkafka's rd_crc32 returns it.
        assert_eq!(
            crc32_partition_of(b"123456789", i32::MAX),
            (0xcbf4_3926_u32 % 0x7fff_ffff) as i32
        );
    }

    #[test]
    fn a_partition_is_kept_until_a_batch_has_gone_to_it() {
        let mut random = Random::new(7);
        let mut sticky = Sticky::default();
        let first = sticky.choose(ALL, &mut random);
        sticky.appended(60, 100, false);
        sticky.appended(60, 100, false);
        assert_eq!(sticky.choose(ALL, &mut random), first, "its batch is not full");
        sticky.appended(10, 100, true);
        let later = (0..8).map(|_| {
            let chosen = sticky.choose(ALL, &mut random);
            sticky.forget();
            chosen
        });
        assert!(later.into_iter().any(|partition| partition != first));
    }

    #[test]
    fn a_batch_that_never_fills_does_not_hold_the_partition() {
        let mut sticky = Sticky { partition: Some(3), bytes: 0 };
        sticky.appended(200, 100, false);
        assert_eq!(sticky.partition, None);
    }

    #[test]
    fn only_partitions_with_a_leader_are_chosen() {
        let mut random = Random::new(1);
        let choice = Choice { count: 9, led: &[2, 5] };
        for partitioner in [Partitioner::Java, Partitioner::Crc32, Partitioner::Random] {
            for _ in 0..100 {
                let chosen = Spread::default().choose(partitioner, None, choice, &mut random);
                assert!(chosen == 2 || chosen == 5);
            }
        }
    }

    #[test]
    fn turns_are_taken_in_order() {
        let mut spread = Spread::default();
        let mut random = Random::new(1);
        let choice = Choice { count: 3, led: &[] };
        let mut choose = |key| spread.choose(Partitioner::RoundRobin, key, choice, &mut random);
        let turns = [choose(None), choose(Some(b"k")), choose(Some(b"k")), choose(None)];
        assert_eq!(turns, [1, 2, 0, 1]);
    }
}
