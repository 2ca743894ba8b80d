"""How connections are secured: TLS, and logins by SASL."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from types import ModuleType
from typing import TYPE_CHECKING, Any, Literal, Never, NoReturn, TypeAlias

from dekaf._credentials import check_whitespace, to_password, to_pem
from dekaf._errors import ConfigError
from dekaf._pickling import is_found_by_name
from dekaf._secret import File, Secret
from dekaf._security_values import to_choice, to_file, to_flag, to_text

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Mapping, Sequence

    from dekaf._credentials import Password, PasswordLike, Pem, PemLike
    from dekaf._tokens.provider import Provider, TokenLike

__all__ = ["Security"]

ScramMechanism: TypeAlias = Literal["SCRAM-SHA-256", "SCRAM-SHA-512"]
TlsVersion: TypeAlias = Literal["1.2", "1.3"]

_SCRAM = ("SCRAM-SHA-256", "SCRAM-SHA-512")


@dataclass(frozen=True)
class _Tls:
    """Encryption: the arguments of `Security.tls`, checked."""

    ca: Pem | None = None
    certificate: Pem | None = None
    key: Pem | None = None
    key_password: Password | None = None
    server_name: str | None = None
    verify_hostname: bool = True
    verify: bool = True
    min_version: TlsVersion = "1.2"
    key_log: File | None = None


@dataclass(frozen=True)
class _Sasl:
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


class Security:
    """How connections are secured. Make one with `tls`, or with a login: `sasl_plain`,
    `sasl_scram` or `sasl_oauthbearer`.

        producer = Producer("localhost:9093", security=Security.sasl_scram("alice", "secret"))

    Logins are encrypted with TLS unless `tls=False` asks for clear text.

    `ca`, `certificate` and `key` are paths or PEM text. A password is one of:

    * `str`: the password itself
    * `pathlib.Path`: a file that holds it, read for each new connection
    * a function without arguments that returns it, called for each new connection on a thread of
      dekaf's

    A changed password in a file, or from a function, therefore needs no restart. No secret is
    shown by a repr, an error or the log. A `Security` can be pickled if its secrets come from
    files, from importable functions, or from the environment (`ProducerConfig.from_env`).
    """

    # No dataclass: `dataclasses.asdict` of a configuration would show what is inside.
    __slots__ = ("_sasl", "_tls")

    _tls: _Tls | None
    _sasl: _Sasl | Bearer | None

    def __init__(self, *_: Never, **__: Never) -> None:
        raise TypeError(
            "make a Security with Security.tls(), Security.sasl_plain(user, password), "
            "Security.sasl_scram(user, password) or Security.sasl_oauthbearer(token)"
        )

    @classmethod
    def tls(  # noqa: PLR0913 - each is a setting
        cls,
        *,
        ca: PemLike | None = None,
        certificate: PemLike | None = None,
        key: PemLike | None = None,
        key_password: PasswordLike | None = None,
        server_name: str | None = None,
        verify_hostname: bool = True,
        verify: bool = True,
        min_version: TlsVersion = "1.2",
        key_log: str | os.PathLike[str] | None = None,
    ) -> Security:
        """Encrypt connections, and verify brokers by their certificates.

            security = Security.tls()  # trusts the system's certificate authorities
            security = Security.tls(ca="ca.pem")  # trusts these alone
            security = Security.tls(ca="ca.pem", certificate="client.pem", key="client.key")

        `ca`: the certificate authorities to trust; a directory is allowed.
        `certificate`, `key`: the client's own, for brokers that ask for one (mTLS). Without `key`,
        the certificate's PEM must hold the key.
        `key_password`: decrypts the key.
        `server_name`: the name that certificates must have, instead of the host name.
        `verify_hostname=False` accepts a trusted certificate of any name.
        `verify=False` accepts any certificate: anyone on the network path can read the traffic.
        `min_version`: the oldest version of TLS to accept, `"1.2"` or `"1.3"`.
        `key_log`: a file to which session keys are appended, for Wireshark.

        Raises `ConfigError` for a key store (JKS, PKCS#12), with the commands that convert it.
        """
        to_flag("verify_hostname", verify_hostname)
        to_flag("verify", verify)
        to_choice("min_version", min_version, ("1.2", "1.3"))
        if certificate is None and (key is not None or key_password is not None):
            name = "key" if key is not None else "key_password"
            raise ConfigError(f"{name} is given without certificate; give certificate= as well")
        if not verify and ca is not None:
            raise ConfigError("ca contradicts verify=False, which trusts every certificate")
        tls = _Tls(
            ca=None if ca is None else to_pem("ca", ca),
            certificate=None if certificate is None else to_pem("certificate", certificate),
            key=None if key is None else to_pem("key", key),
            key_password=None
            if key_password is None
            else to_password("key_password", key_password),
            server_name=None if server_name is None else to_text("server_name", server_name),
            verify_hostname=verify_hostname,
            verify=verify,
            min_version=min_version,
            key_log=None if key_log is None else to_file("key_log", key_log),
        )
        return _make(tls, None)

    @classmethod
    def sasl_plain(
        cls,
        user: str,
        password: PasswordLike,
        *,
        tls: bool | Security = True,
        ca: PemLike | None = None,
    ) -> Security:
        """Log in with SASL PLAIN, which sends the password to the broker.

            security = Security.sasl_plain("alice", "secret")
            security = Security.sasl_plain("alice", "secret", ca="ca.pem")
            security = Security.sasl_plain("alice", "secret", tls=Security.tls(min_version="1.3"))

        Cloud services use it: an API key is a user, its secret the password.
        `tls=False` sends the password in clear text. `ca` is short for `tls=Security.tls(ca=…)`.
        """
        return _login("PLAIN", user, password, tls=tls, ca=ca)

    @classmethod
    def sasl_scram(  # noqa: PLR0913 - each is a setting
        cls,
        user: str,
        password: PasswordLike,
        *,
        mechanism: ScramMechanism | None = None,
        token: bool = False,
        tls: bool | Security = True,
        ca: PemLike | None = None,
    ) -> Security:
        """Log in with SASL SCRAM: broker and client prove that they know the password.

            security = Security.sasl_scram("alice", "secret", ca="ca.pem")

        `mechanism` is `"SCRAM-SHA-256"` or `"SCRAM-SHA-512"`. The default is SCRAM-SHA-512, or
        SCRAM-SHA-256 if the broker has no other.
        `token=True` takes a delegation token: `user` is its id, `password` its HMAC.
        `tls=False` does not encrypt. `ca` is short for `tls=Security.tls(ca=…)`.
        """
        if mechanism == "PLAIN":  # type: ignore[comparison-overlap] # pyright: ignore[reportUnnecessaryComparison] - the caller's word for it
            raise ConfigError("mechanism='PLAIN' is not SCRAM; use Security.sasl_plain")
        if mechanism is not None:
            to_choice("mechanism", mechanism, _SCRAM)
        to_flag("token", token)
        return _login(mechanism or "SCRAM", user, password, token=token, tls=tls, ca=ca)

    @classmethod
    def sasl_oauthbearer(
        cls,
        token: TokenLike,
        *,
        scope: str | Sequence[str] | None = None,
        extensions: Mapping[str, str] | None = None,
        tls: bool | Security = True,
        ca: PemLike | None = None,
    ) -> Security:
        """Log in with SASL OAUTHBEARER: by a token that ends, and is renewed in time.

            security = Security.sasl_oauthbearer(fetch_token)

        `token` provides tokens. It is one of:

        * a function or coroutine function that returns a token, or a tuple: token, expiry in
          seconds since 1970, and optionally principal and extensions
        * an object with a method `token()`, as aiokafka and kafka-python take it
        * a credential of azure-identity, with its `scope`
        * a `pathlib.Path` of a file that holds the token
        * `str`: a token that never changes

        Where no expiry is given, that of a JWT is read. A function runs on a thread of its own and
        may block for up to 10 s; a coroutine runs in the producer's event loop. A token is asked
        for when 80 % of the last one's life are over. Connections log in again before their token
        ends, without a pause.
        `extensions` go to the broker with each token, such as Confluent's `logicalCluster`.
        `tls=False` sends the token in clear text. `ca` is short for `tls=Security.tls(ca=…)`.
        """
        from dekaf._tokens.extensions import (  # noqa: PLC0415 - few need it
            ExtensionsError,
            to_extensions,
        )
        from dekaf._tokens.provider import to_provider  # noqa: PLC0415 - likewise

        encryption = _encryption(tls, ca)
        provider = to_provider("token", token, scope=scope)
        try:
            sent = to_extensions(extensions)
        except ExtensionsError as error:
            raise ConfigError(f"extensions {error}") from None
        return _make(encryption, Bearer(provider, sent))

    def _core(self) -> dict[str, Any]:
        """Return plain values for the core, secrets among them.

        `tls` is `None` or a mapping:

        * `trust`: `None` (the system's), `("path", str)` or `("text", str)`
        * `certificate`, `key`: `None`, `("path", str)` or `("text", str)`
        * `key_password`: `None`, `("text", str)`, `("file", str)` or `("call", function)`
        * `server_name`: `str` or `None`
        * `verification`: `"full"`, `"without_hostname"` or `"nothing"`
        * `min_version`: `"1.2"` or `"1.3"`
        * `key_log`: a path as `str`, or `None`

        `sasl` is `None` or a mapping:

        * `mechanism`: `"PLAIN"`, `"SCRAM-SHA-256"`, `"SCRAM-SHA-512"` or `"SCRAM"` (either)
        * `user`: `str`
        * `password`: as `key_password`, never `None`
        * `is_token`: `bool`

        or, for `"OAUTHBEARER"`:

        * `mechanism`: `"OAUTHBEARER"`
        * `provider`: what `dekaf._tokens.asking.ask` takes
        * `is_async`: whether it runs in the producer's event loop
        * `extensions`: names and values as `str`
        """
        return {"tls": _tls_values(self._tls), "sasl": _sasl_values(self._sasl)}

    def _with_certificates(
        self, *, ca: str, certificate: str | None = None, key: str | None = None
    ) -> Security:
        """Return a copy that trusts `ca` alone, and presents the certificate. All are PEM text."""
        if self._tls is None:
            return self
        changes: dict[str, Any] = {"ca": to_pem("ca", ca)}
        if certificate is not None and key is not None:
            changes["certificate"] = to_pem("certificate", certificate)
            changes["key"] = to_pem("key", key)
        return _make(replace(self._tls, **changes), self._sasl)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"{name} cannot be set: make another Security")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"{name} cannot be deleted: make another Security")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Security):
            return NotImplemented
        return (self._tls, self._sasl) == (other._tls, other._sasl)

    def __hash__(self) -> int:
        return hash((self._tls, self._sasl))

    def __copy__(self) -> Security:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Security:
        return self

    def __reduce__(
        self,
    ) -> tuple[Callable[..., Security], tuple[_Tls | None, _Sasl | Bearer | None]]:
        for part in (self._tls, self._sasl):
            for each in fields(part) if part is not None else ():
                _check_picklable(each.name, getattr(part, each.name))
        return _make, (self._tls, self._sasl)

    def __repr__(self) -> str:
        """Show what is not as by default, and no secret."""
        tls = _shown(self._tls)
        sasl = self._sasl
        if sasl is None:
            return f"Security.tls({', '.join(tls)})"
        way, shown = _shown_login(sasl)
        if self._tls is None:
            shown.append("tls=False")
        elif tls:
            shown.append(f"tls=Security.tls({', '.join(tls)})")
        return f"Security.{way}({', '.join(shown)})"


def _make(tls: _Tls | None, sasl: _Sasl | Bearer | None) -> Security:
    security = object.__new__(Security)
    object.__setattr__(security, "_tls", tls)
    object.__setattr__(security, "_sasl", sasl)
    return security


def _login(  # noqa: PLR0913 - each is a setting
    mechanism: str,
    user: str,
    password: PasswordLike,
    *,
    token: bool = False,
    tls: bool | Security,
    ca: PemLike | None,
) -> Security:
    encryption = _encryption(tls, ca)
    check_whitespace("user", to_text("user", user))
    sasl = _Sasl(mechanism, user, to_password("password", password), token)
    return _make(encryption, sasl)


def _encryption(tls: object, ca: PemLike | None) -> _Tls | None:
    if tls is True:
        return Security.tls(ca=ca)._tls  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - our own
    if ca is not None:
        remedy = "leave ca out" if tls is False else "give tls=Security.tls(ca=…)"
        raise ConfigError(f"ca contradicts tls={tls!r}; {remedy}")
    if tls is False:
        return None
    if not isinstance(tls, Security):
        kind = type(tls).__name__
        raise ConfigError(
            f'tls must be True, False or Security.tls(…), as in tls=Security.tls(ca="ca.pem"), not '
            f"{kind}"
        )
    if tls._sasl is not None:  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - our own
        raise ConfigError("tls must be made by Security.tls(…); the one that is given logs in")
    return tls._tls  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - our own


def _tls_values(tls: _Tls | None) -> dict[str, Any] | None:
    if tls is None:
        return None
    verification = "full" if tls.verify_hostname else "without_hostname"
    return {
        "trust": _pem_value(tls.ca),
        "certificate": _pem_value(tls.certificate),
        "key": _pem_value(tls.key),
        "key_password": None if tls.key_password is None else _password_value(tls.key_password),
        "server_name": tls.server_name,
        "verification": verification if tls.verify else "nothing",
        "min_version": tls.min_version,
        "key_log": None if tls.key_log is None else tls.key_log.path,
    }


def _sasl_values(sasl: _Sasl | Bearer | None) -> dict[str, Any] | None:
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


def _pem_value(value: Pem | None) -> tuple[str, str] | None:
    if value is None:
        return None
    return ("path", value.path) if isinstance(value, File) else ("text", value.reveal())


def _password_value(value: Password) -> tuple[str, object]:
    if isinstance(value, File):
        return "file", value.path
    return ("text", value.reveal()) if isinstance(value, Secret) else ("call", value)


def _check_picklable(name: str, value: object) -> None:
    if isinstance(value, Secret) and not value.picklable:
        _refuse(name, "was given as text, and a pickle holds no secrets")
    if callable(value) and not _is_importable(value):
        _refuse(name, "comes from something else than a function at the top level of a module")


def _is_importable(function: Callable[..., object]) -> bool:
    """Say whether a pickle holds the name of a function alone: objects may hold the secret."""
    bound_to = getattr(function, "__self__", None)
    is_bound = bound_to is not None and not isinstance(bound_to, ModuleType | type)
    return hasattr(function, "__qualname__") and is_found_by_name(function) and not is_bound


def _refuse(name: str, why: str) -> NoReturn:
    remedy = f"a file ({name}=pathlib.Path(…)), or a function at the top level of a module"
    if name == "key":
        remedy = "a file, as in key='client.key'"
    raise TypeError(
        f"security cannot be pickled: {name} {why}; give {remedy}, or read the secret with "
        "ProducerConfig.from_env() or from_file()"
    )


def _shown_login(sasl: _Sasl | Bearer) -> tuple[str, list[str]]:
    """Return the method that makes the login, and its arguments."""
    if isinstance(sasl, Bearer):
        extensions = [f"extensions={dict(sasl.extensions)!r}"] if sasl.extensions else []
        return "sasl_oauthbearer", [repr(sasl.token), *extensions]
    shown = [repr(sasl.user), _shown_password(sasl.password)]
    if sasl.mechanism in _SCRAM:
        shown.append(f"mechanism={sasl.mechanism!r}")
    if sasl.token:
        shown.append("token=True")
    return "sasl_plain" if sasl.mechanism == "PLAIN" else "sasl_scram", shown


def _shown(tls: _Tls | None) -> list[str]:
    if tls is None:
        return []
    return [
        f"{each.name}=" + (_shown_password(value) if each.name == "key_password" else repr(value))
        for each in fields(tls)
        if (value := getattr(tls, each.name)) != each.default
    ]


def _shown_password(value: Password) -> str:
    if isinstance(value, File):
        return f"Path({value.path!r})"
    if isinstance(value, Secret):
        return repr(value)
    # The repr of a function may show what it was made with.
    return str(getattr(value, "__qualname__", type(value).__name__))
