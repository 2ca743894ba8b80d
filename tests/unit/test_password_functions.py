"""Functions that return passwords, and fail: the error says how, and shows no secret."""

import logging
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dekaf import AuthenticationError, ConfigError, Security, SyncProducer
from dekaf.faststream import Security as BothHalves
from dekaf.testing import Broker
from tests.canaries import Seen

CANARY = "canary-Tr0ub4dor-password"
WRONG = f"{CANARY}-of-yesterday"


class VaultError(Exception):
    def __init__(self, secret: str) -> None:
        super().__init__("the vault failed", secret)
        self.secret = secret
        self.add_note(f"it knew {secret}")

    def __repr__(self) -> str:
        return f"VaultError({self.secret})"


def raises() -> str:
    raise VaultError(CANARY)


def raises_with_a_cause() -> str:
    raise KeyError(CANARY) from ValueError(CANARY)


def cannot_be_shown() -> str:
    class Silent(Exception):
        def __str__(self) -> str:
            raise VaultError(CANARY)

    raise Silent


def exits() -> str:
    raise SystemExit(f"wrong: {CANARY}") from ValueError(CANARY)


def interrupts() -> str:
    raise KeyboardInterrupt(CANARY)


def returns_bytes() -> Any:
    return CANARY.encode()


def returns_nothing() -> str:
    return ""


def returns_a_surrogate() -> str:
    return f"{CANARY}\ud800"


def returns_a_zero() -> str:
    return f"{CANARY}\0"


def returns_another() -> str:
    return WRONG


FAILURES: list[tuple[Callable[[], Any], str]] = [
    (raises, r"the function raised VaultError at .*test_password_functions\.py:\d+; its text is l"),
    (raises_with_a_cause, r"the function raised KeyError at "),
    (cannot_be_shown, r"the function raised Silent at "),
    (returns_bytes, "the function must return str, not bytes"),
    (returns_nothing, "empty"),
    (returns_a_surrogate, "UTF-8"),
    (returns_a_zero, "NUL"),
    (dict[str, str]().popitem, "the function raised KeyError; its text is left out"),
]
ENDINGS: list[tuple[Callable[[], Any], str]] = [
    (exits, "the function raised SystemExit at"),
    (interrupts, "the function raised KeyboardInterrupt at"),
]
REFUSED: list[tuple[Callable[[], Any], str]] = [(returns_another, "Invalid username or password")]
LOGIN = Security.sasl_plain("alice", "right", tls=False)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize(
    ("function", "match"),
    FAILURES + ENDINGS + REFUSED,
    ids=lambda each: getattr(each, "__name__", ""),
)
def test_a_producer_shows_nothing(
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    function: Callable[[], Any],
    match: str,
) -> None:
    caplog.set_level(logging.DEBUG)
    seen = Seen()

    def unraisable(hook: Any) -> None:
        seen.add_error("what cannot be raised", hook.exc_value)

    monkeypatch.setattr(sys, "unraisablehook", unraisable)
    security = Security.sasl_plain("alice", function, tls=False)
    with Broker(security=LOGIN) as broker:
        producer = SyncProducer(
            broker.bootstrap_servers,
            security=security,
            on_error=lambda error: seen.add_error("the error of on_error", error),
        )
        with pytest.raises(AuthenticationError, match=match) as caught:
            producer.produce("orders", b"v")
        seen.add_error("the error", caught.value)
        for each in (security, producer, producer.config, producer.metrics()):
            seen.add_value(type(each).__name__, each)
        producer.close()
    seen.add("the log", caplog.text, *(repr(vars(record)) for record in caplog.records))
    seen.add("the output", *capfd.readouterr())
    seen.assert_without(CANARY)


@pytest.mark.parametrize(
    ("function", "match"), FAILURES, ids=lambda each: getattr(each, "__name__", "")
)
@pytest.mark.parametrize(
    "make",
    [lambda security: Broker(security=security).start(), BothHalves],
    ids=["box", "consumer"],
)
def test_whoever_asks_shows_nothing(
    make: Callable[[Security], object], function: Callable[[], Any], match: str
) -> None:
    security = Security.sasl_plain("alice", function, tls=False)
    with pytest.raises(ConfigError, match=f"^password.*{match}") as caught:
        make(security)
    seen = Seen()
    seen.add_error("the error", caught.value)
    seen.assert_without(CANARY)


def test_what_ends_the_program_ends_it() -> None:
    """A function that Python itself calls may be interrupted by Ctrl-C."""
    security = Security.sasl_plain("alice", interrupts, tls=False)
    with pytest.raises(KeyboardInterrupt):
        Broker(security=security).start()


@pytest.mark.parametrize(
    ("content", "match"),
    [
        (None, "cannot be read: No such file"),
        (b"", "is empty"),
        (b"\n", "is empty"),
        (CANARY.encode() + b"\xff", "is not UTF-8 text"),
    ],
)
def test_a_file_without_a_password_is_named(
    tmp_path: Path, content: bytes | None, match: str
) -> None:
    file = tmp_path / "password"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ConfigError, match=f"^password: the file .*{match}") as caught:
        Broker(security=Security.sasl_plain("alice", file)).start()
    seen = Seen()
    seen.add_error("the error", caught.value)
    seen.assert_without(CANARY)


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_one_line_end_of_a_file_is_no_part_of_the_password(tmp_path: Path, end: str) -> None:
    file = tmp_path / "password"
    file.write_bytes(f" secret\t\n{end}".encode())
    consumer: Any = BothHalves(Security.sasl_plain("alice", file, tls=False))
    assert consumer.password == (" secret\t\n" if end else " secret\t")
