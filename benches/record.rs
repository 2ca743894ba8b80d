//! The cost of records and batches: append, seal with each codec, the codecs alone, a new header,
//! decode, split. Run them with `make bench-core`, or some with `cargo bench --bench record --
//! append`.

use std::hint::black_box;

use bytes::Bytes;
use criterion::measurement::WallTime;
use criterion::{
    BatchSize, BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main,
};
use dekaf::record::{
    BatchBuilder, Codec, Compression, Compressor, Decompressor, decode_batch_within,
};
use lz4_flex::block::{CompressTable, compress_into_with_table};
use zstd::zstd_safe::{CCtx, CParameter};

use workload::batches::{BATCH_SIZE, IDENTITY, RECORDS, batch_of_orders, fill, sealed};

mod workload {
    pub(crate) mod batches;
}

/// Times are for one batch of 64 KiB; rates are in records.
fn append(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("append");
    for (name, size, headers) in RECORDS {
        let value = vec![b'v'; size];
        let count = fill(&mut BatchBuilder::with_capacity(BATCH_SIZE), &value, headers);
        group.throughput(Throughput::Elements(count as u64));
        group.bench_function(name, |bencher| {
            bencher.iter_batched_ref(
                || BatchBuilder::with_capacity(BATCH_SIZE),
                |batch| fill(batch, &value, headers),
                BatchSize::PerIteration,
            );
        });
    }
}

fn compressions() -> Vec<(String, Compression)> {
    let levels = [
        (Codec::None, None),
        (Codec::Snappy, None),
        (Codec::Lz4, None),
        (Codec::Zstd, Some(-5)),
        (Codec::Zstd, Some(1)),
        (Codec::Zstd, Some(3)),
        (Codec::Zstd, Some(9)),
        (Codec::Gzip, Some(1)),
        (Codec::Gzip, Some(6)),
        (Codec::Gzip, Some(9)),
    ];
    levels
        .into_iter()
        .map(|(codec, level)| {
            let name = level.map_or(codec.to_string(), |level| format!("{codec} {level}"));
            (name, Compression::new(codec, level).expect("a level of the codec's"))
        })
        .collect()
}

fn group<'a>(criterion: &'a mut Criterion, name: &str) -> BenchmarkGroup<'a, WallTime> {
    let mut group = criterion.benchmark_group(name);
    group.throughput(Throughput::Bytes(batch_of_orders().size() as u64));
    group
}

/// Compression and checksum.
fn seal(criterion: &mut Criterion) {
    let mut group = group(criterion, "seal");
    let mut compressor = Compressor::new();
    for (name, compression) in compressions() {
        let batch = sealed(compression);
        let percent = 100 * batch.size() / batch.uncompressed_size();
        group.bench_function(format!("{name}, to {percent} %"), |bencher| {
            bencher.iter_batched(
                batch_of_orders,
                |batch| batch.seal(compression, &mut compressor),
                BatchSize::PerIteration,
            );
        });
    }
}

/// The codecs alone, with reused contexts and memory: the lower limit for sealing.
fn codec(criterion: &mut Criterion) {
    let records = sealed(Compression::NONE).body().clone();
    let mut output = vec![0; 2 * records.len()];
    let mut group = group(criterion, "codec alone");
    let mut table = CompressTable::default();
    group.bench_function("lz4", |bencher| {
        bencher.iter(|| compress_into_with_table(&records, &mut output, &mut table));
    });
    for level in [1, 3] {
        let mut context = CCtx::create();
        let level_set = context.set_parameter(CParameter::CompressionLevel(level));
        level_set.expect("a level of zstd's");
        group.bench_function(format!("zstd {level}"), |bencher| {
            bencher.iter(|| context.compress2(&mut output[..], &records));
        });
    }
}

fn header(criterion: &mut Criterion) {
    let batch = sealed(Compression::NONE);
    criterion.bench_function("header", |bencher| {
        bencher.iter(|| black_box(&batch).header(black_box(IDENTITY)));
    });
}

fn decode(criterion: &mut Criterion) {
    let mut group = group(criterion, "decode");
    let mut decompressor = Decompressor::new();
    for (name, compression) in compressions() {
        let bytes: Bytes = sealed(compression).to_bytes(IDENTITY);
        group.bench_function(name, |bencher| {
            bencher.iter(|| decode_batch_within(BATCH_SIZE, &bytes, &mut decompressor));
        });
    }
}

fn split(criterion: &mut Criterion) {
    let mut group = group(criterion, "split in two");
    let (mut compressor, mut decompressor) = (Compressor::new(), Decompressor::new());
    for (name, compression) in compressions() {
        let batch = sealed(compression);
        let target = batch.size() * 5 / 8;
        group.bench_function(name, |bencher| {
            bencher.iter(|| batch.split(target, &mut compressor, &mut decompressor));
        });
    }
}

criterion_group!(benches, append, seal, codec, header, decode, split);
criterion_main!(benches);
