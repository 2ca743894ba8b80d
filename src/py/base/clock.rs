//! The time that messages are stamped with.
//!
//! Asking the system takes a fifth of what a whole `send` does, and a stamp is but a millisecond. So
//! an answer is kept until that millisecond may be over, by the processor's count of ticks, which is
//! read in a third of the time. Nothing is calibrated and nothing is guessed: the count only says
//! when to ask again, and too soon at that.

use std::cell::Cell;
use std::sync::LazyLock;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The most nanoseconds that a tick lasts. Processors whose ticks are steady have 0.8 GHz and more,
/// whatever they run at.
const LONGEST_TICK: u32 = 2;

const MILLISECOND: u32 = 1_000_000;

/// What the system said last, and for how many ticks from when it was asked.
#[derive(Clone, Copy)]
struct Kept {
    ms: i64,
    since: u64,
    ticks: u64,
}

thread_local! {
    // One for each thread: threads that are not synchronized could mix up what they keep.
    static KEPT: Cell<Kept> = const { Cell::new(Kept { ms: 0, since: 0, ticks: 0 }) };
}

/// Milliseconds since 1970.
pub(crate) fn now_ms() -> i64 {
    let now = ticks();
    KEPT.with(|kept| {
        let Kept { ms, since, ticks } = kept.get();
        // A count that went back is far ahead of all others.
        if now.wrapping_sub(since) < ticks { ms } else { ask(kept, now) }
    })
}

#[cold]
fn ask(kept: &Cell<Kept>, since: u64) -> i64 {
    static IS_STEADY: LazyLock<bool> = LazyLock::new(ticks_are_steady);
    // A clock before 1970 is a clock that was never set.
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    let ms = now.as_millis() as i64;
    let left = MILLISECOND - now.subsec_nanos() % MILLISECOND;
    // The ticks were counted before the clock was read: they are over before the millisecond is.
    let ticks = if *IS_STEADY { u64::from(left / LONGEST_TICK) } else { 0 };
    kept.set(Kept { ms, since, ticks });
    ms
}

#[cfg(target_arch = "x86_64")]
fn ticks() -> u64 {
    #[expect(unsafe_code, reason = "it is an instruction that every such processor has")]
    // SAFETY: it reads a register.
    unsafe {
        std::arch::x86_64::_rdtsc()
    }
}

/// Whether they go on at one pace, whatever the processor does ("invariant TSC").
#[cfg(target_arch = "x86_64")]
fn ticks_are_steady() -> bool {
    const HIGHEST: u32 = 0x8000_0000;
    const POWER: u32 = 0x8000_0007;
    #[expect(unsafe_code, reason = "it is an instruction that every such processor has")]
    #[allow(unused_unsafe, reason = "newer compilers call it safe")]
    // SAFETY: it reads registers, and is asked whether it knows what it is asked.
    unsafe {
        use std::arch::x86_64::__cpuid;
        __cpuid(HIGHEST).eax >= POWER && __cpuid(POWER).edx & (1 << 8) != 0
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn ticks() -> u64 {
    0
}

#[cfg(not(target_arch = "x86_64"))]
fn ticks_are_steady() -> bool {
    false
}
