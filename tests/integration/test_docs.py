"""What the documentation shows is run: the README's code, and every example."""

import logging
import re
import runpy
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kafka import Cluster

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
SNIPPETS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
PROGRAMS = [snippet for snippet in SNIPPETS if "def test_" not in snippet]
TESTS = [snippet for snippet in SNIPPETS if "def test_" in snippet]
TOPICS = ["orders", "events", "input_data_1", "input_data_2", "output_data"]
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))


@pytest.fixture
def with_orders(kafka: Cluster) -> Cluster:
    """Return a cluster that has the topics the documentation produces to."""
    for topic in TOPICS:
        kafka.new_topic(topic, partitions=3)
    return kafka


@pytest.fixture(autouse=True)
def without_old_streams() -> Iterator[None]:
    """FastStream's log goes to the stdout that was there first, which is each test's own."""
    yield
    logging.getLogger("faststream.access.kafka").handlers.clear()


@pytest.mark.parametrize("number", range(len(PROGRAMS)))
def test_readme(with_orders: Cluster, capsys: pytest.CaptureFixture[str], number: int) -> None:
    code = PROGRAMS[number].replace("localhost:9092", with_orders.bootstrap())
    exec(compile(code, f"README.md, snippet {number}", "exec"), {})  # noqa: S102 - it is ours
    captured = capsys.readouterr()
    assert captured.out
    assert captured.err == ""


@pytest.mark.parametrize("number", range(len(TESTS)))
def test_readmes_tests(tmp_path: Path, number: int) -> None:
    (tmp_path / "test_it.py").write_text(TESTS[number])
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:asyncio",
        "-W",
        "error",
        "test_it.py",
    ]
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_example(
    with_orders: Cluster,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    example: Path,
) -> None:
    monkeypatch.setattr(sys, "argv", [example.name, with_orders.bootstrap()])
    runpy.run_path(str(example), run_name="__main__")
    captured = capsys.readouterr()
    assert captured.out
    assert captured.err == ""


def test_targets_that_are_named_exist() -> None:
    """The Makefile has every target that a document mentions."""
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    documents = [README, (ROOT / "CONTRIBUTING.md").read_text()]
    named = {
        word
        for document in documents
        for words in re.findall(r"(?:`|^    )make ((?:[a-z-]+ ?)+)", document, re.MULTILINE)
        for word in words.split()
    }
    assert {"demo", "test"} <= named
    assert named <= targets
