"""What a test wants of a cluster: how many brokers, which Kafka, which listeners."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from tests.kafka.certificates import Certificates
from tests.kafka.jvm import JVM_FLAGS
from tests.kafka.listeners import LISTENERS, USERS
from tests.kafka.release import DEFAULT_VERSION, Mode, Release

# combined: every broker is a controller too.
# separate: one more process is the controller, so leadership moves however brokers fare.
# first:    only broker 1 is a controller: without it, nothing is elected.
Controllers = Literal["combined", "separate", "first"]


@dataclass(frozen=True, kw_only=True)
class Plan:
    brokers: int = 1
    version: str = DEFAULT_VERSION
    controllers: Controllers = "combined"
    mode: Mode | None = None  # None: KRaft, or ZooKeeper before Kafka 3
    listeners: Sequence[str] = ("PLAINTEXT",)
    # Listeners whose advertised ports are not the brokers' own, but free for fault proxies.
    proxied: Collection[str] = ()
    certificates: Certificates | None = None
    users: Mapping[str, str] = field(default_factory=lambda: USERS)
    # More lines for server.properties, or others than the usual: {"message.max.bytes": 1000}
    settings: Mapping[str, object] = field(default_factory=dict)
    jvm_flags: Sequence[str] = JVM_FLAGS
    log_level: str = "info"
    use_class_data: bool = True

    def __post_init__(self) -> None:
        for name in self.listeners:
            if name not in LISTENERS:
                raise ValueError(f"no listener {name!r}: there are {', '.join(LISTENERS)}")
            if LISTENERS[name].has_tls and self.certificates is None:
                raise ValueError(f"listener {name} needs certificates: see make_certificates")
        for name in self.proxied:
            if name not in self.listeners:
                raise ValueError(f"{name!r} cannot be proxied: it is none of the listeners")

    @property
    def release(self) -> Release:
        return Release(self.version)

    @property
    def runs_kraft(self) -> bool:
        return (self.mode or self.release.default_mode) == "kraft"

    @property
    def replication(self) -> int:
        """The copies of a topic that the cluster can hold, three at most."""
        return min(3, self.brokers)
