//! The end of a machine that a panic left half-changed. Its invariants may be broken, so the code
//! relies on none: every waiter is taken out of its component, and completes with an error.

use std::sync::Arc;

use super::Machine;
use crate::error::{Error, ErrorKind};
use crate::producer::delayed::Delayed;
use crate::producer::partition::Completion;
use crate::producer::queues::TopicQueues;
use crate::producer::settled::Settled;

impl<W> Machine<W> {
    /// Accepts nothing more: a caller or the driver has panicked while it changed the machine.
    pub fn poison(&mut self) {
        if self.shutdown.failure().is_none() {
            self.shutdown.fail(broken());
        }
    }

    /// Ends everything, and returns the results to deliver. The machine is finished then.
    pub fn fail_all_after_panic(&mut self) -> Vec<Settled<W>> {
        self.poison();
        for (topic, queues) in self.cluster.topics().zip(self.queues.iter_mut()) {
            for (index, partition) in (0..).zip(&mut queues.partitions) {
                for completion in partition
                    .fail_all_after_panic(|maybe_written| broken().maybe_written(maybe_written))
                {
                    let Completion { count, outcome, waiting, .. } = completion;
                    self.results.abandon(count as usize);
                    self.results.batch(Arc::clone(topic.name()), index, outcome, waiting, count);
                }
            }
        }
        while let Some((_, delayed)) = self.memory.pop().or_else(|| self.unassigned.pop()) {
            let Delayed { target, record, waiter, .. } = delayed;
            let topic = self.cluster.name_of(target.topic);
            self.results.abandon(1);
            self.results.refused(topic, target.partition, record.timestamp, waiter, broken());
        }
        self.drop_calls(&broken());
        let calls =
            (self.memory.take_calls()).chain(self.tickets.clear()).chain(self.shutdown.finish());
        for waiter in calls {
            self.results.call(waiter, Err(broken()));
        }
        for TopicQueues { records, .. } in self.queues.iter_mut() {
            let ended = records.acknowledged + records.unsent;
            records.failed = records.handed_over.saturating_sub(ended);
        }
        std::iter::from_fn(|| self.results.pop()).collect()
    }
}

fn broken() -> Error {
    let message = "the producer has met a defect of its own and gave up what was not delivered; \
                   create another one, and report the panic that it printed";
    Error::new(ErrorKind::Closed, message)
}
