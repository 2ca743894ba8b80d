"""Batches of every codec, as dekaf's core makes them, before brokers and readers of other makes.

The core's tests write them to files, all with the same records, and the records beside them.
"""

import json
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiokafka
import confluent_kafka
import pytest

from tests.kafka import Cluster, TopicFactory, wire
from tests.kafka.jars import class_path
from tests.kafka.release import Release

# The first run may have to compile the core's tests.
pytestmark = pytest.mark.timeout(600)

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "target" / "golden-batches"
PROGRAM = Path(__file__).parent / "java" / "Batches.java"

# A record: its time, key, value and headers.
Record = tuple[int, bytes | None, bytes | None, list[tuple[str, bytes | None]]]


@dataclass(frozen=True)
class Golden:
    batches: dict[str, bytes]  # by codec and level, as in "gzip-6"
    records: list[Record]  # of each

    @property
    def codecs(self) -> list[str]:
        return [name.partition("-")[0] for name in self.batches]

    @property
    def count(self) -> int:
        """How many records are in all batches together."""
        return len(self.batches) * len(self.records)


def unhex(text: str | None) -> bytes | None:
    return None if text is None else bytes.fromhex(text)


def parse(line: str) -> Record:
    record = json.loads(line)
    headers = [(bytes.fromhex(name).decode(), unhex(value)) for name, value in record["headers"]]
    return record["timestamp"], unhex(record["key"]), unhex(record["value"]), headers


@pytest.fixture(scope="module")
def golden() -> Golden:
    command = ["cargo", "test", "--quiet", "--locked", "--no-default-features"]
    command += ["--test", "core", "golden_batches"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"no batches were written:\n{done.stdout}\n{done.stderr}"
    batches = {path.stem: path.read_bytes() for path in sorted(FOLDER.glob("*.batch"))}
    lines = (FOLDER / "records.jsonl").read_text().splitlines()
    found = Golden(batches, [parse(line) for line in lines])
    assert set(found.codecs) == {"none", "gzip", "snappy", "lz4", "zstd"}
    assert len(found.records) > 1000
    return found


def store(kafka: Cluster, topic: str, golden: Golden) -> None:
    """Hand the broker every batch, one after the other, as it stands in its file."""
    _, _, port = kafka.bootstrap().partition(":")
    for number, batch in enumerate(golden.batches.values()):
        offset = wire.produce(int(port), topic, 0, batch)
        assert offset == number * len(golden.records)


def check(golden: Golden, read: Iterable[Record]) -> None:
    """Compare what was read of all batches with what was written, record by record."""
    expected = (
        (name, n, record) for name in golden.batches for n, record in enumerate(golden.records)
    )
    for (name, n, written), record in zip(expected, read, strict=True):
        assert record == written, f"record {n} of {name}"


def test_brokers_store_them(kafka: Cluster, topic: TopicFactory, golden: Golden) -> None:
    """A broker reads every record of a batch before it takes it; then it stores it as it is."""
    name = topic(kafka)
    store(kafka, name, golden)
    stored = kafka.batches(name, records=False)
    assert [batch.codec for batch in stored] == golden.codecs
    assert [batch.size for batch in stored] == [len(batch) for batch in golden.batches.values()]
    assert all(batch.valid for batch in stored)
    assert {batch.count for batch in stored} == {len(golden.records)}
    latest = max(timestamp for timestamp, *_ in golden.records)
    assert {batch.timestamp for batch in stored} == {latest}


def test_librdkafka_reads_them(kafka: Cluster, topic: TopicFactory, golden: Golden) -> None:
    name = topic(kafka)
    store(kafka, name, golden)
    consumer = confluent_kafka.Consumer(
        {
            "bootstrap.servers": kafka.bootstrap(),
            "group.id": f"reader-of-{name}",
            "enable.auto.commit": False,
            "check.crcs": True,
        }
    )
    consumer.assign([confluent_kafka.TopicPartition(name, 0, 0)])
    try:
        check(golden, [of_librdkafka(consumer.poll(30)) for _ in range(golden.count)])
    finally:
        consumer.close()


def of_librdkafka(message: confluent_kafka.Message | None) -> Record:
    assert message is not None, "messages are missing"
    assert message.error() is None
    kind, timestamp = message.timestamp()
    assert kind == confluent_kafka.TIMESTAMP_CREATE_TIME
    headers: Any = message.headers() or []
    return timestamp, message.key(), message.value(), headers


@pytest.mark.asyncio
async def test_aiokafka_reads_them(kafka: Cluster, topic: TopicFactory, golden: Golden) -> None:
    name = topic(kafka)
    store(kafka, name, golden)
    partition = aiokafka.TopicPartition(name, 0)
    read: list[Record] = []
    async with aiokafka.AIOKafkaConsumer(bootstrap_servers=kafka.bootstrap()) as consumer:
        consumer.assign([partition])
        await consumer.seek_to_beginning(partition)
        while len(read) < golden.count:
            fetched = await consumer.getmany(partition, timeout_ms=30_000)
            assert fetched, f"{golden.count - len(read)} messages are missing"
            read += [
                (message.timestamp, message.key, message.value, list(message.headers))
                for message in fetched[partition]
            ]
    check(golden, read)


def test_the_java_client_reads_them(kafka_version: str, golden: Golden) -> None:
    """From the files, with the classes that its consumer reads with."""
    jars = ":".join(map(str, class_path(Release(kafka_version))))
    files = [str(FOLDER / f"{name}.batch") for name in golden.batches]
    done = subprocess.run(
        ["java", "-cp", jars, str(PROGRAM), *files],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    heads = [json.loads(line) for line in lines if line.startswith('{"codec"')]
    assert [head["codec"] for head in heads] == golden.codecs
    assert {head["count"] for head in heads} == {len(golden.records)}
    assert {head["latest"] for head in heads} == {max(record[0] for record in golden.records)}
    check(golden, [parse(line) for line in lines if not line.startswith('{"codec"')])
