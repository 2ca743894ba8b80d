//! The classes and functions that Python sees.

pub(crate) mod aio;
pub(crate) mod aio_calls;
pub(crate) mod atomic_set;
pub(crate) mod batch;
pub(crate) mod blocking;
pub(crate) mod blocking_calls;
pub(crate) mod broker;
pub(crate) mod cluster;
pub(crate) mod inspect;
pub(crate) mod metrics;
pub(crate) mod producer;
pub(crate) mod results;
pub(crate) mod room;
pub(crate) mod topic;
