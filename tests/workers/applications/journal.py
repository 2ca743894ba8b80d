"""The journal: a file that records which messages the application sent.

Each line is a single write to a file opened for appending, so it survives a crash of the process.
"""

import os

_JOURNAL = os.environ["WORKERS_JOURNAL"]


def note(what: str, message: str) -> None:
    """Append an event of a message, such as `accepted`."""
    descriptor = os.open(_JOURNAL, os.O_WRONLY | os.O_APPEND)
    try:
        os.write(descriptor, f"{what} {message}\n".encode())
    finally:
        os.close(descriptor)
