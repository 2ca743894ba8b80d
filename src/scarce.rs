//! The allocator of the unit tests. It can simulate a lack of memory: see [`with_at_most`].

#![expect(unsafe_code, reason = "implementing `GlobalAlloc` is unsafe")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::ptr::null_mut;

#[global_allocator]
static ALLOCATOR: Scarce = Scarce;

thread_local! {
    static LARGEST: Cell<usize> = const { Cell::new(usize::MAX) };
}

/// Runs `work` while every allocation of more than `bytes` fails. An allocation that must not fail
/// aborts the process.
pub(crate) fn with_at_most<R>(bytes: usize, work: impl FnOnce() -> R) -> R {
    LARGEST.set(bytes);
    let done = work();
    LARGEST.set(usize::MAX);
    done
}

struct Scarce;

impl Scarce {
    fn has(size: usize) -> bool {
        size <= LARGEST.get()
    }
}

// SAFETY: it returns what the system's allocator returns, or null.
unsafe impl GlobalAlloc for Scarce {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if Self::has(layout.size()) {
            // SAFETY: the caller upholds the same contract.
            unsafe { System.alloc(layout) }
        } else {
            null_mut()
        }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if Self::has(layout.size()) {
            // SAFETY: as above.
            unsafe { System.alloc_zeroed(layout) }
        } else {
            null_mut()
        }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if Self::has(size) {
            // SAFETY: as above; `memory` was allocated by `System`.
            unsafe { System.realloc(memory, layout, size) }
        } else {
            null_mut()
        }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(memory, layout) }
    }
}
