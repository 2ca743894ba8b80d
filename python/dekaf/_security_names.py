"""The names of security's settings in other clients. This is data; `_foreign_security` reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dekaf._closest import closest
from dekaf._errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "ADVICE",
    "ASSERTION",
    "JAAS_OPTIONS",
    "TOKEN_PARTS",
    "is_secret",
    "is_security",
    "part_of",
    "shown",
    "unknown_security",
]

_OF_TOKENS: Final = {
    # KIP-768, KIP-1139, and librdkafka's shorter names.
    "sasl.oauthbearer.token.endpoint.url": "token_endpoint",
    "sasl.oauthbearer.client.id": "client_id",
    "sasl.oauthbearer.client.credentials.client.id": "client_id",
    "sasl.oauthbearer.client.secret": "client_secret",
    "sasl.oauthbearer.client.credentials.client.secret": "client_secret",
    "sasl.oauthbearer.scope": "scope",
    "sasl.oauthbearer.header.urlencode": "header_urlencode",
    "sasl.oauthbearer.assertion.file": "assertion",
    "sasl.oauthbearer.jwt.retriever.class": "retriever",
    "sasl.login.callback.handler.class": "login_handler",
    "sasl.client.callback.handler.class": "client_handler",
    # librdkafka's alone.
    "enable.sasl.oauthbearer.unsecure.jwt": "unsecured",
    "https.ca.location": "token_ca",
    "https.ca.pem": "token_ca",
    "sasl.oauthbearer.config": "callback_config",
    "sasl.oauthbearer.extensions": "extensions",
    "sasl.oauthbearer.grant.type": "grant",
    "sasl.oauthbearer.metadata.authentication.type": "metadata",
    "sasl.oauthbearer.method": "method",
    # confluent-kafka's, then that of aiokafka and kafka-python.
    "oauth.cb": "callback",
    "sasl.oauth.token.provider": "provider",
}

TOKEN_PARTS: Final = frozenset(_OF_TOKENS.values())
"""What only a login by tokens has a use for."""

_PARTS: Final = {
    **_OF_TOKENS,
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

JAAS_OPTIONS: Final = {
    "username": "user",
    "password": "password",
    "tokenauth": "tokenauth",
    # OAuthBearerLoginModule has extension_NAME, too.
    "clientId": "client_id",
    "clientSecret": "client_secret",
    "scope": "scope",
    # Those of aws-msk-iam-auth: "aws." and an argument of `MskIam`.
    "awsProfileName": "aws.profile",
    "awsRoleArn": "aws.role_arn",
    "awsRoleSessionName": "aws.role_session_name",
    "awsRoleExternalId": "aws.role_external_id",
    "awsRoleAccessKeyId": "aws.access_key_id",
    "awsRoleSecretAccessKey": "aws.secret_access_key",
    "awsRoleSessionToken": "aws.session_token",
    "awsStsRegion": "aws.sts_region",
    "awsDebugCreds": "ignored",
    "awsMaxRetries": "ignored",
    "awsMaxBackOffTimeMs": "ignored",
}
"""What each option of `sasl.jaas.config` says."""

ASSERTION: Final = "sasl.oauthbearer.assertion."
"""How the names of settings begin that make or find an assertion."""

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
        "sasl.login.class",
    ),
    "give security=Security.tls(ca=…, certificate=…, key=…)": (
        "ssl.certificate.verify.cb",
        "ssl.context",
    ),
    "dekaf signs no assertions: give sasl.oauthbearer.assertion.file, a file with a signed one, or "
    "security=Security.sasl_oauthbearer(Oidc(…, assertion=function))": (
        f"{ASSERTION}claim.aud",
        f"{ASSERTION}claim.iss",
        f"{ASSERTION}claim.sub",
        f"{ASSERTION}jwt.template.file",
        f"{ASSERTION}private.key.file",
        f"{ASSERTION}private.key.passphrase",
        f"{ASSERTION}private.key.pem",
        f"{ASSERTION}template.file",
    ),
}

ADVICE: Final = {name: advice for advice, names in _ADVICE.items() for name in names}
"""What to do about a name that has no counterpart."""

_IGNORED: Final = frozenset(
    {
        # They mean nothing outside of Java.
        "ssl.client.auth",
        "ssl.keymanager.algorithm",
        "ssl.trustmanager.algorithm",
        # They have defaults, and say nothing without the other settings of an assertion.
        f"{ASSERTION}algorithm",
        f"{ASSERTION}claim.exp.seconds",
        f"{ASSERTION}claim.jti.include",
        f"{ASSERTION}claim.nbf.seconds",
        # The broker validates tokens, and reads their claims.
        "sasl.oauthbearer.clock.skew.seconds",
        "sasl.oauthbearer.jwt.validator.class",
        "sasl.oauthbearer.scope.claim.name",
        "sasl.oauthbearer.sub.claim.name",
    }
)
_IGNORED_PREFIXES: Final = (
    "sasl.kerberos.",
    "sasl.login.",
    "sasl.oauthbearer.expected.",
    "sasl.oauthbearer.jwks.",
)
"""Names that say nothing to dekaf."""

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
    if name in _IGNORED or name.startswith(_IGNORED_PREFIXES):
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
