//! A producer's way out: the core's results, to those who wait for them.

use std::sync::Arc;

use super::delivery::deliver;
use super::voice::Voice;
use crate::client::Sink;
use crate::net::ProgramRequest;
use crate::producer::{Notice, Settled};
use crate::py::waiters::port::{Address, Item};
use crate::py::waiters::waiter::Waiter;

#[derive(Debug)]
pub(crate) struct Outlet {
    pub(crate) voice: Arc<Voice>,
    /// Where it speaks of its own accord.
    pub(crate) home: Address,
    /// Where the caller's partitioner is called and secrets are provided, if there is need.
    pub(crate) asks: Option<Address>,
    /// Whether tokens come from a coroutine, which runs where the producer is at home.
    pub(crate) is_token_of_loop: bool,
}

impl Sink<Waiter> for Outlet {
    fn settle(&self, settled: Vec<Settled<Waiter>>) {
        deliver(self.home.port(), &self.voice, settled);
    }

    fn end(self, settled: Vec<Settled<Waiter>>) {
        let Self { voice, home, asks, .. } = self;
        let port = Arc::clone(home.port());
        // Nothing more will be said there: a loop that ends at once needs no successor.
        drop((home, asks));
        deliver(&port, &voice, settled);
    }

    fn note(&self, notice: Notice) {
        self.home.port().push(vec![Item::Notice(Arc::clone(&self.voice), notice)]);
    }

    fn ask_where(&self) {
        if let Some(asks) = &self.asks
            && self.voice.asks_where()
        {
            asks.port().push(vec![Item::AskWhere(Arc::clone(&self.voice))]);
        }
    }

    fn provide(&self, request: ProgramRequest) {
        let is_for_loop = self.is_token_of_loop && matches!(request, ProgramRequest::Token(_));
        let place = if is_for_loop { Some(&self.home) } else { self.asks.as_ref() };
        // Without a place, dropping the request answers that there is no secret.
        if let Some(place) = place {
            place.port().push(vec![Item::Provide(Arc::clone(&self.voice), request)]);
        }
    }

    fn rest(waiter: &Waiter, but: i32) -> Waiter {
        waiter.rest(but)
    }
}
