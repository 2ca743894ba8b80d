"""Java's client: Kafka's ProducerPerformance, with its own loop and clock.

Its processor time is that of its process without that of one which sends one message: without the
start of the JVM, but with its compiler. Its memory is that of the whole process, heap and all.
"""

import re
import resource
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from benches.peers.client import Program
from benches.peers.job import Job
from benches.peers.meter import figures
from benches.peers.null_broker import Tally
from benches.peers.payloads import payloads

PERFORMANCE = "org.apache.kafka.tools.ProducerPerformance"
# What kafka-run-class.sh gives its tools.
FLAGS = (
    "-Xmx512m",
    "-server",
    "-XX:+UseG1GC",
    "-XX:MaxGCPauseMillis=20",
    "-XX:InitiatingHeapOccupancyPercent=35",
    "-XX:+ExplicitGCInvokesConcurrent",
)


class Java(Program):
    is_yardstick = True
    scenarios = ("send", "many_partitions")

    def run(self, job: Job) -> dict[str, Any]:
        with tempfile.TemporaryDirectory(prefix="dekaf-bench-") as directory:
            values = Path(directory, "payloads")
            values.write_bytes(b"\n".join(payloads(job.size)) + b"\n")
            _, to_start = self._perform(job, values, 1)
            tally = Tally.of(job.stats)
            said, cpu = self._perform(job, values, job.messages)
            counted = tally.since()
        found = re.findall(r"([\d.]+) records/sec", said)
        if not found or "99.9th" not in said:
            raise RuntimeError(f"{PERFORMANCE} says:\n{said[-1000:]}")
        wall = job.messages / float(found[-1])
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        measured = figures(job.messages, job.size, wall, cpu - to_start, peak)
        return measured | counted | {"errors": 0}

    def _perform(self, job: Job, values: Path, messages: int) -> tuple[str, float]:
        """Return what it printed, and how many seconds of processors it used."""
        from tests.kafka.jvm import command
        from tests.kafka.release import DEFAULT_VERSION, Release

        properties = [
            f"bootstrap.servers={job.bootstrap}",
            "acks=all",
            "enable.idempotence=true",
            f"linger.ms={job.linger_ms}",
            f"batch.size={job.batch_size}",
            "buffer.memory=67108864",
            f"compression.type={job.compression}",
        ]
        if job.scenario == "many_partitions":
            package = "org.apache.kafka.clients.producer"
            properties.append(f"partitioner.class={package}.RoundRobinPartitioner")
        told = ["--topic", job.topic, "--num-records", str(messages), "--throughput", "-1"]
        told += ["--payload-file", str(values), "--command-property", *properties]
        line = command(Release(DEFAULT_VERSION), PERFORMANCE, *told, flags=FLAGS, log_level="error")
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run(line, capture_output=True, text=True, check=False)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return done.stdout + done.stderr, cpu
