"""dekaf, with a client for each of its faces."""

import asyncio
import itertools
import time
from collections.abc import Iterable, Sequence
from typing import Any

from benches.peers.client import AsyncClient, Client
from benches.peers.job import PLAIN, Job


def settings(job: Job) -> dict[str, Any]:
    said = {
        "bootstrap_servers": job.bootstrap,
        "linger_ms": job.linger_ms,
        "batch_size": job.batch_size,
        "compression": job.compression,
    }
    # Older wheels know no security.
    return said if job.security == PLAIN else said | {"security": security(job)}


def security(job: Job) -> object:
    from dekaf import Security

    asked = job.security
    tls = Security.tls(ca=asked.ca)
    if not asked.user:
        return tls
    mechanism = "SCRAM-SHA-256"
    return Security.sasl_scram(asked.user, asked.password, mechanism=mechanism, tls=tls)


class DekafSync(Client):
    """`SyncProducer`, beside clients that block."""

    is_ours = True
    encrypts = True
    distributions = ("dekaf",)
    importing = "from dekaf import SyncProducer"
    first_message = "p = SyncProducer(BOOTSTRAP); p.produce('import-p1', b'x')"

    def open(self) -> None:
        from dekaf import SyncProducer

        self.producer = SyncProducer(**settings(self.job))
        self.producer.start()

    def close(self) -> None:
        self.producer.close()

    def send(self, topic: str, values: Iterable[bytes]) -> None:
        send = self.producer.send
        for value in values:
            send(topic, value)
        self.handed_over = time.perf_counter()
        self.producer.flush()

    def send_with_callback(self, topic: str, values: Iterable[bytes]) -> None:
        send, told = self.producer.send, self._told
        wanted = self.delivered + self.errors
        for value in values:
            send(topic, value, on_delivery=told)
            wanted += 1
        self.producer.flush()
        # A flush waits for messages; a thread of dekaf's calls back.
        while self.delivered + self.errors < wanted:
            time.sleep(0.0005)

    def _told(self, _metadata: object, error: object) -> None:
        self.told(error)

    def send_to_partitions(self, topic: str, values: Iterable[bytes]) -> None:
        send = self.producer.send
        for value, partition in zip(values, itertools.cycle(range(self.job.partitions))):
            send(topic, value, partition=partition)
        self.producer.flush()

    def produce_one(self, topic: str, value: bytes) -> None:
        self.producer.produce(topic, value)

    def send_batch(self, topic: str, values: Sequence[bytes]) -> None:
        self.producer.produce_all(topic, values)


class Dekaf(AsyncClient):
    """`Producer`, beside clients of asyncio."""

    is_ours = True
    encrypts = True
    distributions = ("dekaf",)
    importing = "from dekaf import Producer"
    first_message = """
import asyncio
async def send():
    global p
    p = Producer(BOOTSTRAP)
    await p.produce('import-p1', b'x')
asyncio.new_event_loop().run_until_complete(send())"""

    async def open(self) -> None:
        from dekaf import Producer

        self.producer = Producer(**settings(self.job))
        await self.producer.start()

    async def close(self) -> None:
        await self.producer.close()

    async def send(self, topic: str, values: Iterable[bytes]) -> None:
        send = self.producer.send
        for value in values:
            send(topic, value)
        self.handed_over = time.perf_counter()
        await self.producer.flush()

    async def send_with_callback(self, topic: str, values: Iterable[bytes]) -> None:
        send, told = self.producer.send, self._told
        for value in values:
            send(topic, value, on_delivery=told)
        await self.producer.flush()
        await asyncio.sleep(0)

    def _told(self, _metadata: object, error: object) -> None:
        self.told(error)

    async def send_to_partitions(self, topic: str, values: Iterable[bytes]) -> None:
        send = self.producer.send
        for value, partition in zip(values, itertools.cycle(range(self.job.partitions))):
            send(topic, value, partition=partition)
        await self.producer.flush()

    async def produce_one(self, topic: str, value: bytes) -> object:
        return await self.producer.produce(topic, value)

    async def gather(self, topic: str, values: Sequence[bytes]) -> None:
        produce = self.producer.produce
        await self.count_errors([produce(topic, value) for value in values])

    async def produce_then_await(self, topic: str, values: Sequence[bytes]) -> None:
        produce = self.producer.produce
        await self.await_each([produce(topic, value) for value in values])

    async def send_batch(self, topic: str, values: Sequence[bytes]) -> None:
        await self.producer.produce_all(topic, values)
