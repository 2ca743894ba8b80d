//! Prefetches memory that will be written soon.
//!
//! Another core has read a batch's memory last, so its cache lines must be transferred before they
//! can be overwritten. Without a prefetch, the thread that appends a record waits for them when it
//! releases the lock, which takes as long as everything else for a record of 1 KiB. Python needs
//! some time between two records, and prefetched lines arrive within it.

use std::mem::MaybeUninit;

const LINE: usize = 64;

/// More would evict lines that are needed sooner.
const MOST: usize = 4096;

/// Prefetches the first `size` bytes for writing.
#[inline]
pub(super) fn fetch(memory: &[MaybeUninit<u8>], bytes: usize) {
    let memory = &memory[..bytes.min(memory.len()).min(MOST)];
    for line in memory.chunks(LINE) {
        fetch_line(line);
    }
}

#[cfg(target_arch = "x86_64")]
#[inline]
fn fetch_line(line: &[MaybeUninit<u8>]) {
    use std::arch::x86_64::{_MM_HINT_ET0, _mm_prefetch};
    #[expect(unsafe_code, reason = "std has no safe way to say it")]
    // SAFETY: a prefetch is a hint, and accesses nothing.
    unsafe {
        _mm_prefetch::<_MM_HINT_ET0>(line.as_ptr().cast());
    }
}

#[cfg(not(target_arch = "x86_64"))]
#[inline]
fn fetch_line(_line: &[MaybeUninit<u8>]) {}
