//! Memory of ended batches, for reuse by new ones. Without it every batch begins in memory that the
//! system must clear first, which takes about as long as filling it.

use bytes::Bytes;

use crate::wire::reserved;

/// Maximum bytes kept, in all.
const MAX_KEPT_BYTES: usize = 2 << 20;

/// Memory may be reused if it is at most this many times larger than needed.
const MAX_OVERSIZE: usize = 4;

/// Minimum size worth keeping: smaller allocations are fast.
const MIN_KEPT_BYTES: usize = 16 << 10;

#[derive(Debug, Default)]
pub(super) struct Spares {
    bodies: Vec<Vec<u8>>,
    size: usize,
}

impl Spares {
    /// Returns empty memory for `capacity` bytes, and not for many more: the rest is not charged.
    /// `None` if the process has none.
    pub(super) fn take(&mut self, capacity: usize) -> Option<Vec<u8>> {
        if capacity >= MIN_KEPT_BYTES {
            let fits = capacity..=MAX_OVERSIZE * capacity;
            match self.bodies.iter().rposition(|body| fits.contains(&body.capacity())) {
                Some(index) => return Some(self.remove(index)),
                // Bodies of a size that is no longer requested make room.
                None if !self.bodies.is_empty() => drop(self.remove(0)),
                None => {}
            }
        }
        if let Ok(body) = reserved(capacity) {
            return Some(body);
        }
        // Free the kept memory: the allocation may need it.
        *self = Self::default();
        reserved(capacity).ok()
    }

    fn remove(&mut self, index: usize) -> Vec<u8> {
        let body = self.bodies.remove(index);
        self.size -= body.capacity();
        body
    }

    /// Keeps a body's memory, unless it is still referenced.
    pub(super) fn give(&mut self, body: Bytes) {
        let Ok(mut body) = body.try_into_mut() else { return };
        body.clear();
        let body = Vec::from(body);
        let size = body.capacity();
        if (MIN_KEPT_BYTES..=MAX_KEPT_BYTES - self.size).contains(&size) {
            self.size += size;
            self.bodies.push(body);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_used_again() {
        let mut spares = Spares::default();
        let body = vec![1; MIN_KEPT_BYTES];
        let at = body.as_ptr();
        spares.give(body.into());
        let again = spares.take(MIN_KEPT_BYTES).unwrap();
        assert_eq!((again.as_ptr(), again.len()), (at, 0));
        assert!(spares.bodies.is_empty());
    }

    #[test]
    fn a_body_still_being_read_is_not_kept() {
        let mut spares = Spares::default();
        let body = Bytes::from(vec![1; MIN_KEPT_BYTES]);
        let reader = body.clone();
        spares.give(body);
        assert!(spares.bodies.is_empty());
        assert_eq!(reader, vec![1; MIN_KEPT_BYTES]);
    }

    #[test]
    fn no_more_is_kept_than_allowed() {
        let mut spares = Spares::default();
        let body = || Bytes::from(vec![1; MAX_KEPT_BYTES / 2]);
        for body in [body(), body(), body()] {
            spares.give(body);
        }
        assert_eq!((spares.bodies.len(), spares.size), (2, MAX_KEPT_BYTES));
        // A body that is too small for the new size makes room.
        assert!(spares.take(MAX_KEPT_BYTES).unwrap().capacity() >= MAX_KEPT_BYTES);
        assert_eq!(spares.size, MAX_KEPT_BYTES / 2);
    }

    #[test]
    fn a_much_larger_body_is_not_reused() {
        let mut spares = Spares::default();
        let large = MAX_OVERSIZE * MIN_KEPT_BYTES + 1;
        spares.give(vec![1; MIN_KEPT_BYTES].into());
        spares.give(vec![1; large].into());
        assert_eq!(spares.take(MIN_KEPT_BYTES).unwrap().capacity(), MIN_KEPT_BYTES);
        assert_eq!(spares.take(MIN_KEPT_BYTES + 1).unwrap().capacity(), large);
        assert_eq!(spares.size, 0);
    }

    #[test]
    fn small_bodies_are_left_to_the_allocator() {
        let mut spares = Spares::default();
        spares.give(Bytes::from(vec![1; MIN_KEPT_BYTES - 1]));
        assert!(spares.bodies.is_empty());
    }
}
