"""Arguments, refused by their names where they cannot mean anything."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["check_flag", "check_mapping", "check_number", "check_seconds", "check_text"]


def check_text(name: str, value: object, *, optional: bool = False) -> None:
    """Take `str` alone, and `None` where it is `optional`."""
    if not isinstance(value, str) and not (optional and value is None):
        raise _wrong(name, "str", value, optional=optional)


def check_flag(name: str, value: object) -> None:
    """Take `True` and `False` alone: `"no"` would be true."""
    if not isinstance(value, bool):
        raise _wrong(name, "True or False", value)


def check_mapping(name: str, value: object, example: str) -> None:
    """Take a mapping, or `None`."""
    if value is not None and not isinstance(value, Mapping):
        raise _wrong(name, f"a mapping, as in {example},", value, optional=True)


def check_number(
    name: str, value: object, least: int, most: int, *, optional: bool = False
) -> None:
    """Take `int` in a range, and `None` where it is `optional`."""
    if optional and value is None:
        return
    if isinstance(value, bool) or not isinstance(value, int):
        raise _wrong(name, "int", value, optional=optional)
    if not least <= value <= most:
        raise ValueError(f"{name}={value} is out of range: {least} to {most}")


_MOST_SECONDS = 2**63
"""Far more than any clock counts. Larger numbers may have no float."""


def check_seconds(name: str, value: object, most: float = float("inf")) -> None:
    """Take any number of seconds that is not negative; NaN is none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _wrong(name, "seconds as int or float", value)
    is_large = isinstance(value, int) and value > _MOST_SECONDS
    if is_large or not 0 <= value <= most:
        most = min(most, _MOST_SECONDS) if is_large else most
        limit = "0 or more" if most == float("inf") else f"0 to {most:g}"
        raise ValueError(f"{name}={value} is out of range: {limit} seconds")


def _wrong(name: str, expected: str, value: object, *, optional: bool = False) -> TypeError:
    either = " or None" if optional else ""
    return TypeError(f"{name} must be {expected}{either}, not {type(value).__name__}")
