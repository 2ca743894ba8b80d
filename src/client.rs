//! The running producer. The core thread runs the driver, which turns the machine, talks to brokers
//! through [`crate::net`], and delivers settled records to the producer's sink.

mod brokers;
mod core;
mod driver;
mod handle;
mod mailbox;
mod room_deadline;
mod sealer;
mod shared_machine;
mod sink;
mod sync;
mod turn_signal;
mod unclaimed;

pub use handle::{Asked, Client};
pub use mailbox::Mailbox;
pub use room_deadline::RoomDeadline;
pub use shared_machine::{Handed, HandedMany};
pub use sink::Sink;
pub use unclaimed::Unclaimed;
