"""Secrets: passwords and private keys that are never shown, and where they come from."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeAlias, final

from dekaf._pickling import is_importable

if TYPE_CHECKING:
    from collections.abc import Callable

    Again: TypeAlias = "tuple[Callable[..., Secret], tuple[str, ...]]"

__all__ = ["File", "Secret", "check_picklable", "shown", "why_not_pickled"]


class File(NamedTuple):
    """A file, or a directory, that is read when a connection is opened."""

    path: str

    def __repr__(self) -> str:
        return repr(self.path)


@final
class Secret:
    """Text that shows as `***` wherever it is shown.

    A pickle holds no secret: it says how to read the secret again, if there is a way.
    """

    __slots__ = ("_again", "_text")

    def __init__(self, text: str, again: Again | None = None) -> None:
        self._text = text
        self._again = again

    @classmethod
    def public(cls, text: str) -> Secret:
        """Return text that a pickle may hold, such as a certificate."""
        return cls(text, (cls.public, (text,)))

    def reveal(self) -> str:
        """Return the text. Do not put it into an error, a log or a repr."""
        return self._text

    @property
    def picklable(self) -> bool:
        """Whether another process can read the secret for itself."""
        return self._again is not None

    def __repr__(self) -> str:
        return "'***'"

    def __str__(self) -> str:
        return "***"

    def __eq__(self, other: object) -> bool:
        return self._text == other._text if isinstance(other, Secret) else NotImplemented

    def __hash__(self) -> int:
        return hash((Secret, self._text))

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, memo: dict[int, object]) -> Secret:
        return self

    def __reduce__(self) -> Again:
        if self._again is None:
            raise TypeError("a secret that was given as text is not pickled")
        return self._again


def shown(source: object) -> str:
    """Return what a repr shows of a secret's text, file, function or object."""
    if isinstance(source, File):
        return f"Path({source.path!r})"
    if isinstance(source, Secret):
        return repr(source)
    # The repr of a function or an object may show what it was made with.
    return str(getattr(source, "__qualname__", type(source).__name__))


def why_not_pickled(source: object) -> str | None:
    """Say why a pickle must not hold where a secret comes from; `None` is that it may."""
    if isinstance(source, Secret) and not source.picklable:
        return "was given as text, and a pickle holds no secrets"
    if callable(source) and not is_importable(source):
        return "comes from something else than a function at the top level of a module"
    return None


def check_picklable(owner: str, name: str, source: object) -> None:
    """Raise `TypeError` for an argument of `owner` that a pickle must not hold."""
    why = why_not_pickled(source)
    if why is not None:
        raise TypeError(
            f"{owner} cannot be pickled: {name} {why}; give a file ({name}=pathlib.Path(…)), or a "
            "function at the top level of a module"
        )
