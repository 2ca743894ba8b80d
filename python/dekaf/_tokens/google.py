"""Tokens for Google Cloud Managed Service for Apache Kafka."""

from __future__ import annotations

import os
import time
from base64 import urlsafe_b64encode
from typing import TYPE_CHECKING, Any, Final, Protocol, final

from dekaf._errors import ConfigError
from dekaf._immutable import Immutable
from dekaf._security_values import to_text
from dekaf._tokens.raised import without_frames
from dekaf._tokens.refusal import TokenRefusal
from dekaf._tokens.token import Token

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dekaf._tokens.google_access import AccessToken

__all__ = ["Google", "GoogleCredentials"]

_PRINCIPAL: Final = "GOOGLE_MANAGED_KAFKA_AUTH_PRINCIPAL"
"""The variable that Google's own login handlers read."""


class GoogleCredentials(Protocol):
    """Credentials of google-auth, as `google.auth.default()[0]` returns them."""

    token: Any
    expiry: Any

    def refresh(self, request: Any) -> Any:  # noqa: ANN401 - types of google-auth
        """Get a new token."""
        ...


@final
class Google(Immutable):
    """Makes tokens for Google's Managed Service for Apache Kafka.

        provider = Google()

    Call it for a token. It may ask services of Google, and blocks meanwhile.

    Without `credentials` it uses Application Default Credentials, as far as they need no signature:
    a user's file (`gcloud auth application-default login`) or the service account of the machine,
    the pod or the function. For others, such as keys of service accounts, install google-auth:

        provider = Google(google.auth.default()[0])
    """

    __slots__ = ("_credentials", "_principal")

    _credentials: GoogleCredentials | None
    _principal: str | None

    def __init__(
        self, credentials: GoogleCredentials | None = None, *, principal: str | None = None
    ) -> None:
        """Check the arguments. No service is asked before the first connection.

        `credentials`: credentials of google-auth. They are refreshed as needed.
        `principal`: the e-mail address of the account. The default is what the credentials say,
        or `GOOGLE_MANAGED_KAFKA_AUTH_PRINCIPAL`.

        Raises `ConfigError`, which shows no secret.
        """
        if credentials is not None:
            _check_credentials(credentials)
        if principal is not None:
            to_text("principal", principal)
        object.__setattr__(self, "_credentials", credentials)
        object.__setattr__(self, "_principal", principal)

    def __call__(self) -> Token:
        """Return a new token. Raises `TokenRefusal`, which holds no secret."""
        return without_frames(self._token)

    def _token(self) -> Token:
        access = self._access_token()
        principal = self._principal or access.principal or os.environ.get(_PRINCIPAL)
        if not principal:
            raise TokenRefusal(
                f"the credentials do not say whose they are, and {_PRINCIPAL} is not set; give "
                "principal= with the e-mail address of the account"
            )
        claims = {
            "exp": int(access.expires_at),
            "iat": int(time.time()),
            "iss": "Google",
            "scope": "kafka",
            "sub": principal,
        }
        header = {"typ": "JWT", "alg": "GOOG_OAUTH2_TOKEN"}
        parts = (_json(header), _json(claims), access.value.encode())
        return Token(".".join(map(_encode, parts)), float(int(access.expires_at)))

    def _access_token(self) -> AccessToken:
        # These import much, and few need them.
        if self._credentials is not None:
            from dekaf._tokens.google_auth import token_of_credentials  # noqa: PLC0415 - as above

            return token_of_credentials(self._credentials)
        from dekaf._tokens.google_access import AccessToken  # noqa: PLC0415 - as above
        from dekaf._tokens.google_file import token_of_file  # noqa: PLC0415 - as above
        from dekaf._tokens.google_metadata import token_of_machine  # noqa: PLC0415 - as above

        # In the order of google-auth: a file that is given must win over the machine's account.
        by_file = token_of_file()
        if isinstance(by_file, AccessToken):
            return by_file
        is_known = self._principal is not None or bool(os.environ.get(_PRINCIPAL))
        by_machine = token_of_machine(needs_principal=not is_known)
        if isinstance(by_machine, AccessToken):
            return by_machine
        raise TokenRefusal(
            f"no Google credentials were found: {by_file.why}; {by_machine.why}. Run gcloud auth "
            "application-default login, attach a service account to this machine, or give "
            "credentials=google.auth.default()[0]",
            is_transient=by_machine.is_transient,
        )

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Google):
            return NotImplemented
        is_same = self._credentials is other._credentials
        return is_same and self._principal == other._principal

    def __hash__(self) -> int:
        return hash((id(self._credentials), self._principal))

    def __reduce__(self) -> tuple[Callable[[str | None], Google], tuple[str | None]]:
        if self._credentials is not None:
            raise TypeError(
                "Google cannot be pickled: credentials is an object, which may hold a secret; "
                "leave it out, or give a function that makes it as token="
            )
        return _make, (self._principal,)

    def __repr__(self) -> str:
        """Show what is given, and no secret."""
        said: list[str] = []
        if self._credentials is not None:
            said.append(f"credentials={type(self._credentials).__name__}")
        if self._principal is not None:
            said.append(f"principal={self._principal!r}")
        return f"Google({', '.join(said)})"


def _make(principal: str | None) -> Google:
    return Google(principal=principal)


def _check_credentials(value: object) -> None:
    source: Any = value
    try:
        fits = callable(source.refresh) and hasattr(source, "token") and hasattr(source, "expiry")
    except Exception:  # noqa: BLE001 - a property of the user's may raise anything
        fits = False
    if not fits or isinstance(value, type):
        raise ConfigError(
            "credentials must be those of google-auth, as in "
            f"credentials=google.auth.default()[0], not {type(source).__name__}"
        )


def _json(value: Mapping[str, object]) -> bytes:
    import json  # noqa: PLC0415 - it takes a while to import

    return json.dumps(value, separators=(",", ":")).encode()


def _encode(part: bytes) -> str:
    return urlsafe_b64encode(part).decode().rstrip("=")
