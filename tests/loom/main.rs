//! Loom models of the two places where one thread wakes up another. The core's own files are
//! compiled with loom's locks instead of the system's, and run in all orders of the threads. A lost
//! wake-up is then a deadlock in one of the orders, which loom reports. The port's orders are
//! complete; the driver's are limited to a few preemptions, because its turns are long.

#[path = "../../src/client/mailbox.rs"]
pub mod mailbox;
#[path = "../../src/client/shared_machine.rs"]
pub mod shared_machine;

mod driver;
mod port;
mod sync;

// Items of the crate that these files use.
use dekaf::{error, producer, record};
