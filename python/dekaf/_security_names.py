"""The names of security's settings in other clients. This is data; `_foreign_security` reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dekaf._closest import closest
from dekaf._errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["ADVICE", "is_secret", "is_security", "part_of", "shown", "unknown_security"]

_PARTS: Final = {
    "security.protocol": "protocol",
    # The Java client's, librdkafka's, and those of aiokafka and kafka-python.
    "sasl.mechanism": "mechanism",
    "sasl.mechanisms": "mechanism",
    "sasl.username": "user",
    "sasl.plain.username": "user",
    "sasl.password": "password",
    "sasl.plain.password": "password",
    "sasl.jaas.config": "jaas",
    "ssl.ca.location": "ca",
    "ssl.ca.pem": "ca",
    "ssl.cafile": "ca",
    "ssl.truststore.location": "ca",
    "ssl.truststore.certificates": "ca",
    "ssl.truststore.type": "ca_form",
    "ssl.truststore.password": "ca_password",
    "ssl.certificate.location": "certificate",
    "ssl.certificate.pem": "certificate",
    "ssl.certfile": "certificate",
    "ssl.keystore.location": "certificate",
    "ssl.keystore.certificate.chain": "certificate",
    "ssl.keystore.type": "certificate_form",
    "ssl.keystore.password": "store_password",
    "ssl.key.location": "key",
    "ssl.key.pem": "key",
    "ssl.keyfile": "key",
    "ssl.keystore.key": "key",
    "ssl.key.password": "key_password",
    "ssl.password": "key_password",
    "ssl.endpoint.identification.algorithm": "endpoint",
    "ssl.check.hostname": "check_hostname",
    "enable.ssl.certificate.verification": "verify",
    "ssl.enabled.protocols": "versions",
    "ssl.protocol": "version",
}
"""What each name says."""

_ADVICE: Final = {
    "drop it: dekaf reads no lists of revoked certificates": ("ssl.crl.location", "ssl.crlfile"),
    "drop it: client and broker choose the strongest cipher that both have": (
        "ssl.cipher.suites",
        "ssl.ciphers",
        "ssl.curves.list",
        "ssl.sigalgs.list",
    ),
    "drop it: dekaf brings its own implementation of TLS": (
        "security.providers",
        "ssl.engine.factory.class",
        "ssl.engine.id",
        "ssl.engine.location",
        "ssl.provider",
        "ssl.providers",
        "ssl.secure.random.implementation",
    ),
    "give ssl.ca.location, or leave it out to trust the system's authorities": (
        "ssl.ca.certificate.stores",
    ),
    "give a function: Security.sasl_plain(user, function) calls it for each connection": (
        "sasl.client.callback.handler.class",
        "sasl.login.callback.handler.class",
        "sasl.login.class",
    ),
    "give security=Security.tls(ca=…, certificate=…, key=…)": (
        "ssl.certificate.verify.cb",
        "ssl.context",
    ),
    "give security=Security.sasl_oauthbearer(token)": ("oauth.cb", "sasl.oauth.token.provider"),
}

ADVICE: Final = {name: advice for advice, names in _ADVICE.items() for name in names}
"""What to do about a name that has no counterpart."""

_OTHER_MECHANISMS: Final = (
    "enable.sasl.oauthbearer.",
    "sasl.kerberos.",
    "sasl.login.",
    "sasl.oauthbearer.",
)
_OF_JAVA: Final = frozenset(
    {"ssl.client.auth", "ssl.keymanager.algorithm", "ssl.trustmanager.algorithm"}
)
"""Names that say nothing to a client that does not run in Java."""

_SECURITY: Final = frozenset({"oauth", "oauthbearer", "sasl", "security", "ssl"})

_SECRETS: Final = (
    "credentials",
    "jaas",
    "passphrase",
    "password",
    "passwd",
    "pem",
    "secret",
    "token",
)


_ALIKE: Final = 0.75
"""How much alike a word is to one of those, misspelt. "security" is less alike to "secret"."""


def is_security(name: str) -> bool:
    """Say whether a name, with dots, is one of security, be it known or not."""
    return name in _PARTS or name in ADVICE or not _SECURITY.isdisjoint(name.split("."))


def part_of(name: str) -> str | None:
    """Return what a name says: a part, "advice", "ignored", or `None` if it is not known."""
    if name in _PARTS:
        return _PARTS[name]
    if name in ADVICE:
        return "advice"
    if name in _OF_JAVA or name.startswith(_OTHER_MECHANISMS):
        return "ignored"
    return None


def unknown_security(
    name: str, spell: Callable[[str], str] = str, without_prefix: str | None = None
) -> ConfigError:
    """Say what may have been meant by a name of security that is not known."""
    written = (without_prefix or name).lower().replace("_", ".")
    meant = closest(written, [*_PARTS, *ADVICE])
    if meant is not None:
        return ConfigError(f"{name!r} is not a setting; did you mean {spell(meant)!r}?")
    return ConfigError(f"{name!r} is not a setting; help(dekaf.Security) says what there is")


def is_secret(name: str) -> bool:
    """Say whether a name is one of a secret, or may be meant as one."""
    words = name.lower().replace("_", ".").replace("-", ".").split(".")
    if "key" in words and not any("serializer" in word for word in words):
        return True
    return any(closest(word, _SECRETS, _ALIKE) is not None for word in words)


def shown(name: str, value: object) -> str:
    """Return a value as an error may show it."""
    return "***" if is_secret(name) else repr(value)
