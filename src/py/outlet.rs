//! A producer's way out: the core's results, to those who wait for them.

use std::sync::Arc;

use super::delivery::deliver;
use super::port::{Address, Item};
use super::voice::Voice;
use super::waiter::Waiter;
use crate::client::Sink;
use crate::net::PasswordRequest;
use crate::producer::{Notice, Settled};

#[derive(Debug)]
pub(super) struct Outlet {
    pub(super) voice: Arc<Voice>,
    /// Where it speaks of its own accord.
    pub(super) home: Address,
    /// Where the caller's partitioner and password functions are called, if there are any.
    pub(super) asks: Option<Address>,
}

impl Sink<Waiter> for Outlet {
    fn settle(&self, settled: Vec<Settled<Waiter>>) {
        deliver(self.home.port(), &self.voice, settled);
    }

    fn end(self, settled: Vec<Settled<Waiter>>) {
        let Self { voice, home, asks } = self;
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

    fn password(&self, request: PasswordRequest) {
        // Without a place to call it, dropping the request answers that there is no password.
        if let Some(asks) = &self.asks {
            asks.port().push(vec![Item::AskPassword(Arc::clone(&self.voice), request)]);
        }
    }

    fn rest(waiter: &Waiter, but: i32) -> Waiter {
        waiter.rest(but)
    }
}
