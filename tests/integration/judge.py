"""What was promised, held against what is stored. dekaf itself is not asked."""

from collections.abc import Container

from dekaf import RecordMetadata
from tests.integration.counters import Counters
from tests.integration.reader import read
from tests.kafka import Cluster, check_sequences


def assert_kept(
    kafka: Cluster, counters: Counters, *, lost: Container[int] = (), from_zero: bool = True
) -> None:
    """Assert what holds under any fault.

    Every record has its result. What was acknowledged is stored once, at the offset that was
    reported; what failed as not written is not stored; each partition is in order. Of `lost`
    ones an administrator may have deleted what was stored; numbers start `from_zero` where the
    log begins with a producer's first record.
    """
    stored = _stored(kafka, counters)
    for n, fate in enumerate(counters.fates):
        at = stored.get(n)
        if fate is None:
            raise AssertionError(f"record {n} has no result; {counters}")
        if isinstance(fate, RecordMetadata):
            said = (fate.partition, fate.offset)
            assert at == said or (at is None and n in lost), (
                f"record {n} was acknowledged at {said}, and is stored at {at}"
            )
        else:
            assert fate.maybe_written or at is None, (
                f"record {n} failed as not written, and is stored at {at}: {fate!r}"
            )
    assert_numbered(kafka, counters.topic, from_zero=from_zero)


def assert_all_kept(kafka: Cluster, counters: Counters, count: int) -> None:
    """Assert that the faults were none to the user: all acknowledged, all stored."""
    assert not counters.failed, str(counters)
    assert counters.acknowledged == counters.handed_over == count, str(counters)
    assert_kept(kafka, counters)


def assert_numbered(kafka: Cluster, topic: str, *, from_zero: bool = True) -> None:
    """Assert, on what Kafka's own tool finds, that batches are whole and none is missing."""
    if not kafka.plan.release.dumps_batches:
        return
    for partition in kafka.metadata(topic).topics[topic]:
        expected = None
        batches = kafka.batches(topic, partition, records=False)
        for batch in batches:
            assert batch.valid, f"{topic}-{partition}: a batch is damaged: {batch}"
            assert batch.base_offset == (expected or batch.base_offset), (
                f"{topic}-{partition}: offset {expected} should come next: {batch}"
            )
            expected = batch.last_offset + 1
        check_sequences(batches, from_zero=from_zero)


def _stored(kafka: Cluster, counters: Counters) -> dict[int, tuple[int, int]]:
    """Say where each record is, once it is clear that none is stored twice or overtaken."""
    stored: dict[int, tuple[int, int]] = {}
    for partition, messages in read(kafka, counters.topic).items():
        before = -1
        for message in messages:
            n, at = int(message.value() or b""), (partition, message.offset() or 0)
            assert n not in stored, f"record {n} is stored twice: at {stored[n]} and at {at}"
            assert n > before, f"record {n} is stored behind {before}, in partition {partition}"
            assert message.key() == counters.key_of(n).encode(), f"record {n} has another's key"
            stored[n], before = at, n
    return stored
