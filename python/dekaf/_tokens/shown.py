"""Shows where a secret comes from, and not the secret."""

from __future__ import annotations

from dekaf._secret import File, Secret

__all__ = ["shown"]


def shown(source: object) -> str:
    """Return what a repr shows of a secret's text, file, function or object."""
    if isinstance(source, File):
        return f"Path({source.path!r})"
    if isinstance(source, Secret):
        return repr(source)
    # The repr of a function or an object may show what it was made with.
    return str(getattr(source, "__qualname__", type(source).__name__))
