//! The broker in the box: an in-process cluster that ordinary clients can produce to and read
//! from, for learning and for tests. Its log stands alone, so that the producer's simulator can
//! turn it too.

mod answers;
mod certificates;
pub mod cluster;
pub mod faults;
pub mod groups;
pub mod log;
mod login;
pub mod security;
pub mod server;
