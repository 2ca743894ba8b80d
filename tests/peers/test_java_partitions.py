"""Keys find the partitions that the Java producer chooses for them: ten thousand of them."""

import asyncio
import random
import subprocess
from pathlib import Path

import pytest

from dekaf import Producer
from tests.kafka import Cluster, TopicFactory
from tests.kafka.jars import class_path

PARTITIONS = 13
PROGRAM = Path(__file__).parent / "java" / "Partitions.java"


def keys(count: int) -> list[str]:
    """Make keys of every length up to 40, of letters that take one to four bytes."""
    letters = "abcdefghijklmnopqrstuvwxyz0123456789-_./ äßжщ中文字🎈🚀"
    source = random.Random(20_000)  # noqa: S311 - the same keys in every run
    return ["".join(source.choices(letters, k=n % 41)) for n in range(count)]


@pytest.mark.asyncio
async def test_ten_thousand_keys(kafka: Cluster, topic: TopicFactory) -> None:
    name = topic(kafka, partitions=PARTITIONS)
    given = keys(10_000)
    jars = ":".join(map(str, class_path(kafka.plan.release)))
    done = subprocess.run(  # noqa: ASYNC221 - nothing else runs in this loop
        ["java", "-cp", jars, str(PROGRAM), str(PARTITIONS)],
        input="".join(f"{key}\n" for key in given),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        encoding="utf-8",
    )
    theirs = [int(line) for line in done.stdout.split()]
    async with Producer(kafka.bootstrap()) as producer:
        stored = await asyncio.gather(*[producer.produce(name, b"v", key=key) for key in given])
    assert [metadata.partition for metadata in stored] == theirs
    assert set(theirs) == set(range(PARTITIONS))
