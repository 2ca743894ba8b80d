"""One test for both kinds of producer: calls are yielded, and what they return comes back."""

import asyncio
from collections.abc import Callable, Generator
from typing import Any

import pytest

from dekaf import BatchResult, Producer, SyncProducer
from tests.producer.conftest import Target

Calls = Generator[Any, Any, Any]

each_kind = pytest.mark.parametrize("kind", [Producer, SyncProducer])


def with_producer(
    kind: Any, target: Target, calls: Callable[[Any], Calls], **settings: Any
) -> None:
    """Make calls on a producer. What they yield is awaited, or done already."""
    if kind is SyncProducer:
        with SyncProducer(target.servers, **settings) as producer:
            _drive(calls(producer))
        return

    async def main() -> None:
        async with Producer(target.servers, **settings) as producer:
            await _await_each(calls(producer))

    asyncio.run(main())


def _drive(steps: Calls) -> None:
    try:
        result = next(steps)
        while True:
            result = steps.send(result)
    except StopIteration:
        pass


async def _await_each(steps: Calls) -> None:
    try:
        step = next(steps)
        while True:
            try:
                result = await step if hasattr(step, "__await__") else step
            except BaseException as error:  # noqa: BLE001 - it belongs to who yielded
                step = steps.throw(error)
            else:
                step = steps.send(result)
    except StopIteration:
        pass


def produce_all(kind: Any, target: Target, *what: Any, **settings: Any) -> BatchResult[Any]:
    """Make one call on a producer of its own, and return the results, failures among them."""
    all_results: list[BatchResult[Any]] = []

    def calls(producer: Any) -> Calls:
        all_results.append((yield producer.produce_all(*what, return_exceptions=True)))

    with_producer(kind, target, calls, **settings)
    return all_results[0]
