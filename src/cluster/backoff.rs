//! The pauses between attempts.

use std::time::Duration;

use crate::config::Config;
use crate::random::Random;

/// Exponential backoff with a jitter of 20 % to either side, so that clients do not retry in step.
/// No pause exceeds `max`; at the maximum, the jitter is within the 20 % below it.
#[derive(Debug, Clone, Copy)]
pub struct Backoff {
    pub initial: Duration,
    pub max: Duration,
}

impl Backoff {
    pub fn of(config: &Config) -> Self {
        Self { initial: config.retry_backoff, max: config.retry_backoff_max }
    }

    /// Returns the pause after this number of consecutive failures.
    pub fn after(&self, failures: u32, random: &mut Random) -> Duration {
        let doubled = self.initial.saturating_mul(1 << failures.saturating_sub(1).min(20));
        let middle = doubled.min(self.max);
        // Cut the range, not the pause: otherwise half of all clients would wait for exactly `max`.
        let longest = self.max.div_duration_f64(middle).min(1.2);
        middle.mul_f64(random.between(0.8, longest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_their_bound() {
        let backoff = Backoff { initial: Duration::from_millis(100), max: Duration::from_secs(1) };
        let mut random = Random::new(3);
        for (failures, expected) in [(1, 100), (2, 200), (3, 400), (4, 800)] {
            let pause = backoff.after(failures, &mut random).as_secs_f64() * 1000.0;
            assert!((pause / f64::from(expected) - 1.0).abs() <= 0.2, "{failures}: {pause}");
        }
    }

    #[test]
    fn pauses_stay_apart_at_their_bound_and_within_it() {
        let max = Duration::from_secs(1);
        for initial in [Duration::from_millis(100), max] {
            let backoff = Backoff { initial, max };
            let mut random = Random::new(3);
            let mut pauses: Vec<_> =
                (0..1000).map(|_| backoff.after(u32::MAX, &mut random).as_micros()).collect();
            pauses.sort_unstable();
            assert!(800_000 <= pauses[0] && pauses[999] <= 1_000_000);
            // Uniform: any 55 of 100 pauses span more than half of the range.
            let ends = pauses[549..].iter();
            let closest = ends.zip(&pauses).map(|(end, start)| end - start).min();
            assert!(closest >= Some(100_000), "{closest:?}");
        }
    }
}
