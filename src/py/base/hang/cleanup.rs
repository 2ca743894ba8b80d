//! The handler, which stays registered until its thread ends.

use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::mem::MaybeUninit;
use std::ptr::null_mut;

use crate::py::base::interpreter_end;

/// As glibc has it.
#[repr(C)]
struct Registration {
    routine: Option<extern "C" fn(*mut c_void)>,
    argument: *mut c_void,
    cancel_type: c_int,
    previous: *mut Self,
}

#[expect(unsafe_code, reason = "the standard library knows no cleanup handlers")]
unsafe extern "C" {
    fn _pthread_cleanup_push(
        registration: *mut Registration,
        routine: extern "C" fn(*mut c_void),
        argument: *mut c_void,
    );
    fn _pthread_cleanup_pop(registration: *mut Registration, execute: c_int);
}

thread_local! {
    static IS_REGISTERED: Cell<bool> = const { Cell::new(false) };
    static REGISTERED: Registered = Registered::new();
}

pub(super) fn register() {
    if !IS_REGISTERED.get() {
        // A thread that ends cannot register any more, and is not taken from Python either.
        let registered = REGISTERED.try_with(|_| ()).is_ok();
        IS_REGISTERED.set(registered);
    }
}

/// A thread's handler.
struct Registered(*mut Registration);

impl Registered {
    fn new() -> Self {
        // glibc calls a handler as soon as the frame ends that its registration lies in. One that
        // lies in no frame counts as left at once: so it is on the heap, and not on the stack or
        // with the thread's own variables, which may be above the stack.
        let registration = Box::into_raw(Box::new(Registration {
            routine: None,
            argument: null_mut(),
            cancel_type: 0,
            previous: null_mut(),
        }));
        #[expect(unsafe_code, reason = "as above")]
        // SAFETY: the registration lives until it is popped, when this thread ends.
        unsafe {
            _pthread_cleanup_push(registration, hang, null_mut());
        }
        Self(registration)
    }
}

impl Drop for Registered {
    fn drop(&mut self) {
        #[expect(unsafe_code, reason = "as above")]
        // SAFETY: it was pushed by this thread. Whatever was pushed later was popped by then.
        unsafe {
            _pthread_cleanup_pop(self.0, 0);
            drop(Box::from_raw(self.0));
        }
    }
}

/// Called where the thread would end. It holds no lock of ours, and the interpreter neither.
extern "C" fn hang(_: *mut c_void) {
    if !interpreter_end::has_begun() {
        // Somebody else ends the thread on purpose.
        return;
    }
    block_signals();
    loop {
        std::thread::park();
    }
}

/// Signals are for threads that can still do something about them.
fn block_signals() {
    let mut all = MaybeUninit::uninit();
    #[expect(unsafe_code, reason = "the standard library does not know signals")]
    // SAFETY: the first call fills the set before the second one reads it.
    unsafe {
        libc::sigfillset(all.as_mut_ptr());
        libc::pthread_sigmask(libc::SIG_BLOCK, all.as_ptr(), null_mut());
    }
}
