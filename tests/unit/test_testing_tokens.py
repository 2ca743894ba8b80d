"""The broker in the box: logins by tokens, sessions that end, and users that are locked out."""

import asyncio
from collections.abc import Callable

import pytest

from dekaf import AuthenticationError, DeliveryTimeout, Producer, Security
from dekaf.testing import Broker, issue_token

pytestmark = pytest.mark.asyncio


def by_token(token: Callable[[], str], *, tls: bool = False) -> Security:
    return Security.sasl_oauthbearer(token, tls=tls)


def producer_of(broker: Broker) -> Producer:
    return Producer(
        broker.bootstrap_servers, security=broker.security, retry_backoff_ms=1, linger_ms=0
    )


async def until_refused(producer: Producer) -> int:
    """Produce until that fails, and return the number of messages that there are then."""
    sent = 1
    try:
        while True:
            await producer.produce("orders", str(sent))
            sent += 1
    except (AuthenticationError, DeliveryTimeout):
        return sent


@pytest.mark.parametrize("tls", [False, True])
async def test_a_token_lets_in(tls: bool) -> None:
    with Broker(security=by_token(lambda: issue_token("alice"), tls=tls)) as broker:
        async with producer_of(broker) as producer:
            await producer.produce("orders", "1")
        broker.assert_published("orders", value="1")


@pytest.mark.parametrize("token", ["opaque", "e30.e30."])
async def test_other_tokens_are_refused_as_kafka_does(token: str) -> None:
    with Broker(security=by_token(lambda: token)) as broker:
        producer = producer_of(broker)
        with pytest.raises(AuthenticationError, match=r'refuses the token.*"invalid_token"'):
            await producer.produce("orders", "1")
        await producer.close()
        assert broker.topics == {}


async def test_a_login_is_renewed_before_its_token_ends() -> None:
    issued: list[str] = []

    def token() -> str:
        issued.append(issue_token("alice", lasts=3.0))
        return issued[-1]

    with Broker(security=by_token(token)) as broker:
        async with producer_of(broker) as producer:
            sent = 0
            while len(issued) < 3:
                await producer.produce("orders", str(sent))
                sent += 1
            security = producer.metrics().security
        values = [record.value for record in broker.records("orders")]
    assert values == [str(number).encode() for number in range(sent)]
    assert security.renewals >= 1
    assert security.renewal_failures == 0


@pytest.mark.parametrize(
    "security",
    [
        Security.sasl_plain("alice", "secret", tls=False),
        Security.sasl_scram("alice", "secret", tls=False),
    ],
    ids=["PLAIN", "SCRAM"],
)
async def test_a_user_is_locked_out_when_the_session_ends(security: Security) -> None:
    with Broker(security=security, session_lifetime=2.5) as broker:
        producer = Producer(
            broker.bootstrap_servers,
            security=security,
            retry_backoff_ms=1,
            request_timeout_ms=1000,
            delivery_timeout_ms=2000,
        )
        await producer.produce("orders", "0")
        broker.faults.lock_out("alice")
        sent = await until_refused(producer)
        broker.faults.let_in("alice")
        await producer.produce("orders", "last")
        await producer.close()
        values = [record.value for record in broker.records("orders")]
    assert values == [b"%d" % number for number in range(sent)] + [b"last"]


async def test_a_user_that_is_locked_out_cannot_connect() -> None:
    with Broker(security=by_token(lambda: issue_token("alice"))) as broker:
        broker.faults.lock_out("alice")
        producer = producer_of(broker)
        with pytest.raises(AuthenticationError, match="refuses the token"):
            await producer.produce("orders", "1")
        await producer.close()
        broker.faults.clear()
        async with producer_of(broker) as producer:
            await asyncio.wait_for(producer.produce("orders", "2"), 30)
        broker.assert_published("orders", value="2", times=1)


async def test_arguments_that_mean_nothing_are_refused() -> None:
    with pytest.raises(ValueError, match=r"^session_lifetime needs SASL"):
        Broker(session_lifetime=3)
    with pytest.raises(ValueError, match=r"^session_lifetime=-1 is out of range"):
        Broker(security=by_token(lambda: ""), session_lifetime=-1)
    with pytest.raises(ValueError, match=r"^users have passwords"):
        Broker(security=by_token(lambda: ""), users={"bob": "b"})
    with pytest.raises(TypeError, match=r"^lasts must be a number of seconds, not str"):
        issue_token("alice", lasts="1")  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    with pytest.raises(ValueError, match=r"^lasts must be from"):
        issue_token("alice", lasts=float("nan"))
