"""200,000 messages of every kind through the batch calls, read back by confluent-kafka."""

import random
from collections.abc import Iterator

import pytest

from dekaf import InvalidRecord, Message, ProduceError, ProduceErrorGroup, Producer, RecordMetadata
from tests.integration.reader import read
from tests.kafka import Cluster, TopicFactory

PARTITIONS = 7
LARGEST = 20_000
MANY = 80_000
AT_A_TIME = 2_000

Outcome = RecordMetadata | ProduceError


def messages(topic: str, count: int, seed: int) -> Iterator[Message]:
    """Make messages with and without everything; one in a thousand is too large."""
    chance = random.Random(seed)  # noqa: S311 - the same every time
    for number in range(count):
        size = LARGEST + 1 if number % 1_000 == 500 else int(chance.expovariate(1 / 200))
        value = None if chance.random() < 0.01 else number.to_bytes(4, "big") + b"v" * size
        headers = [
            (f"h{n}", chance.choice([None, b"", b"\x00\xff", "text"]))
            for n in range(chance.choice([0, 0, 0, 1, 3]))
        ]
        yield Message(
            topic,
            value,
            key=chance.choice([None, "", f"key-{chance.randrange(1_000)}", b"\xff\x00"]),
            headers=headers + headers[:1],
            partition=chance.choice([None, None, chance.randrange(PARTITIONS)]),
            timestamp=chance.choice([None, 1_700_000_000_000 + number]),
        )


def as_stored(message: Message) -> tuple[object, ...]:
    """Say how a consumer sees it."""

    def encoded(payload: object) -> object:
        return payload.encode() if isinstance(payload, str) else payload

    headers = [(name, encoded(value)) for name, value in list(message.headers or ())]
    return encoded(message.value), encoded(message.key), headers or None


def is_too_large(message: Message) -> bool:
    return message.value is not None and len(message.value) > LARGEST  # type: ignore[arg-type]


def check(kafka: Cluster, topic: str, sent: list[Message], outcomes: list[Outcome]) -> None:
    """Hold every result against what is stored there, and what is stored against the results."""
    stored = {
        (partition, message.offset()): message
        for partition, found in read(kafka, topic).items()
        for message in found
    }
    assert len(outcomes) == len(sent)
    for index, (message, outcome) in enumerate(zip(sent, outcomes, strict=True)):
        if is_too_large(message):
            assert isinstance(outcome, InvalidRecord), index
            assert outcome.code == "MESSAGE_TOO_LARGE"
            continue
        assert isinstance(outcome, RecordMetadata), (index, outcome)
        found = stored.pop((outcome.partition, outcome.offset))
        assert (found.value(), found.key(), found.headers()) == as_stored(message), index
        assert message.partition in {None, outcome.partition}
        assert found.timestamp()[1] == outcome.timestamp
        assert message.timestamp in {None, outcome.timestamp}
    assert not stored


def in_order(outcomes: list[Outcome]) -> None:
    """Messages of a partition are stored in the order of the call."""
    last: dict[int, int] = {}
    for outcome in outcomes:
        if isinstance(outcome, RecordMetadata):
            assert outcome.offset > last.get(outcome.partition, -1)
            last[outcome.partition] = outcome.offset


@pytest.mark.asyncio
async def test_produce_all(kafka: Cluster, topic: TopicFactory) -> None:
    name = topic(kafka, partitions=PARTITIONS)
    sent = list(messages(name, MANY, seed=1))
    async with Producer(
        kafka.bootstrap(), max_request_size=LARGEST, buffer_memory=2**21
    ) as producer:
        with pytest.raises(ProduceErrorGroup) as caught:
            await producer.produce_all(sent)
    outcomes = list(caught.value.results)
    failed = [index for index, message in enumerate(sent) if is_too_large(message)]
    assert [error.index for error in caught.value.failed] == failed
    in_order(outcomes)
    check(kafka, name, sent, outcomes)


@pytest.mark.asyncio
async def test_publish_batch(kafka: Cluster, topic: TopicFactory) -> None:
    name = topic(kafka, partitions=PARTITIONS)
    sent = list(messages(name, MANY // 2, seed=2))
    outcomes: list[Outcome] = []
    async with Producer(kafka.bootstrap(), max_request_size=LARGEST, compression="lz4") as producer:
        for first in range(0, len(sent), AT_A_TIME):
            with pytest.raises(ProduceErrorGroup) as caught:
                await producer.publish_batch(*sent[first : first + AT_A_TIME])
            outcomes += caught.value.results
    in_order(outcomes)
    check(kafka, name, sent, outcomes)


@pytest.mark.asyncio
async def test_stream(kafka: Cluster, topic: TopicFactory) -> None:
    name = topic(kafka, partitions=PARTITIONS)
    outcomes: list[Outcome] = []
    async with Producer(
        kafka.bootstrap(), max_request_size=LARGEST, buffer_memory=2**20
    ) as producer:
        source = messages(name, MANY, seed=3)
        outcomes += [outcome async for outcome in producer.stream(source, return_exceptions=True)]
    in_order(outcomes)
    check(kafka, name, list(messages(name, MANY, seed=3)), outcomes)
