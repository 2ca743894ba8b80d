//! The end of a machine that was left half-changed by a panic. Its rules hold no longer, so none is
//! relied on: every waiter is taken out of wherever it stands, and told.

use std::sync::Arc;

use super::Machine;
use super::admission::Delayed;
use crate::error::{Error, ErrorKind};
use crate::producer::batch::Ended;
use crate::producer::settled::{Settled, SettledBatch, Waiting, waited_for};
use crate::producer::topic::Topic;

impl<W> Machine<W> {
    /// Takes nothing more: a caller or the driver has panicked while it changed the machine.
    pub fn break_down(&mut self) {
        self.fatal.get_or_insert_with(broken);
    }

    /// Ends everything, and returns what is to be delivered; the machine is finished.
    pub fn wreck(&mut self) -> Vec<Settled<W>> {
        self.break_down();
        let mut last: Vec<_> = std::mem::take(&mut self.settled).into();
        for topic in &mut self.topics {
            let name = &topic.name;
            for (index, partition) in (0..).zip(&mut topic.partitions) {
                for mut batch in partition.queue.drain(..) {
                    let behind = std::mem::take(&mut batch.behind);
                    let maybe_written = batch.is_in_flight() || batch.maybe_written;
                    let own = batch.end(Err(broken().maybe_written(maybe_written)));
                    let is_told = batch.is_given_up();
                    for ended in (!is_told).then_some(own).into_iter().chain(behind) {
                        let Ended { count, outcome, waiting, .. } = ended;
                        self.abandoned += count as usize;
                        let unclaimed = (count as usize).saturating_sub(waited_for(&waiting));
                        let outcome = outcome.map_err(|error| error.topic(name).partition(index));
                        let topic = Arc::clone(name);
                        let batch =
                            SettledBatch { topic, partition: index, outcome, waiting, unclaimed };
                        last.push(Settled::Batch(batch));
                    }
                }
            }
        }
        let waiting = std::mem::take(&mut self.waiting).into_values();
        let unassigned = std::mem::take(&mut self.unassigned).into_values();
        let unplaced = std::mem::take(&mut self.unplaced).into_values();
        for Delayed { target, record, waiter, .. } in waiting.chain(unassigned).chain(unplaced) {
            self.abandoned += 1;
            let topic = self.name_of(target.topic);
            let (index, count, timestamp) = (0, 1, record.timestamp);
            let waiting = waiter.map(|waiter| Waiting { index, count, timestamp, waiter });
            last.push(Settled::Batch(SettledBatch {
                partition: target.partition.unwrap_or(-1),
                outcome: Err(broken().topic(&topic)),
                unclaimed: usize::from(waiting.is_none()),
                waiting: waiting.into_iter().collect(),
                topic,
            }));
        }
        let calls = (self.asking.drain(..).map(|asking| asking.waiter))
            .chain(self.wholes.drain(..).map(|(.., waiter)| waiter))
            .chain(self.admissions.drain(..).map(|(_, waiter)| waiter))
            .chain(self.flushing.drain(..).map(|(_, waiter)| waiter))
            .chain(self.closing.drain(..));
        last.extend(calls.map(|waiter| Settled::Call { waiter, result: Err(broken()) }));
        self.live.clear();
        for Topic { records, .. } in &mut self.topics {
            let ended = records.acknowledged + records.unsent;
            records.failed = records.handed_over.saturating_sub(ended);
        }
        self.finished = true;
        last
    }
}

fn broken() -> Error {
    let message = "the producer has met a defect of its own and gave up what was not delivered; \
                   create another one, and report the panic that it printed";
    Error::new(ErrorKind::Closed, message)
}
