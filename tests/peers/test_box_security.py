"""Clients that share no code with dekaf connect to a secured broker in the box, or are refused."""

import asyncio
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import KafkaError
from confluent_kafka import Consumer, KafkaException, Producer
from confluent_kafka.admin import AdminClient
from kafka import KafkaConsumer, KafkaProducer

from dekaf import Security
from dekaf.testing import Broker
from tests.kafka import DEFAULT_VERSION
from tests.kafka.release import Release
from tests.kafka.tool import ToolError, run_tool

VALUES = [b"value %d" % n for n in range(200)] + [b"large" * 50_000]
PATIENCE = 30.0  # seconds for whatever is to come
REFUSED_WITHIN = 2.0  # seconds that a client tries a broker that refuses it

USER, PASSWORD = "alice", 'a "secret", with = and spaces'
OTHER, OTHER_PASSWORD = "bób", "pässword"


@dataclass(frozen=True)
class Way:
    """A way to connect: the broker's arguments, in Kafka's words."""

    has_tls: bool = True
    mechanism: str | None = None
    client_certificates: bool = False

    def __str__(self) -> str:
        names = [self.protocol, self.mechanism, "mTLS" if self.client_certificates else None]
        return "-".join(name for name in names if name)

    @property
    def protocol(self) -> str:
        tls = "SSL" if self.has_tls else "PLAINTEXT"
        return tls if self.mechanism is None else f"SASL_{tls}"

    @property
    def security(self) -> Security:
        mechanism: Any = self.mechanism
        if mechanism is None:
            return Security.tls()
        if mechanism == "PLAIN":
            return Security.sasl_plain(USER, PASSWORD, tls=self.has_tls)
        return Security.sasl_scram(USER, PASSWORD, mechanism=mechanism, tls=self.has_tls)


MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")
WAYS = [
    Way(),
    Way(client_certificates=True),
    *(Way(has_tls, mechanism) for has_tls in (True, False) for mechanism in MECHANISMS),
    Way(mechanism="SCRAM-SHA-256", client_certificates=True),
]
WITH_PASSWORDS = [way for way in WAYS if way.mechanism and not way.client_certificates]
WITH_TLS = [way for way in WAYS if way.has_tls and not way.client_certificates]


@dataclass(frozen=True)
class Credentials:
    """What a client connects with."""

    way: Way
    servers: str
    ca: str | None
    certificate: tuple[str, str] | None
    user: str = USER
    password: str = PASSWORD


@contextmanager
def box(way: Way) -> Iterator[tuple[Broker, Credentials]]:
    users = {OTHER: OTHER_PASSWORD} if way.mechanism else None
    with Broker(
        security=way.security, users=users, client_certificates=way.client_certificates
    ) as broker:
        certificate = broker.client_certificate
        yield broker, Credentials(way, broker.bootstrap_servers, broker.ca, certificate)


def context(by: Credentials, tmp_path: Path) -> ssl.SSLContext | None:
    if not by.way.has_tls:
        return None
    made = ssl.create_default_context(cadata=by.ca)
    if by.certificate:
        (tmp_path / "client.pem").write_text("".join(by.certificate))
        made.load_cert_chain(tmp_path / "client.pem")
    return made


def python_settings(by: Credentials, tmp_path: Path) -> dict[str, Any]:
    """Return what aiokafka and kafka-python both call these settings."""
    settings: dict[str, Any] = {
        "bootstrap_servers": by.servers,
        "security_protocol": by.way.protocol,
        "ssl_context": context(by, tmp_path),
    }
    if by.way.mechanism:
        settings |= {
            "sasl_mechanism": by.way.mechanism,
            "sasl_plain_username": by.user,
            "sasl_plain_password": by.password,
        }
    return settings


# Each client produces `VALUES`, and returns what it reads; it raises if it is refused.
Client = Callable[[Credentials, Path], list[bytes | None]]


def confluent(by: Credentials, _: Path) -> list[bytes | None]:
    settings: dict[str, Any] = {
        "bootstrap.servers": by.servers,
        "security.protocol": by.way.protocol,
        "log_level": 0,
    }
    if by.way.has_tls:
        settings["ssl.ca.pem"] = by.ca
    if by.certificate:
        settings["ssl.certificate.pem"], settings["ssl.key.pem"] = by.certificate
    if by.way.mechanism:
        settings["sasl.mechanism"] = by.way.mechanism
        settings["sasl.username"], settings["sasl.password"] = by.user, by.password
    AdminClient(settings).list_topics(timeout=REFUSED_WITHIN)
    producer = Producer(settings)
    for value in VALUES:
        producer.produce("t", value)
    assert producer.flush(PATIENCE) == 0
    reader = Consumer({**settings, "group.id": "g", "auto.offset.reset": "earliest"})
    try:
        reader.subscribe(["t"])
        found: list[bytes | None] = []
        while len(found) < len(VALUES):
            messages = reader.consume(len(VALUES) - len(found), PATIENCE)
            assert messages, f"{len(VALUES) - len(found)} records did not come"
            found += [message.value() for message in messages]
    finally:
        reader.close()
    return found


class Loop(asyncio.SelectorEventLoop):
    """Knows its connections: aiokafka does not wait for the end of TLS when it is refused."""

    def __init__(self) -> None:
        super().__init__()
        self._opened: list[asyncio.StreamWriter] = []

    async def create_connection(self, *args: Any, **settings: Any) -> Any:
        transport, protocol = await super().create_connection(*args, **settings)
        self._opened.append(asyncio.StreamWriter(transport, protocol, None, self))
        return transport, protocol

    async def until_closed(self) -> None:
        await asyncio.gather(*(it.wait_closed() for it in self._opened), return_exceptions=True)


def aiokafka(by: Credentials, tmp_path: Path) -> list[bytes | None]:
    settings = python_settings(by, tmp_path)

    async def main() -> list[bytes | None]:
        producer = AIOKafkaProducer(**settings)
        try:
            await producer.start()
            await asyncio.gather(*[await producer.send("t", value) for value in VALUES])
        finally:  # also if it could not be started
            await producer.stop()
        async with AIOKafkaConsumer("t", auto_offset_reset="earliest", **settings) as reader:
            return [(await anext(reader)).value for _ in VALUES]

    loop = Loop()
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        try:
            return runner.run(asyncio.wait_for(main(), PATIENCE))
        finally:
            runner.run(asyncio.wait_for(loop.until_closed(), PATIENCE))


def kafka_python(by: Credentials, tmp_path: Path) -> list[bytes | None]:
    settings = python_settings(by, tmp_path)
    producer = KafkaProducer(**settings)
    try:
        for future in [producer.send("t", value) for value in VALUES]:
            future.get(PATIENCE)
    finally:
        producer.close()
    reader = KafkaConsumer("t", auto_offset_reset="earliest", **settings)
    try:
        return [next(reader).value for _ in VALUES]
    finally:
        reader.close()


CLIENTS = [confluent, aiokafka]  # kafka-python leaves its sockets open when it is refused
REFUSALS = (KafkaException, KafkaError, TimeoutError)


@pytest.mark.parametrize("client", [*CLIENTS, kafka_python])
@pytest.mark.parametrize("way", WAYS, ids=str)
def test_what_is_written_is_read(way: Way, client: Client, tmp_path: Path) -> None:
    with box(way) as (broker, by):
        assert sorted(value or b"" for value in client(by, tmp_path)) == sorted(VALUES)
        broker.assert_published("t", times=len(VALUES))


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("way", WITH_PASSWORDS, ids=str)
@pytest.mark.parametrize(
    ("user", "password"), [(USER, OTHER_PASSWORD), ("mallory", PASSWORD)], ids=["password", "user"]
)
def test_a_stranger_is_refused(
    way: Way, client: Client, user: str, password: str, tmp_path: Path
) -> None:
    with box(way) as (broker, by):
        stranger = Credentials(way, by.servers, by.ca, by.certificate, user, password)
        with pytest.raises(REFUSALS):
            client(stranger, tmp_path)
        assert broker.topics == {}
        # The broker serves others as before.
        other = Credentials(way, by.servers, by.ca, by.certificate, OTHER, OTHER_PASSWORD)
        assert len(client(other, tmp_path)) == len(VALUES)


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("way", WITH_TLS, ids=str)
def test_another_ca_is_not_trusted(way: Way, client: Client, tmp_path: Path) -> None:
    with box(way) as (broker, by), box(Way()) as (_, others):
        with pytest.raises(REFUSALS):
            client(Credentials(way, by.servers, others.ca, None), tmp_path)
        assert broker.topics == {}


@pytest.mark.parametrize("client", CLIENTS)
def test_a_client_without_a_certificate_is_refused(client: Client, tmp_path: Path) -> None:
    with box(Way(client_certificates=True)) as (broker, by):
        with pytest.raises(REFUSALS):
            client(Credentials(by.way, by.servers, by.ca, None), tmp_path)
        assert broker.topics == {}


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize(
    ("has", "expects"),
    [
        (Way(), Way(has_tls=False)),
        (Way(has_tls=False, mechanism="PLAIN"), Way()),
        (Way(has_tls=False, mechanism="PLAIN"), Way(mechanism="PLAIN")),
        (Way(mechanism="PLAIN"), Way(has_tls=False, mechanism="PLAIN")),
        (Way(mechanism="PLAIN"), Way()),
        (Way(mechanism="PLAIN"), Way(mechanism="SCRAM-SHA-256")),
    ],
    ids=str,
)
def test_another_protocol_is_refused(
    client: Client, has: Way, expects: Way, tmp_path: Path
) -> None:
    with box(has) as (broker, by), box(Way()) as (_, others):
        ca = by.ca or others.ca
        with pytest.raises(REFUSALS):
            client(Credentials(expects, by.servers, ca, None), tmp_path)
        assert broker.topics == {}


TOPICS = "org.apache.kafka.tools.TopicCommand"
PRODUCE = "org.apache.kafka.tools.ConsoleProducer"
CONSUME = "org.apache.kafka.tools.consumer.ConsoleConsumer"


# What Kafka's brokers tell a client with a wrong password.
REASONS = {
    "PLAIN": "Authentication failed: Invalid username or password",
    "SCRAM-SHA-256": "Authentication failed during authentication due to invalid credentials "
    "with SASL mechanism SCRAM-SHA-256",
}


def properties(by: Credentials, to: Path) -> Path:
    def escaped(text: str) -> str:
        return text.replace("\\", "\\\\").replace("\n", "\\n")

    lines = {"security.protocol": by.way.protocol}
    if by.ca:
        lines |= {"ssl.truststore.type": "PEM", "ssl.truststore.certificates": by.ca}
    if by.certificate:
        certificate, key = by.certificate
        lines |= {"ssl.keystore.type": "PEM", "ssl.keystore.certificate.chain": certificate}
        lines["ssl.keystore.key"] = key
    if by.way.mechanism:
        plain = by.way.mechanism == "PLAIN"
        module = "plain.PlainLoginModule" if plain else "scram.ScramLoginModule"
        password = by.password.replace('"', '\\"')
        lines["sasl.mechanism"] = by.way.mechanism
        lines["sasl.jaas.config"] = (
            f"org.apache.kafka.common.security.{module} required "
            f'username="{by.user}" password="{password}";'
        )
    text = "\n".join(f"{name}={escaped(value)}" for name, value in lines.items())
    to.write_text(text, encoding="utf-8")
    return to


def java(by: Credentials, tmp_path: Path) -> list[bytes | None]:
    release = Release(DEFAULT_VERSION)
    file = properties(by, tmp_path / "client.properties")
    usual = ("--bootstrap-server", by.servers, "--topic", "t", "--command-config", file)
    lines = "".join(f"{value.decode()}\n" for value in VALUES)
    run_tool(release, PRODUCE, *usual, given=lines)
    wanted = ("--from-beginning", "--max-messages", len(VALUES))
    read = run_tool(release, CONSUME, *usual, *wanted)
    return [line.encode() for line in read.splitlines()]


@pytest.mark.usefixtures("kafka_version")
@pytest.mark.parametrize(
    "way",
    [
        Way(client_certificates=True),
        Way(mechanism="PLAIN"),
        Way(mechanism="SCRAM-SHA-256"),
        Way(has_tls=False, mechanism="SCRAM-SHA-512"),
    ],
    ids=str,
)
def test_java(way: Way, tmp_path: Path) -> None:
    with box(way) as (broker, by):
        assert sorted(value or b"" for value in java(by, tmp_path)) == sorted(VALUES)
        broker.assert_published("t", times=len(VALUES))


@pytest.mark.usefixtures("kafka_version")
@pytest.mark.parametrize("mechanism", REASONS)
def test_java_is_told_why(mechanism: str, tmp_path: Path) -> None:
    with box(Way(mechanism=mechanism)) as (broker, by):
        wrong = Credentials(by.way, by.servers, by.ca, None, USER, "wrong")
        file = properties(wrong, tmp_path / "client.properties")
        arguments = ("--bootstrap-server", by.servers, "--command-config", file, "--list")
        with pytest.raises(ToolError, match=f"SaslAuthenticationException: {REASONS[mechanism]}"):
            run_tool(Release(DEFAULT_VERSION), TOPICS, *arguments)
        assert broker.topics == {}
