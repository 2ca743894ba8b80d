"""server.properties of one node: light, quick to notice a death, and nothing by surprise."""

from collections.abc import Sequence

from tests.kafka.listeners import CONTROLLER, INTERNAL, LISTENERS, security_settings
from tests.kafka.node import Node
from tests.kafka.plan import Plan
from tests.kafka.ports import HOST
from tests.kafka.zookeeper import client_port

_LIGHT = {
    "num.network.threads": "2",
    "num.io.threads": "2",
    "background.threads": "2",
    "log.cleaner.dedupe.buffer.size": str(2 * 1024 * 1024),  # 128 MB of heap by default
    "offsets.topic.num.partitions": "1",
    "transaction.state.log.num.partitions": "2",
    "share.coordinator.state.topic.num.partitions": "1",
}
_QUICK = {
    "group.initial.rebalance.delay.ms": "0",
    "replica.lag.time.max.ms": "3000",
    "replica.fetch.wait.max.ms": "100",
}
# A dead broker is noticed after 2 s, not 9 s.
_QUICK_KRAFT = {
    "broker.heartbeat.interval.ms": "500",
    "broker.session.timeout.ms": "2000",
    "controller.quorum.election.timeout.ms": "500",
    "controller.quorum.fetch.timeout.ms": "1000",
    "controller.quorum.election.backoff.max.ms": "200",
}
_QUICK_ZOOKEEPER = {"zookeeper.session.timeout.ms": "2000"}


def server_properties(
    node: Node, plan: Plan, nodes: Sequence[Node], zookeeper: Node | None
) -> dict[str, str]:
    settings = {"log.dirs": str(node.data)}
    if zookeeper is None:
        settings |= _kraft(node, nodes)
    else:
        settings |= _QUICK_ZOOKEEPER
        settings["broker.id"] = str(node.id)
        settings["zookeeper.connect"] = f"{HOST}:{client_port(zookeeper)}"
    settings |= _listeners(node, plan)
    settings |= _replication(plan.replication)
    settings |= _LIGHT | _QUICK
    settings["auto.create.topics.enable"] = "false"  # a test says which topics it wants
    settings["log.retention.ms"] = "-1"  # it may date its records as it likes, and they stay
    for name in plan.listeners:
        settings |= security_settings(name, plan.users, plan.certificates, plan.release)
    return settings | {key: str(value) for key, value in plan.settings.items()}


def _kraft(node: Node, nodes: Sequence[Node]) -> dict[str, str]:
    voters = [f"{n.id}@{HOST}:{n.ports[CONTROLLER]}" for n in nodes if n.is_controller]
    return _QUICK_KRAFT | {
        "process.roles": node.roles,
        "node.id": str(node.id),
        "controller.quorum.voters": ",".join(voters),
        "controller.listener.names": CONTROLLER,
    }


def _listeners(node: Node, plan: Plan) -> dict[str, str]:
    protocols = {INTERNAL: "PLAINTEXT", CONTROLLER: "PLAINTEXT"}
    protocols |= {name: LISTENERS[name].protocol for name in plan.listeners}
    settings = {
        "listener.security.protocol.map": ",".join(f"{n}:{p}" for n, p in protocols.items()),
        "listeners": _addresses(node.ports),
    }
    if node.is_broker:
        settings["advertised.listeners"] = _addresses(node.advertised)
        settings["inter.broker.listener.name"] = INTERNAL
    return settings


def _addresses(ports: dict[str, int]) -> str:
    return ",".join(f"{name}://{HOST}:{port}" for name, port in ports.items())


def _replication(copies: int) -> dict[str, str]:
    enough = str(min(2, copies))
    return {
        "default.replication.factor": str(copies),
        "min.insync.replicas": enough,
        "offsets.topic.replication.factor": str(copies),
        "transaction.state.log.replication.factor": str(copies),
        "transaction.state.log.min.isr": enough,
        "share.coordinator.state.topic.replication.factor": str(copies),
        "share.coordinator.state.topic.min.isr": enough,
    }
