"""What an administrator does to a secured cluster, through its plain text listener."""

import re
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from confluent_kafka import KafkaException
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # it exports them all
    AclBinding,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)

from tests.kafka import Cluster, wait_until

_PATIENCE = 30.0  # seconds
_TOKEN = re.compile(r"^(\S+)\s+(\S+)\s+User:", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class DelegationToken:
    id: str
    secret: str


def deny_writes(kafka: Cluster, topic: str, user: str) -> None:
    """Forbid a user to write to a topic, and everyone else, as no rule allows them to."""
    rule = AclBinding(
        ResourceType.TOPIC,
        topic,
        ResourcePatternType.LITERAL,
        f"User:{user}",
        "*",
        AclOperation.WRITE,
        AclPermissionType.DENY,
    )
    _administer(kafka, lambda admin: admin.create_acls([rule]))


def allow_writes_for(kafka: Cluster, topic: str, user: str) -> None:
    """Let one user write to a topic; others may do nothing to it from then on."""
    rules = [
        AclBinding(
            ResourceType.TOPIC,
            topic,
            ResourcePatternType.LITERAL,
            f"User:{user}",
            "*",
            operation,
            AclPermissionType.ALLOW,
        )
        for operation in (AclOperation.WRITE, AclOperation.DESCRIBE)
    ]
    _administer(kafka, lambda admin: admin.create_acls(rules))


def set_password(kafka: Cluster, user: str, password: str) -> None:
    """Create a SCRAM user, or change its password, and wait until brokers know it."""
    order_password(kafka, user, password)
    wait_until(lambda: _is_let_in(kafka, user, password), what=f"brokers know {user}'s password")


def order_password(kafka: Cluster, user: str, password: str) -> None:
    """Have a SCRAM user's password changed, which brokers notice within milliseconds."""
    for mechanism in (ScramMechanism.SCRAM_SHA_256, ScramMechanism.SCRAM_SHA_512):
        login = ScramCredentialInfo(mechanism, 4096)
        change = UserScramCredentialUpsertion(user, login, password.encode())
        # Kafka takes one change of a user at a time.
        _administer(kafka, partial(_alter, [change]))


def _alter(changes: list[Any], admin: AdminClient) -> Mapping[Any, Future[Any]]:
    return admin.alter_user_scram_credentials(changes)


def _is_let_in(kafka: Cluster, user: str, password: str) -> bool:
    client = AdminClient(
        {
            "bootstrap.servers": kafka.bootstrap("SASL_PLAINTEXT"),
            "security.protocol": "SASL_PLAINTEXT",
            "sasl.mechanism": "SCRAM-SHA-512",  # the one that is set last
            "sasl.username": user,
            "sasl.password": password,
            "log_level": 0,
        }
    )
    try:
        client.list_topics(timeout=2)
    except KafkaException:
        return False
    return True


def new_token(kafka: Cluster, user: str, directory: Path) -> DelegationToken:
    """Let a user create a delegation token, which it can do over a SASL connection only."""
    login = directory / "login.properties"
    login.write_text(
        "security.protocol=SASL_PLAINTEXT\n"
        "sasl.mechanism=SCRAM-SHA-256\n"
        "sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required "
        f'username="{user}" password="{kafka.plan.users[user]}";\n'
    )
    printed = kafka.tool(
        kafka.plan.release.delegation_token_command,
        *("--bootstrap-server", kafka.bootstrap("SASL_PLAINTEXT"), "--create"),
        *("--max-life-time-period", "-1", "--command-config", login),
    )
    found = _TOKEN.search(printed)
    assert found is not None, printed
    return DelegationToken(found[1], found[2])


def _administer(kafka: Cluster, change: Callable[[AdminClient], Mapping[Any, Future[Any]]]) -> None:
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap("PLAINTEXT"), "log_level": 0})
    for done in change(admin).values():  # they fail if the client is dropped before
        done.result(_PATIENCE)
