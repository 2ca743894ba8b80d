"""AWS credentials of a profile: keys, a command, a web identity, or a role to assume."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from dekaf._tokens.aws_container import keys_of_container
from dekaf._tokens.aws_environment import keys_of_environment
from dekaf._tokens.aws_instance import keys_of_instance
from dekaf._tokens.aws_keys import AwsKeys, to_keys
from dekaf._tokens.aws_process import keys_of_process
from dekaf._tokens.aws_sts import Role, assume_role
from dekaf._tokens.aws_web_identity import keys_of_web_identity
from dekaf._tokens.cloud_http import Fault
from dekaf._tokens.refusal import TokenRefusal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dekaf._tokens.aws_files import Profiles

__all__ = ["keys_of_profile"]

_ACCESS_KEY: Final = "aws_access_key_id"
_SECRET_KEY: Final = "aws_secret_access_key"  # noqa: S105 - the name of a setting
_SESSION_TOKEN: Final = "aws_session_token"  # noqa: S105 - likewise
_LOGINS: Final = ("sso_session", "sso_account_id", "sso_role_name", "login_session")
"""Settings of logins in a browser, which `aws sso login` and `aws login` make."""
_SOURCES: Final[Mapping[str, Callable[[], AwsKeys | Fault]]] = {
    "Environment": keys_of_environment,
    "EcsContainer": keys_of_container,
    "Ec2InstanceMetadata": keys_of_instance,
}
"""What `credential_source` may be."""


def keys_of_profile(
    profiles: Profiles, name: str, region: str, *, uses_environment: bool
) -> AwsKeys | Fault:
    """Return the credentials of a profile, in the order of botocore.

    With `uses_environment`, the variables of a web identity precede the profile's settings.
    Raises `TokenRefusal` if the profile's settings give no credentials.
    """
    if _has_role(profiles.values(name)):
        return _assumed(profiles, name, region, (name,))
    return _own_keys(profiles, name, region, uses_environment=uses_environment)


def _has_role(values: dict[str, str]) -> bool:
    return "role_arn" in values and "web_identity_token_file" not in values


def _has_keys(values: dict[str, str]) -> bool:
    return _ACCESS_KEY in values or _SECRET_KEY in values


def _own_keys(
    profiles: Profiles, name: str, region: str, *, uses_environment: bool
) -> AwsKeys | Fault:
    """Return credentials that need no other profile."""
    values = profiles.values(name)
    assumed = keys_of_web_identity(values, region, uses_environment=uses_environment)
    if isinstance(assumed, AwsKeys):
        return assumed
    if _has_keys(profiles.credentials.get(name, {})):
        return _static(profiles.credentials[name], name, profiles.paths[0])
    if values.get("credential_process"):
        return keys_of_process(values["credential_process"], name)
    if _has_keys(profiles.config.get(name, {})):
        return _static(profiles.config[name], name, profiles.paths[1])
    if any(each in values for each in _LOGINS):
        # botocore asks the cache of the login first, which only AWS' own tools can renew.
        raise TokenRefusal(
            f'the AWS profile "{name}" logs in through a browser (sso_* or login_session), which '
            "dekaf does not do; add to the profile credential_process = aws configure "
            f"export-credentials --profile {name} --format process, or give "
            f"credentials=boto3.Session(profile_name={name!r}).get_credentials()"
        )
    both = " or ".join(profiles.paths)
    if not profiles.has(name):
        why = f'there is no AWS profile "{name}" in {both}'
    else:
        why = f'the AWS profile "{name}" in {both} has no credentials'
    return Fault(f"{assumed.why}; {why}" if uses_environment else why)


def _static(values: dict[str, str], name: str, path: str) -> AwsKeys:
    return to_keys(
        f'the AWS profile "{name}" in {path}',
        values.get(_ACCESS_KEY),
        values.get(_SECRET_KEY),
        values.get(_SESSION_TOKEN),
    )


def _assumed(profiles: Profiles, name: str, region: str, visited: tuple[str, ...]) -> AwsKeys:
    """Assume the role of a profile, with the credentials of another one or of the machine."""
    values = profiles.values(name)
    if "mfa_serial" in values:
        raise TokenRefusal(
            f'the AWS profile "{name}" demands a code of a device (mfa_serial), which dekaf cannot '
            "ask for; give credential_process in a profile without mfa_serial, or credentials="
        )
    profile, source = values.get("source_profile"), values.get("credential_source")
    if (profile is None) == (source is None):
        fault = "neither" if profile is None else "both"
        raise TokenRefusal(
            f'the AWS profile "{name}" has role_arn and {fault} of source_profile and '
            "credential_source; give one of them"
        )
    if profile is not None:
        keys = _keys_of_source(profiles, name, profile, region, visited)
    else:
        keys = _keys_of_machine(name, source or "")
    role = Role(
        values["role_arn"],
        values.get("role_session_name"),
        values.get("external_id"),
        values.get("duration_seconds"),
    )
    return assume_role(keys, role, region)


def _keys_of_source(
    profiles: Profiles, name: str, source: str, region: str, visited: tuple[str, ...]
) -> AwsKeys:
    if not profiles.has(source):
        raise TokenRefusal(
            f'the AWS profile "{name}" has source_profile = {source}, and there is no such profile '
            f"in {' or '.join(profiles.paths)}"
        )
    values = profiles.values(source)
    # A profile may name itself, to assume a role with its own keys.
    if source in visited and not (source == name and _has_keys(values)):
        chain = " → ".join((*visited, source))
        raise TokenRefusal(f"the AWS profiles name each other as source_profile: {chain}")
    if _has_role(values) and not _has_keys(values):
        return _assumed(profiles, source, region, (*visited, source))
    keys = _own_keys(profiles, source, region, uses_environment=False)
    if isinstance(keys, Fault):
        raise TokenRefusal(f'{keys.why}; the AWS profile "{name}" has it as source_profile')
    return keys


def _keys_of_machine(name: str, source: str) -> AwsKeys:
    find = _SOURCES.get(source)
    if find is None:
        raise TokenRefusal(
            f'the AWS profile "{name}" has an unknown credential_source; give one of '
            f"{', '.join(_SOURCES)}"
        )
    keys = find()
    if isinstance(keys, Fault):
        raise TokenRefusal(
            f'the AWS profile "{name}" has credential_source = {source}: {keys.why}',
            is_transient=keys.is_transient,
        )
    return keys
