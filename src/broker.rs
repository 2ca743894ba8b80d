//! The in-process broker: a cluster for tests and learning that ordinary clients can produce to and
//! read from. Its log has no other dependencies, so the simulator uses it too.

mod answers;
mod certificates;
pub mod cluster;
pub mod faults;
pub mod groups;
pub mod log;
mod login;
pub mod security;
pub mod server;
