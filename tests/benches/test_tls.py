"""Benchmarks over TLS: who takes part, and what encryption is found to add."""

from dataclasses import asdict, replace
from json import dumps
from typing import Any

import pytest

from benches.peers.compare import where
from benches.peers.encryption import costs
from benches.peers.job import Job, Security
from benches.peers.null_broker import EncryptedNullBroker, NullBroker
from benches.peers.results import lines

PLAIN, TLS = NullBroker(), EncryptedNullBroker()


@pytest.mark.parametrize(
    ("client", "scenario", "brokers"),
    [
        ("dekaf", "send", [PLAIN, TLS]),
        ("confluent", "send", [PLAIN, TLS]),
        ("aiokafka", "batch", [PLAIN, TLS]),
        ("java", "send", [PLAIN]),  # whose properties know nothing of TLS here
        ("dekaf", "import", [PLAIN]),
        ("noop", "send", [PLAIN]),
    ],
)
def test_a_client_meets_the_brokers_it_can_use(
    client: str, scenario: str, brokers: list[object]
) -> None:
    assert list(where(Job(client=client, scenario=scenario), [PLAIN, TLS])) == brokers


def test_a_job_is_read_as_it_was_written() -> None:
    plain = Job(client="dekaf", scenario="send")
    job = replace(plain, security=Security(ca="ca.pem", user="alice", password="secret"))
    for each in (plain, job):
        assert Job.parse(dumps(asdict(each))) == each


def run(broker: str, cpu: float, client: str = "dekaf", row: str = "send, 100 B") -> dict[str, Any]:
    named = {"broker": broker, "client": client, "label": client, "row": row, "scenario": "send"}
    figures = {"messages_per_s": 1, "cpu_s": cpu, "broker_bytes_in": 2_000_000_000}
    return named | figures | {"failed": "", "is_noisy": False}


def test_what_tls_adds_is_counted_by_the_gigabyte() -> None:
    # Of three runs the middle one counts.
    runs = [run("null", cpu) for cpu in (2.0, 1.0, 9.0)]
    runs += [run("null, TLS", cpu) for cpu in (3.0, 2.0, 9.0)]
    assert costs(lines(runs)).splitlines()[2:] == ["| send, 100 B | dekaf | 1.00 | 1.50 | 0.50 |"]


def test_what_was_measured_one_way_is_left_out() -> None:
    runs = [run("null", 1.0), run("null, TLS", 1.0, client="confluent"), run("kafka", 1.0)]
    assert costs(lines(runs)) == ""
