//! The machine: accepts work, and returns actions for the driver.
//!
//! Its methods are of four kinds. Callers' methods (`callers.rs`: `produce`, `wait`, `flush`,
//! `close` …) hand work over. `handle_*` (`events.rs`) report events from outside. `poll_*`
//! (`work.rs`) return actions for the driver: call them until they return nothing. The rest
//! (`queries.rs`) read state.
//!
//! The machine's state is in components, files beside this one, which do not know each other. The
//! files below this one apply the results of one component to another.

mod admission;
mod answers;
mod asking;
mod callers;
mod delayed;
mod describing;
mod ends;
mod events;
mod exchange;
mod forgetting;
mod joining;
mod placing;
mod poisoned;
mod queries;
mod refusals;
mod sending;
mod snapshot;
#[cfg(test)]
mod tests;
mod wholes;
mod wording;
mod work;

pub use self::exchange::{Outgoing, Part, Placing, Produced, Purge, Unsent};
pub use self::joining::Joined;
pub use self::wholes::{NotWhole, Whole, whole_size};
use super::calls::Calls;
use super::counts::Counts;
use super::memory::Memory;
use super::nodes::Nodes;
use super::notices::Notices;
use super::producer_ids::ProducerIds;
use super::queues::Queues;
use super::results::Results;
use super::settled::Rest;
use super::shutdown::Shutdown;
use super::splitter::Splitter;
use super::tickets::Tickets;
use super::timers::Timers;
use super::unassigned::Unassigned;
use crate::cluster::{Backoff, Cluster};
use crate::config::Config;
use crate::random::Random;

#[derive(Debug)]
pub struct Machine<W> {
    config: Config,
    random: Random,
    cluster: Cluster,
    queues: Queues<W>,
    nodes: Nodes,
    producer_ids: ProducerIds,
    memory: Memory<W>,
    unassigned: Unassigned<W>,
    splitter: Splitter<W>,
    timers: Timers,
    tickets: Tickets<W>,
    calls: Calls<W>,
    results: Results<W>,
    notices: Notices,
    shutdown: Shutdown<W>,
    counts: Counts,
}

impl<W> Machine<W> {
    /// Creates a machine without any metadata. The same seed and the same calls give the same
    /// results. `rest` splits a waiter for several records in a row: see [`Who`](super::Who).
    pub fn with_rest(config: Config, seed: u64, rest: Rest<W>) -> Self {
        let backoff = Backoff::of(&config);
        Self {
            cluster: Cluster::new(&config, backoff),
            producer_ids: ProducerIds::new(backoff),
            random: Random::new(seed),
            memory: Memory::new(config.buffer_memory),
            queues: Queues::default(),
            nodes: Nodes::default(),
            unassigned: Unassigned::default(),
            splitter: Splitter::new(rest),
            timers: Timers::new(config.metadata_max_idle),
            config,
            tickets: Tickets::default(),
            calls: Calls::default(),
            results: Results::default(),
            notices: Notices::default(),
            shutdown: Shutdown::default(),
            counts: Counts::default(),
        }
    }
}

impl<W: Clone> Machine<W> {
    /// The same, with a `rest` that clones the waiter.
    pub fn new(config: Config, seed: u64) -> Self {
        Self::with_rest(config, seed, |waiter, _| waiter.clone())
    }
}
