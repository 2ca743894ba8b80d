"""Faults of a cluster of three, each struck at whoever leads a partition at that moment."""

from collections.abc import Mapping

from tests.kafka import Cluster, FaultProxy


class Adversary:
    """`proxies` are the ways to the brokers, by the brokers' ids."""

    def __init__(self, kafka: Cluster, proxies: Mapping[int, FaultProxy], topic: str) -> None:
        self._kafka = kafka
        self._proxies = proxies
        self._topic = topic
        self._struck: int | None = None  # the broker that is dead, or hangs

    def kill_leader(self, partition: int) -> None:
        self._struck = self._kafka.leader(self._topic, partition)
        self._kafka.kill(self._struck)

    def hang_leader(self, partition: int) -> None:
        self._struck = self._kafka.leader(self._topic, partition)
        self._kafka.pause(self._struck)

    def bring_back(self) -> None:
        """Restart who was killed, or resume who hung; return when every replica is in sync."""
        assert self._struck is not None, "nobody was struck"
        if self._kafka.nodes[self._struck].paused:
            self._kafka.resume(self._struck)
        else:
            self._kafka.restart(self._struck)
        self._struck = None
        self._kafka.wait_in_sync(self._topic)

    def lose_acknowledgements(self, partition: int) -> None:
        """Let the leader store what it gets, and cut its connection within an answer."""
        self._leaders_proxy(partition).cut_after("down", 5)

    def cut_a_request(self, partition: int) -> None:
        self._leaders_proxy(partition).cut_after("up", 2_000)

    def reset_connections(self) -> None:
        for proxy in self._proxies.values():
            proxy.cut(reset=True)

    def _leaders_proxy(self, partition: int) -> FaultProxy:
        return self._proxies[self._kafka.leader(self._topic, partition)]
