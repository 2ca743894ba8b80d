"""How connections are secured: TLS, and logins by SASL."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any, Literal, Never, NoReturn, TypeAlias

from dekaf._credentials import check_whitespace, to_password, to_pem
from dekaf._errors import ConfigError
from dekaf._immutable import Immutable
from dekaf._secret import why_not_pickled
from dekaf._security_files import check_files
from dekaf._security_parts import (
    SCRAM,
    Bearer,
    Login,
    Sasl,
    Tls,
    TlsVersion,
    login_values,
    shown_login,
    shown_tls,
    tls_values,
)
from dekaf._security_values import to_choice, to_file, to_flag, to_text

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Mapping, Sequence

    from dekaf._credentials import Password, PasswordLike, Pem, PemLike
    from dekaf._tokens.provider import TokenLike

__all__ = ["Security"]

ScramMechanism: TypeAlias = Literal["SCRAM-SHA-256", "SCRAM-SHA-512"]


class Security(Immutable):
    """How connections are secured. Made by `tls`, or with a login by one of the other methods.

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

    __slots__ = ("_sasl", "_tls")

    _tls: Tls | None
    _sasl: Login | None

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
        ca_password: PasswordLike | None = None,
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
        `key_password`: decrypts the key, or the key store.
        `ca_password`: opens a trust store; leave it out for PEM.
        `server_name`: the name that certificates must have, instead of the host name.
        `verify_hostname=False` accepts a trusted certificate of any name.
        `verify=False` accepts any certificate: anyone on the network path can read the traffic.
        `min_version`: the oldest version of TLS to accept, `"1.2"` or `"1.3"`.
        `key_log`: a file to which session keys are appended, for Wireshark.

        With `pip install "dekaf[keystores]"`, `ca` and `certificate` may be key stores (JKS,
        PKCS#12), and `key` a key in DER or in an outdated encryption:

            security = Security.tls(
                ca="truststore.p12", ca_password="…", certificate="keystore.jks", key_password="…"
            )

        Raises `ConfigError` if such a file cannot be opened. Without the extra, the error has the
        commands that convert it.
        """
        to_flag("verify_hostname", verify_hostname)
        to_flag("verify", verify)
        to_choice("min_version", min_version, ("1.2", "1.3"))
        if certificate is None and (key is not None or key_password is not None):
            name = "key" if key is not None else "key_password"
            raise ConfigError(f"{name} is given without certificate; give certificate= as well")
        if ca is None and ca_password is not None:
            raise ConfigError("ca_password is given without ca; give ca= as well")
        if not verify and ca is not None:
            raise ConfigError("ca contradicts verify=False, which trusts every certificate")
        tls = Tls(
            ca=_pem("ca", ca),
            ca_password=_password("ca_password", ca_password),
            certificate=_pem("certificate", certificate),
            key=_pem("key", key),
            key_password=_password("key_password", key_password),
            server_name=None if server_name is None else to_text("server_name", server_name),
            verify_hostname=verify_hostname,
            verify=verify,
            min_version=min_version,
            key_log=None if key_log is None else to_file("key_log", key_log),
        )
        check_files(tls)
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
            to_choice("mechanism", mechanism, SCRAM)
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

            security = Security.sasl_oauthbearer(lambda: "a.token.")

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
        from dekaf._tokens.extensions import checked_extensions  # noqa: PLC0415 - few need it
        from dekaf._tokens.provider import to_provider  # noqa: PLC0415 - likewise

        encryption = _encryption(tls, ca)
        provider = to_provider("token", token, scope=scope)
        return _make(encryption, Bearer(provider, checked_extensions(extensions)))

    @classmethod
    def msk_iam(
        cls, region: str | None = None, *, tls: bool | Security = True, ca: PemLike | None = None
    ) -> Security:
        """Log in to Amazon MSK as an IAM role or user.

            security = Security.msk_iam("eu-west-1")

        Credentials are looked for where the AWS SDKs look: environment, web identity, `~/.aws`,
        container, instance. For others, see `dekaf.tokens.MskIam`.
        `region`: the default is `AWS_REGION`, `AWS_DEFAULT_REGION` or the region of the profile.
        """
        from dekaf._tokens.msk_iam import MskIam  # noqa: PLC0415 - few need it

        return cls.sasl_oauthbearer(MskIam(region), tls=tls, ca=ca)

    @classmethod
    def google(cls, *, tls: bool | Security = True, ca: PemLike | None = None) -> Security:
        """Log in to Google Cloud Managed Service for Apache Kafka as a service account.

            security = Security.google()

        The token comes from the metadata server of Compute Engine, GKE and Cloud Run. For
        credentials of google-auth, see `dekaf.tokens.Google`.
        """
        from dekaf._tokens.google import Google  # noqa: PLC0415 - few need it

        return cls.sasl_oauthbearer(Google(), tls=tls, ca=ca)

    def _core(self) -> dict[str, Any]:
        """Return plain values for the core, secrets among them.

        `tls` is `None` or a mapping:

        * `trust`: `None` (the system's), `("path", str)`, `("text", str)`, or
          `("call", (path, conversion))` with the file that is converted to PEM, or `None` for text
        * `certificate`, `key`: as `trust`; `None` is that there is none
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
        return {"tls": tls_values(self._tls), "sasl": login_values(self._sasl)}

    def _with_certificates(
        self, *, ca: str, certificate: str | None = None, key: str | None = None
    ) -> Security:
        """Return a copy that trusts `ca` alone, and presents the certificate. All are PEM text."""
        if self._tls is None:
            return self
        changes: dict[str, Any] = {"ca": to_pem("ca", ca), "ca_password": None}
        if certificate is not None and key is not None:
            changes["certificate"] = to_pem("certificate", certificate)
            changes["key"] = to_pem("key", key)
        return _make(replace(self._tls, **changes), self._sasl)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Security):
            return NotImplemented
        return (self._tls, self._sasl) == (other._tls, other._sasl)

    def __hash__(self) -> int:
        return hash((self._tls, self._sasl))

    def __reduce__(
        self,
    ) -> tuple[Callable[..., Security], tuple[Tls | None, Login | None]]:
        for part in (self._tls, self._sasl):
            for each in fields(part) if part is not None else ():
                why = why_not_pickled(getattr(part, each.name))
                if why is not None:
                    _refuse(each.name, why)
        return _make, (self._tls, self._sasl)

    def __repr__(self) -> str:
        """Show what is not as by default, and no secret."""
        tls = shown_tls(self._tls)
        sasl = self._sasl
        if sasl is None:
            return f"Security.tls({', '.join(tls)})"
        way, shown = shown_login(sasl)
        if self._tls is None:
            shown.append("tls=False")
        elif tls:
            shown.append(f"tls=Security.tls({', '.join(tls)})")
        return f"Security.{way}({', '.join(shown)})"


def _pem(name: str, value: PemLike | None) -> Pem | None:
    return None if value is None else to_pem(name, value, is_converted=True)


def _password(name: str, value: PasswordLike | None) -> Password | None:
    return None if value is None else to_password(name, value)


def _make(tls: Tls | None, sasl: Login | None) -> Security:
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
    sasl = Sasl(mechanism, user, to_password("password", password), token)
    return _make(encryption, sasl)


def _encryption(tls: object, ca: PemLike | None) -> Tls | None:
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


def _refuse(name: str, why: str) -> NoReturn:
    remedy = f"a file ({name}=pathlib.Path(…)), or a function at the top level of a module"
    if name == "key":
        remedy = "a file, as in key='client.key'"
    raise TypeError(
        f"security cannot be pickled: {name} {why}; give {remedy}, or read the secret with "
        "ProducerConfig.from_env() or from_file()"
    )
