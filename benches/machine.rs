//! The machine's cost for each record: when it is appended, and when its batch is acknowledged.
//! Times are for one full batch of 100-byte records; rates are in records.

use criterion::measurement::WallTime;
use criterion::{
    BatchSize, BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main,
};
use dekaf::config::Partitioner;

use workload::machine::{CASES, Ready, TO_PARTITION};

mod workload {
    pub(crate) mod machine;
}

fn group<'a>(criterion: &'a mut Criterion, name: &str) -> BenchmarkGroup<'a, WallTime> {
    let mut group = criterion.benchmark_group(name);
    group.throughput(Throughput::Elements(Ready::new(Partitioner::Java).fill(&TO_PARTITION)));
    group
}

fn produce(criterion: &mut Criterion) {
    let mut group = group(criterion, "produce");
    for case in CASES {
        group.bench_function(case.name, |bencher| {
            bencher.iter_batched_ref(
                || Ready::new(case.partitioner),
                |ready| ready.fill(&case),
                BatchSize::PerIteration,
            );
        });
    }
}

fn settle(criterion: &mut Criterion) {
    let mut group = group(criterion, "settle");
    for (name, waiter) in [("nobody waits", None), ("each is awaited", Some(9))] {
        group.bench_function(name, |bencher| {
            bencher.iter_batched_ref(
                || {
                    let mut ready = Ready::new(Partitioner::Java);
                    let (id, response) = ready.send();
                    ready.answer(id, &response);
                    // The open batch already has its first record.
                    ready.fill(&TO_PARTITION.with_waiter(waiter));
                    let (id, response) = ready.send();
                    (ready, id, response)
                },
                |(ready, id, response)| ready.answer(*id, response),
                BatchSize::PerIteration,
            );
        });
    }
}

criterion_group!(benches, produce, settle);
criterion_main!(benches);
