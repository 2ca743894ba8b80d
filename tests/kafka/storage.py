"""A KRaft node's formatted storage, without the second that Kafka's own tool takes for each.

What `kafka-storage format` writes besides meta.properties is the same on every node and for
every cluster of a release and a set of SCRAM users: made by the tool once, then copied.
"""

import base64
import hashlib
import shutil
import tempfile
import uuid
from pathlib import Path

from tests.kafka.cache import CACHE, made_once
from tests.kafka.listeners import LISTENERS
from tests.kafka.node import Node
from tests.kafka.plan import Plan
from tests.kafka.release import Release
from tests.kafka.tool import run_tool

_CHECKPOINT = "bootstrap.checkpoint"


def new_uuid() -> str:
    """As Kafka writes them."""
    while True:
        text = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        if not text.startswith("-"):  # the tools would take it for an option
            return text


def format_storage(node: Node, plan: Plan, cluster_id: str) -> None:
    node.data.mkdir(parents=True, exist_ok=True)
    meta = f"version=1\ncluster.id={cluster_id}\nnode.id={node.id}\n"
    if plan.release.names_directories:
        meta += f"directory.id={new_uuid()}\n"
    (node.data / "meta.properties").write_text(meta)
    if plan.release.reads_bootstrap_checkpoint:
        shutil.copy(_checkpoint(plan), node.data / _CHECKPOINT)


def _checkpoint(plan: Plan) -> Path:
    users = _scram_users(plan)
    key = hashlib.sha256(repr(users).encode()).hexdigest()[:12]
    return made_once(
        CACHE / f"bootstrap-{plan.version}-{key}.checkpoint",
        lambda part: _format(part, plan.release, users),
    )


def _scram_users(plan: Plan) -> list[str]:
    if not plan.release.creates_scram_users_at_format:
        return []
    if not any(LISTENERS[name].has_sasl for name in plan.listeners):
        return []
    users: list[str] = []
    for name, password in sorted(plan.users.items()):
        for mechanism in ("SCRAM-SHA-256", "SCRAM-SHA-512"):
            users += ["--add-scram", f"{mechanism}=[name={name},password={password}]"]
    return users


def _format(target: Path, release: Release, users: list[str]) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        config = Path(scratch) / "format.properties"
        config.write_text(
            "process.roles=broker,controller\n"
            "node.id=1\n"
            "listeners=PLAINTEXT://127.0.0.1:1,CONTROLLER://127.0.0.1:2\n"
            "controller.listener.names=CONTROLLER\n"
            "controller.quorum.voters=1@127.0.0.1:2\n"
            f"log.dirs={scratch}/data\n"
        )
        main = "kafka.tools.StorageTool"
        run_tool(release, main, "format", "-t", new_uuid(), "-c", config, *users)
        shutil.copy(Path(scratch) / "data" / _CHECKPOINT, target)
