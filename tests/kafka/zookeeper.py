"""The ZooKeeper that Kafka before KRaft keeps its metadata in, from the same jars."""

import socket
from pathlib import Path

from tests.kafka.jvm import JVM_FLAGS, command, with_class_data
from tests.kafka.node import Node
from tests.kafka.ports import HOST, reserve
from tests.kafka.release import Release
from tests.kafka.waiting import wait_until

_MAIN = "org.apache.zookeeper.server.quorum.QuorumPeerMain"
_CLIENT = "CLIENT"


def plan_zookeeper(root: Path) -> Node:
    return Node(0, "zookeeper", root / "zookeeper", {_CLIENT: reserve()})


def client_port(zookeeper: Node) -> int:
    return zookeeper.ports[_CLIENT]


def start_zookeeper(node: Node, release: Release) -> None:
    node.data.mkdir(parents=True, exist_ok=True)
    config = node.directory / "zookeeper.properties"
    config.write_text(
        f"dataDir={node.data}\n"
        f"clientPort={client_port(node)}\n"
        f"clientPortAddress={HOST}\n"
        "admin.enableServer=false\n"
        "tickTime=500\n"
        "maxClientCnxns=0\n"
    )
    flags = (*JVM_FLAGS, *with_class_data(release))
    node.spawn(command(release, _MAIN, str(config), flags=flags))

    def listens() -> bool:
        node.check()
        socket.create_connection((HOST, client_port(node)), 1.0).close()
        return True

    wait_until(listens, what="ZooKeeper listens")
