"""Tokens for Amazon MSK with IAM, as aws-msk-iam-sasl-signer-python makes them."""

from __future__ import annotations

import time
from base64 import urlsafe_b64encode
from dataclasses import fields
from typing import TYPE_CHECKING, Final, final

from dekaf._core import __version__
from dekaf._immutable import Immutable
from dekaf._secret import check_picklable, shown
from dekaf._tokens.aws_settings import AwsSettings, to_settings
from dekaf._tokens.raised import without_frames
from dekaf._tokens.refusal import TokenRefusal
from dekaf._tokens.token import Token

if TYPE_CHECKING:
    from collections.abc import Callable

    from dekaf._credentials import PasswordLike
    from dekaf._tokens.aws_keys import AwsKeys
    from dekaf._tokens.aws_settings import BotoCredentials

__all__ = ["MskIam", "sign"]

_SECONDS: Final = 900
"""How long a token lasts, unless the credentials expire before."""
_RENEWAL: Final = 300.0
"""Credentials are renewed when they have this many seconds left."""
_SECRETS: Final = ("credentials", "secret_access_key", "session_token")


@final
class MskIam(Immutable):
    """Makes tokens for Amazon MSK from AWS credentials. Neither boto3 nor a signer is needed.

        provider = MskIam("eu-central-1")

    Call it for a token. It may ask services of AWS for credentials, and blocks meanwhile.

    Credentials are looked for where botocore looks: the environment, web identities (EKS), the
    profiles in `~/.aws`, containers (ECS, EKS Pod Identity) and EC2 instances. Those that expire
    are kept until 5 minutes before.
    """

    __slots__ = ("_keys", "_settings")

    _settings: AwsSettings
    _keys: AwsKeys | None

    def __init__(  # noqa: PLR0913 - each is a setting
        self,
        region: str | None = None,
        *,
        profile: str | None = None,
        role_arn: str | None = None,
        role_session_name: str | None = None,
        role_external_id: str | None = None,
        access_key_id: str | None = None,
        secret_access_key: PasswordLike | None = None,
        session_token: PasswordLike | None = None,
        credentials: BotoCredentials | None = None,
    ) -> None:
        """Check the arguments. No credentials are looked for before the first connection.

        `region`: the region of the cluster. The default is `AWS_REGION`, `AWS_DEFAULT_REGION` or
        the region of the profile.
        `profile`: a profile in `~/.aws`; the environment's credentials are ignored then.
        `role_arn`: a role to assume with the credentials that are found.
        `role_session_name`, `role_external_id`: details of that request.
        `access_key_id`, `secret_access_key`, `session_token`: the credentials themselves. The last
        two are `str`, a `pathlib.Path` of a file or a function; a file or a function is asked anew
        for each token.
        `credentials`: credentials of botocore, as in `boto3.Session().get_credentials()`.

        Raises `ConfigError`, which shows no secret.
        """
        settings = to_settings(
            region,
            profile=profile,
            role_arn=role_arn,
            role_session_name=role_session_name,
            role_external_id=role_external_id,
            access_key_id=access_key_id,
            secret_access_key=secret_access_key,
            session_token=session_token,
            credentials=credentials,
        )
        object.__setattr__(self, "_settings", settings)
        object.__setattr__(self, "_keys", None)

    def __call__(self) -> Token:
        """Return a new token. Raises `TokenRefusal`, which holds no secret."""
        return without_frames(self._token)

    def _token(self) -> Token:
        keys = self._fresh_keys()
        return sign(keys, self._settings.region, time.time(), f"dekaf/{__version__}")

    def _fresh_keys(self) -> AwsKeys:
        from dekaf._tokens.aws_credentials import find_keys  # noqa: PLC0415 - it imports a lot

        kept = self._keys
        # No lock, which a fork could leave locked: two threads at worst ask twice.
        if kept is not None and kept.expires_at is not None:
            left = kept.expires_at - time.time()
            if left > _RENEWAL:
                return kept
        else:
            left = 0.0
        try:
            keys = find_keys(self._settings)
        except TokenRefusal:
            if kept is None or left <= 0:
                raise
            # The service may be back before they end.
            return kept
        # Without an expiry they are looked for anew each time, as a file may have changed.
        object.__setattr__(self, "_keys", None if keys.expires_at is None else keys)
        return keys

    def __eq__(self, other: object) -> bool:
        return self._settings == other._settings if isinstance(other, MskIam) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._settings)

    def __reduce__(self) -> tuple[Callable[[AwsSettings], MskIam], tuple[AwsSettings]]:
        if self._settings.credentials is not None:
            raise TypeError(
                "MskIam cannot be pickled: credentials is an object, which may hold a secret; give "
                "profile=, or leave it out"
            )
        for name in _SECRETS:
            check_picklable("MskIam", name, getattr(self._settings, name))
        return _make, (self._settings,)

    def __repr__(self) -> str:
        """Show what is given, and no secret."""
        said = [repr(self._settings.region)]
        for each in fields(self._settings)[1:]:
            value = getattr(self._settings, each.name)
            if value is not None:
                said.append(f"{each.name}={_shown(each.name, value)}")
        return f"MskIam({', '.join(said)})"


def sign(keys: AwsKeys, region: str, now: float, user_agent: str) -> Token:
    """Return the token of credentials. It ends with them, if they end before it."""
    from dekaf._tokens.aws_signature import (  # noqa: PLC0415 - it imports a lot
        Scope,
        encode_query,
        signed_url,
    )

    # All signers of AWS use this domain in all partitions, China included. It is no address: the
    # broker only checks the signature.
    host = f"kafka.{region}.amazonaws.com"
    params = {"Action": "kafka-cluster:Connect"}
    url = signed_url(keys, Scope("kafka-cluster", region, now), host, params, _SECONDS)
    # The user agent is not signed, so it comes last.
    url += f"&{encode_query({'User-Agent': user_agent})}"
    expires_at = float(int(now) + _SECONDS)
    if keys.expires_at is not None:
        expires_at = min(expires_at, keys.expires_at)
    return Token(urlsafe_b64encode(url.encode()).decode().rstrip("="), expires_at)


def _make(settings: AwsSettings) -> MskIam:
    provider = object.__new__(MskIam)
    object.__setattr__(provider, "_settings", settings)
    object.__setattr__(provider, "_keys", None)
    return provider


def _shown(name: str, value: object) -> str:
    if name == "access_key_id":
        return "'***'"
    return shown(value) if name in _SECRETS else repr(value)
