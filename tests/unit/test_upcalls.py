"""What the core calls in Python is registered once, and completely."""

import subprocess
import sys

import pytest

from dekaf import _core, _upcalls

IMPORT_WITHOUT_ONE = """
import sys

class Upcalls:
    def __getattr__(self, name):
        if name == {name!r}:
            raise AttributeError(name)
        return self

sys.modules["dekaf._upcalls"] = Upcalls()
import dekaf
"""


@pytest.mark.parametrize("name", [*_upcalls.__all__, "ConfigError", "BrokerError"])
def test_a_missing_name_fails_the_import(name: str) -> None:
    code = IMPORT_WITHOUT_ONE.format(name=name)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert name in done.stderr


def test_a_second_registration_changes_nothing() -> None:
    _core.install(_upcalls)
