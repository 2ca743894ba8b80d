"""SCRAM users of a Kafka that keeps its metadata in ZooKeeper: no `format` step adds them."""

from tests.kafka.listeners import LISTENERS
from tests.kafka.node import Node
from tests.kafka.plan import Plan
from tests.kafka.ports import HOST
from tests.kafka.tool import run_tool
from tests.kafka.zookeeper import client_port


def add_scram_users(plan: Plan, zookeeper: Node) -> None:
    if not any(LISTENERS[name].has_sasl for name in plan.listeners):
        return
    for name, password in plan.users.items():
        run_tool(
            plan.release,
            "kafka.admin.ConfigCommand",
            *("--zookeeper", f"{HOST}:{client_port(zookeeper)}"),
            *("--alter", "--entity-type", "users", "--entity-name", name),
            "--add-config",
            f"SCRAM-SHA-256=[password={password}],SCRAM-SHA-512=[password={password}]",
        )
