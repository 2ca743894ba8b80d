"""Kafka's own tools, and with them the Java client, use the broker in the box."""

import asyncio

import pytest

from dekaf import Producer
from dekaf.testing import Broker, StoredRecord
from tests.kafka import DEFAULT_VERSION
from tests.kafka.release import Release
from tests.kafka.tool import run_tool
from tests.peers.conftest import PARTITIONS

TOPICS = "org.apache.kafka.tools.TopicCommand"
GROUPS = "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand"
PRODUCE = "org.apache.kafka.tools.ConsoleProducer"
CONSUME = "org.apache.kafka.tools.consumer.ConsoleConsumer"

# How the producing tool reads a line, and the consuming one writes a record.
PARSED = {"parse.key": "true", "parse.headers": "true", "null.marker": "NULL"}
PRINTED = {
    "print.timestamp": "true",
    "print.partition": "true",
    "print.offset": "true",
    "print.headers": "true",
    "print.key": "true",
    "null.literal": "NULL",
    "headers.separator": ",",
}
LINES = [
    "a:1,b:NULL,a:2\tkey\tvalue",
    "trace:ąę\tключ\tvärde 🎉",
    "a:\tNULL\tno key",
    "a:1\ttombstone\tNULL",
    *(f"n:{n}\tkey {n}\tvalue {n}" for n in range(200)),
]

pytestmark = pytest.mark.usefixtures("kafka_version")


def tool(box: Broker, main: str, *arguments: object, given: str | None = None) -> str:
    servers = ("--bootstrap-server", box.bootstrap_servers)
    return run_tool(Release(DEFAULT_VERSION), main, *servers, *arguments, given=given)


def options(name: str, values: dict[str, str]) -> list[str]:
    return [part for key, value in values.items() for part in (name, f"{key}={value}")]


def printed(record: StoredRecord) -> str:
    """Write a record as the consuming tool does."""

    def text(content: bytes | None) -> str:
        return "NULL" if content is None else content.decode()

    headers = ",".join(f"{name}:{text(content)}" for name, content in record.headers)
    return "\t".join(
        [
            f"CreateTime:{record.timestamp}",
            f"Partition:{record.partition}",
            f"Offset:{record.offset}",
            headers or "NO_HEADERS",
            text(record.key),
            text(record.value),
        ]
    )


@pytest.mark.parametrize("codec", ["zstd"])
def test_a_producer_and_a_group(box: Broker, codec: str) -> None:
    """The one writes, the other reads and commits; who looks after groups sees it."""
    lines = "".join(f"{line}\n" for line in LINES)
    box.create_topic("t", partitions=PARTITIONS)
    written = ("--topic", "t", "--compression-codec", codec)
    tool(box, PRODUCE, *written, *options("--reader-property", PARSED), given=lines)
    stored = box.assert_published("t", times=len(LINES))
    assert {parsed(line) for line in LINES} == {
        (record.headers, record.key, record.value) for record in stored
    }
    wanted = ("--topic", "t", "--from-beginning", "--max-messages", len(LINES), "--group", "g")
    read = tool(box, CONSUME, *wanted, *options("--formatter-property", PRINTED))
    assert sorted(read.splitlines()) == sorted(map(printed, stored))
    described = tool(box, GROUPS, "--describe", "--group", "g").split("\n")
    ends = {line.split()[2]: line.split()[3:6] for line in described if line.startswith("g ")}
    counts = [sum(record.partition == n for record in stored) for n in range(PARTITIONS)]
    assert ends == {str(n): [str(count), str(count), "0"] for n, count in enumerate(counts)}
    assert tool(box, GROUPS, "--list").split() == ["g"]


def parsed(
    line: str,
) -> tuple[tuple[tuple[str, bytes | None], ...], bytes | None, bytes | None]:
    """Read a line as the producing tool does."""

    def content(text: str) -> bytes | None:
        return None if text == "NULL" else text.encode()

    headers, key, value = line.split("\t")
    pairs = [header.partition(":") for header in headers.split(",")]
    return tuple((name, content(text)) for name, _, text in pairs), content(key), content(value)


def test_a_reader_without_a_group(box: Broker) -> None:
    """It reads what dekaf has written, from an offset in the middle."""

    async def write() -> None:
        async with Producer(box.bootstrap_servers) as producer:
            for n in range(50):
                headers = [("n", b"%d" % n), ("null", None)]
                await producer.produce(
                    "t", f"value {n}", key=f"key {n}", partition=1, headers=headers
                )

    box.create_topic("t", partitions=PARTITIONS)
    asyncio.run(write())
    wanted = ("--topic", "t", "--partition", 1, "--offset", 20, "--max-messages", 30)
    read = tool(box, CONSUME, *wanted, *options("--formatter-property", PRINTED))
    assert read.splitlines() == [printed(record) for record in box.records("t")[20:]]


def test_topics(box: Broker) -> None:
    settings = ("--config", "cleanup.policy=compact", "--config", "max.message.bytes=2000")
    tool(box, TOPICS, "--create", "--topic", "t", "--partitions", 4, *settings)
    box.create_topic("u")
    assert box.topics == {"t": 4, "u": PARTITIONS}
    assert tool(box, TOPICS, "--list").split() == ["t", "u"]
    head, *rest = tool(box, TOPICS, "--describe", "--topic", "t").splitlines()
    assert "PartitionCount: 4" in head
    assert "cleanup.policy=compact" in head
    assert "max.message.bytes=2000" in head
    assert len(rest) == 4
    assert all("Leader: 1" in line and "Isr: 1" in line for line in rest), rest
