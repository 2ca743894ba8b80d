"""What Apache Kafka refuses, and what a secured connection does not survive.

Each failure is of its class, comes at once to all messages that wait, and names its cause and
what to do. Timeouts are long, so that what was waited out fails these tests.
"""

import re
from dataclasses import dataclass

import pytest

from dekaf import (
    AuthenticationError,
    AuthorizationError,
    BrokerUnreachable,
    Producer,
    Security,
    SyncProducer,
    TlsError,
)
from tests.integration.administrator import deny_writes
from tests.integration.logins import (
    LONG,
    MECHANISMS,
    assert_stored,
    login,
    plain,
    refused,
    says,
    scram,
    tls_for,
)
from tests.kafka import USERS, Certificates, Cluster, FaultProxy, TopicFactory

pytestmark = pytest.mark.asyncio

OTHER_SECRET = USERS["bob"]


# -- logins ---------------------------------------------------------------------------------


@pytest.mark.versions
@pytest.mark.parametrize("listener", ["SASL_PLAINTEXT", "SASL_SSL"])
@pytest.mark.parametrize("mechanism", MECHANISMS)
async def test_a_wrong_password(
    secure_kafka: Cluster,
    certificates: Certificates,
    topic: TopicFactory,
    listener: str,
    mechanism: str | None,
) -> None:
    security = login(mechanism, password=OTHER_SECRET, **tls_for(listener, certificates))
    error = await refused(secure_kafka.bootstrap(listener), security, topic(secure_kafka))
    assert isinstance(error, AuthenticationError)
    assert error.code == "SASL_AUTHENTICATION_FAILED"
    says(error, re.escape(secure_kafka.bootstrap(listener)), "SASL", "alice", "password")
    assert OTHER_SECRET not in str(error)


@pytest.mark.versions
@pytest.mark.parametrize("mechanism", MECHANISMS)
async def test_an_unknown_user(
    secure_kafka: Cluster, topic: TopicFactory, mechanism: str | None
) -> None:
    security = login(mechanism, user="mallory", tls=False)
    error = await refused(secure_kafka.bootstrap("SASL_PLAINTEXT"), security, topic(secure_kafka))
    assert isinstance(error, AuthenticationError)
    assert error.code == "SASL_AUTHENTICATION_FAILED"
    says(error, "SASL", "mallory")


async def test_scram_tells_a_wrong_password_from_an_unknown_user(
    secure_kafka: Cluster, topic: TopicFactory
) -> None:
    servers, name = secure_kafka.bootstrap("SASL_PLAINTEXT"), topic(secure_kafka)
    wrong = str(await refused(servers, scram("alice", "nonsense", tls=False), name))
    unknown = str(await refused(servers, scram("mallory", "nonsense", tls=False), name))
    assert wrong.replace("alice", "mallory") != unknown


@pytest.mark.versions
@pytest.mark.parametrize(
    ("listener", "security", "offered"),
    [
        ("SCRAM_256", plain(tls=False), "SCRAM-SHA-256"),
        ("SCRAM_256", scram(mechanism="SCRAM-SHA-512", tls=False), "SCRAM-SHA-256"),
        ("PLAIN_ONLY", scram(tls=False), "PLAIN"),
        ("PLAIN_ONLY", scram(mechanism="SCRAM-SHA-256", tls=False), "PLAIN"),
    ],
    ids=["plain", "sha-512", "any scram", "sha-256"],
)
async def test_a_mechanism_that_is_not_enabled(
    secure_kafka: Cluster, topic: TopicFactory, listener: str, security: Security, offered: str
) -> None:
    error = await refused(secure_kafka.bootstrap(listener), security, topic(secure_kafka))
    assert isinstance(error, AuthenticationError)
    assert error.code == "UNSUPPORTED_SASL_MECHANISM"
    says(error, "SASL", rf"\b{offered}\b", "sasl.enabled.mechanisms")


async def test_a_refused_login_is_not_tried_again(
    secure_kafka: Cluster, certificates: Certificates, topic: TopicFactory
) -> None:
    """Servers lock users out after some wrong passwords."""
    security = scram("alice", "nonsense", ca=certificates.ca)
    with FaultProxy(secure_kafka.routes("SASL_SSL_PROXIED")) as proxy:
        servers = secure_kafka.bootstrap("SASL_SSL_PROXIED")
        await refused(f"{servers},{servers}", security, topic(secure_kafka))
        assert proxy.accepted == 1


async def test_without_asyncio(secure_kafka: Cluster) -> None:
    security = plain("alice", "nonsense", tls=False)
    producer = SyncProducer(secure_kafka.bootstrap("SASL_PLAINTEXT"), security=security, **LONG)
    with pytest.raises(AuthenticationError, match="alice"):
        producer.produce("unreached", b"v")
    with pytest.raises(AuthenticationError, match="alice"), producer:
        pytest.fail("it was let in")


# -- certificates of brokers ----------------------------------------------------------------

_NAMES = r"subjectAltName=IP:127\.0\.0\.1"
_OPENSSL = rf"({_NAMES}.* openssl x509 -req|openssl req -x509 .*{_NAMES})"


@dataclass(frozen=True)
class Refusal:
    """A broker's certificate that is not accepted, and what the error says."""

    listener: str
    says: tuple[str, ...]
    trusted: str = "ca"  # of `Certificates`


REFUSALS = {
    "another CA": Refusal(
        "SSL", ("Testing cert #", "Testing CA #", r"other-ca\.pem", "set ca="), "other_ca"
    ),
    "another host": Refusal(
        "TLS_OTHER_NAME", (r'not for "127\.0\.0\.1"', r"other\.example", "server_name=")
    ),
    "expired": Refusal("TLS_EXPIRED", (r"broker\.example", r"expired on \d{4}-\d\d-\d\d", "renew")),
    "not yet valid": Refusal("TLS_NOT_YET_VALID", (r"not valid before \d{4}-\d\d-\d\d", "clock")),
    "version 1": Refusal("TLS_V1", (r"broker\.example", "version 1", _OPENSSL)),
    "common name only": Refusal("TLS_CN_ONLY", (r"CN=broker\.example", "subjectAltName", _OPENSSL)),
    "SHA-1": Refusal("TLS_SHA1", (r"broker\.example", "SHA-1", _OPENSSL)),
    "a CA as broker": Refusal("TLS_CA_LEAF", (r"broker\.example", "CA:TRUE", _OPENSSL)),
    "signed by itself": Refusal(
        "TLS_SELF_SIGNED", (r"broker\.example", "CA:TRUE", "set ca=", _OPENSSL)
    ),
    "RSA of 1024 bits": Refusal("TLS_RSA_1024", (r"broker\.example", "RSA of 1024 bits")),
}


@pytest.mark.parametrize("refusal", REFUSALS.values(), ids=REFUSALS.keys())
async def test_a_brokers_certificate_is_refused(
    secure_kafka: Cluster, certificates: Certificates, topic: TopicFactory, refusal: Refusal
) -> None:
    servers = secure_kafka.bootstrap(refusal.listener)
    security = Security.tls(ca=getattr(certificates, refusal.trusted))
    error = await refused(servers, security, topic(secure_kafka))
    assert isinstance(error, TlsError)
    says(error, re.escape(servers), "TLS", *refusal.says)


async def test_a_key_that_ends_the_handshake_is_named(
    secure_kafka: Cluster, certificates: Certificates, topic: TopicFactory
) -> None:
    """The broker closes the connection without a word, as a load balancer without brokers does."""
    servers, security = secure_kafka.bootstrap("TLS_P521"), Security.tls(ca=certificates.ca)
    limits = {"delivery_timeout_ms": 2_000, "request_timeout_ms": 1_000}
    error = await refused(servers, security, topic(secure_kafka), **limits)
    assert isinstance(error, BrokerUnreachable)
    says(error, re.escape(servers), "TLS", "P-521", "P-256")


async def test_the_system_store_does_not_know_the_ca(
    secure_kafka: Cluster, topic: TopicFactory
) -> None:
    error = await refused(secure_kafka.bootstrap("SSL"), Security.tls(), topic(secure_kafka))
    assert isinstance(error, TlsError)
    says(error, "Testing CA #", "system", "set ca=")


async def test_a_wrong_certificate_comes_before_a_wrong_password(
    secure_kafka: Cluster, certificates: Certificates, topic: TopicFactory
) -> None:
    """The password is not shown to a stranger."""
    security = plain("alice", "nonsense", ca=certificates.other_ca)
    error = await refused(secure_kafka.bootstrap("SASL_SSL"), security, topic(secure_kafka))
    assert isinstance(error, TlsError)


# -- client certificates --------------------------------------------------------------------


@pytest.mark.parametrize("listener", ["MTLS", "MTLS_1_2"])
async def test_a_client_certificate_is_required(
    secure_kafka: Cluster, certificates: Certificates, topic: TopicFactory, listener: str
) -> None:
    security = Security.tls(ca=certificates.ca)
    error = await refused(secure_kafka.bootstrap(listener), security, topic(secure_kafka))
    assert isinstance(error, TlsError)
    says(error, "requires a client certificate", "set certificate= and key=", "Testing CA #")


@pytest.mark.parametrize("listener", ["MTLS", "MTLS_1_2"])
async def test_a_client_certificate_of_another_ca(
    secure_kafka: Cluster, certificates: Certificates, topic: TopicFactory, listener: str
) -> None:
    security = Security.tls(
        ca=certificates.ca,
        certificate=certificates.stranger_certificate,
        key=certificates.stranger_key,
    )
    error = await refused(secure_kafka.bootstrap(listener), security, topic(secure_kafka))
    assert isinstance(error, TlsError)
    says(error, "client certificate", "CN=stranger", "Testing CA #")


# -- the wrong protocol ---------------------------------------------------------------------


@pytest.mark.versions
@pytest.mark.parametrize("listener", ["SSL", "SASL_SSL", "MTLS"])
async def test_plain_text_on_a_tls_port(
    secure_kafka: Cluster, topic: TopicFactory, listener: str
) -> None:
    for security in (None, plain(tls=False)):
        error = await refused(secure_kafka.bootstrap(listener), security, topic(secure_kafka))
        assert isinstance(error, TlsError)
        says(error, re.escape(secure_kafka.bootstrap(listener)), "TLS", r"security=|Security\.|tls")


@pytest.mark.versions
@pytest.mark.parametrize("listener", ["PLAINTEXT", "SASL_PLAINTEXT"])
async def test_tls_on_a_plain_text_port(
    secure_kafka: Cluster, certificates: Certificates, topic: TopicFactory, listener: str
) -> None:
    for security in (Security.tls(ca=certificates.ca), scram(ca=certificates.ca)):
        error = await refused(secure_kafka.bootstrap(listener), security, topic(secure_kafka))
        assert isinstance(error, TlsError)
        says(error, re.escape(secure_kafka.bootstrap(listener)), "the port speaks plain text")


@pytest.mark.versions
@pytest.mark.parametrize("listener", ["SASL_PLAINTEXT", "SASL_SSL"])
async def test_no_login_where_one_is_needed(
    secure_kafka: Cluster, certificates: Certificates, topic: TopicFactory, listener: str
) -> None:
    security = Security.tls(ca=certificates.ca) if listener == "SASL_SSL" else None
    error = await refused(secure_kafka.bootstrap(listener), security, topic(secure_kafka))
    assert isinstance(error, AuthenticationError)
    says(error, "SASL", "PLAIN", "SCRAM-SHA-512", r"Security\.sasl_|security=")


@pytest.mark.versions
@pytest.mark.parametrize("listener", ["PLAINTEXT", "SSL"])
async def test_a_login_where_none_is_offered(
    secure_kafka: Cluster, certificates: Certificates, topic: TopicFactory, listener: str
) -> None:
    tls = tls_for(f"SASL_{listener}", certificates)
    for security in (plain(**tls), scram(**tls)):
        error = await refused(secure_kafka.bootstrap(listener), security, topic(secure_kafka))
        assert isinstance(error, AuthenticationError)
        says(error, re.escape(secure_kafka.bootstrap(listener)), "SASL")


# -- access rules ---------------------------------------------------------------------------


@pytest.mark.versions
async def test_a_denied_topic_fails_alone(
    secure_kafka: Cluster, certificates: Certificates, topic: TopicFactory
) -> None:
    denied, allowed = topic(secure_kafka), topic(secure_kafka)
    deny_writes(secure_kafka, denied, "alice")
    servers = secure_kafka.bootstrap("SASL_SSL")
    async with Producer(servers, security=scram(ca=certificates.ca), **LONG) as producer:
        results = await producer.produce_all(
            [each for n in range(20) for each in _messages(n, denied, allowed)],
            return_exceptions=True,
        )
        with pytest.raises(AuthorizationError):
            await producer.produce(denied, b"v")
        await producer.produce(allowed, "last")
    for error in results[::2]:
        assert isinstance(error, AuthorizationError), repr(error)
        assert (error.topic, error.code) == (denied, "TOPIC_AUTHORIZATION_FAILED")
        assert not error.maybe_written
        assert not error.fatal
        says(error, denied, "Write")
    assert_stored(secure_kafka, allowed, [*(str(n) for n in range(20)), "last"])


def _messages(n: int, *topics: str) -> list[dict[str, str]]:
    return [{"topic": topic, "value": str(n)} for topic in topics]
