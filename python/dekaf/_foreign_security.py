"""A `Security` from the names of other clients. No error quotes a value that may be secret."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from dekaf._errors import ConfigError
from dekaf._foreign_jaas import BY_TOKENS, MODULES, jaas_parts
from dekaf._foreign_stores import check_types, key_password
from dekaf._given import flag_of, pem_of, secret_of, text_of
from dekaf._security import Security
from dekaf._security_names import ADVICE, ASSERTION, TOKEN_PARTS, part_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dekaf._given import Given

__all__ = ["read_security"]

_PROTOCOLS: Final = {
    "PLAINTEXT": (False, False),
    "SSL": (True, False),
    "SASL_PLAINTEXT": (False, True),
    "SASL_SSL": (True, True),
}
"""Whether each of them encrypts, and whether it logs in."""

_KNOWN_MECHANISMS: Final = ", ".join(MODULES)

_LOGIN: Final = ("mechanism", "user", "password", "jaas", *sorted(TOKEN_PARTS))
_ENCRYPTION: Final = ("ca", "certificate", "key", "key_password")
_PASSWORDS: Final = frozenset({"ca_password", "key_password"})
_VERSIONS: Final = {"TLSV1.2": "1.2", "TLSV1.3": "1.3"}
_OLD_VERSIONS: Final = frozenset({"SSL", "SSLV2", "SSLV3", "TLSV1", "TLSV1.0", "TLSV1.1"})
_DEFAULTS: Final = {
    "grant": "client_credentials",
    "header_urlencode": "false",
    "metadata": "none",
    "method": "default",
    "unsecured": "false",
}
"""Values that say no more than their absence."""
_PROVIDED: Final = re.compile(r"\$\{\w+:.*\}", re.DOTALL)


def read_security(
    found: Sequence[Given], spell: Callable[[str], str] = str, servers: str = ""
) -> Security | None:
    """Return what properties say; `None` is clear text without a login.

    `spell` writes a name as the user would. A property that is `None`, or empty, is not given.
    `servers` are the bootstrap servers, whose names may tell the region of a cloud.
    """
    return _Reader(found, spell, servers).read()


class _Reader:
    def __init__(self, found: Sequence[Given], spell: Callable[[str], str], servers: str) -> None:
        self._spell = spell
        self._servers = servers
        self._parts: dict[str, Given] = {}
        self._advised = [each for each in found if part_of(each.dotted) == "advice" and each.value]
        for each in found:
            part = part_of(each.dotted)
            if part not in {None, "advice", "ignored"} and _is_given(part, each.value):
                self._add(str(part), each)

    def _add(self, part: str, given: Given) -> None:
        if isinstance(given.value, str) and _PROVIDED.fullmatch(given.value):
            raise ConfigError(
                f"{given.name} is for a config provider of Java, which dekaf does not have; give "
                "the value itself, or a file"
            )
        first = self._parts.setdefault(part, given)
        if first.value != given.value:
            raise ConfigError(
                f"{first.name} and {given.name} say the same and contradict each other; leave one "
                "out"
            )

    def read(self) -> Security | None:
        encrypts, logs_in = self._protocol()
        if logs_in:
            self._check_mechanism()
        for each in self._advised:
            # A file with a signed assertion makes the settings for signing void, in Java as well.
            if not (each.dotted.startswith(ASSERTION) and "assertion" in self._parts):
                raise ConfigError(f"{each.name} has no counterpart in dekaf; {ADVICE[each.dotted]}")
        self._refuse(_LOGIN, unless=logs_in, wanted="SASL")
        self._refuse(_ENCRYPTION, unless=encrypts, wanted="SSL")
        tls = self._tls() if encrypts else None
        if not logs_in:
            return tls
        return self._login(tls if tls is not None else False)

    def _protocol(self) -> tuple[bool, bool]:
        given = self._parts.get("protocol")
        if given is not None:
            protocol = _PROTOCOLS.get(str(given.value).strip().upper())
            if protocol is None:
                raise ConfigError(
                    f"{given.name}={given.value!r} is not allowed: use {', '.join(_PROTOCOLS)}"
                )
            return protocol
        for part in (*_LOGIN, *_ENCRYPTION):
            if part in self._parts:
                example = "SASL_SSL" if part in _LOGIN else "SSL"
                raise ConfigError(
                    f"{self._parts[part].name} is given without "
                    f"{self._spell('security.protocol')}, and the default is clear text without a "
                    f"login; add {self._spell('security.protocol')}={example}"
                )
        return False, False

    def _refuse(self, parts: tuple[str, ...], *, unless: bool, wanted: str) -> None:
        """Raise if something is given that the protocol has no use for."""
        for part in parts:
            if part in self._parts and not unless:
                protocol = self._parts["protocol"]
                raise ConfigError(
                    f"{self._parts[part].name} contradicts {protocol.name}={protocol.value!s}, "
                    f"which has no {wanted}; leave it out, or choose another protocol of: "
                    f"{', '.join(_PROTOCOLS)}"
                )

    def _check_mechanism(self) -> None:
        given = self._parts.get("mechanism")
        if given is None:
            raise ConfigError(
                f"{self._parts['protocol'].name}={self._parts['protocol'].value!s} needs "
                f"{self._spell('sasl.mechanism')}: {_KNOWN_MECHANISMS}"
            )
        mechanism = self._mechanism()
        if mechanism == "GSSAPI":
            raise ConfigError(
                f"{given.name}=GSSAPI (Kerberos) is not supported yet; dekaf has "
                f"{_KNOWN_MECHANISMS}"
            )
        if mechanism not in MODULES:
            raise ConfigError(
                f"{given.name}={given.value!r} is not a mechanism; use one of: {_KNOWN_MECHANISMS}"
            )

    def _mechanism(self) -> str:
        return str(self._parts["mechanism"].value).strip().upper()

    def _login(self, tls: bool | Security) -> Security:
        jaas = self._parts.get("jaas")
        if jaas is not None:
            named = self._parts["mechanism"].name
            for part, given in jaas_parts(jaas, self._mechanism(), named):
                self._add(part, given)
        if self._mechanism() in BY_TOKENS:
            return self._by_token(tls)
        self._refuse_tokens()
        return self._by_password(tls)

    def _by_token(self, tls: bool | Security) -> Security:
        from dekaf._foreign_tokens import read_tokens  # noqa: PLC0415 - few need it

        token, extensions = read_tokens(self._parts, self._mechanism(), self._servers, self._spell)
        return Security.sasl_oauthbearer(token, extensions=extensions, tls=tls)

    def _by_password(self, tls: bool | Security) -> Security:
        user, password = self._credentials()
        mechanism = self._mechanism()
        tokenauth = self._parts.get("tokenauth")
        is_token = tokenauth is not None and text_of(tokenauth).lower() == "true"
        value: Any = secret_of(password)
        wanted: Any = mechanism
        try:
            if mechanism == "PLAIN":
                return Security.sasl_plain(user, value, tls=tls)
            return Security.sasl_scram(user, value, mechanism=wanted, token=is_token, tls=tls)
        except ConfigError as error:
            raise ConfigError(f"{password.name}: {error}") from None

    def _refuse_tokens(self) -> None:
        """Raise if something is given that is for tokens alone."""
        mechanism = self._parts["mechanism"]
        for part, given in self._parts.items():
            if part in {"login_handler", "client_handler"}:
                raise ConfigError(
                    f"{given.name} has no counterpart in dekaf; {ADVICE['sasl.login.class']}"
                )
            if part in TOKEN_PARTS or part.startswith("aws."):
                raise ConfigError(
                    f"{given.name} contradicts {mechanism.name}={self._mechanism()}, which logs in "
                    "by user and password; leave it out, or give "
                    f"{self._spell('sasl.mechanism')}=OAUTHBEARER"
                )

    def _credentials(self) -> tuple[str, Given]:
        jaas = self._parts.get("jaas")
        if jaas is not None:
            for part, option in (("user", "username"), ("password", "password")):
                if part not in self._parts:
                    raise ConfigError(f'{jaas.name} has no {option}; write {option}="…"')
        user, password = self._both("user", "password")
        return text_of(user), password

    def _both(self, first: str, second: str) -> tuple[Given, Given]:
        names = {"user": "sasl.username", "password": "sasl.password"}
        for part, other in ((first, second), (second, first)):
            if part not in self._parts:
                given = self._parts.get(other, self._parts["mechanism"])
                raise ConfigError(
                    f"{given.name} is given without {self._spell(names[part])}; give both"
                )
        return self._parts[first], self._parts[second]

    def _tls(self) -> Security:
        check_types(self._parts)
        named = {part: self._parts.get(part) for part in (*_ENCRYPTION, "ca_password")}
        named["key_password"] = key_password(self._parts, self._spell)
        given = {part: each for part, each in named.items() if each is not None}
        arguments: dict[str, Any] = {
            part: secret_of(each) if part in _PASSWORDS else pem_of(each)
            for part, each in given.items()
        }
        verify = self._flag("verify")
        if arguments.get("ca") in {None, "probe", b"probe"} or not verify:
            arguments.pop("ca", None)
            arguments.pop("ca_password", None)
        try:
            return Security.tls(
                **arguments,
                verify=verify,
                verify_hostname=self._endpoint() and self._flag("check_hostname"),
                min_version=self._min_version(),
            )
        except ConfigError as error:
            names = " and ".join(given[part].name for part in arguments)
            raise ConfigError(f"{names}: {error}" if names else str(error)) from None

    def _endpoint(self) -> bool:
        given = self._parts.get("endpoint")
        if given is None:
            return True
        algorithm = text_of(given).strip().lower()
        if algorithm not in {"https", "", "none"}:
            raise ConfigError(
                f'{given.name}={given.value!r} is not allowed: use "https", or "none" to accept '
                "any host name"
            )
        return algorithm == "https"

    def _flag(self, part: str) -> bool:
        given = self._parts.get(part)
        return True if given is None else flag_of(given)

    def _min_version(self) -> Any:  # noqa: ANN401 - one of a few texts
        version = self._parts.get("version")
        if version is not None and text_of(version).strip().upper() in _OLD_VERSIONS:
            raise _too_old(version)
        versions = self._parts.get("versions")
        if versions is None:
            return "1.2"
        value = versions.value
        names = value if isinstance(value, list | tuple) else text_of(versions).split(",")  # pyright: ignore[reportUnknownVariableType] - read as text
        known = [_VERSIONS.get(str(name).strip().upper()) for name in names]  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
        found = sorted(name for name in known if name is not None)
        if not found:
            raise _too_old(versions)
        return found[0]


def _is_given(part: str | None, value: object) -> bool:
    """Say whether a value is one. Java checks no host name if its algorithm is empty."""
    if part == "endpoint":
        return value is not None
    if part in _DEFAULTS and str(value).strip().lower() == _DEFAULTS[part]:
        return False
    return value is not None and value != ""


def _too_old(given: Given) -> ConfigError:
    return ConfigError(
        f"{given.name}={given.value!r} has no version of TLS that dekaf speaks; use TLSv1.2 or "
        "TLSv1.3"
    )
