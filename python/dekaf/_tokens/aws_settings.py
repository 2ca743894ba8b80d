"""The arguments that say which AWS credentials are meant, checked."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final, Protocol

from dekaf._credentials import Password, PasswordLike, to_password
from dekaf._errors import ConfigError
from dekaf._security_values import to_text
from dekaf._tokens.aws_region import find_region

__all__ = ["AwsSettings", "BotoCredentials", "to_settings"]

_ARN: Final = re.compile(r"arn:[a-z-]+:iam::\d{12}:role/[\x21-\x7e]+")


class BotoCredentials(Protocol):
    """Credentials of botocore, as `boto3.Session().get_credentials()` returns them."""

    def get_frozen_credentials(self) -> Any:  # noqa: ANN401 - it has access_key, secret_key and token
        """Return credentials that stay as they are."""
        ...


@dataclass(frozen=True, repr=False)
class AwsSettings:
    """The arguments of `MskIam`, checked."""

    region: str
    profile: str | None = None
    role_arn: str | None = None
    role_session_name: str | None = None
    role_external_id: str | None = None
    access_key_id: str | None = None
    secret_access_key: Password | None = None
    session_token: Password | None = None
    credentials: BotoCredentials | None = None


def to_settings(  # noqa: PLR0913 - each is a setting
    region: str | None,
    *,
    profile: str | None,
    role_arn: str | None,
    role_session_name: str | None,
    role_external_id: str | None,
    access_key_id: str | None,
    secret_access_key: PasswordLike | None,
    session_token: PasswordLike | None,
    credentials: BotoCredentials | None,
) -> AwsSettings:
    """Check arguments. Raises `ConfigError`, which shows no secret."""
    if (access_key_id is None) != (secret_access_key is None):
        given, missing = "access_key_id", "secret_access_key"
        if access_key_id is None:
            given, missing = missing, given
        raise ConfigError(f"{given} is given without {missing}; give {missing}= as well")
    if session_token is not None and access_key_id is None:
        raise ConfigError("session_token is given without access_key_id; give access_key_id=")
    sources = {"profile": profile, "access_key_id": access_key_id, "credentials": credentials}
    names = [name for name, value in sources.items() if value is not None]
    if len(names) > 1:
        raise ConfigError(f"{names[0]} contradicts {names[1]}; give one of them")
    for name, value in (
        ("role_session_name", role_session_name),
        ("role_external_id", role_external_id),
    ):
        if value is not None and role_arn is None:
            raise ConfigError(f"{name} is given without role_arn; give role_arn= as well")
    if credentials is not None:
        _check_credentials(credentials)
    profile = _optional("profile", profile)
    return AwsSettings(
        region=find_region(region, profile),
        profile=profile,
        role_arn=None if role_arn is None else _to_arn(role_arn),
        role_session_name=_optional("role_session_name", role_session_name),
        role_external_id=_optional("role_external_id", role_external_id),
        access_key_id=_optional("access_key_id", access_key_id),
        secret_access_key=_secret("secret_access_key", secret_access_key),
        session_token=_secret("session_token", session_token),
        credentials=credentials,
    )


def _optional(name: str, value: object) -> str | None:
    return None if value is None else to_text(name, value)


def _secret(name: str, value: object) -> Password | None:
    return None if value is None else to_password(name, value)


def _to_arn(value: object) -> str:
    arn = to_text("role_arn", value).strip()
    if _ARN.fullmatch(arn) is None:
        raise ConfigError("role_arn is no ARN of a role; give arn:aws:iam::ACCOUNT:role/NAME")
    return arn


def _check_credentials(value: object) -> None:
    source: Any = value
    try:
        method = source.get_frozen_credentials
    except Exception:  # noqa: BLE001 - a property of the user's may raise anything
        method = None
    if not callable(method) or isinstance(value, type):
        raise ConfigError(
            "credentials must be those of botocore, as in "
            f"credentials=boto3.Session().get_credentials(), not {type(value).__name__}"
        )
