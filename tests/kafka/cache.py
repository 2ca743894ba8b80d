"""Things that are slow to make and made once: jars, class data, formatted metadata.

They lie in target/kafka. Two test runs may ask for the same one at once: the second
waits for the first, and neither ever sees a half-made one.
"""

import fcntl
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

CACHE = Path(__file__).resolve().parents[2] / "target" / "kafka"


def made_once(target: Path, make: Callable[[Path], None]) -> Path:
    """Return `target`, a file or a directory, which make(path) makes where there is none."""
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        with _locked(target.with_name(f".{target.name}.lock")):
            if not target.exists():
                _make(target, make)
    return target


def _make(target: Path, make: Callable[[Path], None]) -> None:
    part = target.with_name(f".{target.name}.part")
    _remove(part)  # left by a run that was killed
    try:
        make(part)
        part.rename(target)
    finally:
        _remove(part)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # ends with the file, and with the process
        yield
