//! What threads meet at. `tests/loom` puts loom's in their place and tries every order in which
//! two threads can pass through [`super::mailbox`] and [`super::turned`].

pub(super) use std::sync::{Mutex, MutexGuard, PoisonError};

pub(super) use tokio::sync::Notify;
