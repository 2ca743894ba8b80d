"""Token servers from the names of other clients: KIP-768, KIP-1139, KIP-1258 and librdkafka."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from dekaf._errors import ConfigError
from dekaf._given import flag_of, make_of, pem_of, secret_of, text_of, word_of
from dekaf._tokens.oidc import Oidc

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dekaf._given import Given

__all__ = ["ENDPOINT", "OF_OIDC", "read_oidc"]

ENDPOINT: Final = "sasl.oauthbearer.token.endpoint.url"
OF_OIDC: Final = frozenset(
    {
        "assertion",
        "client_id",
        "client_secret",
        "extensions",
        "grant",
        "header_urlencode",
        "method",
        "retriever",
        "scope",
        "token_ca",
        "token_endpoint",
    }
)
"""What is said of a token server, and of what goes to the broker beside its tokens."""

_CLIENT_ID: Final = "sasl.oauthbearer.client.id"
_CLIENT_SECRET: Final = "sasl.oauthbearer.client.secret"  # noqa: S105 - the name of a setting
_ASSERTION: Final = "sasl.oauthbearer.assertion.file"
_JWT_BEARER: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_CHOICES: Final = {"grant": ("client_credentials", _JWT_BEARER), "method": ("default", "oidc")}
_RETRIEVER: Final = re.compile(
    r"(?:.*\.)?security\.oauthbearer\.(Default|ClientCredentials|File|JwtBearer)JwtRetriever",
    re.ASCII,
)


def read_oidc(parts: Mapping[str, Given], spell: Callable[[str], str]) -> Oidc:
    """Return the token server that properties describe. `spell` writes a name as the user would."""
    is_jwt_bearer = _is_jwt_bearer(parts)
    endpoint, ca = parts["token_endpoint"], parts.get("token_ca")
    url = word_of(endpoint)
    if not url.startswith("file:"):  # a file holds the token itself
        _check_client(parts, spell, is_jwt_bearer=is_jwt_bearer)
    arguments: dict[str, tuple[Given, object]] = {"token_endpoint": (endpoint, url)}
    for part, value_of in _VALUES.items():
        if part in parts:
            arguments[part] = parts[part], value_of(parts[part])
    if ca is not None and ca.value != "probe":
        arguments["ca"] = ca, pem_of(ca)
    if "assertion" in parts:
        name = "assertion" if is_jwt_bearer else "client_assertion"
        arguments[name] = parts["assertion"], _file(parts["assertion"])
    return make_of(Oidc, arguments)


_VALUES: Final[dict[str, Callable[[Given], object]]] = {
    "client_id": text_of,
    "client_secret": secret_of,
    "scope": text_of,
    "header_urlencode": flag_of,
}
"""How to read those that are arguments of `Oidc` by the same name."""


def _file(given: Given) -> object:
    from pathlib import Path  # noqa: PLC0415 - it costs an import, and few need it

    return Path(given.value) if isinstance(given.value, str) else given.value


def _is_jwt_bearer(parts: Mapping[str, Given]) -> bool:
    """Say whether an assertion is exchanged for a token, and does not only name the client."""
    for part, allowed in _CHOICES.items():
        given = parts.get(part)
        if given is not None and word_of(given).lower() not in allowed:
            raise ConfigError(
                f"{given.name}={given.value!r} is not allowed: use {' or '.join(allowed)}"
            )
    retriever = parts.get("retriever")
    if retriever is None:
        return "grant" in parts  # client_credentials is the default, and counts as not given
    found = _RETRIEVER.fullmatch(word_of(retriever))
    if found is None:
        raise ConfigError(
            f"{retriever.name} is a class of Java that dekaf has no counterpart for; leave it out, "
            "or give security=Security.sasl_oauthbearer(function)"
        )
    return found[1] == "JwtBearer" or "grant" in parts


def _check_client(
    parts: Mapping[str, Given], spell: Callable[[str], str], *, is_jwt_bearer: bool
) -> None:
    """Raise if nothing authenticates the client, or more than one thing does."""
    secret, assertion = parts.get("client_secret"), parts.get("assertion")
    if assertion is None and is_jwt_bearer:
        chosen = parts.get("grant") or parts["retriever"]
        raise ConfigError(f"{chosen.name} needs {spell(_ASSERTION)}: a file with a signed JWT")
    if assertion is None and secret is None:
        given = parts.get("client_id") or parts["token_endpoint"]
        raise ConfigError(
            f"{given.name} is given without {spell(_CLIENT_SECRET)}; give it, or "
            f"{spell(_ASSERTION)}"
        )
    if secret is not None and assertion is not None and not is_jwt_bearer:
        # Java takes the assertion without a word.
        raise ConfigError(
            f"{secret.name} contradicts {assertion.name}, which authenticates the client as well; "
            "leave one of them out"
        )
    if secret is not None and "client_id" not in parts:
        raise ConfigError(f"{secret.name} is given without {spell(_CLIENT_ID)}; give both")
