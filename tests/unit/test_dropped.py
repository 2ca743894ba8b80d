"""A producer that is dropped unclosed: it delivers what it has, and Python says what was missed."""

import gc
import warnings

import pytest

from dekaf import Producer, SyncProducer
from dekaf.testing import Broker
from tests.kafka.waiting import wait_until
from tests.unit.programs import run

PRODUCERS = [Producer, SyncProducer]


@pytest.mark.parametrize("face", PRODUCERS)
def test_what_is_on_the_way_is_counted(
    dekaf_broker: Broker, face: type[Producer[object, object] | SyncProducer[object, object]]
) -> None:
    producer = face(dekaf_broker.bootstrap_servers, linger_ms=60_000)
    for n in range(3):
        producer.send("orders", f"{n}")
    with pytest.warns(ResourceWarning, match=f"{face.__name__} .*unclosed while 3 messages are"):
        del producer
    wait_until(lambda: len(dekaf_broker.records("orders")) == 3, what="all are delivered")


@pytest.mark.parametrize("face", PRODUCERS)
def test_who_has_nothing_on_the_way_says_nothing(
    dekaf_broker: Broker, face: type[Producer[object, object] | SyncProducer[object, object]]
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        producer = face(dekaf_broker.bootstrap_servers)
        del producer
        gc.collect()


def test_the_end_of_the_process_is_no_reason_to_warn(dekaf_broker: Broker) -> None:
    """Exit delivers, whoever still holds the producer."""
    script = """
import sys
from dekaf import SyncProducer
producer = SyncProducer(sys.argv[1], linger_ms=60_000)
producer.send("orders", b"v")
"""
    assert run(script, dekaf_broker.bootstrap_servers) == ("", "")
    assert len(dekaf_broker.records("orders")) == 1
