"""Makes PEM of a file that has another form, whenever the core asks for it."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, Final

from dekaf._errors import ConfigError
from dekaf._keystores import pem
from dekaf._keystores.command import is_read, no_pem, remedy
from dekaf._keystores.form import STORES, Form, form_of
from dekaf._keystores.refusal import Refusal
from dekaf._passwords import read_password
from dekaf._secret import File, Secret

if TYPE_CHECKING:
    from dekaf._credentials import Password, Pem

__all__ = ["Conversion"]

_LONGEST_FILE: Final = 16 << 20  # as in the core


class Conversion:
    """Makes PEM of what an argument of `Security.tls` was given: each time of the file as it is."""

    __slots__ = ("_argument", "_holds_key", "_password", "_source")

    def __init__(
        self, argument: str, source: Pem, password: Password | None, *, holds_key: bool
    ) -> None:
        self._argument = argument
        self._holds_key = holds_key
        self._source = source
        self._password = password

    @property
    def _named(self) -> str:
        """The argument that has the password."""
        return "ca_password" if self._argument == "ca" else "key_password"

    @property
    def path(self) -> str | None:
        """The file, unless it is text."""
        return self._source.path if isinstance(self._source, File) else None

    def __call__(self) -> tuple[str, str]:
        """Return `("pem", text)`, or `("refused", why)`, which shows no secret."""
        try:
            return "pem", self._pem()
        except (ConfigError, Refusal) as refused:
            why = self._words(refused)
        return "refused", why

    def text(self) -> str:
        """Return PEM, or raise `ConfigError`, which shows no secret."""
        kind, text = self()
        if kind == "pem":
            return text
        raise ConfigError(f"{self._argument}: {text}")

    def check(self) -> None:
        """Raise `ConfigError` if the file is there and cannot be converted.

        A password that comes from a file or a function is not asked for: it may come later.
        """
        is_there = self.path is None or os.path.exists(self.path)  # noqa: PTH110 - pathlib costs an import
        if is_there and (self._password is None or isinstance(self._password, Secret)):
            self.text()

    def _words(self, refused: ConfigError | Refusal) -> str:
        if isinstance(refused, ConfigError):  # of the password, which it names
            return str(refused)
        place = "the text" if self.path is None else f'the file "{self.path}"'
        return f"{place} {refused}"

    def _pem(self) -> str:
        content = self._content()
        form = form_of(content, holds_key=self._holds_key)
        if form is None:
            if self._argument == "ca" and self._password is not None:
                raise Refusal("is not a key store, and has no password; leave ca_password out")
            return content.decode("latin-1")  # of what is not ASCII, the core reads nothing
        if not is_read(form):
            raise Refusal(no_pem(self._argument, self.path or "FILE", form))
        password = None
        if self._password is not None:
            password = read_password(self._named, self._password)
        try:
            return self._converted(form, content, password)
        except ImportError:
            why = "needs the package cryptography, which cannot be imported; install it anew"
        except Refusal as refused:
            if not refused.convert:
                raise
            why = f"{refused}. {remedy(self._argument, self.path or 'FILE', form)}"
        raise Refusal(why)

    def _converted(self, form: Form, content: bytes, password: str | None) -> str:
        if form in STORES:
            return _of_store(self._argument, form, content, password, self._named)
        if form == Form.DER_CERTIFICATE:
            if self._argument == "key":
                raise Refusal("is a certificate, not a private key")
            return pem.certificates([content])
        if form != Form.OUTDATED_KEY and self._argument != "key":
            raise Refusal("is a private key, not a certificate; give it as key=")
        from dekaf._keystores import private_key  # noqa: PLC0415 - it imports cryptography

        if form == Form.OUTDATED_KEY:
            return private_key.read_outdated(content.decode("latin-1"), password, self._named)
        return private_key.read_der(content, password, self._named)

    def _content(self) -> bytes:
        if isinstance(self._source, Secret):
            return self._source.reveal().encode()
        try:
            content = _read(self._source.path)
        except OSError as error:
            raise Refusal(f"cannot be read: {os.strerror(error.errno or 0)}") from None
        if len(content) > _LONGEST_FILE:
            raise Refusal("is larger than 16 MiB")
        return content


def _read(path: str) -> bytes:
    if os.path.isdir(path):  # noqa: PTH112 - pathlib costs an import
        # Of authorities in PEM. It was not there when the core was told what it is.
        files = sorted(each.path for each in os.scandir(path) if each.is_file())
        return b"\n".join(map(_read, files))
    with open(path, "rb", opener=_open_at_once) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise Refusal("is no regular file")
        return file.read(_LONGEST_FILE + 1)


def _open_at_once(path: str, flags: int) -> int:
    """Open a file. Does not wait, should it be a pipe without a writer."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _of_store(argument: str, form: Form, content: bytes, password: str | None, named: str) -> str:
    if argument == "key":
        raise Refusal("is a key store; give it as certificate=, and leave key out")
    if form == Form.JKS:
        from dekaf._keystores import jks as store  # noqa: PLC0415 - few need it
    else:
        from dekaf._keystores import (  # type: ignore[no-redef] # noqa: PLC0415 - it imports cryptography
            pkcs12 as store,
        )
    if argument == "ca":
        authorities = store.read_authorities(content, password, named)
        if not authorities:
            raise Refusal("has no certificate")
        return pem.certificates(authorities)
    key, chain = store.read_identity(content, password, named)
    return pem.private_key(key) + pem.certificates(chain)
