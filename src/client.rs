//! The producer as it runs: one thread turns the machine, talks to the brokers through
//! [`crate::net`], and hands what is settled to whoever made it.

mod brokers;
mod driver;
mod handle;
mod mailbox;
mod room;
mod sealer;
mod sync;
mod turned;

pub use handle::{Asked, Client, Sink};
pub use mailbox::Mailbox;
pub use turned::{Handed, HandedMany};
