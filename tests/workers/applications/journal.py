"""What an application has handed over, written down outside of its process.

A line is one write to a file opened for appending: it survives any end of the process.
"""

import os

_JOURNAL = os.environ["WORKERS_JOURNAL"]


def note(what: str, message: str) -> None:
    """Write that something happened to a message: it was accepted, or its callback was called."""
    descriptor = os.open(_JOURNAL, os.O_WRONLY | os.O_APPEND)
    try:
        os.write(descriptor, f"{what} {message}\n".encode())
    finally:
        os.close(descriptor)
