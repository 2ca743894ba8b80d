"""AWS credentials from the options of aws-msk-iam-auth, Amazon's library for Java."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from dekaf._errors import ConfigError
from dekaf._given import make_of, secret_of, text_of, word_of
from dekaf._tokens.aws_region import region_of_environment, region_of_servers
from dekaf._tokens.msk_iam import MskIam

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dekaf._given import Given

__all__ = ["read_msk"]

_SECRETS: Final = frozenset({"secret_access_key", "session_token"})


def read_msk(
    parts: Mapping[str, Given], chosen: str, servers: str, spell: Callable[[str], str]
) -> MskIam:
    """Return the provider of tokens that options describe.

    `parts` are options by "aws." and an argument of `MskIam`. `chosen` is the setting that asks for
    AWS credentials, for errors.
    """
    options = {part.removeprefix("aws."): given for part, given in parts.items()}
    profile, role = options.get("profile"), options.get("role_arn")
    if profile is not None and role is not None:
        # Java tries the profile first, and assumes the role only if that has no credentials.
        raise ConfigError(
            f"{profile.name} contradicts {role.name}, as each says whose credentials to use; leave "
            "one of them out, or give security=Security.sasl_oauthbearer(MskIam(profile=…, "
            "role_arn=…)) to assume the role with the profile's credentials"
        )
    keys = options.get("access_key_id")
    if keys is not None and role is None:
        # Java does without them then.
        raise ConfigError(
            f"{keys.name} is given without awsRoleArn, the role that it may assume; give both, or "
            "security=Security.sasl_oauthbearer(MskIam(access_key_id=…, secret_access_key=…))"
        )
    region = _region(None if profile is None else text_of(profile), chosen, servers, spell)
    sts = options.pop("sts_region", None)
    if sts is not None and role is not None:
        _check_sts(sts, region_of_environment(None) or region)
    arguments = {
        name: (given, secret_of(given) if name in _SECRETS else text_of(given))
        for name, given in options.items()
    }
    return make_of(partial(MskIam, region), arguments)


def _region(profile: str | None, chosen: str, servers: str, spell: Callable[[str], str]) -> str:
    # That of the cluster first, as in Java: this process may run in another.
    region = region_of_servers(servers) or region_of_environment(profile)
    if region is None:
        raise ConfigError(
            f"{chosen} needs the region of the cluster, which no name in "
            f"{spell('bootstrap.servers')} has; set AWS_REGION, or give "
            "security=Security.msk_iam(region)"
        )
    return region


def _check_sts(given: Given, used: str) -> None:
    if word_of(given) != used:
        raise ConfigError(
            f"{given.name} is not {used}, where dekaf asks AWS STS: that is the region of this "
            "process, or else of the cluster; set AWS_REGION, or leave the option out"
        )
