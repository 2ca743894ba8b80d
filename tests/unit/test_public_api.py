"""The public names, on one page, and what can be said of them without a broker."""

import copy
import pickle
import re
import subprocess
import sys
import threading
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

import dekaf
from dekaf import (
    BatchResult,
    DekafError,
    FlushTimeout,
    ProduceError,
    ProduceErrorGroup,
    RecordMetadata,
    UnclaimedFailures,
    _errors,
)

ROOT = Path(__file__).parents[2]


def test_all_is_sorted_and_whole() -> None:
    assert dekaf.__all__ == sorted(dekaf.__all__)
    # Others may have imported `dekaf.testing`.
    submodules = {name for name, what in vars(dekaf).items() if isinstance(what, ModuleType)}
    public = {name for name in dir(dekaf) if not name.startswith("_")} - submodules
    assert public | {"__version__"} == set(dekaf.__all__)
    assert all(hasattr(dekaf, name) for name in dekaf.__all__)


def test_what_is_imported_late_is_there_all_the_same() -> None:
    program = """if True:
        import asyncio, sys
        before = set(sys.modules)
        import dekaf
        late = {"dekaf._cluster", "dekaf._metrics", "dekaf._json", "dekaf._html"}
        late |= {"dekaf._security", "dekaf._foreign_security", "dekaf._jaas"}
        late |= {"decimal", "difflib", "shutil"}
        assert late.isdisjoint(set(sys.modules) - before), late.intersection(sys.modules)
        assert set(dekaf.__all__) <= set(dir(dekaf))
        assert not hasattr(dekaf, "Metric")
        assert dekaf.Latency.__module__ == "dekaf._metrics"
        from dekaf import *
        assert Latency is dekaf.Latency
    """
    subprocess.run([sys.executable, "-c", program], check=True)


def test_one_version() -> None:
    cargo = tomllib.loads((ROOT / "Cargo.toml").read_text())
    assert dekaf.__version__ == cargo["package"]["version"]


def test_the_tree_is_drawn_as_it_is() -> None:
    drawn = re.findall(r"^[│├└─ ]*(\w+)(?: {2,}|$)", _errors.__doc__ or "", re.MULTILINE)
    assert sorted(drawn) == _errors.__all__
    assert all(issubclass(getattr(dekaf, name), DekafError) for name in drawn)
    assert set(drawn) < set(dekaf.__all__)


COUNTS = {"FlushTimeout", "ProduceErrorGroup", "UnclaimedFailures"}


@pytest.mark.parametrize("name", sorted(set(_errors.__all__) - COUNTS))
def test_errors_pickle(name: str) -> None:
    error = getattr(dekaf, name)("it failed")
    if isinstance(error, ProduceError):
        error = type(error)(
            "it failed",
            topic="orders",
            partition=3,
            code="NOT_LEADER_OR_FOLLOWER",
            retriable=True,
            maybe_written=True,
        )
    for other in (pickle.loads(pickle.dumps(error)), copy.copy(error), copy.deepcopy(error)):  # noqa: S301 - just made
        assert type(other) is type(error)
        assert str(other) == "it failed"
        assert vars(other) == vars(error)


def test_groups_of_errors_pickle() -> None:
    results: BatchResult[RecordMetadata | ProduceError] = BatchResult(
        [RecordMetadata("orders", 0, 7, 1), ProduceError("it failed", index=1)]
    )
    group = ProduceErrorGroup.of(results)
    for other in (pickle.loads(pickle.dumps(group)), copy.copy(group), copy.deepcopy(group)):  # noqa: S301 - just made
        assert type(other) is ProduceErrorGroup
        assert str(other) == str(group)
        assert other.succeeded == group.succeeded
        assert [error.index for error in other.failed] == [1]
        assert [str(error) for error in other.exceptions] == ["it failed"]


def test_errors_that_count_pickle() -> None:
    late = pickle.loads(pickle.dumps(FlushTimeout(3)))  # noqa: S301 - just made
    assert (type(late), late.remaining) == (FlushTimeout, 3)
    assert isinstance(late, TimeoutError)
    failure = ProduceError("it failed", topic="orders")
    many = pickle.loads(pickle.dumps(UnclaimedFailures(5, [failure])))  # noqa: S301 - just made
    assert (many.count, [each.topic for each in many.failures]) == (5, ["orders"])
    assert "5 messages failed" in str(many)


def test_metadata_is_a_value() -> None:
    one, same = (RecordMetadata("orders", 1, 42, 1_700_000_000_000) for _ in range(2))
    assert (one.topic, one.partition, one.offset, one.timestamp) == (
        "orders",
        1,
        42,
        1_700_000_000_000,
    )
    assert one == same
    assert hash(one) == hash(same)
    assert one != RecordMetadata("orders", 1, 43, 1_700_000_000_000)
    assert one != "orders"
    assert repr(one) == (
        "RecordMetadata(topic='orders', partition=1, offset=42, timestamp=1700000000000)"
    )
    assert pickle.loads(pickle.dumps(one)) == one  # noqa: S301 - just made
    with pytest.raises(AttributeError):
        one.offset = 1  # type: ignore[misc]


def test_construction_starts_nothing() -> None:
    before = _threads()
    dekaf.Producer("localhost:9092")
    assert _threads() == before


def _threads() -> tuple[int, int]:
    """Python's threads, and the kernel's where they can be counted."""
    tasks = Path("/proc/self/task")
    return threading.active_count(), len(list(tasks.iterdir())) if tasks.exists() else 0
