"""What type checkers must infer; mypy and pyright read this, nothing runs it."""

import asyncio
from datetime import UTC, datetime
from typing import assert_type

from dekaf import ProduceError, Producer, RecordMetadata


async def produce(producer: Producer) -> None:
    future = producer.produce("orders", b"v", key="k")
    assert_type(future, asyncio.Future[RecordMetadata])
    metadata = await future
    assert_type(metadata, RecordMetadata)
    assert_type(metadata.topic, str)
    assert_type(metadata.partition, int)
    assert_type(metadata.offset, int)
    assert_type(metadata.timestamp, int)


async def arguments(producer: Producer) -> None:
    await producer.produce("orders")
    await producer.produce("orders", None, key=bytearray(b"k"), partition=0)
    await producer.produce("orders", memoryview(b"v"), headers={"a": "1"})
    await producer.produce("orders", "v", headers=[("a", b"1"), ("a", None)])
    await producer.produce("orders", timestamp=datetime.now(UTC))
    await producer.produce("orders", {"a": 1})  # type: ignore[arg-type]
    await producer.produce("orders", "k", b"v")  # type: ignore[call-arg]
    await producer.produce("orders", b"v", headers="a=b")  # type: ignore[arg-type]


async def lifecycle() -> None:
    async with Producer(["a:1", "b:2"], linger_ms=10) as producer:
        assert_type(producer, Producer)
        assert_type(await producer.flush(), None)
        assert_type(await producer.close(timeout=1.5), None)


def errors(error: ProduceError) -> None:
    assert_type(error.topic, str | None)
    assert_type(error.partition, int | None)
    assert_type(error.code, str | None)
    assert_type(error.maybe_written, bool)
