//! Access to Python: calls, errors, the running loop, upcalls, and the state of the process.

pub(crate) mod calls;
pub(crate) mod clock;
pub(crate) mod context;
pub(crate) mod errors;
pub(crate) mod generation;
pub(crate) mod hang;
pub(crate) mod interpreter_end;
pub(crate) mod interrupts;
pub(crate) mod objects;
pub(crate) mod running_loop;
pub(crate) mod seed;
pub(crate) mod slice;
pub(crate) mod upcalls;
