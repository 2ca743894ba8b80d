//! The timestamps of messages.
//!
//! Reading the system's clock takes a fifth of the time of a `send`, and a timestamp has only
//! milliseconds. So the last reading is reused until that millisecond may be over, according to the
//! processor's tick counter, which is three times faster to read. Nothing is calibrated: the
//! counter only says when to read the clock again, and rather too early.

use std::cell::Cell;
use std::sync::LazyLock;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Maximum nanoseconds of a tick. Counters with a constant rate run at 0.8 GHz or more.
const LONGEST_TICK: u32 = 2;

const MILLISECOND: u32 = 1_000_000;

/// The last reading of the clock, the counter at that time, and the ticks for which it is valid.
#[derive(Clone, Copy)]
struct Kept {
    ms: i64,
    since: u64,
    ticks: u64,
}

thread_local! {
    // One for each thread: the counters of different processors need not agree.
    static KEPT: Cell<Kept> = const { Cell::new(Kept { ms: 0, since: 0, ticks: 0 }) };
}

/// Milliseconds since 1970.
pub(crate) fn now_ms() -> i64 {
    let now = ticks();
    KEPT.with(|kept| {
        let Kept { ms, since, ticks } = kept.get();
        // A counter that went back gives a huge difference.
        if now.wrapping_sub(since) < ticks { ms } else { ask(kept, now) }
    })
}

#[cold]
fn ask(kept: &Cell<Kept>, since: u64) -> i64 {
    static IS_STEADY: LazyLock<bool> = LazyLock::new(ticks_are_steady);
    // A clock before 1970 was never set.
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    let ms = now.as_millis() as i64;
    let left = MILLISECOND - now.subsec_nanos() % MILLISECOND;
    // The counter was read before the clock, so the ticks are over before the millisecond is.
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

/// Whether the counter has a constant rate ("invariant TSC").
#[cfg(target_arch = "x86_64")]
fn ticks_are_steady() -> bool {
    const HIGHEST: u32 = 0x8000_0000;
    const POWER: u32 = 0x8000_0007;
    #[expect(unsafe_code, reason = "it is an instruction that every such processor has")]
    #[allow(unused_unsafe, reason = "newer compilers call it safe")]
    // SAFETY: it reads registers, and checks first that the leaf exists.
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
