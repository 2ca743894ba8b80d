//! A producer's handle. Any thread may call it; only `wait_admitted` and `wait_ended` block.
//!
//! One lock guards the machine. A caller holds it while it copies a record, the driver while it
//! moves batches. Neither does I/O, calls the sink or takes another lock while holding it.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::core::Core;
use super::shared_machine::{Handed, HandedMany};
use super::sink::Sink;
use crate::cluster::{ClusterDescription, NodeId};
use crate::config::Config;
use crate::error::Error;
use crate::net::SecurityMetrics;
use crate::producer::{Haste, Machine, Metrics, Purge, Ticket, Unsent, Who, Whole};
use crate::record::Record;

/// A record that waits for its caller to choose a partition.
#[derive(Debug)]
pub struct Asked {
    pub ticket: Ticket,
    pub topic: Arc<str>,
    pub partitions: i32,
    pub key: Option<Vec<u8>>,
}

/// A running producer. Clones share it.
#[derive(Debug)]
pub struct Client<W> {
    core: Arc<Core<W>>,
}

impl<W> Clone for Client<W> {
    fn clone(&self) -> Self {
        Self { core: Arc::clone(&self.core) }
    }
}

impl<W: Send + 'static> Client<W> {
    /// Starts the core thread. `seed` is for retry jitter and the choice of partitions.
    pub fn start<S: Sink<W>>(config: Config, seed: u64, sink: S) -> io::Result<Self> {
        Core::start(config, seed, sink).map(|core| Self { core })
    }

    /// Returns a number that identifies the producer while it lives.
    pub fn id(&self) -> usize {
        Arc::as_ptr(&self.core) as usize
    }

    /// Accepts a record; see [`Machine::produce`].
    pub fn produce(
        &self,
        topic: &str,
        partition: Option<i32>,
        record: &Record<'_>,
        who: impl Who<W>,
        haste: Haste,
    ) -> Result<Handed, Error> {
        self.core.shared.produce(Instant::now, topic, partition, record, who, haste)
    }

    /// Accepts records that are sent together, once [`Self::ship`] is called.
    pub fn produce_many<'a, N: Who<W>>(
        &self,
        records: impl Iterator<Item = (&'a str, Option<i32>, Record<'a>, N)>,
    ) -> HandedMany<W> {
        self.core.shared.produce_many(Instant::now(), records)
    }

    /// Accepts records that are stored together or not at all; see [`Machine::produce_whole`].
    pub fn produce_whole(
        &self,
        since: Instant,
        topic: &str,
        records: &[(Option<i32>, Record<'_>)],
        waiters: Vec<W>,
    ) -> Whole<W> {
        let now = Instant::now();
        let mut machine = self.core.shared.machine();
        let whole = machine.produce_whole(now, since, topic, records, waiters);
        drop(machine);
        self.core.shared.wake();
        whole
    }

    /// Completes `waiter` once [`Self::produce_whole`] may succeed; see
    /// [`Machine::when_whole_fits`]. Returns the waiter if the core has ended.
    pub fn when_whole_fits(&self, topic: &str, size: usize, waiter: W) -> Option<W> {
        let wait = |machine: &mut Machine<W>, waiter| machine.when_whole_fits(topic, size, waiter);
        self.core.shared.submit(waiter, wait)
    }

    pub fn ship(&self) {
        if self.core.shared.machine().ship(Instant::now()) {
            self.core.shared.wake();
        }
    }

    /// Completes `waiter` once a record has left the memory queue; see [`Machine::when_admitted`].
    /// Returns the waiter if the core has ended.
    pub fn when_admitted(&self, ticket: Ticket, waiter: W) -> Option<W> {
        self.core.shared.submit(waiter, |machine, waiter| machine.when_admitted(ticket, waiter))
    }

    /// Blocks until a record has left the memory queue, for at most `limit`. Returns whether it has
    /// left; it may have failed.
    pub fn wait_admitted(&self, ticket: Ticket, limit: Duration) -> bool {
        let until = Instant::now() + limit;
        loop {
            let seen = self.core.signal.turns();
            if !self.core.shared.machine().waits_for_memory(ticket) {
                return true;
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            self.core.signal.sleep(seen, left);
        }
    }

    pub fn progress(&self) -> u64 {
        self.core.shared.machine().progress()
    }

    pub fn metrics(&self) -> Metrics {
        self.core.shared.machine().metrics()
    }

    pub fn security_metrics(&self) -> SecurityMetrics {
        self.core.security.read()
    }

    /// Cancels a record that is not in a batch yet; see [`Machine::cancel`].
    pub fn cancel(&self, ticket: Ticket) -> Option<Unsent<W>> {
        let unsent = self.core.shared.machine().cancel(Instant::now(), ticket);
        if unsent.is_some() {
            self.core.shared.wake();
        }
        unsent
    }

    /// Cancels those of the records that are not in a batch yet, in this order.
    pub fn cancel_many(&self, tickets: &[Ticket]) -> Vec<Unsent<W>> {
        let mut machine = self.core.shared.machine();
        let now = Instant::now();
        let unsent = tickets.iter().filter_map(|ticket| machine.cancel(now, *ticket)).collect();
        drop(machine);
        self.core.shared.wake();
        unsent
    }

    /// Returns a topic's number of partitions, for a caller that chooses them; see
    /// [`Machine::partitions`].
    pub fn partitions(&self, topic: &str) -> Option<i32> {
        self.core.shared.machine().partitions(topic)
    }

    pub fn leaders(&self, topic: &str) -> Vec<Option<NodeId>> {
        self.core.shared.machine().leaders(topic)
    }

    /// Returns the next record whose caller must choose its partition, with [`Self::place`].
    pub fn next_to_place(&self) -> Option<Asked> {
        let mut machine = self.core.shared.machine();
        let placing = machine.poll_placing()?;
        Some(Asked {
            ticket: placing.ticket,
            topic: Arc::clone(placing.topic),
            partitions: placing.partitions,
            key: placing.key.map(<[u8]>::to_vec),
        })
    }

    pub fn place(&self, ticket: Ticket, partition: Result<i32, String>) {
        self.core.shared.machine().place(Instant::now(), ticket, partition);
        self.core.shared.wake();
    }

    /// Returns the error of a record that its caller cannot [place](Self::place).
    pub fn placing_failed(&self, topic: &str, reason: &str) -> Error {
        self.core.shared.machine().placing_failed(topic, reason)
    }

    pub fn purge(&self, what: Purge) {
        self.core.shared.machine().purge(Instant::now(), what);
        self.core.shared.wake();
    }

    /// Connects; see [`Machine::ping`]. Returns the waiter if the core has ended.
    pub fn connect(&self, waiter: W) -> Option<W> {
        let ping = |machine: &mut Machine<W>, waiter| machine.ping(Instant::now(), None, waiter);
        self.core.shared.submit(waiter, ping)
    }

    /// Completes `waiter` once the cluster has answered; see [`Machine::ping`]. Returns the waiter
    /// if the core has ended.
    pub fn ping(&self, limit: Duration, waiter: W) -> Option<W> {
        let limit = Some(limit);
        let ping = |machine: &mut Machine<W>, waiter| machine.ping(Instant::now(), limit, waiter);
        self.core.shared.submit(waiter, ping)
    }

    /// Asks the cluster for all its brokers and topics; see [`Machine::describe_cluster`]. Returns
    /// the waiter if the core has ended.
    pub fn describe_cluster(&self, limit: Option<Duration>, waiter: W) -> Option<W> {
        let describe = |machine: &mut Machine<W>, waiter| {
            machine.describe_cluster(Instant::now(), limit, waiter);
        };
        self.core.shared.submit(waiter, describe)
    }

    pub fn described(&self) -> Option<Arc<ClusterDescription>> {
        self.core.shared.machine().described()
    }

    /// Completes `waiter` once the cluster has described a topic; see [`Machine::locate`]. Returns
    /// the waiter if the core has ended.
    pub fn locate(&self, topic: &str, waiter: W) -> Option<W> {
        let locate = |machine: &mut Machine<W>, waiter| {
            machine.locate(Instant::now(), topic, waiter);
        };
        self.core.shared.submit(waiter, locate)
    }

    pub fn locate_for_records(&self, topic: &str, partition: Option<i32>, waiter: W) -> Option<W> {
        let locate = |machine: &mut Machine<W>, waiter| {
            machine.locate_for_records(Instant::now(), topic, partition, waiter);
        };
        self.core.shared.submit(waiter, locate)
    }

    /// Completes `waiter` once everything handed over before is settled; see [`Machine::flush`].
    /// Returns the argument of [`Self::unsettled_before`], or the waiter if the core has ended.
    pub fn flush(&self, waiter: W) -> Result<Ticket, W> {
        let mut before = 0;
        let flush = |machine: &mut Machine<W>, waiter| {
            before = machine.flush(Instant::now(), waiter);
        };
        self.core.shared.submit(waiter, flush).map_or(Ok(before), Err)
    }

    pub fn trouble(&self) -> Option<String> {
        self.core.shared.machine().trouble()
    }

    pub fn set_verbose(&self, verbose: bool) {
        self.core.shared.machine().set_verbose(verbose);
    }

    pub fn unsettled(&self) -> usize {
        self.core.shared.machine().unsettled()
    }

    pub fn unsettled_before(&self, before: Ticket) -> usize {
        self.core.shared.machine().unsettled_before(before)
    }

    /// Delivers accepted records for at most `limit`, then ends. Returns the waiter if the core has
    /// ended already.
    pub fn close(&self, limit: Duration, waiter: Option<W>) -> Option<W> {
        // An `Instant` that is too far away overflows.
        let limit = limit.min(Duration::from_secs(u32::MAX.into()));
        let close = |machine: &mut Machine<W>, waiter| {
            let now = Instant::now();
            machine.close(now, now + limit, waiter);
        };
        self.core.shared.submit(waiter, close).flatten()
    }

    /// Blocks until the core thread has ended, for at most `limit`. Returns whether it has.
    pub fn wait_ended(&self, limit: Duration) -> bool {
        self.core.wait_ended(limit)
    }

    pub fn abandoned(&self) -> usize {
        self.core.shared.machine().abandoned()
    }
}
