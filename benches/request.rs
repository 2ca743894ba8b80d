//! The cost of a produce request without its batches, and of decoding the answer. Times are for one
//! request; rates are in partitions, with one batch each.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};

use workload::requests::{self, PARTITIONS};

mod workload {
    pub(crate) mod requests;
}

fn encode(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("encode a request");
    for partitions in PARTITIONS {
        let batches = requests::batches(partitions);
        group.throughput(Throughput::Elements(partitions as u64));
        group.bench_function(format!("{partitions} partitions"), |bencher| {
            bencher.iter(|| requests::encode(&batches));
        });
    }
}

fn decode(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("decode an answer");
    for partitions in PARTITIONS {
        let answer = requests::answer(partitions);
        group.throughput(Throughput::Elements(partitions as u64));
        group.bench_function(format!("{partitions} partitions"), |bencher| {
            bencher.iter(|| requests::decode(&answer));
        });
    }
}

criterion_group!(benches, encode, decode);
criterion_main!(benches);
