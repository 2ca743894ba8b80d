"""Files that are not PEM where PEM is needed: the commands that convert them."""

from __future__ import annotations

import os
from shlex import quote
from typing import Final, NoReturn

from dekaf._errors import ConfigError
from dekaf._keystores.form import Form, form_at

__all__ = ["is_read", "no_pem", "refuse_form", "refuse_keystore", "remedy"]

_EXTRA: Final = 'pip install "dekaf[keystores]"'
_OF_EXTRA: Final = frozenset(Form) - {Form.JCEKS}
"""What the extra reads."""


def refuse_keystore(argument: str, path: str) -> None:
    """Raise if a file is there, and is a key store or DER, for what reads PEM alone."""
    form = form_at(path)
    if form is not None:
        raise ConfigError(f"{argument}={path!r} {_what(form)}. {remedy(argument, path, form)}")


def refuse_form(argument: str, name: str, path: str, form: str) -> NoReturn:
    """Raise, with what to do about a file. `name` is how the caller gave it."""
    raise ConfigError(f"{name}={path!r} {no_pem(argument, path, form)}")


def no_pem(argument: str, path: str, form: str) -> str:
    """Say that a file is not PEM, and what to do: convert it, or install what reads it."""
    text = f"{_what(form)}. {remedy(argument, path, form)}"
    if form in _OF_EXTRA and not _has_extra():
        text += f". Or install the extra that reads it: {_EXTRA}"
    return text


def is_read(form: str) -> bool:
    """Say whether PEM can be made of a form, here and now."""
    return form in _OF_EXTRA and _has_extra()


def _has_extra() -> bool:
    """Say whether the package cryptography is there. It is not imported."""
    from importlib.util import find_spec  # noqa: PLC0415 - few need it

    return find_spec("cryptography") is not None


def _what(form: str) -> str:
    if form == Form.OUTDATED_KEY:
        return "has a key in an outdated encryption"
    return f"is {form}, and dekaf reads PEM"


def remedy(argument: str, path: str, form: str) -> str:
    """Return the command that makes PEM of a file, and what to give then."""
    if form in {Form.JKS, Form.JCEKS, Form.PKCS12}:
        return _remedy_for_store(argument, path, form)
    file, pem = quote(path), _beside(path, ".pem")
    out = quote(pem)
    commands = {
        Form.DER_KEY: f"openssl pkey -inform DER -in {file} -out {out}",
        Form.ENCRYPTED_DER_KEY: f"openssl pkcs8 -inform DER -in {file} {_SEAL} -out {out}",
        Form.DER_CERTIFICATE: f"openssl x509 -inform DER -in {file} -out {out}",
        Form.OUTDATED_KEY: f"openssl pkcs8 -in {file} {_SEAL} -out {out}",
    }
    command = next((command for known, command in commands.items() if known == form), None)
    if command is None:
        return "Export PEM with the tool that made it"
    # The file of a certificate may have the key, too. The command makes a file of the key alone.
    named = "key" if form == Form.OUTDATED_KEY else argument
    password = " and key_password=" if _SEAL in command else ""
    return _convert(command, f"{named}={pem!r}{password}")


def _remedy_for_store(argument: str, path: str, form: str) -> str:
    file, pem = quote(path), _beside(path, ".pem")
    out = quote(pem)
    if argument == "ca":
        command = f"keytool -list -rfc -keystore {file} > {out}"
        if form == Form.PKCS12:
            command = f"openssl pkcs12 -in {file} -nokeys -out {out}{_OLD}"
        return _convert(command, f"ca={pem!r} (ssl.ca.location)")
    first = ""
    if form != Form.PKCS12:
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


_SEAL: Final = "-topk8 -v2 aes-256-cbc"
"""Encrypts a key in a way that dekaf reads."""
_OLD: Final = ' (with -legacy if OpenSSL says "unsupported")'


def _convert(command: str, then: str) -> str:
    return f"Convert it: {command}; then give {then}"


def _beside(path: str, ending: str) -> str:
    """Name a new file, which overwrites neither the store itself nor what lies beside it."""
    stem = os.path.splitext(path)[0]  # noqa: PTH122 - pathlib costs an import
    name = stem + ending
    return f"{stem}.converted{ending}" if os.path.exists(name) else name  # noqa: PTH110 - likewise
