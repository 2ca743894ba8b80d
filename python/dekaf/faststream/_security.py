"""Security for both halves of a broker: FastStream's consumers and dekaf's producer."""

from __future__ import annotations

import ssl
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from faststream.security import (
    SASLGSSAPI,
    BaseSecurity,
    SASLOAuthBearer,
    SASLPlaintext,
    SASLScram256,
    SASLScram512,
)

import dekaf
from dekaf._errors import ConfigError
from dekaf._keystores.command import refuse_keystore
from dekaf._keystores.form import form_at
from dekaf._passwords import read_password
from dekaf._secret import File, Secret
from dekaf._security_files import conversions
from dekaf._security_parts import Bearer
from dekaf.faststream._tokens import TokenProvider

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping
    from typing import Self

    from aiokafka.abc import AbstractTokenProvider

    from dekaf._credentials import Pem
    from dekaf._tokens.provider import TokenObject

__all__ = ["Security", "security_of", "token_provider_of"]

_USE_OWN: Final = (
    "give security=dekaf.faststream.Security(dekaf.Security.tls(ca=…)), which reads files itself"
)


class Security(BaseSecurity):
    """Security of a FastStream broker, made of a `dekaf.Security`.

        security = Security(
            dekaf.Security.tls(ca="ca.pem", certificate="client.pem", key="client.key")
        )
        broker = KafkaBroker("localhost:9093", security=security)

    Use it for client certificates (mTLS), which cannot be read from an `SSLContext`, and wherever
    dekaf and FastStream's consumers should read the same files. Certificates and keys must be
    files. Consumers keep the password that a file or a function has when this is made. Logins by
    tokens need nothing besides: both ask the same provider.
    """

    def __new__(cls, security: dekaf.Security) -> Self:
        if not isinstance(security, dekaf.Security):  # pyright: ignore[reportUnnecessaryIsInstance] - the caller's word for it
            raise ConfigError(f"Security takes a dekaf.Security, not {type(security).__name__}")
        sasl = security._sasl  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - our own
        # FastStream looks at the class to know the mechanism.
        chosen: Any = cls
        if cls is Security and sasl is not None:
            chosen = _CLASSES["OAUTHBEARER" if isinstance(sasl, Bearer) else sasl.mechanism]
        return object.__new__(chosen)  # type: ignore[no-any-return]

    def __init__(self, security: dekaf.Security) -> None:
        tls, sasl = security._tls, security._sasl  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - our own
        context = None if tls is None else _context(tls)
        BaseSecurity.__init__(self, ssl_context=context, use_ssl=context is not None)
        self.security = security
        self.token_provider: AbstractTokenProvider | None = (
            TokenProvider(sasl) if isinstance(sasl, Bearer) else None
        )
        if sasl is not None and not isinstance(sasl, Bearer):
            named: Any = self
            named.username = sasl.user
            named.password = read_password("password", sasl.password)

    def __repr__(self) -> str:
        return f"Security({self.security!r})"


class _Plain(Security, SASLPlaintext): ...  # pyright: ignore[reportIncompatibleMethodOverride, reportIncompatibleVariableOverride]


class _Scram256(Security, SASLScram256): ...  # pyright: ignore[reportIncompatibleMethodOverride, reportIncompatibleVariableOverride]


class _Scram512(Security, SASLScram512): ...  # pyright: ignore[reportIncompatibleMethodOverride, reportIncompatibleVariableOverride]


class _OAuthBearer(Security, SASLOAuthBearer): ...  # pyright: ignore[reportIncompatibleMethodOverride]


_CLASSES: Final = {
    "OAUTHBEARER": _OAuthBearer,
    "PLAIN": _Plain,
    "SCRAM-SHA-256": _Scram256,
    "SCRAM-SHA-512": _Scram512,
    "SCRAM": _Scram512,
}


def security_of(given: object, token: TokenObject | None = None) -> dekaf.Security | None:
    """Return what FastStream's object says, or raise if dekaf cannot do or read it.

    `token` is the argument `sasl_oauth_token_provider` beside it.
    """
    if isinstance(given, dekaf.Security):
        raise ConfigError("security must be wrapped: dekaf.faststream.Security(dekaf.Security.…)")
    if given is None or isinstance(given, Security):
        return None if given is None else _own(given, token)
    if isinstance(given, SASLGSSAPI):
        raise ConfigError(
            f"security: dekaf does not support {type(given).__name__} yet; use "
            "faststream.kafka.KafkaBroker for this cluster, or consumer_only=True where nothing is "
            "published"
        )
    if not isinstance(given, BaseSecurity):
        raise ConfigError(
            f"security must be one of faststream.security, not {type(given).__name__}"
        )
    tls = _from_context(given.ssl_context) if given.use_ssl else None
    encryption = False if tls is None else tls
    if isinstance(given, SASLOAuthBearer):
        if token is None:
            raise ConfigError(
                "sasl_oauth_token_provider is missing beside SASLOAuthBearer; give KafkaBroker(…, "
                "sasl_oauth_token_provider=…)"
            )
        return dekaf.Security.sasl_oauthbearer(token, tls=encryption)
    if isinstance(given, SASLPlaintext):
        return dekaf.Security.sasl_plain(given.username, given.password, tls=encryption)
    if isinstance(given, SASLScram256 | SASLScram512):
        return dekaf.Security.sasl_scram(
            given.username,
            given.password,
            mechanism="SCRAM-SHA-256" if isinstance(given, SASLScram256) else "SCRAM-SHA-512",
            tls=encryption,
        )
    return tls


def _own(given: Security, token: TokenObject | None) -> dekaf.Security:
    if token is not None and given.token_provider is not None:
        raise ConfigError(
            "sasl_oauth_token_provider contradicts security=Security(…), which has a provider of "
            "tokens; leave one out"
        )
    return given.security


def token_provider_of(given: object) -> AbstractTokenProvider | None:
    """Return what FastStream's consumers ask for tokens, if the object has it."""
    return given.token_provider if isinstance(given, Security) else None


def _from_context(context: ssl.SSLContext | None) -> dekaf.Security:
    """Read what can be read of a context. It does not show a client's certificate."""
    if context is None:
        return dekaf.Security.tls()
    settings: Mapping[str, Any] = {
        "min_version": "1.3" if context.minimum_version == ssl.TLSVersion.TLSv1_3 else "1.2"
    }
    if context.verify_mode == ssl.CERT_NONE:
        return dekaf.Security.tls(verify=False, **settings)
    trusted = context.get_ca_certs(binary_form=True)
    if not trusted:
        raise ConfigError(
            "security: the SSLContext shows no certificate authorities, because it loads them from "
            f"a directory when it needs them; {_USE_OWN}"
        )
    system = ssl.create_default_context().get_ca_certs(binary_form=True)
    ca = None if set(trusted) == set(system) else "".join(map(ssl.DER_cert_to_PEM_cert, trusted))
    return dekaf.Security.tls(ca=ca, verify_hostname=context.check_hostname, **settings)


def _context(tls: Any) -> ssl.SSLContext:  # noqa: ANN401 - private to dekaf.Security
    """Make what aiokafka takes."""
    if tls.server_name is not None:
        raise ConfigError(
            "server_name is for dekaf alone, as FastStream's consumers cannot be given another "
            "name; give it with producer=ProducerConfig(…, security=…)"
        )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if tls.ca is None:
        context.load_default_certs()
    else:
        ca = tls.ca
        is_store = isinstance(ca, File) and form_at(ca.path) is not None
        conversion = conversions(tls).get("ca") if is_store else None
        if conversion is not None:
            ca = Secret(conversion.text())
        with _named("ca", tls.ca):
            _trust(context, ca)
    if tls.certificate is not None:
        sealed = tls.key_password
        # Without a password, OpenSSL would ask for one on the terminal.
        key_password = "" if sealed is None else read_password("key_password", sealed)
        key = None if tls.key is None else _file("key", tls.key)
        with _named("certificate", tls.certificate, *([tls.key] if tls.key else [])):
            context.load_cert_chain(_file("certificate", tls.certificate), key, key_password)
    context.check_hostname = tls.verify and tls.verify_hostname
    context.verify_mode = ssl.CERT_REQUIRED if tls.verify else ssl.CERT_NONE
    if tls.min_version == "1.3":
        context.minimum_version = ssl.TLSVersion.TLSv1_3
    if tls.key_log is not None:
        context.keylog_filename = tls.key_log.path
    return context


def _trust(context: ssl.SSLContext, ca: Pem) -> None:
    if isinstance(ca, Secret):
        context.load_verify_locations(cadata=ca.reveal())
        return
    path = Path(ca.path)
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    for file in files:
        if not file.is_dir():
            context.load_verify_locations(cafile=file)


@contextmanager
def _named(name: str, *pems: Pem) -> Generator[None]:
    """Name the argument and its files in what the system or OpenSSL raises, which has neither."""
    try:
        yield
    except OSError as error:  # an SSLError is one, too
        paths = " and ".join(repr(pem.path) for pem in pems if isinstance(pem, File))
        why = error.reason if isinstance(error, ssl.SSLError) else error.strerror
        raise ConfigError(
            f"{name}={paths or 'text'} cannot be read for FastStream's consumers"
            f"{f' ({why})' if why else ''}; check that {_MUST_BE[name]}"
        ) from error


_MUST_BE: Final = {
    "ca": "it is there and is PEM",
    "certificate": "the files are there and are PEM, and that key and key_password fit",
}


def _file(name: str, pem: Pem) -> str:
    if isinstance(pem, File):
        refuse_keystore(name, pem.path)
        return pem.path
    raise ConfigError(f"{name} must be a file, as FastStream's consumers read no PEM text")
