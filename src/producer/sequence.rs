//! Sequence numbers: they count a producer's records in a partition, and wrap to 0 after 2³¹ − 1.
//! They are never compared by size, only by distance.

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ProducerEpoch {
    pub(super) id: i64,
    pub(super) epoch: i16,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Sequence(i32);

impl Sequence {
    /// The first number of every producer and epoch.
    pub const FIRST: Self = Self(0);

    /// Numbers other than [`Self::FIRST`] are for tests of the wrap-around.
    pub fn new(number: i32) -> Self {
        debug_assert!(number >= 0, "sequence numbers are not negative");
        Self(number)
    }

    pub fn number(self) -> i32 {
        self.0
    }

    /// Returns whether it follows `other` by less than half of all numbers.
    pub fn is_ahead_of(self, other: Self) -> bool {
        let distance = self.0.wrapping_sub(other.0) & i32::MAX;
        distance > 0 && distance < 1 << 30
    }

    /// Returns the number `records` further on.
    #[must_use]
    pub fn after(self, records: i32) -> Self {
        // Wrapping addition sets the sign bit exactly when 2³¹ is passed.
        Self(self.0.wrapping_add(records) & i32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn counts_like_wide_integers(start in 0..=i32::MAX, steps in prop::collection::vec(1..=i32::MAX, 0..8)) {
            let mut sequence = Sequence::new(start);
            let mut wide = i64::from(start);
            for step in steps {
                sequence = sequence.after(step);
                wide += i64::from(step);
                prop_assert_eq!(i64::from(sequence.number()), wide % (1 << 31));
            }
        }
    }

    #[test]
    fn wraps_to_zero() {
        assert_eq!(Sequence::new(i32::MAX).after(1), Sequence::FIRST);
        assert_eq!(Sequence::new(i32::MAX - 1).after(3).number(), 1);
        assert!(Sequence::FIRST.is_ahead_of(Sequence::new(i32::MAX)));
        assert!(!Sequence::new(i32::MAX).is_ahead_of(Sequence::FIRST));
        assert!(!Sequence::new(7).is_ahead_of(Sequence::new(7)));
    }
}
