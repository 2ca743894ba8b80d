//! Has the processor fetch memory ahead of its being written to.
//!
//! A batch's memory was last read by another core, and every line of it has to come over from there
//! before it can be overwritten. Whoever appends a record would wait for that when he gives up the
//! lock, which is when all that he wrote has to be there: for a kibibyte as long as for all the
//! rest. Python takes its time between two records, and lines that are asked for early are there by
//! the next.

use std::mem::MaybeUninit;

const LINE: usize = 64;

/// More would crowd out what is needed sooner.
const MOST: usize = 4096;

/// Asks for the first so many bytes, to be written to soon.
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
    // SAFETY: it is a hint, and touches nothing.
    unsafe {
        _mm_prefetch::<_MM_HINT_ET0>(line.as_ptr().cast());
    }
}

#[cfg(not(target_arch = "x86_64"))]
#[inline]
fn fetch_line(_line: &[MaybeUninit<u8>]) {}
