//! Writes batches of every codec to files, for independent readers: `tests/peers` passes them to
//! brokers and other clients. All contain the same records, which are written to a separate file.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use dekaf::record::{
    BatchBuilder, Codec, Compression, Compressor, DecodedRecord, Decompressor, Header, Identity,
    Record, decode_batch_within,
};

use crate::compression::{noise, text};

const LEVELS: [(Codec, Option<i32>); 14] = [
    (Codec::None, None),
    (Codec::Gzip, Some(1)),
    (Codec::Gzip, Some(6)),
    (Codec::Gzip, Some(9)),
    (Codec::Snappy, None),
    (Codec::Lz4, None),
    (Codec::Zstd, Some(-100)),
    (Codec::Zstd, Some(-5)),
    (Codec::Zstd, Some(1)),
    (Codec::Zstd, Some(3)),
    (Codec::Zstd, Some(9)),
    (Codec::Zstd, Some(12)),
    (Codec::Zstd, Some(19)),
    (Codec::Zstd, Some(22)),
];

const NOW: i64 = 1_767_225_600_000;

/// Records with special values, one that no codec shrinks, and enough data for several lz4 blocks.
fn filled() -> BatchBuilder {
    let (lines, random) = (text(300_000), noise(150_000));
    let mut batch = BatchBuilder::with_capacity(0);
    let mut append = |timestamp, key: Option<&[u8]>, value, headers: &[Header<'_>]| {
        batch.append(&Record { timestamp, key, value, headers });
    };
    let twice: [Header<'_>; 4] =
        [("again", Some(b"1")), ("again", None), ("", Some(b"")), ("größe", Some(b"\x00\xff"))];
    append(NOW, Some(b"key"), Some(b"value"), &[]);
    append(NOW, None, None, &[]);
    append(NOW, Some(b""), Some(b""), &[("", None)]);
    append(NOW, Some(b"tombstone"), None, &twice);
    append(NOW - 100_000, Some(b"earlier"), Some(b"\xf0\x9f\x8e\x88\n\"\\"), &twice);
    append(NOW + 1000, Some(b"later"), Some(&[0; 5000]), &[]);
    append(NOW, Some(b"noise"), Some(&random), &[]);
    for (index, line) in (0..).zip(lines.chunks(300)) {
        append(NOW + index, Some(format!("key-{}", index % 7).as_bytes()), Some(line), &[]);
    }
    batch
}

/// Formats a record as a line of JSON, with bytes in hexadecimal.
fn line(record: &DecodedRecord) -> String {
    fn hex(bytes: &[u8]) -> String {
        bytes.iter().fold("\"".to_owned(), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        }) + "\""
    }
    let field = |bytes: Option<&[u8]>| bytes.map_or("null".to_owned(), hex);
    let headers: Vec<_> = record
        .headers
        .iter()
        .map(|(name, value)| format!("[{},{}]", hex(name.as_bytes()), field(value.as_deref())))
        .collect();
    format!(
        "{{\"timestamp\":{},\"key\":{},\"value\":{},\"headers\":[{}]}}\n",
        record.timestamp,
        field(record.key.as_deref()),
        field(record.value.as_deref()),
        headers.join(","),
    )
}

#[test]
fn write() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/golden-batches");
    // Remove the files of an earlier version.
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    let (mut compressor, mut decompressor) = (Compressor::new(), Decompressor::new());
    for (codec, level) in LEVELS {
        let compression = Compression::new(codec, level).unwrap();
        let batch = filled().seal(compression, &mut compressor);
        assert_eq!(batch.codec(), codec);
        let name = level.map_or(codec.to_string(), |level| format!("{codec}-{level}"));
        let bytes = batch.to_bytes(Identity::NONE);
        fs::write(folder.join(name).with_extension("batch"), &bytes).unwrap();
        if codec == Codec::None {
            let read = decode_batch_within(0, &bytes, &mut decompressor).unwrap();
            let lines: String = read.records.iter().map(line).collect();
            fs::write(folder.join("records.jsonl"), lines).unwrap();
        }
    }
}
