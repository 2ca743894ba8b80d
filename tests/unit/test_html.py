"""What notebooks show: the right numbers, no secrets, nothing that a name could break."""

import sys
from collections.abc import Iterator, Sequence
from functools import partial
from subprocess import run
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from dekaf import (
    BrokerInfo,
    Cluster,
    DeliveryTimeout,
    Metrics,
    ProduceError,
    Producer,
    RecordMetadata,
    SyncProducer,
    TopicInfo,
    UnknownTopic,
)
from dekaf._html import (
    batch_html,
    cluster_html,
    metrics_html,
    producer_html,
    progress_html,
    record_metadata_html,
)
from dekaf.testing import Broker

EVIL = "<script>alert('x')</script>&\""


class Results:
    def __init__(self, results: Sequence[RecordMetadata | ProduceError]) -> None:
        self.results = results

    def __len__(self) -> int:
        return len(self.results)

    @property
    def succeeded(self) -> list[RecordMetadata]:
        return [each for each in self.results if isinstance(each, RecordMetadata)]

    @property
    def failed(self) -> list[ProduceError]:
        return [each for each in self.results if isinstance(each, ProduceError)]


def parsed(html: str) -> ET.Element:
    """Read it as strictly as XML is read, so that nothing is left open or unescaped."""
    return ET.fromstring(f"<body>{html}</body>")  # noqa: S314 - it is ours


def words(element: ET.Element) -> str:
    return "".join(element.itertext())


def headline(html: str) -> str:
    found = parsed(html).find("div")
    assert found is not None
    return words(found)


def tables(html: str) -> list[list[list[str]]]:
    return [
        [[words(cell) for cell in row] for row in table] for table in parsed(html).findall("table")
    ]


def facts(html: str) -> dict[str, str]:
    """Read the first table as names and values."""
    return {name: value for name, value in tables(html)[0]}  # noqa: C416 - each row is checked to be a pair


def stored(offset: int, topic: str = "orders", partition: int = 0) -> RecordMetadata:
    return RecordMetadata(topic, partition, offset, 1_767_323_045_678)


def failure(index: int, message: str = "no time left") -> DeliveryTimeout:
    error = DeliveryTimeout(message)
    error.index = index
    return error


def test_record_metadata() -> None:
    assert tables(record_metadata_html(stored(7, "ä<b>", 3))) == [
        [
            ["topic", "partition", "offset", "timestamp"],
            ["ä<b>", "3", "7", "2026-01-02 03:04:05.678+00:00"],
        ]
    ]


@pytest.mark.parametrize(
    ("timestamp", "shown"),
    [(-1, "1969-12-31 23:59:59.999+00:00"), (2**62, str(2**62)), (-(2**63), str(-(2**63)))],
)
def test_timestamps_of_any_size(timestamp: int, shown: str) -> None:
    html = record_metadata_html(RecordMetadata("orders", 0, -1, timestamp))
    assert tables(html)[0][1] == ["orders", "0", "–", shown]  # noqa: RUF001


def test_a_batch() -> None:
    results = Results(
        [stored(5), stored(4), failure(2), stored(6), stored(0, "a", 1), UnknownTopic(EVIL)]
    )
    html = batch_html(results)
    assert headline(html) == "6 messages, 4 stored, 2 failed"
    by_partition, failures = tables(html)
    assert by_partition == [
        ["topic", "partition", "messages", "first offset", "last offset"],
        ["a", "1", "1", "0", "0"],
        ["orders", "0", "3", "4", "6"],
    ]
    assert failures == [
        ["index", "error", "message"],
        ["2", "DeliveryTimeout", "no time left"],
        ["0", "UnknownTopic", EVIL],
    ]


def test_a_batch_without_failures() -> None:
    html = batch_html(Results([stored(1)]))
    assert headline(html) == "1 message, 1 stored, 0 failed"
    assert len(tables(html)) == 1
    assert "color:" not in html


def test_an_empty_batch() -> None:
    html = batch_html(Results([]))
    assert headline(html) == "0 messages, 0 stored, 0 failed"
    assert tables(html) == []


def test_a_huge_batch_is_shown_in_short() -> None:
    found = [stored(n, partition=n % 1_000) for n in range(20_000)]
    failed = [failure(n, EVIL * 1_000) for n in range(5_000)]
    html = batch_html(Results([*found, *failed]))
    assert headline(html) == "25,000 messages, 20,000 stored, 5,000 failed"
    by_partition, failures = tables(html)
    assert by_partition[1:3] == [
        ["orders", "0", "20", "0", "19000"],
        ["orders", "1", "20", "1", "19001"],
    ]
    assert (len(by_partition), by_partition[-1]) == (22, ["… and 980 more"])
    assert [row[0] for row in failures[1:-1]] == [str(n) for n in range(10)]
    assert failures[-1] == ["… and 4,990 more"]
    assert len(html) < 20_000


@pytest.fixture
def broker() -> Iterator[Broker]:
    with Broker() as broker:
        broker.create_topic("orders", partitions=1)
        yield broker


def test_metrics(broker: Broker) -> None:
    with SyncProducer(broker.bootstrap_servers, metadata_timeout_ms=100) as producer:
        producer.produce("orders", b"v")
        producer.produce("orders", b"v")
        with pytest.raises(ProduceError):
            producer.produce("orders", b"v", partition=9)
        metrics = producer.metrics()
        html = metrics._repr_html_()
        assert html == metrics_html(metrics)
        assert headline(html) == "Metrics"
        shown = facts(html)
        assert shown["messages"] == (
            "3 handed over, 2 acknowledged, 1 failed, 0 unsent, 0 unsettled"
        )
        assert shown["held"].startswith("0 queued, 0 in flight, 0 waiting; ")
        assert shown["batches"] == "2 sent, 0 retries"
        assert "ms (p99)" in shown["acknowledged within"]
        _, topics, brokers = tables(html)
        assert topics[1] == ["orders", "1", "2", "1 failed", "0", "0"]
        assert brokers[1][:4] == ["1", "yes", "2", "0"]
        assert brokers[1][-1] == "–"  # noqa: RUF001
        assert "brokers throttled" not in shown
        assert 'style="color:#d9413f">1 failed<' in html


def test_metrics_of_a_producer_that_is_throttled(broker: Broker) -> None:
    with SyncProducer(broker.bootstrap_servers) as producer:
        broker.faults.throttle(0.001, times=1)
        producer.produce("orders", b"v")
        broker.faults.throttle(0.003, times=1)
        producer.produce("orders", b"v")
        html = metrics_html(producer.metrics())
    assert facts(html)["brokers throttled"] == "2 requests, for 4 ms in all, 3 ms at most"
    _, _, brokers = tables(html)
    assert brokers[0][-1] == "throttled"
    assert brokers[1][-1] == "4 ms"


def test_metrics_of_nothing() -> None:
    html = metrics_html(SyncProducer("localhost:9092").metrics())
    assert facts(html)["acknowledged within"] == "–"  # noqa: RUF001
    assert len(tables(html)) == 1


def many(metrics: Metrics, count: int) -> Metrics:
    """Repeat what there is one of."""
    topics, brokers = metrics.topics * count, metrics.brokers * count
    names = [name for name in Metrics.__dataclass_fields__ if name not in {"topics", "brokers"}]
    rest = {name: getattr(metrics, name) for name in names}
    return Metrics(**{**rest, "topics": topics, "brokers": brokers, "errors": {EVIL: 3}})


def test_metrics_of_many(broker: Broker) -> None:
    with SyncProducer(broker.bootstrap_servers) as producer:
        producer.produce("orders", b"v")
        html = metrics_html(many(producer.metrics(), 30))
    first, topics, brokers = tables(html)
    assert ["brokers refused", f"{EVIL}: 3"] in first
    assert (len(topics), topics[-1]) == (22, ["… and 10 more"])
    assert (len(brokers), brokers[-1]) == (22, ["… and 10 more"])


def test_a_cluster() -> None:
    brokers = (BrokerInfo(1, "a", 9092, EVIL), BrokerInfo(2, "b", 9093, None))
    topics = (TopicInfo("__offsets", 50, is_internal=True), TopicInfo(EVIL, 3, is_internal=False))
    cluster = Cluster("id", None, brokers, topics)
    html = cluster._repr_html_()
    assert html == cluster_html(cluster)
    assert headline(html) == "Cluster"
    assert facts(html) == {"cluster_id": "id", "controller": "–"}  # noqa: RUF001
    assert tables(html)[1:] == [
        [["broker", "host", "port", "rack"], ["1", "a", "9092", EVIL], ["2", "b", "9093", "–"]],  # noqa: RUF001
        [["topic", "partitions", "internal"], ["__offsets", "50", "yes"], [EVIL, "3", "no"]],
    ]


def test_a_cluster_of_any_size() -> None:
    brokers = tuple(BrokerInfo(n, "a", 9092, None) for n in range(30))
    topics = tuple(TopicInfo(str(n), 1, is_internal=False) for n in range(5_000))
    html = cluster_html(Cluster("id", 1, brokers, topics))
    _, of_brokers, of_topics = tables(html)
    assert (len(of_brokers), of_brokers[-1]) == (22, ["… and 10 more"])
    assert (len(of_topics), of_topics[-1]) == (22, ["… and 4,980 more"])
    assert len(tables(cluster_html(Cluster("id", 1, brokers, ())))) == 2


class Encoder:
    def __init__(self, secret: str) -> None:
        self.secret = secret

    def __call__(self, _: object) -> bytes:
        return b""

    def __repr__(self) -> str:
        return f"Encoder({self.secret!r})"


def encode(_: object, _with: str = "") -> bytes:
    return b""


def test_a_producer_that_did_nothing() -> None:
    producer: Any = SyncProducer(
        "localhost:9092,other:9092",
        client_id=EVIL,
        acks="leader",
        linger_ms=7,
        key_serializer="str",
        value_serializer=Encoder("s3cret"),
        on_error=partial(print, "s3cret"),
    )
    html = producer._repr_html_()
    assert html == producer_html(producer)
    assert headline(html) == "SyncProducer, open"
    assert facts(html) == {
        "bootstrap_servers": "localhost:9092,other:9092",
        "client_id": EVIL,
        "acks": "leader",
        "idempotence": "False",
        "linger_ms": "7",
        "key_serializer": "str",
        "value_serializer": "Encoder",
    }
    assert "s3cret" not in html


def test_functions_are_shown_by_name() -> None:
    producer: Any = Producer(
        "localhost:9092", key_serializer=encode, value_serializer=partial(encode, _with="s3cret")
    )
    shown = facts(producer._repr_html_())
    assert [shown["key_serializer"], shown["value_serializer"]] == ["encode", "partial"]


def test_a_setting_is_not_shown_because_it_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    from dekaf import _html  # noqa: PLC0415

    producer = SyncProducer("localhost:9092", linger_ms=7)
    monkeypatch.setattr(_html, "_HARMLESS", _html._HARMLESS - {"linger_ms"})
    assert facts(producer_html(producer)) == {"bootstrap_servers": "localhost:9092"}


def test_a_producer_at_work_and_closed(broker: Broker) -> None:
    with SyncProducer(broker.bootstrap_servers) as producer:
        producer.produce("orders", b"v")
        shown = facts(producer_html(producer))
        assert shown["messages"] == "1 acknowledged, 0 failed"
        assert shown["held"] == "0 queued, 0 in flight, 0 waiting; 0 of 67,108,864 bytes"
    assert headline(producer_html(producer)) == "SyncProducer, closed"


@pytest.mark.parametrize(
    ("done", "total", "bar"),
    [
        (3, 10, {"value": "3", "max": "10"}),
        (12, 10, {"value": "10", "max": "10"}),
        (0, 0, {"value": "0", "max": "1"}),
        (3, None, {}),
    ],
)
def test_progress(done: int, total: int | None, bar: dict[str, str]) -> None:
    html = progress_html(EVIL, done, total)
    found = parsed(html).find("div/progress")
    assert found is not None
    assert found.attrib == bar
    assert headline(html).strip() == EVIL


def test_who_is_in_no_notebook_does_not_pay() -> None:
    code = "import sys, dekaf; sys.exit('dekaf._html' in sys.modules or 'html' in sys.modules)"
    run([sys.executable, "-c", code], check=True)
