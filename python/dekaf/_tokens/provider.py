"""Where tokens come from: the argument `token` of a `Security`, checked."""

from __future__ import annotations

import asyncio
import inspect
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final, Literal, Protocol, TypeAlias, cast, final

from dekaf._credentials import SecretText, accepts, unwrapped
from dekaf._errors import ConfigError
from dekaf._passwords import read_password
from dekaf._pickling import is_importable
from dekaf._secret import File, Secret, shown
from dekaf._security_values import is_path, to_file, to_text
from dekaf._tokens.google import Google
from dekaf._tokens.msk_iam import MskIam
from dekaf._tokens.oidc import Oidc
from dekaf._tokens.refusal import TokenRefusal
from dekaf._tokens.returned import to_token
from dekaf._tokens.text import fault_of
from dekaf._tokens.token import Token

__all__ = [
    "Credential",
    "Provider",
    "Returned",
    "TokenLike",
    "TokenObject",
    "read",
    "read_in_loop",
    "to_provider",
]

_Expiry: TypeAlias = float | None
Returned: TypeAlias = (
    str
    | Token
    | tuple[str, _Expiry]
    | tuple[str, _Expiry, str | None]
    | tuple[str, _Expiry, str | None, dict[str, str] | None]
)
"""The shapes that a function may return; an expiry is in seconds since 1970."""


class TokenObject(Protocol):
    """An object as kafka-python and aiokafka take it. A method `extensions` is optional."""

    def token(self) -> str | Awaitable[str]:
        """Return a token."""
        ...


class Credential(Protocol):
    """A credential of azure-identity, synchronous or not."""

    def get_token(self, *scopes: str) -> Any:  # noqa: ANN401 - an AccessToken, or a coroutine
        """Return a token for these scopes."""
        ...


TokenLike: TypeAlias = (
    str
    | os.PathLike[str]
    | SecretText
    | Callable[[], Returned | Awaitable[Returned]]
    | TokenObject
    | Credential
)
"""A token, or the file, the function or the object that has it."""

_Kind: TypeAlias = Literal["text", "file", "function", "object", "credential"]
_OUR_OWN: Final = (Google, MskIam, Oidc)
"""Providers that show no secret, and refuse to be pickled with one."""
_SHAPES: Final = (
    "str, a pathlib.Path of the file that holds the token, a function or coroutine function that "
    "returns it, an object with a method token(), or a credential of azure-identity"
)


@final
@dataclass(frozen=True, slots=True, repr=False)
class Provider:
    """A source of tokens. `read` and `read_in_loop` ask it for one."""

    kind: _Kind
    source: Any
    scopes: tuple[str, ...] = ()
    is_async: bool = False
    """Whether it needs an event loop, which a coroutine function does."""

    def calls(self) -> list[Callable[[], object]]:
        """Return the functions to call: for a token, then for its extensions."""
        if self.kind == "credential":
            return [lambda: self.source.get_token(*self.scopes)]
        if self.kind == "function":
            return [self.source]
        extensions = getattr(self.source, "extensions", None)
        return [self.source.token, extensions] if callable(extensions) else [self.source.token]

    def __repr__(self) -> str:
        """Show as `Security` shows it: without what an object's own repr may tell."""
        return repr(self.source) if isinstance(self.source, _OUR_OWN) else shown(self.source)

    def __reduce__(self) -> tuple[Callable[..., Provider], tuple[object, ...]]:
        if self.kind == "text" and not self.source.picklable:
            _refuse_pickle("was given as text, and a pickle holds no secrets")
        is_named = self.kind == "function" and is_importable(self.source)
        is_readable = is_named or isinstance(self.source, _OUR_OWN)
        if self.kind not in {"text", "file"} and not is_readable:
            _refuse_pickle("comes from an object, which may hold a secret")
        return Provider, (self.kind, self.source, self.scopes, self.is_async)


def _refuse_pickle(why: str) -> None:
    raise TypeError(
        f"security cannot be pickled: token {why}; give a file (token=pathlib.Path(…)), or a "
        "function at the top level of a module"
    )


def to_provider(name: str, value: object, *, scope: object = None) -> Provider:
    """Check an argument that provides tokens. `scope` is for credentials of azure-identity alone.

    Raises `ConfigError`, which names the argument and shows no part of a token.
    """
    provider = _to_provider(name, value, scope)
    if scope is not None and provider.kind != "credential":
        raise ConfigError(
            f"scope is for credentials of azure-identity, and {name} is none; ask for the scope "
            "where the token comes from"
        )
    return provider


def _to_provider(name: str, value: object, scope: object) -> Provider:
    if isinstance(value, Provider):
        return value
    if isinstance(value, Secret):
        return _of_text(name, value.reveal(), value)
    if not isinstance(value, str) and is_path(value):
        return Provider("file", to_file(name, value))
    text = unwrapped(name, value)
    return _of_text(name, text) if isinstance(text, str) else _of_code(name, value, scope)


def _of_code(name: str, source: Any, scope: object) -> Provider:  # noqa: ANN401 - it may be anything
    if isinstance(source, type):
        raise ConfigError(
            f"{name} is the class {source.__name__}; give an object: {name}={source.__name__}(…)"
        )
    if callable(_attribute(source, "get_token")):
        scopes = _to_scopes(name, scope)
        return Provider("credential", source, scopes, _is_async(source.get_token))
    if callable(_attribute(source, "token")):
        is_async = _is_async(source.token) or _is_async(_attribute(source, "extensions"))
        return Provider("object", source, is_async=is_async)
    if not callable(source):
        raise ConfigError(f"{name} must be {_SHAPES}, not {type(source).__name__}{_remedy(source)}")
    _check_signature(name, source)
    return Provider("function", source, is_async=_is_async(source))


def _of_text(name: str, text: str, secret: Secret | None = None) -> Provider:
    token = to_text(name, text).strip()
    if os.path.isfile(token):  # noqa: PTH113 - pathlib costs an import
        raise ConfigError(
            f"{name} is the path of a file, and text is taken as the token itself; to read the "
            f"file, give {name}=pathlib.Path(…)"
        )
    fault = fault_of(token)
    if fault is not None:
        raise ConfigError(f"{name} {fault}")
    return Provider("text", secret or Secret(token))


def _to_scopes(name: str, scope: object) -> tuple[str, ...]:
    if scope is None:
        raise ConfigError(
            f"scope is missing: {name} is a credential of azure-identity, which needs one; give "
            'scope="https://NAMESPACE.servicebus.windows.net/.default"'
        )
    if isinstance(scope, str):
        return (to_text("scope", scope),)
    if not isinstance(scope, list | tuple):
        raise ConfigError(f"scope must be str or a list of str, not {type(scope).__name__}")
    scopes = cast("list[object]", scope)
    if not scopes:
        raise ConfigError("scope is empty; give at least one")
    return tuple(to_text("each scope", each) for each in scopes)


def _attribute(source: object, name: str) -> object:
    try:
        return getattr(source, name, None)
    except Exception:  # noqa: BLE001 - a property of the user's may raise anything
        return None


def _is_async(function: Any) -> bool:  # noqa: ANN401 - a function, or an object that is called
    return inspect.iscoroutinefunction(function) or (
        not inspect.isroutine(function)
        and inspect.iscoroutinefunction(_attribute(function, "__call__"))
    )


def _remedy(value: object) -> str:
    if isinstance(value, bytes | bytearray):
        return "; decode it"
    if value is None:
        return "; if it comes from an environment variable, set that"
    if hasattr(value, "refresh"):  # credentials of google-auth have an attribute `token`
        return "; give a function that refreshes it and returns its token"
    if inspect.isawaitable(value):
        return "; give the coroutine function itself, without calling it"
    return ""


def _check_signature(name: str, function: Callable[..., object]) -> None:
    if accepts(function):
        return
    if accepts(function, None):
        raise ConfigError(
            f"{name} is a function that needs an argument, and dekaf gives none; an oauth_cb of "
            "confluent-kafka gets the text of sasl.oauthbearer.config, so bind that with "
            "functools.partial(function, config)"
        )
    raise ConfigError(
        f"{name} is a function that needs arguments, and dekaf gives none; bind them with "
        "functools.partial"
    )


def read(provider: Provider) -> Token:
    """Ask for a token, and wait for it. An awaitable that is returned is run by `asyncio.run`.

    Raises `TokenRefusal`, and whatever a function of the user's raises.
    """
    if provider.kind == "text":
        return to_token(provider.source.reveal())
    if provider.kind == "file":
        return to_token(_of_file(provider.source))
    if provider.is_async:
        return asyncio.run(read_in_loop(provider))
    return to_token(*[_waited_for(call()) for call in provider.calls()])


async def read_in_loop(provider: Provider) -> Token:
    """Ask for a token in an event loop. Raises as `read`."""
    returned: list[object] = []
    for call in provider.calls():
        each = call()
        returned.append(await each if inspect.isawaitable(each) else each)
    return to_token(*returned)


def _waited_for(returned: object) -> object:
    if not inspect.isawaitable(returned):
        return returned

    async def wait() -> object:
        return await returned

    return asyncio.run(wait())


def _of_file(file: File) -> str:
    try:
        return read_password("token", file)
    except ConfigError as error:
        # The core names the argument itself.
        why = str(error).removeprefix("token: ")
    raise TokenRefusal(why)
