"""Why no PEM can be made of a file."""

from __future__ import annotations

__all__ = ["Refusal", "wrong_password"]


class Refusal(Exception):
    """What is wrong with a file: the words behind its name. They show no secret."""

    def __init__(self, why: str, *, convert: bool = False) -> None:
        super().__init__(why)
        self.convert = convert
        """Whether a command may read what dekaf does not."""


def wrong_password(named: str) -> Refusal:
    """Return the refusal of a store. `named` is the argument that has the password."""
    return Refusal(f"is not opened by {named}: the password is wrong, or the file is damaged")
