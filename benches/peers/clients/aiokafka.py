"""aiokafka's `AIOKafkaProducer`."""

import asyncio
import itertools
import time
from collections.abc import Iterable, Sequence
from typing import Any

from benches.peers.client import AsyncClient
from benches.peers.job import Job


def security(job: Job) -> dict[str, Any]:
    from aiokafka.helpers import create_ssl_context

    asked = job.security
    if not asked.ca:
        return {}
    tls = {"ssl_context": create_ssl_context(cafile=asked.ca)}
    if not asked.user:
        return tls | {"security_protocol": "SSL"}
    return tls | {
        "security_protocol": "SASL_SSL",
        "sasl_mechanism": "SCRAM-SHA-256",
        "sasl_plain_username": asked.user,
        "sasl_plain_password": asked.password,
    }


class Aiokafka(AsyncClient):
    encrypts = True
    distributions = ("aiokafka",)
    importing = "from aiokafka import AIOKafkaProducer"
    first_message = """
import asyncio
async def send():
    global p
    p = AIOKafkaProducer(bootstrap_servers=BOOTSTRAP)
    await p.start()
    await p.send_and_wait('import-p1', b'x')
asyncio.new_event_loop().run_until_complete(send())"""

    async def open(self) -> None:
        from aiokafka import AIOKafkaProducer

        job = self.job
        self.producer = AIOKafkaProducer(
            bootstrap_servers=job.bootstrap,
            acks="all",
            enable_idempotence=True,
            linger_ms=job.linger_ms,
            max_batch_size=job.batch_size,
            compression_type=None if job.compression == "none" else job.compression,
            **security(job),
        )
        await self.producer.start()
        self.partitions = itertools.cycle(range(job.partitions))

    async def close(self) -> None:
        await self.producer.stop()

    async def send(self, topic: str, values: Iterable[bytes]) -> None:
        send = self.producer.send
        for value in values:
            await send(topic, value)
        self.handed_over = time.perf_counter()
        await self.producer.flush()

    async def send_with_callback(self, topic: str, values: Iterable[bytes]) -> None:
        send, settled = self.producer.send, self.settled
        for value in values:
            (await send(topic, value)).add_done_callback(settled)
        await self.producer.flush()
        await asyncio.sleep(0)

    async def send_to_partitions(self, topic: str, values: Iterable[bytes]) -> None:
        send = self.producer.send
        for value, partition in zip(values, self.partitions, strict=False):
            await send(topic, value, partition=partition)
        await self.producer.flush()

    async def produce_one(self, topic: str, value: bytes) -> object:
        return await self.producer.send_and_wait(topic, value)

    async def produce_then_await(self, topic: str, values: Sequence[bytes]) -> None:
        send = self.producer.send
        await self.await_each([await send(topic, value) for value in values])

    async def send_batch(self, topic: str, values: Sequence[bytes]) -> None:
        """Batches are made by hand, for the partitions in turn."""
        producer = self.producer
        futures = []
        batch = producer.create_batch()
        for value in values:
            if batch.append(key=None, value=value, timestamp=None) is None:
                futures.append(
                    await producer.send_batch(batch, topic, partition=next(self.partitions))
                )
                batch = producer.create_batch()
                batch.append(key=None, value=value, timestamp=None)
        futures.append(await producer.send_batch(batch, topic, partition=next(self.partitions)))
        await self.count_errors(futures)
