//! Compares the log model with Apache Kafka: both must answer the same sequences of valid and
//! invalid batches alike. `tests/integration/test_probes.py` starts the broker and runs this.

mod kafka;
mod story;

use std::env;

use dekaf::broker::log::{LogConfig, PartitionLog, TimestampType};
use kafka::Kafka;
use story::{Answer, Step, Story};

/// The number of steps for each partition.
const STEPS: usize = 60;

/// Returns the config of a kind of topic, as on the broker.
fn config(kind: &str) -> LogConfig {
    let kafka = LogConfig { validate_records: true, ..LogConfig::default() };
    match kind {
        "plain" => kafka,
        "small" => LogConfig { max_message_bytes: 200, ..kafka },
        "compacted" => LogConfig { compacted: true, ..kafka },
        "append-time" => LogConfig { timestamps: TimestampType::LogAppendTime, ..kafka },
        "recent" => LogConfig {
            timestamp_before_max_ms: 3_600_000,
            timestamp_after_max_ms: 3_600_000,
            ..kafka
        },
        other => panic!("{other} is no kind of topic"),
    }
}

#[test]
#[ignore = "needs a broker: tests/integration/test_probes.py starts one and runs this"]
fn kafka_and_the_model_answer_alike() {
    let variable = |name| env::var(name).unwrap_or_else(|_| panic!("{name} is not set"));
    let kafka = Kafka::connect(&variable("DEKAF_PROBE_BROKER"));
    let (mut answers, mut refused, mut seed) = (0, 0, 0);
    for named in variable("DEKAF_PROBE_TOPICS").split(',') {
        let (kind, topic) = named.split_once('=').expect("kind=topic");
        let (id, partitions) = kafka.describe(topic);
        for partition in 0..partitions {
            let mut log = PartitionLog::new(config(kind));
            let mut story = Story::new(seed);
            seed += 1;
            for step in 0..STEPS {
                let next = story.next(&log);
                let (theirs, ours) = match &next {
                    Step::Produce { records, what: _ } => {
                        let theirs = kafka.produce(topic, id, partition, records);
                        (theirs, Answer::of(log.append(records, 0, story::now()), &log))
                    }
                    Step::DeleteBefore(offset) => {
                        let theirs = kafka.delete_records(topic, partition, *offset);
                        // −1 is the high watermark, which the log model does not know.
                        let before = if *offset == -1 { log.end_offset() } else { *offset };
                        let deleted = log.delete_records(before).map(|_| log.start_offset());
                        (theirs, Answer::of_deletion(deleted))
                    }
                };
                assert_eq!(
                    theirs, ours,
                    "Kafka (left) and the model (right) differ in step {step} of {kind} topic's \
                     partition {partition}: {next}"
                );
                answers += 1;
                refused += usize::from(ours.code != 0);
                story.told(next, &ours);
            }
        }
    }
    assert!(answers > 1000, "only {answers} answers were compared");
    assert!(refused > answers / 10 && refused < answers / 2, "{refused} of {answers} refused");
    println!("{answers} answers alike, {refused} of them refusals");
}
