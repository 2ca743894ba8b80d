"""FastStream's brokers, as applications publish with them: on aiokafka, confluent-kafka and dekaf.

Each gives every message two headers, and a body that it has encoded.
"""

import asyncio
import itertools
import logging
import time
from collections.abc import Iterable, Sequence
from typing import Any

from benches.peers.client import AsyncClient


class FastStream(AsyncClient):
    """What all of them have in common. `no_confirm` returns a future where `publish` waits."""

    league = "faststream"

    def make(self) -> Any:  # noqa: ANN401 - each library has a broker of its own
        raise NotImplementedError

    async def open(self) -> None:
        logging.disable(logging.INFO)
        self.broker = self.make()
        await self.broker.connect()
        self.partitions = itertools.cycle(range(self.job.partitions))

    async def close(self) -> None:
        await self.broker.stop()

    async def flush(self) -> None:
        await self.broker.config.producer.flush()

    async def send(self, topic: str, values: Iterable[bytes]) -> None:
        publish = self.broker.publish
        for value in values:
            await publish(value, topic, no_confirm=True)
        self.handed_over = time.perf_counter()
        await self.flush()

    async def send_with_callback(self, topic: str, values: Iterable[bytes]) -> None:
        publish, settled = self.broker.publish, self.settled
        for value in values:
            (await publish(value, topic, no_confirm=True)).add_done_callback(settled)
        await self.flush()
        await asyncio.sleep(0)

    async def send_to_partitions(self, topic: str, values: Iterable[bytes]) -> None:
        publish = self.broker.publish
        for value, partition in zip(values, self.partitions, strict=False):
            await publish(value, topic, partition=partition, no_confirm=True)
        await self.flush()

    async def produce_one(self, topic: str, value: bytes) -> object:
        return await self.broker.publish(value, topic)

    async def produce_then_await(self, topic: str, values: Sequence[bytes]) -> None:
        publish = self.broker.publish
        await self.await_each([await publish(value, topic, no_confirm=True) for value in values])

    async def send_batch(self, topic: str, values: Sequence[bytes]) -> None:
        await self.broker.publish_batch(*values, topic=topic)


class FastStreamAiokafka(FastStream):
    distributions = ("faststream", "aiokafka")
    importing = "from faststream.kafka import KafkaBroker"
    first_message = """
import asyncio
async def send():
    global p
    p = KafkaBroker(BOOTSTRAP, logger=None)
    await p.connect()
    await p.publish(b'x', topic='import-p1')
asyncio.new_event_loop().run_until_complete(send())"""

    def make(self) -> Any:  # noqa: ANN401 - see above
        from faststream.kafka import KafkaBroker

        # What `publish_batch` is given becomes one batch, or nothing if it does not fit.
        is_for_batches = self.job.scenario == "batch"
        return KafkaBroker(**settings(self, 1_000_000 if is_for_batches else self.job.batch_size))

    async def send_batch(self, topic: str, values: Sequence[bytes]) -> None:
        """Each call is one batch for one partition: a list goes in pieces that fit."""
        publish_batch = self.broker.publish_batch
        most = 4000 if len(values[0]) <= 100 else 800  # noqa: PLR2004 - with headers, they fit
        futures = [
            await publish_batch(
                *values[first : first + most],
                topic=topic,
                partition=next(self.partitions),
                no_confirm=True,
            )
            for first in range(0, len(values), most)
        ]
        await self.count_errors(futures)


class FastStreamDekaf(FastStream):
    is_ours = True
    distributions = ("faststream", "aiokafka", "dekaf")
    importing = "from dekaf.faststream import KafkaBroker"
    first_message = FastStreamAiokafka.first_message

    def make(self) -> Any:  # noqa: ANN401 - see above
        from dekaf.faststream import KafkaBroker

        return KafkaBroker(**settings(self, self.job.batch_size))


class FastStreamConfluent(FastStream):
    distributions = ("faststream", "confluent-kafka")
    importing = "from faststream.confluent import KafkaBroker"
    first_message = FastStreamAiokafka.first_message

    def make(self) -> Any:  # noqa: ANN401 - see above
        from faststream.confluent import KafkaBroker

        common = settings(self, self.job.batch_size)
        # What it calls max_batch_size is librdkafka's number of messages in a batch.
        config = {
            "batch.size": common.pop("max_batch_size"),
            "queue.buffering.max.messages": 1_000_000,
        }
        return KafkaBroker(**common, config=config)


def settings(client: FastStream, max_batch_size: int) -> dict[str, Any]:
    job = client.job
    return {
        "bootstrap_servers": job.bootstrap,
        "acks": "all",
        "enable_idempotence": True,
        "linger_ms": job.linger_ms,
        "max_batch_size": max_batch_size,
        "compression_type": None if job.compression == "none" else job.compression,
        "logger": None,
    }
