"""Produce: what is stored and where, and what is refused, with which error."""

import time

import pytest
from aiokafka.protocol.produce import ProduceRequest_v8
from aiokafka.protocol.transaction import InitProducerIdRequest_v0

from tests.conformance.batches import batch, produce, store
from tests.conformance.engine import Engine
from tests.kafka import wait_until

CORRUPT, UNKNOWN_TOPIC, TOO_LARGE, INVALID_ACKS, INVALID_TIMESTAMP = 2, 3, 10, 21, 32
COORDINATOR_LOADING, OUT_OF_ORDER, FENCED, INVALID_RECORD = 14, 45, 47, 87
HOUR = 3_600_000


def test_offsets_follow_one_another(engine: Engine, name: str) -> None:
    engine.create_topic(name, partitions=2)
    assert produce(engine, name, batch(b"a", b"b")) == (0, 0, -1, [])
    assert produce(engine, name, batch(b"c"), acks=1) == (0, 2, -1, [])
    assert produce(engine, name, batch(b"d"), partition=1) == (0, 0, -1, [])


def test_there_is_no_such_topic_or_partition(engine: Engine, name: str) -> None:
    assert produce(engine, name, batch(b"a")) == (UNKNOWN_TOPIC, -1, -1, [])
    engine.create_topic(name)
    for partition in (1, -1, 2**31 - 1):
        found = produce(engine, name, batch(b"a"), partition=partition)
        assert found == (UNKNOWN_TOPIC, -1, -1, [])


def test_one_partition_fails_and_the_other_does_not(engine: Engine, name: str) -> None:
    engine.create_topic(name)
    data = [(7, batch(b"a")), (0, batch(b"b"))]
    ((_, answers),) = engine.ask(ProduceRequest_v8(None, -1, 10_000, [(name, data)])).topics
    assert {index: (error, offset) for index, error, offset, *_ in answers} == {
        7: (UNKNOWN_TOPIC, -1),
        0: (0, 0),
    }


def test_what_is_too_large(engine: Engine, name: str) -> None:
    """A batch of just the limit is taken."""
    fits = batch(b"x" * 1_000)
    engine.create_topic(name, configs={"max.message.bytes": len(fits)})
    assert produce(engine, name, batch(b"x" * 1_001)) == (TOO_LARGE, -1, -1, [])
    assert produce(engine, name, fits) == (0, 0, -1, [])


@pytest.mark.parametrize("acks", [2, -2, 5])
def test_so_many_acknowledgements_there_are_not(engine: Engine, name: str, acks: int) -> None:
    engine.create_topic(name)
    error, offset, *_ = produce(engine, name, batch(b"a"), acks=acks)
    assert (error, offset) == (INVALID_ACKS, -1)


def test_no_acknowledgement(engine: Engine, name: str) -> None:
    """A good batch gets no answer, so the next answer is another's; a bad one ends it all."""
    engine.create_topic(name)
    with engine.connect() as connection:
        silent = ProduceRequest_v8(None, 0, 10_000, [(name, [(0, batch(b"a"))])])
        connection.send(silent)
        connection._asked.clear()
        loud = ProduceRequest_v8(None, -1, 10_000, [(name, [(0, batch(b"b"))])])
        ((_, ((_, error, offset, *_),)),) = connection.ask(loud).topics
        assert (error, offset) == (0, 1)
        connection.send(ProduceRequest_v8(None, 0, 10_000, [(name, [(7, batch(b"a"))])]))
        with pytest.raises(ConnectionError):
            connection.receive()


# -- timestamps ---------------------------------------------------------------------------


def test_timestamps_out_of_range(engine: Engine, name: str) -> None:
    """The records to blame are named, and none of the others is stored."""
    limits = {"message.timestamp.before.max.ms": HOUR, "message.timestamp.after.max.ms": HOUR}
    engine.create_topic(name, configs=limits)
    now = int(time.time() * 1_000)
    wrong = (now, now - 2 * HOUR, now - HOUR // 2, now + 2 * HOUR)
    found = produce(engine, name, batch(b"a", b"b", b"c", b"d", timestamps=wrong))
    assert found == (INVALID_TIMESTAMP, -1, -1, [1, 3])
    assert produce(engine, name, batch(b"a", timestamps=(now,))) == (0, 0, -1, [])


def test_the_future_has_a_limit_of_its_own(engine: Engine, name: str) -> None:
    """An hour, unless a topic says otherwise; there is none for the past."""
    engine.create_topic(name)
    now = int(time.time() * 1_000)
    ahead = batch(b"a", timestamps=(now + 2 * HOUR,))
    assert produce(engine, name, ahead) == (INVALID_TIMESTAMP, -1, -1, [0])
    assert produce(engine, name, batch(b"a", timestamps=(1,))) == (0, 0, -1, [])


def test_the_brokers_clock(engine: Engine, name: str) -> None:
    engine.create_topic(name, configs={"message.timestamp.type": "LogAppendTime"})
    before = int(time.time() * 1_000)
    error, offset, timestamp, _ = produce(engine, name, batch(b"a", b"b"))
    after = int(time.time() * 1_000)
    assert (error, offset) == (0, 0)
    assert before <= timestamp <= after


# -- contents -----------------------------------------------------------------------------


def test_a_compacted_topic_wants_keys(engine: Engine, name: str) -> None:
    engine.create_topic(name, configs={"cleanup.policy": "compact"})
    assert produce(engine, name, batch(b"a", b"b", key=None)) == (INVALID_RECORD, -1, -1, [0, 1])
    assert produce(engine, name, batch(b"a", None)) == (0, 0, -1, [])


def test_damage_is_noticed(engine: Engine, name: str) -> None:
    engine.create_topic(name)
    good = batch(b"value")
    damaged = {
        "a bit of the value": good[:-3] + bytes([good[-3] ^ 1]) + good[-2:],
        "the checksum": good[:17] + bytes(4) + good[21:],
        "the end": good[:-1],
    }
    errors = {what: produce(engine, name, data)[0] for what, data in damaged.items()}
    assert errors == {
        "a bit of the value": CORRUPT,
        "the checksum": CORRUPT,
        "the end": INVALID_RECORD,
    }
    assert produce(engine, name, batch(b"a") + batch(b"b"))[0] == INVALID_RECORD
    assert produce(engine, name, good) == (0, 0, -1, [])


# -- idempotence --------------------------------------------------------------------------


def new_producer(engine: Engine) -> int:
    answer = None

    def given() -> bool:
        nonlocal answer
        answer = engine.ask(InitProducerIdRequest_v0(None, 10_000))
        return bool(answer.error_code != COORDINATOR_LOADING)  # which has ids to give out

    wait_until(given, what="there are ids to be had")
    assert answer is not None
    assert (answer.error_code, answer.producer_epoch) == (0, 0)
    return int(answer.producer_id)


def test_producers_have_ids_of_their_own(engine: Engine) -> None:
    assert new_producer(engine) != new_producer(engine)


def test_duplicates_are_known(engine: Engine, name: str) -> None:
    """The last five batches; an older one is out of order."""
    engine.create_topic(name)
    me = new_producer(engine)
    sent = [batch(b"a", b"b", producer=(me, 0, 2 * n)) for n in range(7)]
    assert [store(engine, name, data) for data in sent] == [2 * n for n in range(7)]
    for n in (2, 3, 4, 5, 6):
        error, offset, *_ = produce(engine, name, sent[n])
        assert (error, offset) == (0, 2 * n), n
    error, *_ = produce(engine, name, sent[0])
    assert error == OUT_OF_ORDER
    assert store(engine, name, batch(b"c", producer=(me, 0, 14))) == 14


def test_gaps_are_noticed(engine: Engine, name: str) -> None:
    engine.create_topic(name)
    me = new_producer(engine)
    store(engine, name, batch(b"a", producer=(me, 0, 0)))
    assert produce(engine, name, batch(b"c", producer=(me, 0, 2))) == (OUT_OF_ORDER, -1, -1, [])
    overlapping = batch(b"a", b"b", producer=(me, 0, 0))
    assert produce(engine, name, overlapping) == (OUT_OF_ORDER, -1, -1, [])
    assert store(engine, name, batch(b"b", producer=(me, 0, 1))) == 1


def test_epochs(engine: Engine, name: str) -> None:
    """A new one begins with 0; an old one is over."""
    engine.create_topic(name)
    me = new_producer(engine)
    store(engine, name, batch(b"a", producer=(me, 0, 0)))
    assert produce(engine, name, batch(b"b", producer=(me, 1, 1)))[0] == OUT_OF_ORDER
    store(engine, name, batch(b"b", producer=(me, 1, 0)))
    assert produce(engine, name, batch(b"c", producer=(me, 0, 1)))[0] == FENCED


def test_an_id_without_a_number(engine: Engine, name: str) -> None:
    engine.create_topic(name)
    me = new_producer(engine)
    assert produce(engine, name, batch(b"a", producer=(me, 0, -1)))[0] == INVALID_RECORD
