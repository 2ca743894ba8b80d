"""What a broker in the box asks of its clients, and what its clients need for that."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from dekaf._passwords import read_password
from dekaf._security import Security
from dekaf._security_parts import Bearer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dekaf._core import BrokerCore
    from dekaf._security_parts import Login

__all__ = ["Listener", "check_security", "client_security", "listener"]

_SCRAM = ("SCRAM-SHA-512", "SCRAM-SHA-256")


class Listener(NamedTuple):
    """How clients must connect, in the words of `BrokerCore`."""

    tls: tuple[str | None, bool] | None
    mechanisms: list[str]
    users: dict[str, str]
    tokens: dict[str, str]


def check_security(
    security: object,
    users: Mapping[str, str] | None,
    client_certificates: bool,
    session_lifetime: float | None,
) -> None:
    """Refuse arguments that cannot mean anything."""
    if security is not None and not isinstance(security, Security):
        raise TypeError(
            f"security must be Security or None, not {type(security).__name__}, as in "
            'Security.sasl_scram("alice", "secret")'
        )
    tls, sasl = (None, None) if security is None else (security._tls, security._sasl)  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - of this package
    if client_certificates and tls is None:
        raise ValueError("client_certificates=True needs TLS: set security=Security.tls()")
    if session_lifetime is not None and sasl is None:
        raise ValueError(
            'session_lifetime needs SASL: set security=Security.sasl_scram("alice", "secret"), for '
            "instance"
        )
    if users is not None:
        _check_users(users, sasl)


def _check_users(users: Mapping[str, str], sasl: Login | None) -> None:
    if isinstance(sasl, Bearer):
        raise ValueError(  # noqa: TRY004 - the type is right
            "users have passwords, and security=Security.sasl_oauthbearer(…) lets in tokens: leave "
            "users out; every user of a token that holds is let in"
        )
    if sasl is None:
        raise ValueError(
            'users need SASL: set security=Security.sasl_scram("alice", "secret"), for instance'
        )
    for name, password in users.items():
        for what, text in (("a user's name", name), ("a user's password", password)):
            # The password itself must not get into the error.
            if not isinstance(text, str):  # pyright: ignore[reportUnnecessaryIsInstance] - the caller's word for it
                raise TypeError(f"users: {what} must be str, not {type(text).__name__}")
            if not text:
                raise ValueError(f"users: {what} is empty")


def listener(
    security: Security | None, users: Mapping[str, str], client_certificates: bool
) -> Listener:
    """Describe what clients must do; read the password if it is in a file."""
    if security is None:
        return Listener(None, [], {}, {})
    tls, sasl = security._tls, security._sasl  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - of this package
    encryption = None if tls is None else (tls.server_name, client_certificates)
    if sasl is None:
        return Listener(encryption, [], {}, {})
    if isinstance(sasl, Bearer):
        return Listener(encryption, ["OAUTHBEARER"], {}, {})
    mechanisms: list[str] = list(_SCRAM) if sasl.mechanism == "SCRAM" else [sasl.mechanism]
    own = {sasl.user: read_password("password", sasl.password)}
    if sasl.token:
        return Listener(encryption, mechanisms, dict(users), own)
    return Listener(encryption, mechanisms, {**users, **own}, {})


def client_security(security: Security | None, core: BrokerCore) -> Security | None:
    """Return what a client of the box needs: its own credentials, and the box's certificates."""
    if security is None or core.ca is None:
        return security
    certificate, key = core.client_certificate or (None, None)
    return security._with_certificates(  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - likewise
        ca=core.ca, certificate=certificate, key=key
    )
