"""The cluster as `producer.cluster()` returns it: brokers and topics, as values with types."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from typing import Self, TypeAlias

    Described: TypeAlias = tuple[
        str | None,
        int | None,
        tuple[tuple[int, str, int, str | None], ...],
        tuple[tuple[str, int, bool], ...],
    ]
    """What the core hands out: the fields of a `Cluster`, in order and without types."""

__all__ = ["BrokerInfo", "Cluster", "TopicInfo"]


class BrokerInfo(NamedTuple):
    """One broker of a cluster."""

    id: int
    """Its id."""
    host: str
    """The host where clients reach it."""
    port: int
    """The port where clients reach it."""
    rack: str | None
    """Its rack; `None` if it has none."""


class TopicInfo(NamedTuple):
    """One topic of a cluster."""

    name: str
    """Its name."""
    partitions: int
    """How many partitions it has."""
    is_internal: bool
    """Whether it is one of Kafka's own, such as `__consumer_offsets`."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """A snapshot of a cluster: its brokers and topics."""

    cluster_id: str | None
    """The cluster's id."""
    controller: int | None
    """The id of the broker that takes administrative requests; `None` while there is none. With
    KRaft every broker takes them, and the cluster names any."""
    brokers: tuple[BrokerInfo, ...]
    """The brokers that are alive, by id."""
    topics: tuple[TopicInfo, ...]
    """All topics that the client may see, by name."""

    @classmethod
    def of(cls, described: Described) -> Self:
        """Give types to what the core hands out."""
        cluster_id, controller, brokers, topics = described
        return cls(
            cluster_id,
            controller,
            tuple(BrokerInfo(*broker) for broker in brokers),
            tuple(TopicInfo(*topic) for topic in topics),
        )

    def __repr__(self) -> str:
        """Count what may be long; every field has a name."""
        return (
            f"<Cluster {self.cluster_id}: {_counted(len(self.brokers), 'broker')}, "
            f"controller {self.controller}, {_counted(len(self.topics), 'topic')}>"
        )

    def _repr_html_(self) -> str:
        from dekaf._html import cluster_html  # noqa: PLC0415 - only notebooks ask

        return cluster_html(self)


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
