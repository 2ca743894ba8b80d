//! The machine's cost of one call after its producer has used many topics: append a record, flush
//! one open record, and queue a record for memory. The topics are idle.

use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};

use workload::topics::{BATCH, IN_TURN, ManyTopics, TOPICS, large_record};

mod workload {
    pub(crate) mod cluster;
    pub(crate) mod topics;
}

/// Measures single calls; their preparation is not measured.
fn each(
    criterion: &mut Criterion,
    name: &str,
    topics: usize,
    mut call: impl FnMut(&mut ManyTopics) -> Duration,
) {
    let mut ready = None;
    criterion.bench_function(&format!("{name}/{topics}"), |bencher| {
        let ready = ready.get_or_insert_with(|| ManyTopics::new(topics));
        bencher.iter_custom(|calls| (0..calls).map(|_| call(ready)).sum());
    });
}

fn timed(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

/// Times are for one record; a batch's worth is measured at once.
fn append(criterion: &mut Criterion, name: &str, topics: usize, in_turn: usize) {
    let mut ready = None;
    criterion.bench_function(&format!("{name}/{topics}"), |bencher| {
        let ready = ready.get_or_insert_with(|| ManyTopics::new(topics));
        bencher.iter_custom(|records| {
            let mut left = records as usize;
            let mut spent = Duration::ZERO;
            while left > 0 {
                let records = left.min(in_turn * BATCH);
                spent += timed(|| ready.append(records, in_turn));
                ready.deliver();
                left -= records;
            }
            spent
        });
    });
}

fn measure(criterion: &mut Criterion) {
    for topics in TOPICS {
        append(criterion, "append to one topic", topics, 1);
    }
    for topics in TOPICS.into_iter().filter(|topics| *topics >= IN_TURN) {
        append(criterion, "append to 100 topics in turn", topics, IN_TURN);
    }
    for topics in TOPICS {
        each(criterion, "flush", topics, |ready| {
            ready.open();
            let spent = timed(|| ready.flush());
            ready.deliver();
            spent
        });
    }
    for topics in TOPICS {
        each(criterion, "wait for memory", topics, |ready| {
            ready.fill_memory();
            let record = large_record();
            let spent = timed(|| ready.wait(record));
            ready.deliver();
            spent
        });
    }
}

criterion_group! {
    name = benches;
    // Fifteen rows in less than a minute.
    config = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_secs(1));
    targets = measure
}
criterion_main!(benches);
