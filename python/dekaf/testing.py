"""A broker in the box: Kafka's protocol in this process, for learning and for tests.

    with Broker() as broker:
        async with Producer(broker.bootstrap_servers) as producer:
            await producer.produce("orders", b"...", key="order-1")
        print(broker.records("orders"))

It starts in milliseconds, needs no Java, and serves ordinary clients: producers, consumers and
their groups. It keeps everything in memory, and ends with its process; in production, use Apache
Kafka.

To test a secured configuration, say how clients must connect:

    with Broker(security=Security.sasl_scram("alice", "secret")) as broker:
        async with Producer(broker.bootstrap_servers, security=broker.security) as producer:
            ...

The broker lets in every token that has a user and has not ended, whoever signed it. `issue_token`
makes one:

    security = Security.sasl_oauthbearer(lambda: issue_token("alice", lasts=60))
    with Broker(security=security) as broker:
        ...

pytest finds two fixtures here, without any import: `dekaf_broker`, and `dekaf_producer`, which
produces to it. The marker `dekaf_broker` gives the broker its arguments:

    @pytest.mark.dekaf_broker(security=Security.sasl_plain("alice", "secret"))
    async def test_orders(dekaf_producer): ...
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn, Self

from dekaf._arguments import (
    check_flag,
    check_mapping,
    check_number,
    check_seconds,
    check_text,
)
from dekaf._box import check_security, client_security, listener
from dekaf._box_token import issue_token
from dekaf._core import BrokerCore
from dekaf._expected import Expected

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import EllipsisType, TracebackType

    from dekaf._box import Listener
    from dekaf._expected import Content
    from dekaf._security import Security

__all__ = ["Broker", "Faults", "StoredRecord", "issue_token"]

_POLL = 0.005  # seconds between two looks at what has come
_MOST_TIMES = 2**32 - 1
_LONGEST_DELAY = 86_400.0
_LARGEST_INT = 2**31 - 1


@dataclass(frozen=True, slots=True)
class StoredRecord:
    """A record as the broker keeps it."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    """Milliseconds since 1970."""
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]


class Broker:
    """Brokers in this process, started by `with` or `start()`.

    `brokers` is how many there are, each on a port of its own; the first gets `port`, or any that
    is free. Topics are created when they are asked for, with `partitions` partitions, unless
    `auto_create_topics` is off. Of all records the newest are kept, `memory` bytes of them.

    `security` says how clients must connect: with TLS, SASL, or both, and with which mechanism,
    user and password. `users` are further users with their passwords. After `session_lifetime`
    seconds, a client must log in again on its connection, as Kafka's `connections.max.reauth.ms`
    asks; a login by a token ends with the token at the latest. For TLS, the broker makes a
    throw-away certificate authority each time it starts; a producer finds it in the property
    `security`, other clients in `ca`. The `ca`, certificate and key of the argument are not used.
    With `client_certificates`, clients must show `client_certificate`, which is in `security` too.

    Without `security`, every client that reaches the broker can read and write everything. The
    default host is reachable from this machine only. Every user may do everything, unless
    `faults.deny()` says otherwise.
    """

    def __init__(  # noqa: PLR0913 - one for each setting, by keyword
        self,
        *,
        brokers: int = 1,
        host: str = "127.0.0.1",
        port: int = 0,
        auto_create_topics: bool = True,
        partitions: int = 1,
        memory: int = 256 * 1024 * 1024,
        security: Security | None = None,
        users: Mapping[str, str] | None = None,
        client_certificates: bool = False,
        session_lifetime: float | None = None,
    ) -> None:
        check_number("brokers", brokers, 1, 100)
        check_text("host", host)
        check_number("port", port, 0, 65_535)
        check_flag("auto_create_topics", auto_create_topics)
        check_number("partitions", partitions, 1, 10_000)
        check_number("memory", memory, 1, 2**63 - 1)
        check_mapping("users", users, '{"alice": "secret"}')
        check_flag("client_certificates", client_certificates)
        if session_lifetime is not None:
            check_seconds("session_lifetime", session_lifetime, _LONGEST_DELAY)
        check_security(security, users, client_certificates, session_lifetime)
        self._brokers = brokers
        self._host = host
        self._port = port
        self._auto_create_topics = auto_create_topics
        self._partitions = partitions
        self._memory = memory
        self._security = security
        self._session_lifetime = session_lifetime
        users = dict(users or {})
        # Not an attribute: passwords must not get into `vars(broker)`.
        self._listener: Callable[[], Listener] = lambda: listener(
            security, users, client_certificates
        )
        self._core: BrokerCore | None = None

    def start(self) -> Self:
        """Listen; while it runs, a second time does nothing."""
        if self._core is not None:
            self._core.check()
        else:
            asked = self._listener()
            self._core = BrokerCore(
                host=self._host,
                port=self._port,
                brokers=self._brokers,
                auto_create_topics=self._auto_create_topics,
                partitions=self._partitions,
                memory=self._memory,
                tls=asked.tls,
                mechanisms=asked.mechanisms,
                users=asked.users,
                tokens=asked.tokens,
                session_lifetime=self._session_lifetime,
            )
        return self

    def close(self) -> None:
        """End every connection, and forget everything; a second time does nothing."""
        if self._core is not None:
            self._core.stop()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _running(self) -> BrokerCore:
        if self._core is None:
            raise RuntimeError("the broker is not started: use `with Broker() as broker`")
        return self._core

    @property
    def faults(self) -> Faults:
        """Order what is to go wrong."""
        # Made anew each time: one that is kept here would keep this broker alive in turn.
        return Faults(self._running)

    @property
    def bootstrap_servers(self) -> str:
        """Where clients find it, or found it: `"127.0.0.1:41235"`, one for each broker."""
        addresses = self._running().addresses
        return ",".join(
            f"[{host}]:{port}" if ":" in host else f"{host}:{port}" for host, port in addresses
        )

    @property
    def security(self) -> Security | None:
        """What a producer needs to connect, as in `Producer(..., security=broker.security)`.

        It has the credentials that the broker was given, the broker's certificate authority, and
        a client certificate if clients must show one. `None` if no security was asked for.
        """
        return client_security(self._security, self._running())

    @property
    def ca(self) -> str | None:
        """The certificate authority as PEM, for clients other than dekaf; `None` without TLS."""
        return self._running().ca

    @property
    def client_certificate(self) -> tuple[str, str] | None:
        """A client's certificate and private key as PEM, for clients other than dekaf.

        `None` unless the broker was made with `client_certificates=True`.
        """
        return self._running().client_certificate

    @property
    def topics(self) -> dict[str, int]:
        """Every topic, with the number of its partitions."""
        return self._running().topics()

    def create_topic(
        self,
        name: str,
        *,
        partitions: int | None = None,
        configs: Mapping[str, object] | None = None,
    ) -> None:
        """Create a topic; settings go by Kafka's names, as in `{"cleanup.policy": "compact"}`."""
        check_text("name", name)
        check_number("partitions", partitions, 1, 10_000, optional=True)
        check_mapping("configs", configs, '{"cleanup.policy": "compact"}')
        settings = [(str(key), _setting(value)) for key, value in (configs or {}).items()]
        self._running().create_topic(name, -1 if partitions is None else partitions, settings)

    def delete_topic(self, name: str) -> None:
        """Delete a topic with all its records."""
        check_text("name", name)
        self._running().delete_topic(name)

    def records(self, topic: str) -> list[StoredRecord]:
        """Return a topic's records, by partition and offset; none if there is no such topic."""
        check_text("topic", topic)
        return [
            StoredRecord(topic, partition, offset, timestamp, key, value, tuple(headers))
            for partition, offset, timestamp, key, value, headers in self._running().records(topic)
        ]

    def assert_published(  # noqa: PLR0913 - a record's parts, by keyword
        self,
        topic: str,
        *,
        value: Content | EllipsisType = ...,
        key: Content | EllipsisType = ...,
        headers: Mapping[str, bytes | str | None] | None = None,
        partition: int | None = None,
        times: int | None = None,
        timeout: float = 1.0,
    ) -> list[StoredRecord]:
        """Return the records that fit, and raise `AssertionError` if there are none.

        What is not given may be anything; with `times` there must be exactly so many. Headers
        must be among the record's, which may have more. Records may be on their way: they are
        waited for, up to `timeout` seconds, but no longer than until there are enough.
        """
        expected = Expected(value, key, headers, partition)
        check_number("times", times, 0, _LARGEST_INT, optional=True)
        check_seconds("timeout", timeout)
        until = time.monotonic() + timeout
        while True:
            stored = self.records(topic)
            found = [record for record in stored if expected.fits(record)]
            if len(found) == times or (times is None and found):
                return found
            if time.monotonic() >= until or (times is not None and len(found) > times):
                raise AssertionError(expected.complaint(topic, stored, found, times))
            time.sleep(_POLL)

    def __repr__(self) -> str:
        if self._core is None:
            return "<Broker, not started>"
        closed = ", closed" if self._core.is_closed else ""
        return f"<Broker at {self.bootstrap_servers}{closed}>"

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError(
            "a broker runs in this process and can be neither pickled nor copied: "
            "hand over its bootstrap_servers"
        )


class Faults:
    """What is to go wrong, as `broker.faults`.

    An API is named as Kafka does, `"produce"` or `"init_producer_id"`; without one, all are
    meant. Orders follow one another: each holds for `times` requests, or until `clear()`.
    """

    def __init__(self, running: Callable[[], BrokerCore]) -> None:
        self._core = running

    def fail(self, api: str | None, error: str, *, times: int | None = 1) -> None:
        """Answer with an error, as in `fail("produce", "NOT_LEADER_OR_FOLLOWER")`."""
        check_text("error", error)
        self._order("fail", api, times, error=error)

    def delay(self, api: str | None, seconds: float, *, times: int | None = None) -> None:
        """Answer so much later."""
        check_seconds("seconds", seconds, _LONGEST_DELAY)
        self._order("delay", api, times, seconds=seconds)

    def throttle(self, seconds: float, *, times: int | None = None) -> None:
        """Answer produce requests with a throttle time, as a quota does.

        The answer comes at once. As in Apache Kafka, the connection is not read for so long.
        """
        check_seconds("seconds", seconds, _LONGEST_DELAY)
        self._order("throttle", "produce", times, seconds=seconds)

    def drop_answers(self, api: str | None = "produce", *, times: int | None = 1) -> None:
        """Do what is asked, and end the connection in place of an answer."""
        self._order("drop_answers", api, times)

    def drop_requests(self, api: str | None = "produce", *, times: int | None = 1) -> None:
        """End the connection, and do nothing."""
        self._order("drop_requests", api, times)

    def deny(self, topic: str, api: str | None = None) -> None:
        """Answer TOPIC_AUTHORIZATION_FAILED for a topic, as Kafka's ACLs do, until `allow()`.

        `deny("orders")` hides the topic from producers and consumers alike. `deny("orders",
        "produce")` is an ACL that allows to describe the topic but not to write to it. To deny
        the cluster, use `fail("init_producer_id", "CLUSTER_AUTHORIZATION_FAILED", times=None)`.
        """
        check_text("topic", topic)
        check_text("api", api, optional=True)
        self._core().deny(topic, api)

    def allow(self, topic: str) -> None:
        """Take back every `deny()` of a topic."""
        check_text("topic", topic)
        self._core().allow(topic)

    def lock_out(self, user: str) -> None:
        """Refuse every login of a user, by password or by token, until `let_in()`.

        Connections that are logged in go on, as with Apache Kafka, until they must log in again.
        """
        check_text("user", user)
        self._core().lock_out(user)

    def let_in(self, user: str) -> None:
        """Take back `lock_out()`."""
        check_text("user", user)
        self._core().let_in(user)

    def drop_connections(self) -> None:
        """End every connection there is; new ones are served."""
        self._core().drop_connections()

    def move_leader(self, topic: str, partition: int, broker: int) -> None:
        """Make another broker the leader of a partition; brokers count from 1."""
        check_text("topic", topic)
        check_number("partition", partition, 0, _LARGEST_INT)
        check_number("broker", broker, 1, _LARGEST_INT)
        self._core().move_leader(topic, partition, broker)

    def pause(self) -> None:
        """Answer nobody, as a process that hangs, until `resume()`."""
        self._core().pause(True)

    def resume(self) -> None:
        """Answer again, first of all what was asked meanwhile."""
        self._core().pause(False)

    def clear(self) -> None:
        """Take everything back."""
        self._core().clear_faults()

    def _order(
        self,
        kind: str,
        api: str | None,
        times: int | None,
        *,
        error: str | None = None,
        seconds: float = 0.0,
    ) -> None:
        check_text("api", api, optional=True)
        check_number("times", times, 0, _MOST_TIMES, optional=True)
        self._core().order(kind, api, error, seconds, times)


def _setting(value: object) -> str:
    """Write a value as Kafka does."""
    return str(value).lower() if isinstance(value, bool) else str(value)
