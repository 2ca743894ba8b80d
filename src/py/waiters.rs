//! Waiters for results, and the queues that lead to them: data that the core fills, without the
//! interpreter.

pub(crate) mod answer;
pub(crate) mod group;
pub(crate) mod outcomes;
pub(crate) mod port;
pub(crate) mod signal;
pub(crate) mod turn;
pub(crate) mod waiter;
pub(crate) mod wakeups;
