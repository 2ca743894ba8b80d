"""Where a secret was read, so that another process can read it for itself."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from dekaf._errors import ConfigError
from dekaf._jaas import parse_jaas
from dekaf._secret import Secret

if TYPE_CHECKING:
    from dekaf._secret import Again

__all__ = ["Origin", "secret"]


class Origin:
    """A place of secrets: a variable of this process, or a property of a file."""

    __slots__ = ("_place",)

    def __init__(self, *place: str) -> None:
        self._place = place

    @classmethod
    def variable(cls, name: str) -> Origin:
        """Return the place of a variable's value."""
        return cls("variable", name)

    @classmethod
    def file(cls, path: str, name: str) -> Origin:
        """Return the place of a property's value."""
        return cls("file", os.path.abspath(path), name)  # noqa: PTH100 - pathlib costs an import

    def again(self, option: str) -> Again:
        """Say how to read the secret again: whole, or as an option of `sasl.jaas.config`."""
        return _read, (option, *self._place)


def secret(text: str, origin: Origin | None, option: str = "") -> Secret:
    """Return a secret, which pickles if its origin is known."""
    return Secret(text, None if origin is None else origin.again(option))


def _read(option: str, kind: str, where: str, name: str = "") -> Secret:
    if kind == "variable":
        origin, text = Origin.variable(where), os.environ.get(where)
        missing = f"{where} is not set in the environment of this process"
    else:
        from dekaf._java_properties import read_properties_file  # noqa: PLC0415 - few need it

        origin, text = Origin.file(where, name), read_properties_file(where).get(name)
        missing = f"{where} does not have {name} any more"
    if text is not None and option:
        text = parse_jaas(text)[1].get(option)
    if not text:
        raise ConfigError(f"{missing}; the configuration that was pickled reads its secret there")
    return secret(text, origin, option)
