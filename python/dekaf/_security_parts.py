"""What a `Security` is made of: encryption and a login, for the core and for a repr."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from dekaf._secret import File, Secret, shown
from dekaf._security_files import conversions

if TYPE_CHECKING:
    from dekaf._credentials import Password, Pem
    from dekaf._keystores.conversion import Conversion
    from dekaf._tokens.provider import Provider

__all__ = [
    "SCRAM",
    "Bearer",
    "Login",
    "Sasl",
    "Tls",
    "TlsVersion",
    "login_values",
    "shown_login",
    "shown_tls",
    "tls_values",
]

TlsVersion: TypeAlias = Literal["1.2", "1.3"]

SCRAM = ("SCRAM-SHA-256", "SCRAM-SHA-512")


@dataclass(frozen=True)
class Tls:
    """Encryption: the arguments of `Security.tls`, checked."""

    ca: Pem | None = None
    ca_password: Password | None = None
    certificate: Pem | None = None
    key: Pem | None = None
    key_password: Password | None = None
    server_name: str | None = None
    verify_hostname: bool = True
    verify: bool = True
    min_version: TlsVersion = "1.2"
    key_log: File | None = None


@dataclass(frozen=True)
class Sasl:
    """A login: the arguments of `Security.sasl_plain` or `sasl_scram`, checked."""

    mechanism: str
    user: str
    password: Password
    token: bool = False


@dataclass(frozen=True)
class Bearer:
    """A login by a token: the arguments of `Security.sasl_oauthbearer`, checked."""

    token: Provider
    extensions: tuple[tuple[str, str], ...] = ()


Login: TypeAlias = Sasl | Bearer


def tls_values(tls: Tls | None) -> dict[str, Any] | None:
    if tls is None:
        return None
    verification = "full" if tls.verify_hostname else "without_hostname"
    converted = conversions(tls)
    return {
        "trust": _pem_value(tls.ca, converted.get("ca")),
        "certificate": _pem_value(tls.certificate, converted.get("certificate")),
        "key": _pem_value(tls.key, converted.get("key")),
        "key_password": None if tls.key_password is None else _password_value(tls.key_password),
        "server_name": tls.server_name,
        "verification": verification if tls.verify else "nothing",
        "min_version": tls.min_version,
        "key_log": None if tls.key_log is None else tls.key_log.path,
    }


def login_values(sasl: Sasl | Bearer | None) -> dict[str, Any] | None:
    if sasl is None:
        return None
    if isinstance(sasl, Bearer):
        return {
            "mechanism": "OAUTHBEARER",
            "provider": sasl.token,
            "is_async": sasl.token.is_async,
            "extensions": list(sasl.extensions),
        }
    return {
        "mechanism": sasl.mechanism,
        "user": sasl.user,
        "password": _password_value(sasl.password),
        "is_token": sasl.token,
    }


def _pem_value(value: Pem | None, conversion: Conversion | None) -> tuple[str, object] | None:
    if value is None:
        return None
    if conversion is not None:
        return "call", (conversion.path, conversion)
    return ("path", value.path) if isinstance(value, File) else ("text", value.reveal())


def _password_value(value: Password) -> tuple[str, object]:
    if isinstance(value, File):
        return "file", value.path
    return ("text", value.reveal()) if isinstance(value, Secret) else ("call", value)


def shown_login(sasl: Sasl | Bearer) -> tuple[str, list[str]]:
    """Return the method that makes the login, and its arguments."""
    if isinstance(sasl, Bearer):
        extensions = [f"extensions={dict(sasl.extensions)!r}"] if sasl.extensions else []
        return "sasl_oauthbearer", [repr(sasl.token), *extensions]
    arguments = [repr(sasl.user), shown(sasl.password)]
    if sasl.mechanism in SCRAM:
        arguments.append(f"mechanism={sasl.mechanism!r}")
    if sasl.token:
        arguments.append("token=True")
    return "sasl_plain" if sasl.mechanism == "PLAIN" else "sasl_scram", arguments


def shown_tls(tls: Tls | None) -> list[str]:
    if tls is None:
        return []
    return [
        f"{each.name}=" + (shown(value) if each.name.endswith("password") else repr(value))
        for each in fields(tls)
        if (value := getattr(tls, each.name)) != each.default
    ]
