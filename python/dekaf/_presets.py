"""Settings that belong together, for three kinds of work and one cloud."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dekaf._acks import Acks

if TYPE_CHECKING:
    from dekaf._settings import ConfigSettings

__all__ = ["EVENT_HUBS", "HIGH_THROUGHPUT", "LOW_LATENCY", "RELIABILITY"]

HIGH_THROUGHPUT: Final[ConfigSettings] = {
    "acks": Acks.LEADER,
    "linger_ms": 20,
    "batch_size": 262_144,
    "compression": "lz4",
    "buffer_memory": 268_435_456,
}
"""Large batches, and one replica to wait for."""

LOW_LATENCY: Final[ConfigSettings] = {
    "linger_ms": 0,
    "compression": "none",
    "retry_backoff_ms": 20,
}
"""Nothing waits for company; `acks` stays: what is fast and lost is of no use."""

RELIABILITY: Final[ConfigSettings] = {
    "acks": Acks.ALL,
    "idempotence": True,
    "delivery_timeout_ms": 600_000,
    "metadata_timeout_ms": 60_000,
    "exit_timeout_ms": 60_000,
}
"""Stored by every replica in sync, once; time to outlast an outage."""

EVENT_HUBS: Final[ConfigSettings] = {
    "connections_max_idle_ms": 180_000,
    "max_request_size": 1_000_000,
    "metadata_max_age_ms": 180_000,
    "request_timeout_ms": 60_000,
}
"""What Microsoft recommends for Azure Event Hubs. The service closes a connection for a request
above 1,046,528 bytes; one that is idle for 240 s it drops without a word."""
