//! Topic configs that have no effect on an in-memory log. They are validated as in Kafka, then
//! ignored.

use std::ops::RangeInclusive;

enum ConfigValues {
    Integer(RangeInclusive<i64>),
    Ratio,
    Boolean,
    OneOf(&'static [&'static str]),
    Text,
}

use ConfigValues::{Boolean, Integer, OneOf, Ratio, Text};

const INT: i64 = i32::MAX as i64;
const LONG: i64 = i64::MAX;

/// Returns the permitted values in Kafka 4.3's `LogConfig`. `None` if Kafka has no such config, or
/// if it has an effect here.
fn values(name: &str) -> Option<ConfigValues> {
    Some(match name {
        "compression.type" => OneOf(&["uncompressed", "zstd", "lz4", "snappy", "gzip", "producer"]),
        "compression.gzip.level" => Integer(-1..=9),
        "compression.lz4.level" => Integer(1..=17),
        "compression.zstd.level" => Integer(-131_072..=22),
        "index.interval.bytes" => Integer(0..=INT),
        "min.insync.replicas" => Integer(1..=INT),
        "segment.bytes" => Integer(1_048_576..=INT),
        "segment.index.bytes" => Integer(4..=INT),
        "flush.messages" | "max.compaction.lag.ms" | "segment.ms" => Integer(1..=LONG),
        "delete.retention.ms"
        | "file.delete.delay.ms"
        | "flush.ms"
        | "min.compaction.lag.ms"
        | "segment.jitter.ms" => Integer(0..=LONG),
        "retention.ms" => Integer(-1..=LONG),
        "local.retention.bytes" | "local.retention.ms" => Integer(-2..=LONG),
        "retention.bytes" => Integer(i64::MIN..=LONG),
        "min.cleanable.dirty.ratio" => Ratio,
        "preallocate"
        | "remote.log.copy.disable"
        | "remote.log.delete.on.disable"
        | "remote.storage.enable"
        | "unclean.leader.election.enable" => Boolean,
        "follower.replication.throttled.replicas" | "leader.replication.throttled.replicas" => Text,
        _ => return None,
    })
}

/// Returns a description of the expected value if `value` is invalid, or `None` if there is no such
/// config.
pub(super) fn check(name: &str, value: &str) -> Option<Result<(), String>> {
    let trimmed = value.trim();
    Some(match values(name)? {
        Integer(range) if !trimmed.parse().is_ok_and(|number: i64| range.contains(&number)) => {
            Err(format!("a whole number from {} to {}", range.start(), range.end()))
        }
        Ratio if !trimmed.parse().is_ok_and(|share: f64| (0.0..=1.0).contains(&share)) => {
            Err("a number from 0 to 1".to_owned())
        }
        Boolean if !["true", "false"].contains(&trimmed.to_lowercase().as_str()) => {
            Err("true or false".to_owned())
        }
        OneOf(names) if !names.contains(&value) => Err(format!("one of {}", names.join(", "))),
        Integer(_) | Ratio | Boolean | OneOf(_) | Text => Ok(()),
    })
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn values_that_kafka_refuses_are_refused() {
        for (name, good, bad) in [
            ("retention.ms", " -1 ", "-2"),
            ("segment.bytes", "1048576", "1048575"),
            ("compression.type", "zstd", "rar"),
            ("min.cleanable.dirty.ratio", "0.5", "2"),
            ("preallocate", "True", "yes"),
            ("flush.ms", "0", ""),
        ] {
            assert_eq!(check(name, good), Some(Ok(())), "{name}");
            assert!(check(name, bad).is_some_and(|checked| checked.is_err()), "{name}");
        }
        assert_eq!(check("no.such.setting", "1"), None);
    }
}
