"""Record batches for raw requests, as aiokafka's builder makes them."""

from aiokafka.protocol.produce import ProduceRequest_v8
from aiokafka.record.default_records import DefaultRecordBatch, DefaultRecordBatchBuilder

from tests.conformance.engine import Engine

_NO_COMPRESSION = 0


def batch(
    *values: bytes | None,
    key: bytes | None = b"key",
    timestamps: tuple[int, ...] | None = None,
    producer: tuple[int, int, int] = (-1, -1, -1),  # id, epoch, first sequence number
) -> bytes:
    builder = DefaultRecordBatchBuilder(2, _NO_COMPRESSION, 0, *producer, 10_000_000)
    for n, value in enumerate(values):
        timestamp = 1_000 + n if timestamps is None else timestamps[n]
        assert builder.append(n, timestamp, key, value, []) is not None
    return bytes(builder.build())


def records(data: bytes) -> list[tuple[int, int, bytes | None]]:
    """Read offset, timestamp and value of every record in whole batches."""
    found = []
    while data:
        size = 12 + int.from_bytes(data[8:12])
        assert size <= len(data), f"a batch of {size} bytes is cut after {len(data)}"
        one = DefaultRecordBatch(data[:size])
        assert one.validate_crc(), "a batch's checksum does not match"
        found += [(record.offset, record.timestamp, record.value) for record in one]
        data = data[size:]
    return found


def produce(
    engine: Engine, topic: str, data: bytes, *, partition: int = 0, acks: int = -1
) -> tuple[int, int, int, list[int]]:
    """Return error, offset, timestamp and the indexes of the records that are to blame."""
    request = ProduceRequest_v8(None, acks, 10_000, [(topic, [(partition, data)])])
    ((name, partitions),) = engine.ask(request).topics
    ((index, error, offset, timestamp, _start, errors, _message),) = partitions
    assert (name, index) == (topic, partition)
    return error, offset, timestamp, [blamed for blamed, _ in errors]


def store(engine: Engine, topic: str, data: bytes, *, partition: int = 0) -> int:
    """Produce what is taken, and return its first offset."""
    error, offset, *_ = produce(engine, topic, data, partition=partition)
    assert error == 0, f"the batch was refused with error {error}"
    return offset
