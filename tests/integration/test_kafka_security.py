"""Secured listeners let in whoever has the right credentials, and nobody else."""

import base64
import json
import time
from collections.abc import Callable, Mapping

import pytest
from confluent_kafka import KafkaError, Message, Producer

from tests.kafka import LISTENERS, Certificates, Cluster, TopicFactory, wait_until

_ACCEPTED = "accepted"
_MECHANISMS_WITH_PASSWORDS = ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]
_TLS_FAILED = {"_SSL", "_TRANSPORT"}  # by whichever end speaks first
_NOT_SAYING_WHY = {"_ALL_BROKERS_DOWN"}

Setting = str | int | Callable[[str], tuple[str, float]]
Attempt = Callable[[str, Mapping[str, Setting]], str]


@pytest.fixture
def attempt(secure_kafka: Cluster, topic: TopicFactory, certificates: Certificates) -> Attempt:
    """Try to produce through a listener: "accepted", or the name of librdkafka's error."""
    name = topic(secure_kafka)
    return lambda listener, settings: _attempt(secure_kafka, certificates, name, listener, settings)


@pytest.mark.parametrize("listener", ["SASL_PLAINTEXT", "SASL_SSL"])
@pytest.mark.parametrize("mechanism", _MECHANISMS_WITH_PASSWORDS)
def test_the_right_password_is_accepted(attempt: Attempt, listener: str, mechanism: str) -> None:
    assert attempt(listener, _password(mechanism, "alice", "alice-secret")) == _ACCEPTED


@pytest.mark.parametrize("listener", ["SASL_PLAINTEXT", "SASL_SSL"])
@pytest.mark.parametrize("mechanism", _MECHANISMS_WITH_PASSWORDS)
def test_a_wrong_password_is_refused(attempt: Attempt, listener: str, mechanism: str) -> None:
    assert attempt(listener, _password(mechanism, "alice", "bob-secret")) == "_AUTHENTICATION"


def test_an_unknown_user_is_refused(attempt: Attempt) -> None:
    who = _password("SCRAM-SHA-512", "mallory", "alice-secret")
    assert attempt("SASL_PLAINTEXT", who) == "_AUTHENTICATION"


def test_a_current_token_is_accepted(attempt: Attempt) -> None:
    assert attempt("SASL_SSL", _token(expires_in=300)) == _ACCEPTED


def test_an_expired_token_is_refused(attempt: Attempt) -> None:
    assert attempt("SASL_SSL", _token(expires_in=-300)) == "_AUTHENTICATION"


def test_a_broker_of_a_trusted_ca_is_accepted(attempt: Attempt) -> None:
    assert attempt("SSL", {}) == _ACCEPTED


def test_a_broker_of_another_ca_is_refused(attempt: Attempt, certificates: Certificates) -> None:
    assert attempt("SSL", {"ssl.ca.location": str(certificates.other_ca)}) in _TLS_FAILED


def test_a_client_certificate_is_accepted(attempt: Attempt, certificates: Certificates) -> None:
    identity = {
        "ssl.certificate.location": str(certificates.client_certificate),
        "ssl.key.location": str(certificates.client_key),
    }
    assert attempt("MTLS", identity) == _ACCEPTED


def test_a_key_behind_a_password_is_accepted(attempt: Attempt, certificates: Certificates) -> None:
    identity = {
        "ssl.certificate.location": str(certificates.client_certificate),
        "ssl.key.location": str(certificates.encrypted_client_key),
        "ssl.key.password": certificates.key_password,
    }
    assert attempt("MTLS", identity) == _ACCEPTED


def test_a_client_without_a_certificate_is_refused(attempt: Attempt) -> None:
    assert attempt("MTLS", {}) in _TLS_FAILED


def test_a_client_of_another_ca_is_refused(attempt: Attempt, certificates: Certificates) -> None:
    identity = {
        "ssl.certificate.location": str(certificates.stranger_certificate),
        "ssl.key.location": str(certificates.stranger_key),
    }
    assert attempt("MTLS", identity) in _TLS_FAILED


@pytest.mark.parametrize("listener", ["TLS_EXPIRED", "TLS_NOT_YET_VALID", "TLS_SELF_SIGNED"])
def test_a_brokers_certificate_is_refused(attempt: Attempt, listener: str) -> None:
    assert attempt(listener, {}) in _TLS_FAILED


@pytest.mark.parametrize("listener", ["TLS_INTERMEDIATE", "TLS_V1", "TLS_P521"])
def test_a_brokers_unusual_certificate_is_accepted(attempt: Attempt, listener: str) -> None:
    assert attempt(listener, {"ssl.endpoint.identification.algorithm": "none"}) == _ACCEPTED


def _attempt(
    cluster: Cluster,
    certificates: Certificates,
    topic: str,
    listener: str,
    settings: Mapping[str, Setting],
) -> str:
    outcomes: list[str] = []

    def on_delivery(error: KafkaError | None, _message: Message) -> None:
        outcomes.append(_ACCEPTED if error is None else error.name())

    def on_error(error: KafkaError) -> None:
        if error.name() not in _NOT_SAYING_WHY:
            outcomes.append(error.name())

    def decided() -> bool:
        producer.poll(0)
        return bool(outcomes)

    producer = Producer(
        {
            "bootstrap.servers": cluster.bootstrap(listener),
            "security.protocol": LISTENERS[listener].protocol,
            "ssl.ca.location": str(certificates.ca),
            "error_cb": on_error,
            "log_level": 0,
            **settings,
        }
    )
    producer.produce(topic, b"let me in", on_delivery=on_delivery)
    wait_until(decided, what="the producer is let in or not")
    producer.purge()
    producer.flush(10)
    return outcomes[0]


def _password(mechanism: str, user: str, password: str) -> dict[str, Setting]:
    return {"sasl.mechanism": mechanism, "sasl.username": user, "sasl.password": password}


def _token(*, expires_in: float) -> dict[str, Setting]:
    """Hand over an unsecured token: what a broker takes that is told of no validator."""
    now = time.time()
    claims = {"sub": "alice", "iat": now - 600, "exp": now + expires_in}
    token = f"{_base64({'alg': 'none'})}.{_base64(claims)}."
    # librdkafka itself refuses an expired one, so it is told that all is well.
    return {"sasl.mechanism": "OAUTHBEARER", "oauth_cb": lambda _config: (token, now + 3600)}


def _base64(part: Mapping[str, object]) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")
