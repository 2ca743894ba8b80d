//! The producer as it runs: one thread turns the machine, talks to the brokers through
//! [`crate::net`], and hands what is settled to whoever made it.

mod brokers;
mod driver;
mod handle;

pub use handle::{Client, Sink};
