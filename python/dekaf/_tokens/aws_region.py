"""AWS regions: which one is meant, and the domain of its services."""

from __future__ import annotations

import os
import re
from typing import Final

from dekaf._errors import ConfigError

__all__ = ["domain_of", "find_region", "region_of_environment", "region_of_servers", "to_region"]

# A region becomes a part of a host name.
_REGION: Final = re.compile(r"[a-z]{2,8}(-[a-z0-9]{1,20}){1,4}")
_SERVER: Final = re.compile(rf"\.kafka(?:-serverless)?\.({_REGION.pattern})\.")
_VARIABLES: Final = ("AWS_REGION", "AWS_DEFAULT_REGION")
_DOMAINS: Final = (
    ("cn-", "amazonaws.com.cn"),
    ("eusc-", "amazonaws.eu"),
    ("us-iso-", "c2s.ic.gov"),
    ("us-isob-", "sc2s.sgov.gov"),
    ("us-isof-", "csp.hci.ic.gov"),
    ("eu-isoe-", "cloud.adc-e.uk"),
)


def to_region(name: str, value: object) -> str:
    """Take the name of a region. Raises `ConfigError`."""
    if not isinstance(value, str):
        raise ConfigError(f"{name} must be str, as in region='eu-central-1'")
    text = value.strip()
    if _REGION.fullmatch(text) is None:
        raise ConfigError(f"{name} is no AWS region; give one such as eu-central-1")
    return text


def find_region(given: object, profile: str | None) -> str:
    """Return the region that is given, or that of the environment, or of the profile.

    Raises `ConfigError`, which names where a region was looked for.
    """
    if given is not None:
        return to_region("region", given)
    region = region_of_environment(profile)
    if region is not None:
        return region
    from dekaf._tokens.aws_files import profile_name  # noqa: PLC0415 - few have no other region

    raise ConfigError(
        "region is missing: AWS_REGION and AWS_DEFAULT_REGION are not set, and the AWS profile "
        f'"{profile_name(profile)}" has no region; give region= of the MSK cluster'
    )


def region_of_environment(profile: str | None) -> str | None:
    """Return the region that this process is set up for. Raises `ConfigError`."""
    for name in _VARIABLES:
        if os.environ.get(name):
            return to_region(name, os.environ[name])
    # configparser takes a while to import.
    from dekaf._tokens.aws_files import load_profiles, profile_name  # noqa: PLC0415 - as above
    from dekaf._tokens.refusal import TokenRefusal  # noqa: PLC0415 - likewise

    name = profile_name(profile)
    try:
        region = load_profiles().values(name).get("region")
    except TokenRefusal as error:
        why = str(error)  # it shows no secret
    else:
        return to_region(f'region of the AWS profile "{name}"', region) if region else None
    raise ConfigError(f"region is missing, and {why}; give region= of the MSK cluster")


def region_of_servers(servers: str) -> str | None:
    """Return the region that a server of MSK has in its name, or `None` if none has."""
    found = _SERVER.search(servers.lower())
    return found[1] if found else None


def domain_of(region: str) -> str:
    """Return the domain of a region's services."""
    return next(
        (domain for prefix, domain in _DOMAINS if region.startswith(prefix)), "amazonaws.com"
    )
