//! Record batches: small values to append, and a full batch of orders to seal, decode and split.

use std::hint::black_box;

use dekaf::record::{BatchBuilder, Compression, Compressor, Header, Identity, Record, SealedBatch};

/// The default `batch_size`.
pub(crate) const BATCH_SIZE: usize = 65_536;

pub(crate) const IDENTITY: Identity = Identity { producer_id: 4001, epoch: 2, base_sequence: 77 };

const HEADERS: [Header<'_>; 2] = [("trace-id", Some(b"4bf92f3577b34da6")), ("v", Some(b"1"))];

/// Records to fill a batch with: name, size of the values, headers.
pub(crate) const RECORDS: [(&str, usize, &[Header<'_>]); 4] = [
    ("10 B", 10, &[]),
    ("100 B", 100, &[]),
    ("100 B and two headers", 100, &HEADERS),
    ("1 KiB", 1024, &[]),
];

fn record<'a>(timestamp: i64, key: &'a [u8], value: &'a [u8]) -> Record<'a> {
    Record { timestamp, key: Some(key), value: Some(value), headers: &[] }
}

/// Fills a batch as the producer does, and returns the number of records.
pub(crate) fn fill(batch: &mut BatchBuilder, value: &[u8], headers: &[Header<'_>]) -> i32 {
    for timestamp in 1_700_000_000_000.. {
        let record = Record { headers, ..record(timestamp, b"", value) };
        if batch.try_append(black_box(&record), BATCH_SIZE).is_none() {
            break;
        }
    }
    batch.count()
}

/// Orders of a shop, with realistic variation.
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

pub(crate) fn batch_of_orders() -> BatchBuilder {
    let mut batch = BatchBuilder::with_capacity(BATCH_SIZE);
    for (timestamp, (key, value)) in (1_700_000_000_000..).zip(&orders()) {
        let record = record(timestamp, key.as_bytes(), value.as_bytes());
        if batch.try_append(&record, BATCH_SIZE).is_none() {
            break;
        }
    }
    batch
}

pub(crate) fn sealed(compression: Compression) -> SealedBatch {
    batch_of_orders().seal(compression, &mut Compressor::new())
}
