"""Which files of a `Tls` are not PEM: they are checked early, and converted for the core."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from dekaf._errors import ConfigError
from dekaf._keystores.command import is_read, refuse_form
from dekaf._keystores.form import STORES, form_at, form_of
from dekaf._secret import File

if TYPE_CHECKING:
    from dekaf._credentials import Pem
    from dekaf._keystores.conversion import Conversion
    from dekaf._keystores.form import Form
    from dekaf._security_parts import Tls

__all__ = ["check_files", "conversions"]


def check_files(tls: Tls) -> None:
    """Raise `ConfigError` for a file that is there and cannot be used.

    That PEM is whole is left to the core.
    """
    forms = {argument: _form(tls, argument, pem) for argument, pem in _pems(tls).items()}
    if tls.ca_password is not None and forms.get("ca") not in STORES and not _is_missing(tls.ca):
        raise ConfigError(
            f"ca_password is given, and ca={tls.ca!r} is not a key store; leave ca_password out"
        )
    if tls.key is not None and forms.get("certificate") in STORES:
        raise ConfigError(
            f"certificate={tls.certificate!r} is a key store, which holds the key; leave key out"
        )
    for argument, pem in _pems(tls).items():
        form = forms[argument]
        if form is None:
            continue
        if isinstance(pem, File) and not is_read(form):
            refuse_form(argument, argument, pem.path, form)
        _conversion(tls, argument, pem).check()


def conversions(tls: Tls) -> dict[str, Conversion]:
    """Return what makes PEM, for each argument that is not PEM.

    A file that is not there yet may turn out to be anything, and is converted if need be.
    """
    return {
        argument: _conversion(tls, argument, pem)
        for argument, pem in _pems(tls).items()
        if _form(tls, argument, pem) is not None or _is_missing(pem)
    }


def _pems(tls: Tls) -> dict[str, Pem]:
    given = {"ca": tls.ca, "certificate": tls.certificate, "key": tls.key}
    return {argument: pem for argument, pem in given.items() if pem is not None}


def _form(tls: Tls, argument: str, pem: Pem) -> Form | None:
    holds_key = argument == _key_argument(tls)
    if isinstance(pem, File):
        return form_at(pem.path, holds_key=holds_key)
    return form_of(pem.reveal().encode(), holds_key=holds_key)


def _key_argument(tls: Tls) -> str:
    """Return the argument that the client's key is read from."""
    return "certificate" if tls.key is None else "key"


def _is_missing(pem: Pem | None) -> bool:
    return isinstance(pem, File) and not os.path.exists(pem.path)  # noqa: PTH110 - pathlib costs an import


def _conversion(tls: Tls, argument: str, pem: Pem) -> Conversion:
    from dekaf._keystores.conversion import Conversion  # noqa: PLC0415 - few need it

    holds_key = argument == _key_argument(tls)
    password = tls.ca_password if argument == "ca" else tls.key_password if holds_key else None
    return Conversion(argument, pem, password, holds_key=holds_key)
