"""The core's model of a partition's log answers as Apache Kafka does."""

import os
import re
import subprocess
from pathlib import Path

from tests.kafka import Cluster, TopicFactory

ROOT = Path(__file__).parents[2]

# What is special about a topic, as tests/probes knows it.
KINDS: dict[str, dict[str, object]] = {
    "plain": {},
    "small": {"max.message.bytes": 200},
    # With "compact" alone DeleteRecords is against the policy.
    "compacted": {"cleanup.policy": "compact,delete"},
    "append-time": {"message.timestamp.type": "LogAppendTime"},
    "recent": {
        "message.timestamp.before.max.ms": 3_600_000,
        "message.timestamp.after.max.ms": 3_600_000,
    },
}


def test_kafka_and_the_model_answer_alike(kafka: Cluster, topic: TopicFactory) -> None:
    topics = {kind: topic(kafka, partitions=20, configs=configs) for kind, configs in KINDS.items()}
    probes = {
        "DEKAF_PROBE_BROKER": kafka.bootstrap(),
        "DEKAF_PROBE_TOPICS": ",".join(f"{kind}={name}" for kind, name in topics.items()),
    }
    command = ["cargo", "test", "--quiet", "--locked", "--no-default-features", "--test", "probes"]
    done = subprocess.run(
        [*command, "--", "--ignored", "--nocapture"],
        cwd=ROOT,
        env={**os.environ, **probes},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    assert re.search(r"\d+ answers alike", done.stdout)
