"""Files that are not PEM: which form they have, and the commands that convert them."""

from __future__ import annotations

import os
import re
from shlex import quote
from typing import Final

from dekaf._errors import ConfigError

__all__ = ["refuse_form", "refuse_keystore"]

_LENGTH: Final = rb"(?:[\x00-\x80]|\x81.|\x82..|\x83...|\x84....)"
_FORMS: Final = tuple(
    (re.compile(pattern.replace(b"LENGTH", _LENGTH), re.DOTALL), form)
    for pattern, form in (
        (rb"\xfe\xed\xfe\xed|\xce\xce\xce\xce", "JKS"),
        # A sequence; PKCS#12 begins with the version 3, a key with 0 or 1.
        (rb"\x30LENGTH\x02\x01\x03", "PKCS12"),
        (rb"\x30LENGTH\x02\x01[\x00\x01]", "DER key"),
        # The name of an encryption: PKCS#5, or PKCS#12's own.
        (rb"\x30LENGTH\x30LENGTH\x06.\x2a\x86\x48\x86\xf7\x0d\x01[\x05\x0c]", "encrypted DER key"),
        (rb"\x30(?:\x81.|\x82..|\x83...)\x30", "DER certificate"),
    )
)
_LONGEST_HEAD: Final = 32


def refuse_keystore(argument: str, path: str) -> None:
    """Raise if a file is there, and is a key store or DER: PEM is what is read."""
    form = _form(path)
    if form is not None:
        refuse_form(argument, argument, path, form)


def refuse_form(argument: str, name: str, path: str, form: str) -> None:
    """Raise, with the commands that make PEM of a file. `name` is how the caller gave it."""
    raise ConfigError(
        f"{name}={path!r} is {form}, and dekaf reads PEM. {_remedy(argument, path, form)}"
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


def _remedy(argument: str, path: str, form: str) -> str:
    file, pem = quote(path), _beside(path, ".pem")
    out = quote(pem)
    if form == "DER key":
        return _convert(f"openssl pkey -inform DER -in {file} -out {out}", f"{argument}={pem!r}")
    if form == "encrypted DER key":
        command = f"openssl pkcs8 -inform DER -in {file} -topk8 -v2 aes-256-cbc -out {out}"
        return _convert(command, f"{argument}={pem!r} and key_password=")
    if form == "DER certificate":
        return _convert(f"openssl x509 -inform DER -in {file} -out {out}", f"{argument}={pem!r}")
    if form not in {"JKS", "JCEKS", "PKCS12"}:
        return "Export PEM with the tool that made it"
    if argument == "ca":
        command = f"keytool -list -rfc -keystore {file} > {out}"
        if form == "PKCS12":
            command = f"openssl pkcs12 -in {file} -nokeys -out {out}{_OLD}"
        return _convert(command, f"ca={pem!r} (ssl.ca.location)")
    first = ""
    if form != "PKCS12":
        middle = quote(_beside(path, ".p12"))
        first = (
            f"keytool -importkeystore -srckeystore {file} -destkeystore {middle} "
            "-deststoretype PKCS12 && "
        )
        file = middle
    return _convert(
        f"{first}openssl pkcs12 -in {file} -out {out}{_OLD}",
        f"certificate={pem!r} (ssl.certificate.location), which holds the key, too, and "
        "key_password= (ssl.key.password)",
    )


_OLD: Final = ' (with -legacy if OpenSSL says "unsupported")'


def _convert(command: str, then: str) -> str:
    return f"Convert it: {command}; then give {then}"


def _beside(path: str, ending: str) -> str:
    """Name a new file, which overwrites neither the store itself nor what lies beside it."""
    stem = os.path.splitext(path)[0]  # noqa: PTH122 - pathlib costs an import
    name = stem + ending
    return f"{stem}.converted{ending}" if os.path.exists(name) else name  # noqa: PTH110 - likewise
