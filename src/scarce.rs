//! The allocator of the unit tests, which can be short of memory: see [`with_at_most`].

#![expect(unsafe_code, reason = "an allocator is unsafe to write")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::ptr::null_mut;

#[global_allocator]
static ALLOCATOR: Scarce = Scarce;

thread_local! {
    static LARGEST: Cell<usize> = const { Cell::new(usize::MAX) };
}

/// Does something while an allocation of more than so many bytes fails. One that must not fail ends
/// the process.
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

// SAFETY: it gives what the system's allocator gives, or nothing.
unsafe impl GlobalAlloc for Scarce {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if Self::has(layout.size()) {
            // SAFETY: the caller's promises are the same.
            unsafe { System.alloc(layout) }
        } else {
            null_mut()
        }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if Self::has(layout.size()) {
            // SAFETY: as before.
            unsafe { System.alloc_zeroed(layout) }
        } else {
            null_mut()
        }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if Self::has(size) {
            // SAFETY: as before; the memory is the system's.
            unsafe { System.realloc(memory, layout, size) }
        } else {
            null_mut()
        }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: as before.
        unsafe { System.dealloc(memory, layout) }
    }
}
