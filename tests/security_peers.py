"""The same mistakes with dekaf, confluent-kafka and aiokafka: `python -m tests.security_peers`.

Each is made on one Apache Kafka, and is watched for 8 s. What is printed is a Markdown table of
what the caller of each producer sees, and after how long.
"""

import argparse
import asyncio
import logging
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiokafka
import aiokafka.helpers
import confluent_kafka

from tests.integration.administrator import deny_writes
from tests.kafka import (
    DEFAULT_VERSION,
    Certificates,
    Cluster,
    MissingToolError,
    make_certificates,
    secure_plan,
)

PATIENCE = 8.0  # seconds
NOTHING = f"nothing for {PATIENCE:g} s"


@dataclass(frozen=True)
class Mistake:
    """What a client is configured for, and the listener that it meets."""

    listener: str
    mechanism: str | None = None
    user: str = "alice"
    password: str = "alice-secret"  # noqa: S105
    tls: bool = False
    ca: str = "ca"  # of `Certificates`
    identity: tuple[str, str] | None = None  # certificate and key, of `Certificates`
    denied: bool = False  # the topic is one that alice may not write to

    @property
    def protocol(self) -> str:
        sasl = "SASL_" if self.mechanism else ""
        return sasl + ("SSL" if self.tls else "PLAINTEXT")


_SCRAM = "SCRAM-SHA-512"
MISTAKES = {
    "wrong password, PLAIN": Mistake("SASL_SSL", "PLAIN", "alice", "nonsense", tls=True),
    "wrong password, SCRAM": Mistake("SASL_SSL", _SCRAM, "alice", "nonsense", tls=True),
    "unknown user, SCRAM": Mistake("SASL_SSL", _SCRAM, "mallory", tls=True),
    "mechanism not enabled": Mistake("SCRAM_256", "PLAIN"),
    "certificate of another host": Mistake("TLS_OTHER_NAME", tls=True),
    "unknown CA": Mistake("SSL", tls=True, ca="other_ca"),
    "expired certificate": Mistake("TLS_EXPIRED", tls=True),
    "certificate not valid yet": Mistake("TLS_NOT_YET_VALID", tls=True),
    "certificate of version 1": Mistake("TLS_V1", tls=True),
    "certificate without SAN": Mistake("TLS_CN_ONLY", tls=True),
    "certificate signed with SHA-1": Mistake("TLS_SHA1", tls=True),
    "certificate with a key of RSA-1024": Mistake("TLS_RSA_1024", tls=True),
    "certificate of a CA as the broker's": Mistake("TLS_CA_LEAF", tls=True),
    "certificate signed by itself": Mistake("TLS_SELF_SIGNED", tls=True),
    "no client certificate, TLS 1.3": Mistake("MTLS", tls=True),
    "no client certificate, TLS 1.2": Mistake("MTLS_1_2", tls=True),
    "client certificate of another CA": Mistake(
        "MTLS", tls=True, identity=("stranger_certificate", "stranger_key")
    ),
    "plain text on a TLS port": Mistake("SSL"),
    "TLS on a plain text port": Mistake("PLAINTEXT", tls=True),
    "no login on a SASL port": Mistake("SASL_PLAINTEXT"),
    "no login on a SASL port with TLS": Mistake("SASL_SSL", tls=True),
    "login on a port without SASL": Mistake("PLAINTEXT", _SCRAM),
    "topic denied by an ACL": Mistake("SASL_SSL", _SCRAM, tls=True, denied=True),
}


@dataclass(frozen=True)
class Scene:
    kafka: Cluster
    certificates: Certificates
    allowed: str
    denied: str

    def servers(self, mistake: Mistake) -> str:
        return self.kafka.bootstrap(mistake.listener)

    def topic(self, mistake: Mistake) -> str:
        return self.denied if mistake.denied else self.allowed

    def ca(self, mistake: Mistake) -> Path:
        path: Path = getattr(self.certificates, mistake.ca)
        return path

    def identity(self, mistake: Mistake) -> list[Path]:
        return [getattr(self.certificates, name) for name in mistake.identity or ()]


class Watch:
    """What was said, and when."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self.lines: list[str] = []

    @property
    def over(self) -> bool:
        return time.monotonic() - self._began >= PATIENCE

    def note(self, what: str, said: object) -> None:
        after = time.monotonic() - self._began
        self.lines.append(f"{after:.1f} s, {what}: {_cell(said)}")

    def end(self) -> str:
        return "<br>".join([*self.lines, *([] if self.lines else [f"nothing for {PATIENCE:g} s"])])


# -- the three producers ----------------------------------------------------------------------


def with_dekaf(scene: Scene, mistake: Mistake) -> str:
    import dekaf  # noqa: PLC0415  (others can be watched without it)

    identity: dict[str, Any] = dict(
        zip(("certificate", "key"), scene.identity(mistake), strict=False)
    )
    tls = {"ca": scene.ca(mistake), **identity} if mistake.tls else {"tls": False}
    security: dekaf.Security | None = None
    if mistake.mechanism == "PLAIN":
        security = dekaf.Security.sasl_plain(mistake.user, mistake.password, **tls)
    elif mistake.mechanism:
        mechanism: Any = mistake.mechanism
        security = dekaf.Security.sasl_scram(
            mistake.user, mistake.password, mechanism=mechanism, **tls
        )
    elif mistake.tls:
        security = dekaf.Security.tls(**tls)

    async def main(watch: Watch) -> None:
        # Not `async with`, which connects before anything is handed over.
        producer = dekaf.Producer(scene.servers(mistake), security=security)
        try:
            await asyncio.wait_for(producer.produce(scene.topic(mistake), b"v"), PATIENCE)
            watch.note("delivered", "no error")
        except TimeoutError:
            producer.purge()
        except dekaf.DekafError as error:
            watch.note(type(error).__name__, error)
        await producer.close()

    watch = Watch()
    asyncio.run(main(watch))
    return watch.end()


def with_confluent_kafka(scene: Scene, mistake: Mistake) -> str:
    watch, settled = Watch(), list[object]()

    def on_delivery(error: confluent_kafka.KafkaError | None, _: object) -> None:
        settled.append(error)
        name = error.name() if error else "delivered"
        watch.note(f"on_delivery, {name}", error.str() if error else "no error")

    def on_error(error: confluent_kafka.KafkaError) -> None:
        if error.name() not in seen and not settled:
            seen.add(error.name())
            watch.note(f"error_cb, {error.name()}", error.str())

    seen = {"_ALL_BROKERS_DOWN"}
    certificate, key = (*map(str, scene.identity(mistake)), "", "")[:2]
    settings = {
        "bootstrap.servers": scene.servers(mistake),
        "security.protocol": mistake.protocol,
        "ssl.ca.location": str(scene.ca(mistake)) if mistake.tls else "",
        "ssl.certificate.location": certificate,
        "ssl.key.location": key,
    }
    if mistake.mechanism:
        settings["sasl.mechanism"] = mistake.mechanism
        settings["sasl.username"], settings["sasl.password"] = mistake.user, mistake.password
    given = {name: value for name, value in settings.items() if value}
    producer = confluent_kafka.Producer({**given, "error_cb": on_error, "log_level": 0})
    producer.produce(scene.topic(mistake), b"v", on_delivery=on_delivery)
    while not (settled or watch.over):
        producer.poll(0.05)
    told = watch.end() if settled or not watch.lines else f"{watch.end()}<br>then {NOTHING}"
    producer.purge()
    producer.flush(1)
    return told


def with_aiokafka(scene: Scene, mistake: Mistake) -> str:
    watch = Watch()

    async def main() -> None:
        context = None
        if mistake.tls:
            certificate, key = (*map(str, scene.identity(mistake)), None, None)[:2]
            context = aiokafka.helpers.create_ssl_context(
                cafile=str(scene.ca(mistake)), certfile=certificate, keyfile=key
            )
        producer = aiokafka.AIOKafkaProducer(
            bootstrap_servers=scene.servers(mistake),
            security_protocol=mistake.protocol,
            sasl_mechanism=mistake.mechanism or "PLAIN",
            sasl_plain_username=mistake.user if mistake.mechanism else None,
            sasl_plain_password=mistake.password if mistake.mechanism else None,
            ssl_context=context,
        )
        try:
            async with asyncio.timeout(PATIENCE):
                await producer.start()
                await producer.send_and_wait(scene.topic(mistake), b"v")
            watch.note("delivered", "no error")
        except TimeoutError:
            pass
        except Exception as error:  # noqa: BLE001  (whatever it is)
            watch.note(type(error).__name__, error)
        finally:
            with suppress(Exception):
                await asyncio.wait_for(producer.stop(), 1)

    with _log_of("aiokafka", watch):
        asyncio.run(main())
    return watch.end()


@contextmanager
def _log_of(name: str, watch: Watch) -> Iterator[None]:
    """Note the first line that is logged, as the error often says less."""
    logger, handler = logging.getLogger(name), logging.Handler()
    logged: list[str] = []

    def emit(record: logging.LogRecord) -> None:
        if not logged:
            logged.append(record.getMessage())
            watch.note("logged", logged[0])

    handler.emit = emit  # type: ignore[method-assign]
    handler.setLevel(logging.WARNING)
    logger.addHandler(handler)
    logger.propagate = False
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.propagate = True


CLIENTS: dict[str, Callable[[Scene, Mistake], str]] = {
    "dekaf": with_dekaf,
    "confluent-kafka": with_confluent_kafka,
    "aiokafka": with_aiokafka,
}
TOGETHER = {"confluent-kafka": 12}  # how many can be watched at once: it has no log to share


# -- the table ----------------------------------------------------------------------------------


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.security_peers", description=__doc__)
    parser.add_argument("clients", nargs="*", metavar="client", help=f"of {', '.join(CLIENTS)}")
    parser.add_argument("--mistakes", default="", help="only those whose names contain this")
    options = parser.parse_args()
    if unknown := set(options.clients) - set(CLIENTS):
        parser.error(f"no client {', '.join(unknown)}: there are {', '.join(CLIENTS)}")
    mistakes = {name: each for name, each in MISTAKES.items() if options.mistakes in name}
    try:
        with tempfile.TemporaryDirectory(prefix="dekaf-certificates-") as directory:
            _print_table(options.clients or list(CLIENTS), mistakes, Path(directory))
    except MissingToolError as error:
        sys.exit(str(error))


def _print_table(clients: list[str], mistakes: dict[str, Mistake], directory: Path) -> None:
    certificates = make_certificates(directory)
    with Cluster(secure_plan(DEFAULT_VERSION, certificates)) as kafka:
        scene = Scene(kafka, certificates, kafka.new_topic("allowed"), kafka.new_topic("denied"))
        deny_writes(kafka, scene.denied, "alice")
        columns = [_column(name, scene, mistakes) for name in clients]
    _row("mistake", *clients)
    _row(*("---" for _ in range(len(clients) + 1)))
    for name, *told in zip(mistakes, *columns, strict=True):
        _row(name, *told)


def _column(client: str, scene: Scene, mistakes: dict[str, Mistake]) -> list[str]:
    with ThreadPoolExecutor(TOGETHER.get(client, 1)) as pool:
        return list(pool.map(lambda each: CLIENTS[client](scene, each), mistakes.values()))


def _row(*cells: str) -> None:
    print("|", " | ".join(cells), "|")


def _cell(said: object) -> str:
    return " ".join(str(said).split()).replace("|", "\\|") or repr(said)


if __name__ == "__main__":
    main()
