"""confluent-kafka's `Producer`, which is librdkafka and blocks."""

import itertools
import time
from collections.abc import Iterable, Sequence
from typing import Any

from benches.peers.client import Client
from benches.peers.job import Job


def settings(job: Job) -> dict[str, Any]:
    return security(job) | {
        "bootstrap.servers": job.bootstrap,
        "acks": "all",
        "enable.idempotence": True,
        "linger.ms": job.linger_ms,
        "batch.size": job.batch_size,
        "compression.type": job.compression,
        "queue.buffering.max.messages": 1_000_000,
        "queue.buffering.max.kbytes": 1 << 20,
    }


def security(job: Job) -> dict[str, Any]:
    asked = job.security
    if not asked.ca:
        return {}
    if not asked.user:
        return {"security.protocol": "SSL", "ssl.ca.location": asked.ca}
    return {
        "security.protocol": "SASL_SSL",
        "ssl.ca.location": asked.ca,
        "sasl.mechanism": "SCRAM-SHA-256",
        "sasl.username": asked.user,
        "sasl.password": asked.password,
    }


class Confluent(Client):
    """With `poll(0)` after each message, as its documentation shows."""

    encrypts = True
    distributions = ("confluent-kafka",)
    importing = "from confluent_kafka import Producer"
    first_message = """
p = Producer({'bootstrap.servers': BOOTSTRAP}); p.produce('import-p1', b'x'); p.flush()"""

    def open(self) -> None:
        from confluent_kafka import Producer

        self.producer = Producer(settings(self.job))

    def close(self) -> None:
        self.producer.flush()

    def send(self, topic: str, values: Iterable[bytes]) -> None:
        produce, poll = self.producer.produce, self.producer.poll
        for value in values:
            while True:
                try:
                    produce(topic, value)
                    break
                except BufferError:  # its queue is full
                    poll(0.01)
            poll(0)
        self.handed_over = time.perf_counter()
        self.errors += self.producer.flush()

    def send_with_callback(self, topic: str, values: Iterable[bytes]) -> None:
        produce, poll, told = self.producer.produce, self.producer.poll, self._told
        for value in values:
            while True:
                try:
                    produce(topic, value, on_delivery=told)
                    break
                except BufferError:
                    poll(0.01)
            poll(0)
        self.producer.flush()

    def _told(self, error: object, _message: object) -> None:
        self.told(error)

    def send_to_partitions(self, topic: str, values: Iterable[bytes]) -> None:
        produce, poll = self.producer.produce, self.producer.poll
        for value, partition in zip(values, itertools.cycle(range(self.job.partitions))):
            while True:
                try:
                    produce(topic, value, partition=partition)
                    break
                except BufferError:
                    poll(0.01)
            poll(0)
        self.errors += self.producer.flush()

    def produce_one(self, topic: str, value: bytes) -> None:
        self.producer.produce(topic, value, on_delivery=self._told)
        self.producer.flush()

    def send_batch(self, topic: str, values: Sequence[bytes]) -> None:
        taken = self.producer.produce_batch(topic, [{"value": value} for value in values])
        self.errors += len(values) - taken
        self.producer.flush()


class ConfluentSeldomPolled(Client):
    """With `poll(0)` after every thousand messages: as fast as it gets."""

    encrypts = True
    distributions = Confluent.distributions

    open = Confluent.open
    close = Confluent.close

    def send(self, topic: str, values: Iterable[bytes]) -> None:
        produce, poll = self.producer.produce, self.producer.poll
        values = iter(values)
        while some := list(itertools.islice(values, 1000)):
            for value in some:
                while True:
                    try:
                        produce(topic, value)
                        break
                    except BufferError:
                        poll(0.01)
            poll(0)
        self.handed_over = time.perf_counter()
        self.errors += self.producer.flush()
