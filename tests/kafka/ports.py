"""TCP ports for brokers and proxies, which nobody takes between the choosing and the binding.

They lie below the ranges from which Linux and macOS give ports to outgoing connections:
else a client that connects could take the port of a broker that restarts. Among test runs
of one user, locks on the bytes of one file say who has which; a restart finds its own free.
"""

import fcntl
import os
import secrets
import socket
import tempfile
import threading
from pathlib import Path

HOST = "127.0.0.1"

_FIRST, _LAST = 20_000, 32_000
_ATTEMPTS = 1_000

_reserved: set[int] = set()
_guard = threading.Lock()  # a file's locks are the process's, not the thread's
_ledger: list[int] = []  # its file descriptor


def reserve() -> int:
    """Return a free port, which is this process's until it ends or releases it."""
    with _guard:
        for _ in range(_ATTEMPTS):
            port = _FIRST + secrets.randbelow(_LAST - _FIRST)
            if port not in _reserved and _lock(port):
                if _bindable(port):
                    _reserved.add(port)
                    return port
                _unlock(port)
    raise RuntimeError(f"no free port found between {_FIRST} and {_LAST}: who listens there?")


def release(port: int) -> None:
    with _guard:
        _reserved.discard(port)
        _unlock(port)


def _bindable(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def _lock(port: int) -> bool:
    try:
        fcntl.lockf(_ledger_file(), fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
    except OSError:
        return False
    return True


def _unlock(port: int) -> None:
    fcntl.lockf(_ledger_file(), fcntl.LOCK_UN, 1, port)


def _ledger_file() -> int:
    # Opened once and never closed: closing any descriptor of it would drop all its locks.
    if not _ledger:
        path = Path(tempfile.gettempdir()) / f"dekaf-kafka-ports-{os.getuid()}.lock"
        _ledger.append(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    return _ledger[0]
