"""Asking for tokens: exactly one answer, and no thread that waits for it but one of its own."""

import asyncio
import functools
import gc
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dekaf._tokens import asking
from dekaf._tokens.asking import ask
from dekaf._tokens.provider import to_provider
from dekaf._tokens.refusal import TokenRefusal
from tests.canaries import Seen

CANARY = "CANARY7f3a"
LATER = 4_102_444_800.0


class Kept:
    """A reply that keeps all its answers."""

    def __init__(self) -> None:
        self.answers: list[tuple[Any, ...]] = []
        self.threads: list[str] = []
        self.seen = Seen()
        self._is_answered = threading.Event()

    def token(
        self, value: str, expires_at: float | None, extensions: list[tuple[str, str]]
    ) -> None:
        self._answer((value, expires_at, extensions))

    def refuse(self, why: str, is_transient: bool = False) -> None:
        self.seen.add("the refusal", why)
        self._answer((why, is_transient))

    def _answer(self, answer: tuple[Any, ...]) -> None:
        # An exception that is being handled would become the context of any other.
        self.seen.add_error("what is being handled", sys.exc_info()[1])
        self.answers.append(answer)
        self.threads.append(threading.current_thread().name)
        self._is_answered.set()

    def wait(self) -> tuple[Any, ...]:
        assert self._is_answered.wait(60)
        self.seen.assert_without(CANARY)
        (answer,) = self.answers
        return answer


def asked(given: object) -> Kept:
    reply = Kept()
    ask(to_provider("token", given), reply)
    return reply


class Known(Exception):
    def __repr__(self) -> str:
        return CANARY


def raises() -> str:
    raise Known(CANARY) from ValueError(CANARY)


async def raises_later() -> str:
    await asyncio.sleep(0)
    raise Known(CANARY)


def times_out() -> str:
    raise TimeoutError(CANARY)


def refuses() -> str:
    raise TokenRefusal("the server is down", is_transient=True)


def exits() -> str:
    raise SystemExit(CANARY)


def interrupts() -> str:
    raise KeyboardInterrupt(CANARY)


def cancels() -> str:
    raise asyncio.CancelledError(CANARY)


def returns_nothing() -> Any:
    return None


class Silent:
    def token(self) -> str:
        class Unshown(Exception):
            def __str__(self) -> str:
                raise ValueError(CANARY)

        raise Unshown


HIDDEN = "its text is left out, as it may hold the secret: catch and log it in the provider"


@pytest.mark.parametrize(
    ("given", "expected", "is_transient"),
    [
        (raises, f"the provider raised Known at {__file__}:LINE; {HIDDEN}", False),
        (raises_later, f"the provider raised Known at {__file__}:LINE; {HIDDEN}", False),
        (times_out, f"the provider raised TimeoutError at {__file__}:LINE; {HIDDEN}", True),
        (Silent(), f"the provider raised Unshown at {__file__}:LINE; {HIDDEN}", False),
        (dict[str, str]().popitem, f"the provider raised KeyError; {HIDDEN}", False),
        (refuses, "the server is down", True),
        (cancels, "the provider was cancelled", True),
        (
            returns_nothing,
            (
                "the provider must return str, (token, expiry), (token, expiry, principal) or "
                "(token, expiry, principal, extensions), not NoneType"
            ),
            False,
        ),
    ],
)
def test_whatever_is_raised_is_answered(given: Any, expected: str, is_transient: bool) -> None:
    function = getattr(given, "token", given)
    if code := getattr(function, "__code__", None):
        last = [line for *_, line in code.co_lines() if line][-1]
        lines = {code.co_firstlineno + 1, code.co_firstlineno + 2, last}
        texts = {expected.replace("LINE", str(line)) for line in lines}
    else:
        texts = {expected}
    why, transient = asked(given).wait()
    assert why in texts
    assert transient is is_transient


@pytest.mark.parametrize(
    ("function", "ends"), [(exits, SystemExit), (interrupts, KeyboardInterrupt)]
)
def test_what_ends_the_program_ends_its_thread_without_a_text(
    monkeypatch: pytest.MonkeyPatch, function: Callable[[], str], ends: type[BaseException]
) -> None:
    seen = Seen()
    is_over = threading.Event()

    def over(hook: Any) -> None:
        seen.add_error("what ends the thread", hook.exc_value)
        assert hook.exc_type is ends
        is_over.set()

    monkeypatch.setattr(threading, "excepthook", over)
    why, _ = asked(function).wait()
    assert why.startswith(f"the provider raised {ends.__name__} at ")
    assert is_over.wait(60)
    assert seen.texts
    seen.assert_without(CANARY)


def test_a_text_needs_no_thread() -> None:
    reply = asked("abc")
    assert reply.answers == [("abc", None, [])]
    assert reply.threads == [threading.current_thread().name]


def test_a_function_runs_in_a_thread_of_its_own(tmp_path: Path) -> None:
    goes_on = threading.Event()

    def slow() -> tuple[str, float]:
        assert goes_on.wait(60)
        return "slow", LATER

    file = tmp_path / "token"
    file.write_text("of-the-file\n")
    waits = asked(slow)
    other = asked(file)  # which the one that waits does not hold up
    assert other.wait() == ("of-the-file", None, [])
    assert waits.answers == []
    goes_on.set()
    assert waits.wait() == ("slow", LATER, [])
    assert waits.threads == other.threads == ["dekaf-token"]


def test_a_coroutine_without_a_loop_runs_in_a_thread() -> None:
    async def provide() -> str:
        await asyncio.sleep(0)
        return threading.current_thread().name

    assert asked(provide).wait() == ("dekaf-token", None, [])


def test_an_awaitable_of_a_plain_function_is_run() -> None:
    async def provide() -> str:
        await asyncio.sleep(0)
        return "abc"

    assert asked(functools.partial(lambda call: call(), provide)).wait() == ("abc", None, [])


def test_a_function_in_a_loop_runs_in_a_thread() -> None:
    async def main() -> tuple[Any, ...]:
        reply = asked(lambda: threading.current_thread().name)
        return await asyncio.to_thread(reply.wait)

    assert asyncio.run(main()) == ("dekaf-token", None, [])


def test_a_coroutine_runs_in_the_loop() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        goes_on = asyncio.Event()

        async def provide() -> tuple[str, float, str, dict[str, str]]:
            assert asyncio.get_running_loop() is loop
            await goes_on.wait()
            return "abc", LATER, "alice", {"a": "b"}

        reply = asked(provide)
        await asyncio.sleep(0)
        gc.collect()  # nothing else holds the task
        assert reply.answers == []
        goes_on.set()
        (task,) = asking._TASKS
        await task
        await asyncio.sleep(0)
        assert reply.wait() == ("abc", LATER, [("a", "b")])
        assert not asking._TASKS

    asyncio.run(main())


@pytest.mark.parametrize("function", [raises, raises_later, cancels, refuses])
def test_a_failure_in_the_loop_is_answered_and_not_logged(
    caplog: pytest.LogCaptureFixture, function: Callable[[], Any]
) -> None:
    async def provide() -> str:
        returned: Any = function()
        return str(await returned) if asyncio.iscoroutine(returned) else str(returned)

    async def main() -> Kept:
        reply = asked(provide)
        (task,) = asking._TASKS
        await asyncio.wait([task])
        return reply

    why, _ = asyncio.run(main()).wait()
    gc.collect()
    assert why.startswith(("the provider ", "the server is down"))
    assert not caplog.records


@pytest.mark.parametrize("steps", range(3))
def test_a_loop_that_ends_answers(steps: int) -> None:
    """The task may be cancelled before its first step."""
    reply = Kept()

    async def never() -> str:
        await asyncio.Event().wait()
        return "abc"

    async def main() -> None:
        ask(to_provider("token", never), reply)
        for _ in range(steps):
            await asyncio.sleep(0)

    asyncio.run(main())
    assert reply.wait() == ("the event loop ended before the provider returned", False)
    assert not asking._TASKS


@pytest.mark.parametrize(
    ("function", "ends"), [(exits, SystemExit), (interrupts, KeyboardInterrupt)]
)
def test_what_ends_the_program_ends_the_loop_without_a_text(
    caplog: pytest.LogCaptureFixture, function: Callable[[], str], ends: type[BaseException]
) -> None:
    reply = Kept()

    async def provide() -> str:
        return function()

    async def main() -> None:
        ask(to_provider("token", provide), reply)
        await asyncio.Event().wait()

    with pytest.raises(ends) as caught:
        asyncio.run(main())
    why, _ = reply.wait()
    assert why.startswith(f"the provider raised {ends.__name__} at ")
    reply.seen.add_error("what ends the loop", caught.value)
    reply.seen.add("the log", caplog.text)
    reply.seen.assert_without(CANARY)


def test_a_task_factory_that_fails_is_answered() -> None:
    async def provide() -> str:
        return "abc"

    def factory(*_: object, **__: object) -> Any:
        raise Known(CANARY)

    async def main() -> Kept:
        loop = asyncio.get_running_loop()
        loop.set_task_factory(factory)
        try:
            return asked(provide)
        finally:
            loop.set_task_factory(None)

    why, _ = asyncio.run(main()).wait()
    assert why.startswith("the provider raised Known at ")


def test_a_process_without_threads_is_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    def start(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", start)
    reply = asked(lambda: "abc")
    assert reply.answers == [
        (
            (
                "no thread could be started for the provider: can't start new thread; see the "
                "limits of the process (ulimit -u) and of its container"
            ),
            True,
        )
    ]
