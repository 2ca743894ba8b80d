"""Key stores by the names of other clients: what their types and passwords mean."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from dekaf._errors import ConfigError
from dekaf._keystores.command import is_read, refuse_form
from dekaf._keystores.form import STORES, Form, form_at
from dekaf._security_values import is_path

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dekaf._given import Given

__all__ = ["check_types", "key_password"]

_FORMS: Final = {"JKS": Form.JKS, "PKCS12": Form.PKCS12}
"""Types that are read. Which of them a file is, its content says."""


def check_types(parts: Mapping[str, Given]) -> None:
    """Raise for a key store of a type that is not read."""
    for part in ("ca", "certificate"):
        file, named = parts.get(part), _type(parts, part)
        if file is None or not file.dotted.endswith(".location") or named in {None, "PEM"}:
            continue
        if named not in _FORMS or not is_read(_FORMS[named]):
            refuse_form(part, file.name, str(file.value), str(named))


def key_password(parts: Mapping[str, Given], spell: Callable[[str], str]) -> Given | None:
    """Return what decrypts the private key.

    In JKS a key may have a password of its own, which is the store's unless another is given. In
    PKCS#12 all is behind the store's.
    """
    store, key = parts.get("store_password"), parts.get("key_password")
    certificate = parts.get("certificate")
    if store is None or certificate is None:
        return key
    form = _form(certificate, _type(parts, "certificate"))
    if form in STORES:
        return store if key is None or form == Form.PKCS12 else key
    if key is None:
        raise ConfigError(
            f"{store.name} is the password of a key store, and PEM has none; give "
            f"{spell('ssl.key.password')} if the key is encrypted, or leave it out"
        )
    return key


def _type(parts: Mapping[str, Given], part: str) -> str | None:
    named = parts.get(f"{part}_form")
    return None if named is None else str(named.value).strip().upper()


def _form(file: Given, named: str | None) -> Form | None:
    """Return the form of a file. Of one that is not there yet, the type is believed."""
    path = file.value
    if not is_path(path) or "-----BEGIN" in os.fspath(path):
        return None
    if os.path.exists(path):  # noqa: PTH110 - pathlib costs an import
        return form_at(os.fspath(path))
    return _FORMS.get(named or "JKS")
