//! Which partition a record goes to: by its key as the Java client does it, and without a key
//! to one partition for a while, so that batches fill (KIP-794).

use super::random::Random;

/// The Java client's hash, so that a key finds the same partition from both.
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

/// The partition of a key, out of all partitions, whether they have a leader or not.
pub fn partition_of(key: &[u8], partitions: i32) -> i32 {
    (murmur2(key) & i32::MAX) % partitions
}

/// The partition that records without a key go to at present.
#[derive(Debug, Default)]
pub(super) struct Sticky {
    partition: Option<i32>,
    bytes: usize,
}

impl Sticky {
    /// The current partition, or a new one out of those that have a leader (of all, if none has).
    pub(super) fn choose(&mut self, random: &mut Random, partitions: i32, led: &[i32]) -> i32 {
        *self.partition.get_or_insert_with(|| {
            if led.is_empty() {
                random.below(partitions as u64) as i32
            } else {
                led[random.below(led.len() as u64) as usize]
            }
        })
    }

    /// Counts what was appended. The partition is left once a batch's worth went to it and its
    /// batch is full; at twice that in any case, lest a batch that never fills hold it.
    pub(super) fn appended(&mut self, size: usize, batch_size: usize, batch_full: bool) {
        self.bytes += size;
        if (self.bytes >= batch_size && batch_full) || self.bytes >= 2 * batch_size {
            self.forget();
        }
    }

    /// Chooses anew next time: the partitions or their leaders have changed.
    pub(super) fn forget(&mut self) {
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

    #[test]
    fn a_partition_is_kept_until_a_batch_has_gone_to_it() {
        let mut random = Random::new(7);
        let mut sticky = Sticky::default();
        let first = sticky.choose(&mut random, 64, &[]);
        sticky.appended(60, 100, false);
        sticky.appended(60, 100, false);
        assert_eq!(sticky.choose(&mut random, 64, &[]), first, "its batch is not full");
        sticky.appended(10, 100, true);
        let later = (0..8).map(|_| {
            let chosen = sticky.choose(&mut random, 64, &[]);
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
        for _ in 0..100 {
            let chosen = Sticky::default().choose(&mut random, 9, &[2, 5]);
            assert!(chosen == 2 || chosen == 5);
        }
    }
}
