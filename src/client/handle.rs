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
use super::turned::Turned;
use crate::config::Config;
use crate::error::Result;
use crate::producer::{Machine, Settled};
use crate::record::Record;

/// Where settled records and calls go. Called on the core's thread, without any lock held.
pub trait Sink<W>: Send + Sync + 'static {
    /// Takes what was settled in one turn.
    fn settle(&self, settled: Vec<Settled<W>>);
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
    ended: Mutex<bool>,
    end: Condvar,
}

impl<W: Send + 'static> Client<W> {
    /// Starts the core's thread. `seed` feeds what is random: jitter and the spread over
    /// partitions.
    pub fn start(config: Config, seed: u64, sink: impl Sink<W>) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let shared = Arc::new(Shared {
            turned: Turned::new(Machine::new(config.clone(), seed)),
            ended: Mutex::new(false),
            end: Condvar::new(),
        });
        let inside = Arc::clone(&shared);
        thread::Builder::new().name("dekaf".into()).spawn(move || {
            run(&inside, &sink, || {
                let local = tokio::task::LocalSet::new();
                local.block_on(&runtime, driver::drive(&inside.turned, &sink, &config));
                drop(local);
                // A look-up of a host's name may hang for as long as the system likes.
                runtime.shutdown_background();
            });
            *inside.ended.lock().unwrap_or_else(PoisonError::into_inner) = true;
            inside.end.notify_all();
        })?;
        Ok(Self { shared })
    }

    /// Takes a record in; see [`Machine::produce`].
    pub fn produce(
        &self,
        topic: &str,
        partition: Option<i32>,
        record: &Record<'_>,
        waiter: Option<W>,
        urgent: bool,
    ) -> Result<()> {
        let now = Instant::now();
        self.shared.turned.produce(now, topic, partition, record, waiter, urgent)
    }

    /// Connects; see [`Machine::start`]. Gives the waiter back if the core has ended.
    pub fn connect(&self, waiter: W) -> Option<W> {
        self.shared.turned.tell(waiter, |machine, waiter| machine.start(Instant::now(), waiter))
    }

    /// Waits for what was handed over before; see [`Machine::flush`]. Gives the waiter back if
    /// the core has ended.
    pub fn flush(&self, waiter: W) -> Option<W> {
        self.shared.turned.tell(waiter, |machine, waiter| machine.flush(Instant::now(), waiter))
    }

    /// Delivers what was handed over, for at most `limit`, and ends. Gives the waiter back if
    /// the core has ended already.
    pub fn close(&self, limit: Duration, waiter: Option<W>) -> Option<W> {
        // No clock reaches further than that.
        let limit = limit.min(Duration::from_secs(u32::MAX.into()));
        let close =
            |machine: &mut Machine<W>, waiter| machine.close(Instant::now() + limit, waiter);
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

/// Runs the driver, and tells the last ones when every task has ended and every socket is
/// closed. Should it panic, everybody who waits still hears of it: a defect of ours must not
/// leave a program hanging.
fn run<W: Send + 'static>(shared: &Shared<W>, sink: &impl Sink<W>, drive: impl FnOnce()) {
    let panicked = catch_unwind(AssertUnwindSafe(drive)).is_err();
    let mut last = Vec::new();
    {
        let mut machine = shared.turned.machine();
        if panicked {
            // Whatever state it is in, nobody may wait for it any longer; a second panic has
            // been reported like the first.
            let _given_up = catch_unwind(AssertUnwindSafe(|| {
                let now = Instant::now();
                machine.close(now, None);
                machine.handle_timeout(now);
            }));
        }
        last.extend(std::iter::from_fn(|| machine.poll_settled()));
    }
    sink.settle(last);
}
