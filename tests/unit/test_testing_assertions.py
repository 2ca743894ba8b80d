"""The broker in the box: what `assert_published` finds, and what it says when it does not."""

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from dekaf import Producer
from dekaf.testing import Broker
from tests.unit.blocking import produce_all


@pytest.fixture(scope="module")
def box() -> Iterator[Broker]:
    """Fill a topic that every test here reads, and none writes to."""
    with Broker() as broker:
        broker.create_topic("orders", partitions=2)
        produce_all(
            broker,
            {"value": "first", "key": "k", "partition": 0},
            {"value": "second", "headers": {"trace-id": "a1", "none": None}, "partition": 0},
            {"value": None, "key": b"gone", "partition": 1},
            {"value": "first", "key": "other", "partition": 1},
        )
        yield broker


FOUND: list[tuple[dict[str, Any], list[tuple[int, int]]]] = [
    ({}, [(0, 0), (0, 1), (1, 0), (1, 1)]),
    ({"value": "first"}, [(0, 0), (1, 1)]),
    ({"value": b"first"}, [(0, 0), (1, 1)]),
    ({"value": bytearray(b"second")}, [(0, 1)]),
    ({"value": memoryview(b"second")}, [(0, 1)]),
    ({"value": None}, [(1, 0)]),
    ({"value": lambda value: value is not None and b"r" in value}, [(0, 0), (1, 1)]),
    ({"value": lambda value: value}, [(0, 0), (0, 1), (1, 1)]),
    ({"key": "k"}, [(0, 0)]),
    ({"key": None}, [(0, 1)]),
    ({"key": lambda key: key is not None}, [(0, 0), (1, 0), (1, 1)]),
    ({"headers": {"trace-id": "a1"}}, [(0, 1)]),
    ({"headers": {"trace-id": b"a1", "none": None}}, [(0, 1)]),
    ({"headers": {}}, [(0, 0), (0, 1), (1, 0), (1, 1)]),
    ({"partition": 0}, [(0, 0), (0, 1)]),
    ({"partition": 1, "value": "first"}, [(1, 1)]),
    ({"times": 4}, [(0, 0), (0, 1), (1, 0), (1, 1)]),
    ({"value": "first", "times": 2}, [(0, 0), (1, 1)]),
    ({"value": "third", "times": 0}, []),
    ({"timeout": 0}, [(0, 0), (0, 1), (1, 0), (1, 1)]),
    ({"timeout": float("inf")}, [(0, 0), (0, 1), (1, 0), (1, 1)]),
]


@pytest.mark.parametrize(("expected", "places"), FOUND)
def test_found(box: Broker, expected: dict[str, Any], places: list[tuple[int, int]]) -> None:
    found = box.assert_published("orders", **expected)
    assert [(record.partition, record.offset) for record in found] == places


MISSING: list[tuple[dict[str, Any], str]] = [
    ({"value": "third"}, "no record with value='third' was published to 'orders'; there are:"),
    ({"value": b""}, "no record with value=b'' was published to 'orders'; there are:"),
    ({"key": "first"}, "no record with key='first' was published to 'orders'; there are:"),
    (
        {"key": "k", "value": None, "partition": 1},
        "no record with value=None, key='k', partition=1 was published to 'orders'; there are:",
    ),
    (
        {"headers": {"trace-id": None}},
        "no record with headers={'trace-id': None} was published to 'orders'; there are:",
    ),
    ({"partition": 2}, "no record with partition=2 was published to 'orders'; there are:"),
    (
        {"value": "first", "times": 1},
        "2 records with value='first' were published to 'orders', not 1; there are:",
    ),
    ({"times": 0}, "4 records were published to 'orders', not 0; there are:"),
    (
        {"value": "second", "times": 2},
        "1 record with value='second' was published to 'orders', not 2; there are:",
    ),
]


@pytest.mark.parametrize(("expected", "complaint"), MISSING)
def test_missing(box: Broker, expected: dict[str, Any], complaint: str) -> None:
    with pytest.raises(AssertionError) as caught:
        box.assert_published("orders", timeout=0, **expected)
    head, *records = str(caught.value).splitlines()
    assert head == complaint
    assert records == [f"  {record}" for record in box.records("orders")]


def test_an_empty_topic_is_called_so(box: Broker) -> None:
    with pytest.raises(AssertionError) as caught:
        box.assert_published("empty", timeout=0)
    assert str(caught.value) == "no record was published to 'empty': it has no records"


def test_the_newest_records_are_shown(dekaf_broker: Broker) -> None:
    produce_all(dekaf_broker, *[{"value": str(n)} for n in range(12)])
    with pytest.raises(AssertionError, match="; there are: 2 more, and\n") as caught:
        dekaf_broker.assert_published("orders", value="x", timeout=0)
    shown = str(caught.value).splitlines()[1:]
    assert shown == [f"  {record}" for record in dekaf_broker.records("orders")[2:]]


def test_what_a_function_raises_is_raised(box: Broker) -> None:
    def broken(_: object) -> bool:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        box.assert_published("orders", value=broken)


def test_records_on_their_way_are_waited_for(dekaf_broker: Broker) -> None:
    dekaf_broker.faults.pause()
    sending = threading.Thread(target=produce_all, args=(dekaf_broker, {"value": "late"}))
    sending.start()
    with pytest.raises(AssertionError, match="it has no records"):
        dekaf_broker.assert_published("orders", timeout=0.05)
    dekaf_broker.faults.resume()
    dekaf_broker.assert_published("orders", value="late", times=1, timeout=30)
    sending.join()


@pytest.mark.asyncio
async def test_a_loop_that_it_blocks_does_not_hold_records_up(
    dekaf_broker: Broker, dekaf_producer: Producer
) -> None:
    future = dekaf_producer.produce("orders", b"v")
    dekaf_broker.assert_published("orders", value=b"v", timeout=30)
    await future


def test_too_many_are_said_at_once(box: Broker) -> None:
    began = time.monotonic()
    with pytest.raises(AssertionError, match="not 1"):
        box.assert_published("orders", times=1, timeout=60)
    assert time.monotonic() - began < 30
