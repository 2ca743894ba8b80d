"""Apache Kafka to measure against: one broker of the project's own launcher, as fast as it gets."""

from typing import Self

from benches.peers.job import PLAIN
from tests.kafka import Cluster, Plan

# What a broker for tests lacks: room, and the compiler that takes its time.
FLAGS = ("-Xms1g", "-Xmx1g", "-XX:+UseG1GC", "-XX:MaxGCPauseMillis=20", "-Djava.awt.headless=true")

# A comparison writes more than a disk may hold: what nobody reads is dropped soon.
MEBIBYTE = 1 << 20
SETTINGS = {
    "log.segment.bytes": 16 * MEBIBYTE,
    "log.retention.bytes": 64 * MEBIBYTE,
    "log.retention.check.interval.ms": 5000,
    "log.segment.delete.delay.ms": 1000,
}


class Kafka:
    name = "kafka"
    stats = ""
    security = PLAIN
    is_cold = True  # until its methods are compiled

    def __enter__(self) -> Self:
        self._cluster = Cluster(Plan(jvm_flags=FLAGS, settings=SETTINGS, use_class_data=False))
        self._cluster.start()
        self._topics: dict[int, str] = {}
        self.bootstrap = self._cluster.bootstrap()
        self.pid = self._cluster.brokers[0].pid
        return self

    def __exit__(self, *_: object) -> None:
        self._cluster.close()

    def topic(self, partitions: int) -> str:
        """Name one, which is made when it is first asked for."""
        if partitions not in self._topics:
            made = self._cluster.new_topic(f"bench-p{partitions}", partitions=partitions)
            self._topics[partitions] = made
        return self._topics[partitions]
