//! Codec contexts, which are created on first use and kept.

/// Returns the kept context, which `make` creates the first time.
pub(super) fn made<T>(kept: &mut Option<T>, make: impl FnOnce() -> Option<T>) -> Option<&mut T> {
    if kept.is_none() {
        *kept = make();
    }
    kept.as_mut()
}
