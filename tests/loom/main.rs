//! The two places where one thread wakes another, in every order in which the threads can pass
//! through them. The files are the core's own, compiled once more with loom's locks in place of
//! the system's: whatever can be lost between two of its steps is lost in one of the orders, and
//! a thread that then sleeps for ever is a deadlock, which loom reports. The port's orders are
//! all of them; the driver's are those with a few interruptions, because its turns are long.

#[path = "../../src/client/mailbox.rs"]
pub mod mailbox;
#[path = "../../src/client/turned.rs"]
pub mod turned;

mod driver;
mod port;
mod sync;

// What the files use of the crate that they are taken from.
use dekaf::{error, producer, record};
