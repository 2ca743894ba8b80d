//! The cleanup handler. It stays registered until its thread ends.

use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::mem::MaybeUninit;
use std::ptr::null_mut;

use crate::py::base::interpreter_end;

/// The layout of glibc's `struct _pthread_cleanup_buffer`.
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
        // A thread that is ending cannot register any more. Python does not end it either.
        let registered = REGISTERED.try_with(|_| ()).is_ok();
        IS_REGISTERED.set(registered);
    }
}

struct Registered(*mut Registration);

impl Registered {
    fn new() -> Self {
        // glibc calls a handler as soon as the frame that contains its registration is left. A
        // registration outside all frames counts as left at once. So it must be on the heap, whose
        // addresses are below the stack; thread-local variables may be above it.
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
        // SAFETY: this thread has pushed it, and whatever was pushed later was popped.
        unsafe {
            _pthread_cleanup_pop(self.0, 0);
            drop(Box::from_raw(self.0));
        }
    }
}

/// Called where the thread would end. It holds no lock of dekaf, nor the interpreter.
extern "C" fn hang(_: *mut c_void) {
    if !interpreter_end::has_begun() {
        // Other code ends the thread on purpose.
        return;
    }
    block_signals();
    loop {
        std::thread::park();
    }
}

/// Leaves signals to threads that can still handle them.
fn block_signals() {
    let mut all = MaybeUninit::uninit();
    #[expect(unsafe_code, reason = "the standard library does not know signals")]
    // SAFETY: the first call fills the set before the second one reads it.
    unsafe {
        libc::sigfillset(all.as_mut_ptr());
        libc::pthread_sigmask(libc::SIG_BLOCK, all.as_ptr(), null_mut());
    }
}
