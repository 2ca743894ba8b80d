"""Logins by tokens from the names of other clients: what provides the tokens.

No error quotes a value that may be secret.
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NoReturn

from dekaf._credentials import accepts
from dekaf._errors import ConfigError
from dekaf._foreign_msk import read_msk
from dekaf._foreign_oidc import ENDPOINT, OF_OIDC, read_oidc
from dekaf._given import text_of, word_of
from dekaf._security_names import TOKEN_PARTS
from dekaf._tokens.extensions import checked_extensions, parse_extensions
from dekaf._tokens.google import Google
from dekaf._tokens.provider import to_provider

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dekaf._given import Given

__all__ = ["read_tokens"]

_HANDLERS: Final = ("login_handler", "client_handler")
_CLASSES: Final = {
    # By the end of a name: some services have a copy of a class in a package of their own.
    r"security\.oauthbearer\.(secured\.)?OAuthBearerLoginCallbackHandler": "oidc",
    r"security\.oauthbearer\.internals\.unsecured\.OAuthBearerUnsecuredLoginCallbackHandler": (
        "unsecured"
    ),
    r"security\.oauthbearer\.internals\.OAuthBearerSaslClientCallbackHandler": "any",
    r"msk\.auth\.iam\.\w+CallbackHandler": "msk",
    r"kafka\.auth\.GcpLoginCallbackHandler": "google",
}
"""Java's handlers, and where their tokens come from."""

_UNSECURED: Final = (
    "is for unsecured tokens, which dekaf does not make; leave the settings of security out, and "
    "give a function that returns one: security=Security.sasl_oauthbearer(function)"
)
_METADATA: Final = {
    "azure_imds": "Security.sasl_oauthbearer(ManagedIdentityCredential(), scope=…), with the "
    "credential of azure-identity",
    "aws_iam": "Security.sasl_oauthbearer(function), with a function that calls "
    "GetWebIdentityToken of AWS STS; for Amazon MSK, it is Security.msk_iam(region)",
}
"""What to give in place of the ways in which librdkafka asks a machine's metadata service."""


def read_tokens(
    parts: Mapping[str, Given], mechanism: str, servers: str, spell: Callable[[str], str]
) -> tuple[Any, dict[str, str]]:
    """Return the arguments `token` and `extensions` of `Security.sasl_oauthbearer`.

    `parts` are the properties by what they say, with the options of `sasl.jaas.config`.
    """
    reader = _Reader(parts, mechanism, servers, spell)
    return reader.token(), reader.extensions()


class _Reader:
    def __init__(
        self,
        parts: Mapping[str, Given],
        mechanism: str,
        servers: str,
        spell: Callable[[str], str],
    ) -> None:
        self._parts = parts
        self._mechanism = f"{parts['mechanism'].name}={mechanism}"
        self._is_msk = mechanism == "AWS_MSK_IAM"
        self._servers = servers
        self._spell = spell

    def token(self) -> object:
        """Return what provides the tokens."""
        for part in ("user", "password", "tokenauth"):
            if part in self._parts:
                _refuse(self._parts[part], f"{self._mechanism}, which logs in by tokens")
        handlers = {self._kind(part): part for part in _HANDLERS if part in self._parts}
        if self._is_msk or "msk" in handlers:
            return self._msk(self._mechanism if self._is_msk else self._name(handlers["msk"]))
        if "google" in handlers:
            named = self._name(handlers["google"])
            self._refuse_others(f"{named}, which logs in with Google credentials", "google")
            return Google()
        for part in ("callback", "provider"):
            if part in self._parts:
                return self._code(part)
        if "metadata" in self._parts:
            self._refuse_metadata()
        if "unsecured" in handlers:
            raise ConfigError(f"{self._name(handlers['unsecured'])} {_UNSECURED}")
        if "token_endpoint" not in self._parts:
            self._refuse_incomplete()
        named = self._name("token_endpoint")
        self._refuse_others(f"{named}, which asks a token server", "oidc", *OF_OIDC)
        return read_oidc(self._parts, self._spell)

    def extensions(self) -> dict[str, str]:
        """Return what goes to the broker beside each token."""
        given = self._parts.get("extensions")
        if given is None:
            return {}
        value = given.value
        try:
            found = parse_extensions(value) if isinstance(value, str) else value
            return dict(checked_extensions(found))
        except ConfigError as error:
            raise ConfigError(f"{given.name}: {error}") from None

    def _name(self, part: str) -> str:
        return self._parts[part].name

    def _kind(self, part: str) -> str:
        """Say where the tokens of a handler come from."""
        name = word_of(self._parts[part])
        for ending, kind in _CLASSES.items():
            if re.search(rf"(?:^|\.){ending}$", name, re.ASCII):
                return kind
        raise ConfigError(
            f"{self._name(part)} is a class of Java that dekaf has no counterpart for; leave the "
            "settings of security out, and give security=Security.sasl_oauthbearer(function)"
        )

    def _refuse_others(self, source: str, kind: str, *read: str) -> None:
        """Raise for what is given besides, and is not read for this source of tokens."""
        for part, given in self._parts.items():
            is_of_tokens = part in TOKEN_PARTS or part.startswith("aws.")
            is_fitting = part in _HANDLERS and self._kind(part) in {kind, "any"}
            if is_of_tokens and part not in read and not is_fitting:
                _refuse(given, source)

    def _msk(self, chosen: str) -> object:
        own = {part: given for part, given in self._parts.items() if part.startswith("aws.")}
        self._refuse_others(f"{chosen}, which logs in with AWS credentials", "msk", *own)
        return read_msk(own, chosen, self._servers, self._spell)

    def _code(self, part: str) -> object:
        """Return a function or an object of the user's."""
        given = self._parts[part]
        value: Any = given.value
        also = ("callback_config",) if part == "callback" else ()
        source = f"{given.name}, which provides the tokens"
        self._refuse_others(source, "", part, "extensions", "unsecured", *also)
        if part == "callback":
            config = self._parts.get("callback_config")
            value = _bound(given, "" if config is None else text_of(config))
        elif isinstance(value, str):
            raise ConfigError(f"{given.name} must be an object with a method token(), not str")
        return to_provider(given.name, value)

    def _refuse_metadata(self) -> NoReturn:
        kind = word_of(self._parts["metadata"]).lower()
        instead = _METADATA.get(kind, "Security.sasl_oauthbearer(function)")
        raise ConfigError(
            f"{self._name('metadata')} has no counterpart in dekaf; leave the settings of security "
            f"out, and give security={instead}"
        )

    def _refuse_incomplete(self) -> NoReturn:
        for part in ("unsecured", "callback_config"):
            if part in self._parts:
                raise ConfigError(f"{self._name(part)} {_UNSECURED}")
        for part, given in self._parts.items():
            if part in TOKEN_PARTS or part.startswith("aws."):
                raise ConfigError(
                    f"{given.name} is given without {self._spell(ENDPOINT)}; give it as well"
                )
        raise ConfigError(
            f"{self._mechanism} needs {self._spell(ENDPOINT)}; or leave the settings of security "
            "out, and give security=Security.sasl_oauthbearer(token)"
        )


def _refuse(given: Given, source: str) -> NoReturn:
    raise ConfigError(f"{given.name} contradicts {source}; leave one of them out")


def _bound(given: Given, config: str) -> partial[object]:
    """Return an `oauth_cb` as a function without arguments."""
    function: Any = given.value
    if not callable(function) or not accepts(function, config):
        wrong = "one of other arguments" if callable(function) else type(function).__name__
        raise ConfigError(
            f"{given.name} must be a function of one argument, the text of "
            f"sasl.oauthbearer.config, not {wrong}"
        )
    return partial(function, config)
