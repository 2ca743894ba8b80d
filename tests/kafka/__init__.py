"""Real Kafka clusters for tests, from Maven's jars; faults on demand; witnesses of the truth.

with Cluster(Plan(listeners=["PROXIED"], proxied=["PROXIED"])) as kafka:
    with FaultProxy(kafka.routes("PROXIED")) as proxy:
        ...
"""

from tests.kafka.certificates import (
    KEY_FORMS,
    Certificates,
    Identity,
    issue_identity,
    make_certificates,
)
from tests.kafka.class_data import make_class_data
from tests.kafka.cluster import CONTROLLER_ID, Cluster
from tests.kafka.fault_proxy import FaultProxy
from tests.kafka.faults import Direction
from tests.kafka.jars import MissingToolError
from tests.kafka.jvm import JVM_FLAGS
from tests.kafka.listeners import LISTENERS, MECHANISMS, ODD_KEYSTORES, USERS
from tests.kafka.login_limit import LoginLimit
from tests.kafka.node import Node
from tests.kafka.oracle import Batch, Record, check_sequences, parse_dump
from tests.kafka.plan import Plan
from tests.kafka.release import DEFAULT_VERSION
from tests.kafka.secure import secure_plan
from tests.kafka.tool import ToolError
from tests.kafka.topic_factory import TopicFactory
from tests.kafka.waiting import wait_until

__all__ = [
    "CONTROLLER_ID",
    "DEFAULT_VERSION",
    "JVM_FLAGS",
    "KEY_FORMS",
    "LISTENERS",
    "MECHANISMS",
    "ODD_KEYSTORES",
    "USERS",
    "Batch",
    "Certificates",
    "Cluster",
    "Direction",
    "FaultProxy",
    "Identity",
    "LoginLimit",
    "MissingToolError",
    "Node",
    "Plan",
    "Record",
    "ToolError",
    "TopicFactory",
    "check_sequences",
    "issue_identity",
    "make_certificates",
    "make_class_data",
    "parse_dump",
    "secure_plan",
    "wait_until",
]
