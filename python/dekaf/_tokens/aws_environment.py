"""AWS credentials of the environment's variables."""

from __future__ import annotations

import os

from dekaf._tokens.aws_keys import AwsKeys, to_keys
from dekaf._tokens.cloud_http import Fault

__all__ = ["keys_of_environment"]


def keys_of_environment() -> AwsKeys | Fault:
    """Return `AWS_ACCESS_KEY_ID` and its companions. Raises `TokenRefusal` if some are missing."""
    access_key = os.environ.get("AWS_ACCESS_KEY_ID")
    if not access_key:
        return Fault("AWS_ACCESS_KEY_ID is not set")
    return to_keys(
        "the environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, "
        "AWS_CREDENTIAL_EXPIRATION)",
        access_key,
        os.environ.get("AWS_SECRET_ACCESS_KEY"),
        os.environ.get("AWS_SESSION_TOKEN"),
        os.environ.get("AWS_CREDENTIAL_EXPIRATION"),
    )
