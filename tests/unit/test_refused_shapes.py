"""What looks like messages, or like bytes, and would be stored as something else."""

import ctypes
import datetime as dt
import sys
from typing import Any, Self

import pytest

from dekaf import Message, ProduceErrorGroup, SerializationError, SyncProducer
from dekaf.testing import Broker


class Interchanged:
    """As every data frame has it that can be interchanged."""

    def __dataframe__(self) -> object:
        raise NotImplementedError

    def __iter__(self) -> Any:
        return iter(["id", "name"])


class OfArrow(Interchanged):
    __dataframe__ = None  # type: ignore[assignment]

    def __arrow_c_stream__(self) -> object:
        raise NotImplementedError


class LikePandas:
    columns = ("id", "name")

    def iterrows(self) -> Any:
        raise NotImplementedError

    def __iter__(self) -> Any:
        return iter(self.columns)


class Column:
    """As a single column of polars: its values are what is meant."""

    shape = (2,)

    def __arrow_c_stream__(self) -> object:
        raise NotImplementedError

    def __iter__(self) -> Any:
        return iter([b"a", b"b"])


@pytest.mark.parametrize("table", [Interchanged(), OfArrow(), LikePandas()])
def test_a_data_frame_is_no_list_of_rows(dekaf_broker: Broker, table: Any) -> None:
    with SyncProducer(dekaf_broker.bootstrap_servers) as producer:
        for call in (
            lambda: producer.produce_all("orders", table),
            lambda: producer.topic("orders").produce_all(table),
            lambda: producer.topic("orders").stream(table),
        ):
            with pytest.raises(TypeError, match=r"columns, not its rows: .*to_dicts\(\)"):
                call()
        assert [each.offset for each in producer.produce_all("orders", Column())] == [0, 1]


@pytest.mark.parametrize("messages", [[b"a", b"b"], (b"a", b"b"), {b"a"}])
def test_a_batch_that_lacks_its_star(dekaf_broker: Broker, messages: Any) -> None:
    kind = type(messages).__name__
    with SyncProducer(dekaf_broker.bootstrap_servers) as producer:
        with pytest.raises(TypeError, match=rf"got one {kind}: write publish_batch\(\*messages"):
            producer.publish_batch(messages, topic="orders")
        producer.publish_batch(Message(value=[1, 2]), topic="orders")
        producer.publish_batch({"a": 1}, topic="orders")
    stored = [record.value for record in dekaf_broker.records("orders")]
    assert stored == [b"[1,2]", b'{"a":1}']


class NaT(dt.datetime):
    """As pandas has it for a time that is missing."""

    def __ne__(self, other: object) -> bool:
        return True

    def __eq__(self, other: object) -> bool:
        return False

    __hash__ = dt.datetime.__hash__

    def isoformat(self, *_: Any, **__: Any) -> str:
        return "NaT"


def test_what_is_missing_is_none(dekaf_broker: Broker) -> None:
    settings: Any = {"value_serializer": "json"}
    with SyncProducer(dekaf_broker.bootstrap_servers, **settings) as producer:
        for missing in (NaT(2020, 1, 1), float("nan")):
            with pytest.raises(SerializationError, match="use None for what is missing"):
                producer.produce("orders", {"at": missing})
        producer.produce("orders", {"at": dt.datetime(2020, 1, 1)})  # noqa: DTZ001 - as many are
    assert [record.value for record in dekaf_broker.records("orders")] == [
        b'{"at":"2020-01-01T00:00:00"}'
    ]


def test_objects_have_no_bytes(dekaf_broker: Broker) -> None:
    """A buffer of objects, as numpy's, holds their addresses."""
    objects: Any = (ctypes.py_object * 2)()
    with SyncProducer(dekaf_broker.bootstrap_servers) as producer:
        with pytest.raises(TypeError, match="value is a py_object_Array_2 of Python objects"):
            producer.produce("orders", objects)
        with pytest.raises(ProduceErrorGroup, match="has no JSON"):
            producer.publish_batch(objects, topic="orders")
    assert "orders" not in dekaf_broker.topics


def test_what_a_buffer_raises_is_the_cause(dekaf_broker: Broker) -> None:
    view = memoryview(b"v")
    view.release()
    settings: Any = {"value_serializer": lambda _: view}
    with SyncProducer(dekaf_broker.bootstrap_servers) as producer:
        with pytest.raises(TypeError, match="the buffer of value cannot be read") as caught:
            producer.send("orders", view)
        assert "released memoryview" in str(caught.value.__cause__)
    with SyncProducer(dekaf_broker.bootstrap_servers, **settings) as producer:
        with pytest.raises(TypeError, match="the buffer of value cannot be read") as caught:
            producer.send("orders", 1)
        assert isinstance(caught.value.__cause__, ValueError)


@pytest.mark.skipif(sys.version_info < (3, 12), reason="buffers of Python's own are of 3.12")
def test_ctrl_c_within_a_buffer_goes_on(dekaf_broker: Broker) -> None:
    class Interrupted:
        def __buffer__(self, flags: int) -> Self:
            raise KeyboardInterrupt

    value: Any = Interrupted()
    with (
        SyncProducer(dekaf_broker.bootstrap_servers) as producer,
        pytest.raises(KeyboardInterrupt),
    ):
        producer.send("orders", value)


def test_more_seconds_than_a_clock_counts(dekaf_broker: Broker) -> None:
    with SyncProducer(dekaf_broker.bootstrap_servers) as producer:
        for call in (producer.flush, producer.ping, producer.close):
            with pytest.raises(ValueError, match=r"timeout=.* is out of range"):
                call(10**400)


class Quote(ctypes.Structure):
    """The names of its fields have the letter that stands for objects."""

    _fields_ = [("Open", ctypes.c_double)]


def test_a_structure_has_bytes(dekaf_broker: Broker) -> None:
    value: Any = Quote(1.5)
    with SyncProducer(dekaf_broker.bootstrap_servers) as producer:
        producer.produce("orders", value)
        producer.publish_batch(value, topic="orders")
    assert [record.value for record in dekaf_broker.records("orders")] == [bytes(value)] * 2
