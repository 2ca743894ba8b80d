//! An allocator that counts the memory of the current thread only, because other tests run in
//! parallel. The fuzz targets use it, too.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

thread_local! {
    static LIVE: Cell<isize> = const { Cell::new(0) };
    static PEAK: Cell<isize> = const { Cell::new(0) };
}

/// Returns the result of `work`, and the maximum bytes that it held at once.
pub(super) fn peak<T>(work: impl FnOnce() -> T) -> (T, usize) {
    LIVE.set(0);
    PEAK.set(0);
    let result = work();
    (result, PEAK.get() as usize)
}

fn taken(size: usize) {
    let live = LIVE.get() + size as isize;
    LIVE.set(live);
    PEAK.set(PEAK.get().max(live));
}

fn given_back(size: usize) {
    LIVE.set(LIVE.get() - size as isize);
}

struct Counting;

#[global_allocator]
static COUNTING: Counting = Counting;

#[expect(unsafe_code, reason = "`GlobalAlloc` is unsafe; every call is forwarded to `System`")]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        taken(layout.size());
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        taken(layout.size());
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, bytes: *mut u8, layout: Layout) {
        given_back(layout.size());
        unsafe { System.dealloc(bytes, layout) }
    }

    unsafe fn realloc(&self, bytes: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // Old and new memory may exist together.
        taken(size);
        given_back(layout.size());
        unsafe { System.realloc(bytes, layout, size) }
    }
}

#[test]
fn every_way_to_allocate_is_counted() {
    let (_, nothing) = peak(|| 1 + 1);
    assert_eq!(nothing, 0);
    let (_, plain) = peak(|| Vec::<u8>::with_capacity(1000));
    assert_eq!(plain, 1000);
    let (_, zeroed) = peak(|| vec![0_u64; 100]);
    assert_eq!(zeroed, 800);
    let (_, one_after_the_other) = peak(|| {
        drop(Vec::<u8>::with_capacity(1000));
        Vec::<u8>::with_capacity(500)
    });
    assert_eq!(one_after_the_other, 1000);
    let (_, grown) = peak(|| {
        let mut bytes = Vec::<u8>::with_capacity(1000);
        bytes.resize(1000, 1);
        bytes.reserve_exact(500);
        bytes
    });
    assert_eq!(grown, 1000 + 1500);
}
