"""Environments that are made of two lock files have one version of each package."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PIN = re.compile(r"^(?P<name>[\w.-]+)==(?P<version>\S+)", re.MULTILINE)


def pins(lock: str) -> dict[str, str]:
    """Return the version of each package in a lock file."""
    return {pin["name"]: pin["version"] for pin in PIN.finditer((ROOT / lock).read_text())}


@pytest.mark.parametrize("lock", ["benches/requirements.txt", "tests/workers/requirements.txt"])
def test_a_lock_file_agrees_with_the_one_for_development(lock: str) -> None:
    """`make lock` renews all of them; this test fails if only one is updated by hand."""
    here, development = pins(lock), pins("requirements-dev.txt")
    shared = here.keys() & development.keys()
    assert {name: here[name] for name in shared} == {name: development[name] for name in shared}
    assert here
