"""Why no PEM can be made of a file."""

from __future__ import annotations

__all__ = ["Refusal", "check_raised", "wrong_password"]


class Refusal(Exception):
    """What is wrong with a file: the words behind its name. They show no secret."""

    def __init__(self, why: str, *, convert: bool = False) -> None:
        super().__init__(why)
        self.convert = convert
        """Whether a command may read what dekaf does not."""


def wrong_password(named: str) -> Refusal:
    """Return the refusal of a store. `named` is the argument that has the password."""
    return Refusal(f"is not opened by {named}: the password is wrong, or the file is damaged")


def check_raised(error: BaseException) -> None:
    """Raise again what has nothing to do with the file.

    A damaged file may make the Rust of cryptography panic, which is no `Exception`. Nor is what
    ends the program or, in gevent, a wait.
    """
    is_panic = type(error).__module__ == "pyo3_runtime"
    if isinstance(error, MemoryError) or not (isinstance(error, Exception) or is_panic):
        raise error
