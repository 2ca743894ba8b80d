"""Finds AWS credentials where botocore does, and in its order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dekaf._errors import ConfigError
from dekaf._tokens.aws_container import keys_of_container
from dekaf._tokens.aws_environment import keys_of_environment
from dekaf._tokens.aws_files import is_named, load_profiles, profile_name
from dekaf._tokens.aws_instance import keys_of_instance
from dekaf._tokens.aws_keys import AwsKeys, to_keys
from dekaf._tokens.aws_profile import keys_of_profile
from dekaf._tokens.aws_region import region_of_environment
from dekaf._tokens.aws_sts import Role, assume_role
from dekaf._tokens.refusal import TokenRefusal
from dekaf._tokens.secret import read_secret

if TYPE_CHECKING:
    from dekaf._credentials import Password
    from dekaf._tokens.aws_settings import AwsSettings

__all__ = ["find_keys"]


def find_keys(settings: AwsSettings) -> AwsKeys:
    """Return AWS credentials. This may ask services, and block for some seconds.

    The first of these that is there:

    1. the arguments: `credentials`, or `access_key_id` and its companions
    2. the environment: `AWS_ACCESS_KEY_ID`
    3. a role to assume, in the profile
    4. a web identity: `AWS_WEB_IDENTITY_TOKEN_FILE`, or `web_identity_token_file` in the profile
    5. the profile: its keys, or its `credential_process`
    6. the container's endpoint: ECS, and Pod Identity of EKS
    7. the instance metadata service of EC2

    A `profile` that is given as an argument leaves out the environment. A `role_arn` is assumed
    with what was found.

    Raises `TokenRefusal`: it names each that was tried, or the first that is there and broken.
    """
    keys = _given(settings) or _found(settings)
    if settings.role_arn is None:
        return keys
    role = Role(settings.role_arn, settings.role_session_name, settings.role_external_id)
    return assume_role(keys, role, _sts_region(settings))


def _given(settings: AwsSettings) -> AwsKeys | None:
    if settings.credentials is not None:
        return _of_botocore(settings.credentials)
    if settings.access_key_id is None:
        return None
    return to_keys(
        "the arguments of MskIam",
        settings.access_key_id,
        _read("secret_access_key", settings.secret_access_key),
        _read("session_token", settings.session_token),
    )


def _read(name: str, secret: Password | None) -> str | None:
    return None if secret is None else read_secret(name, secret)


def _of_botocore(credentials: Any) -> AwsKeys:  # noqa: ANN401 - of a package that dekaf does not need
    try:
        frozen = credentials.get_frozen_credentials()
        # botocore has no public name for it.
        expiry = getattr(credentials, "_expiry_time", None)
        text = expiry.isoformat() if expiry is not None else None
        keys = frozen.access_key, frozen.secret_key, frozen.token
    except Exception as error:  # noqa: BLE001 - whatever it is, its text may hold a secret
        why = f"raised {type(error).__name__}"
    else:
        return to_keys("credentials=", *keys, text)
    raise TokenRefusal(
        f"credentials= {why} in get_frozen_credentials(); call it by hand to see why",
        # What botocore asks is most often a service, which may come back.
        is_transient=True,
    )


def _found(settings: AwsSettings) -> AwsKeys:
    uses_environment = settings.profile is None
    tried: list[str] = []
    if uses_environment:
        keys = keys_of_environment()
        if isinstance(keys, AwsKeys):
            return keys
        tried.append(keys.why)
    profiles, name = load_profiles(), profile_name(settings.profile)
    if is_named(settings.profile) and not profiles.has(name):
        raise TokenRefusal(
            f'there is no AWS profile "{name}" in {" or ".join(profiles.paths)}; correct profile= '
            "or AWS_PROFILE"
        )
    keys = keys_of_profile(profiles, name, _sts_region(settings), uses_environment=uses_environment)
    for find in (keys_of_container, keys_of_instance):
        if isinstance(keys, AwsKeys):
            return keys
        tried.append(keys.why)
        keys = find()
    if isinstance(keys, AwsKeys):
        return keys
    tried.append(keys.why)
    raise TokenRefusal(
        f"no AWS credentials were found: {'; '.join(tried)}. Set AWS_ACCESS_KEY_ID and "
        "AWS_SECRET_ACCESS_KEY, give profile=, or attach a role to this machine",
        is_transient=keys.is_transient,
    )


def _sts_region(settings: AwsSettings) -> str:
    """Return the region whose STS is asked: that of this process, which may be another's.

    The cluster may be in another region, to which this process may have no route.
    """
    try:
        return region_of_environment(settings.profile) or settings.region
    except ConfigError:
        return settings.region
