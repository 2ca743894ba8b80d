//! How long to wait before trying again.

use std::time::Duration;

use super::random::Random;

/// Doubling pauses, spread by a fifth to either side so that clients do not return in step.
#[derive(Debug, Clone, Copy)]
pub struct Backoff {
    /// The first pause.
    pub initial: Duration,
    /// The longest one.
    pub max: Duration,
}

impl Backoff {
    /// The pause after the given number of failures, of which this is the last.
    pub fn after(&self, failures: u32, random: &mut Random) -> Duration {
        let doubled = self.initial.saturating_mul(1 << failures.saturating_sub(1).min(20));
        doubled.mul_f64(random.jitter()).min(self.max)
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
        for failures in [10, 100, u32::MAX] {
            assert_eq!(backoff.after(failures, &mut random), backoff.max);
        }
    }
}
