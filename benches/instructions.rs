//! The workloads whose instructions `make bench-instructions` counts, one row at a time. This
//! program runs a row under callgrind, which counts only inside [`counted`], and prints the number
//! of operations. All inputs are fixed, so that a row costs the same in every run.
//!
//!     instructions --list     list every row with its unit
//!     instructions ROW        run one row
//!     instructions            run every row once, as a smoke test

#![expect(clippy::print_stdout, reason = "the counting program reads this")]

use std::env;
use std::hint::black_box;

use dekaf::config::Partitioner;
use dekaf::record::{
    BatchBuilder, Codec, Compression, Compressor, Decompressor, Header, decode_batch_within,
};

use workload::batches::{self, BATCH_SIZE, IDENTITY, RECORDS, batch_of_orders};
use workload::machine::{self, CASES, Case, Ready, TO_PARTITION};
use workload::requests::{self, PARTITIONS};
use workload::topics::{BATCH, IN_TURN, ManyTopics, TOPICS, large_record};

mod workload {
    pub(crate) mod batches;
    pub(crate) mod cluster;
    pub(crate) mod machine;
    pub(crate) mod requests;
    pub(crate) mod topics;
}

/// The number of repetitions of each row's work.
const ROUNDS: u64 = 10;

struct Row {
    name: String,
    /// The unit of the result: instructions per record, batch or request.
    unit: &'static str,
    /// Performs the work and returns the number of counted operations.
    run: Box<dyn Fn() -> u64>,
}

fn main() {
    let argument = env::args().nth(1).filter(|argument| argument != "--bench");
    match argument.as_deref() {
        Some("--list") => {
            for row in rows() {
                println!("{}\t{}", row.name, row.unit);
            }
        }
        Some(name) => {
            let row = rows().into_iter().find(|row| row.name == name);
            let row = row.unwrap_or_else(|| panic!("no row {name:?}: --list names them"));
            println!("{}", (row.run)());
        }
        None => {
            for row in rows() {
                println!("{}: {} operations", row.name, (row.run)());
            }
        }
    }
}

/// Callgrind counts only inside this function, which it finds by name.
#[inline(never)]
fn counted<R>(work: impl FnOnce() -> R) -> R {
    black_box(work())
}

/// Repeats the same work. The first run is not counted, because it includes one-time
/// initialization. Preparing inputs and dropping results are not counted either.
fn repeat<T, R>(mut prepare: impl FnMut() -> T, mut work: impl FnMut(T) -> R) -> u64 {
    black_box(work(prepare()));
    for _ in 0..ROUNDS {
        let input = black_box(prepare());
        counted(|| work(input));
    }
    ROUNDS
}

fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    let mut row = |name: String, unit: &'static str, run: Box<dyn Fn() -> u64>| {
        rows.push(Row { name, unit, run });
    };
    for case in CASES {
        row(format!("produce, {}", case.name), "record", Box::new(move || produce(case)));
    }
    row("send a batch".into(), "batch", Box::new(send));
    for (name, waiter) in [("nobody waits", None), ("each is awaited", Some(9))] {
        row(format!("settle, {name}"), "record", Box::new(move || settle(waiter)));
    }
    for (name, size, headers) in RECORDS {
        row(format!("append, {name}"), "record", Box::new(move || append(size, headers)));
    }
    for (name, compression) in compressions() {
        row(format!("seal, {name}"), "batch", Box::new(move || seal(compression)));
        row(format!("decode, {name}"), "batch", Box::new(move || decode(compression)));
        row(format!("split, {name}"), "batch", Box::new(move || split(compression)));
    }
    row("write a batch's header".into(), "batch", Box::new(header));
    for partitions in PARTITIONS {
        let encode = move || {
            let batches = requests::batches(partitions);
            repeat(|| (), |()| requests::encode(&batches))
        };
        row(format!("encode a request, {partitions} partitions"), "request", Box::new(encode));
        let decode = move || {
            let answer = requests::answer(partitions);
            repeat(|| (), |()| requests::decode(&answer))
        };
        row(format!("decode an answer, {partitions} partitions"), "answer", Box::new(decode));
    }
    for topics in TOPICS {
        let append = move || append_to_topics(topics, 1);
        row(format!("append to one topic of {topics}"), "record", Box::new(append));
    }
    for topics in TOPICS.into_iter().filter(|topics| *topics >= IN_TURN) {
        let append = move || append_to_topics(topics, IN_TURN);
        row(format!("append in turn to {IN_TURN} topics of {topics}"), "record", Box::new(append));
    }
    for topics in TOPICS {
        row(format!("flush one record, {topics} topics"), "flush", Box::new(move || flush(topics)));
        row(format!("wait for memory, {topics} topics"), "record", Box::new(move || wait(topics)));
    }
    rows
}

/// Fills batches with records; between them, batches are sent and acknowledged, which is not
/// counted.
fn produce(case: Case) -> u64 {
    let mut ready = Ready::new(case.partitioner);
    let acknowledge = |ready: &mut Ready| {
        let (id, response) = ready.send();
        ready.answer(id, &response);
    };
    acknowledge(&mut ready);
    ready.fill(&case);
    let mut records = 0;
    for _ in 0..ROUNDS {
        acknowledge(&mut ready);
        records += counted(|| ready.fill(&case));
    }
    records
}

/// Counts the machine's work to send a full batch, without sealing.
fn send() -> u64 {
    let mut ready = Ready::new(Partitioner::Java);
    for _ in 0..ROUNDS {
        let (id, batch) = counted(|| ready.take_batch());
        let batch = machine::sealed(batch);
        counted(|| ready.hand_back(id, batch));
        ready.answer(id, &machine::stored());
        ready.fill(&TO_PARTITION);
    }
    ROUNDS
}

fn settle(waiter: Option<u64>) -> u64 {
    let case = TO_PARTITION.with_waiter(waiter);
    let mut ready = Ready::new(Partitioner::Java);
    // Send the open batch first: its first record belongs to another case.
    let (id, response) = ready.send();
    ready.answer(id, &response);
    let mut records = 0;
    for _ in 0..ROUNDS {
        records += ready.fill(&case);
        let (id, response) = ready.send();
        counted(|| ready.answer(id, &response));
    }
    records
}

/// Appends a batch's worth of records to each used topic.
fn append_to_topics(topics: usize, in_turn: usize) -> u64 {
    let records = in_turn * BATCH;
    count_once(topics, |_| (), |ready, ()| ready.append(records, in_turn));
    records as u64
}

fn flush(topics: usize) -> u64 {
    count_once(topics, ManyTopics::open, |ready, ()| ready.flush());
    1
}

fn wait(topics: usize) -> u64 {
    let prepare = |ready: &mut ManyTopics| {
        ready.fill_memory();
        large_record()
    };
    count_once(topics, prepare, ManyTopics::wait);
    1
}

/// Runs the work twice and counts only the second run: with many topics the preparation takes
/// callgrind longer than the work.
fn count_once<T>(
    topics: usize,
    mut prepare: impl FnMut(&mut ManyTopics) -> T,
    mut work: impl FnMut(&mut ManyTopics, T),
) {
    let mut ready = ManyTopics::new(topics);
    let input = prepare(&mut ready);
    work(&mut ready, input);
    ready.deliver();
    let input = black_box(prepare(&mut ready));
    sort_freed_memory();
    counted(|| work(&mut ready, input));
}

/// Delivering a record of each topic frees many blocks of memory. glibc sorts them, 10,000 at a
/// time, at the next large allocation, which would dominate the count.
fn sort_freed_memory() {
    for _ in 0..100 {
        drop(black_box(Vec::<u8>::with_capacity(BATCH_SIZE)));
    }
}

fn append(size: usize, headers: &[Header<'_>]) -> u64 {
    let value = vec![b'v'; size];
    let mut records = 0;
    for _ in 0..ROUNDS {
        let mut batch = BatchBuilder::with_capacity(BATCH_SIZE);
        records += counted(|| batches::fill(&mut batch, &value, headers)) as u64;
    }
    records
}

/// Returns each codec at one common level.
fn compressions() -> Vec<(&'static str, Compression)> {
    let levels = [
        ("none", Codec::None, None),
        ("snappy", Codec::Snappy, None),
        ("lz4", Codec::Lz4, None),
        ("zstd 3", Codec::Zstd, Some(3)),
        ("gzip 6", Codec::Gzip, Some(6)),
    ];
    levels
        .into_iter()
        .map(|(name, codec, level)| {
            (name, Compression::new(codec, level).expect("the level is valid"))
        })
        .collect()
}

fn seal(compression: Compression) -> u64 {
    let mut compressor = Compressor::new();
    repeat(batch_of_orders, |batch| batch.seal(compression, &mut compressor))
}

fn decode(compression: Compression) -> u64 {
    let bytes = batches::sealed(compression).to_bytes(IDENTITY);
    let mut decompressor = Decompressor::new();
    repeat(|| (), |()| decode_batch_within(BATCH_SIZE, black_box(&bytes), &mut decompressor))
}

fn split(compression: Compression) -> u64 {
    let batch = batches::sealed(compression);
    let target = batch.size() * 5 / 8;
    let (mut compressor, mut decompressor) = (Compressor::new(), Decompressor::new());
    repeat(|| (), |()| black_box(&batch).split(target, &mut compressor, &mut decompressor))
}

fn header() -> u64 {
    let batch = batches::sealed(Compression::NONE);
    repeat(|| (), |()| black_box(&batch).header(black_box(IDENTITY)))
}
