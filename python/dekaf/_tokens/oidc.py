"""Tokens of an OpenID Connect or OAuth 2 server: KIP-768, KIP-1139 and KIP-1258."""

from __future__ import annotations

import os
import time
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Final, cast, final

from dekaf._credentials import to_password, to_pem
from dekaf._errors import ConfigError
from dekaf._immutable import Immutable
from dekaf._secret import File, check_picklable, shown
from dekaf._security_names import is_secret
from dekaf._security_values import is_path, to_file, to_flag, to_text
from dekaf._tokens.endpoint import Call, fetch
from dekaf._tokens.extensions import checked_extensions
from dekaf._tokens.raised import without_frames
from dekaf._tokens.refusal import TokenRefusal
from dekaf._tokens.returned import to_token
from dekaf._tokens.said import shown_error
from dekaf._tokens.secret import read_secret
from dekaf._tokens.token import Token
from dekaf._tokens.url import shown_url, to_url

if TYPE_CHECKING:
    from collections.abc import Callable

    from dekaf._credentials import Password, PasswordLike, Pem, PemLike

__all__ = ["Oidc"]

_JWT_BEARER: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_OWN_PARAMS: Final = frozenset({"audience", "client_id", "grant_type", "scope"})
_SECRETS: Final = ("client_secret", "client_assertion", "assertion")


@dataclass(frozen=True, repr=False)
class _Settings:
    """The arguments of `Oidc`, checked."""

    token_endpoint: str | File
    client_id: str | None
    client_secret: Password | None
    client_assertion: Password | None
    assertion: Password | None
    scope: str | None
    audience: str | None
    params: tuple[tuple[str, str], ...]
    extensions: tuple[tuple[str, str], ...]
    header_urlencode: bool
    ca: Pem | None


@final
class Oidc(Immutable):
    """Get tokens from an OpenID Connect or OAuth 2 server.

        oidc = Oidc("https://login.example.com/token", "alice", "secret", scope="kafka")

    Each call requests a new token, and blocks until the server answers.

    The client authenticates at the server with a secret, or with an assertion: a JWT that is signed
    elsewhere, such as the token of a Kubernetes service account.
    """

    __slots__ = ("_settings",)

    _settings: _Settings

    def __init__(  # noqa: PLR0913 - each is a setting
        self,
        token_endpoint: str | os.PathLike[str],
        client_id: str | None = None,
        client_secret: PasswordLike | None = None,
        *,
        client_assertion: PasswordLike | None = None,
        assertion: PasswordLike | None = None,
        scope: str | None = None,
        audience: str | None = None,
        params: Mapping[str, str] | None = None,
        extensions: Mapping[str, str] | None = None,
        header_urlencode: bool = False,
        ca: PemLike | None = None,
    ) -> None:
        """Check the arguments. No server is asked before the first connection.

        `token_endpoint`: the server's URL for tokens. A path or a `file:` URL is a file that holds
        the token; the other arguments but `extensions` are for servers then.
        `client_id`, `client_secret`: the login at the server, as HTTP Basic authentication.
        `client_assertion`: a JWT in place of `client_secret` (RFC 7523, section 2.2).
        `assertion`: a JWT that is exchanged for a token, as the grant jwt-bearer (RFC 7523,
        section 2.1). Without it, the grant is client_credentials.
        `scope`: the permissions to request; several are separated by spaces.
        `audience`: the API that the token is for, which Auth0 requires.
        `params`: more fields of the request.
        `extensions`: SASL extensions for the broker, as in `{"logicalCluster": "lkc-1"}`.
        `header_urlencode`: percent-encode id and secret in the header, as RFC 6749 has it. Most
        servers do not decode them, and Kafka's clients do not encode them by default.
        `ca`: the certificate authorities of the server, as a path or PEM text. The default is the
        system's.

        `client_secret` and the assertions are `str`, a `pathlib.Path` of a file, or a function.
        Files are read and functions are called for each request.

        Raises `ConfigError`, which shows no secret.
        """
        settings = _Settings(
            token_endpoint=_to_endpoint(token_endpoint),
            client_id=_optional_text("client_id", client_id),
            client_secret=_optional_secret("client_secret", client_secret),
            client_assertion=_optional_secret("client_assertion", client_assertion),
            assertion=_optional_secret("assertion", assertion),
            scope=_optional_text("scope", scope),
            audience=_optional_text("audience", audience),
            params=_to_params(params),
            extensions=checked_extensions(extensions),
            header_urlencode=to_flag("header_urlencode", header_urlencode),
            ca=None if ca is None else to_pem("ca", ca),
        )
        _check(settings)
        object.__setattr__(self, "_settings", settings)

    def __call__(self) -> Token:
        """Return a new token. Raises `TokenRefusal`, which holds no secret."""
        return without_frames(self._token)

    def _token(self) -> Token:
        settings = self._settings
        endpoint = settings.token_endpoint
        if isinstance(endpoint, File):
            token = to_token(read_secret("token_endpoint", endpoint))
        else:
            token = _requested(settings, endpoint)
        return token._replace(extensions=settings.extensions)

    def __eq__(self, other: object) -> bool:
        return self._settings == other._settings if isinstance(other, Oidc) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._settings)

    def __reduce__(self) -> tuple[Callable[[_Settings], Oidc], tuple[_Settings]]:
        for name in _SECRETS:
            check_picklable("Oidc", name, getattr(self._settings, name))
        return _make, (self._settings,)

    def __repr__(self) -> str:
        """Show what is given, and no secret."""
        settings = self._settings
        endpoint = settings.token_endpoint
        said = [shown(endpoint) if isinstance(endpoint, File) else repr(shown_url(endpoint))]
        for each in fields(settings)[1:]:
            value = getattr(settings, each.name)
            if value in (None, False, ()):
                continue
            if each.name in _SECRETS:
                value = shown(value)
            elif each.name in {"params", "extensions"}:
                value = f"{{{', '.join(f'{name!r}: ***' for name, _ in value)}}}"
            else:
                value = repr(value)
            said.append(f"{each.name}={value}")
        return f"Oidc({', '.join(said)})"


def _make(settings: _Settings) -> Oidc:
    oidc = object.__new__(Oidc)
    object.__setattr__(oidc, "_settings", settings)
    return oidc


def _to_endpoint(value: object) -> str | File:
    name = "token_endpoint"
    if isinstance(value, str):
        if value.startswith("file:"):
            return to_file(name, _path_of(value))
        # A file of the working directory is given as ./token, as a shell takes it.
        return to_file(name, value) if value.startswith((os.sep, ".")) else to_url(name, value)
    if is_path(value):
        return to_file(name, value)
    return to_url(name, value)


def _path_of(url: str) -> str:
    from urllib.parse import unquote, urlsplit  # noqa: PLC0415 - few need it

    try:
        parts = urlsplit(url)
    except ValueError:
        parts = None
    if parts is None or parts.netloc not in {"", "localhost"} or not parts.path.startswith("/"):
        raise ConfigError(
            "token_endpoint is a file: URL without an absolute path; give one as in "
            "token_endpoint='file:///run/secrets/token'"
        )
    return unquote(parts.path)


def _optional_text(name: str, value: object) -> str | None:
    return None if value is None else to_text(name, value)


def _optional_secret(name: str, value: object) -> Password | None:
    return None if value is None else to_password(name, value)


def _to_params(given: object) -> tuple[tuple[str, str], ...]:
    if given is None:
        return ()
    if not isinstance(given, Mapping):
        raise ConfigError(f"params must be a mapping of str to str, not {type(given).__name__}")
    pairs = tuple(cast("Mapping[object, object]", given).items())
    return tuple((_to_param_name(name), _to_param(name, value)) for name, value in pairs)


def _to_param_name(name: object) -> str:
    text = to_text("each name in params", name)
    if text in _OWN_PARAMS:
        raise ConfigError(f"params has {text!r}, which dekaf sends itself; give {text}= or drop it")
    # A repr and a pickle treat params as public.
    if is_secret(text) or "assertion" in text:
        raise ConfigError(
            f"params has {text!r}, which may be a secret; give client_secret=, client_assertion= "
            "or assertion="
        )
    return text


def _to_param(name: object, value: object) -> str:
    return to_text(f"params[{name!r}]", value)


def _check(settings: _Settings) -> None:
    if isinstance(settings.token_endpoint, File):
        for each in fields(settings)[1:]:
            if each.name != "extensions" and getattr(settings, each.name) not in (None, False, ()):
                raise ConfigError(
                    f"{each.name} is for a server, and token_endpoint is a file that holds the "
                    f"token; drop {each.name}, or give the server's URL"
                )
        return
    if all(getattr(settings, name) is None for name in _SECRETS):
        raise ConfigError("client_secret is missing; give it, client_assertion= or assertion=")
    if settings.client_secret is None:
        return
    if settings.client_assertion is not None:
        raise ConfigError("client_secret contradicts client_assertion; give one of them")
    if settings.client_id is None:
        raise ConfigError("client_secret is given without client_id; give client_id= as well")
    if ":" in settings.client_id and not settings.header_urlencode:
        raise ConfigError(
            "client_id has a colon, which ends it in the header; give header_urlencode=True"
        )


def _requested(settings: _Settings, url: str) -> Token:
    form, headers, secrets, advice = _request(settings)
    call = Call(url, headers, form, settings.ca, secrets, advice)
    # Before the request, as the server counts from its answer.
    now = time.time()
    answer = fetch(call)
    for name in ("access_token", "id_token"):
        token = answer.get(name)
        if isinstance(token, str) and token.strip():
            return to_token(Token(token, _expiry(now, answer.get("expires_in"))))
    raise TokenRefusal(
        f"the token server at {shown_url(url)} answers without access_token or id_token"
        f"{shown_error(answer, secrets)}"
    )


def _request(
    settings: _Settings,
) -> tuple[dict[str, str], dict[str, str], tuple[str, ...], str]:
    """Return the form, the headers, their secrets, and advice if the server refuses them."""
    form = {"grant_type": "client_credentials", **dict(settings.params)}
    headers: dict[str, str] = {}
    secrets: list[str] = []
    advice = ""
    if settings.assertion is not None:
        form["grant_type"] = _JWT_BEARER
        form["assertion"] = read_secret("assertion", settings.assertion).strip()
        secrets.append(form["assertion"])
    if settings.client_assertion is not None:
        form["client_assertion_type"] = _ASSERTION_TYPE
        form["client_assertion"] = read_secret(
            "client_assertion", settings.client_assertion
        ).strip()
        secrets.append(form["client_assertion"])
    if settings.client_secret is not None and settings.client_id is not None:
        secret = read_secret("client_secret", settings.client_secret)
        plain, encoded = _login(settings.client_id, secret)
        login = encoded if settings.header_urlencode else plain
        headers["Authorization"] = f"Basic {b64encode(login.encode()).decode()}"
        secrets += [secret, login]
        if plain != encoded:
            other = not settings.header_urlencode
            advice = f"; if id and secret are right, try header_urlencode={other}"
    elif settings.client_id is not None:
        form["client_id"] = settings.client_id
    for name in ("scope", "audience"):
        value = getattr(settings, name)
        if value is not None:
            form[name] = value
    return form, headers, tuple(secrets), advice


def _login(client_id: str, secret: str) -> tuple[str, str]:
    """Return the content of the header, plain and as RFC 6749 (section 2.3.1) encodes it."""
    from urllib.parse import quote_plus  # noqa: PLC0415 - few ask a token server

    return f"{client_id}:{secret}", f"{quote_plus(client_id)}:{quote_plus(secret)}"


def _expiry(now: float, seconds: object) -> float | None:
    """Return when a token ends; without a usable `expires_in`, its `exp` says so."""
    if isinstance(seconds, str) and seconds.isdecimal() and len(seconds) <= len(str(2**31)):
        seconds = int(seconds)  # as Azure's first version of it answers
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        return None
    return now + seconds if 0 < seconds <= 2**31 else None
