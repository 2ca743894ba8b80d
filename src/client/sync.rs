//! The synchronization primitives of this module. `tests/loom` replaces them with loom's, and tries
//! every interleaving of two threads in [`super::mailbox`] and [`super::shared_machine`].

pub(super) use std::sync::{Mutex, MutexGuard, PoisonError};

pub(super) use tokio::sync::Notify;
