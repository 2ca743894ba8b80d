//! The sink of a producer's core: passes results and requests on to Python's threads.

use std::sync::Arc;

use super::dispatcher;
use super::route::route;
use super::user_code::UserCode;
use super::work::{Task, Work};
use crate::client::Sink;
use crate::net::ProgramRequest;
use crate::producer::{Notice, Settled};
use crate::py::waiters::port::Address;
use crate::py::waiters::waiter::Waiter;

#[derive(Debug)]
pub(crate) struct Outlet {
    pub(crate) user_code: Arc<UserCode>,
    /// Where the producer reports on its own initiative: logs, unclaimed failures.
    pub(crate) home: Address,
    /// Where the partitioner is called and secrets are provided, if the producer needs either.
    pub(crate) asks: Option<Address>,
    /// Whether tokens come from a coroutine, which runs on the loop of `home`.
    pub(crate) is_token_of_loop: bool,
}

impl Outlet {
    fn push(&self, to: &Address, task: Task) {
        dispatcher::push(to.port(), vec![Work::item(&self.user_code, task)]);
    }
}

impl Sink<Waiter> for Outlet {
    fn settle(&self, settled: Vec<Settled<Waiter>>) {
        route(self.home.port(), &self.user_code, settled);
    }

    fn end(self, settled: Vec<Settled<Waiter>>) {
        let Self { user_code, home, asks, .. } = self;
        let port = Arc::clone(home.port());
        // Nothing follows. If the loop ends now, it needs no successor.
        drop((home, asks));
        route(&port, &user_code, settled);
    }

    fn note(&self, notice: Notice) {
        self.push(&self.home, Task::Log(notice));
    }

    fn ask_where(&self) {
        if let Some(asks) = &self.asks
            && self.user_code.must_ask_to_place()
        {
            self.push(asks, Task::PlaceRecords);
        }
    }

    fn provide(&self, request: ProgramRequest) {
        let is_for_loop = self.is_token_of_loop && matches!(request, ProgramRequest::Token(_));
        let place = if is_for_loop { Some(&self.home) } else { self.asks.as_ref() };
        // Without an address, the dropped request is answered: there is no secret.
        if let Some(place) = place {
            self.push(place, Task::Provide(request));
        }
    }

    fn rest(waiter: &Waiter, but: i32) -> Waiter {
        waiter.rest(but)
    }
}
