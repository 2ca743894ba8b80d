"""HTML for notebooks, of what a `repr` says in a line: small tables, for light pages and dark ones.

Every text is escaped where it becomes HTML, and nothing is longer than a screen or two.
"""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime, timedelta
from enum import Enum
from heapq import nsmallest
from html import escape
from itertools import islice
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

    from dekaf._cluster import Cluster
    from dekaf._config import ProducerConfig
    from dekaf._core import RecordMetadata
    from dekaf._errors import ProduceError
    from dekaf._metrics import BrokerMetrics, Latency, Metrics, TopicMetrics
    from dekaf._producer import Producer
    from dekaf._sync import SyncProducer

__all__ = [
    "batch_html",
    "cluster_html",
    "metrics_html",
    "producer_html",
    "progress_html",
    "record_metadata_html",
]

_MOST_ROWS: Final = 20
_MOST_FAILURES: Final = 10
_LONGEST_TEXT: Final = 300

_HARMLESS: Final = frozenset(
    {
        "client_id",
        "acks",
        "idempotence",
        "linger_ms",
        "batch_size",
        "compression",
        "compression_level",
        "max_in_flight",
        "buffer_memory",
        "max_request_size",
        "partitioner",
        "delivery_timeout_ms",
        "request_timeout_ms",
        "metadata_timeout_ms",
        "on_full",
        "max_waiting",
        "gapless",
        "key_serializer",
        "value_serializer",
    }
)
"""The settings that everybody may see who sees the notebook. None is among them by itself."""

_CELL: Final = "border:1px solid rgba(128,128,128,.4);padding:.1em .6em;text-align:left"
_ALARM: Final = "color:#d9413f"


class _Html(str):
    """Text that is HTML already."""

    __slots__ = ()


class _Batch(Protocol):
    """The results of many messages."""

    def __len__(self) -> int: ...
    @property
    def succeeded(self) -> Sequence[RecordMetadata]: ...
    @property
    def failed(self) -> Sequence[ProduceError]: ...


def record_metadata_html(md: RecordMetadata) -> str:
    """Show where a message is stored."""
    row = [md.topic, md.partition, _offset(md.offset), _time(md.timestamp)]
    return _table(["topic", "partition", "offset", "timestamp"], [row])


def batch_html(results: _Batch) -> str:
    """Count what is stored by partition, and show the first of what failed."""
    succeeded, failed = results.succeeded, results.failed
    messages = "1 message" if len(results) == 1 else f"{len(results):,} messages"
    counts = [messages, f"{len(succeeded):,} stored", _failed(len(failed))]
    html = _line(*counts)
    if succeeded:
        head = ["topic", "partition", "messages", "first offset", "last offset"]
        html += _table(head, *_by_partition(succeeded))
    if failed:
        first = [
            [error.index, type(error).__name__, error] for error in islice(failed, _MOST_FAILURES)
        ]
        html += _table(["index", "error", "message"], first, len(failed) - _MOST_FAILURES)
    return html


def _by_partition(stored: Iterable[RecordMetadata]) -> tuple[list[list[object]], int]:
    """Make a row for each of the first partitions, and say how many there are besides."""
    found: dict[tuple[str, int], list[int]] = {}
    for md in stored:
        offset = md.offset
        entry = found.setdefault((md.topic, md.partition), [0, offset, offset])
        entry[0] += 1
        if offset < entry[1]:
            entry[1] = offset
        elif offset > entry[2]:
            entry[2] = offset
    rows: list[list[object]] = [
        [*where, f"{count:,}", _offset(first), _offset(last)]
        for where, (count, first, last) in nsmallest(_MOST_ROWS, found.items())
    ]
    return rows, len(found) - _MOST_ROWS


def metrics_html(metrics: Metrics) -> str:
    """Show what says most; the fields have the rest."""
    records, batches = metrics.records, metrics.batches
    facts: dict[str, object] = {
        "messages": _joined(
            f"{records.handed_over:,} handed over",
            f"{records.acknowledged:,} acknowledged",
            _failed(records.failed),
            f"{records.unsent:,} unsent",
            f"{records.unsettled:,} unsettled",
        ),
        "held": _held(metrics),
        "batches": f"{batches.sent:,} sent, {batches.retries:,} retries",
        "acknowledged within": _latency(metrics.acknowledgement),
        "brokers answered within": _latency(metrics.requests.latency),
    }
    throttled = metrics.requests.throttle_time
    if throttled.count:
        facts["brokers throttled"] = (
            f"{throttled.count:,} requests, for {throttled.total_ms:,.0f} ms in all, "
            f"{throttled.max_ms:,.0f} ms at most"
        )
    if metrics.errors:
        refusals = islice(metrics.errors.items(), _MOST_ROWS)
        facts["brokers refused"] = _joined(*(f"{name}: {count:,}" for name, count in refusals))
    html = _line("Metrics") + _facts(facts)
    if topics := metrics.topics:
        head = ["topic", "partitions", "acknowledged", "failed", "queued", "in flight"]
        rows = map(_topic_row, topics[:_MOST_ROWS])
        html += _table(head, rows, len(topics) - _MOST_ROWS)
    if brokers := metrics.brokers:
        head = ["broker", "connected", "requests", "in flight", "answered within", "throttled"]
        rows = map(_broker_row, brokers[:_MOST_ROWS])
        html += _table(head, rows, len(brokers) - _MOST_ROWS)
    return html


def cluster_html(cluster: Cluster) -> str:
    """Show the brokers and the first of the topics."""
    html = _line("Cluster") + _facts(
        {"cluster_id": cluster.cluster_id, "controller": cluster.controller}
    )
    brokers, topics = cluster.brokers, cluster.topics
    head = ["broker", "host", "port", "rack"]
    html += _table(head, brokers[:_MOST_ROWS], len(brokers) - _MOST_ROWS)
    if topics:
        rows = (
            [topic.name, topic.partitions, "yes" if topic.is_internal else "no"]
            for topic in topics[:_MOST_ROWS]
        )
        html += _table(["topic", "partitions", "internal"], rows, len(topics) - _MOST_ROWS)
    return html


def _topic_row(topic: TopicMetrics) -> list[object]:
    records = topic.records
    ended = [f"{records.acknowledged:,}", _failed(records.failed)]
    return [topic.name, topic.partitions, *ended, topic.queued, topic.in_flight]


def _broker_row(broker: BrokerMetrics) -> list[object]:
    requests = broker.requests
    throttled = requests.throttle_time
    silence = f"{throttled.total_ms:,.0f} ms" if throttled.count else None
    asked = [f"{requests.sent:,}", requests.in_flight, _latency(requests.latency), silence]
    return [broker.id, "yes" if broker.connected else "no", *asked]


def producer_html(producer: Producer[Any, Any] | SyncProducer[Any, Any]) -> str:
    """Show where a producer leads to, what it was told to do, and what it holds."""
    metrics = producer.metrics()
    facts: dict[str, object] = {
        "bootstrap_servers": producer.config.bootstrap_servers,
        **_chosen(producer.config),
    }
    if metrics.records.handed_over:
        facts["messages"] = _joined(
            f"{metrics.records.acknowledged:,} acknowledged", _failed(metrics.records.failed)
        )
        facts["held"] = _held(metrics)
    state = "closed" if producer.closed else "open"
    return _line(type(producer).__name__, state) + _facts(facts)


def _chosen(config: ProducerConfig) -> dict[str, object]:
    """Return the settings that are not as by default, and may be seen."""
    return {
        each.name: _setting(value)
        for each in fields(config)
        if each.name in _HARMLESS and (value := getattr(config, each.name)) != each.default
    }


def _setting(value: object) -> object:
    if isinstance(value, Enum):
        return value.name.lower()
    # What a function or its object was made with is nobody's business, so no `repr`.
    return getattr(value, "__qualname__", type(value).__name__) if callable(value) else value


def progress_html(line: str, done: int, total: int | None) -> str:
    """Show a bar, and a line beside it; without a total, a bar that only says: not yet."""
    known = "" if total is None else f' value="{min(done, total)}" max="{max(total, 1)}"'
    return f"<div><progress{known}></progress> {_text(line)}</div>"


def _held(metrics: Metrics) -> str:
    held = metrics.pending
    waiting = held.waiting_for_memory + held.waiting_for_topic + held.waiting_for_placing
    return (
        f"{held.queued:,} queued, {held.in_flight:,} in flight, {waiting:,} waiting; "
        f"{held.memory_used:,} of {held.buffer_memory:,} bytes"
    )


def _latency(latency: Latency) -> str | None:
    if not latency.count:
        return None
    return f"{latency.p50_ms:.1f} ms (p50), {latency.p99_ms:.1f} ms (p99)"


def _offset(offset: int) -> int | None:
    return offset if offset >= 0 else None  # without acknowledgements there is none


def _time(timestamp: int) -> str:
    try:
        time = datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=timestamp)
    except OverflowError:
        return str(timestamp)
    return time.isoformat(" ", "milliseconds")


def _failed(count: int) -> str:
    text = f"{count:,} failed"
    return _Html(f'<span style="{_ALARM}">{text}</span>') if count else text


def _text(value: object) -> _Html:
    if isinstance(value, _Html):
        return value
    text = "–" if value is None else str(value)  # noqa: RUF001 - a dash it is
    if len(text) > _LONGEST_TEXT:
        text = text[: _LONGEST_TEXT - 1] + "…"
    return _Html(escape(text))


def _joined(*parts: str) -> _Html:
    return _Html(", ".join(map(_text, parts)))


def _line(first: str, *others: str) -> str:
    return f"<div>{_joined(_Html(f'<b>{_text(first)}</b>'), *others)}</div>"


def _facts(facts: Mapping[str, object]) -> str:
    rows = [[_Html(f"<b>{_text(name)}</b>"), value] for name, value in facts.items()]
    return _table([], rows)


def _table(head: Sequence[str], rows: Iterable[Sequence[object]], more: int = 0) -> str:
    lines = [_row("th", head)] if head else []
    lines += [_row("td", row) for row in rows]
    if more > 0:
        lines.append(f'<tr><td colspan="{len(head)}" style="{_CELL}">… and {more:,} more</td></tr>')
    return f'<table style="border-collapse:collapse">{"".join(lines)}</table>'


def _row(tag: str, cells: Iterable[object]) -> str:
    made = (f'<{tag} style="{_CELL}">{_text(cell)}</{tag}>' for cell in cells)
    return f"<tr>{''.join(made)}</tr>"
