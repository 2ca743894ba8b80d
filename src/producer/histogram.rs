//! Histograms of latencies. Buckets are wider for longer latencies, so that memory does not grow
//! with the number of samples. A histogram reads no clock.

use std::time::Duration;

use super::metrics::Latency;

/// Each power of two of microseconds has 2^`SUB_BITS` buckets. A percentile is the middle of a
/// bucket, so it is off by at most 1/32, or by a microsecond if that is more.
const SUB_BITS: u32 = 4;

/// Latencies of 2^`LONGEST_BITS` microseconds (17.9 minutes) and more fall into the last bucket.
const LONGEST_BITS: u32 = 30;

const BUCKETS: usize = ((LONGEST_BITS - SUB_BITS + 1) << SUB_BITS) as usize;

#[derive(Debug, Clone)]
pub(super) struct Histogram {
    /// On the heap, so that structs with a histogram stay small.
    buckets: Box<[u64; BUCKETS]>,
    count: u64,
    nanos: u128,
    max: Duration,
}

impl Default for Histogram {
    fn default() -> Self {
        Self { buckets: Box::new([0; BUCKETS]), count: 0, nanos: 0, max: Duration::ZERO }
    }
}

impl Histogram {
    pub(super) fn record(&mut self, latency: Duration, times: u64) {
        self.buckets[bucket_of(latency)] += times;
        self.count += times;
        self.nanos += latency.as_nanos() * u128::from(times);
        self.max = self.max.max(latency);
    }

    pub(super) fn add(&mut self, other: &Self) {
        for (mine, theirs) in self.buckets.iter_mut().zip(&*other.buckets) {
            *mine += theirs;
        }
        self.count += other.count;
        self.nanos += other.nanos;
        self.max = self.max.max(other.max);
    }

    pub(super) fn latency(&self) -> Latency {
        let mean = self.nanos.checked_div(u128::from(self.count)).unwrap_or_default();
        Latency {
            count: self.count,
            mean: Duration::from_nanos(mean as u64),
            p50: self.percentile(500),
            p90: self.percentile(900),
            p99: self.percentile(990),
            p999: self.percentile(999),
            max: self.max,
        }
    }

    /// Returns the duration that `per_mille` ‰ of the samples do not exceed.
    fn percentile(&self, per_mille: u64) -> Duration {
        let rank = (u128::from(self.count) * u128::from(per_mille)).div_ceil(1_000) as u64;
        let mut seen = 0;
        let bucket = self.buckets.iter().position(|count| {
            seen += count;
            seen >= rank
        });
        bucket.map_or(self.max, |bucket| middle_of(bucket).min(self.max))
    }
}

fn bucket_of(latency: Duration) -> usize {
    let longest = (1 << LONGEST_BITS) - 1;
    let micros = latency.as_micros().min(longest) as u64;
    // Below 32 µs, each microsecond has its own bucket.
    let shift = (micros | 1).ilog2().saturating_sub(SUB_BITS);
    ((u64::from(shift) << SUB_BITS) + (micros >> shift)) as usize
}

fn middle_of(bucket: usize) -> Duration {
    let shift = (bucket >> SUB_BITS).saturating_sub(1);
    let least = (bucket - (shift << SUB_BITS)) << shift;
    Duration::from_micros((least + (1 << shift) / 2) as u64)
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    /// Returns latencies of every magnitude, in nanoseconds, each with how often it occurred.
    fn samples() -> impl Strategy<Value = Vec<(u64, u64)>> {
        let nanos = (0..40_u32, any::<u64>()).prop_map(|(bits, any)| any % (1 << bits));
        vec((nanos, 1..5_u64), 1..200)
    }

    fn histogram_of(samples: &[(u64, u64)]) -> Histogram {
        let mut histogram = Histogram::default();
        for (nanos, times) in samples {
            histogram.record(Duration::from_nanos(*nanos), *times);
        }
        histogram
    }

    fn sorted(samples: &[(u64, u64)]) -> Vec<u64> {
        let repeated = |(nanos, times): &(u64, u64)| vec![*nanos; *times as usize];
        let mut all: Vec<u64> = samples.iter().flat_map(repeated).collect();
        all.sort_unstable();
        all
    }

    proptest! {
        #[test]
        fn percentiles_are_those_of_the_samples(samples in samples()) {
            let all = sorted(&samples);
            let latency = histogram_of(&samples).latency();
            let told = [(500, latency.p50), (900, latency.p90), (990, latency.p99), (999, latency.p999)];
            for (per_mille, told) in told {
                let exact = all[(all.len() * per_mille).div_ceil(1_000) - 1];
                let off = u128::from(exact).abs_diff(told.as_nanos());
                let allowed = u128::from(exact / 32).max(1_000);
                prop_assert!(off <= allowed, "{per_mille}: {told:?} in place of {exact} ns");
            }
        }

        #[test]
        fn count_mean_and_maximum_are_exact(samples in samples()) {
            let all = sorted(&samples);
            let latency = histogram_of(&samples).latency();
            prop_assert_eq!(latency.count, all.len() as u64);
            prop_assert_eq!(latency.mean.as_nanos(), u128::from(all.iter().sum::<u64>() / latency.count));
            prop_assert_eq!(latency.max.as_nanos(), u128::from(all[all.len() - 1]));
        }

        #[test]
        fn merged_histograms_equal_one_of_all_samples(one in samples(), other in samples()) {
            let mut sum = histogram_of(&one);
            sum.add(&histogram_of(&other));
            prop_assert_eq!(sum.latency(), histogram_of(&[one, other].concat()).latency());
        }
    }

    #[test]
    fn buckets_follow_each_other_without_a_gap() {
        let mut last = 0;
        for micros in 0..1 << 20 {
            let bucket = bucket_of(Duration::from_micros(micros));
            assert!(bucket == last || bucket == last + 1, "{micros} µs fall into {bucket}");
            last = bucket;
        }
        assert_eq!(bucket_of(Duration::from_micros((1 << LONGEST_BITS) - 1)), BUCKETS - 1);
    }

    #[test]
    fn the_longest_duration_is_recorded() {
        let mut histogram = Histogram::default();
        histogram.record(Duration::MAX, 3);
        let latency = histogram.latency();
        assert_eq!((latency.count, latency.max), (3, Duration::MAX));
        assert!(latency.p50 > Duration::from_secs(10 * 60));
    }

    #[test]
    fn a_zero_duration_is_recorded() {
        assert_eq!(Histogram::default().latency(), Latency::default());
    }
}
