"""The code in docstrings is run, against the broker in the box."""

import ast
import asyncio
import inspect
import re
import textwrap
from collections.abc import Iterator

import pytest

import dekaf
import dekaf.testing
from dekaf.testing import Broker

SERVERS = re.compile(r'"(?:localhost|a):9092"')


def documented() -> Iterator[tuple[str, str]]:
    """Yield the name and docstring of each public thing, and of what it has."""
    yield "dekaf", dekaf.__doc__ or ""
    for module in (dekaf, dekaf.testing):
        for name in module.__all__:
            found = getattr(module, name)
            yield f"{module.__name__}.{name}", inspect.getdoc(found) or ""
            if inspect.isclass(found):
                for part, each in inspect.getmembers(found):
                    own = not part.startswith("_") and callable(each)
                    text = inspect.getdoc(each) if own else None
                    yield f"{module.__name__}.{name}.{part}", text or ""


def blocks(text: str) -> Iterator[str]:
    """Yield what is indented, and code all the same: the module's own is not indented."""
    for block in re.findall(r"(?:^|\n\n)((?: {4}.*\n?|\n(?= {4}))+)", text):
        yield textwrap.dedent(block).strip()
    if text.startswith(dekaf.__doc__ or "-"):
        yield text.partition("\n\n")[2].strip()


CODE = [(name, code) for name, text in documented() for code in blocks(text) if "(" in code]


def test_there_is_some() -> None:
    assert {"dekaf", "dekaf.Producer", "dekaf.SyncProducer"} <= {name for name, _ in CODE}


@pytest.mark.parametrize(("name", "code"), CODE, ids=[name for name, _ in CODE])
def test_it_runs(name: str, code: str) -> None:
    with Broker() as broker:
        broker.create_topic("orders")
        code = SERVERS.sub(repr(broker.bootstrap_servers), code)
        flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
        compiled = compile(code, f"docstring of {name}", "exec", flags)
        names = {**vars(dekaf), **vars(dekaf.testing), "broker": broker}

        async def main() -> None:
            running = eval(compiled, names)  # noqa: S307 - it is ours
            if inspect.isawaitable(running):
                await running

        asyncio.run(main())
