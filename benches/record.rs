//! What a record and a batch cost: appending, sealing with each codec, codecs alone, a new header,
//! reading back, splitting. `make bench-core` runs them; `cargo bench --bench record -- append` some.

use std::hint::black_box;

use bytes::Bytes;
use criterion::measurement::WallTime;
use criterion::{
    BatchSize, BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main,
};
use dekaf::record::{
    BatchBuilder, Codec, Compression, Compressor, Decompressor, Header, Identity, Record,
    SealedBatch, decode_batch_within,
};
use lz4_flex::block::{CompressTable, compress_into_with_table};
use zstd::zstd_safe::{CCtx, CParameter};

/// The default size of a batch.
const BATCH_SIZE: usize = 65_536;

const IDENTITY: Identity = Identity { producer_id: 4001, epoch: 2, base_sequence: 77 };

fn record<'a>(timestamp: i64, key: &'a [u8], value: &'a [u8]) -> Record<'a> {
    Record { timestamp, key: Some(key), value: Some(value), headers: &[] }
}

/// Fills a batch and returns how many records it took, as the producer does it.
fn fill(batch: &mut BatchBuilder, value: &[u8], headers: &[Header<'_>]) -> i32 {
    for timestamp in 1_700_000_000_000.. {
        let record = Record { headers, ..record(timestamp, b"", value) };
        if batch.try_append(black_box(&record), BATCH_SIZE).is_none() {
            break;
        }
    }
    batch.count()
}

/// The time is of one batch of 64 KiB; the rate is of records.
fn append(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("append");
    let headers: [Header<'_>; 2] = [("trace-id", Some(b"4bf92f3577b34da6")), ("v", Some(b"1"))];
    let cases: [(&str, usize, &[Header<'_>]); 4] = [
        ("10 B", 10, &[]),
        ("100 B", 100, &[]),
        ("100 B and two headers", 100, &headers),
        ("1 KiB", 1024, &[]),
    ];
    for (name, size, headers) in cases {
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

/// Orders of a shop, which differ in what orders differ in.
fn orders() -> Vec<(String, String)> {
    const STATES: [&str; 4] = ["created", "paid", "shipped", "returned"];
    const CITIES: [&str; 6] = ["Berlin", "Tbilisi", "Lisboa", "Osaka", "Montréal", "Accra"];
    let mut state = 42_u64;
    let mut random = |below: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % below
    };
    (0..2000)
        .map(|number| {
            let key = format!("customer-{}", random(5000));
            let value = format!(
                r#"{{"order_id":{},"customer":"{key}","state":"{}","city":"{}","amount":{}.{:02},"items":{},"email":"user{}@example.com","created_at":"2026-02-{:02}T{:02}:{:02}:{:02}Z"}}"#,
                7_000_000 + number,
                STATES[random(4) as usize],
                CITIES[random(6) as usize],
                random(900),
                random(100),
                1 + random(9),
                random(100_000),
                1 + random(28),
                random(24),
                random(60),
                random(60),
            );
            (key, value)
        })
        .collect()
}

/// A full batch of them.
fn batch_of_orders() -> BatchBuilder {
    let mut batch = BatchBuilder::with_capacity(BATCH_SIZE);
    for (timestamp, (key, value)) in (1_700_000_000_000..).zip(&orders()) {
        let record = record(timestamp, key.as_bytes(), value.as_bytes());
        if batch.try_append(&record, BATCH_SIZE).is_none() {
            break;
        }
    }
    batch
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

fn sealed(compression: Compression) -> SealedBatch {
    batch_of_orders().seal(compression, &mut Compressor::new())
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

/// The codecs by themselves, with contexts and memory that are kept: what sealing comes close to.
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
