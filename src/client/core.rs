//! Starts the core thread, runs the driver on it, and settles the remaining waiters when the driver
//! returns or panics.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use super::driver::drive;
use super::shared_machine::SharedMachine;
use super::sink::Sink;
use super::turn_signal::TurnSignal;
use crate::config::Config;
use crate::net::{SecurityCounts, without_signals};
use crate::producer::Machine;

/// State that callers and the core thread share.
#[derive(Debug)]
pub(super) struct Core<W> {
    pub(super) shared: SharedMachine<W>,
    pub(super) signal: TurnSignal,
    pub(super) security: Arc<SecurityCounts>,
    ended: Mutex<bool>,
    end: Condvar,
}

impl<W: Send + 'static> Core<W> {
    /// Starts the core thread. `seed` is for retry jitter and the choice of partitions.
    pub(super) fn start<S: Sink<W>>(config: Config, seed: u64, sink: S) -> io::Result<Arc<Self>> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let core = Arc::new(Self {
            shared: SharedMachine::new(Machine::with_rest(config.clone(), seed, S::rest)),
            signal: TurnSignal::default(),
            security: Arc::default(),
            ended: Mutex::new(false),
            end: Condvar::new(),
        });
        let inside = Arc::clone(&core);
        let work = move || {
            run(&inside, sink, |sink| {
                let local = tokio::task::LocalSet::new();
                let Self { shared, signal, security, .. } = &*inside;
                local.block_on(&runtime, drive(shared, signal, sink, &config, security));
                drop(local);
                // A DNS lookup may hang without limit: do not wait for it.
                runtime.shutdown_background();
            });
            *inside.ended.lock().unwrap_or_else(PoisonError::into_inner) = true;
            inside.end.notify_all();
        };
        without_signals(|| thread::Builder::new().name("dekaf".into()).spawn(work))?;
        Ok(core)
    }
}

impl<W> Core<W> {
    /// Waits until the core thread has ended, for at most `limit`. Returns whether it has.
    pub(super) fn wait_ended(&self, limit: Duration) -> bool {
        let ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.end.wait_timeout_while(ended, limit, |ended| !*ended);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

/// Runs the driver. Delivers the last results after every task has ended and every socket is
/// closed. If the driver panics, or a caller panicked while it changed the machine, every waiter
/// fails: a bug in dekaf must not leave a program hanging.
fn run<W: Send + 'static, S: Sink<W>>(core: &Core<W>, sink: S, drive: impl FnOnce(&S)) {
    let panicked = catch_unwind(AssertUnwindSafe(|| drive(&sink))).is_err();
    let mut last = Vec::new();
    {
        let mut machine = core.shared.machine();
        if panicked {
            last.extend(machine.fail_all_after_panic());
        } else {
            last.extend(std::iter::from_fn(|| machine.poll_settled()));
        }
    }
    sink.end(last);
    core.signal.notify();
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Instant;

    use super::*;
    use crate::net::ProgramRequest;
    use crate::producer::{Haste, Notice, Settled};
    use crate::record::Record;

    /// Reports which waiters were completed, and whether they succeeded.
    struct Reports(mpsc::Sender<(u32, bool)>);

    impl Sink<u32> for Reports {
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

        fn provide(&self, _: ProgramRequest) {}

        fn rest(waiter: &u32, _but: i32) -> u32 {
            *waiter
        }
    }

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn a_panic_under_the_lock_completes_every_waiter() {
        let config = Config::new("127.0.0.1:9").expect("an address");
        let (told, tells) = mpsc::channel();
        let core = Core::start(config, 1, Reports(told)).expect("a thread");
        let record = Record { timestamp: 0, key: None, value: Some(b"v"), headers: &[] };
        let produce =
            |who| core.shared.produce(Instant::now, "t", None, &record, Some(who), Haste::AtOnce);
        produce(1).expect("it is open");
        let panics = Arc::clone(&core);
        let panicked = thread::spawn(move || {
            let _machine = panics.shared.machine();
            panic!("as a defect of ours would");
        });
        panicked.join().expect_err("it panics");
        assert!(core.wait_ended(LONG), "the driver has noticed");
        assert_eq!(tells.recv_timeout(LONG), Ok((1, false)));
        assert!(produce(2).expect_err("it takes nothing more").fatal());
        let waits =
            |_: &mut Machine<u32>, _| unreachable!("no waiter waits for what does not come");
        assert_eq!(core.shared.submit(3, waits), Some(3));
        assert_eq!(core.shared.machine().abandoned(), 1);
    }
}
