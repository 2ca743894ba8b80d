"""Secrets are shown nowhere, whatever fails: each is a canary, looked for in all that is said.

That is what users see and keep: reprs, errors with notes and causes, tracebacks, logs, metrics,
HTML, what is pickled, and what the process prints.
"""

import asyncio
import logging
import pickle
import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from dekaf import DekafError, Producer, ProducerConfig, Security, SyncProducer
from tests.canaries import Seen
from tests.integration.failing import add_output, fail
from tests.integration.logins import PATIENCE
from tests.kafka import Certificates, Cluster, FaultProxy, TopicFactory

PASSWORD = "canary-Tr0ub4dor-password"  # noqa: S105
KEY_PASSWORD = "canary-Tr0ub4dor-key-password"  # noqa: S105
TOKEN = "canary+dG9rZW4+c2VjcmV0=="  # noqa: S105

Making = Callable[[Certificates], Security]


def _key_lines(certificates: Certificates) -> list[str]:
    """Return lines of private keys: of the PEM text, whose begin and end tell nothing."""
    files = [*certificates.directory.glob("*.key"), certificates.server_keystore]
    return [
        line
        for file in files
        for line in _private(file.read_text())
        if len(line) > 20 and not line.startswith("-")
    ]


def _private(pem: str) -> list[str]:
    blocks = re.findall(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?-----END", pem, re.DOTALL)
    return [line for block in blocks for line in block.splitlines()]


# -- what fails when it connects -------------------------------------------------------------


def _with_key(certificates: Certificates, form: str, **more: Any) -> Security:
    identity = certificates.identity(form)
    text = identity.certificate.read_text() + identity.key.read_text()
    return Security.tls(ca=certificates.ca, certificate=text, **more)


REFUSED: dict[str, tuple[str, Making]] = {
    "PLAIN, a wrong password": (
        "SASL_PLAINTEXT",
        lambda _: Security.sasl_plain("alice", PASSWORD, tls=False),
    ),
    "SCRAM, a wrong password": (
        "SASL_SSL",
        lambda made: Security.sasl_scram("alice", PASSWORD, ca=made.ca),
    ),
    "SCRAM, an unknown user": (
        "SASL_PLAINTEXT",
        lambda _: Security.sasl_scram("mallory", PASSWORD, tls=False),
    ),
    "a password from a callable": (
        "SASL_PLAINTEXT",
        lambda _: Security.sasl_plain("alice", lambda: PASSWORD, tls=False),
    ),
    "a callable that raises": (
        "SASL_PLAINTEXT",
        lambda _: Security.sasl_plain("alice", _raises, tls=False),
    ),
    "a callable that returns no text": (
        "SASL_PLAINTEXT",
        lambda _: Security.sasl_plain("alice", lambda: [PASSWORD], tls=False),  # type: ignore[arg-type,return-value]
    ),
    "a delegation token": (
        "SASL_PLAINTEXT",
        lambda _: Security.sasl_scram("token-id", TOKEN, token=True, tls=False),
    ),
    "a mechanism that is not enabled": (
        "PLAIN_ONLY",
        lambda _: Security.sasl_scram("alice", PASSWORD, tls=False),
    ),
    "a login where none is offered": (
        "PLAINTEXT",
        lambda _: Security.sasl_plain("alice", PASSWORD, tls=False),
    ),
    "a login in plain text on a TLS port": (
        "SASL_SSL",
        lambda _: Security.sasl_plain("alice", PASSWORD, tls=False),
    ),
    "another CA": (
        "SASL_SSL",
        lambda made: Security.sasl_plain("alice", PASSWORD, ca=made.other_ca),
    ),
    "a wrong host name": (
        "TLS_OTHER_NAME",
        lambda made: Security.sasl_plain("alice", PASSWORD, ca=made.ca),
    ),
    "a key in plain text on a port without TLS": (
        "PLAINTEXT",
        lambda made: _with_key(made, "pkcs8"),
    ),
    "a key of another CA": (
        "MTLS",
        lambda made: Security.tls(
            ca=made.ca,
            certificate=made.stranger_certificate.read_text() + made.stranger_key.read_text(),
        ),
    ),
    "a key that does not fit": (
        "MTLS",
        lambda made: Security.tls(
            ca=made.ca,
            certificate=made.client_certificate.read_text(),
            key=made.stranger_key.read_text(),
        ),
    ),
    "a key with a wrong password": (
        "MTLS",
        lambda made: _with_key(made, "pbes2", key_password=KEY_PASSWORD),
    ),
    "a key in an outdated encryption, with a wrong password": (
        "MTLS",
        lambda made: _with_key(made, "pbes1", key_password=KEY_PASSWORD),
    ),
    "a key store with a wrong password": (
        "MTLS",
        lambda made: Security.tls(
            ca=made.pkcs12_truststore,
            ca_password=made.key_password,
            certificate=made.pkcs12_keystore("server"),
            key_password=lambda: KEY_PASSWORD,
        ),
    ),
    "a key that is cut off": (
        "MTLS",
        lambda made: Security.tls(
            ca=made.ca,
            certificate=made.client_certificate,
            key=made.client_key.read_text()[:-40],
        ),
    ),
    "a key in place of a CA": (
        "SSL",
        lambda made: Security.tls(ca=made.client_key.read_text()),
    ),
}


def _raises() -> str:
    raise RuntimeError(f"the vault is closed, and says {PASSWORD}")


@pytest.mark.asyncio
@pytest.mark.parametrize("refused", REFUSED.values(), ids=REFUSED.keys())
async def test_what_is_refused(
    secure_kafka: Cluster,
    certificates: Certificates,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    refused: tuple[str, Making],
) -> None:
    caplog.set_level(logging.DEBUG)
    seen = Seen()
    listener, make = refused
    try:
        security = make(certificates)
        seen.add_value("the setting", security)
        await fail(secure_kafka.bootstrap(listener), security, seen)
    except DekafError as error:  # it may be refused before it connects
        seen.add_error("an early error", error)
    add_output(seen, caplog, capfd)
    seen.assert_without(PASSWORD, KEY_PASSWORD, TOKEN, *_key_lines(certificates))


# -- what works, until its connections end -----------------------------------------------------


@pytest.mark.asyncio
async def test_a_login_that_succeeds_and_is_lost(
    secure_kafka: Cluster,
    certificates: Certificates,
    topic: TopicFactory,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    seen, name = Seen(), topic(secure_kafka)
    security = Security.sasl_scram("alice", "alice-secret", ca=certificates.ca)
    with FaultProxy(secure_kafka.routes("SASL_SSL_PROXIED")) as proxy:
        servers = secure_kafka.bootstrap("SASL_SSL_PROXIED")
        async with asyncio.timeout(PATIENCE), Producer(servers, security=security) as producer:
            await producer.produce(name, b"v")
            proxy.cut_after("down", 5)
            await producer.produce(name, b"v")
            seen.add_value("the producer", producer)
            seen.add_value("the configuration", producer.config)
            seen.add_value("the metrics", producer.metrics())
            proxy.refuse()
            proxy.cut()
            with suppress(TimeoutError):
                await asyncio.wait_for(producer.produce(name, b"v"), 1.5)
            proxy.heal()
    seen.add_value("the setting", security)
    add_output(seen, caplog, capfd)
    seen.assert_without("alice-secret")


# -- what is refused before anything connects --------------------------------------------------

_SERVERS = "127.0.0.1:9"
_JAAS = "org.apache.kafka.common.security.scram.ScramLoginModule required"

REFUSED_EARLY: dict[str, Callable[[], object]] = {
    "no user": lambda: Security.sasl_plain("", PASSWORD),
    "a user of another type": lambda: Security.sasl_plain(7, PASSWORD),  # type: ignore[arg-type]
    "a password of another type": lambda: Security.sasl_plain("alice", [PASSWORD]),  # type: ignore[arg-type]
    "bytes": lambda: Security.sasl_plain("alice", PASSWORD.encode()),  # type: ignore[arg-type]
    "a mechanism that is none": lambda: Security.sasl_scram("alice", PASSWORD, mechanism="SCRAM"),  # type: ignore[arg-type]
    "a key password without a key": lambda: Security.tls(key_password=KEY_PASSWORD),
    "a zero byte": lambda: Producer(
        _SERVERS, security=Security.sasl_plain("alice", f"{PASSWORD}\0")
    ),
    "a security of another type": lambda: Producer(_SERVERS, security=PASSWORD),  # type: ignore[call-overload]
    "a typo": lambda: Producer(  # type: ignore[call-overload]
        _SERVERS, security=Security.sasl_plain("alice", PASSWORD), linger=PASSWORD
    ),
    "Java's names, without a protocol": lambda: ProducerConfig.from_properties(
        {
            "bootstrap.servers": _SERVERS,
            "sasl.mechanism": "SCRAM-SHA-256",
            "sasl.jaas.config": f'{_JAAS} username="alice" password="{PASSWORD}" nonsense',
            "ssl.key.password": KEY_PASSWORD,
            "linger.ms": "soon",
        }
    ),
    "librdkafka's names, with a wrong protocol": lambda: ProducerConfig.from_properties(
        {
            "bootstrap.servers": _SERVERS,
            "security.protocol": "SASL",
            "sasl.username": "alice",
            "sasl.password": PASSWORD,
            "sasl.passwrod": PASSWORD,
        }
    ),
    "a pickle": lambda: pickle.dumps(
        SyncProducer(_SERVERS, security=Security.sasl_plain("alice", PASSWORD))
    ),
}


@pytest.mark.parametrize("make", REFUSED_EARLY.values(), ids=REFUSED_EARLY.keys())
def test_what_is_refused_early(
    make: Callable[[], object],
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    seen = Seen()
    try:
        seen.add_value("what was made", make())
    except Exception as error:  # noqa: BLE001  (whichever it is)
        seen.add_error("the error", error)
        # Its traceback shows this file's lines, which name no secret by its value.
    add_output(seen, caplog, capfd)
    seen.assert_without(PASSWORD, KEY_PASSWORD)


def test_a_file_of_properties(tmp_path: Path) -> None:
    file = tmp_path / "client.properties"
    file.write_text(
        "bootstrap.servers=127.0.0.1:9\n"
        "security.protocol=SASL_SSL\n"
        "sasl.mechanism=PLAIN\n"
        "sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required "
        f'username="alice" password="{PASSWORD}";\n'
        "linger.ms=soon\n"
    )
    seen = Seen()
    try:
        seen.add_value("what was made", ProducerConfig.from_file(str(file)))
    except Exception as error:  # noqa: BLE001  (whichever it is)
        seen.add_error("the error", error)
    seen.assert_without(PASSWORD)
