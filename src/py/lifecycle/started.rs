//! A producer's running core. It starts with the first use, and is found without a lock afterwards.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use crate::client::Client;
use crate::py::base::generation::Generation;
use crate::py::delivery::user_code::UserCode;
use crate::py::waiters::waiter::Waiter;

/// A running core.
#[derive(Debug, Clone)]
pub(crate) struct Running {
    pub(crate) client: Client<Waiter>,
    pub(crate) user_code: Arc<UserCode>,
}

#[derive(Debug, Default)]
pub(crate) struct Started {
    /// The first core, and its process. In a forked child it belongs to the parent, and the child's
    /// own core is only in `state`.
    first: OnceLock<(Generation, Running)>,
    closed: AtomicBool,
    /// Locked only with the interpreter held, and never while Python code runs.
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// The process that runs the core.
    generation: Generation,
    running: Option<Running>,
}

impl Default for State {
    fn default() -> Self {
        Self { generation: Generation::current(), running: None }
    }
}

impl Started {
    /// Returns the core without a lock, if it was started in this process and is not closed.
    pub(crate) fn at_hand(&self) -> Option<&Running> {
        let (generation, running) = self.first.get()?;
        (generation.is_current() && !self.is_closed()).then_some(running)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if !state.generation.is_current() {
            // It belongs to the parent, and must not even be dropped.
            std::mem::forget(state.running.take());
            state.generation = Generation::current();
        }
        state
    }

    /// Returns the core if it was started in this process.
    pub(crate) fn get(&self) -> Option<Running> {
        self.state().running.clone()
    }

    /// Starts a core, unless there is one already or the producer is closed. Returns `made_of` in
    /// that case. `start` must not run Python code.
    pub(crate) fn start<M, E>(
        &self,
        made_of: M,
        start: impl FnOnce(M) -> Result<Running, E>,
    ) -> Result<Result<Running, E>, M> {
        let mut state = self.state();
        if self.is_closed() || state.running.is_some() {
            return Err(made_of);
        }
        Ok(start(made_of).inspect(|running| {
            state.running = Some(running.clone());
            self.first.get_or_init(|| (state.generation, running.clone()));
        }))
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Relaxed)
    }

    /// Closes the producer. Returns its core.
    pub(crate) fn shut(&self) -> Option<Running> {
        self.closed.store(true, Ordering::Relaxed);
        self.get()
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        // Forgets the parent's core.
        drop(self.state());
        if self.first.get().is_some_and(|(generation, _)| !generation.is_current()) {
            std::mem::forget(self.first.take());
        }
    }
}
