"""Files that are not PEM: which form they have, and the commands that convert them."""

from __future__ import annotations

import os
import re
from shlex import quote
from typing import Final

from dekaf._errors import ConfigError

__all__ = ["refuse_form", "refuse_keystore"]

_FORMS: Final = (
    (re.compile(rb"\xfe\xed\xfe\xed|\xce\xce\xce\xce"), "JKS"),
    # A sequence of some length; PKCS#12 begins with the version 3, a key with 0, 1 or none.
    (
        re.compile(
            rb"\x30(?:[\x00-\x7f]|\x80|\x81.|\x82..|\x83...|\x84....)\x02\x01\x03", re.DOTALL
        ),
        "PKCS12",
    ),
    (re.compile(rb"\x30(?:\x81.|\x82..|\x83...)\x02\x01[\x00\x01]", re.DOTALL), "DER key"),
    (re.compile(rb"\x30(?:\x81.|\x82..|\x83...)\x30", re.DOTALL), "DER certificate"),
)
_LONGEST_HEAD: Final = 16


def refuse_keystore(name: str, path: str) -> None:
    """Raise if a file is there, and is a key store or DER: PEM is what is read."""
    form = _form(path)
    if form is not None:
        refuse_form(name, path, form)


def refuse_form(name: str, path: str, form: str) -> None:
    """Raise, with the commands that make PEM of a file."""
    raise ConfigError(
        f"{name}={path!r} is {form}, and dekaf reads PEM. {_remedy(name, path, form)}"
    )


def _form(path: str) -> str | None:
    # Only regular files: reading a pipe would take from it.
    try:
        if not os.path.isfile(path):  # noqa: PTH113 - pathlib costs an import
            return None
        with open(path, "rb") as file:  # noqa: PTH123 - likewise
            head = file.read(_LONGEST_HEAD)
    except OSError:
        return None  # what is wrong with it is found out when it is used
    return next((form for pattern, form in _FORMS if pattern.match(head)), None)


def _remedy(name: str, path: str, form: str) -> str:
    file = quote(path)
    stem = quote(os.path.splitext(path)[0])  # noqa: PTH122 - likewise
    is_trust = "ca" in name.replace(".", "_").split("_") or "truststore" in name
    if form == "DER key":
        return f"Convert it: openssl pkey -inform DER -in {file} -out {stem}.pem"
    if form == "DER certificate":
        return f"Convert it: openssl x509 -inform DER -in {file} -out {stem}.pem"
    if is_trust:
        return (
            f"Convert it: keytool -list -rfc -keystore {file} > {stem}.pem; "
            f"then give ca={stem}.pem (ssl.ca.location)"
        )
    first = ""
    if form == "JKS":
        first = (
            f"keytool -importkeystore -srckeystore {file} -destkeystore {stem}.p12 "
            "-deststoretype PKCS12 && "
        )
        file = f"{stem}.p12"
    return (
        f"Convert it: {first}openssl pkcs12 -in {file} -out {stem}.pem; "
        f"then give certificate={stem}.pem (ssl.certificate.location), which holds the key, too, "
        "and key_password= (ssl.key.password)"
    )
