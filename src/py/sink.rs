//! Sorts what the core has settled by the event loop that waits for it.

use std::sync::Arc;

use super::port::{Port, Waiter};
use crate::client::Sink;
use crate::producer::{Settled, SettledBatch};

/// The core's way to the event loops.
#[derive(Debug)]
pub(super) struct Ports;

impl Sink<Waiter> for Ports {
    fn settle(&self, settled: Vec<Settled<Waiter>>) {
        let mut by_port: Vec<(Arc<Port>, Vec<Settled<Waiter>>)> = Vec::new();
        for settled in settled {
            match settled {
                Settled::Call { waiter, result } => {
                    let port = Arc::clone(&waiter.port);
                    add(&mut by_port, port, Settled::Call { waiter, result });
                }
                Settled::Batch(batch) => {
                    for (port, part) in split(batch) {
                        add(&mut by_port, port, Settled::Batch(part));
                    }
                }
            }
        }
        for (port, settled) in by_port {
            port.push(settled);
        }
    }
}

fn add(
    by_port: &mut Vec<(Arc<Port>, Vec<Settled<Waiter>>)>,
    port: Arc<Port>,
    settled: Settled<Waiter>,
) {
    match by_port.iter_mut().find(|(known, _)| Arc::ptr_eq(known, &port)) {
        Some((_, list)) => list.push(settled),
        None => by_port.push((port, vec![settled])),
    }
}

/// Records of one batch may be awaited in several loops; nearly always it is one.
fn split(mut batch: SettledBatch<Waiter>) -> Vec<(Arc<Port>, SettledBatch<Waiter>)> {
    let mut parts = Vec::with_capacity(1);
    while let Some(first) = batch.waiting.first() {
        let loops = Arc::clone(&first.waiter.port);
        let (mine, others) = std::mem::take(&mut batch.waiting)
            .into_iter()
            .partition(|waiting| Arc::ptr_eq(&waiting.waiter.port, &loops));
        batch.waiting = others;
        let topic = Arc::clone(&batch.topic);
        let outcome = batch.outcome.clone();
        let part = SettledBatch { topic, partition: batch.partition, outcome, waiting: mine };
        parts.push((loops, part));
    }
    parts
}
