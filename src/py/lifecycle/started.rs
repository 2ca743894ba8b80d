//! A producer's running core: there is none before it is needed, and it is found without a lock
//! from then on.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use crate::client::Client;
use crate::py::base::generation::Generation;
use crate::py::delivery::user_code::UserCode;
use crate::py::waiters::waiter::Waiter;

/// A core that was started, and what it has to say.
#[derive(Debug, Clone)]
pub(crate) struct Running {
    pub(crate) client: Client<Waiter>,
    pub(crate) user_code: Arc<UserCode>,
}

#[derive(Debug, Default)]
pub(crate) struct Started {
    /// The first one, and the process that it belongs to. There is another only in a forked
    /// child, where this is the parent's.
    first: OnceLock<(Generation, Running)>,
    closed: AtomicBool,
    /// Locked only with the interpreter held, and never while anything of Python's runs.
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// The process that the core belongs to.
    generation: Generation,
    running: Option<Running>,
}

impl Default for State {
    fn default() -> Self {
        Self { generation: Generation::current(), running: None }
    }
}

impl Started {
    /// The core, if it was started in this process and is not closed.
    pub(crate) fn at_hand(&self) -> Option<&Running> {
        let (generation, running) = self.first.get()?;
        (generation.is_current() && !self.is_closed()).then_some(running)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if !state.generation.is_current() {
            // The parent's: not to be touched, not even to be dropped.
            std::mem::forget(state.running.take());
            state.generation = Generation::current();
        }
        state
    }

    /// The core if it was ever started; after a fork, in this process.
    pub(crate) fn get(&self) -> Option<Running> {
        self.state().running.clone()
    }

    /// Takes what `start` makes, unless there is a core already or the producer is closed: then
    /// what it would have been made of is given back. Nothing in there runs Python.
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

    /// Closes it, and gives the core out for the last time.
    pub(crate) fn shut(&self) -> Option<Running> {
        self.closed.store(true, Ordering::Relaxed);
        self.get()
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        // Forgets the parent's.
        drop(self.state());
        if self.first.get().is_some_and(|(generation, _)| !generation.is_current()) {
            std::mem::forget(self.first.take());
        }
    }
}
