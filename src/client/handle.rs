//! The outside's handle: any thread may call it, and no call waits for the network.
//!
//! The machine stands behind one lock. A caller holds it for as long as it takes to copy a
//! record, the driver for as long as it takes to move batches about; neither does I/O, calls
//! the sink or takes another lock meanwhile.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::driver;
use super::room::Room;
use super::turned::{Handed, HandedMany, Turned};
use crate::cluster::{ClusterDescription, NodeId};
use crate::config::Config;
use crate::error::Error;
use crate::net::without_signals;
use crate::producer::{
    Haste, Machine, Metrics, Notice, Purge, Settled, Ticket, Unsent, Who, Whole,
};
use crate::record::Record;

/// Where settled records and calls go. Called on the core's thread, without any lock held.
pub trait Sink<W>: Send + Sync + 'static {
    /// Takes what was settled in one turn.
    fn settle(&self, settled: Vec<Settled<W>>);

    /// Takes a line for the log.
    fn note(&self, notice: Notice);

    /// Takes the last that was settled. Nothing comes after it.
    fn end(self, settled: Vec<Settled<W>>);

    /// Somebody is to ask [`Client::next_to_place`], until that returns nothing.
    fn ask_where(&self);

    /// Makes of one who waits for several records one who waits for all but the first so many.
    fn rest(waiter: &W, but: i32) -> W;
}

/// A record whose partition its caller is to name.
#[derive(Debug)]
pub struct Asked {
    /// Names the record.
    pub ticket: Ticket,
    /// Its topic.
    pub topic: Arc<str>,
    /// How many partitions that has.
    pub partitions: i32,
    /// Its key.
    pub key: Option<Vec<u8>>,
}

/// A running producer.
#[derive(Debug)]
pub struct Client<W> {
    shared: Arc<Shared<W>>,
}

impl<W> Clone for Client<W> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared) }
    }
}

#[derive(Debug)]
pub(super) struct Shared<W> {
    pub(super) turned: Turned<W>,
    pub(super) room: Room,
    ended: Mutex<bool>,
    end: Condvar,
}

impl<W: Send + 'static> Client<W> {
    /// Starts the core's thread. `seed` feeds what is random: jitter and the spread over
    /// partitions.
    pub fn start<S: Sink<W>>(config: Config, seed: u64, sink: S) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let shared = Arc::new(Shared {
            turned: Turned::new(Machine::new(config.clone(), seed).with_runs(S::rest)),
            room: Room::default(),
            ended: Mutex::new(false),
            end: Condvar::new(),
        });
        let inside = Arc::clone(&shared);
        let work = move || {
            run(&inside, sink, |sink| {
                let local = tokio::task::LocalSet::new();
                let Shared { turned, room, .. } = &*inside;
                local.block_on(&runtime, driver::drive(turned, room, sink, &config));
                drop(local);
                // A look-up of a host's name may hang for as long as the system likes.
                runtime.shutdown_background();
            });
            *inside.ended.lock().unwrap_or_else(PoisonError::into_inner) = true;
            inside.end.notify_all();
        };
        without_signals(|| thread::Builder::new().name("dekaf".into()).spawn(work))?;
        Ok(Self { shared })
    }

    /// Tells it from others, for as long as it lives.
    pub fn id(&self) -> usize {
        Arc::as_ptr(&self.shared) as usize
    }

    /// Takes a record in; see [`Machine::produce`].
    pub fn produce(
        &self,
        topic: &str,
        partition: Option<i32>,
        record: &Record<'_>,
        who: impl Who<W>,
        haste: Haste,
    ) -> Result<Handed, Error> {
        self.shared.turned.produce(Instant::now, topic, partition, record, who, haste)
    }

    /// Takes records in that leave together, once [`Self::ship`] says that they are all there.
    pub fn produce_many<'a, N: Who<W>>(
        &self,
        records: impl Iterator<Item = (&'a str, Option<i32>, Record<'a>, N)>,
    ) -> HandedMany<W> {
        self.shared.turned.produce_many(Instant::now(), records)
    }

    /// Takes records in that are stored together or not at all; see [`Machine::produce_whole`].
    pub fn produce_whole(
        &self,
        since: Instant,
        topic: &str,
        records: &[(Option<i32>, Record<'_>)],
        waiters: Vec<W>,
    ) -> Whole<W> {
        let now = Instant::now();
        let mut machine = self.shared.turned.machine();
        let whole = machine.produce_whole(now, since, topic, records, waiters);
        drop(machine);
        self.shared.turned.wake();
        whole
    }

    /// Waits until it is worth while to try that again; see [`Machine::when_whole_fits`]. Gives
    /// the waiter back if the core has ended.
    pub fn when_whole_fits(&self, topic: &str, size: usize, waiter: W) -> Option<W> {
        let wait = |machine: &mut Machine<W>, waiter| machine.when_whole_fits(topic, size, waiter);
        self.shared.turned.tell(waiter, wait)
    }

    /// See [`Machine::ship`].
    pub fn ship(&self) {
        if self.shared.turned.machine().ship(Instant::now()) {
            self.shared.turned.wake();
        }
    }

    /// Waits until a record is no longer in the line for memory; see [`Machine::when_admitted`].
    /// Gives the waiter back if the core has ended.
    pub fn when_admitted(&self, ticket: Ticket, waiter: W) -> Option<W> {
        self.shared.turned.tell(waiter, |machine, waiter| machine.when_admitted(ticket, waiter))
    }

    /// Waits until a record that was handed over is no longer in the line for memory, at most for
    /// `limit`; says whether it is not. It may have failed.
    pub fn wait_admitted(&self, ticket: Ticket, limit: Duration) -> bool {
        let until = Instant::now() + limit;
        loop {
            let seen = self.shared.room.last_call();
            if !self.shared.turned.machine().waits_for_memory(ticket) {
                return true;
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            self.shared.room.sleep(seen, left);
        }
    }

    /// See [`Machine::progress`].
    pub fn progress(&self) -> u64 {
        self.shared.turned.machine().progress()
    }

    /// See [`Machine::metrics`].
    pub fn metrics(&self) -> Metrics {
        self.shared.turned.machine().metrics()
    }

    /// Un-sends a record; see [`Machine::cancel`].
    pub fn cancel(&self, ticket: Ticket) -> Option<Unsent<W>> {
        let unsent = self.shared.turned.machine().cancel(Instant::now(), ticket);
        if unsent.is_some() {
            self.shared.turned.wake();
        }
        unsent
    }

    /// Un-sends those of several that still wait, in this order.
    pub fn cancel_many(&self, tickets: &[Ticket]) -> Vec<Unsent<W>> {
        let mut machine = self.shared.turned.machine();
        let now = Instant::now();
        let unsent = tickets.iter().filter_map(|ticket| machine.cancel(now, *ticket)).collect();
        drop(machine);
        self.shared.turned.wake();
        unsent
    }

    /// How many partitions a topic has, for a caller who says himself where records go; see
    /// [`Machine::partitions`].
    pub fn partitions(&self, topic: &str) -> Option<i32> {
        self.shared.turned.machine().partitions(topic)
    }

    /// See [`Machine::leaders`].
    pub fn leaders(&self, topic: &str) -> Vec<Option<NodeId>> {
        self.shared.turned.machine().leaders(topic)
    }

    /// The next record whose partition is to be named, with [`Self::place`].
    pub fn next_to_place(&self) -> Option<Asked> {
        let mut machine = self.shared.turned.machine();
        let placing = machine.poll_placing()?;
        Some(Asked {
            ticket: placing.ticket,
            topic: Arc::clone(placing.topic),
            partitions: placing.partitions,
            key: placing.key.map(<[u8]>::to_vec),
        })
    }

    /// Says where a record goes; see [`Machine::place`].
    pub fn place(&self, ticket: Ticket, partition: Result<i32, String>) {
        self.shared.turned.machine().place(Instant::now(), ticket, partition);
        self.shared.turned.wake();
    }

    /// What a record fails with whose caller cannot [place](Self::place) it, for this reason.
    pub fn placing_failed(&self, topic: &str, reason: &str) -> Error {
        self.shared.turned.machine().placing_failed(topic, reason)
    }

    /// Drops records; see [`Machine::purge`].
    pub fn purge(&self, what: Purge) {
        self.shared.turned.machine().purge(Instant::now(), what);
        self.shared.turned.wake();
    }

    /// Connects; see [`Machine::start`]. Gives the waiter back if the core has ended.
    pub fn connect(&self, waiter: W) -> Option<W> {
        self.shared.turned.tell(waiter, |machine, waiter| machine.start(Instant::now(), waiter))
    }

    /// Waits for any answer of the cluster; see [`Machine::ping`]. Gives the waiter back if the
    /// core has ended.
    pub fn ping(&self, limit: Duration, waiter: W) -> Option<W> {
        let ping = |machine: &mut Machine<W>, waiter| machine.ping(Instant::now(), limit, waiter);
        self.shared.turned.tell(waiter, ping)
    }

    /// Asks the cluster for all its brokers and topics; see [`Machine::describe_cluster`]. Gives
    /// the waiter back if the core has ended.
    pub fn describe_cluster(&self, limit: Option<Duration>, waiter: W) -> Option<W> {
        let describe = |machine: &mut Machine<W>, waiter| {
            machine.describe_cluster(Instant::now(), limit, waiter);
        };
        self.shared.turned.tell(waiter, describe)
    }

    /// See [`Machine::described`].
    pub fn described(&self) -> Option<Arc<ClusterDescription>> {
        self.shared.turned.machine().described()
    }

    /// Waits until the cluster has described a topic; see [`Machine::locate`]. Gives the waiter
    /// back if the core has ended.
    pub fn locate(&self, topic: &str, waiter: W) -> Option<W> {
        let locate = |machine: &mut Machine<W>, waiter| {
            machine.locate(Instant::now(), topic, waiter);
        };
        self.shared.turned.tell(waiter, locate)
    }

    /// See [`Machine::locate_for_records`].
    pub fn locate_for_records(&self, topic: &str, partition: Option<i32>, waiter: W) -> Option<W> {
        let locate = |machine: &mut Machine<W>, waiter| {
            machine.locate_for_records(Instant::now(), topic, partition, waiter);
        };
        self.shared.turned.tell(waiter, locate)
    }

    /// Waits for what was handed over before; see [`Machine::flush`]. Returns what
    /// [`Self::unsettled_before`] takes, or gives the waiter back if the core has ended.
    pub fn flush(&self, waiter: W) -> Result<Ticket, W> {
        let mut before = 0;
        let flush = |machine: &mut Machine<W>, waiter| {
            before = machine.flush(Instant::now(), waiter);
        };
        self.shared.turned.tell(waiter, flush).map_or(Ok(before), Err)
    }

    /// See [`Machine::trouble`].
    pub fn trouble(&self) -> Option<String> {
        self.shared.turned.machine().trouble()
    }

    /// See [`Machine::set_verbose`].
    pub fn set_verbose(&self, verbose: bool) {
        self.shared.turned.machine().set_verbose(verbose);
    }

    /// See [`Machine::unsettled`].
    pub fn unsettled(&self) -> usize {
        self.shared.turned.machine().unsettled()
    }

    /// See [`Machine::unsettled_before`].
    pub fn unsettled_before(&self, before: Ticket) -> usize {
        self.shared.turned.machine().unsettled_before(before)
    }

    /// Delivers what was handed over, for at most `limit`, and ends. Gives the waiter back if
    /// the core has ended already.
    pub fn close(&self, limit: Duration, waiter: Option<W>) -> Option<W> {
        // No clock reaches further than that.
        let limit = limit.min(Duration::from_secs(u32::MAX.into()));
        let close = |machine: &mut Machine<W>, waiter| {
            let now = Instant::now();
            machine.close(now, now + limit, waiter);
        };
        self.shared.turned.tell(waiter, close).flatten()
    }

    /// Waits until the core has ended, at most for `limit`; says whether it has.
    pub fn wait_ended(&self, limit: Duration) -> bool {
        let ended = self.shared.ended.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.shared.end.wait_timeout_while(ended, limit, |ended| !*ended);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }

    /// How many records were given up when it was closed.
    pub fn abandoned(&self) -> usize {
        self.shared.turned.machine().abandoned()
    }
}

/// Runs the driver, and delivers what was settled last when every task has ended and every socket
/// is closed. If it panics, or a caller has panicked while it changed the machine, every waiter is
/// told: a defect of ours must not leave a program hanging.
fn run<W: Send + 'static, S: Sink<W>>(shared: &Shared<W>, sink: S, drive: impl FnOnce(&S)) {
    let panicked = catch_unwind(AssertUnwindSafe(|| drive(&sink))).is_err();
    let mut last = Vec::new();
    {
        let mut machine = shared.turned.machine();
        if panicked {
            last.extend(machine.wreck());
        } else {
            last.extend(std::iter::from_fn(|| machine.poll_settled()));
        }
    }
    sink.end(last);
    shared.room.call();
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    /// Passes on who was told, and how.
    struct Told(mpsc::Sender<(u32, bool)>);

    impl Sink<u32> for Told {
        fn settle(&self, settled: Vec<Settled<u32>>) {
            for settled in settled {
                let told = match settled {
                    Settled::Call { waiter, result } => vec![(waiter, result.is_ok())],
                    Settled::Batch(batch) => {
                        let is_ok = batch.outcome.is_ok();
                        batch.waiting.iter().map(|waiting| (waiting.waiter, is_ok)).collect()
                    }
                };
                for told in told {
                    self.0.send(told).expect("the test listens");
                }
            }
        }

        fn end(self, settled: Vec<Settled<u32>>) {
            self.settle(settled);
        }

        fn note(&self, _: Notice) {}

        fn ask_where(&self) {}

        fn rest(waiter: &u32, _but: i32) -> u32 {
            *waiter
        }
    }

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn a_panic_under_the_lock_leaves_no_waiter_behind() {
        let config = Config::new("127.0.0.1:9").expect("an address");
        let (told, tells) = mpsc::channel();
        let client = Client::start(config, 1, Told(told)).expect("a thread");
        let record = Record { timestamp: 0, key: None, value: Some(b"v"), headers: &[] };
        client.produce("t", None, &record, Some(1), Haste::AtOnce).expect("it is open");
        let panics = client.clone();
        let panicked = thread::spawn(move || {
            let _machine = panics.shared.turned.machine();
            panic!("as a defect of ours would");
        });
        panicked.join().expect_err("it panics");
        assert!(client.wait_ended(LONG), "the driver has noticed");
        assert_eq!(tells.recv_timeout(LONG), Ok((1, false)));
        let refused = client.produce("t", None, &record, Some(2), Haste::AtOnce);
        assert!(refused.expect_err("it takes nothing more").fatal());
        assert_eq!(client.flush(3), Err(3), "no flush waits for what does not come");
        assert_eq!(client.close(LONG, Some(4)), Some(4));
        assert_eq!(client.abandoned(), 1);
    }
}
