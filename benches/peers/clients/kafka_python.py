"""kafka-python's `KafkaProducer`, which blocks.

It is several times slower where the package `crc32c` is missing: it makes checksums in Python.
"""

import itertools
import time
from collections.abc import Iterable

from benches.peers.client import Client


class KafkaPython(Client):
    distributions = ("kafka-python",)
    codecs = ("lz4",)  # for zstd it needs one package more
    importing = "from kafka import KafkaProducer"
    first_message = (
        "p = KafkaProducer(bootstrap_servers=BOOTSTRAP); p.send('import-p1', b'x').get()"
    )

    def open(self) -> None:
        from kafka import KafkaProducer

        job = self.job
        self.producer = KafkaProducer(
            bootstrap_servers=job.bootstrap,
            acks="all",
            enable_idempotence=True,
            linger_ms=job.linger_ms,
            batch_size=job.batch_size,
            compression_type=None if job.compression == "none" else job.compression,
        )

    def close(self) -> None:
        self.producer.close()

    def send(self, topic: str, values: Iterable[bytes]) -> None:
        send = self.producer.send
        for value in values:
            send(topic, value)
        self.handed_over = time.perf_counter()
        self.producer.flush()

    def send_with_callback(self, topic: str, values: Iterable[bytes]) -> None:
        send, delivered, failed = self.producer.send, self._delivered, self.told
        for value in values:
            send(topic, value).add_callback(delivered).add_errback(failed)
        self.producer.flush()

    def _delivered(self, _metadata: object) -> None:
        self.told(None)

    def send_to_partitions(self, topic: str, values: Iterable[bytes]) -> None:
        send = self.producer.send
        for value, partition in zip(values, itertools.cycle(range(self.job.partitions))):
            send(topic, value, partition=partition)
        self.producer.flush()

    def produce_one(self, topic: str, value: bytes) -> None:
        self.producer.send(topic, value).get(30)
