"""Topics of a test's own: names that nobody else uses, and that say whose they are."""

import re
import uuid
from collections.abc import Mapping

from tests.kafka.cluster import Cluster

_LONGEST = 200  # Kafka allows 249


class TopicFactory:
    def __init__(self, owner: str) -> None:
        self._prefix = re.sub(r"[^A-Za-z0-9_.-]+", "-", owner)[:_LONGEST]

    def __call__(
        self,
        cluster: Cluster,
        *,
        partitions: int = 1,
        replication: int | None = None,
        configs: Mapping[str, object] | None = None,
    ) -> str:
        """Create a topic that every broker then knows, replicated to all of three brokers."""
        name = f"{self._prefix}-{uuid.uuid4().hex[:8]}"
        return cluster.new_topic(
            name, partitions=partitions, replication=replication, configs=configs
        )
