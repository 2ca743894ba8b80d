"""A running Kafka cluster on this machine, and what a test does to it and asks it.

with Cluster(Plan(brokers=3, controllers="separate")) as cluster:
    cluster.kill(cluster.leader(topic))
"""

import os
import shutil
import tempfile
import uuid
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.kafka import ports, wire
from tests.kafka.jvm import command, with_class_data
from tests.kafka.listeners import CONTROLLER, INTERNAL
from tests.kafka.node import Node
from tests.kafka.oracle import Batch, parse_dump
from tests.kafka.plan import Plan
from tests.kafka.scram_users import add_scram_users
from tests.kafka.settings import server_properties
from tests.kafka.storage import format_storage, new_uuid
from tests.kafka.tool import run_tool
from tests.kafka.waiting import wait_until
from tests.kafka.zookeeper import plan_zookeeper, start_zookeeper

CONTROLLER_ID = 100  # of a controller that is no broker
_START_TIMEOUT = 90.0  # many times what it takes: a loaded machine is no broken Kafka


class Cluster:
    """Brokers are 1, 2, 3, and so on; a separate controller is CONTROLLER_ID."""

    def __init__(self, plan: Plan | None = None) -> None:
        self.plan = plan or Plan()
        self.root = Path(tempfile.mkdtemp(prefix="dekaf-kafka-"))
        self.id = new_uuid()
        self._zookeeper = None if self.plan.runs_kraft else plan_zookeeper(self.root)
        self.nodes = {n: self._plan_broker(n) for n in range(1, self.plan.brokers + 1)}
        if self.plan.runs_kraft and self.plan.controllers == "separate":
            directory = self.root / f"node-{CONTROLLER_ID}"
            own = {CONTROLLER: ports.reserve()}
            self.nodes[CONTROLLER_ID] = Node(CONTROLLER_ID, "controller", directory, own)

    def _plan_broker(self, n: int) -> Node:
        plan = self.plan
        own = {name: ports.reserve() for name in (INTERNAL, *plan.listeners)}
        advertised = {
            name: ports.reserve() if name in plan.proxied else port for name, port in own.items()
        }
        controls = plan.controllers == "combined" or (plan.controllers == "first" and n == 1)
        if plan.runs_kraft and controls:
            own[CONTROLLER] = ports.reserve()
        roles = "broker,controller" if CONTROLLER in own else "broker"
        return Node(n, roles, self.root / f"node-{n}", own, advertised)

    # -- addresses ------------------------------------------------------------------------

    @property
    def brokers(self) -> list[Node]:
        return [node for node in self.nodes.values() if node.is_broker]

    def bootstrap(self, listener: str | None = None) -> str:
        """bootstrap.servers for a listener, the plan's first one if not said."""
        name = listener or self.plan.listeners[0]
        return ",".join(f"{ports.HOST}:{node.advertised[name]}" for node in self.brokers)

    def routes(self, listener: str, *brokers: int) -> dict[int, int]:
        """For a FaultProxy before all or some brokers: advertised port -> the broker's own."""
        wanted = brokers or tuple(node.id for node in self.brokers)
        nodes = [self.nodes[n] for n in wanted]
        return {node.advertised[listener]: node.ports[listener] for node in nodes}

    # -- life and death -------------------------------------------------------------------

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def start(self) -> None:
        if self._zookeeper is not None:
            start_zookeeper(self._zookeeper, self.plan.release)
            add_scram_users(self.plan, self._zookeeper)
        for node in self.nodes.values():
            node.directory.mkdir(parents=True)
            if self.plan.runs_kraft:
                format_storage(node, self.plan, self.id)
            settings = server_properties(
                node, self.plan, list(self.nodes.values()), self._zookeeper
            )
            lines = "".join(f"{key}={value}\n" for key, value in settings.items())
            (node.directory / "server.properties").write_text(lines)
            self._spawn(node)
        self.wait_ready()

    def kill(self, n: int) -> None:
        """Crash it: kill -9."""
        self.nodes[n].kill()

    def stop(self, n: int) -> None:
        """End it as an operator does: its leaderships move away first."""
        self.nodes[n].stop()

    def pause(self, n: int) -> None:
        """Hang it: sockets stay open, and the kernel still accepts connections."""
        self.nodes[n].pause()

    def resume(self, n: int) -> None:
        self.nodes[n].resume()

    def restart(self, n: int) -> None:
        """Start what was killed or stopped, or stop and start what runs; returns when ready."""
        if self.nodes[n].started:
            self.nodes[n].stop()
        self._spawn(self.nodes[n])
        self.wait_ready()

    def heal(self) -> None:
        """Make everything run again and every replica be in sync: ready for the next test."""
        for node in self.nodes.values():
            if node.paused:
                node.resume()
            if not node.started:
                self._spawn(node)
        self.wait_ready()
        self.wait_in_sync()

    def close(self) -> None:
        """End all, and remove the data unless $DEKAF_KEEP_KAFKA is set."""
        everything = [*self.nodes.values(), *([self._zookeeper] if self._zookeeper else [])]
        for node in everything:
            node.end()
            for port in {*node.ports.values(), *node.advertised.values()}:
                ports.release(port)
        if not os.environ.get("DEKAF_KEEP_KAFKA"):
            shutil.rmtree(self.root, ignore_errors=True)

    def _spawn(self, node: Node) -> None:
        plan = self.plan
        shared = with_class_data(plan.release) if plan.use_class_data else ()
        node.spawn(
            command(
                plan.release,
                "kafka.Kafka",
                str(node.directory / "server.properties"),
                flags=(*plan.jvm_flags, *shared),
                log_level=plan.log_level,
            )
        )

    # -- waiting --------------------------------------------------------------------------

    def wait_ready(self, timeout: float = _START_TIMEOUT) -> None:
        """Wait until every broker that ought to run answers, and knows of every other."""

        def ready() -> bool:
            for node in self.nodes.values():
                node.check()
            present = self._answering()
            ids = {node.id for node in present}
            return all(ids <= wire.metadata(n.ports[INTERNAL], []).brokers for n in present)

        wait_until(ready, timeout=timeout, what="all brokers are ready")

    def wait_in_sync(self, topic: str | None = None, timeout: float = _START_TIMEOUT) -> None:
        """Wait until every replica of the topic, or of all topics, is in sync.

        All brokers have to say so: one that was paused knows only the past at first.
        """

        def in_sync() -> bool:
            views = [view for known in self._views(topic) for view in known.topics.values()]
            partitions = [partition for view in views for partition in view.values()]
            if topic is not None and not partitions:
                return False  # not known yet
            return all(set(p.isr) == set(p.replicas) and p.leader > 0 for p in partitions)

        wait_until(in_sync, timeout=timeout, what=f"{topic or 'all topics'} in sync")

    def wait_leader(self, topic: str, partition: int = 0, *, other_than: int | None = None) -> int:
        """Return the leader, as soon as all brokers agree on one that is not `other_than`."""
        leader = -1

        def found() -> bool:
            nonlocal leader
            leader = self.leader(topic, partition)
            views = [known.topics[topic][partition].leader for known in self._views(topic)]
            return leader not in (-1, other_than) and set(views) == {leader}

        wait_until(found, what=f"{topic}-{partition} has a leader other than {other_than}")
        return leader

    # -- topics, and the truth about them --------------------------------------------------

    def new_topic(
        self,
        name: str | None = None,
        *,
        partitions: int = 1,
        replication: int | None = None,
        configs: Mapping[str, object] | None = None,
    ) -> str:
        """Create a topic that every broker then knows; without a name, one of its own."""
        topic = name or f"topic-{uuid.uuid4().hex[:12]}"
        copies = replication or self.plan.replication

        def created() -> bool:
            for node in self._answering():
                try:
                    wire.create_topic(
                        node.ports[INTERNAL], topic, partitions, copies, configs or {}
                    )
                except wire.NotControllerError:
                    continue
                return True
            return False

        def known() -> bool:
            found = [view.topics[topic].values() for view in self._views(topic)]
            return all(len(f) == partitions and all(p.leader > 0 for p in f) for f in found)

        wait_until(created, what=f"topic {topic} is created")
        wait_until(known, what=f"every broker knows topic {topic}")
        return topic

    def metadata(self, topic: str | None = None, *, ask: int | None = None) -> wire.Metadata:
        """Ask a broker, the first that answers if not said, of a topic or of all."""
        node = self._any_answering() if ask is None else self.nodes[ask]
        return wire.metadata(node.ports[INTERNAL], None if topic is None else [topic])

    def leader(self, topic: str, partition: int = 0, *, ask: int | None = None) -> int:
        """Return the leader's broker id; -1: there is none."""
        return self.metadata(topic, ask=ask).topics[topic][partition].leader

    def isr(self, topic: str, partition: int = 0, *, ask: int | None = None) -> tuple[int, ...]:
        return self.metadata(topic, ask=ask).topics[topic][partition].isr

    def segments(self, topic: str, partition: int = 0, *, broker: int) -> list[Path]:
        """List the log files that a broker has of a partition."""
        return sorted((self.nodes[broker].data / f"{topic}-{partition}").glob("*.log"))

    def dump_log(
        self, topic: str, partition: int = 0, *, broker: int | None = None, records: bool = True
    ) -> str:
        """DumpLogSegments of what a broker, the leader if not said, has stored.

        With `records` it fails if a compressed batch cannot be read; without, it only says so.
        """
        node = self.leader(topic, partition) if broker is None else broker
        files = ",".join(map(str, self.segments(topic, partition, broker=node)))
        option = ["--print-data-log"] if records else []
        return self.tool(self.plan.release.dump_log_segments, *option, "--files", files)

    def batches(
        self, topic: str, partition: int = 0, *, broker: int | None = None, records: bool = True
    ) -> list[Batch]:
        """dump_log, parsed: what is stored, as Kafka itself reads it."""
        return parse_dump(self.dump_log(topic, partition, broker=broker, records=records))

    def tool(self, main: str, *arguments: object, timeout: float = 60.0) -> str:
        return run_tool(self.plan.release, main, *arguments, timeout=timeout)

    def _views(self, topic: str | None) -> list[wire.Metadata]:
        topics = None if topic is None else [topic]
        return [wire.metadata(node.ports[INTERNAL], topics) for node in self._answering()]

    def _any_answering(self) -> Node:
        for node in self._answering():
            return node
        raise LookupError("no broker runs: restart one, or call heal()")

    def _answering(self) -> list[Node]:
        return [node for node in self.brokers if node.started and not node.paused]
